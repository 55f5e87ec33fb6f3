package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// updates writes the steps of the optimizers, each in one pass over parameter,
// gradient and state.
func (e element) updates() {
	e.adam()
	e.descent()
	e.momentum()
	e.root(false)
	e.root(true)
	e.lion()
	e.rank()
}

// adam writes the update of Adam, AdamW and NAdam.
func (e element) adam() {
	define("adam", e, "is Adam for count registers' width; the constants are those of AdamStep.")
	p := pointers("w", "m", "v", "grad", "constants", "count")
	w, m, v, g, constants, count := p[0], p[1], p[2], p[3], p[4], p[5]
	c := e.constants("AdamStep", constants)
	b1, r1, b2, r2, eps, l2, keep, size, direct, root := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]
	loop(count, p[:4], func() {
		wr, gr, mr, vr, t := set.reg(), set.reg(), set.reg(), set.reg(), set.reg()
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
		e.fma(gr, direct, mr)
		e.div(vr, mr, mr)
		e.sub(mr, wr, wr)
		e.move(wr, Mem{Base: w})
	})
}

// descent writes the update of gradient descent with weight decay.
func (e element) descent() {
	define("descent", e, "is gradient descent with weight decay for count registers' width; the", "constants are those of DescentStep.")
	p := pointers("w", "grad", "constants", "count")
	c := e.constants("DescentStep", p[2])
	loop(p[3], p[:2], func() {
		wr, gr := set.reg(), set.reg()
		e.mul(Mem{Base: p[0]}, c[0], wr)
		e.mul(Mem{Base: p[1]}, c[1], gr)
		e.sub(gr, wr, wr)
		e.move(wr, Mem{Base: p[0]})
	})
}

// momentum writes the update of gradient descent with momentum.
func (e element) momentum() {
	define("momentum", e, "is gradient descent with momentum for count registers' width; the", "constants are those of MomentumStep.")
	p := pointers("w", "v", "grad", "constants", "count")
	w, v, g, constants, count := p[0], p[1], p[2], p[3], p[4]
	c := e.constants("MomentumStep", constants)
	mu, decay, rate, byG, byV := c[0], c[1], c[2], c[3], c[4]
	loop(count, p[:3], func() {
		wr, gr, d := set.reg(), set.reg(), set.reg()
		e.move(Mem{Base: w}, wr)
		e.move(Mem{Base: g}, gr)
		e.fma(wr, decay, gr)
		e.move(gr, d)
		e.fma(Mem{Base: v}, mu, gr)
		e.move(gr, Mem{Base: v})
		e.mul(byG, d, d)
		e.fma(gr, byV, d)
		e.mul(rate, d, d)
		e.sub(d, wr, wr)
		e.move(wr, Mem{Base: w})
	})
}

// root writes the update of RMSprop and Adagrad, and that with a velocity.
func (e element) root(withVelocity bool) {
	op, args := "root", []string{"w", "v", "grad"}
	if withVelocity {
		op, args = "rootMomentum", append(args, "velocity")
	}
	define(op, e, "divides the gradient by a root for count registers' width; the", "constants are those of RootStep.")
	p := pointers(append(args, "constants", "count")...)
	arrays, constants, count := p[:len(args)], p[len(args)], p[len(args)+1]
	c := e.constants("RootStep", constants)
	l2, keep, rest, eps, rate, mu := c[0], c[1], c[2], c[3], c[4], c[5]
	loop(count, arrays, func() {
		wr, gr, vr, t := set.reg(), set.reg(), set.reg(), set.reg()
		e.move(Mem{Base: arrays[0]}, wr)
		e.move(Mem{Base: arrays[2]}, gr)
		e.fma(wr, l2, gr)
		e.mul(Mem{Base: arrays[1]}, keep, vr)
		e.mul(gr, rest, t)
		e.fma(gr, t, vr)
		e.move(vr, Mem{Base: arrays[1]})
		e.sqrt(vr, vr)
		e.add(eps, vr, vr)
		e.div(vr, gr, gr)
		if withVelocity {
			e.fma(Mem{Base: arrays[3]}, mu, gr)
			e.move(gr, Mem{Base: arrays[3]})
		}
		e.mul(rate, gr, gr)
		e.sub(gr, wr, wr)
		e.move(wr, Mem{Base: arrays[0]})
	})
}

// lion writes the update of Lion.
func (e element) lion() {
	define("lion", e, "is Lion for count registers' width; the constants are those of LionStep.")
	p := pointers("w", "m", "grad", "constants", "count")
	w, m, g, constants, count := p[0], p[1], p[2], p[3], p[4]
	c := e.constants("LionStep", constants)
	b1, r1, b2, r2, keep, rate := c[0], c[1], c[2], c[3], c[4], c[5]
	zero := set.reg()
	e.xor(zero, zero, zero)
	loop(count, p[:3], func() {
		wr, gr, mr, t, up, down := set.reg(), set.reg(), set.reg(), set.reg(), set.reg(), set.reg()
		e.move(Mem{Base: g}, gr)
		e.move(Mem{Base: m}, mr)
		e.mul(gr, r1, t)
		e.fma(mr, b1, t)
		e.where(greaterThan, t, zero, rate, down)
		e.where(lessThan, t, zero, rate, up)
		e.mul(Mem{Base: w}, keep, wr)
		e.sub(down, wr, wr)
		e.add(up, wr, wr)
		e.move(wr, Mem{Base: w})
		e.mul(mr, b2, mr)
		e.fma(gr, r2, mr)
		e.move(mr, Mem{Base: m})
	})
}

// rank writes a step of a user and of two items that are ranked for it.
func (e element) rank() {
	define("rank", e, "adds the step of a ranked pair for count registers' width; the constants are those of", "RankStep.")
	p := pointers("user", "has", "not", "u", "i", "j", "constants", "count")
	c := e.constants("RankStep", p[6])
	slope, back, shrink := c[0], c[1], c[2]
	loop(p[7], p[:6], func() {
		u, i, j, t := set.reg(), set.reg(), set.reg(), set.reg()
		e.move(Mem{Base: p[3]}, u)
		e.move(Mem{Base: p[4]}, i)
		e.move(Mem{Base: p[5]}, j)
		for k, add := range [][2][2]vec{{{i, slope}, {j, back}}, {{u, slope}, {i, shrink}}, {{u, back}, {j, shrink}}} {
			e.move(Mem{Base: p[k]}, t)
			e.fma(add[0][0], add[0][1], t)
			e.fma(add[1][0], add[1][1], t)
			if k == 0 {
				e.fma(u, shrink, t)
			}
			e.move(t, Mem{Base: p[k]})
		}
	})
}

// where sets r to value where a compares with b as the predicate says, else to 0.
func (e element) where(predicate int, a, b, value, r reg.VecVirtual) {
	if avx512() {
		k := K()
		e.compare(U8(predicate), b, a, k)
		e.moveZero(value, k, r)
		return
	}
	e.compare(U8(predicate), b, a, r)
	e.and(value, r, r)
}
