package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// quads returns the place of a register's width of a 64-bit number.
func quads(name string, v func(i int) uint64) Mem {
	m := GLOBL(name+set.mark, attr.RODATA|attr.NOPTR)
	for i := range set.bytes / 8 {
		DATA(8*i, U64(v(i)))
	}
	return m
}

// dropout writes what keeps elements whose number of SplitMix64's stream is not
// below a limit.
func dropout() {
	golden := uint64(0x9e3779b97f4a7c15)
	each := func(v uint64) func(int) uint64 { return func(int) uint64 { return v } }
	lanes := set.bytes / 8
	steps := quads("lanesOfGolden", func(i int) uint64 { return uint64(i+1) * golden })
	step := quads("stepOfGolden", each(uint64(lanes)*golden))
	first, second := quads("firstOfMix", each(0xbf58476d1ce4e5b9)), quads("secondOfMix", each(0x94d049bb133111eb))

	define("dropout", single, "sets n elements of to to those of x times keep, or to 0 where the", "number of the stream is below the limit.")
	p := pointers("to", "x", "n")
	n := p[2]
	one, keep := XMM(), set.reg()
	Load(Param("keep"), one)
	VBROADCASTSS(one, keep)
	quad := func(param string) vec {
		r, x, v := GP64(), XMM(), set.reg()
		Load(Param(param), r)
		MOVQ(r, x)
		VPBROADCASTQ(x, v)
		return v
	}
	limit, at := quad("limit"), quad("stream")
	VPADDQ(steps, at, at)
	sign := set.reg()
	if !avx512() { // comparisons are of signed numbers
		ones := set.reg()
		VPCMPEQQ(ones, ones, ones)
		VPSLLQ(U8(63), ones, sign)
		VPXOR(sign, limit, limit)
	}

	// numbers returns the next numbers of the stream.
	numbers := func() vec {
		z := same(at)
		VPADDQ(step, at, at)
		z = times64(folded(z, 30), first)
		z = times64(folded(z, 27), second)
		return folded(z, 31)
	}
	// kept returns which of as many elements as a register has are kept.
	kept := func() mask {
		a, b := numbers(), numbers()
		if avx512() {
			low, high := K(), K()
			VPCMPUQ(U8(5), limit, a, low) // not less
			VPCMPUQ(U8(5), limit, b, high)
			KUNPCKBW(low, high, low)
			return mask{k: low}
		}
		for _, v := range []vec{a, b} {
			VPXOR(sign, v, v)
			VPCMPGTQ(v, limit, v) // limit > v: dropped
		}
		both := set.reg()
		VSHUFPS(U8(0x88), b, a, both)
		VPERMQ(U8(0xd8), both, both)
		return mask{v: both}
	}
	scaled := func(x vec, m mask) vec {
		r := set.reg()
		if avx512() {
			VMULPS_Z(x, keep, m.k, r)
		} else {
			VMULPS(x, keep, r)
			VANDNPS(r, m.v, r)
		}
		return r
	}
	elements := set.bytes / 4
	SUBQ(U8(elements), n)
	JL(LabelRef("rest"))
	Label("loop")
	VMOVUPS(scaled(load(Mem{Base: p[1]}), kept()), Mem{Base: p[0]})
	ADDQ(U8(set.bytes), p[0])
	ADDQ(U8(set.bytes), p[1])
	SUBQ(U8(elements), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(U8(elements), n)
	JE(LabelRef("end"))
	m := newMask(n)
	m.store(scaled(m.load(Mem{Base: p[1]}), kept()), Mem{Base: p[0]})
	Label("end")
	VZEROUPPER()
	RET()
}

// folded returns z ^ z>>by.
func folded(z vec, by int) vec {
	r := set.reg()
	VPSRLQ(U8(by), z, r)
	if avx512() {
		VPXORQ(z, r, r)
	} else {
		VPXOR(z, r, r)
	}
	return r
}

// times64 returns the low halves of products of 64-bit numbers.
func times64(z vec, by Mem) vec {
	r := set.reg()
	if avx512() {
		VPMULLQ(by, z, r)
		return r
	}
	c := load(by)
	high, cross := set.reg(), set.reg()
	VPSRLQ(U8(32), z, high)
	VPMULUDQ(c, high, high)
	VPSRLQ(U8(32), c, cross)
	VPMULUDQ(cross, z, cross)
	VPADDQ(high, cross, cross)
	VPSLLQ(U8(32), cross, cross)
	VPMULUDQ(c, z, r)
	VPADDQ(cross, r, r)
	return r
}
