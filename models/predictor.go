package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/tensor"
)

// Predictor is a model compiled for a fixed number of rows, for servers whose requests
// arrive one by one. A run copies nothing and allocates nothing.
//
//	p, err := m.Predictor(1)
//	copy(p.Inputs()[0].Data().([]float32), row)
//	err = p.Run(ctx)
//	y := p.Outputs()[0].Data().([]float32)
//
// A Predictor has its own memory and shares the model's parameters. Several may run at the
// same time, each in one goroutine, but not while the model is being trained.
type Predictor struct {
	rows    int
	steps   int // length of sequences; 0: the model has none
	run     *graph.Program
	in, out []*tensor.Dense
}

// Predictor compiles the model for a number of rows. A model with sequences is an error; it
// needs SequencePredictor.
func (m *Model) Predictor(rows int) (*Predictor, error) {
	if m.hasSequences() {
		return nil, errors.New("models: a predictor: the model has sequences: SequencePredictor compiles it for a number of steps")
	}
	return m.predictor(rows, 0)
}

// SequencePredictor compiles the model for a number of rows, with sequences padded to the
// given number of steps. The lengths of sequences are the input after them.
func (m *Model) SequencePredictor(rows, steps int) (*Predictor, error) {
	if steps < 1 || steps > graph.MaxElements {
		return nil, fmt.Errorf("models: a predictor for %d steps: want 1 to %d", steps, graph.MaxElements)
	}
	if !m.hasSequences() {
		steps = 0
	}
	return m.predictor(rows, steps)
}

func (m *Model) predictor(rows, steps int) (*Predictor, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if rows < 1 || rows > graph.MaxElements {
		return nil, fmt.Errorf("models: a predictor for %d rows: want 1 to %d", rows, graph.MaxElements)
	}
	b := graph.New(m.params, graph.Infer)
	out := m.Build(b, rows, steps)
	if b.Err() != nil {
		return nil, fmt.Errorf("models: %w", b.Err())
	}
	run, err := graph.Compile(b, out...)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	p := &Predictor{rows: rows, steps: steps, run: run}
	for i, name := range m.InputNames() {
		in, err := run.Input(name)
		if err != nil { // no output depends on it, so its values are never read
			in = tensor.New(tensor.Of(m.inputType(i)), tensor.WithShape(m.net.Stages[i].batch(rows, steps)...))
		}
		p.in = append(p.in, in)
	}
	for _, n := range out {
		p.out = append(p.out, run.Tensor(n))
	}
	return p, nil
}

func (m *Model) inputType(i int) graph.Dtype {
	if m.net.Stages[i].Int {
		return graph.Int
	}
	return m.params.Dtype()
}

// Inputs returns the memory of the inputs, in the order of InputNames. Their shapes are
// (rows, ...); they have the model's element type, or Int where declared so.
func (p *Predictor) Inputs() []*tensor.Dense {
	if p == nil {
		return nil
	}
	return p.in
}

// Run computes the outputs from the current values of the inputs.
func (p *Predictor) Run(ctx context.Context) error {
	if p == nil || p.run == nil {
		return errors.New("models: the predictor is nil or zero: Model.Predictor makes one")
	}
	kernel.Enter()
	defer kernel.Leave()
	return p.run.Run(ctx)
}

// Outputs returns the memory of the outputs. The next Run overwrites it.
func (p *Predictor) Outputs() []*tensor.Dense {
	if p == nil {
		return nil
	}
	return p.out
}

// load copies rows of an input, starting at first, to the beginning of its memory.
func load(name string, to, from *tensor.Dense, first, rows int) error {
	w := from.DataSize() / from.Shape()[0]
	at, n := first*w, rows*w
	// Tensor.Data would allocate.
	switch [2]graph.Dtype{to.Dtype(), from.Dtype()} {
	case [2]graph.Dtype{graph.Float32, graph.Float32}:
		kernel.Unary(kernel.Identity, 0, to.Float32s()[:n], from.Float32s()[at:at+n])
	case [2]graph.Dtype{graph.Float32, graph.Float64}:
		convert(to.Float32s()[:n], from.Float64s()[at:])
	case [2]graph.Dtype{graph.Float64, graph.Float64}:
		kernel.Unary(kernel.Identity, 0, to.Float64s()[:n], from.Float64s()[at:at+n])
	case [2]graph.Dtype{graph.Float64, graph.Float32}:
		convert(to.Float64s()[:n], from.Float32s()[at:])
	case [2]graph.Dtype{graph.Int, graph.Int}:
		copy(to.Ints()[:n], from.Ints()[at:])
	default:
		return fmt.Errorf("models: input %q holds %v, want %v", name, from.Dtype(), to.Dtype())
	}
	return nil
}

func convert[D, S kernel.Float](dst []D, src []S) {
	for i := range dst {
		dst[i] = D(src[i])
	}
}

// plain returns a tensor whose data is contiguous row by row: t itself, or a copy if t is a
// view.
func plain(name string, t *tensor.Dense) (*tensor.Dense, error) {
	if !t.RequiresIterator() && t.DataOrder().IsContiguous() && !t.DataOrder().IsColMajor() {
		return t, nil
	}
	m, ok := t.Materialize().(*tensor.Dense)
	if !ok {
		return nil, fmt.Errorf("models: input %q is a view of %v %v that cannot be read", name, t.Dtype(), t.Shape())
	}
	if !slices.Equal(m.Shape(), t.Shape()) {
		if err := m.Reshape(t.Shape().Clone()...); err != nil {
			return nil, fmt.Errorf("models: input %q: %w", name, err)
		}
	}
	return m, nil
}
