package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// scatter writes the function that copies pieces that are row bytes apart to
// places that are step bytes apart.
func scatter(bytes int) {
	name := scatterName(set, bytes)
	TEXT(name, NOSPLIT, "func(to, from *byte, count, row, step int)")
	Doc(fmt.Sprintf("%s copies count pieces of %d bytes, row bytes apart, to places step bytes apart.", name, bytes))
	Pragma("noescape")
	to, from := Load(Param("to"), GP64()), Load(Param("from"), GP64())
	count, row, step := Load(Param("count"), GP64()), Load(Param("row"), GP64()), Load(Param("step"), GP64())
	TESTQ(count, count)
	JE(LabelRef("end"))
	Label("loop")
	at := 0
	for _, r := range []struct {
		bytes int
		reg   func() reg.VecVirtual
	}{{set.bytes, set.reg}, {32, YMM}, {16, XMM}} {
		for ; at+r.bytes <= bytes; at += r.bytes {
			v := r.reg()
			VMOVUPS(Mem{Base: from, Disp: at}, v)
			VMOVUPS(v, Mem{Base: to, Disp: at})
		}
	}
	if at+8 <= bytes {
		r := GP64()
		MOVQ(Mem{Base: from, Disp: at}, r)
		MOVQ(r, Mem{Base: to, Disp: at})
	}
	ADDQ(row, from)
	ADDQ(step, to)
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

func scatterName(s isa, bytes int) string { return fmt.Sprint("scatter", s.mark, bytes) }

// prefetch writes the function that prefetches memory.
func prefetch() {
	TEXT("prefetchLines", NOSPLIT, "func(from *byte, lines int)")
	Doc("prefetchLines prefetches cache lines, at least one, from an address on.")
	Pragma("noescape")
	from, lines := Load(Param("from"), GP64()), Load(Param("lines"), GP64())
	Label("loop")
	PREFETCHT0(Mem{Base: from})
	ADDQ(U8(64), from)
	DECQ(lines)
	JNE(LabelRef("loop"))
	RET()
}

// transpose8 writes the function that turns 8 rows of float32 into columns of a
// panel.
func transpose8() {
	TEXT("transpose8", NOSPLIT, "func(to, from *byte, count, row, step int)")
	Doc("transpose8 reads 8 rows of 8·count float32 that are row bytes apart and", "writes their columns, 8 values each, step bytes apart.")
	Pragma("noescape")
	to, from := Load(Param("to"), GP64()), Load(Param("from"), GP64())
	count, row, step := Load(Param("count"), GP64()), Load(Param("row"), GP64()), Load(Param("step"), GP64())
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
			ADDQ(row, at)
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
	for half := range 2 {
		for j := range 4 {
			column := YMM()
			VPERM2F128(U8(0x20+0x11*half), r[4+j], r[j], column)
			VMOVUPS(column, Mem{Base: to})
			ADDQ(step, to)
		}
	}
	ADDQ(U8(32), from)
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}
