package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.cell by their offsets.
const (
	cellGates  = 8 * iota // i, f, g, o, one behind the other
	cellGrads             // of their arguments
	cellBefore            // c of the step before
	cellC
	cellTanh // of c
	cellH
	cellNext  // where the next step finds h
	cellDh    // the gradient of h
	cellDc    // the gradient of c that later steps give; becomes that of c before
	cellWidth // bytes from gate to gate
	cellEnd   // bytes of whole registers
)

// cellRow begins a loop over the units of one row of a batch. It returns the
// places of gates, of their gradients and of other fields, and what ends the loop.
func cellRow(fields ...int) (gate, grad, field func(int) Mem, end func()) {
	c := Load(Param("c"), GP64())
	load := func(at int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: c, Disp: at}, r)
		return r
	}
	var gates [4]reg.GPVirtual
	gates[0] = load(cellGates)
	for i := 1; i < 4; i++ {
		gates[i] = GP64()
		MOVQ(gates[i-1], gates[i])
		ADDQ(Mem{Base: c, Disp: cellWidth}, gates[i])
	}
	places := map[int]reg.GPVirtual{}
	var delta reg.GPVirtual
	for _, f := range fields {
		if f == cellGrads {
			delta = load(cellGrads)
			SUBQ(gates[0], delta)
			continue
		}
		places[f] = load(f)
	}
	last, offset := load(cellEnd), GP64()
	XORQ(offset, offset)
	Label("loop")
	gate = func(i int) Mem { return Mem{Base: gates[i], Index: offset, Scale: 1} }
	grad = func(i int) Mem { return Mem{Base: gates[i], Index: delta, Scale: 1} }
	field = func(f int) Mem { return Mem{Base: places[f], Index: offset, Scale: 1} }
	end = func() {
		ADDQ(U8(set.bytes), offset)
		if delta != nil {
			ADDQ(U8(set.bytes), delta)
		}
		CMPQ(offset, last)
		JLT(LabelRef("loop"))
		VZEROUPPER()
		RET()
	}
	return gate, grad, field, end
}

// lstm writes the cell of an LSTM for one row of a batch.
func lstm() {
	name := function("lstmCell", single)
	TEXT(name, NOSPLIT, "func(c *byte)")
	Doc(name + " applies the gates' functions, and sets c to f·c' + i·g and h to o·tanh c.")
	Pragma("noescape")
	gate, _, field, end := cellRow(cellBefore, cellC, cellTanh, cellH, cellNext)
	applied := func(at Mem, f func(reg.VecVirtual) reg.VecVirtual) reg.VecVirtual {
		x := set.reg()
		VMOVUPS(at, x)
		y := f(x)
		VMOVUPS(y, at)
		return y
	}
	c := set.reg()
	VMULPS(field(cellBefore), applied(gate(1), sigmoid), c)
	i := applied(gate(0), sigmoid)
	VFMADD231PS(applied(gate(2), tanh), i, c)
	VMOVUPS(c, field(cellC))
	t := tanh(c)
	VMOVUPS(t, field(cellTanh))
	VMULPS(applied(gate(3), sigmoid), t, t)
	VMOVUPS(t, field(cellH))
	VMOVUPS(t, field(cellNext))
	end()

	name = function("lstmGrad", single)
	TEXT(name, NOSPLIT, "func(c *byte)")
	Doc(name + " computes the gradients of the gates' arguments and of c'.")
	Pragma("noescape")
	gate, grad, field, end := cellRow(cellGrads, cellBefore, cellTanh, cellDh, cellDc)
	load := func(at Mem) reg.VecVirtual {
		r := set.reg()
		VMOVUPS(at, r)
		return r
	}
	product := func(at Mem, x reg.VecVirtual) reg.VecVirtual {
		r := set.reg()
		VMULPS(at, x, r)
		return r
	}
	one := load(number(1))
	slope := func(s reg.VecVirtual) reg.VecVirtual { // s(1 − s)
		r := set.reg()
		VSUBPS(s, one, r)
		VMULPS(s, r, r)
		return r
	}
	rest := func(t reg.VecVirtual) reg.VecVirtual { // 1 − t²
		r := set.reg()
		VMOVAPS(one, r)
		VFNMADD231PS(t, t, r)
		return r
	}
	dh, t, o := load(field(cellDh)), load(field(cellTanh)), load(gate(3))
	dc := rest(t)
	VMULPS(o, dc, dc)
	VMULPS(dh, dc, dc)
	VADDPS(field(cellDc), dc, dc)
	do := slope(o)
	VMULPS(t, do, do)
	VMULPS(dh, do, do)
	VMOVUPS(do, grad(3))
	in, f, g := load(gate(0)), load(gate(1)), load(gate(2))
	di := product(gate(2), slope(in))
	VMULPS(dc, di, di)
	VMOVUPS(di, grad(0))
	df := product(field(cellBefore), slope(f))
	VMULPS(dc, df, df)
	VMOVUPS(df, grad(1))
	dg := product(gate(0), rest(g))
	VMULPS(dc, dg, dg)
	VMOVUPS(dg, grad(2))
	VMULPS(f, dc, dc)
	VMOVUPS(dc, field(cellDc))
	end()
}
