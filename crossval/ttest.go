package crossval

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is the mean of some folds' values with a confidence interval, and the test of the
// hypothesis that the mean is 0.
type Interval struct {
	N          int     // number of folds
	Mean       float64 // over the folds
	StdErr     float64 // corrected standard error of the mean
	T          float64 // Mean / StdErr; ±Inf if Constant and Mean is not 0
	DF         int     // degrees of freedom, N-1
	P          float64 // two-sided
	Low, High  float64 // the interval: Mean ± quantile · StdErr
	Confidence float64 // 0.95 for a 95% interval
	Constant   bool    // all folds are equal: the variance is 0, and no test is possible
	Cut        bool    // Low or High was clipped to the range that the score can have
}

// CorrectedTTest is the corrected resampled t-test of Nadeau & Bengio, "Inference for the
// Generalization Error" (Machine Learning 52, 2003), which Bouckaert & Frank (2004) apply to
// repeated k-fold cross-validation. x holds one number for each of J folds, usually the
// difference of two models' scores, and testOverTrain is the number of test rows of a fold
// divided by that of its training rows:
//
//	t = mean(x) / sqrt((1/J + testOverTrain) · var(x)),  J-1 degrees of freedom
//
// where var has J-1 in its denominator. The term testOverTrain corrects for the overlap of
// training sets, because of which folds are not independent and an ordinary t-test finds
// differences that do not exist. Confidence of 0 is 0.95.
//
// If all x are equal, the variance is 0, and Constant is set. Then t is 0 and P is 1 if x is
// 0; otherwise t is infinite and P is 0, as in SciPy, which proves nothing. It is an error
// if J is less than 2, if an x is not finite, if testOverTrain is negative, or if the
// confidence is not between 0 and 1.
func CorrectedTTest(x []float64, testOverTrain, confidence float64) (Interval, error) {
	if confidence == 0 {
		confidence = 0.95
	}
	if !(confidence > 0 && confidence < 1) {
		return Interval{}, fmt.Errorf("crossval: want a confidence between 0 and 1, have %v", confidence)
	}
	if len(x) < 2 {
		return Interval{}, fmt.Errorf("crossval: a t-test needs 2 folds or more, have %d", len(x))
	}
	if !(testOverTrain >= 0) || math.IsInf(testOverTrain, 0) {
		return Interval{}, fmt.Errorf("crossval: want test rows over training rows, have %v", testOverTrain)
	}
	scale := 0.0
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Interval{}, fmt.Errorf("crossval: fold %d: the score is %v", i, v)
		}
		scale = max(scale, math.Abs(v))
	}
	n := float64(len(x))
	mean, std := meanStd(x)
	in := Interval{N: len(x), Mean: mean, DF: len(x) - 1, Confidence: confidence}
	if std <= 1e-12*scale { // rounding errors of 0
		in.Constant = true
		in.Low, in.High = mean, mean
		in.P = 1
		if scale > 0 {
			in.T, in.P = math.Inf(1), 0
			if mean < 0 {
				in.T = math.Inf(-1)
			}
		}
		return in, nil
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	in.StdErr = math.Sqrt(1/n+testOverTrain) * std
	in.T = mean / in.StdErr
	in.P = min(1, 2*t.CDF(-math.Abs(in.T)))
	half := t.Quantile((1+confidence)/2) * in.StdErr
	in.Low, in.High = mean-half, mean+half
	return in, nil
}

// meanStd returns the mean and the standard deviation, with n-1 in its denominator, of
// scores of any size: they are scaled by a power of two, which is exact, before they are
// squared and summed.
func meanStd(x []float64) (mean, std float64) {
	scale := 0.0
	for _, v := range x {
		scale = max(scale, math.Abs(v))
	}
	if math.IsInf(scale, 0) {
		return stat.Mean(x, nil), math.NaN()
	}
	_, e := math.Frexp(scale)
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Ldexp(v, -e)
	}
	mean, std = stat.MeanStdDev(y, nil)
	return math.Ldexp(mean, e), math.Ldexp(std, e)
}

// Interval returns the mean of a candidate's scores with its corrected 95% interval, as in
// [CorrectedTTest]; its T and P have little meaning. Bounds beyond what the score can be,
// such as an accuracy above 1, are clipped to its range, and Cut is set. A metric of "" is
// the first. It is an error if the candidate has fewer than 2 runs or an undefined score.
func (r *Result) Interval(candidate, metric string) (Interval, error) {
	scores := r.Scores(candidate, metric)
	if scores == nil {
		return Interval{}, fmt.Errorf("crossval: there are no scores %q of a candidate %q", metric, candidate)
	}
	in, err := CorrectedTTest(scores, r.testOverTrain(), 0)
	if err != nil {
		return Interval{}, fmt.Errorf("%w (%s of %s)", err, metric, candidate)
	}
	m, _ := r.metric(metric)
	if bounds := r.Metrics[m].Range; bounds[0] < bounds[1] && (in.Low < bounds[0] || in.High > bounds[1]) {
		in.Low, in.High, in.Cut = max(in.Low, bounds[0]), min(in.High, bounds[1]), true
	}
	return in, nil
}

// Holm adjusts the p-values of several tests so that the chance of any false finding among
// them stays below the level at which the adjusted values are judged: Holm, "A simple
// sequentially rejective multiple test procedure" (Scandinavian Journal of Statistics 6,
// 1979). The i-th smallest of m values, counted from 0, is multiplied by m-i; the results
// are made non-decreasing and limited to 1. It is an error if a p is not between 0 and 1.
func Holm(p []float64) ([]float64, error) {
	order := make([]int, len(p))
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("crossval: p-value %d is %v", i, v)
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	adjusted := make([]float64, len(p))
	least := 0.0
	for i, j := range order {
		least = max(least, min(1, p[j]*float64(len(p)-i)))
		adjusted[j] = least
	}
	return adjusted, nil
}

var errNoOther = errors.New("crossval: there is no other candidate to compare with")
