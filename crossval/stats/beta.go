package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// stirling returns δ(z) = log Γ(z+1) - (z+1/2)·log z + z - log(2π)/2 for z > 0.
func stirling(z float64) float64 {
	if z < 1 {
		g, _ := math.Lgamma(z + 1)
		return g - (z+0.5)*math.Log(z) + z - 0.5*math.Log(2*math.Pi)
	}
	correction := 0.0
	for z < 15 {
		correction += (z+0.5)*math.Log1p(1/z) - 1
		z++
	}
	w := 1 / (z * z)
	return correction + (1./12-w*(1./360-w*(1./1260-w*(1./1680-w*(1./1188-w*691./360360)))))/z
}

// deviance returns x·log(x/m) + m - x for x, m > 0 without cancellation where x is close to m.
func deviance(x, m float64) float64 {
	if math.Abs(x-m) > 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	v := (x - m) / (x + m)
	sum := (x - m) * v
	term := 2 * x * v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}

// powers returns x^a·y^b / B(a, b) for x + y = 1: Loader, "Fast and Accurate Computation of
// Binomial Probabilities" (2000), for real a and b.
func powers(a, b, x, y float64) float64 {
	if x == 0 || y == 0 {
		return 0
	}
	n := a + b
	l := stirling(n) - stirling(a) - stirling(b) - deviance(a, n*x) - deviance(b, n*y)
	return math.Exp(l) * math.Sqrt(a*b/n) / math.Sqrt(2*math.Pi)
}

// incompleteBeta returns the regularised incomplete beta function I_x(a, b) and its complement
// for x + y = 1, both without cancellation: Lentz's method for the continued fraction
// 8.17.22 of the NIST Digital Library of Mathematical Functions.
func incompleteBeta(a, b, x, y float64) (lower, upper float64) {
	switch {
	case x <= 0:
		return 0, 1
	case y <= 0:
		return 1, 0
	case x > (a+1)/(a+b+2):
		upper, lower = incompleteBeta(b, a, y, x)
		return lower, upper
	}
	const tiny = 1e-300
	d := 1 - (a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	c, d := 1.0, 1/d
	f := d
	for m := 1.0; m < 1e6; m++ {
		k := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		if d = 1 + k*d; math.Abs(d) < tiny {
			d = tiny
		}
		if c = 1 + k/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		k = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		if d = 1 + k*d; math.Abs(d) < tiny {
			d = tiny
		}
		if c = 1 + k/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	lower = min(1, powers(a, b, x, y)/a*f)
	return lower, 1 - lower
}

// survivalF returns P(F > x) for the F distribution with df and df2 degrees of freedom.
func survivalF(x, df, df2 float64) float64 {
	if !(x > 0) {
		return 1
	}
	if math.IsInf(x, 1) {
		return 0
	}
	lower, _ := incompleteBeta(df2/2, df/2, df2/(df2+df*x), df*x/(df2+df*x))
	return lower
}

// survivalChi2 returns P(χ² > x) with df degrees of freedom.
func survivalChi2(x, df float64) float64 {
	switch {
	case !(x > 0):
		return 1
	case df == 1:
		return math.Erfc(math.Sqrt(x / 2))
	case df == 2:
		return math.Exp(-x / 2)
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// normalTail returns P(Z > z) for the standard normal distribution.
func normalTail(z float64) float64 { return 0.5 * math.Erfc(z/math.Sqrt2) }

// normalQuantile returns z with P(Z <= z) = p.
func normalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }

// twoSided returns the two-sided p-value of a standard normal statistic.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }
