package metrics

import (
	"fmt"
	"math"
)

// PoissonDeviance is the mean of 2·(y·log(y/λ) − y + λ) of counts y and expected counts λ;
// 0·log 0 is 0. Counts are at least 0 and expected counts positive.
func PoissonDeviance(want, got []float64) (float64, error) {
	if err := checkValues(want, got); err != nil {
		return 0, err
	}
	for i := range want {
		if want[i] < 0 || got[i] <= 0 {
			return 0, fmt.Errorf("metrics: row %d: predicted %v, actual %v: want an actual count of at least 0 and a positive prediction", i, got[i], want[i])
		}
	}
	return 2 * mean(len(want), func(i int) float64 {
		d := got[i] - want[i]
		if want[i] > 0 {
			d += want[i] * math.Log(want[i]/got[i])
		}
		return d
	}), nil
}

// checkLevels checks quantiles, (rows, levels) row by row.
func checkLevels(want, got, levels []float64) error {
	if len(want) == 0 {
		return ErrEmpty
	}
	if len(levels) == 0 || len(got) != len(want)*len(levels) {
		return fmt.Errorf("metrics: %d quantiles for %d rows of %d levels", len(got), len(want), len(levels))
	}
	for k, l := range levels {
		if !(l > 0 && l < 1) {
			return fmt.Errorf("metrics: level %d is %v: want one in (0, 1)", k, l)
		}
	}
	for i, q := range got {
		if d := want[i/len(levels)] - q; math.IsNaN(d) || math.IsInf(d, 0) {
			return fmt.Errorf("metrics: row %d: quantile %v, actual %v: want finite numbers", i/len(levels), q, want[i/len(levels)])
		}
	}
	return nil
}

// Pinball is the mean over rows and levels τ of max(τ·d, (τ − 1)·d) with d = want − got:
// least where got is the τ-quantile. Koenker & Bassett (1978).
//
// Shapes: want (rows), got (rows, levels) row by row.
func Pinball(want, got, levels []float64) (float64, error) {
	if err := checkLevels(want, got, levels); err != nil {
		return 0, err
	}
	n := len(levels)
	return mean(len(got), func(i int) float64 {
		d := want[i/n] - got[i]
		return math.Max(levels[i%n]*d, (levels[i%n]-1)*d)
	}), nil
}

// Coverage returns for each level the share of the rows that are at or below its quantile.
func Coverage(want, got, levels []float64) ([]float64, error) {
	if err := checkLevels(want, got, levels); err != nil {
		return nil, err
	}
	n := len(levels)
	out := make([]float64, n)
	for k := range out {
		out[k] = mean(len(want), func(i int) float64 {
			if want[i] <= got[i*n+k] {
				return 1
			}
			return 0
		})
	}
	return out, nil
}

// CoverageError is the mean over the levels of |coverage − level|.
func CoverageError(want, got, levels []float64) (float64, error) {
	shares, err := Coverage(want, got, levels)
	if err != nil {
		return 0, err
	}
	return mean(len(levels), func(k int) float64 { return math.Abs(shares[k] - levels[k]) }), nil
}
