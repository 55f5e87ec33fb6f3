package train

import (
	"slices"

	"github.com/seed732fc211/aegis/graph"
)

// average is the moving average of a model's parameters and statistics; nil: none. The model
// holds the weights while it trains; between epochs it holds the average, for validation and
// callbacks.
type average struct {
	decay  float64
	params []*graph.Param
	f32    [][]float32 // whichever of weights and average the model does not hold
	f64    [][]float64
	shown  bool // whether the model holds the average
}

// newAverage returns the average before the first step, which equals the weights.
func newAverage(decay float64, params []*graph.Param) *average {
	if decay == 0 {
		return nil
	}
	a := &average{decay: decay, params: params, shown: true}
	for _, p := range params {
		a.f32, a.f64 = append(a.f32, slices.Clone(p.Floats32())), append(a.f64, slices.Clone(p.Floats64()))
	}
	return a
}

// show swaps the average into the model, or back out.
func (a *average) show(average bool) {
	if a == nil || a.shown == average {
		return
	}
	for i, p := range a.params {
		swap(p.Floats32(), a.f32[i])
		swap(p.Floats64(), a.f64[i])
	}
	a.shown = average
}

func swap[T any](x, y []T) {
	for i := range x {
		x[i], y[i] = y[i], x[i]
	}
}

// update moves the average towards the weights after a step; steps count from 1.
func (a *average) update(step int) {
	if a == nil {
		return
	}
	rest := 1 - min(a.decay, (1+float64(step))/(10+float64(step)))
	for i, p := range a.params {
		moveTo(a.f32[i], p.Floats32(), float32(rest))
		moveTo(a.f64[i], p.Floats64(), rest)
	}
}

func moveTo[T float32 | float64](avg, w []T, by T) {
	for i, v := range w {
		avg[i] += T(by * (v - avg[i]))
	}
}

// weights returns a copy of the weights while the average is shown.
func (a *average) weights() [][]float64 {
	out := make([][]float64, len(a.params))
	for i := range a.params {
		out[i] = slices.Clone(a.f64[i])
		for _, v := range a.f32[i] {
			out[i] = append(out[i], float64(v))
		}
	}
	return out
}

// setWeights restores what weights returned.
func (a *average) setWeights(values [][]float64) {
	for i := range a.params {
		copy(a.f64[i], values[i])
		for j := range a.f32[i] {
			a.f32[i][j] = float32(values[i][j])
		}
	}
}
