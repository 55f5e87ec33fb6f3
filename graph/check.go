package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"
)

// GradientCheck is what CheckGradients compares by. The zero value works.
type GradientCheck struct {
	Step      float64 // of the central differences; 0: 1e-5, times max(1, |x|)
	Tolerance float64 // largest relative error; 0: 1e-6
	Mode      Mode    // of the graph; noise is the same for every evaluation
	Seed      uint64  // of parameters, noise and the direction
}

// GradientError reports where an analytic and a numeric derivative differ.
type GradientError struct {
	Of                string // input or parameter
	Index             int    // place in it, row by row
	Analytic, Numeric float64
	Relative          float64 // |analytic − numeric| / max(1, |analytic|, |numeric|)
}

// Error says what differs, and by how much.
func (e *GradientError) Error() string {
	if e == nil {
		return "graph: no error"
	}
	return fmt.Sprintf("graph: gradient of %s at %d: analytic %.10g, numeric %.10g, relative error %.3g", e.Of, e.Index, e.Analytic, e.Numeric, e.Relative)
}

// CheckGradients compares the gradient of what build makes of the inputs with
// central differences in float64: for people who write their own layers,
// losses and operations. The result may have any shape; the function that is
// differentiated is its sum weighed by fixed random numbers. Float inputs and all
// trained parameters are checked, Int inputs are passed through.
//
// A function with a kink within a step of the inputs has no derivative there:
// choose inputs away from it.
func CheckGradients(c GradientCheck, build func(b *Builder, in []*Node) *Node, inputs ...*tensor.Dense) error {
	if build == nil {
		return &Error{Op: "check gradients", Err: errors.New("the function is nil")}
	}
	for i, t := range inputs {
		if t == nil {
			return &Error{Op: "check gradients", Err: fmt.Errorf("input %d is nil", i)}
		}
	}
	if c.Step == 0 {
		c.Step = 1e-5
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-6
	}
	b := New(NewParams(Float64, c.Seed), c.Mode)
	in := make([]*Node, len(inputs))
	for i, t := range inputs {
		name := fmt.Sprintf("input %d", i)
		if t.Dtype() == Int {
			in[i] = b.InputInt(name, t.Shape()...)
		} else {
			in[i] = b.Input(name, t.Shape()...)
		}
	}
	y, err := tryBuild(b, build, in)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(c.Seed, pathKey("direction")))
	f := y
	if s := y.Shape(); len(s) > 0 {
		direction := make([]float64, size(s))
		for i := range direction {
			direction[i] = 0.5 + r.Float64()
		}
		f = b.Sum(b.Mul(y, b.Tensor("direction", tensor.New(tensor.WithShape(s...), tensor.WithBacking(direction)))))
	}
	return c.compare(b, f, in, inputs)
}

func tryBuild(b *Builder, build func(b *Builder, in []*Node) *Node, in []*Node) (y *Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			if err = b.Err(); err == nil {
				err = &Error{Op: "build", Err: fmt.Errorf("panic: %v", r)}
			}
		}
	}()
	y = build(b, in)
	if b.Err() == nil && y == nil {
		b.fail("build", errors.New("gave a nil node"))
	}
	return y, b.Err()
}

func (c GradientCheck) compare(b *Builder, f *Node, in []*Node, inputs []*tensor.Dense) error {
	params, wrt := b.Trained(f)
	for i, n := range in {
		if inputs[i].Dtype() != Int && dependsOn(f, n) {
			wrt = append(wrt, n)
		}
	}
	if len(wrt) == 0 {
		return &Error{Op: "check gradients", Err: errors.New("the result depends on no float input and no trained parameter")}
	}
	grads := b.Gradients(f, wrt...)
	p, err := Compile(b, append(append([]*Node(nil), grads...), f)...)
	if err != nil {
		return err
	}
	for i, t := range inputs {
		name := fmt.Sprintf("input %d", i)
		if p.inputs[name] == nil {
			continue
		}
		if err := p.SetInput(name, t); err != nil {
			return err
		}
	}
	value := func() (float64, error) {
		err := p.Run(context.Background())
		return p.Float(f), err
	}
	if _, err := value(); err != nil {
		return err
	}
	analytic := make([][]float64, len(grads))
	for i, g := range grads {
		analytic[i] = append([]float64(nil), p.Floats64(g)...)
	}
	for i, n := range wrt {
		memory := b.values[n]
		if i >= len(params) {
			memory = p.inputs[n.Name()].buf
		}
		for k, x := range memory.f64 {
			h := c.Step * math.Max(1, math.Abs(x))
			memory.f64[k] = x + h
			up, err := value()
			if err != nil {
				return err
			}
			memory.f64[k] = x - h
			down, err := value()
			if err != nil {
				return err
			}
			memory.f64[k] = x
			e := &GradientError{Of: n.Name(), Index: k, Analytic: analytic[i][k], Numeric: (up - down) / (2 * h)}
			e.Relative = math.Abs(e.Analytic-e.Numeric) / max(1, math.Abs(e.Analytic), math.Abs(e.Numeric))
			if !(e.Relative <= c.Tolerance) {
				return e
			}
		}
	}
	return nil
}

func dependsOn(f, x *Node) bool {
	reach := map[*Node]bool{x: true}
	for _, n := range below(f) {
		for i, c := range children(n) {
			if reach[c] && diffBy(n, i) {
				reach[n] = true
			}
		}
	}
	return reach[f]
}
