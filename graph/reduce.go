package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

type reduction uint8

const (
	sumOf reduction = iota
	maxOf
	logSumExpOf
)

func (r reduction) String() string { return [...]string{"Sum", "Max", "LogSumExp"}[r] }

// Sum adds up x along the given axes, all of them if none is given. A negative
// axis counts from the end. The axes are dropped, here and in Mean, Max, Min
// and LogSumExp; KeepDims puts them back.
func (b *Builder) Sum(x *Node, axes ...int) *Node { return b.reduce(sumOf, x, axes) }

// Max returns the largest value along the given axes. Values that are equally
// large share the gradient.
func (b *Builder) Max(x *Node, axes ...int) *Node { return b.reduce(maxOf, x, axes) }

// Min returns the smallest value along the given axes.
func (b *Builder) Min(x *Node, axes ...int) *Node { return b.Neg(b.Max(b.Neg(x), axes...)) }

// LogSumExp returns log Σ eˣ along the given axes without overflow.
func (b *Builder) LogSumExp(x *Node, axes ...int) *Node { return b.reduce(logSumExpOf, x, axes) }

// Mean returns the mean of x along the given axes, all of them if none is given.
func (b *Builder) Mean(x *Node, axes ...int) *Node {
	if !b.readyFloat("Mean", x) {
		return nil
	}
	s := x.Shape()
	list, err := axesOf(axes, len(s))
	if err != nil {
		return b.fail("Mean", err)
	}
	n := 1
	for _, a := range list {
		n *= s[a]
	}
	return b.Scale(b.Sum(x, list...), 1/float64(n))
}

// KeepDims puts axes of size 1 back where y, a reduction of x along the given
// axes, has lost them, so that y broadcasts against x.
func (b *Builder) KeepDims(y, x *Node, axes ...int) *Node {
	if !b.ready("KeepDims", y, x) {
		return nil
	}
	s := x.Shape()
	list, err := axesOf(axes, len(s))
	if err != nil {
		return b.fail("KeepDims", err)
	}
	for _, a := range list {
		s[a] = 1
	}
	return b.Reshape(y, s...)
}

func (b *Builder) reduce(r reduction, x *Node, axes []int) *Node {
	kind := r.String()
	if !b.readyFloat(kind, x) {
		return nil
	}
	from := x.Shape()
	list, err := axesOf(axes, len(from))
	if err != nil {
		return b.fail(kind, err)
	}
	if len(list) == 0 { // a scalar
		return x
	}
	kept := Shape{}
	with := slices.Clone(from)
	for i, d := range from {
		if slices.Contains(list, i) {
			with[i] = 1
		} else {
			kept = append(kept, d)
		}
	}
	walk, ok := kernel.NewStrided(from, rowMajor(from), repeated(with, from))
	if !ok {
		return b.fail(kind, fmt.Errorf("%s along %v: more than %d axes", dims(from), list, kernel.MaxDims))
	}
	return b.apply(&op{
		kind: kind, attrs: []Attribute{{"axes", list}}, out: typ{b.Dtype(), kept}, diff: []bool{true},
		f32: bindReduce[float32](r, walk), f64: bindReduce[float64](r, walk),
		grad: func(b *Builder, in []*Node, out, g *Node) []*Node {
			return []*Node{b.reduceGrad(r, in[0], b.Reshape(out, with...), b.Reshape(g, with...))}
		},
	}, x)
}

// reduceGrad returns the gradient with respect to x; y and g have the reduced axes as 1.
func (b *Builder) reduceGrad(r reduction, x, y, g *Node) *Node {
	switch r {
	case sumOf:
		return b.Broadcast(g, x.Shape()...)
	case maxOf:
		at := b.Equal(x, y)
		return b.Mul(at, b.Div(g, b.SumTo(at, y.Shape())))
	default:
		return b.Mul(b.Exp(b.Sub(x, y)), g)
	}
}

func bindReduce[T kernel.Float](r reduction, walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, s := c.out, c.in[0], walk
		switch r {
		case sumOf:
			return func() error { kernel.Sum(out, x, &s); return nil }
		case maxOf:
			return func() error { kernel.Largest(out, x, &s); return nil }
		default:
			peak := make([]T, len(out))
			return func() error { kernel.LogSumExp(out, peak, x, &s); return nil }
		}
	}
}

// ArgMax returns the index of the first largest value along the last axis, as
// Int. It has no gradient.
func (b *Builder) ArgMax(x *Node) *Node {
	if !b.readyFloat("ArgMax", x) {
		return nil
	}
	s := x.Shape()
	if len(s) == 0 {
		return b.fail("ArgMax", errors.New("a scalar has no axis"))
	}
	n := s[len(s)-1]
	return b.apply(&op{
		kind: "ArgMax", attrs: []Attribute{{"axis", len(s) - 1}}, out: typ{Int, s[:len(s)-1]},
		f32: bindArgMax[float32](n), f64: bindArgMax[float64](n),
	}, x)
}

func bindArgMax[T kernel.Float](n int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.outInts, c.in[0]
		return func() error { kernel.ArgMax(out, x, n); return nil }
	}
}
