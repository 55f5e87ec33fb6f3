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
// constants are a register's width in memory. The helpers below write one
// instruction each, or two, and return a new register with the result; what they
// take second may be in memory.

type vec = reg.VecVirtual

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

func load(m Mem) vec {
	r := set.reg()
	VMOVUPS(m, r)
	return r
}

func same(x vec) vec {
	r := set.reg()
	VMOVAPS(x, r)
	return r
}

func plus(a vec, b Op) vec {
	r := set.reg()
	VADDPS(b, a, r)
	return r
}

func minus(a vec, b Op) vec {
	r := set.reg()
	VSUBPS(b, a, r)
	return r
}

func times(a vec, b Op) vec {
	r := set.reg()
	VMULPS(b, a, r)
	return r
}

func over(a vec, b Op) vec {
	r := set.reg()
	VDIVPS(b, a, r)
	return r
}

func smaller(a vec, b Op) vec { // a if one of them is NaN
	r := set.reg()
	if m, ok := b.(Mem); ok {
		b = load(m)
	}
	VMINPS(a, b, r)
	return r
}

func larger(a vec, b Op) vec { // a if one of them is NaN
	r := set.reg()
	if m, ok := b.(Mem); ok {
		b = load(m)
	}
	VMAXPS(a, b, r)
	return r
}

func root(a vec) vec {
	r := set.reg()
	VSQRTPS(a, r)
	return r
}

// timesPlus returns a·b + c.
func timesPlus(a vec, b Op, c vec) vec {
	r := same(c)
	VFMADD231PS(b, a, r)
	return r
}

// minusTimes returns c − a·b.
func minusTimes(c, a vec, b Op) vec {
	r := same(c)
	VFNMADD231PS(b, a, r)
	return r
}

func absolute(x vec) vec {
	r := set.reg()
	VANDPS(bits(1<<31-1), x, r)
	return r
}

func negative(x vec) vec {
	r := set.reg()
	VXORPS(bits(1<<31), x, r)
	return r
}

// sign returns −1, 0 or 1, and NaN of NaN.
func sign(x vec) vec {
	zero := number(0)
	return where(x, greaterThan, zero, load(number(1)), where(x, lessThan, zero, load(number(-1)), x))
}

// where returns yes where a compares with b as the predicate says, else no.
func where(a vec, predicate int, b Op, yes, no vec) vec {
	if avx512() {
		k, r := K(), same(no)
		VCMPPS(U8(predicate), b, a, k)
		VMOVAPS(yes, k, r)
		return r
	}
	k, r := set.reg(), set.reg()
	VCMPPS(U8(predicate), b, a, k)
	VBLENDVPS(k, yes, no, r)
	return r
}

// whole returns the nearest whole numbers, halves even.
func whole(x vec) vec {
	r := set.reg()
	if avx512() {
		VRNDSCALEPS(U8(8), x, r)
	} else {
		VROUNDPS(U8(8), x, r)
	}
	return r
}

// below returns the greatest whole numbers that are not above x.
func below(x vec) vec {
	r := set.reg()
	if avx512() {
		VRNDSCALEPS(U8(9), x, r)
	} else {
		VROUNDPS(U8(9), x, r)
	}
	return r
}

// polynomial returns c[0]·xⁿ + … + c[n].
func polynomial(x vec, c ...float32) vec {
	p := load(number(c[0]))
	for _, v := range c[1:] {
		VFMADD213PS(number(v), x, p)
	}
	return p
}

