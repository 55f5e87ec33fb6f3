// Command gen writes the assembly of package kernel: run "go generate" there.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, e := range elements {
		for n := 1; n <= tileRows; n++ {
			e.tile(n)
		}
	}
	for _, bytes := range []int{24, 48, 64} {
		scatter(bytes)
	}
	transpose8()
	for _, e := range elements {
		e.adam()
		e.axpy()
		e.positive()
		e.binary("add", e.add)
		e.binary("mul", e.mul)
		for _, op := range []string{"max", "add", "mulAdd", "route"} {
			e.pixels(op)
		}
	}
	sumSquares()
	pause()
	unary("exp", exponential)
	unary("sigmoid", sigmoid)
	unary("tanh", tanh)
	lstm()
	Generate()
}

// tileRows is the most rows of C that a tile has: 2 registers for each, 2 of B
// and one of A fit into the 16 of AVX2.
const tileRows = 6

// element is a type of matrix elements with its instructions.
type element struct {
	name                                                                               string
	size                                                                               int // bytes
	move, broadcast, fma, add, sub, mul, div, sqrt, max, or, xor, and, andNot, compare func(...Op)
}

var elements = []element{
	{"32", 4, VMOVUPS, VBROADCASTSS, VFMADD231PS, VADDPS, VSUBPS, VMULPS, VDIVPS, VSQRTPS, VMAXPS, VORPS, VXORPS, VANDPS, VANDNPS, VCMPPS},
	{"64", 8, VMOVUPD, VBROADCASTSD, VFMADD231PD, VADDPD, VSUBPD, VMULPD, VDIVPD, VSQRTPD, VMAXPD, VORPD, VXORPD, VANDPD, VANDNPD, VCMPPD},
}

// The fields of kernel.tile by their offsets.
const (
	fieldA = 8 * iota
	fieldB
	fieldC
	fieldBias
	fieldK
	fieldRowA
	fieldStepA
	fieldStepB
	fieldRowC
	fieldStart
	fieldRelu
	fieldSegments
	fieldGapA
)

// The values of tile.start.
const (
	startBias = 1
	startC    = 2
)

// tile writes the function that multiplies n rows of A with two registers'
// width of B.
func (e element) tile(n int) {
	TEXT(fmt.Sprintf("tile%sx%d", e.name, n), NOSPLIT, "func(t *byte)")
	Doc(fmt.Sprintf("tile%sx%d computes a tile of %d rows.", e.name, n, n))
	Pragma("noescape")
	t := Load(Param("t"), GP64())
	field := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: offset}, r)
		return r
	}
	c, rowC := field(fieldC), field(fieldRowC)
	acc := make([][2]reg.VecVirtual, n)
	for i := range acc {
		acc[i] = [2]reg.VecVirtual{YMM(), YMM()}
	}
	e.start(t, acc, c, rowC)
	e.multiply(t, acc, field)

	CMPQ(Mem{Base: t, Disp: fieldStart}, U8(startC))
	JNE(LabelRef("added"))
	at := GP64()
	MOVQ(c, at)
	for i, row := range acc {
		e.add(Mem{Base: at}, row[0], row[0])
		e.add(Mem{Base: at, Disp: 32}, row[1], row[1])
		if i+1 < n {
			ADDQ(rowC, at)
		}
	}
	Label("added")
	CMPQ(Mem{Base: t, Disp: fieldRelu}, U8(0))
	JE(LabelRef("store"))
	zero := YMM()
	e.xor(zero, zero, zero)
	for _, row := range acc {
		for _, r := range row {
			e.max(r, zero, r) // NaN stays: MAX returns its second source then
		}
	}
	Label("store")
	for i, row := range acc {
		e.move(row[0], Mem{Base: c})
		e.move(row[1], Mem{Base: c, Disp: 32})
		if i+1 < n {
			ADDQ(rowC, c)
		}
	}
	VZEROUPPER()
	RET()
}

