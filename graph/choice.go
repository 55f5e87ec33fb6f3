package graph

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
)

// A mask is a value of the graph's float type, 1 where something holds and 0 elsewhere:
// comparisons give one. What takes a mask counts any other value than 0 as true, NaN
// included.

// Equal returns the mask of x = y, broadcast. Operands of comparisons are both floats
// or both Int; with a NaN, only NotEqual holds. Comparisons have no gradient.
func (b *Builder) Equal(x, y *Node) *Node { return b.binary(kernel.Equal, "Equal", x, y) }

// NotEqual returns the mask of x ≠ y, broadcast.
func (b *Builder) NotEqual(x, y *Node) *Node { return b.binary(kernel.NotEqual, "NotEqual", x, y) }

// Greater returns the mask of x > y, broadcast.
func (b *Builder) Greater(x, y *Node) *Node { return b.binary(kernel.Greater, "Greater", x, y) }

// GreaterEqual returns the mask of x ≥ y, broadcast.
func (b *Builder) GreaterEqual(x, y *Node) *Node {
	return b.binary(kernel.GreaterEqual, "GreaterEqual", x, y)
}

// Less returns the mask of x < y, broadcast: Greater with its operands swapped.
func (b *Builder) Less(x, y *Node) *Node { return b.Greater(y, x) }

// LessEqual returns the mask of x ≤ y, broadcast: GreaterEqual with its operands swapped.
func (b *Builder) LessEqual(x, y *Node) *Node { return b.GreaterEqual(y, x) }

// And returns the mask of what is true in both masks, broadcast. It has no gradient.
func (b *Builder) And(x, y *Node) *Node { return b.binary(kernel.And, "And", x, y) }

// Or returns the mask of what is true in one mask at least, broadcast. It has no gradient.
func (b *Builder) Or(x, y *Node) *Node { return b.binary(kernel.Or, "Or", x, y) }

// Not returns the mask of what is false in a mask. It has no gradient.
func (b *Builder) Not(x *Node) *Node {
	if !b.readyFloat("Not", x) {
		return nil
	}
	return b.Equal(x, b.Const(0))
}

// Where returns x where the mask cond is true and y elsewhere, broadcast. x and y are
// both floats or both Int. What is not chosen does not count, NaN included, and its
// gradient is 0; there is no gradient with respect to cond. What x and y are computed
// from may still get NaN, of 0 times an infinite slope: to avoid that, choose the operand
// of Log or Sqrt, say, rather than its result.
func (b *Builder) Where(cond, x, y *Node) *Node {
	const name = "Where"
	if !b.readyFloat(name, cond) || !b.readyAlike(name, x, y) {
		return nil
	}
	shape, err := ops.Broadcast(x.Shape(), y.Shape())
	if err == nil {
		shape, err = ops.Broadcast(cond.Shape(), shape)
	}
	if err != nil {
		return b.fail(name, fmt.Errorf("mask %s, %s and %s: %w", dims(cond.Shape()), dims(x.Shape()), dims(y.Shape()), err))
	}
	cond, x, y = b.Broadcast(cond, shape...), b.Broadcast(x, shape...), b.Broadcast(y, shape...)
	if b.failed() {
		return nil
	}
	float := x.Dtype() != Int
	return b.apply(&op{
		kind: name, diff: []bool{false, float, float},
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{nil, b.keep(in[0], g, true), b.keep(in[0], g, false)}
		},
	}, cond, x, y)
}

// keep returns x where the mask cond is as the last argument says, and 0 elsewhere.
func (b *Builder) keep(cond, x *Node, where bool) *Node {
	return b.apply(&op{
		kind: "WhereGrad", attrs: []Attribute{attr("where", where)}, out: typeOf(x), diff: []bool{false, true}, inPlace: []int{1},
		f32: bindKeep[float32](where), f64: bindKeep[float64](where),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node { return []*Node{nil, b.keep(in[0], g, where)} },
	}, cond, x)
}

func bindKeep[T kernel.Float](where bool) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error { kernel.Keep(c.out, c.in[0], c.in[1], where); return nil }
	}
}

// Cast returns x as the graph's float type or as Int. Ints are rounded to the nearest
// float: float32 holds those up to 2²⁴ exactly, float64 those up to 2⁵³. Floats lose
// their fraction, as in Go; NaN, or a float beyond the range of int, is an error of the run.
// There is no gradient.
func (b *Builder) Cast(x *Node, to Dtype) *Node {
	const name = "Cast"
	if !b.readyAlike(name, x) {
		return nil
	}
	if to != Int && to != b.Dtype() {
		return b.fail(name, fmt.Errorf("to %v: want %v or int", to, b.Dtype()))
	}
	if x.Dtype() == to {
		return x
	}
	return b.apply(&op{kind: name, attrs: []Attribute{attr("to", to.Name())}}, x)
}

// TakeAlongAxis returns, for every element of index, the element of x that it names
// along an axis, at the same place along all others: NumPy's take_along_axis and ONNX's
// GatherElements. With the last axis, it picks a row's values by their places.
//
// Shapes: x (..., n, ...), index Int (..., k, ...), which differ along the axis only,
// result as index. An index outside [0, n) is an error of the run. The gradient of an
// element that is taken several times is the sum.
func (b *Builder) TakeAlongAxis(x, index *Node, ax int) *Node {
	const name = "TakeAlongAxis"
	if !b.readyAlike(name, x) || !b.readyInt(name, index) {
		return nil
	}
	s, t := x.Shape(), index.Shape()
	a, err := axis(ax, len(s))
	if err != nil {
		return b.fail(name, err)
	}
	if len(t) != len(s) || !slices.Equal(t[:a], s[:a]) || !slices.Equal(t[a+1:], s[a+1:]) {
		return b.fail(name, fmt.Errorf("%s by indices %s: shapes differ along another axis than %d", dims(s), dims(t), a))
	}
	_, inner := ops.Around(s, a)
	n, picks := s[a], t[a]
	attrs := []Attribute{attr("axis", a)}
	return b.apply(&op{
		kind: name, attrs: attrs, diff: []bool{x.Dtype() != Int, false}, part: true,
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: append(attrs[:1:1], attr("depth", n)), out: typeOf(in[0]),
				f32: bindAddTaken[float32](n, picks, inner), f64: bindAddTaken[float64](n, picks, inner),
			}, g, in[1]), nil}
		},
	}, x, index)
}

func bindAddTaken[T kernel.Float](n, picks, inner int) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error {
			clear(c.out)
			kernel.AddTaken(c.out, c.in[0], c.ints[1], n, picks, inner)
			return nil
		}
	}
}
