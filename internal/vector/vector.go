// Package vector holds functions of slices of float64 that several packages need.
package vector

import "math"

// Argmax returns the index of the largest value, the first of equals.
func Argmax(v []float64) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}

// Softmax sets dst to exp z / Σ exp z, without overflow. dst may be z.
func Softmax(dst, z []float64) {
	peak := z[0]
	for _, v := range z {
		peak = max(peak, v)
	}
	sum := 0.0
	for k, v := range z {
		dst[k] = math.Exp(v - peak)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// Column returns column k of n columns that are stored row by row: v itself if n is 1.
func Column(v []float64, k, n int) []float64 {
	if n == 1 {
		return v
	}
	out := make([]float64, 0, len(v)/n)
	for i := k; i < len(v); i += n {
		out = append(out, v[i])
	}
	return out
}