// start sets the accumulators to zero or to the bias, and calls for C.
func (e element) start(t reg.Register, acc [][2]reg.VecVirtual, c, rowC reg.GPVirtual) {
	at := GP64()
	MOVQ(c, at)
	for i := range acc {
		PREFETCHT0(Mem{Base: at})
		PREFETCHT0(Mem{Base: at, Disp: 63})
		if i+1 < len(acc) {
			ADDQ(rowC, at)
		}
	}
	CMPQ(Mem{Base: t, Disp: fieldStart}, U8(startBias))
	JE(LabelRef("bias"))
	for _, row := range acc {
		for _, r := range row {
			e.xor(r, r, r)
		}
	}
	JMP(LabelRef("begin"))

	Label("bias")
	bias := GP64()
	MOVQ(Mem{Base: t, Disp: fieldBias}, bias)
	for _, row := range acc {
		e.move(Mem{Base: bias}, row[0])
		e.move(Mem{Base: bias, Disp: 32}, row[1])
	}
	Label("begin")
}

// multiply adds the products of all k of all segments.
func (e element) multiply(t reg.Register, acc [][2]reg.VecVirtual, field func(int) reg.GPVirtual) {
	a, rowA, stepA := field(fieldA), field(fieldRowA), field(fieldStepA)
	b, stepB, k := field(fieldB), field(fieldStepB), GP64()
	low := a // of rows 3 to 5
	if len(acc) > 3 {
		low = GP64()
		LEAQ(Mem{Base: a, Index: rowA, Scale: 2}, low)
		ADDQ(rowA, low)
	}
	row := func(i int) Mem {
		m := Mem{Base: a}
		if i >= 3 {
			m.Base = low
		}
		if i%3 > 0 {
			m.Index, m.Scale = rowA, uint8(i%3)
		}
		return m
	}
	once := func() {
		b0, b1 := YMM(), YMM()
		e.move(Mem{Base: b}, b0)
		e.move(Mem{Base: b, Disp: 32}, b1)
		ADDQ(stepB, b)
		for i, r := range acc {
			x := YMM()
			e.broadcast(row(i), x)
			e.fma(b0, x, r[0])
			e.fma(b1, x, r[1])
		}
		ADDQ(stepA, a)
		if len(acc) > 3 {
			ADDQ(stepA, low)
		}
	}
	segments, gapA := field(fieldSegments), field(fieldGapA)
	const unroll = 4
	Label("segment")
	MOVQ(Mem{Base: t, Disp: fieldK}, k)
	SUBQ(U8(unroll), k)
	JL(LabelRef("rest"))
	Label("loop")
	for range unroll {
		once()
	}
	SUBQ(U8(unroll), k)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(U8(unroll), k)
	JE(LabelRef("end"))
	Label("single")
	once()
	DECQ(k)
	JNE(LabelRef("single"))
	Label("end")
	ADDQ(gapA, a)
	if len(acc) > 3 {
		ADDQ(gapA, low)
	}
	DECQ(segments)
	JNE(LabelRef("segment"))
}