// reduced returns eʳ − 1 and n for x = n·log 2 + r, by the polynomial of Cephes'
// expf.
func reduced(x vec) (e, n vec) {
	n = whole(times(x, number(math.Log2E)))
	r := minusTimes(x, n, number(0.693359375))
	r = minusTimes(r, n, number(-2.12194440e-4))
	p := polynomial(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	return timesPlus(p, times(r, r), r), n
}

// exponential returns eˣ.
func exponential(x vec) vec { return exponentialBelow(smaller(x, number(89))) }

// exponentialBelow returns eˣ of x up to 89.
func exponentialBelow(x vec) vec {
	e, n := reduced(larger(x, number(-104)))
	return ldexp(plus(e, number(1)), n)
}

// ldexp returns x·2ⁿ of whole numbers n. AVX2 has 2ⁿ in two factors, as n may be
// outside of the exponents of normal numbers.
func ldexp(x, n vec) vec {
	if avx512() {
		r := set.reg()
		VSCALEFPS(n, x, r)
		return r
	}
	half, rest := set.reg(), set.reg()
	VCVTPS2DQ(n, n)
	VPSRAD(U8(1), n, half)
	VPSUBD(half, n, rest)
	return times(times(x, power(half)), power(rest))
}

// power returns 2ⁿ of whole numbers n, in place of them.
func power(n vec) vec {
	VPADDD(bits(127), n, n)
	VPSLLD(U8(23), n, n)
	return n
}

// wholePower returns 2ⁿ of whole numbers n from −126 to 127.
func wholePower(n vec) vec {
	if avx512() {
		return ldexp(load(number(1)), n)
	}
	VCVTPS2DQ(n, n)
	return power(n)
}

// belowOne returns eˣ − 1 of x that are not positive, without loss near 0.
func belowOne(x vec) vec {
	e, n := reduced(larger(x, number(-40)))
	scale := wholePower(n)
	return timesPlus(e, scale, minus(scale, number(1)))
}

// logarithm returns the natural logarithm, by the polynomial of Cephes' logf.
func logarithm(x vec) vec {
	tiny := number(0x1p-126)
	scaled := where(x, lessThan, tiny, times(x, number(0x1p23)), x)
	bias := where(x, lessThan, tiny, load(number(127+23)), load(number(127)))
	exponent, m := set.reg(), set.reg()
	VPSRLD(U8(23), scaled, exponent)
	VCVTDQ2PS(exponent, exponent)
	exponent = minus(exponent, bias)
	VANDPS(bits(1<<23-1), scaled, m)
	VORPS(number(1), m, m) // in [1, 2)
	high := number(math.Sqrt2)
	exponent = where(m, lessThan, high, exponent, plus(exponent, number(1)))
	m = where(m, lessThan, high, m, times(m, number(0.5)))
	f := minus(m, number(1))
	z := times(f, f)
	p := polynomial(f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	y := times(times(p, z), f)
	y = timesPlus(exponent, number(-2.12194440e-4), y)
	y = minusTimes(y, z, number(0.5))
	y = timesPlus(exponent, number(0.693359375), plus(f, y))
	infinity := load(number(float32(math.Inf(1))))
	y = where(x, equal, infinity, infinity, y)
	y = where(x, equal, number(0), load(number(float32(math.Inf(-1)))), y)
	return where(x, notGreaterEqual, number(0), load(bits(0x7fc00000)), y)
}

// sigmoid returns 1/(1 + e⁻ˣ), or eˣ/(1 + eˣ) of negative x.
func sigmoid(x vec) vec {
	e := set.reg()
	VORPS(bits(1<<31), x, e) // −|x|
	e = exponentialBelow(e)
	s := over(load(number(1)), plus(e, number(1)))
	return where(x, lessThan, number(0), times(s, e), s)
}

// tanh returns y/(y + 2) with y = e^2|x| − 1, which keeps its digits near 0, and the
// sign of x. From 10 on that is 1.
func tanh(x vec) vec {
	held := smaller(absolute(x), number(20))
	e, n := reduced(plus(held, held))
	scale := wholePower(n)
	y := timesPlus(e, scale, minus(scale, number(1)))
	t, sign := over(y, plus(y, number(2))), set.reg()
	VANDPS(bits(1<<31), x, sign)
	VORPS(sign, t, t)
	return t
}

// softplus returns log(1 + eˣ) = max(x, 0) + log(1 + y) with y = e^−|x|. The
// logarithm of u = 1 + y is corrected for what u has lost of y.
func softplus(x vec) vec {
	y := exponentialBelow(negative(absolute(x)))
	u := plus(y, number(1))
	lost := minus(y, minus(u, number(1)))
	return plus(larger(x, number(0)), plus(logarithm(u), over(lost, u)))
}

// normal returns Φ(x), the distribution function of the standard normal
// distribution, and e^(−x²/2): Φ(−u) = e^(−u²/2)·P(t), t = 1/(1 + 0.26·u), with
// the polynomial P of testdata/fit.py; the exponent is corrected for what u² has lost.
func normal(x vec) (phi, e vec) {
	u := smaller(absolute(x), number(40))
	square := times(u, u)
	lost := set.reg()
	VMOVAPS(square, lost)
	VFMSUB231PS(u, u, lost) // u² − square
	e = exponentialBelow(times(square, number(-0.5)))
	e = minusTimes(e, times(e, number(0.5)), lost)
	t := over(load(number(1)), timesPlus(u, number(0.26), load(number(1))))
	p := polynomial(t, 3.3925702318e-02, -1.7051606805e-01, 2.9097565428e-01, -2.0080206387e-01, 2.0010948707e-01,
		3.1212186112e-02, 1.0947988484e-01, 1.0171582427e-01, 1.0390655952e-01, -7.1637773120e-06)
	q := times(e, p)
	return where(x, lessThan, number(0), q, minus(load(number(1)), q)), e
}

// mishParts returns n = e(e + 2) and e = eˣ, x being held to what makes a
// difference: tanh(log(1 + eˣ)) = n/(n + 2).
func mishParts(x vec) (n, e vec) {
	e = exponentialBelow(smaller(x, number(30)))
	return times(e, plus(e, number(2))), e
}

// sine returns sin(x + quarters·π/2) for x within ±kernel.largestFastAngle: with k
// the nearest whole number of quarter turns, r = x − k·π/2 in three parts, the first
// of which leaves no rounding error, and the polynomials of kernel.sin32.
func sine(x vec, quarters float32) vec {
	k := whole(times(x, number(2/math.Pi)))
	r := minusTimes(x, k, number(1.5707963705062866))
	r = minusTimes(r, k, number(-4.371138828673793e-08))
	r = minusTimes(r, k, number(-1.7151245100058893e-15))
	z := times(r, r)
	s := polynomial(z, 0.0000027183114939898219064, -0.000198393348360966317347, 0.0083333293858894631756, -0.166666666416265235595)
	s = timesPlus(times(s, z), r, r)
	c := polynomial(z, 0.0000243904487962774090654, -0.00138867637746099294692, 0.0416666233237390631894, -0.499999997251031003120)
	c = timesPlus(c, z, load(number(1)))
	turned := k
	if quarters != 0 {
		turned = plus(k, number(quarters))
	}
	half := below(times(turned, number(0.5)))
	odd := minusTimes(turned, half, number(2)) // 0 or 1
	y := where(odd, greaterThan, number(0.5), c, s)
	VCVTPS2DQ(half, half)
	VPSLLD(U8(31), half, half)
	VXORPS(half, y, y)
	return y
}

// The constants of GELU's approximation by tanh, and of SELU.
const (
	geluC     = 0.79788456080286535588 // √(2/π)
	geluA     = 0.044715
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

// geluSigmoid returns σ(2u) of the approximation by tanh, and the x² that it was
// computed with.
func geluSigmoid(x vec) (s, square vec) {
	held := larger(smaller(x, number(15)), number(-15))
	square = times(held, held)
	u := times(held, timesPlus(square, number(2*geluC*geluA), load(number(2*geluC))))
	return sigmoid(u), square
}

// mapping is a function of an element: of x and alpha, or of the gradient g, of v,
// which is the function's value or its argument, and of alpha.
type mapping struct {
	name string // the constant of package kernel
	f    func(x, alpha vec) vec
}

var functions = []mapping{
	{"Relu", func(x, _ vec) vec { return larger(x, number(0)) }},
	{"Relu6", func(x, _ vec) vec { return smaller(larger(x, number(0)), number(6)) }},
	{"LeakyRelu", func(x, alpha vec) vec { return where(x, lessEqual, number(0), times(x, alpha), x) }},
	{"Elu", func(x, alpha vec) vec {
		return where(x, greaterThan, number(0), x, times(belowOne(smaller(x, number(0))), alpha))
	}},
	{"Selu", func(x, _ vec) vec {
		return where(x, greaterThan, number(0), times(x, number(seluScale)), times(belowOne(smaller(x, number(0))), number(seluScale*seluAlpha)))
	}},
	{"Sigmoid", func(x, _ vec) vec { return sigmoid(x) }},
	{"Tanh", func(x, _ vec) vec { return tanh(x) }},
	{"Exp", func(x, _ vec) vec { return exponential(x) }},
	{"Sqrt", func(x, _ vec) vec { return root(x) }},
	{"Reciprocal", func(x, _ vec) vec { return over(load(number(1)), x) }},
	{"Softplus", func(x, _ vec) vec { return softplus(x) }},
	{"Neg", func(x, _ vec) vec { return negative(x) }},
	{"Square", func(x, _ vec) vec { return times(x, x) }},
	{"Log", func(x, _ vec) vec { return logarithm(x) }},
	{"Abs", func(x, _ vec) vec { return absolute(x) }},
	{"Sign", func(x, _ vec) vec { return sign(x) }},
	{"Sin", func(x, _ vec) vec { return sine(x, 0) }},
	{"Cos", func(x, _ vec) vec { return sine(x, 1) }},
	{"Gelu", func(x, _ vec) vec {
		phi, _ := normal(x)
		return times(phi, x)
	}},
	{"GeluTanh", func(x, _ vec) vec {
		s, _ := geluSigmoid(x)
		return times(s, x)
	}},
	{"Silu", func(x, _ vec) vec { return times(sigmoid(x), x) }},
	{"Mish", func(x, _ vec) vec {
		n, _ := mishParts(x)
		return times(over(n, plus(n, number(2))), x)
	}},
	{"Softsign", func(x, _ vec) vec { return over(x, plus(absolute(x), number(1))) }},
	{"HardSigmoid", func(x, _ vec) vec {
		return smaller(larger(timesPlus(x, number(1.0/6), load(number(0.5))), number(0)), number(1))
	}},
	{"HardSwish", func(x, _ vec) vec {
		held := larger(x, number(-3)) // −∞·0 would be NaN
		return times(smaller(larger(timesPlus(held, number(1.0/6), load(number(0.5))), number(0)), number(1)), held)
	}},
}

// slopes are the derivatives.
var slopes = []mapping{
	{"Relu6", func(y, _ vec) vec {
		return where(y, greaterThan, number(0), where(y, lessThan, number(6), load(number(1)), load(number(0))), load(number(0)))
	}},
	{"LeakyRelu", func(y, alpha vec) vec { return where(y, greaterThan, number(0), load(number(1)), alpha) }},
	{"Elu", func(y, alpha vec) vec { return where(y, greaterThan, number(0), load(number(1)), plus(y, alpha)) }},
	{"Selu", func(y, _ vec) vec {
		return where(y, greaterThan, number(0), load(number(seluScale)), plus(y, number(seluScale*seluAlpha)))
	}},
	{"Sigmoid", func(y, _ vec) vec { return times(y, minus(load(number(1)), y)) }},
	{"Tanh", func(y, _ vec) vec { return minusTimes(load(number(1)), y, y) }},
	{"Exp", func(y, _ vec) vec { return y }},
	{"Sqrt", func(y, _ vec) vec { return over(load(number(0.5)), y) }},
	{"Reciprocal", func(y, _ vec) vec { return negative(times(y, y)) }},
	{"Softplus", func(y, _ vec) vec { return negative(belowOne(negative(y))) }},
	{"Square", func(x, _ vec) vec { return plus(x, x) }},
	{"Log", func(x, _ vec) vec { return over(load(number(1)), x) }},
	{"Abs", func(x, _ vec) vec { return sign(x) }},
	{"Sin", func(x, _ vec) vec { return sine(x, 1) }},
	{"Cos", func(x, _ vec) vec { return sine(x, 2) }},
	{"Gelu", func(x, _ vec) vec {
		phi, e := normal(x)
		return timesPlus(times(e, number(0.39894228040143267794)), x, phi) // 1/√(2π)
	}},
	{"GeluTanh", func(x, _ vec) vec {
		s, square := geluSigmoid(x)
		slope := timesPlus(square, number(3*2*geluC*geluA), load(number(2*geluC)))
		t := times(s, minus(load(number(1)), s))
		held := larger(smaller(x, number(15)), number(-15))
		return timesPlus(times(t, slope), held, s)
	}},
	{"Silu", func(x, _ vec) vec {
		s := sigmoid(x)
		held := larger(smaller(x, number(120)), number(-120))
		return times(s, timesPlus(minus(load(number(1)), s), held, load(number(1))))
	}},
	{"Mish", func(x, _ vec) vec {
		n, e := mishParts(x)
		m := plus(n, number(2))
		t := over(n, m)
		rest := over(times(times(e, number(4)), plus(e, number(1))), times(m, m)) // (1 − t²)·σ(x)
		held := larger(smaller(x, number(120)), number(-120))
		return timesPlus(rest, held, t)
	}},
	{"Softsign", func(x, _ vec) vec {
		d := plus(absolute(x), number(1))
		return over(load(number(1)), times(d, d))
	}},
	{"HardSigmoid", func(x, _ vec) vec {
		return where(absolute(x), lessThan, number(3), load(number(1.0/6)), load(number(0)))
	}},
	{"HardSwish", func(x, _ vec) vec {
		held := timesPlus(larger(smaller(x, number(3)), number(-3)), number(1.0/3), load(number(0.5)))
		return where(x, lessEqual, number(-3), load(number(0)), where(x, lessThan, number(3), held, load(number(1))))
	}},
}

// maps writes all functions and slopes.
func maps() {
	for _, f := range functions {
		f.write(mapName(f.name), false)
	}
	for _, f := range slopes {
		f.write(slopeName(f.name), true)
	}
}

func mapName(name string) string   { return function("map"+name, single) }
func slopeName(name string) string { return function("slope"+name, single) }

func (f mapping) write(name string, slope bool) {
	arguments, what := "to, x *byte", "sets n elements of to to the function of x"
	if slope {
		arguments, what = "to, x, grad *byte", "sets n elements of to to grad times the slope at x"
	}
	TEXT(name, NOSPLIT, "func("+arguments+", n int, alpha float32)")
	Doc(name + " " + what + ".")
	Pragma("noescape")
	align()
	p := pointers("to", "x")
	if slope {
		p = append(p, Load(Param("grad"), GP64()).(reg.GPVirtual))
	}
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	one, alpha := XMM(), set.reg()
	Load(Param("alpha"), one)
	VBROADCASTSS(one, alpha)
	result := func(x vec, g func() vec) vec {
		y := f.f(x, alpha)
		if slope {
			y = times(g(), y)
		}
		return y
	}
	lanes := set.bytes / 4
	SUBQ(U8(lanes), n)
	JL(LabelRef("rest"))
	align()
	Label("loop")
	y := result(load(Mem{Base: p[1]}), func() vec { return load(Mem{Base: p[2]}) })
	VMOVUPS(y, Mem{Base: p[0]})
	for _, a := range p {
		ADDQ(U8(set.bytes), a)
	}
	SUBQ(U8(lanes), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(U8(lanes), n)
	JE(LabelRef("end"))
	m := newMask(n)
	y = result(m.load(Mem{Base: p[1]}), func() vec { return m.load(Mem{Base: p[2]}) })
	m.store(y, Mem{Base: p[0]})
	Label("end")
	VZEROUPPER()
	RET()
}

// mask picks the first elements of a register.
type mask struct {
	k reg.OpmaskVirtual
	v vec
}

// newMask makes a mask of the first n elements, 0 < n < those of a register.
func newMask(n reg.GPVirtual) mask {
	if avx512() {
		m := mask{k: K()}
		all := GP64()
		MOVQ(I32(-1), all)
		BZHIQ(n, all, all)
		KMOVW(all.As32(), m.k)
		return m
	}
	table := staircase()
	at := GP64()
	LEAQ(table, at)
	NEGQ(n)
	m := mask{v: set.reg()}
	VMOVUPS(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, m.v)
	return m
}

var stairs *Mem

// staircase returns the place of 8 ones and 8 zeros, which masks are cut out of.
func staircase() Mem {
	if stairs == nil {
		m := GLOBL("staircase", attr.RODATA|attr.NOPTR)
		for i := range 16 {
			v := U32(0)
			if i < 8 {
				v = 1<<32 - 1
			}
			DATA(4*i, v)
		}
		stairs = &m
	}
	return *stairs
}

func (m mask) load(from Mem) vec {
	r := set.reg()
	if avx512() {
		VMOVUPS_Z(from, m.k, r)
	} else {
		VMASKMOVPS(from, m.v, r)
	}
	return r
}

func (m mask) store(x vec, to Mem) {
	if avx512() {
		VMOVUPS(x, m.k, to)
	} else {
		VMASKMOVPS(x, m.v, to)
	}
}

// someOf loads all elements of a register, or those of a mask.
func (e element) someOf(at Mem, m *mask) vec {
	if m != nil {
		return m.load(at)
	}
	r := set.reg()
	e.move(at, r)
	return r
}

func (e element) storeSome(x vec, at Mem, m *mask) {
	if m != nil {
		m.store(x, at)
	} else {
		e.move(x, at)
	}
}

// addProduct adds a·b to sum, a in memory.
func (e element) addProduct(at Mem, m *mask, b, sum vec) {
	if m != nil {
		e.fma(m.load(at), b, sum)
	} else {
		e.fma(at, b, sum)
	}
}
