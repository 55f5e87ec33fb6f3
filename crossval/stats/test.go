package stats

import (
	"fmt"
	"math"
	"strings"
)

// Test is the result of a statistical test: what was computed, its p-value, an effect size and
// an interval. Numbers that do not apply are NaN, degrees of freedom that do not apply 0.
type Test struct {
	Method     string   // the test and its variant, such as "Wilcoxon signed rank test, exact"
	N          int      // number of folds, rows, pairs or data sets
	Counted    string   // what N counts: "folds", "rows", "data sets"
	Symbol     string   // of the statistic: "t", "F", "V", "Q", "chi2", "z", "q"
	Statistic  float64  // value of the statistic
	DF         float64  // degrees of freedom, of the numerator for an F statistic
	DF2        float64  // degrees of freedom of the denominator of an F statistic
	P          float64  // two-sided unless Method says otherwise; NaN: no test is possible
	Effect     string   // name of the effect size, such as "rank-biserial correlation"
	Size       float64  // the effect size
	Of         string   // what is estimated, such as "mean difference"
	Estimate   float64  // its value
	StdErr     float64  // standard error of the estimate
	Low        float64  // lower bound of the interval
	High       float64  // upper bound of the interval
	Confidence float64  // 0.95 for a 95% interval
	Constant   bool     // there is no variance, so no test is possible
	Notes      []string // why this variant, and its limits
}

// String returns the test on one line, without its notes:
//
//	Wilcoxon signed rank test, exact: V = 43, 10 differences, p = 0.13; pseudomedian (Hodges-Lehmann) 0.9, 95% CI -0.35 to 2.1; rank-biserial correlation 0.564
//
// Numbers that are NaN are left out.
func (t Test) String() string {
	var parts []string
	var first []string
	if t.Symbol != "" && !math.IsNaN(t.Statistic) {
		symbol := t.Symbol
		switch {
		case t.DF2 != 0:
			symbol += fmt.Sprintf("(%.4g, %.4g)", t.DF, t.DF2)
		case t.DF != 0:
			symbol += fmt.Sprintf("(%.4g)", t.DF)
		}
		first = append(first, fmt.Sprintf("%s = %.4g", symbol, t.Statistic))
	}
	if t.N > 0 {
		first = append(first, strings.TrimSpace(fmt.Sprintf("%d %s", t.N, t.Counted)))
	}
	switch {
	case t.Constant && math.IsNaN(t.P):
		first = append(first, "no variance, so no test")
	case math.IsNaN(t.P):
	case t.P < 0.001:
		first = append(first, fmt.Sprintf("p = %.2e", t.P))
	default:
		first = append(first, fmt.Sprintf("p = %.2g", t.P))
	}
	if len(first) > 0 {
		parts = append(parts, strings.Join(first, ", "))
	}
	if t.Of != "" && !math.IsNaN(t.Estimate) {
		estimate := fmt.Sprintf("%s %.4g", t.Of, t.Estimate)
		if !math.IsNaN(t.Low) && !math.IsNaN(t.High) && t.Confidence > 0 {
			estimate += fmt.Sprintf(", %.4g%% CI %.4g to %.4g", 100*t.Confidence, t.Low, t.High)
		}
		parts = append(parts, estimate)
	}
	if t.Effect != "" && !math.IsNaN(t.Size) {
		parts = append(parts, fmt.Sprintf("%s %.3g", t.Effect, t.Size))
	}
	if len(parts) == 0 {
		return t.Method
	}
	return t.Method + ": " + strings.Join(parts, "; ")
}

// blank returns a Test whose numbers do not apply yet.
func blank(method string, n int, counted string) Test {
	nan := math.NaN()
	return Test{Method: method, N: n, Counted: counted, Statistic: nan, P: nan, Size: nan, Estimate: nan, StdErr: nan, Low: nan, High: nan}
}

// level returns the confidence that 0 stands for, or an error.
func level(confidence float64) (float64, error) {
	if confidence == 0 {
		return 0.95, nil
	}
	if !(confidence > 0 && confidence < 1) {
		return 0, fmt.Errorf("stats: want a confidence between 0 and 1, have %v", confidence)
	}
	return confidence, nil
}

// finite returns an error that names the first value that is not finite.
func finite(what string, x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("stats: %s %d is %v", what, i, v)
		}
	}
	return nil
}

// meanStd returns the mean and the standard deviation, with n-1 in its denominator. Values of
// any size are allowed: they are scaled by a power of two, which is exact, before they are
// squared and summed.
func meanStd(x []float64) (mean, std float64) {
	_, e := math.Frexp(largest(x))
	for _, v := range x {
		mean += math.Ldexp(v, -e)
	}
	mean /= float64(len(x))
	var sum, rest float64
	for _, v := range x {
		d := math.Ldexp(v, -e) - mean
		sum += d * d
		rest += d
	}
	sum -= rest * rest / float64(len(x))
	return math.Ldexp(mean, e), math.Ldexp(math.Sqrt(max(sum, 0)/float64(len(x)-1)), e)
}

// largest returns the largest absolute value.
func largest(x []float64) float64 {
	scale := 0.0
	for _, v := range x {
		scale = max(scale, math.Abs(v))
	}
	return scale
}

// rounding is the standard deviation, relative to the largest value, below which values are
// taken for equal.
const rounding = 1e-12
