package graph

import (
	"errors"
	"slices"
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
	with := slices.Clone(from)
	for _, a := range list {
		with[a] = 1
	}
	return b.apply(&op{
		kind: kind, attrs: []Attribute{attr("axes", list)}, diff: []bool{true},
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
	return b.apply(&op{kind: "ArgMax", attrs: []Attribute{attr("axis", len(s)-1)}}, x)
}
