package train

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// entry is one number of an epoch.
type entry struct {
	name  string
	value float64
}

// tally adds up losses and collects outputs by row.
type tally struct {
	m       *models.Model
	set     *data.Set
	loss    float64
	now     float64 // the loss of the last batch
	penalty float64
	weight  float64
	out     *tensor.Dense // of the first output, nil if no metric wants it
	f32     []float32     // the memory of out: tensor.Dense.Data takes new memory to say it
	f64     []float64
	hasPen  bool
}

func newTally(m *models.Model, set *data.Set, c Config) tally {
	t := tally{m: m, set: set}
	if len(c.Metrics) > 0 {
		t.out = tensor.New(tensor.Of(m.Params().Dtype()), tensor.WithShape(append(graph.Shape{set.Len()}, m.OutputShapes()[0]...)...))
		t.f32, _ = t.out.Data().([]float32)
		t.f64, _ = t.out.Data().([]float64)
	}
	return t
}

func (t *tally) reset() { t.loss, t.penalty, t.weight = 0, 0, 0 }

// add takes in a batch that was computed. The loss of rows that all have the
// weight 0 is 0/0 and does not count.
func (t *tally) add(p *bound, rows []int, weight float64) {
	t.hasPen = p.penalty != nil
	t.now = 0
	if weight > 0 {
		t.now = p.run.Float(p.loss)
		t.loss += t.now * weight
		t.weight += weight
		if t.hasPen {
			t.penalty += p.run.Float(p.penalty) * weight
		}
	}
	if t.f32 != nil {
		scatterRows(t.f32, p.run.Floats32(p.outputs[0]), rows)
	} else if t.f64 != nil {
		scatterRows(t.f64, p.run.Floats64(p.outputs[0]), rows)
	}
}

func scatterRows[T any](all, part []T, rows []int) {
	w := len(part) / len(rows)
	for i, r := range rows {
		copy(all[r*w:(r+1)*w], part[i*w:(i+1)*w])
	}
}

// scores returns the loss, the penalty if there is one, and the metrics.
func (t *tally) scores(list []data.Metric) ([]entry, error) {
	if t.weight == 0 {
		return nil, errors.New("the weights of all rows are 0")
	}
	logs := []entry{{"loss", t.loss / t.weight}}
	if t.hasPen {
		logs = append(logs, entry{"penalty", t.penalty / t.weight})
	}
	if len(list) == 0 {
		return logs, nil
	}
	pred, err := t.m.Info.Read(t.out)
	if err != nil {
		return nil, err
	}
	for _, metric := range list {
		v, err := metric.Score(t.set, pred)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", metric.Name, err)
		}
		logs = append(logs, entry{metric.Name, v})
	}
	return logs, nil
}
