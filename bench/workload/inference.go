package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// Inference predicts rows again and again.
type Inference struct {
	Out []float32 // the output of the last call of InferRow's

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

// InferRow predicts one row a call by a models.Predictor, a model compiled for one
// row: what a server uses whose requests come one by one. A row is copied into the
// predictor's input.
func (w Workload) InferRow(ctx context.Context, set *data.Set) (*Inference, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	x, width, err := floats(set)
	if err != nil {
		return nil, err
	}
	p, err := m.Predictor(1)
	if err != nil {
		return nil, err
	}
	to, ok := p.Inputs()[0].Data().([]float32)
	out, alike := p.Outputs()[0].Data().([]float32)
	if !ok || !alike {
		return nil, fmt.Errorf("workload: %s computes in %v", w.Name, m.Params().Dtype())
	}
	n := set.Len()
	i := &Inference{rows: 1, every: 256, Out: out, call: func(i int) error {
		i %= n
		copy(to, x[i*width:(i+1)*width])
		return p.Run(ctx)
	}}
	return i, i.call(0)
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
