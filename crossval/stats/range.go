package stats

import "math"

// StudentizedRange is the distribution of the range of Groups independent normal variables
// divided by an independent estimate of their standard deviation with DF degrees of freedom.
// DF of +Inf is the range of standard normal variables, which [Nemenyi] uses:
//
//	P(Q > q) = ∫ f(s) · k ∫ φ(z)·(Φ(z)^(k-1) - (Φ(z) - Φ(z - q·s))^(k-1)) dz ds
//
// where f is the density of the estimate. Nothing cancels in this form, so that small tails are
// accurate to a relative error of about 1e-12. Both integrals are sums over equal steps, which
// converge exponentially for such functions. Methods return NaN unless there are 2 to 1000
// groups and 1 degree of freedom or more.
type StudentizedRange struct {
	Groups int     // k, 2 to 1000
	DF     float64 // degrees of freedom, >= 1
}

func (r StudentizedRange) valid() bool { return r.Groups >= 2 && r.Groups <= 1000 && r.DF >= 1 }

// Survival returns P(Q > q).
func (r StudentizedRange) Survival(q float64) float64 {
	switch {
	case !r.valid() || math.IsNaN(q):
		return math.NaN()
	case q <= 0:
		return 1
	case math.IsInf(q, 1):
		return 0
	case r.DF > 1e8: // the estimate's effect is below the rounding
		return rangeTail(q, r.Groups)
	}
	return overScale(r.DF, q, 0.05, func(s float64) float64 { return rangeTail(q*s, r.Groups) })
}

// CDF returns P(Q <= q).
func (r StudentizedRange) CDF(q float64) float64 { return 1 - r.Survival(q) }

// Quantile returns q with P(Q <= q) = p, infinite for p of 1, NaN for a p out of range.
func (r StudentizedRange) Quantile(p float64) float64 {
	switch {
	case !r.valid() || !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 0:
		return 0
	case p == 1:
		return math.Inf(1)
	}
	low, high := 0.0, 4.0
	for r.Survival(high) > 1-p && high < 1e300 {
		low, high = high, 2*high
	}
	// The logarithm of the tail is smooth in the logarithm of q: a secant within the bracket.
	f := func(q float64) float64 { return math.Log(r.Survival(q)) - math.Log1p(-p) }
	if low == 0 {
		low = math.SmallestNonzeroFloat64
	}
	a, b := low, high
	fa, fb := f(a), f(b)
	for range 200 {
		q := math.Sqrt(a) * math.Sqrt(b)
		if a > 1e-3 {
			q = b - fb*(b-a)/(fb-fa)
		}
		if !(q > a && q < b) {
			q = a + (b-a)/2
		}
		fq := f(q)
		if fq == 0 || b-a <= 4e-16*b {
			return q
		}
		if fq > 0 {
			if a, fa = q, fq; a > 1e-3 {
				fb /= 2 // Illinois: neither end may stay
			}
		} else {
			if b, fb = q, fq; a > 1e-3 {
				fa /= 2
			}
		}
		if math.Abs(fq) < 1e-15 {
			return q
		}
	}
	return a + (b-a)/2
}

// rangeTail returns the probability that the range of k standard normal variables exceeds w.
func rangeTail(w float64, k int) float64 {
	m := float64(k - 1)
	switch {
	case w <= 0 || math.Log(float64(k))+m*math.Log(w/math.Sqrt(2*math.Pi)) < -40: // a bound of 1 minus the tail
		return 1
	case k == 2:
		return math.Erfc(w / 2)
	}
	h := min(0.25, 0.6/math.Sqrt(float64(k)))
	sum := 0.0
	for z := w/2 - 9.5; z <= w/2+9.5; z += h {
		a, b := normalTail(-z), normalTail(w-z)
		if a == 0 {
			continue
		}
		sum += math.Exp(-z*z/2+m*math.Log(a)) * -math.Expm1(m*math.Log1p(-min(1, b/a)))
	}
	return min(1, sum*h*float64(k)/math.Sqrt(2*math.Pi))
}

// overScale returns the mean of f(s) where s² · df has a χ² distribution with df degrees of
// freedom. f is about exp(-(q·s)²/4) where that is small; step is the largest step in log s.
func overScale(df, q, step float64, f func(s float64) float64) float64 {
	z := df / 2
	constant := math.Ln2 + 0.5*math.Log(z/(2*math.Pi)) - stirling(z)
	root := math.Sqrt(df)
	h := min(step, 0.25/root)
	peak := -0.5 * math.Log1p(q*q/(2*df)) // where the product is largest, if f falls like that
	low, high := peak-45/df-9/root, 6.5/root
	sum := 0.0
	for u := low; u <= high; u += h {
		if d := math.Exp(constant + z*(2*u-math.Expm1(2*u))); d > 0 {
			sum += d * f(math.Exp(u))
		}
	}
	return min(1, sum*h)
}
