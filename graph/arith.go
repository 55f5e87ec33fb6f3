package graph

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
)

// Add returns x + y. Shapes broadcast as in NumPy, here and in all functions of
// two operands: aligned at the last axis, a size of 1 is repeated.
func (b *Builder) Add(x, y *Node) *Node { return b.binary(kernel.Add, "Add", x, y) }

// Sub returns x − y, broadcast.
func (b *Builder) Sub(x, y *Node) *Node { return b.binary(kernel.Sub, "Sub", x, y) }

// Mul returns the element-wise product x·y, broadcast.
func (b *Builder) Mul(x, y *Node) *Node { return b.binary(kernel.Mul, "Mul", x, y) }

// Div returns x / y, broadcast.
func (b *Builder) Div(x, y *Node) *Node { return b.binary(kernel.Div, "Div", x, y) }

// Maximum returns the larger of x and y, broadcast. Where they are equal, each
// gets half of the gradient.
func (b *Builder) Maximum(x, y *Node) *Node { return b.binary(kernel.Max, "Maximum", x, y) }

// Minimum returns the smaller of x and y, broadcast. Where they are equal, each
// gets half of the gradient.
func (b *Builder) Minimum(x, y *Node) *Node { return b.binary(kernel.Min, "Minimum", x, y) }

// PowOf returns x to the power y, broadcast. The gradient with respect to y needs x > 0.
func (b *Builder) PowOf(x, y *Node) *Node { return b.binary(kernel.Pow, "PowOf", x, y) }

func (b *Builder) binary(fn kernel.BinaryFn, kind string, x, y *Node) *Node {
	if comparison := fn >= kernel.Equal && fn < kernel.And; comparison && !b.readyAlike(kind, x, y) || !comparison && !b.readyFloat(kind, x, y) {
		return nil
	}
	if _, err := ops.Broadcast(x.Shape(), y.Shape()); err != nil {
		return b.fail(kind, err)
	}
	o := &op{kind: kind}
	if fn < kernel.Equal {
		o.diff = []bool{true, true}
		o.grad = binaryGrad(fn)
	}
	return b.apply(o, x, y)
}

func binaryGrad(fn kernel.BinaryFn) func(b *Builder, in []*Node, out, g *Node) []*Node {
	return func(b *Builder, in []*Node, out, g *Node) []*Node {
		x, y := in[0], in[1]
		var gx, gy *Node
		switch fn {
		case kernel.Add:
			gx, gy = g, g
		case kernel.Sub:
			gx, gy = g, b.Neg(g)
		case kernel.Mul:
			gx, gy = b.Mul(g, y), b.Mul(g, x)
		case kernel.Div:
			gx, gy = b.Div(g, y), b.Neg(b.Mul(g, b.Div(out, y)))
		case kernel.Max, kernel.Min:
			tie := b.Scale(b.Equal(x, y), 0.5)
			first, second := b.Greater(x, y), b.Greater(y, x)
			if fn == kernel.Min {
				first, second = second, first
			}
			gx, gy = b.Mul(g, b.Add(first, tie)), b.Mul(g, b.Add(second, tie))
		case kernel.Pow:
			gx = b.Mul(g, b.Mul(y, b.PowOf(x, b.Shift(y, -1))))
			gy = b.Mul(g, b.Mul(out, b.Log(x)))
		}
		return []*Node{b.SumTo(gx, in[0].Shape()), b.SumTo(gy, in[1].Shape())}
	}
}

// SumTo sums x over the axes along which a value of the given shape was
// repeated to become x: the gradient of broadcasting.
func (b *Builder) SumTo(x *Node, shape Shape) *Node {
	if !b.readyFloat("SumTo", x) || slices.Equal(x.Shape(), shape) {
		return x
	}
	from := x.Shape()
	if s, err := ops.Broadcast(from, shape); err != nil || !slices.Equal(s, from) {
		return b.fail("SumTo", fmt.Errorf("%s does not broadcast to %s", dims(shape), dims(from)))
	}
	lead := len(from) - len(shape)
	var axes []int
	for i := range from {
		if i < lead || shape[i-lead] != from[i] {
			axes = append(axes, i)
		}
	}
	return b.Reshape(b.reduce(sumOf, x, axes), shape...)
}

// Broadcast repeats x, of any type, to the given shape.
func (b *Builder) Broadcast(x *Node, shape ...int) *Node {
	if !b.readyAlike("Broadcast", x) {
		return nil
	}
	if slices.Equal(x.Shape(), Shape(shape)) {
		return x
	}
	from := x.Shape()
	if out, err := ops.Broadcast(from, shape); err != nil {
		return b.fail("Broadcast", err)
	} else if !slices.Equal(out, Shape(shape)) {
		return b.fail("Broadcast", fmt.Errorf("%s does not broadcast to %s", dims(from), dims(shape)))
	}
	return b.apply(&op{
		kind: "Broadcast", attrs: []Attribute{attr("shape", slices.Clone(shape))},
		diff: differentiable([]*Node{x}),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node { return []*Node{b.SumTo(g, in[0].Shape())} },
	}, x)
}

// Scale returns alpha·x.
func (b *Builder) Scale(x *Node, alpha float64) *Node { return b.axpb(x, alpha, 0) }

// Shift returns x + beta.
func (b *Builder) Shift(x *Node, beta float64) *Node { return b.axpb(x, 1, beta) }

// axpb returns alpha·x + beta.
func (b *Builder) axpb(x *Node, alpha, beta float64) *Node {
	if !b.readyFloat("Scale", x) {
		return nil
	}
	return b.apply(&op{
		kind: "Scale", attrs: []Attribute{attr("alpha", alpha), attr("beta", beta)},
		diff: []bool{true},
		grad: func(b *Builder, _ []*Node, _, g *Node) []*Node { return []*Node{b.Scale(g, alpha)} },
	}, x)
}

// sum adds up values of one shape.
func (b *Builder) sum(xs []*Node) *Node {
	if len(xs) == 1 {
		return xs[0]
	}
	if !b.readyFloat("AddN", xs...) {
		return nil
	}
	diff := make([]bool, len(xs))
	for i := range diff {
		diff[i] = true
	}
	return b.apply(&op{
		kind: "AddN", diff: diff,
		grad: func(_ *Builder, in []*Node, _, g *Node) []*Node {
			return slices.Repeat([]*Node{g}, len(in))
		},
	}, xs...)
}