// scatter writes the function that copies pieces that lie side by side to
// places that are step bytes apart.
func scatter(bytes int) {
	name := fmt.Sprint("scatter", bytes)
	TEXT(name, NOSPLIT, "func(to, from *byte, count, step int)")
	Doc(fmt.Sprintf("%s copies count pieces of %d bytes to places step bytes apart.", name, bytes))
	Pragma("noescape")
	to, from := Load(Param("to"), GP64()), Load(Param("from"), GP64())
	count, step := Load(Param("count"), GP64()), Load(Param("step"), GP64())
	TESTQ(count, count)
	JE(LabelRef("end"))
	Label("loop")
	at := 0
	for ; at+32 <= bytes; at += 32 {
		r := YMM()
		VMOVUPS(Mem{Base: from, Disp: at}, r)
		VMOVUPS(r, Mem{Base: to, Disp: at})
	}
	if at+16 <= bytes {
		r := XMM()
		VMOVUPS(Mem{Base: from, Disp: at}, r)
		VMOVUPS(r, Mem{Base: to, Disp: at})
		at += 16
	}
	if at+8 <= bytes {
		r := GP64()
		MOVQ(Mem{Base: from, Disp: at}, r)
		MOVQ(r, Mem{Base: to, Disp: at})
	}
	ADDQ(U8(bytes), from)
	ADDQ(step, to)
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

// transpose8 writes the function that turns 8 rows of float32 into columns of a
// panel.
func transpose8() {
	TEXT("transpose8", NOSPLIT, "func(to, from *byte, count, row int)")
	Doc("transpose8 reads 8 rows of 8·count float32 that are row bytes apart and", "writes their columns, 8 values each, 64 bytes apart.")
	Pragma("noescape")
	to, from := Load(Param("to"), GP64()), Load(Param("from"), GP64())
	count, step := Load(Param("count"), GP64()), Load(Param("row"), GP64())
	TESTQ(count, count)
	JE(LabelRef("end"))
	Label("loop")
	at := GP64()
	MOVQ(from, at)
	var r, u [8]reg.VecVirtual
	for i := range r {
		r[i] = YMM()
		VMOVUPS(Mem{Base: at}, r[i])
		if i < 7 {
			ADDQ(step, at)
		}
	}
	for i := 0; i < 8; i += 2 {
		u[i], u[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], u[i])
		VUNPCKHPS(r[i+1], r[i], u[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 4 {
			r[i+j] = YMM()
			imm := U8(0x44) // the low pairs
			if j%2 == 1 {
				imm = 0xee
			}
			VSHUFPS(imm, u[i+2+j/2], u[i+j/2], r[i+j])
		}
	}
	for j := range 4 {
		low, high := YMM(), YMM()
		VPERM2F128(U8(0x20), r[4+j], r[j], low)
		VPERM2F128(U8(0x31), r[4+j], r[j], high)
		VMOVUPS(low, Mem{Base: to, Disp: 64 * j})
		VMOVUPS(high, Mem{Base: to, Disp: 64 * (4 + j)})
	}
	ADDQ(U8(32), from)
	ADDQ(U32(512), to)
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

// loop writes a loop over registers' width of arrays: each of them is moved on
// by 32 bytes a turn, count times.
func loop(count reg.GPVirtual, arrays []reg.GPVirtual, body func()) {
	TESTQ(count, count)
	JE(LabelRef("end"))
	Label("loop")
	body()
	for _, a := range arrays {
		ADDQ(U8(32), a)
	}
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

func pointers(names ...string) []reg.GPVirtual {
	out := make([]reg.GPVirtual, len(names))
	for i, n := range names {
		out[i] = Load(Param(n), GP64()).(reg.GPVirtual)
	}
	return out
}

// adam writes the update of Adam and AdamW.
func (e element) adam() {
	name := "adam" + e.name
	TEXT(name, NOSPLIT, "func(w, m, v, grad, constants *byte, count int)")
	Doc(name + " is Adam for count registers' width; the constants are those of AdamStep.")
	Pragma("noescape")
	p := pointers("w", "m", "v", "grad", "constants", "count")
	w, m, v, g, constants, count := p[0], p[1], p[2], p[3], p[4], p[5]
	var c [9]reg.VecVirtual
	for i := range c {
		c[i] = YMM()
		e.broadcast(Mem{Base: constants, Disp: i * e.size}, c[i])
	}
	b1, r1, b2, r2, eps, l2, keep, size, root := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
	loop(count, p[:4], func() {
		wr, gr, mr, vr, t := YMM(), YMM(), YMM(), YMM(), YMM()
		e.mul(Mem{Base: w}, keep, wr)
		e.move(Mem{Base: g}, gr)
		e.fma(wr, l2, gr)
		e.mul(Mem{Base: m}, b1, mr)
		e.fma(gr, r1, mr)
		e.move(mr, Mem{Base: m})
		e.mul(Mem{Base: v}, b2, vr)
		e.mul(gr, r2, t)
		e.fma(gr, t, vr)
		e.move(vr, Mem{Base: v})
		e.sqrt(vr, vr)
		e.mul(root, vr, vr)
		e.add(eps, vr, vr)
		e.mul(size, mr, mr)
		e.div(vr, mr, mr)
		e.sub(mr, wr, wr)
		e.move(wr, Mem{Base: w})
	})
}

// axpy writes y += alpha·x.
func (e element) axpy() {
	name := "axpy" + e.name
	TEXT(name, NOSPLIT, "func(y, x, alpha *byte, count int)")
	Doc(name + " adds alpha·x to y for count registers' width.")
	Pragma("noescape")
	p := pointers("y", "x", "alpha", "count")
	alpha := YMM()
	e.broadcast(Mem{Base: p[2]}, alpha)
	loop(p[3], p[:2], func() {
		r := YMM()
		e.move(Mem{Base: p[0]}, r)
		e.fma(Mem{Base: p[1]}, alpha, r)
		e.move(r, Mem{Base: p[0]})
	})
}

// positive writes the gradient of the positive part.
func (e element) positive() {
	name := "positive" + e.name
	TEXT(name, NOSPLIT, "func(to, y, grad *byte, count int)")
	Doc(name + " sets to to grad, but to 0 where y <= 0, for count registers' width.")
	Pragma("noescape")
	p := pointers("to", "y", "grad", "count")
	zero := YMM()
	e.xor(zero, zero, zero)
	loop(p[3], p[:3], func() {
		y, r := YMM(), YMM()
		e.move(Mem{Base: p[1]}, y)
		e.compare(U8(2), zero, y, y) // y <= 0
		e.move(Mem{Base: p[2]}, r)
		e.andNot(r, y, r)
		e.move(r, Mem{Base: p[0]})
	})
}

// binary writes an element-wise operation of two arrays.
func (e element) binary(op string, instruction func(...Op)) {
	name := op + e.name
	TEXT(name, NOSPLIT, "func(to, a, b *byte, count int)")
	Doc(name + " sets to to the " + op + " of a and b for count registers' width.")
	Pragma("noescape")
	p := pointers("to", "a", "b", "count")
	loop(p[3], p[:3], func() {
		r := YMM()
		e.move(Mem{Base: p[1]}, r)
		instruction(Mem{Base: p[2]}, r, r)
		e.move(r, Mem{Base: p[0]})
	})
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
	name := op + "Pixels" + e.name
	TEXT(name, NOSPLIT, "func(p *byte)")
	Pragma("noescape")
	t := Load(Param("p"), GP64())
	arrays := map[string]int{"max": 2, "add": 2, "mulAdd": 3, "route": 5}[op]
	var at [5]reg.GPVirtual
	for i := range arrays {
		at[i] = GP64()
		MOVQ(Mem{Base: t, Disp: pixelsAt + 8*i}, at[i])
	}
	count, end, offset := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: t, Disp: pixelsCount}, count)
	MOVQ(Mem{Base: t, Disp: pixelsWidth}, end)
	Label("pixel")
	XORQ(offset, offset)
	Label("channels")
	array := func(i int) Mem { return Mem{Base: at[i], Index: offset, Scale: 1} }
	first, r := YMM(), YMM()
	e.move(array(0), first)
	e.move(array(1), r)
	switch op {
	case "max": // the maximum of NaN and anything is NaN
		nan := YMM()
		e.compare(U8(3), first, first, nan) // unordered
		e.max(r, first, r)
		e.or(nan, r, r)
	case "add":
		e.add(first, r, r)
	case "mulAdd":
		e.fma(array(2), r, first)
		r = first
	case "route": // to the first that is the maximum
		taken := YMM()
		e.move(array(4), taken)
		e.compare(U8(0), array(2), r, r) // equal
		e.andNot(r, taken, r)
		e.or(r, taken, taken)
		e.move(taken, array(4))
		e.and(array(3), r, r)
		e.add(first, r, r)
	}
	e.move(r, array(0))
	ADDQ(U8(32), offset)
	CMPQ(offset, end)
	JLT(LabelRef("channels"))
	for i := range arrays {
		ADDQ(Mem{Base: t, Disp: pixelsStep + 8*i}, at[i])
	}
	DECQ(count)
	JNE(LabelRef("pixel"))
	VZEROUPPER()
	RET()
}

// sumSquares writes a sum in double precision, in 8 parts.
func sumSquares() {
	TEXT("sumSquares32", NOSPLIT, "func(x *byte, count int) float64")
	Doc("sumSquares32 returns the sum of the squares of 8·count float32.")
	Pragma("noescape")
	p := pointers("x", "count")
	low, high := YMM(), YMM()
	VXORPD(low, low, low)
	VXORPD(high, high, high)
	TESTQ(p[1], p[1])
	JE(LabelRef("end"))
	Label("loop")
	a, b := YMM(), YMM()
	VCVTPS2PD(Mem{Base: p[0]}, a)
	VCVTPS2PD(Mem{Base: p[0], Disp: 16}, b)
	VFMADD231PD(a, a, low)
	VFMADD231PD(b, b, high)
	ADDQ(U8(32), p[0])
	DECQ(p[1])
	JNE(LabelRef("loop"))
	Label("end")
	VADDPD(high, low, low)
	upper := XMM()
	VEXTRACTF128(U8(1), low, upper)
	VADDPD(upper, low.AsX(), upper)
	sum := XMM()
	VHADDPD(upper, upper, sum)
	Store(sum, ReturnIndex(0))
	VZEROUPPER()
	RET()
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
