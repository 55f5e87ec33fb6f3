package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.turning by their offsets.
const (
	turnX = 8 * iota
	turnY
	turnCos
	turnSin
	turnHeads
	turnHead // bytes of a head
	turnHalf // bytes between the elements of a pair
	turnEnd  // bytes of whole registers
	turnRest // pairs behind them
)

// turn writes the rotation of pairs of elements of heads.
func turn() {
	define("turn", single, "turns pairs of the elements of heads by angles whose cosines and sines", "are given.")
	c := newRecord("r")
	x, y, cos, sin := c.get(turnX), c.get(turnY), c.get(turnCos), c.get(turnSin)
	half, end, left, heads := c.get(turnHalf), c.get(turnEnd), c.get(turnRest), c.get(turnHeads)
	offset := GP64()
	body := func(m *mask) {
		at := func(base reg.GPVirtual) Mem { return Mem{Base: base, Index: offset, Scale: 1} }
		k, s := single.someOf(at(cos), m), single.someOf(at(sin), m)
		a := single.someOf(at(x), m)
		ADDQ(half, x)
		b := single.someOf(at(x), m)
		SUBQ(half, x)
		single.storeSome(minus(times(a, k), times(b, s)), at(y), m)
		ADDQ(half, y)
		single.storeSome(plus(times(b, k), times(a, s)), at(y), m)
		SUBQ(half, y)
	}
	Label("head")
	XORQ(offset, offset)
	TESTQ(end, end)
	JE(LabelRef("rest"))
	Label("loop")
	body(nil)
	ADDQ(U8(set.bytes), offset)
	CMPQ(offset, end)
	JLT(LabelRef("loop"))
	Label("rest")
	TESTQ(left, left)
	JE(LabelRef("next"))
	n := GP64()
	MOVQ(left, n)
	m := newMask(n)
	body(&m)
	Label("next")
	ADDQ(c.field(turnHead), x)
	ADDQ(c.field(turnHead), y)
	DECQ(heads)
	JNE(LabelRef("head"))
	VZEROUPPER()
	RET()
}
