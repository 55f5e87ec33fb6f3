// Package moments computes means and spreads that neither overflow nor find a
// spread where there is none.
package moments

import (
	"math"
	"slices"
)

// MeanStd returns the mean and the population standard deviation (n in the
// denominator) of finite values, by Welford's method. Equal values have exactly
// the spread 0, whatever their mean rounds to. Values up to the largest float64
// are scaled by a power of two while they are summed, which changes no digit.
func MeanStd(v []float64) (mean, std float64) {
	if len(v) == 0 {
		return 0, 0
	}
	low, high := v[0], v[0]
	for _, x := range v {
		low, high = math.Min(low, x), math.Max(high, x)
	}
	if low == high {
		return low, 0
	}
	scale := 1.0
	if largest := math.Max(math.Abs(low), math.Abs(high)); largest > 0x1p400 || largest < 0x1p-400 {
		_, exp := math.Frexp(largest)
		scale = math.Ldexp(1, -exp/2) // twice, as 2^1024 is too large
	}
	m2 := 0.0
	for i, x := range v {
		x = x * scale * scale
		d := x - mean
		mean += d / float64(i+1)
		m2 += d * (x - mean)
	}
	return mean / scale / scale, math.Sqrt(m2/float64(len(v))) / scale / scale
}

// Quantile returns the q-quantile of ascending values, linear between two of them
// (Hyndman and Fan's type 7, as NumPy has it).
func Quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	share := at - float64(low)
	if step := sorted[low+1] - sorted[low]; !math.IsInf(step, 0) {
		return sorted[low] + share*step
	}
	return sorted[low]*(1-share) + sorted[low+1]*share
}

// Spread returns the median of ascending values, its distance from the nearer
// quartile, and the interquartile range. Where a quartile is the median, as of values
// that are mostly 0, distance and range are at least the median distance of the other
// values, 0 if there are none.
func Spread(sorted []float64) (median, near, between float64) {
	median = Quantile(sorted, 0.5)
	low, high := Quantile(sorted, 0.25), Quantile(sorted, 0.75)
	near, between = min(high-median, median-low), high-low
	if near == 0 {
		var d []float64
		for _, x := range sorted {
			if x != median {
				d = append(d, math.Abs(x-median))
			}
		}
		if len(d) > 0 {
			slices.Sort(d)
			near = Quantile(d, 0.5)
		}
		between = max(between, near)
	}
	return median, near, between
}

// Skewness returns the mean cube of the standardised values, 0 where they have no
// spread.
func Skewness(v []float64) float64 {
	mean, std := MeanStd(v)
	if std == 0 {
		return 0
	}
	sum := 0.0
	for _, x := range v {
		z := (x - mean) / std
		sum += z * z * z
	}
	return sum / float64(len(v))
}
