package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.cell by their offsets.
const (
	cellGates  = 8 * iota // one behind the other
	cellGrads             // of their arguments
	cellBefore            // c of the step before; h of the step before, of a GRU
	cellC
	cellTanh // of c
	cellQ    // h'·U of a GRU's n
	cellH
	cellNext  // where the next step finds h
	cellDh    // the gradient of h; becomes that part of a GRU's gradient of h' which does not pass through the products
	cellDc    // the gradient of c that later steps give; becomes that of c before
	cellWidth // bytes from gate to gate
	cellEnd   // bytes of whole registers
	cellRest  // elements behind them
)

// units are those of one row of a batch that a register has at a time.
type units struct {
	gates  [4]reg.GPVirtual
	fields map[int]reg.GPVirtual
	offset reg.GPVirtual
	grads  reg.GPVirtual // offset of the gates' gradients from the gates
	rest   *mask         // of a register that is not full
}

// cellFunction writes a function that passes over the units of one row of a batch,
// once for each body; one with cellGrads has one body.
func cellFunction(name, what string, fields []int, bodies ...func(u units)) {
	define(name, single, what)
	c := newRecord("c")
	u := units{fields: map[int]reg.GPVirtual{}, offset: GP64()}
	u.gates[0] = c.get(cellGates)
	for i := 1; i < len(u.gates); i++ {
		u.gates[i] = GP64()
		MOVQ(u.gates[i-1], u.gates[i])
		ADDQ(c.field(cellWidth), u.gates[i])
	}
	if slices.Contains(fields, cellGrads) {
		u.grads = c.get(cellGrads)
		SUBQ(u.gates[0], u.grads)
	}
	for _, f := range fields {
		if f != cellGrads {
			u.fields[f] = c.get(f)
		}
	}
	last, left := c.get(cellEnd), c.get(cellRest)
	for i, body := range bodies {
		label := func(name string) string { return fmt.Sprint(name, i) }
		XORQ(u.offset, u.offset)
		TESTQ(last, last)
		JE(LabelRef(label("rest")))
		Label(label("loop"))
		body(u)
		ADDQ(U8(set.bytes), u.offset)
		if u.grads != nil {
			ADDQ(U8(set.bytes), u.grads)
		}
		CMPQ(u.offset, last)
		JLT(LabelRef(label("loop")))
		Label(label("rest"))
		TESTQ(left, left)
		JE(LabelRef(label("end")))
		part := u
		n := GP64()
		MOVQ(left, n)
		m := newMask(n)
		part.rest = &m
		body(part)
		Label(label("end"))
	}
	VZEROUPPER()
	RET()
}

func (u units) load(m Mem) vec     { return single.someOf(m, u.rest) }
func (u units) store(x vec, m Mem) { single.storeSome(x, m, u.rest) }

func (u units) gateAt(i int) Mem  { return Mem{Base: u.gates[i], Index: u.offset, Scale: 1} }
func (u units) fieldAt(f int) Mem { return Mem{Base: u.fields[f], Index: u.offset, Scale: 1} }

func (u units) gate(i int) vec        { return u.load(u.gateAt(i)) }
func (u units) field(f int) vec       { return u.load(u.fieldAt(f)) }
func (u units) setField(f int, x vec) { u.store(x, u.fieldAt(f)) }
func (u units) setGrad(gate int, x vec) {
	u.store(x, Mem{Base: u.gates[gate], Index: u.grads, Scale: 1})
}

// apply puts a function of a gate's argument in its place.
func (u units) apply(gate int, f func(vec) vec) vec {
	y := f(u.gate(gate))
	u.store(y, u.gateAt(gate))
	return y
}

// curve returns s(1 − s), the slope of a sigmoid.
func curve(s vec) vec { return times(minus(load(number(1)), s), s) }

// rest returns 1 − t², the slope of tanh.
func rest(t vec) vec { return minusTimes(load(number(1)), t, t) }

// product multiplies from the left to the right.
func product(x ...vec) vec {
	p := x[0]
	for _, v := range x[1:] {
		p = times(p, v)
	}
	return p
}

// lstm writes the cell of an LSTM, whose gates are i, f, g, o.
func lstm() {
	cellFunction("lstmCell", "applies the gates' functions, and sets c to f·c' + i·g and h to o·tanh c.",
		[]int{cellBefore, cellC, cellTanh, cellH, cellNext}, func(u units) {
			f := u.apply(1, sigmoid)
			c := times(f, u.field(cellBefore))
			i := u.apply(0, sigmoid)
			u.setField(cellC, timesPlus(u.apply(2, tanh), i, c))
			u.apply(3, sigmoid)
		}, func(u units) { // what waits for c would keep the units that follow waiting
			t := tanh(u.field(cellC))
			u.setField(cellTanh, t)
			h := times(u.gate(3), t)
			u.setField(cellH, h)
			u.setField(cellNext, h)
		})
	cellFunction("lstmGrad", "computes the gradients of the gates' arguments and of c'.",
		[]int{cellGrads, cellBefore, cellTanh, cellDh, cellDc}, func(u units) {
			dh, t, o := u.field(cellDh), u.field(cellTanh), u.gate(3)
			dc := plus(product(rest(t), o, dh), u.field(cellDc))
			u.setGrad(3, product(curve(o), t, dh))
			i, f, g := u.gate(0), u.gate(1), u.gate(2)
			u.setGrad(0, product(curve(i), g, dc))
			u.setGrad(1, product(curve(f), u.field(cellBefore), dc))
			u.setGrad(2, product(rest(g), i, dc))
			u.setField(cellDc, times(dc, f))
		})
}

// gru writes the cell of a GRU, whose gates are r, z, n, and whose gradients those
// of r, z, q, n.
func gru() {
	cellFunction("gruCell", "applies the gates' functions, n = tanh(n + r·q), and sets h to (1 − z)·n + z·h'.",
		[]int{cellBefore, cellQ, cellH, cellNext}, func(u units) {
			n := timesPlus(u.apply(0, sigmoid), u.field(cellQ), u.gate(2))
			n = tanh(n)
			u.store(n, u.gateAt(2))
			z := u.apply(1, sigmoid)
			h := timesPlus(minus(u.field(cellBefore), n), z, n)
			u.setField(cellH, h)
			u.setField(cellNext, h)
		})
	cellFunction("gruGrad", "computes the gradients of the gates' arguments and of q.",
		[]int{cellGrads, cellBefore, cellQ, cellDh}, func(u units) {
			dh, z, n, r := u.field(cellDh), u.gate(1), u.gate(2), u.gate(0)
			dn := product(minus(load(number(1)), z), rest(n), dh)
			u.setGrad(3, dn)
			u.setGrad(2, times(dn, r))
			u.setGrad(1, product(curve(z), minus(u.field(cellBefore), n), dh))
			u.setGrad(0, product(curve(r), u.field(cellQ), dn))
			u.setField(cellDh, times(dh, z))
		})
}
