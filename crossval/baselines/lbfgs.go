package baselines

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// memory is the number of steps that L-BFGS remembers.
const memory = 10

// step is a remembered step: the change in position and in gradient.
type step struct {
	s, y []float64
	rho  float64
}

// minimise lowers a smooth convex function in place, starting from w, by L-BFGS (Liu &
// Nocedal, "On the Limited Memory BFGS Method", 1989) with a backtracking line search. It
// stops when no derivative exceeds accuracy in size, when the value no longer falls, or
// after the given number of iterations. f returns the value and writes the gradient.
func minimise(ctx context.Context, f func(w, gradient []float64) float64, w []float64, accuracy float64, iterations int) error {
	n := len(w)
	gradient, direction := make([]float64, n), make([]float64, n)
	next, nextGradient := make([]float64, n), make([]float64, n)
	var steps []step
	value := f(w, gradient)
	for range iterations {
		if err := ctx.Err(); err != nil {
			return err
		}
		if floats.Norm(gradient, math.Inf(1)) <= accuracy {
			return nil
		}
		descent(direction, gradient, steps)
		slope := floats.Dot(direction, gradient)
		if !(slope < 0) { // rounding errors have spoiled the remembered steps
			steps = nil
			floats.ScaleTo(direction, -1, gradient)
			slope = floats.Dot(direction, gradient)
		}
		t := 1.0
		if len(steps) == 0 {
			t = min(1, 1/floats.Norm(gradient, 2))
		}
		lower, ok := 0.0, false
		for range 40 {
			floats.AddScaledTo(next, w, t, direction)
			if lower = f(next, nextGradient); lower <= value+1e-4*t*slope {
				ok = true
				break
			}
			t /= 2
		}
		if !ok {
			return nil // as low as rounding errors allow
		}
		steps = remember(steps, w, next, gradient, nextGradient)
		copy(w, next)
		gradient, nextGradient = nextGradient, gradient
		if value-lower <= 1e-15*math.Abs(value) {
			return nil
		}
		value = lower
	}
	return nil
}

// descent writes the search direction, by the two-loop recursion.
func descent(to, gradient []float64, steps []step) {
	floats.ScaleTo(to, -1, gradient)
	alpha := make([]float64, len(steps))
	for i, s := range slices.Backward(steps) {
		alpha[i] = s.rho * floats.Dot(s.s, to)
		floats.AddScaled(to, -alpha[i], s.y)
	}
	if n := len(steps); n > 0 {
		last := steps[n-1]
		floats.Scale(1/(last.rho*floats.Dot(last.y, last.y)), to)
	}
	for i, s := range steps {
		floats.AddScaled(to, alpha[i]-s.rho*floats.Dot(s.y, to), s.s)
	}
}

// remember adds a step if the function curves upwards along it.
func remember(steps []step, from, to, gradientFrom, gradientTo []float64) []step {
	s, y := slices.Clone(to), slices.Clone(gradientTo)
	floats.Sub(s, from)
	floats.Sub(y, gradientFrom)
	curve := floats.Dot(s, y)
	if !(curve > 1e-14*floats.Dot(y, y)) {
		return steps
	}
	if len(steps) == memory {
		steps = append(steps[:0:0], steps[1:]...)
	}
	return append(steps, step{s, y, 1 / curve})
}
