package metrics

import "fmt"

// checkSteps checks classes, (rows, steps) row by row; true classes below 0 do not count.
func checkSteps(want, got []int, steps int) error {
	if len(want) == 0 {
		return ErrEmpty
	}
	if steps < 1 || len(want)%steps != 0 || len(want) != len(got) {
		return fmt.Errorf("metrics: %d predictions for %d values of %d steps", len(got), len(want), steps)
	}
	for i, w := range want {
		if w >= 0 && got[i] < 0 {
			return fmt.Errorf("metrics: row %d, step %d: class %d predicted as %d: classes are not negative", i/steps, i%steps, w, got[i])
		}
	}
	return nil
}

// StepAccuracy is the share of the steps that count whose class is right; a step of a true
// class below 0 is padding and does not. That no step counts is an error.
//
// Shapes: want and got (rows, steps) row by row.
func StepAccuracy(want, got []int, steps int) (float64, error) {
	if err := checkSteps(want, got, steps); err != nil {
		return 0, err
	}
	hits, counted := 0, 0
	for i, w := range want {
		if w >= 0 {
			counted++
			if w == got[i] {
				hits++
			}
		}
	}
	if counted == 0 {
		return 0, ErrEmpty
	}
	return float64(hits) / float64(counted), nil
}

// SequenceAccuracy is the share of the rows all of whose steps that count are right.
func SequenceAccuracy(want, got []int, steps int) (float64, error) {
	if err := checkSteps(want, got, steps); err != nil {
		return 0, err
	}
	return mean(len(want)/steps, func(row int) float64 {
		for i := row * steps; i < (row+1)*steps; i++ {
			if want[i] >= 0 && want[i] != got[i] {
				return 0
			}
		}
		return 1
	}), nil
}
