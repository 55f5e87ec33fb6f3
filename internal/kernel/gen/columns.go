package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.columns by their offsets.
const (
	columnsTo = 8 * iota
	columnsX
	columnsGrad
	columnsMean
	columnsA
	columnsB
	columnsC
	columnsRows
	columnsRow   // bytes from row to row
	columnsCount // registers' width of columns
)

// columns writes a function that goes down the rows of matrices column by column,
// a register's width at a time. The arrays at, fields of the argument, have one row
// each, the others all rows. begin is given the places in the arrays at, body those in
// the others, for each row, end the first again.
func (e element) columns(name, doc string, rows, at []int, begin func(at []Mem), body func(rows []Mem), end func(at []Mem)) {
	define(name, e, doc, "It goes down count registers' width of columns; rows are row bytes apart.")
	k := newRecord("k")
	row := k.get(columnsRow)
	base := make([]reg.GPVirtual, len(rows))
	for i, r := range rows {
		base[i] = k.get(r)
	}
	count, left := k.get(columnsCount), GP64()
	offset := GP64()
	XORQ(offset, offset)
	ones := func() []Mem {
		var m []Mem
		for _, a := range at {
			m = append(m, Mem{Base: k.get(a), Index: offset, Scale: 1})
		}
		return m
	}
	Label("column")
	begin(ones())
	var places []Mem
	var moved []reg.GPVirtual
	for _, b := range base {
		p := GP64()
		LEAQ(Mem{Base: b, Index: offset, Scale: 1}, p)
		places, moved = append(places, Mem{Base: p}), append(moved, p)
	}
	MOVQ(k.field(columnsRows), left)
	Label("row")
	body(places)
	for _, p := range moved {
		ADDQ(row, p)
	}
	DECQ(left)
	JNE(LabelRef("row"))
	end(ones())
	ADDQ(U8(set.bytes), offset)
	DECQ(count)
	JNE(LabelRef("column"))
	VZEROUPPER()
	RET()
}

// normalization writes what a normalisation over rows needs.
func (e element) normalization() {
	get := func(m Mem, r vec) { e.move(m, r) }
	mean, sum, a, b, c := set.reg(), set.reg(), set.reg(), set.reg(), set.reg()
	centred := func(x Mem) vec {
		d := set.reg()
		e.move(x, d)
		e.sub(mean, d, d)
		return d
	}
	zero := func(at []Mem) {
		get(at[0], mean)
		e.xor(sum, sum, sum)
	}
	store := func(at []Mem) { e.move(sum, at[1]) }
	e.columns("squareRows", "sets to to Σ (x − mean)².", []int{columnsX}, []int{columnsMean, columnsTo}, zero, func(r []Mem) {
		d := centred(r[0])
		e.fma(d, d, sum)
	}, store)
	e.columns("dotRows", "sets to to Σ grad·(x − mean).", []int{columnsX, columnsGrad}, []int{columnsMean, columnsTo}, zero, func(r []Mem) {
		d := centred(r[0])
		e.fma(r[1], d, sum)
	}, store)
	e.columns("normalizeRows", "sets to to (x − mean)·a + b.", []int{columnsTo, columnsX}, []int{columnsMean, columnsA, columnsB}, func(at []Mem) {
		get(at[0], mean)
		get(at[1], a)
		get(at[2], b)
	}, func(r []Mem) {
		d, y := centred(r[1]), set.reg()
		e.move(b, y)
		e.fma(d, a, y)
		e.move(y, r[0])
	}, func([]Mem) {})
	e.columns("blendRows", "sets to to grad·a + (x − mean)·b + c.", []int{columnsTo, columnsX, columnsGrad}, []int{columnsMean, columnsA, columnsB, columnsC}, func(at []Mem) {
		get(at[0], mean)
		get(at[1], a)
		get(at[2], b)
		get(at[3], c)
	}, func(r []Mem) {
		d, y := centred(r[1]), set.reg()
		e.move(c, y)
		e.fma(r[2], a, y)
		e.fma(d, b, y)
		e.move(y, r[0])
	}, func([]Mem) {})
}

// axpb writes alpha·x + beta.
func (e element) axpb() {
	define("axpb", e, "sets to to alpha·x + beta for count registers' width.")
	p := pointers("to", "x", "alpha", "beta", "count")
	alpha, beta := set.reg(), set.reg()
	e.broadcast(Mem{Base: p[2]}, alpha)
	e.broadcast(Mem{Base: p[3]}, beta)
	loop(p[4], p[:2], func() {
		r := set.reg()
		e.mul(Mem{Base: p[1]}, alpha, r)
		e.add(beta, r, r)
		e.move(r, Mem{Base: p[0]})
	})
}
