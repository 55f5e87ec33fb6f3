package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (e element) elementwise() {
	e.updates()
	e.axpy()
	e.positive()
	e.sumRows()
	e.maxWindows()
	e.peak()
	e.depthRow()
	e.depthTap()
	e.winograd()
	e.binary("add", e.add)
	e.binary("sub", e.sub)
	e.binary("mul", e.mul)
	e.binary("div", e.div)
	e.axpb()
	e.normalization()
	for _, op := range []string{"max", "add", "route"} {
		e.pixels(op)
	}
}

// axpy writes y += alpha·x.
func (e element) axpy() {
	define("axpy", e, "adds alpha·x to y for count registers' width.")
	p := pointers("y", "x", "alpha", "count")
	alpha := set.reg()
	e.broadcast(Mem{Base: p[2]}, alpha)
	loop(p[3], p[:2], func() {
		r := set.reg()
		e.move(Mem{Base: p[0]}, r)
		e.fma(Mem{Base: p[1]}, alpha, r)
		e.move(r, Mem{Base: p[0]})
	})
}

// The predicates of comparisons.
const (
	equal           = 0
	lessThan        = 1
	lessEqual       = 2
	unordered       = 3
	notLessEqual    = 6 // or unordered
	notGreaterEqual = 9 // or unordered
	greaterThan     = 14
)

// positive writes the gradient of the positive part.
func (e element) positive() {
	define("positive", e, "sets to to grad, but to 0 where y <= 0, for count registers' width.")
	p := pointers("to", "y", "grad", "count")
	zero := set.reg()
	e.xor(zero, zero, zero)
	loop(p[3], p[:3], func() {
		y, r := set.reg(), set.reg()
		e.move(Mem{Base: p[1]}, y)
		if avx512() {
			k := K()
			e.compare(U8(notLessEqual), zero, y, k)
			e.moveZero(Mem{Base: p[2]}, k, r)
		} else {
			e.compare(U8(lessEqual), zero, y, y)
			e.move(Mem{Base: p[2]}, r)
			e.andNot(r, y, r)
		}
		e.move(r, Mem{Base: p[0]})
	})
}

// binary writes an element-wise operation of two arrays.
func (e element) binary(op string, instruction func(...Op)) {
	define(op, e, "sets to to the "+op+" of a and b for count registers' width.")
	p := pointers("to", "a", "b", "count")
	loop(p[3], p[:3], func() {
		r := set.reg()
		e.move(Mem{Base: p[1]}, r)
		instruction(Mem{Base: p[2]}, r, r)
		e.move(r, Mem{Base: p[0]})
	})
}

// sumRows writes the sum of rows, four rows at a time: row i goes to sum i%4.
func (e element) sumRows() {
	define("sumRows", e, "sets count registers' width of to to the sum of rows, which are row", "bytes apart.")
	p := pointers("to", "x", "rows", "row", "count")
	to, x, rows, row, count := p[0], p[1], p[2], p[3], p[4]
	three, at, left := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, three)
	Label("column")
	var sums [4]reg.VecVirtual
	for i := range sums {
		sums[i] = set.reg()
		e.xor(sums[i], sums[i], sums[i])
	}
	MOVQ(x, at)
	MOVQ(rows, left)
	SUBQ(U8(4), left)
	JL(LabelRef("rest"))
	Label("loop")
	e.add(Mem{Base: at}, sums[0], sums[0])
	e.add(Mem{Base: at, Index: row, Scale: 1}, sums[1], sums[1])
	e.add(Mem{Base: at, Index: row, Scale: 2}, sums[2], sums[2])
	e.add(Mem{Base: at, Index: three, Scale: 1}, sums[3], sums[3])
	LEAQ(Mem{Base: at, Index: row, Scale: 4}, at)
	SUBQ(U8(4), left)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(U8(4), left)
	for i := range 3 {
		CMPQ(left, U8(i+1))
		JL(LabelRef("sum"))
		e.add(Mem{Base: at}, sums[i], sums[i])
		ADDQ(row, at)
	}
	Label("sum")
	e.add(sums[1], sums[0], sums[0])
	e.add(sums[3], sums[2], sums[2])
	e.add(sums[2], sums[0], sums[0])
	e.move(sums[0], Mem{Base: to})
	ADDQ(U8(set.bytes), to)
	ADDQ(U8(set.bytes), x)
	DECQ(count)
	JNE(LabelRef("column"))
	VZEROUPPER()
	RET()
}

// peak writes the largest elements, lane by lane.
func (e element) peak() {
	define("peak", e, "sets a register's width of to to the largest of count registers' width of x, or to NaN.")
	p := pointers("to", "x", "count")
	most := set.reg()
	e.move(Mem{Base: p[1]}, most)
	align()
	Label("loop")
	x := set.reg()
	e.move(Mem{Base: p[1]}, x)
	e.maximum(x, most)
	ADDQ(U8(set.bytes), p[1])
	DECQ(p[2])
	JNE(LabelRef("loop"))
	e.move(most, Mem{Base: p[0]})
	VZEROUPPER()
	RET()
}

// The fields of kernel.pixels by their offsets.
const (
	pixelsAt    = 0
	pixelsStep  = 5 * 8
	pixelsCount = 10 * 8
	pixelsWidth = 11 * 8
)

