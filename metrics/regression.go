package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

func checkValues(want, got []float64) error {
	if len(want) == 0 {
		return ErrEmpty
	}
	if len(want) != len(got) {
		return fmt.Errorf("metrics: %d predictions for %d rows", len(got), len(want))
	}
	for i := range want {
		if d := got[i] - want[i]; math.IsNaN(d) || math.IsInf(d, 0) {
			return fmt.Errorf("metrics: row %d: predicted %v, actual %v: want finite numbers", i, got[i], want[i])
		}
	}
	return nil
}

func mean(n int, f func(i int) float64) float64 {
	sum := 0.0
	for i := range n {
		sum += f(i)
	}
	return sum / float64(n)
}

// MSE is the mean of (got − want)².
func MSE(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	return mean(len(want), func(i int) float64 { d := got[i] - want[i]; return d * d }), nil
}

// RMSE is the square root of MSE.
func RMSE(want, got []float64) (float64, error) {
	v, err := MSE(want, got)
	return math.Sqrt(v), err
}

// MAE is the mean of |got − want|.
func MAE(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	return mean(len(want), func(i int) float64 { return math.Abs(got[i] - want[i]) }), nil
}

// MedianAE is the median of |got − want|.
func MedianAE(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	d := make([]float64, len(want))
	for i := range d {
		d[i] = math.Abs(got[i] - want[i])
	}
	slices.Sort(d)
	return (d[(len(d)-1)/2] + d[len(d)/2]) / 2, nil
}

var errConstant = errors.New("metrics: all true values are equal: there is no variance to explain")

// R2 is 1 − Σ(got − want)² / Σ(want − mean)², the share of variance explained;
// negative for a model worse than the mean. Equal true values are an error.
func R2(want, got []float64) (float64, error) {
	v, err := MSE(want, got)
	if err != nil {
		return 0, err
	}
	m := mean(len(want), func(i int) float64 { return want[i] })
	total := mean(len(want), func(i int) float64 { d := want[i] - m; return d * d })
	if total == 0 {
		return 0, errConstant
	}
	return 1 - v/total, nil
}

// ExplainedVariance is 1 − Var(want − got)/Var(want): R2 that forgives a constant
// error. Equal true values are an error.
func ExplainedVariance(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	n := len(want)
	me := mean(n, func(i int) float64 { return want[i] - got[i] })
	residual := mean(n, func(i int) float64 { d := want[i] - got[i] - me; return d * d })
	m := mean(n, func(i int) float64 { return want[i] })
	total := mean(n, func(i int) float64 { d := want[i] - m; return d * d })
	if total == 0 {
		return 0, errConstant
	}
	return 1 - residual/total, nil
}
