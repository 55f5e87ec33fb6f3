package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The functions of float32 work on the elements of a register at a time. Their
// constants are a register's width in memory.

// constants are the registers' width of one number that have been written.
var constants = map[uint32]Mem{}

// number returns the place of a register's width of a float32.
func number(v float32) Mem { return bits(math.Float32bits(v)) }

// bits returns the place of a register's width of a 32-bit pattern.
func bits(v uint32) Mem {
	if m, ok := constants[v]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("x%s%08x", set.mark, v), attr.RODATA|attr.NOPTR)
	for i := range set.bytes / 4 {
		DATA(4*i, U32(v))
	}
	constants[v] = m
	return m
}

// polynomial returns c[0]·xⁿ + … + c[n].
func polynomial(x reg.VecVirtual, c ...float32) reg.VecVirtual {
	p := set.reg()
	VMOVUPS(number(c[0]), p)
	for _, v := range c[1:] {
		VFMADD213PS(number(v), x, p)
	}
	return p
}

// exponential returns eˣ: x = n·log 2 + r, eʳ by the polynomial of Cephes' expf,
// 2ⁿ in two factors, as n may be below the exponents of normal numbers.
func exponential(x reg.VecVirtual) reg.VecVirtual {
	r, n := set.reg(), set.reg()
	VMOVUPS(number(89), r) // the comparisons let NaN pass
	VMINPS(x, r, r)
	VMOVUPS(number(-104), n)
	VMAXPS(r, n, r)
	VMULPS(number(math.Log2E), r, n)
	round(n)
	VFNMADD231PS(number(0.693359375), n, r)
	VFNMADD231PS(number(-2.12194440e-4), n, r)
	p := polynomial(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	square := set.reg()
	VMULPS(r, r, square)
	VFMADD213PS(r, square, p)
	VADDPS(number(1), p, p)
	half, rest := set.reg(), set.reg()
	VCVTPS2DQ(n, n)
	VPSRAD(U8(1), n, half)
	VPSUBD(half, n, rest)
	for _, e := range []reg.VecVirtual{half, rest} {
		VPADDD(bits(127), e, e)
		VPSLLD(U8(23), e, e)
		VMULPS(e, p, p)
	}
	return p
}

// sigmoid returns 1/(1 + e⁻ˣ).
func sigmoid(x reg.VecVirtual) reg.VecVirtual {
	negative := set.reg()
	VXORPS(bits(1<<31), x, negative)
	e := exponential(negative)
	VADDPS(number(1), e, e)
	y := set.reg()
	VMOVUPS(number(1), y)
	VDIVPS(e, y, y)
	return y
}

// tanh returns the polynomial of Cephes' tanhf where |x| < 0.625, and
// 1 − 2/(1 + e^2|x|) with the sign of x elsewhere.
func tanh(x reg.VecVirtual) reg.VecVirtual {
	size := set.reg()
	VANDPS(bits(1<<31-1), x, size)
	twice := set.reg()
	VADDPS(size, size, twice)
	e := exponential(twice)
	VADDPS(number(1), e, e)
	large := set.reg()
	VMOVUPS(number(2), large)
	VDIVPS(e, large, large)
	one := set.reg()
	VMOVUPS(number(1), one)
	VSUBPS(large, one, large)
	sign := set.reg()
	VANDPS(bits(1<<31), x, sign)
	VORPS(sign, large, large)

	square := set.reg()
	VMULPS(x, x, square)
	small := polynomial(square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	VMULPS(square, small, small)
	VFMADD213PS(x, x, small)

	if wide() {
		k := K()
		VCMPPS(U8(lessThan), number(0.625), size, k)
		VMOVAPS(small, k, large)
		return large
	}
	where := set.reg()
	VCMPPS(U8(lessThan), number(0.625), size, where)
	VBLENDVPS(where, small, large, large)
	return large
}

// round makes numbers whole, halves even.
func round(x reg.VecVirtual) {
	if wide() {
		VRNDSCALEPS(U8(8), x, x)
	} else {
		VROUNDPS(U8(8), x, x)
	}
}

// unary writes a function of one operand.
func unary(name string, f func(reg.VecVirtual) reg.VecVirtual) {
	full := function(name, single)
	TEXT(full, NOSPLIT, "func(to, x *byte, count int)")
	Doc(fmt.Sprintf("%s sets count registers' width of to to the function %s of x.", full, name))
	Pragma("noescape")
	p := pointers("to", "x", "count")
	loop(p[2], p[:2], func() {
		x := set.reg()
		VMOVUPS(Mem{Base: p[1]}, x)
		VMOVUPS(f(x), Mem{Base: p[0]})
	})
}
