package graph

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
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
	out, err := broadcast(x.Shape(), y.Shape())
	if err != nil {
		return b.fail(kind, err)
	}
	walk, ok := kernel.NewStrided(out, repeated(x.Shape(), out), repeated(y.Shape(), out))
	if !ok {
		return b.fail(kind, fmt.Errorf("%s and %s broadcast along more than %d axes", dims(x.Shape()), dims(y.Shape()), kernel.MaxDims))
	}
	o := &op{
		kind: kind, out: typ{b.Dtype(), out},
		f32: bindBinary[float32](fn, walk), f64: bindBinary[float64](fn, walk),
	}
	if fn < kernel.Equal {
		o.diff = []bool{true, true}
		o.grad = binaryGrad(fn)
	}
	for i, n := range []*Node{x, y} {
		if slices.Equal(n.Shape(), out) {
			o.inPlace = append(o.inPlace, i)
		}
	}
	return b.apply(o, x, y)
}

func bindBinary[T kernel.Float](fn kernel.BinaryFn, walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, y, s := c.out, c.in[0], c.in[1], walk
		if m, n := c.ints[0], c.ints[1]; m != nil {
			return func() error {
				kernel.CompareInts(fn, out, m, n, &s)
				return nil
			}
		}
		return func() error {
			kernel.Binary(fn, out, x, y, &s)
			return nil
		}
	}
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
	if s, err := broadcast(from, shape); err != nil || !slices.Equal(s, from) {
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
	if out, err := broadcast(from, shape); err != nil {
		return b.fail("Broadcast", err)
	} else if !slices.Equal(out, Shape(shape)) {
		return b.fail("Broadcast", fmt.Errorf("%s does not broadcast to %s", dims(from), dims(shape)))
	}
	st := repeated(from, shape)
	walk, ok := kernel.NewStrided(shape, st, make([]int, len(shape)))
	if !ok {
		return b.fail("Broadcast", fmt.Errorf("%s to %s: more than %d axes", dims(from), dims(shape), kernel.MaxDims))
	}
	return b.apply(&op{
		kind: "Broadcast", attrs: []Attribute{{"shape", slices.Clone(shape)}}, out: typ{x.Dtype(), slices.Clone(shape)},
		f32: bindCopy[float32](walk), f64: bindCopy[float64](walk),
		diff: differentiable([]*Node{x}),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node { return []*Node{b.SumTo(g, in[0].Shape())} },
	}, x)
}

func bindCopy[T kernel.Float](walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, outInts, xInts, s := c.out, c.in[0], c.outInts, c.ints[0], walk
		return func() error {
			if outInts != nil {
				kernel.CopyInts(outInts, xInts, &s)
			} else {
				kernel.Copy(out, x, &s)
			}
			return nil
		}
	}
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
		kind: "Scale", attrs: []Attribute{{"alpha", alpha}, {"beta", beta}}, out: typeOf(x),
		f32: bindAxpb[float32](alpha, beta), f64: bindAxpb[float64](alpha, beta),
		diff: []bool{true}, inPlace: []int{0},
		grad: func(b *Builder, _ []*Node, _, g *Node) []*Node { return []*Node{b.Scale(g, alpha)} },
	}, x)
}

func bindAxpb[T kernel.Float](alpha, beta float64) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.out, c.in[0]
		return func() error {
			kernel.Axpb(out, T(alpha), x, T(beta))
			return nil
		}
	}
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
		kind: "AddN", out: typeOf(xs[0]), diff: diff, inPlace: []int{0},
		f32: bindAddN[float32], f64: bindAddN[float64],
		grad: func(_ *Builder, in []*Node, _, g *Node) []*Node {
			return slices.Repeat([]*Node{g}, len(in))
		},
	}, xs...)
}

func bindAddN[T kernel.Float](c *call[T]) run {
	return func() error {
		copy(c.out, c.in[0])
		for _, x := range c.in[1:] {
			kernel.AddTo(c.out, x)
		}
		return nil
	}
}
