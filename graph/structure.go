package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Reshape gives x, of any type, another shape of as many elements, in row-major order.
// One size may be −1: it follows from the others.
func (b *Builder) Reshape(x *Node, shape ...int) *Node {
	if !b.readyAlike("Reshape", x) {
		return nil
	}
	from, to := x.Shape(), slices.Clone(Shape(shape))
	if i := slices.Index(to, -1); i >= 0 {
		to[i] = 1
		if n := size(to); n > 0 && size(from)%n == 0 {
			to[i] = size(from) / n
		}
	}
	if checkShape(to) != nil || size(to) != size(from) {
		return b.fail("Reshape", fmt.Errorf("%s to %s: the number of elements differs", dims(from), dims(shape)))
	}
	if slices.Equal(to, from) {
		return x
	}
	return b.apply(&op{
		kind: "Reshape", attrs: []Attribute{attr("shape", []int(to))}, diff: differentiable([]*Node{x}),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.Reshape(g, in[0].Shape()...)}
		},
	}, x)
}

// Flatten joins all axes of x, of any type, but the first.
func (b *Builder) Flatten(x *Node) *Node {
	if !b.readyAlike("Flatten", x) {
		return nil
	}
	s := x.Shape()
	if len(s) == 0 {
		return b.fail("Flatten", errors.New("a scalar has no batch axis"))
	}
	return b.Reshape(x, s[0], size(s[1:]))
}

// Transpose puts axis perm[i] of x, of any type, at place i; without perm the axes are
// reversed.
func (b *Builder) Transpose(x *Node, perm ...int) *Node {
	if !b.readyAlike("Transpose", x) {
		return nil
	}
	from := x.Shape()
	if len(perm) == 0 {
		for i := len(from) - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	back := make([]int, len(from))
	if list, err := axesOf(perm, len(from)); len(from) > 0 && (err != nil || len(list) != len(from)) {
		return b.fail("Transpose", fmt.Errorf("%v is no order of the axes of %s", perm, dims(from)))
	}
	order := make([]int, len(perm))
	for i, p := range perm {
		p, _ = axis(p, len(from))
		back[p], order[i] = i, p
	}
	return b.apply(&op{
		kind: "Transpose", attrs: []Attribute{attr("perm", order)}, diff: differentiable([]*Node{x}),
		grad: func(b *Builder, _ []*Node, _, g *Node) []*Node { return []*Node{b.Transpose(g, back...)} },
	}, x)
}

// Slice returns the part of x, of any type, from index from up to, not including, to
// along an axis.
func (b *Builder) Slice(x *Node, ax, from, to int) *Node {
	if !b.readyAlike("Slice", x) {
		return nil
	}
	s := x.Shape()
	a, err := axis(ax, len(s))
	if err != nil {
		return b.fail("Slice", err)
	}
	if from < 0 || to > s[a] || from >= to {
		return b.fail("Slice", fmt.Errorf("[%d:%d] of axis %d of %s", from, to, a, dims(s)))
	}
	return b.apply(&op{
		kind: "Slice", attrs: []Attribute{attr("axis", a), attr("start", from), attr("end", to)}, diff: differentiable([]*Node{x}), part: true,
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node { return []*Node{b.pad(g, in[0].Shape(), a, from)} },
	}, x)
}

// Pad puts zeros before and after x along an axis.
func (b *Builder) Pad(x *Node, ax, before, after int) *Node {
	if !b.readyFloat("Pad", x) {
		return nil
	}
	s := x.Shape()
	a, err := axis(ax, len(s))
	if err != nil {
		return b.fail("Pad", err)
	}
	if before < 0 || after < 0 || before > MaxElements || after > MaxElements {
		return b.fail("Pad", fmt.Errorf("%d zeros before and %d after: want 0 to %d", before, after, MaxElements))
	}
	if before == 0 && after == 0 {
		return x
	}
	s[a] += before + after
	if err := checkShape(s); err != nil {
		return b.fail("Pad", err)
	}
	return b.pad(x, s, a, before)
}

// pad sets x into zeros of the given shape, beginning at index from of an axis.
func (b *Builder) pad(x *Node, shape Shape, a, from int) *Node {
	to := from + x.Shape()[a]
	pads := make([]int, 2*len(shape))
	pads[a], pads[len(shape)+a] = from, shape[a]-to
	return b.apply(&op{
		kind: "Pad", attrs: []Attribute{attr("pads", pads)}, diff: []bool{true},
		grad: func(b *Builder, _ []*Node, _, g *Node) []*Node { return []*Node{b.Slice(g, a, from, to)} },
	}, x)
}

// Concat joins values of one type along an axis; their other sizes are equal.
func (b *Builder) Concat(ax int, xs ...*Node) *Node {
	if !b.readyAlike("Concat", xs...) {
		return nil
	}
	if len(xs) == 0 {
		return b.fail("Concat", errors.New("nothing to join"))
	}
	out := xs[0].Shape()
	a, err := axis(ax, len(out))
	if err != nil {
		return b.fail("Concat", err)
	}
	sizes := make([]int, len(xs))
	for i, x := range xs {
		s := x.Shape()
		if len(s) == len(out) {
			sizes[i] = s[a]
			s[a] = out[a]
		}
		if !slices.Equal(s, out) {
			return b.fail("Concat", fmt.Errorf("operand %d is %s, want %s along all axes but %d", i, dims(x.Shape()), dims(out), a))
		}
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return b.apply(&op{
		kind: "Concat", attrs: []Attribute{attr("axis", a)}, diff: differentiable(xs),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			grads, at := make([]*Node, len(in)), 0
			for i, n := range sizes {
				grads[i] = b.Slice(g, a, at, at+n)
				at += n
			}
			return grads
		},
	}, xs...)
}

// Gather returns the rows of x, along its first axis, that index names.
//
// Shapes: x (n, ...), of any type, index Int of any shape, result index's shape followed by x's without n.
// An index outside [0, n) is an error of the run.
func (b *Builder) Gather(x, index *Node) *Node {
	if !b.readyAlike("Gather", x) || !b.readyInt("Gather", index) {
		return nil
	}
	s := x.Shape()
	if len(s) == 0 {
		return b.fail("Gather", errors.New("a scalar has no rows"))
	}
	return b.apply(&op{
		kind: "Gather", diff: []bool{x.Dtype() != Int, false}, part: true,
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.scatter(in[0].Shape(), in[1], g), nil}
		},
	}, x, index)
}

