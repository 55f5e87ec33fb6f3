package stats

import (
	"fmt"
	"math"
)

// McNemarMethod chooses the p-value of [McNemar].
type McNemarMethod int

const (
	McNemarExact         McNemarMethod = iota // binomial; never too small, often too large
	McNemarMidP                               // binomial, half of the observed probability left out
	McNemarChi2                               // chi-squared
	McNemarChi2Corrected                      // chi-squared, corrected for continuity (Edwards 1948)
)

// mostPairs limits the counts of [McNemarCounts].
const mostPairs = 1_000_000_000

// McNemar tests whether two classifiers are right equally often on the same rows: McNemar,
// "Note on the sampling error of the difference between correlated proportions" (Psychometrika
// 12, 1947). first[i] and second[i] say whether each is right on row i. Only the b rows on which
// the first alone is right and the c rows on which the second alone is count:
//
//	exact      2·P(X <= min(b, c)),  X binomial with b+c trials of probability 1/2, at most 1
//	mid-p      the exact p less P(X = b); 1 - P(X = b)/2 if b = c (Fagerland et al. 2013)
//	chi2       (b-c)² / (b+c), 1 degree of freedom
//	corrected  (|b-c|-1)² / (b+c), 0 if b = c
//
// Without such rows P is 1 and Constant is set. The estimate is the difference of accuracy,
// (b-c)/n, with the square-and-add interval of Newcombe, "Improved confidence intervals for the
// difference between binomial proportions based on paired data" (Statistics in Medicine 17,
// 1998), method 10; it is another method than that of P and may disagree with it close to the
// level. The effect size is the odds ratio of the discordant pairs, b/c, infinite if
// c is 0 and NaN if both are. Confidence of 0 is 0.95.
//
// It tests two given models on the rows at hand: what training on other rows would do is not in
// it. It is an error if the slices are empty or of unequal length, or if there is no such method.
func McNemar(first, second []bool, method McNemarMethod, confidence float64) (Test, error) {
	if len(first) != len(second) {
		return Test{}, fmt.Errorf("stats: McNemar's test needs the same rows, have %d and %d", len(first), len(second))
	}
	var both, onlyFirst, onlySecond, neither int
	for i, a := range first {
		switch b := second[i]; {
		case a && b:
			both++
		case a:
			onlyFirst++
		case b:
			onlySecond++
		default:
			neither++
		}
	}
	return McNemarCounts(both, onlyFirst, onlySecond, neither, method, confidence)
}

// McNemarCounts is [McNemar] from the numbers of rows on which both classifiers are right, only
// the first, only the second, and neither. It is an error if one is negative or above 1e9, or
// if all are 0.
func McNemarCounts(both, onlyFirst, onlySecond, neither int, method McNemarMethod, confidence float64) (Test, error) {
	confidence, err := level(confidence)
	if err != nil {
		return Test{}, err
	}
	for _, v := range []int{both, onlyFirst, onlySecond, neither} {
		if v < 0 || v > mostPairs {
			return Test{}, fmt.Errorf("stats: McNemar's test: a count of rows is %d", v)
		}
	}
	n := both + onlyFirst + onlySecond + neither
	if n == 0 {
		return Test{}, fmt.Errorf("stats: McNemar's test needs rows, have none")
	}
	t := blank("McNemar's test, ", n, "rows")
	t.Confidence = confidence
	b, c := float64(onlyFirst), float64(onlySecond)
	t.Effect, t.Size = "odds ratio of discordant pairs", b/c
	t.Of, t.Estimate = "difference of accuracy", (b-c)/float64(n)
	t.StdErr = math.Sqrt(b+c-(b-c)*(b-c)/float64(n)) / float64(n)
	t.Low, t.High = newcombe(both, onlyFirst, onlySecond, neither, -normalQuantile((1-confidence)/2))
	t.Symbol, t.Statistic = "b", b
	switch method {
	case McNemarExact:
		t.Method += "exact"
		t.P = signs(onlyFirst, onlySecond, false)
	case McNemarMidP:
		t.Method += "mid-p"
		t.P = signs(onlyFirst, onlySecond, true)
	case McNemarChi2, McNemarChi2Corrected:
		t.Method += "chi-squared"
		t.Symbol, t.DF, t.Statistic = "chi2", 1, 0
		d := math.Abs(b - c)
		if method == McNemarChi2Corrected {
			t.Method += " with continuity correction"
			d = max(0, d-1)
		}
		if b+c > 0 {
			t.Statistic = d * d / (b + c)
		}
		t.P = survivalChi2(t.Statistic, 1)
		if b+c < 25 {
			t.Notes = append(t.Notes, "Fewer than 25 discordant rows: the exact test or mid-p is better.")
		}
	default:
		return Test{}, fmt.Errorf("stats: there is no method %d of McNemar's test", method)
	}
	if b+c == 0 {
		t.Constant, t.P = true, 1
		t.Notes = append(t.Notes, "Both are right on the same rows.")
	}
	return t, nil
}

// signs returns the two-sided p-value of the sign test with b and c signs.
func signs(b, c int, mid bool) float64 {
	n, k := b+c, min(b, c)
	if n == 0 {
		return 1
	}
	at := chance(k, n)
	if b == c {
		if mid {
			return 1 - at/2
		}
		return 1
	}
	// P(X <= k) = I_{1/2}(n-k, k+1)
	tail, _ := incompleteBeta(float64(n-k), float64(k+1), 0.5, 0.5)
	p := min(1, 2*tail)
	if mid {
		p -= at
	}
	return p
}

// chance returns the probability of k heads in n tosses.
func chance(k, n int) float64 {
	if k == 0 || k == n {
		return math.Ldexp(1, -n)
	}
	a, b := float64(k), float64(n-k)
	return powers(a, b, 0.5, 0.5) * float64(n) / (a * b)
}

// newcombe returns the interval of the difference of two paired proportions.
func newcombe(both, onlyFirst, onlySecond, neither int, z float64) (low, high float64) {
	a, b, c, d := float64(both), float64(onlyFirst), float64(onlySecond), float64(neither)
	n := a + b + c + d
	p1, p2 := (a+b)/n, (a+c)/n
	l1, u1 := wilson(a+b, n, z)
	l2, u2 := wilson(a+c, n, z)
	phi := 0.0
	if m := (a + b) * (c + d) * (a + c) * (b + d); m > 0 {
		top := a*d - b*c
		if top > 0 {
			top = max(0, top-n/2)
		}
		phi = top / math.Sqrt(a+b) / math.Sqrt(c+d) / math.Sqrt(a+c) / math.Sqrt(b+d)
	}
	down := math.Sqrt(max(0, (p1-l1)*(p1-l1)-2*phi*(p1-l1)*(u2-p2)+(u2-p2)*(u2-p2)))
	up := math.Sqrt(max(0, (u1-p1)*(u1-p1)-2*phi*(u1-p1)*(p2-l2)+(p2-l2)*(p2-l2)))
	return (b-c)/n - down, (b-c)/n + up
}

// wilson returns the score interval of a proportion of k among n: Wilson (1927).
func wilson(k, n, z float64) (low, high float64) {
	p := k / n
	center := (2*n*p + z*z) / (2 * (n + z*z))
	half := z * math.Sqrt(z*z+4*n*p*(1-p)) / (2 * (n + z*z))
	return max(0, center-half), min(1, center+half)
}
