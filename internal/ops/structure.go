package ops

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

func init() {
	kinds["Reshape"] = reshape
	kinds["Broadcast"] = broadcastTo
	kinds["Transpose"] = transpose
	kinds["Slice"] = slice
	kinds["Pad"] = pad
	kinds["Concat"] = concat
	kinds["Gather"] = gather
	kinds["TakeAlongAxis"] = takeAlongAxis
	kinds["OneHot"] = oneHot
	kinds["ReverseSequence"] = reverse
}

func reshape(o *operation) Kernel {
	shape := o.intList("shape", -1)
	k := same(o)
	if o.err != nil {
		return Kernel{}
	}
	if err := CheckShape(shape); err != nil {
		o.fail("%w", err)
	} else if Elements(shape) != k.Out.Len() {
		o.fail("%v to %s: the number of elements differs", k.Out, Dims(shape))
	}
	k.Out.Shape = shape
	return k
}

func broadcastTo(o *operation) Kernel {
	shape := o.intList("shape", -1)
	from := o.shape(0, -1)
	if !o.operands(1, 1) {
		return Kernel{}
	}
	out, err := Broadcast(from, shape)
	if err != nil {
		o.fail("%w", err)
	} else if !slices.Equal(out, shape) {
		o.fail("%s does not broadcast to %s", Dims(from), Dims(shape))
	}
	if o.err != nil {
		return Kernel{}
	}
	walk := o.walk(shape, repeated(from, shape), make([]int, len(shape)))
	return Kernel{Out: Spec{o.in[0].Type, shape}, f32: bindCopy[float32](walk), f64: bindCopy[float64](walk)}
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

func transpose(o *operation) Kernel {
	from := o.shape(0, -1)
	perm := o.intList("perm", len(from))
	if !o.operands(1, 1) {
		return Kernel{}
	}
	out, st, own := make([]int, len(from)), make([]int, len(from)), rowMajor(from)
	for i, p := range perm {
		if p < 0 || p >= len(from) || slices.Contains(perm[:i], p) {
			o.fail("%v is no order of the axes of %s", perm, Dims(from))
			return Kernel{}
		}
		out[i], st[i] = from[p], own[p]
	}
	walk := o.walk(out, st, make([]int, len(out)))
	return Kernel{Out: Spec{o.in[0].Type, out}, f32: bindCopy[float32](walk), f64: bindCopy[float64](walk)}
}

func slice(o *operation) Kernel {
	s := o.shape(0, -1)
	a, from, to := o.axis(len(s)), o.int("start"), o.int("end")
	if !o.operands(1, 1) {
		return Kernel{}
	}
	if from < 0 || to > s[a] || from >= to {
		o.fail("[%d:%d] of axis %d of %s", from, to, a, Dims(s))
		return Kernel{}
	}
	outer, inner := Around(s, a)
	out := slices.Clone(s)
	out[a] = to - from
	n := (to - from) * inner
	return blocks(Spec{o.in[0].Type, out}, outer, n, 0, n, from*inner, s[a]*inner)
}

// pad sets its operand into zeros: along one axis there may be some.
func pad(o *operation) Kernel {
	s := o.shape(0, -1)
	pads := o.intList("pads", 2*len(s))
	if !o.operands(1, 1) {
		return Kernel{}
	}
	axis, out := -1, slices.Clone(s)
	for i := range s {
		before, after := pads[i], pads[len(s)+i]
		if before < 0 || after < 0 || max(before, after) > mostElements/4 || before+after > 0 && axis >= 0 {
			o.fail("pads %v of %s: want zeros along one axis", pads, Dims(s))
			return Kernel{}
		}
		if before+after > 0 {
			axis = i
			out[i] += before + after
		}
	}
	if axis < 0 {
		return blocks(o.in[0], 1, Elements(s), 0, Elements(s), 0, Elements(s))
	}
	if err := CheckShape(out); err != nil {
		o.fail("%w", err)
		return Kernel{}
	}
	outer, inner := Around(out, axis)
	n := s[axis] * inner
	return blocks(Spec{o.in[0].Type, out}, outer, n, pads[axis]*inner, out[axis]*inner, 0, n)
}

func blocks(out Spec, outer, n, dstAt, dstStep, srcAt, srcStep int) Kernel {
	return Kernel{
		Out: out,
		f32: bindBlocks[float32](outer, n, dstAt, dstStep, srcAt, srcStep),
		f64: bindBlocks[float64](outer, n, dstAt, dstStep, srcAt, srcStep),
	}
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

func concat(o *operation) Kernel {
	if !o.operands(1, len(o.in)) {
		return Kernel{}
	}
	out := slices.Clone(o.in[0].Shape)
	a := o.axis(len(out))
	if o.err != nil {
		return Kernel{}
	}
	sizes, total := make([]int, len(o.in)), 0
	for i, x := range o.in {
		if x.Type != o.in[0].Type {
			o.fail("operand %d is %v, want %v", i, x, o.in[0].Type)
		}
		if len(x.Shape) == len(out) {
			sizes[i] = x.Shape[a]
			out[a] = sizes[i]
		}
		o.is(i, out...)
		if sizes[i] > mostElements-total {
			o.fail("axis %d is too long", a)
			return Kernel{}
		}
		total += sizes[i]
	}
	out[a] = total
	if o.err != nil {
		return Kernel{}
	}
	outer, inner := Around(out, a)
	return Kernel{
		Out: Spec{o.in[0].Type, out},
		f32: bindConcat[float32](sizes, outer, inner, total), f64: bindConcat[float64](sizes, outer, inner, total),
	}
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

func gather(o *operation) Kernel {
	if !o.operands(2, 2) {
		return Kernel{}
	}
	s, index := o.shape(0, -1), o.shape(1, -1)
	if o.ints(1); len(s) == 0 {
		o.fail("a scalar has no rows")
		return Kernel{}
	}
	rows, row := s[0], Elements(s[1:])
	return Kernel{
		Out: Spec{o.in[0].Type, append(slices.Clone(index), s[1:]...)},
		f32: bindGather[float32](rows, row), f64: bindGather[float64](rows, row),
	}
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

func takeAlongAxis(o *operation) Kernel {
	if !o.operands(2, 2) {
		return Kernel{}
	}
	s, t := o.shape(0, -1), o.shape(1, -1)
	a := o.axis(len(s))
	o.ints(1)
	if o.err != nil {
		return Kernel{}
	}
	if len(t) != len(s) || !slices.Equal(t[:a], s[:a]) || !slices.Equal(t[a+1:], s[a+1:]) {
		o.fail("%s by indices %s: shapes differ along another axis than %d", Dims(s), Dims(t), a)
		return Kernel{}
	}
	_, inner := Around(s, a)
	return Kernel{Out: Spec{o.in[0].Type, t}, f32: bindTake[float32](s[a], t[a], inner), f64: bindTake[float64](s[a], t[a], inner)}
}

func bindTake[T kernel.Float](n, picks, inner int) func(*call[T]) run {
	return func(c *call[T]) run {
		if c.outInts != nil {
			return takeRun(c.outInts, c.ints[0], c.ints[1], n, picks, inner)
		}
		return takeRun(c.out, c.in[0], c.ints[1], n, picks, inner)
	}
}

func takeRun[E kernel.Float | int](out, x []E, index []int, n, picks, inner int) run {
	return func() error {
		if i := kernel.Take(out, x, index, n, picks, inner); i >= 0 {
			return fmt.Errorf("index %d at position %d is not in [0, %d)", index[i], i, n)
		}
		return nil
	}
}

func oneHot(o *operation) Kernel {
	n := o.int("depth")
	if !o.operands(1, 1) {
		return Kernel{}
	}
	if o.ints(0); n < 1 {
		o.fail("%d classes", n)
	}
	return Kernel{Out: Spec{o.float, append(slices.Clone(o.in[0].Shape), n)}, f32: bindOneHot[float32](n), f64: bindOneHot[float64](n)}
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

func reverse(o *operation) Kernel {
	if !o.operands(1, 2) {
		return Kernel{}
	}
	s := o.shape(0, -1)
	if o.floats(0); len(s) < 2 {
		o.fail("operand 0 is %v, want (batch, steps, ...)", o.in[0])
		return Kernel{}
	}
	o.ints(1)
	o.is(1, s[0])
	return Kernel{Out: o.in[0], f32: bindReverse[float32](s), f64: bindReverse[float64](s)}
}

func bindReverse[T kernel.Float](s []int) func(*call[T]) run {
	return func(c *call[T]) run {
		x, out := c.in[0], c.out
		var lengths []int
		if len(c.ints) == 2 {
			lengths = c.ints[1]
		}
		return func() error {
			if err := CheckLengths(lengths, s[1]); err != nil {
				return err
			}
			kernel.Reverse(s[0], s[1], Elements(s[2:]), x, lengths, out)
			return nil
		}
	}
}

// CheckLengths reports a sequence's length outside of [0, steps].
func CheckLengths(lengths []int, steps int) error {
	for i, n := range lengths {
		if n < 0 || n > steps {
			return fmt.Errorf("sequence %d has length %d, which is not in [0, %d]", i, n, steps)
		}
	}
	return nil
}