func (b *Builder) readyInt(op string, n *Node) bool {
	if !b.ready(op, n) {
		return false
	}
	if n.Dtype() != Int {
		b.fail(op, fmt.Errorf("indices are %v, want int", n.Dtype()))
		return false
	}
	return true
}

const scatterKind = "Scatter"

// scatter adds the rows of g into zeros of the given shape, at the rows that index names.
func (b *Builder) scatter(shape Shape, index, g *Node) *Node {
	row := size(shape[1:])
	return b.apply(&op{
		kind: scatterKind, attrs: []Attribute{attr("shape", []int(shape))}, out: typ{b.Dtype(), shape},
		f32: bindScatter[float32](row), f64: bindScatter[float64](row),
	}, index, g)
}

func bindScatter[T kernel.Float](row int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, index, g := c.out, c.ints[0], c.in[1]
		return func() error {
			clear(out)
			for i, r := range index {
				kernel.AddTo(out[r*row:(r+1)*row], g[i*row:(i+1)*row])
			}
			return nil
		}
	}
}

// RowGradient returns g, a gradient that Gradients returned, as its rows that are not 0.
// This is possible if the value it belongs to is read by one Gather and nothing else.
// Otherwise (a second lookup, a penalty, a product with the value) RowGradient returns
// nil, nil, and g has to be used as it is. If g is not used, a step costs as the index
// of the Gather, not as the value.
//
// Shapes: g (m, ...), an index of n elements, rows Int (n), values (n, ...).
// rows are the distinct rows that the index names, ascending, followed by −1. Row i of
// values is row rows[i] of g, summed over the positions of the index in their order;
// zeros follow. See optim.StartRows.
func (b *Builder) RowGradient(g *Node) (rows, values *Node) {
	if !b.readyFloat("RowGradient", g) {
		return nil, nil
	}
	o, ok := g.Op().(*op)
	if !ok || o.kind != scatterKind {
		return nil, nil
	}
	in, shape := children(g), g.Shape()
	index, from := in[0], in[1]
	n, row := size(index.Shape()), size(shape[1:])
	b = &Builder{shared: b.shared, path: o.path}
	groups := b.apply(&op{
		kind: "GroupRows", attrs: []Attribute{attr("rows", shape[0])}, out: typ{Int, Shape{3, n}},
		f32: bindGroupRows[float32](n, shape[0]), f64: bindGroupRows[float64](n, shape[0]),
	}, index)
	rows = b.apply(&op{
		kind: "RowNumbers", out: typ{Int, Shape{n}}, alias: true,
		f32: bindRowNumbers[float32], f64: bindRowNumbers[float64],
	}, groups)
	values = b.apply(&op{
		kind: "SumGroups", out: typ{b.Dtype(), append(Shape{n}, shape[1:]...)},
		f32: bindSumGroups[float32](n, row), f64: bindSumGroups[float64](n, row),
	}, groups, from)
	if b.failed() {
		return nil, nil
	}
	return rows, values
}

// bindGroupRows writes rows, ends and order of kernel.GroupRows side by side.
func bindGroupRows[T kernel.Float](n, most int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, index, keys := c.outInts, c.ints[0], make([]uint64, 2*n)
		return func() error {
			for i, r := range index {
				if r < 0 || r >= most {
					return fmt.Errorf("index %d at position %d is not in [0, %d)", r, i, most)
				}
			}
			kernel.GroupRows(index, out[:n], out[n:2*n], out[2*n:], keys)
			return nil
		}
	}
}

func bindRowNumbers[T kernel.Float](c *call[T]) run {
	return func() error {
		copy(c.outInts, c.ints[0])
		return nil
	}
}

func bindSumGroups[T kernel.Float](n, row int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, groups, from := c.out, c.ints[0], c.in[1]
		rows, ends, order := groups[:n], groups[n:2*n], groups[2*n:]
		return func() error {
			count := slices.Index(rows, -1)
			if count < 0 {
				count = n
			}
			kernel.SumGroups(out, from, ends[:count], order, row)
			clear(out[count*row:])
			return nil
		}
	}
}

// OneHot returns, for every index, a row of n zeros with a 1 at that place. An
// index outside [0, n) is an error of the run.
func (b *Builder) OneHot(index *Node, n int) *Node {
	if !b.readyInt("OneHot", index) {
		return nil
	}
	if n < 1 {
		return b.fail("OneHot", fmt.Errorf("%d classes", n))
	}
	return b.apply(&op{kind: "OneHot", attrs: []Attribute{attr("depth", n)}}, index)
}
