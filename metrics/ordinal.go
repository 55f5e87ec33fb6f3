package metrics

import (
	"fmt"
	"math"
)

// QuadraticKappa is Cohen's kappa of classes in order, where a class that is d classes off
// counts d²: 1 − Σ d²·observed / Σ d²·expected by chance. Cohen (1968). The cause of the
// error is ErrOneClass where truth and prediction have one and the same class.
func QuadraticKappa(want, got []int) (float64, error) {
	if err := checkLabels(want, got); err != nil {
		return 0, err
	}
	// Σ (w − g)² over all pairs of rows is n·(Σw² + Σg²) − 2·Σw·Σg.
	n, observed, squares, w, g := float64(len(want)), 0.0, 0.0, 0.0, 0.0
	for i := range want {
		a, b := float64(want[i]), float64(got[i])
		observed += (a - b) * (a - b)
		squares += a*a + b*b
		w += a
		g += b
	}
	expected := squares - 2*w*g/n
	if expected <= 0 {
		return 0, fmt.Errorf("metrics: kappa is not defined: %w in truth and prediction", ErrOneClass)
	}
	return 1 - observed/expected, nil
}

// RankMAE is the mean of |got − want| of classes in order: how many classes off.
func RankMAE(want, got []int) (float64, error) {
	if err := checkLabels(want, got); err != nil {
		return 0, err
	}
	return mean(len(want), func(i int) float64 { return math.Abs(float64(got[i] - want[i])) }), nil
}
