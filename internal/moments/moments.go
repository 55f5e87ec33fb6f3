// Package moments computes means and spreads that neither overflow nor find a
// spread where there is none.
package moments

import "math"

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
