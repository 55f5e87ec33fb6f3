package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/ragged"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// entry is one recorded number of an epoch.
type entry struct {
	name  string
	value float64
}

// tally adds up losses and collects outputs by row.
type tally struct {
	m       *models.Model
	set     *data.Set
	loss    float64
	now     float64 // the loss of the latest batch
	penalty float64
	weight  float64
	names   []string // of the objective's terms, if there are several
	terms   []float64
	outs    []collected // per output
	running *running    // metrics of the first output, if its values are not collected
	hasPen  bool
}

// collected is an output of all rows or all their steps; out is nil if no metric needs it.
type collected struct {
	out *tensor.Dense
	f32 []float32 // the memory of out, because tensor.Dense.Data allocates on every call
	f64 []float64

	offsets []int // of the steps; nil: one result per row
}

func newTally(m *models.Model, set *data.Set, c Config) tally {
	shapes := m.OutputShapes()
	t := tally{m: m, set: set, outs: make([]collected, len(shapes))}
	for i, s := range shapes {
		if i == 0 {
			t.running = newRunning(m, set, c)
		}
		wanted := i == 0 && len(c.Metrics) > 0 && t.running == nil
		for _, o := range c.Outputs {
			wanted = wanted || o.Output == i
		}
		if wanted {
			shape := append(graph.Shape{set.Len()}, s...)
			var offsets []int
			if len(s) > 0 && s[0] == models.AnySteps {
				offsets = set.Sequences[0].Offsets
				shape = append(graph.Shape{max(1, offsets[set.Len()])}, s[1:]...)
			}
			out := tensor.New(tensor.Of(m.Params().Dtype()), tensor.WithShape(shape...))
			f32, f64 := floatsOf(out)
			t.outs[i] = collected{out, f32, f64, offsets}
		}
	}
	return t
}

func (t *tally) reset() {
	t.loss, t.penalty, t.weight = 0, 0, 0
	clear(t.terms)
	t.running.reset()
}

// add adds a computed batch. If all its rows have weight 0, its loss is 0/0 and does not
// count.
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
	t.running.add(p, rows)
	for i, o := range t.outs {
		switch {
		case o.offsets != nil && o.f32 != nil:
			gatherSteps(o.f32, p.run.Floats32(p.outputs[i]), o.offsets, rows, p.steps)
		case o.offsets != nil:
			gatherSteps(o.f64, p.run.Floats64(p.outputs[i]), o.offsets, rows, p.steps)
		case o.f32 != nil:
			scatterRows(o.f32, p.run.Floats32(p.outputs[i]), rows)
		case o.f64 != nil:
			scatterRows(o.f64, p.run.Floats64(p.outputs[i]), rows)
		}
	}
}

func gatherSteps[T ragged.Number](all, part []T, offsets, rows []int, steps int) {
	ragged.Gather(all, part, offsets, rows, steps, len(part)/(len(rows)*steps))
}

func scatterRows[T any](all, part []T, rows []int) {
	w := len(part) / len(rows)
	for i, r := range rows {
		copy(all[r*w:(r+1)*w], part[i*w:(i+1)*w])
	}
}

// targetsOf returns the targets of rows, then those of steps, row after row.
func targetsOf(s *data.Set) []*tensor.Dense {
	if len(s.Steps) == 0 {
		return s.Targets
	}
	list := slices.Clone(s.Targets)
	for k := range s.Steps {
		list = append(list, s.Steps[k].Values)
	}
	return list
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
		v, err := o.score(targetsOf(t.set), t.outs[o.Output].out)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", o.Name, err)
		}
		logs = append(logs, entry{o.Name, v})
	}
	if len(c.Metrics) == 0 {
		return logs, nil
	}
	if t.running != nil {
		return t.running.scores(logs)
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
