package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The functions of float32 work on the 8 of a register at a time.

// constants are the registers' width of one number that have been written.
var constants = map[uint32]Mem{}

// number returns the place of 8 copies of a float32.
func number(v float32) Mem { return bits(math.Float32bits(v)) }

// bits returns the place of 8 copies of a 32-bit pattern.
func bits(v uint32) Mem {
	if m, ok := constants[v]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("x%08x", v), attr.RODATA|attr.NOPTR)
	for i := range 8 {
		DATA(4*i, U32(v))
	}
	constants[v] = m
	return m
}

// polynomial returns c[0]·xⁿ + … + c[n].
func polynomial(x reg.VecVirtual, c ...float32) reg.VecVirtual {
	p := YMM()
	VMOVUPS(number(c[0]), p)
	for _, v := range c[1:] {
		VFMADD213PS(number(v), x, p)
	}
	return p
}

// exponential returns eˣ: x = n·log 2 + r, eʳ by the polynomial of Cephes' expf,
// 2ⁿ in two factors, as n may be below the exponents of normal numbers.
func exponential(x reg.VecVirtual) reg.VecVirtual {
	r, n := YMM(), YMM()
	VMOVUPS(number(89), r) // the comparisons let NaN pass
	VMINPS(x, r, r)
	VMOVUPS(number(-104), n)
	VMAXPS(r, n, r)
	VMULPS(number(math.Log2E), r, n)
	VROUNDPS(U8(8), n, n)
	VFNMADD231PS(number(0.693359375), n, r)
	VFNMADD231PS(number(-2.12194440e-4), n, r)
	p := polynomial(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	square := YMM()
	VMULPS(r, r, square)
	VFMADD213PS(r, square, p)
	VADDPS(number(1), p, p)
	half, rest := YMM(), YMM()
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
	negative := YMM()
	VXORPS(bits(1<<31), x, negative)
	e := exponential(negative)
	VADDPS(number(1), e, e)
	y := YMM()
	VMOVUPS(number(1), y)
	VDIVPS(e, y, y)
	return y
}

// tanh returns the polynomial of Cephes' tanhf where |x| < 0.625, and
// 1 − 2/(1 + e^2|x|) with the sign of x elsewhere.
func tanh(x reg.VecVirtual) reg.VecVirtual {
	size := YMM()
	VANDPS(bits(1<<31-1), x, size)
	twice := YMM()
	VADDPS(size, size, twice)
	e := exponential(twice)
	VADDPS(number(1), e, e)
	large := YMM()
	VMOVUPS(number(2), large)
	VDIVPS(e, large, large)
	one := YMM()
	VMOVUPS(number(1), one)
	VSUBPS(large, one, large)
	sign := YMM()
	VANDPS(bits(1<<31), x, sign)
	VORPS(sign, large, large)

	square := YMM()
	VMULPS(x, x, square)
	small := polynomial(square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	VMULPS(square, small, small)
	VFMADD213PS(x, x, small)

	where := YMM()
	VCMPPS(U8(1), number(0.625), size, where) // less than
	VBLENDVPS(where, small, large, large)
	return large
}

// unary writes a function of one operand.
func unary(name string, f func(reg.VecVirtual) reg.VecVirtual) {
	TEXT(name+"32", NOSPLIT, "func(to, x *byte, count int)")
	Doc(fmt.Sprintf("%s32 sets 8·count elements of to to the function %s of those of x.", name, name))
	Pragma("noescape")
	p := pointers("to", "x", "count")
	loop(p[2], p[:2], func() {
		x := YMM()
		VMOVUPS(Mem{Base: p[1]}, x)
		VMOVUPS(f(x), Mem{Base: p[0]})
	})
}
