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
		kind: "Reshape", attrs: []Attribute{{"shape", []int(to)}}, out: typ{x.Dtype(), to}, diff: differentiable([]*Node{x}), alias: true,
		f32: bindSame[float32], f64: bindSame[float64],
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.Reshape(g, in[0].Shape()...)}
		},
	}, x)
}

func bindSame[T kernel.Float](c *call[T]) run {
	return func() error {
		copy(c.out, c.in[0])
		copy(c.outInts, c.ints[0])
		return nil
	}
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
	out, st, own := make(Shape, len(from)), make([]int, len(from)), rowMajor(from)
	order := make([]int, len(perm))
	for i, p := range perm {
		p, _ = axis(p, len(from))
		back[p], order[i] = i, p
		out[i], st[i] = from[p], own[p]
	}
	walk, ok := kernel.NewStrided(out, st, make([]int, len(out)))
	if !ok {
		return b.fail("Transpose", fmt.Errorf("%s: more than %d axes", dims(from), kernel.MaxDims))
	}
	return b.apply(&op{
		kind: "Transpose", attrs: []Attribute{{"perm", order}}, out: typ{x.Dtype(), out}, diff: differentiable([]*Node{x}),
		f32: bindCopy[float32](walk), f64: bindCopy[float64](walk),
		grad: func(b *Builder, _ []*Node, _, g *Node) []*Node { return []*Node{b.Transpose(g, back...)} },
	}, x)
}

// around splits a shape at an axis into the products before and after it.
func around(s Shape, ax int) (outer, inner int) { return size(s[:ax]), size(s[ax+1:]) }

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
	outer, inner := around(s, a)
	out := slices.Clone(s)
	out[a] = to - from
	n := (to - from) * inner
	return b.apply(&op{
		kind: "Slice", attrs: []Attribute{{"axis", a}, {"start", from}, {"end", to}}, out: typ{x.Dtype(), out}, diff: differentiable([]*Node{x}), part: true,
		f32:  bindBlocks[float32](outer, n, 0, n, from*inner, s[a]*inner),
		f64:  bindBlocks[float64](outer, n, 0, n, from*inner, s[a]*inner),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node { return []*Node{b.pad(g, in[0].Shape(), a, from)} },
	}, x)
}

// pad sets x into zeros of the given shape, beginning at index from of an axis.
func (b *Builder) pad(x *Node, shape Shape, a, from int) *Node {
	outer, inner := around(shape, a)
	n := x.Shape()[a] * inner
	to := from + x.Shape()[a]
	pads := make([]int, 2*len(shape))
	pads[a], pads[len(shape)+a] = from, shape[a]-to
	return b.apply(&op{
		kind: "Pad", attrs: []Attribute{{"pads", pads}}, out: typ{b.Dtype(), shape}, diff: []bool{true},
		f32:  bindBlocks[float32](outer, n, from*inner, shape[a]*inner, 0, n),
		f64:  bindBlocks[float64](outer, n, from*inner, shape[a]*inner, 0, n),
		grad: func(b *Builder, _ []*Node, _, g *Node) []*Node { return []*Node{b.Slice(g, a, from, to)} },
	}, x)
}

func bindBlocks[T kernel.Float](outer, n, dstAt, dstStep, srcAt, srcStep int) func(*call[T]) run {
	return func(c *call[T]) run {
		if c.outInts != nil {
			return blocksRun(c.outInts, c.ints[0], outer, n, dstAt, dstStep, srcAt, srcStep)
		}
		return blocksRun(c.out, c.in[0], outer, n, dstAt, dstStep, srcAt, srcStep)
	}
}

func blocksRun[E any](out, x []E, outer, n, dstAt, dstStep, srcAt, srcStep int) run {
	return func() error {
		if len(out) != outer*n {
			clear(out)
		}
		kernel.Blocks(out, x, outer, n, dstAt, dstStep, srcAt, srcStep)
		return nil
	}
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
	total := 0
	for i, x := range xs {
		s := x.Shape()
		if len(s) == len(out) {
			sizes[i] = s[a]
			s[a] = out[a]
		}
		if !slices.Equal(s, out) {
			return b.fail("Concat", fmt.Errorf("operand %d is %s, want %s along all axes but %d", i, dims(x.Shape()), dims(out), a))
		}
		total += sizes[i]
	}
	if len(xs) == 1 {
		return xs[0]
	}
	outer, inner := around(out, a)
	out[a] = total
	return b.apply(&op{
		kind: "Concat", attrs: []Attribute{{"axis", a}}, out: typ{xs[0].Dtype(), out}, diff: differentiable(xs),
		f32: bindConcat[float32](sizes, outer, inner, total), f64: bindConcat[float64](sizes, outer, inner, total),
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

func bindConcat[T kernel.Float](sizes []int, outer, inner, total int) func(*call[T]) run {
	return func(c *call[T]) run {
		if c.outInts != nil {
			return concatRun(c.outInts, c.ints, sizes, outer, inner, total)
		}
		return concatRun(c.out, c.in, sizes, outer, inner, total)
	}
}

func concatRun[E any](out []E, in [][]E, sizes []int, outer, inner, total int) run {
	return func() error {
		at := 0
		for i, x := range in {
			n := sizes[i] * inner
			kernel.Blocks(out, x, outer, n, at, total*inner, 0, n)
			at += n
		}
		return nil
	}
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
	rows, row := s[0], size(s[1:])
	return b.apply(&op{
		kind: "Gather", out: typ{x.Dtype(), append(index.Shape(), s[1:]...)}, diff: []bool{x.Dtype() != Int, false}, part: true,
		f32: bindGather[float32](rows, row), f64: bindGather[float64](rows, row),
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

func bindGather[T kernel.Float](rows, row int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, index := c.out, c.in[0], c.ints[1]
		outInts, xInts := c.outInts, c.ints[0]
		return func() error {
			for i, r := range index {
				if r < 0 || r >= rows {
					return fmt.Errorf("index %d at position %d is not in [0, %d)", r, i, rows)
				}
			}
			if outInts == nil {
				kernel.Gather(out, x, index, row)
				return nil
			}
			for i, r := range index {
				copy(outInts[i*row:(i+1)*row], xInts[r*row:(r+1)*row])
			}
			return nil
		}
	}
}

const scatterKind = "Scatter"

// scatter adds the rows of g into zeros of the given shape, at the rows that index names.
func (b *Builder) scatter(shape Shape, index, g *Node) *Node {
	row := size(shape[1:])
	return b.apply(&op{
		kind: scatterKind, attrs: []Attribute{{"shape", []int(shape)}}, out: typ{b.Dtype(), shape},
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
		kind: "GroupRows", attrs: []Attribute{{"rows", shape[0]}}, out: typ{Int, Shape{3, n}},
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
	return b.apply(&op{
		kind: "OneHot", attrs: []Attribute{{"depth", n}}, out: typ{b.Dtype(), append(index.Shape(), n)},
		f32: bindOneHot[float32](n), f64: bindOneHot[float64](n),
	}, index)
}

func bindOneHot[T kernel.Float](n int) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error {
			clear(c.out)
			for i, r := range c.ints[0] {
				if r < 0 || r >= n {
					return fmt.Errorf("class %d at position %d is not in [0, %d)", r, i, n)
				}
				c.out[i*n+r] = 1
			}
			return nil
		}
	}
}
