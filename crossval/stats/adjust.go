package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Holm adjusts the p-values of several tests so that the chance of any false finding among
// them stays below the level at which the adjusted values are judged, whatever their
// dependence: Holm, "A simple sequentially rejective multiple test procedure" (Scandinavian
// Journal of Statistics 6, 1979). The i-th smallest of m values, counted from 0, is multiplied
// by m-i; the results are made non-decreasing and limited to 1.
//
// As in all functions that adjust, a p of NaN stays NaN and does not count, and it is an error
// if another p is not between 0 and 1.
func Holm(p []float64) ([]float64, error) {
	return adjust(p, false, func(i, m int) float64 { return float64(m - i) })
}

// Hochberg adjusts p-values like [Holm], but from the largest down: the results, p·(m-i), are
// the smallest of those of larger p. It is never less powerful than Holm and needs tests that
// are independent or positively dependent: Hochberg, "A sharper Bonferroni procedure for
// multiple tests of significance" (Biometrika 75, 1988).
func Hochberg(p []float64) ([]float64, error) {
	return adjust(p, true, func(i, m int) float64 { return float64(m - i) })
}

// BenjaminiHochberg adjusts p-values so that the expected share of false findings among all
// findings stays below the level: Benjamini & Hochberg, "Controlling the False Discovery Rate"
// (Journal of the Royal Statistical Society B 57, 1995). The i-th smallest of m values, counted
// from 1, is multiplied by m/i; the results are made non-decreasing from the largest down. The
// tests are to be independent or positively dependent. NaN and errors are as in [Holm].
func BenjaminiHochberg(p []float64) ([]float64, error) {
	return adjust(p, true, func(i, m int) float64 { return float64(m) / float64(i+1) })
}

// BenjaminiYekutieli is [BenjaminiHochberg] for tests of any dependence: all values are
// multiplied by 1 + 1/2 + ... + 1/m, too. Benjamini & Yekutieli, "The control of the false
// discovery rate in multiple testing under dependency" (Annals of Statistics 29, 2001).
func BenjaminiYekutieli(p []float64) ([]float64, error) {
	m := 0
	for _, v := range p {
		if !math.IsNaN(v) {
			m++
		}
	}
	harmonic := 0.0
	for i := m; i > 0; i-- {
		harmonic += 1 / float64(i)
	}
	return adjust(p, true, func(i, m int) float64 { return harmonic * float64(m) / float64(i+1) })
}

// adjust multiplies the i-th smallest of m values by factor(i, m) and makes the results
// monotone, from the largest down or from the smallest up.
func adjust(p []float64, down bool, factor func(i, m int) float64) ([]float64, error) {
	adjusted := make([]float64, len(p))
	var order []int
	for i, v := range p {
		adjusted[i] = math.NaN()
		if math.IsNaN(v) {
			continue
		}
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("stats: p-value %d is %v", i, v)
		}
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	m := len(order)
	if down {
		bound := 1.0
		for i := m - 1; i >= 0; i-- {
			bound = min(bound, p[order[i]]*factor(i, m))
			adjusted[order[i]] = bound
		}
		return adjusted, nil
	}
	bound := 0.0
	for i, j := range order {
		bound = max(bound, min(1, p[j]*factor(i, m)))
		adjusted[j] = bound
	}
	return adjusted, nil
}
