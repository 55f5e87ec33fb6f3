package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// Inference predicts rows again and again.
type Inference struct {
	rows  int // of one call
	every int // calls between two looks at the clock
	call  func(i int) error
}

// Window predicts for about a time, at least once, and returns rows a second.
func (p *Inference) Window(d time.Duration) (float64, error) {
	begin := time.Now()
	for calls := 1; ; calls++ {
		if err := p.call(calls); err != nil {
			return 0, err
		}
		if calls%p.every != 0 {
			continue
		}
		if took := time.Since(begin); took >= d {
			return float64(calls*p.rows) / took.Seconds(), nil
		}
	}
}

// Call predicts once: PredictRows rows, or one.
func (p *Inference) Call(i int) error { return p.call(i) }

// Rows is how many rows a call predicts.
func (p *Inference) Rows() int { return p.rows }

// Close implements what Training has.
func (p *Inference) Close() error { return nil }

// Infer predicts by Model.Predict, so many rows a call.
func (w Workload) Infer(ctx context.Context, set *data.Set, rows int) (*Inference, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	parts, err := parts(set, rows)
	if err != nil {
		return nil, err
	}
	p := &Inference{rows: rows, every: 1, call: func(i int) error {
		_, err := m.Predict(ctx, parts[i%len(parts)])
		return err
	}}
	if rows == 1 {
		p.every = 64
	}
	return p, p.call(0)
}

// InferRow predicts one row a call by a program that was compiled for one row:
// what a server does that knows that its requests come one by one. A row is
// copied into the program's input.
func (w Workload) InferRow(ctx context.Context, set *data.Set) (*Inference, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	x, width, err := floats(set)
	if err != nil {
		return nil, err
	}
	run, out, err := Compiled(m, 1)
	if err != nil {
		return nil, err
	}
	in, err := run.Input("x")
	if err != nil {
		return nil, err
	}
	to, ok := in.Data().([]float32)
	if !ok {
		return nil, fmt.Errorf("workload: an input of type %v", in.Dtype())
	}
	sum := float32(0)
	result := run.Floats32(out)
	n := set.Len()
	p := &Inference{rows: 1, every: 256, call: func(i int) error {
		i %= n
		copy(to, x[i*width:(i+1)*width])
		if err := run.Run(ctx); err != nil {
			return err
		}
		sum += result[0]
		return nil
	}}
	return p, p.call(0)
}

// Compiled returns the inference program of a model with one output for a number
// of rows.
func Compiled(m *models.Model, rows int) (*graph.Program, *graph.Node, error) {
	b := graph.New(m.Params(), graph.Infer)
	out := m.Build(b, rows)
	p, err := graph.Compile(b, out...)
	if err != nil {
		return nil, nil, err
	}
	return p, out[0], nil
}

func floats(set *data.Set) (x []float32, width int, err error) {
	switch v := set.Inputs[0].Data().(type) {
	case []float32:
		x = v
	case []float64:
		x = make([]float32, len(v))
		for i, f := range v {
			x[i] = float32(f)
		}
	default:
		return nil, 0, fmt.Errorf("workload: %s: rows of type %T", set.Name, v)
	}
	return x, len(x) / set.Len(), nil
}

// parts cuts a set's input into tensors of so many rows each.
func parts(set *data.Set, rows int) ([]*tensor.Dense, error) {
	x, width, err := floats(set)
	if err != nil {
		return nil, err
	}
	if set.Len() < rows {
		return nil, fmt.Errorf("workload: %s has fewer than %d rows", set.Name, rows)
	}
	shape := set.Inputs[0].Shape().Clone()
	shape[0] = rows
	var out []*tensor.Dense
	for at := 0; at+rows <= set.Len(); at += rows {
		out = append(out, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x[at*width:(at+rows)*width])))
	}
	return out, nil
}
