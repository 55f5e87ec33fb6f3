package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.softRows by their offsets.
const (
	softX = 8 * iota
	softPeaks
	softSums
	softRescales
	softRows
	softRow // bytes of a row: pairs of registers
	softScale
)

// The fields of kernel.softGrads by their offsets.
const (
	softGradX = 8 * iota
	softGradD
	softGradLse
	softGradDeltas
	softGradRows
	softGradRow // bytes of a row: pairs of registers
	softGradScale
	softGradFactor
)

// across folds the elements of a register into one, the lowest of the result.
func across(x vec, fold func(...Op)) reg.VecVirtual {
	if avx512() {
		half := YMM()
		VEXTRACTF64X4(U8(1), x, half)
		fold(half, x.AsY(), half)
		x = half
	}
	upper := XMM()
	VEXTRACTF128(U8(1), x.AsY(), upper)
	fold(upper, x.AsX(), upper)
	for _, order := range []uint64{0x4e, 0xb1} {
		other := XMM()
		VPERMILPS(Imm(order), upper, other)
		fold(other, upper, upper)
	}
	return upper
}

// everywhere returns a register with one element in all places.
func everywhere(from Op) vec {
	r := set.reg()
	VBROADCASTSS(from, r)
	return r
}

// timesMinus returns a·b − c.
func timesMinus(a, b, c vec) vec {
	r := same(c)
	VFMSUB231PS(b, a, r)
	return r
}

// pairs writes a loop over a row, two registers at a time; offset counts its bytes.
func pairs(label string, bytes, offset reg.GPVirtual, body func(part, disp int)) {
	XORQ(offset, offset)
	align()
	Label(label)
	for i := range 2 {
		body(i, i*set.bytes)
	}
	ADDQ(U8(2*set.bytes), offset)
	CMPQ(offset, bytes)
	JLT(LabelRef(label))
}

// softmax writes what an attention does to rows of scores.
func softmax() {
	define("softRows", single, "puts exponentials of scaled scores in their place, less the running", "maximum of a row, and brings the maximum and the sum up to date.")
	c := newRecord("s")
	x, peaks, sums, rescales := c.get(softX), c.get(softPeaks), c.get(softSums), c.get(softRescales)
	rows, bytes, offset := c.get(softRows), c.get(softRow), GP64()
	scale := everywhere(c.field(softScale))
	at := func(disp int) Mem { return Mem{Base: x, Index: offset, Scale: 1, Disp: disp} }
	Label("row")
	var most [2]vec
	XORQ(offset, offset)
	for i := range most {
		most[i] = load(at(i * set.bytes))
	}
	pairs("peak", bytes, offset, func(i, disp int) { VMAXPS(at(disp), most[i], most[i]) })
	VMAXPS(most[1], most[0], most[0])
	top := across(most[0], VMAXPS)
	VMULSS(scale.AsX(), top, top)
	before := XMM()
	VMOVSS(Mem{Base: peaks}, before)
	VMAXSS(before, top, top)
	VMOVSS(top, Mem{Base: peaks})
	VSUBSS(top, before, before)
	rescale := exponentialBelow(everywhere(before))
	VMOVSS(rescale.AsX(), Mem{Base: rescales})
	peak := everywhere(top)
	total := [2]vec{set.reg(), set.reg()}
	for _, t := range total {
		VXORPS(t, t, t)
	}
	pairs("exponential", bytes, offset, func(i, disp int) {
		y := exponentialBelow(timesMinus(load(at(disp)), scale, peak))
		VADDPS(y, total[i], total[i])
		VMOVUPS(y, at(disp))
	})
	VADDPS(total[1], total[0], total[0])
	sum, old := across(total[0], VADDPS), XMM()
	VMOVSS(Mem{Base: sums}, old)
	VFMADD231SS(rescale.AsX(), old, sum)
	VMOVSS(sum, Mem{Base: sums})
	ADDQ(bytes, x)
	for _, p := range []reg.GPVirtual{peaks, sums, rescales} {
		ADDQ(U8(4), p)
	}
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// softmaxGrads writes the gradients of rows of scores.
func softmaxGrads() {
	define("softGrads", single, "puts probabilities in the place of scores, and the gradients of these in", "that of the gradients of probabilities.")
	c := newRecord("s")
	x, d, lse, deltas := c.get(softGradX), c.get(softGradD), c.get(softGradLse), c.get(softGradDeltas)
	rows, bytes, offset := c.get(softGradRows), c.get(softGradRow), GP64()
	scale, factor := everywhere(c.field(softGradScale)), everywhere(c.field(softGradFactor))
	Label("row")
	shift, delta := everywhere(Mem{Base: lse}), everywhere(Mem{Base: deltas})
	pairs("pair", bytes, offset, func(_, disp int) {
		at := func(base reg.GPVirtual) Mem { return Mem{Base: base, Index: offset, Scale: 1, Disp: disp} }
		p := exponentialBelow(timesMinus(load(at(x)), scale, shift))
		VMOVUPS(p, at(x))
		VMOVUPS(times(times(p, factor), minus(load(at(d)), delta)), at(d))
	})
	ADDQ(bytes, x)
	ADDQ(bytes, d)
	ADDQ(U8(4), lse)
	ADDQ(U8(4), deltas)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
