package train

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// running scores the first output of many rows without keeping it: it collects the outputs
// of some thousands of rows, adds them to the metrics, and starts over.
type running struct {
	m       *models.Model
	answers data.Set // targets of all rows
	metrics []data.Metric
	parts   []*data.Running
	rows    []int // the rows whose outputs are collected
	f32     []float32
	f64     []float64
	err     error // the first one
}

// collectedRows is the number of rows scored at a time.
const collectedRows = 1 << 14

// newRunning returns nil where all outputs are kept instead: for at most data.WindowRows
// rows, which need little memory; where a metric needs all outputs at once; and with
// DropLast, where rows that an epoch leaves out count with their latest output.
func newRunning(m *models.Model, set *data.Set, c Config) *running {
	if set.Len() <= data.WindowRows || len(c.Metrics) == 0 || c.DropLast || len(set.Steps) > 0 {
		return nil
	}
	r := &running{m: m, answers: *set, metrics: c.Metrics}
	r.answers.Inputs, r.answers.Sequences, r.answers.Texts, r.answers.Features = nil, nil, nil, nil
	r.reset()
	for _, p := range r.parts {
		if p == nil {
			return nil
		}
	}
	return r
}

// reset begins an epoch.
func (r *running) reset() {
	if r == nil {
		return
	}
	r.rows, r.f32, r.f64, r.err = r.rows[:0], r.f32[:0], r.f64[:0], nil
	r.parts = r.parts[:0]
	for _, m := range r.metrics {
		r.parts = append(r.parts, m.Running())
	}
}

// add collects the outputs of a batch.
func (r *running) add(p *bound, rows []int) {
	if r == nil {
		return
	}
	r.rows = append(r.rows, rows...)
	if r.m.Params().Dtype() == graph.Float32 {
		r.f32 = append(r.f32, p.run.Floats32(p.outputs[0])...)
	} else {
		r.f64 = append(r.f64, p.run.Floats64(p.outputs[0])...)
	}
	if len(r.rows) >= collectedRows {
		r.flush()
	}
}

// flush scores the collected outputs. The first error is kept until the end of the epoch, so
// that a divergence is reported first.
func (r *running) flush() {
	if len(r.rows) > 0 && r.err == nil {
		r.err = r.score()
	}
	r.rows, r.f32, r.f64 = r.rows[:0], r.f32[:0], r.f64[:0]
}

func (r *running) score() error {
	var backing any = r.f32
	if r.m.Params().Dtype() != graph.Float32 {
		backing = r.f64
	}
	shape := append([]int{len(r.rows)}, r.m.OutputShapes()[0]...)
	said, err := r.m.Info.Read(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing)))
	if err != nil {
		return fmt.Errorf("%w (of %d rows, of which the first is row %d)", err, len(r.rows), r.rows[0])
	}
	part, err := r.answers.Rows(r.rows)
	if err != nil {
		return err
	}
	for i, p := range r.parts {
		if err := p.Add(part, said); err != nil {
			return fmt.Errorf("metric %s: %w", r.metrics[i].Name, err)
		}
	}
	return nil
}

// scores appends the scores of the epoch.
func (r *running) scores(logs []entry) ([]entry, error) {
	r.flush()
	if r.err != nil {
		return nil, r.err
	}
	for i, p := range r.parts {
		v, err := p.Score()
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", r.metrics[i].Name, err)
		}
		logs = append(logs, entry{r.metrics[i].Name, v})
	}
	return logs, nil
}
