package kernel

import "math"

// Sine and cosine of float32 are computed in vector registers where there are some,
// elsewhere and of large angles in float64, from polynomials on ±π/4. The
// coefficients are those of FreeBSD's msun (k_sinf.c, k_cosf.c); π/2 in two parts
// is fdlibm's, the first so short that its product with a whole number below 2²⁰
// is exact.
const (
	halfPiHigh = 1.57079632673412561417e+00
	halfPiLow  = 6.07710050650619224932e-11

	sin3 = -0.166666666416265235595
	sin5 = 0.0083333293858894631756
	sin7 = -0.000198393348360966317347
	sin9 = 0.0000027183114939898219064

	cos2 = -0.499999997251031003120
	cos4 = 0.0416666233237390631894
	cos6 = -0.00138867637746099294692
	cos8 = 0.0000243904487962774090654
)

// largestFastAngle is the largest angle that the vector versions are accurate for.
const largestFastAngle = 8192

// fast reports whether fn of x can be computed in vector registers: anything but
// sine and cosine of large angles.
func fast[T Float](fn UnaryFn, x []T) bool {
	if fn != Sin && fn != Cos {
		return true
	}
	for _, v := range x {
		if !(v <= largestFastAngle && v >= -largestFastAngle) {
			return false
		}
	}
	return true
}

// largestAngle is the largest angle that the reduction is accurate for.
const largestAngle = 1 << 20

// sin32 returns sin(x + quarters·π/2). The conversions of products to float64 keep
// compilers from fusing them with sums, which would change bits across machines.
func sin32(x float32, quarters int) float32 {
	v := float64(x)
	if !(v < largestAngle && v > -largestAngle) { // NaN and infinities too
		if quarters&1 == 0 {
			return float32(math.Sin(v)) * float32(1-quarters&2)
		}
		return float32(math.Cos(v)) * float32(1-quarters&2)
	}
	k := math.Floor(float64(v*(2/math.Pi)) + 0.5)
	r := v - float64(k*halfPiHigh)
	r -= float64(k * halfPiLow)
	quarters += int(k)
	z := float64(r * r)
	// Both polynomials: random quarters would make a branch mispredict.
	p := sin7 + float64(z*sin9)
	p = sin5 + float64(z*p)
	p = sin3 + float64(z*p)
	q := cos6 + float64(z*cos8)
	q = cos4 + float64(z*q)
	q = cos2 + float64(z*q)
	y := [2]float64{r + float64(float64(r*z)*p), 1 + float64(z*q)}[quarters&1]
	return float32(math.Float64frombits(math.Float64bits(y) ^ uint64(quarters&2)<<62))
}

// trigonometric computes sin or cos of float32; false of anything else.
func trigonometric[T Float](fn UnaryFn, dst, x []T) bool {
	in, ok := any(x).([]float32)
	if !ok || fn != Sin && fn != Cos {
		return false
	}
	out := any(dst).([]float32)
	quarters := 0
	if fn == Cos {
		quarters = 1
	}
	for i, v := range in {
		out[i] = sin32(v, quarters)
	}
	return true
}

// trigonometricGrad computes g·cos(x) for Sin and −g·sin(x) for Cos of float32;
// false of anything else.
func trigonometricGrad[T Float](fn UnaryFn, dst, x, g []T) bool {
	in, ok := any(x).([]float32)
	if !ok || fn != Sin && fn != Cos {
		return false
	}
	out, by := any(dst).([]float32), any(g).([]float32)
	quarters := 1
	if fn == Cos {
		quarters = 2
	}
	for i, v := range in {
		out[i] = by[i] * sin32(v, quarters)
	}
	return true
}
