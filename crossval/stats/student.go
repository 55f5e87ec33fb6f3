package stats

import "math"

// StudentT is Student's t distribution, moved and scaled: (x - Location) / Scale has a t
// distribution with DF degrees of freedom. The zero Scale is 1, and DF of +Inf is the normal
// distribution. All methods return NaN if DF is not positive, if Scale is negative, or for NaN.
//
// Tails are accurate to a relative error of about 1e-13 for any DF. For fewer than 1e4
// degrees they are incomplete beta functions; for more, and near the middle, Hill, "Algorithm 395: Student's t-distribution"
// (Communications of the ACM 13, 1970).
type StudentT struct {
	DF       float64 // degrees of freedom, > 0
	Location float64 // median, and mean where DF > 1
	Scale    float64 // 0: 1
}

// standard returns (x - Location) / Scale, NaN if a field is out of range.
func (t StudentT) standard(x float64) float64 {
	if !(t.DF > 0) || !(t.Scale >= 0) {
		return math.NaN()
	}
	return (x - t.Location) / t.scale()
}

func (t StudentT) scale() float64 {
	if t.Scale == 0 {
		return 1
	}
	return t.Scale
}

// CDF returns P(X <= x).
func (t StudentT) CDF(x float64) float64 {
	z := t.standard(x)
	if z > 0 {
		_, rest := tailT(z, t.DF)
		return 0.5 + rest
	}
	tail, _ := tailT(-z, t.DF)
	return tail
}

// Survival returns P(X > x), accurate where it is small.
func (t StudentT) Survival(x float64) float64 {
	return StudentT{DF: t.DF, Location: -t.Location, Scale: t.Scale}.CDF(-x)
}

// Density returns the probability density at x.
func (t StudentT) Density(x float64) float64 {
	return math.Exp(logDensityT(math.Abs(t.standard(x)), t.DF)) / t.scale()
}

// Quantile returns x with P(X <= x) = p, infinite for p of 0 and 1, NaN for a p out of range.
func (t StudentT) Quantile(p float64) float64 {
	if math.IsNaN(t.standard(0)) || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	q := 0.0
	if p > 0.5 {
		q = upperT(1-p, t.DF)
	} else {
		q = -upperT(p, t.DF)
	}
	return t.Location + t.scale()*q
}

// tailT returns P(T > t) and P(0 < T < t) for t >= 0; they sum to 1/2.
func tailT(t, df float64) (tail, central float64) {
	switch {
	case math.IsNaN(t) || !(df > 0):
		return math.NaN(), math.NaN()
	case t == 0:
		return 0.5, 0
	case math.IsInf(t, 1):
		return 0, 0.5
	case df >= 1e4 || df >= 1e3 && t <= 6:
		z := hill(t, df)
		return normalTail(z), 0.5 * math.Erf(z/math.Sqrt2)
	case t > 1e20*max(1, math.Sqrt(df)): // t² may overflow, and all that is left is a power
		g, _ := math.Lgamma(df/2 + 0.5)
		h, _ := math.Lgamma(df / 2)
		tail = math.Exp(g - h - 0.5*math.Log(math.Pi) - math.Log(df) + df/2*math.Log(df) - df*math.Log(t))
		return tail, 0.5 - tail
	}
	s := t / math.Sqrt(df)
	x, y := 1/(1+s*s), 1/(1+1/s/s)
	lower, upper := incompleteBeta(df/2, 0.5, x, y)
	return lower / 2, upper / 2
}

// hill returns the normal deviate with the tail that t has at many degrees of freedom.
func hill(t, df float64) float64 {
	if math.IsInf(df, 1) {
		return t
	}
	a := df - 0.5
	b := 48 * a * a
	if math.IsInf(b, 1) {
		return t
	}
	s := t / math.Sqrt(df)
	y := a * math.Log1p(s*s)
	if math.IsInf(y, 1) {
		return y
	}
	return math.Sqrt(y) * (1 + (y+3+(((-0.4*y-3.3)*y-24)*y-85.5)/(0.8*y*y+100+b))/b)
}

// logDensityT returns the logarithm of the density at t >= 0.
func logDensityT(t, df float64) float64 {
	if math.IsNaN(t) {
		return t
	}
	if math.IsInf(df, 1) || df > 1e150 {
		return -0.5*t*t - 0.5*math.Log(2*math.Pi)
	}
	half := 0.0 // log(1 + t²/df) / 2
	if s := t / math.Sqrt(df); s > 1e20 {
		half = math.Log(t) - 0.5*math.Log(df)
	} else {
		half = 0.5 * math.Log1p(s*s)
	}
	return stirling((df+1)/2) - stirling(df/2) - deviance(df/2, (df+1)/2) - 0.5*math.Log(2*math.Pi) - (df+1)*half
}

// upperT returns t >= 0 with P(T > t) = p for p <= 1/2: Newton's method on logarithms within
// a bracket.
func upperT(p, df float64) float64 {
	switch {
	case p == 0.5:
		return 0
	case p <= 0:
		return math.Inf(1)
	}
	if tail, _ := tailT(math.MaxFloat64, df); tail > p {
		return math.Inf(1)
	}
	low, high := -745.0, 709.78
	x := math.Log(max(1e-300, -normalQuantile(p)))
	for range 200 {
		t := math.Exp(x)
		tail, central := tailT(t, df)
		g, slope := math.Log(p)-math.Log(tail), 0.0
		density := logDensityT(t, df) + x
		if p < 0.25 {
			slope = math.Exp(density - math.Log(tail))
		} else {
			g = math.Log(central) - math.Log(0.5-p)
			slope = math.Exp(density - math.Log(central))
		}
		if g == 0 {
			return t
		}
		if g < 0 {
			low = x
		} else {
			high = x
		}
		next := x - g/slope
		if !(next > low && next < high) {
			next = low + (high-low)/2
		}
		if math.Abs(next-x) <= 1e-16*max(1, math.Abs(x)) {
			return math.Exp(next)
		}
		x = next
	}
	return math.Exp(x)
}
