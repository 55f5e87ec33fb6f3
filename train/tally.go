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
	names   []string // of the objective's terms, if it has several
	terms   []float64
	outs    []collected // by output
	hasPen  bool
}

// collected is an output of all rows; out is nil if no metric wants it.
type collected struct {
	out *tensor.Dense
	f32 []float32 // the memory of out: tensor.Dense.Data takes new memory to say it
	f64 []float64
}

func newTally(m *models.Model, set *data.Set, c Config) tally {
	shapes := m.OutputShapes()
	t := tally{m: m, set: set, outs: make([]collected, len(shapes))}
	for i, s := range shapes {
		wanted := i == 0 && len(c.Metrics) > 0
		for _, o := range c.Outputs {
			wanted = wanted || o.Output == i
		}
		if wanted {
			out := tensor.New(tensor.Of(m.Params().Dtype()), tensor.WithShape(append(graph.Shape{set.Len()}, s...)...))
			f32, f64 := floatsOf(out)
			t.outs[i] = collected{out, f32, f64}
		}
	}
	return t
}

func (t *tally) reset() {
	t.loss, t.penalty, t.weight = 0, 0, 0
	clear(t.terms)
}

// add takes in a batch that was computed. The loss of rows that all have the
// weight 0 is 0/0 and does not count.
func (t *tally) add(p *bound, rows []int, weight float64) {
	t.hasPen = p.penalty != nil
	if t.terms == nil && p.terms != nil {
		t.names, t.terms = p.names, make([]float64, len(p.terms))
	}
	t.now = 0
	if weight > 0 {
		t.now = p.run.Float(p.loss)
		t.loss += t.now * weight
		t.weight += weight
		if t.hasPen {
			t.penalty += p.run.Float(p.penalty) * weight
		}
		for i, n := range p.terms {
			t.terms[i] += p.run.Float(n) * weight
		}
	}
	for i, o := range t.outs {
		if o.f32 != nil {
			scatterRows(o.f32, p.run.Floats32(p.outputs[i]), rows)
		} else if o.f64 != nil {
			scatterRows(o.f64, p.run.Floats64(p.outputs[i]), rows)
		}
	}
}

func scatterRows[T any](all, part []T, rows []int) {
	w := len(part) / len(rows)
	for i, r := range rows {
		copy(all[r*w:(r+1)*w], part[i*w:(i+1)*w])
	}
}

// scores returns the loss, the penalty if there is one, the terms, and the metrics.
func (t *tally) scores(c Config) ([]entry, error) {
	if t.weight == 0 {
		return nil, errors.New("the weights of all rows are 0")
	}
	logs := []entry{{"loss", t.loss / t.weight}}
	if t.hasPen {
		logs = append(logs, entry{"penalty", t.penalty / t.weight})
	}
	for i, name := range t.names {
		logs = append(logs, entry{"loss " + name, t.terms[i] / t.weight})
	}
	for _, o := range c.Outputs {
		v, err := o.score(t.set.Targets, t.outs[o.Output].out)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", o.Name, err)
		}
		logs = append(logs, entry{o.Name, v})
	}
	if len(c.Metrics) == 0 {
		return logs, nil
	}
	pred, err := t.m.Info.Read(t.outs[0].out)
	if err != nil {
		return nil, err
	}
	for _, metric := range c.Metrics {
		v, err := metric.Score(t.set, pred)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", metric.Name, err)
		}
		logs = append(logs, entry{metric.Name, v})
	}
	return logs, nil
}
