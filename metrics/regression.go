package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
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

// RMSE is the square root of MSE. It does not overflow where MSE does.
func RMSE(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	return rms(len(want), func(i int) float64 { return got[i] - want[i] }), nil
}

// rms returns the root of the mean of squares of numbers whose squares may be
// too large or too small for a float64.
func rms(n int, f func(i int) float64) float64 {
	largest := 0.0
	for i := range n {
		largest = math.Max(largest, math.Abs(f(i)))
	}
	if largest == 0 || largest > 1e-140 && largest < 1e140 {
		return math.Sqrt(mean(n, func(i int) float64 { return f(i) * f(i) }))
	}
	return largest * math.Sqrt(mean(n, func(i int) float64 { d := f(i) / largest; return d * d }))
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
	v, err := RMSE(want, got)
	if err != nil {
		return 0, err
	}
	_, std := moments.MeanStd(want)
	if std == 0 {
		return 0, errConstant
	}
	return 1 - (v/std)*(v/std), nil
}

// ExplainedVariance is 1 − Var(want − got)/Var(want): R2 that forgives a constant
// error. Equal true values are an error.
func ExplainedVariance(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	residuals := make([]float64, len(want))
	for i := range want {
		residuals[i] = want[i] - got[i]
	}
	_, residual := moments.MeanStd(residuals)
	_, std := moments.MeanStd(want)
	if std == 0 {
		return 0, errConstant
	}
	return 1 - (residual/std)*(residual/std), nil
}