// pixels writes an operation on channels of pixels that are some steps apart.
func (e element) pixels(op string) {
	define(op+"Pixels", e)
	p := newRecord("p")
	arrays := map[string]int{"max": 2, "add": 2, "route": 5}[op]
	var at [5]reg.GPVirtual
	for i := range arrays {
		at[i] = p.get(pixelsAt + 8*i)
	}
	count, end, offset := p.get(pixelsCount), p.get(pixelsWidth), GP64()
	Label("pixel")
	XORQ(offset, offset)
	Label("channels")
	array := func(i int) Mem { return Mem{Base: at[i], Index: offset, Scale: 1} }
	first, r := set.reg(), set.reg()
	e.move(array(0), first)
	e.move(array(1), r)
	switch op {
	case "max":
		e.maximum(first, r)
	case "add":
		e.add(first, r, r)
	case "route":
		r = e.route(first, r, array)
	}
	e.move(r, array(0))
	ADDQ(U8(set.bytes), offset)
	CMPQ(offset, end)
	JLT(LabelRef("channels"))
	for i := range arrays {
		ADDQ(p.field(pixelsStep+8*i), at[i])
	}
	DECQ(count)
	JNE(LabelRef("pixel"))
	VZEROUPPER()
	RET()
}

// maximum sets b to the greater of two; the maximum of NaN and anything is NaN.
func (e element) maximum(a, b reg.VecVirtual) {
	if avx512() {
		k := K()
		e.compare(U8(unordered), a, a, k)
		e.max(b, a, b)
		e.move(a, k, b)
		return
	}
	nan := set.reg()
	e.compare(U8(unordered), a, a, nan)
	e.max(b, a, b)
	e.or(nan, b, b)
}

// route returns sum + array 3 where value is array 2 and array 4 does not say
// that another was before it.
func (e element) route(sum, value reg.VecVirtual, array func(int) Mem) reg.VecVirtual {
	taken := set.reg()
	e.move(array(4), taken)
	if avx512() {
		k, before, ones := K(), K(), set.reg()
		e.compare(U8(equal), array(2), value, k)
		e.testMask(taken, taken, before)
		KANDNW(k, before, k)
		VPTERNLOGD(U8(0xff), ones, ones, ones)
		e.move(ones, k, array(4))
		e.add(array(3), sum, k, sum)
		return sum
	}
	e.compare(U8(equal), array(2), value, value)
	e.andNot(value, taken, value)
	e.or(value, taken, taken)
	e.move(taken, array(4))
	e.and(array(3), value, value)
	e.add(sum, value, value)
	return value
}

// sum writes a sum in double precision, in as many parts as a register has of
// float32: of term's results for the elements of one or two arrays.
func sum(name, what string, arrays []string, term func(x []vec, sum vec)) {
	define(name, single, "returns "+what+" for count registers' width of float32.")
	p := pointers(append(arrays, "count")...)
	count := p[len(arrays)]
	low, high := set.reg(), set.reg()
	VXORPD(low, low, low)
	VXORPD(high, high, high)
	TESTQ(count, count)
	JE(LabelRef("end"))
	align()
	Label("loop")
	for i, s := range []vec{low, high} {
		var x []vec
		for _, a := range p[:len(arrays)] {
			r := set.reg()
			VCVTPS2PD(Mem{Base: a, Disp: i * set.bytes / 2}, r)
			x = append(x, r)
		}
		term(x, s)
	}
	for _, a := range p[:len(arrays)] {
		ADDQ(U8(set.bytes), a)
	}
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	returnSum(low, high)
}

// returnSum returns the sum of two registers of float64.
func returnSum(low, high vec) {
	VADDPD(high, low, low)
	if avx512() {
		half := YMM()
		VEXTRACTF64X4(U8(1), low, half)
		VADDPD(half, low.AsY(), half)
		low = half
	}
	upper := XMM()
	VEXTRACTF128(U8(1), low.AsY(), upper)
	VADDPD(upper, low.AsX(), upper)
	all := XMM()
	VHADDPD(upper, upper, all)
	Store(all, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// rankLook copies the vectors of a user and two items and writes the product of the user's with the difference of the items'.
func rankLook() {
	define("rankLook", single, "copies count registers' width of u, i and j, and returns Σ u·(j − i) of them.")
	p := pointers("toU", "toI", "toJ", "u", "i", "j", "count")
	low, high := set.reg(), set.reg()
	VXORPD(low, low, low)
	VXORPD(high, high, high)
	TESTQ(p[6], p[6])
	JE(LabelRef("end"))
	align()
	Label("loop")
	for k, s := range []vec{low, high} {
		var x [3]vec
		for c := range x {
			x[c] = set.reg()
			VCVTPS2PD(Mem{Base: p[3+c], Disp: k * set.bytes / 2}, x[c])
		}
		VSUBPD(x[1], x[2], x[2])
		VFMADD231PD(x[0], x[2], s)
	}
	for c := range 3 {
		r := set.reg()
		single.move(Mem{Base: p[3+c]}, r)
		single.move(r, Mem{Base: p[c]})
	}
	for _, a := range p[:6] {
		ADDQ(U8(set.bytes), a)
	}
	DECQ(p[6])
	JNE(LabelRef("loop"))
	Label("end")
	returnSum(low, high)
}

func sums() {
	rankLook()
	sum("sumSquares", "Σ x²", []string{"x"}, func(x []vec, s vec) { VFMADD231PD(x[0], x[0], s) })
	sum("dot", "Σ x·y", []string{"x", "y"}, func(x []vec, s vec) { VFMADD231PD(x[0], x[1], s) })
	sum("sum", "Σ x", []string{"x"}, func(x []vec, s vec) { VADDPD(x[0], s, s) })
}

// pause writes a wait that leaves the core's units to its other thread.
func pause() {
	TEXT("pause", NOSPLIT, "func(turns int)")
	Doc("pause executes the instruction PAUSE some times.")
	turns := Load(Param("turns"), GP64())
	Label("loop")
	PAUSE()
	DECQ(turns)
	JNE(LabelRef("loop"))
	RET()
}
