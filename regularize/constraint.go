package regularize

import (
	"math"
	"slices"
	"sync"

	"github.com/seed732fc211/aegis/graph"
)

// rescale multiplies the incoming weights of every unit of a kernel, that is of
// every index of its last axis, by what f says of their L2 norm. A vector is one unit.
func rescale(shape graph.Shape, w []float64, f func(norm float64) float64) {
	units := 1
	if len(shape) > 1 {
		units = shape[len(shape)-1]
	}
	if units < 1 || units > len(w) || len(w)%units != 0 {
		return // no kernel has this shape
	}
	memory, _ := sums.Get().(*[]float64)
	if memory == nil {
		memory = new([]float64)
	}
	by := slices.Grow((*memory)[:0], units)[:units]
	clear(by)
	for at := 0; at < len(w); at += units {
		for u, v := range w[at : at+units] {
			by[u] += v * v
		}
	}
	changed := false
	for u, square := range by {
		norm := math.Sqrt(square)
		if !(square > 0x1p-900 && square < math.Inf(1)) { // squares were too small or too large
			norm = 0
			for at := u; at < len(w); at += units {
				norm = math.Hypot(norm, w[at])
			}
		}
		by[u] = f(norm)
		changed = changed || by[u] != 1
	}
	for at := 0; changed && at < len(w); at += units {
		row := w[at : at+units]
		for u, v := range by {
			row[u] *= v
		}
	}
	*memory = by
	sums.Put(memory)
}

var sums sync.Pool

// MaxNorm scales the incoming weights of every unit down to an L2 norm of at
// most Max (0: 3). A unit is an index of the last axis. Srivastava et al. (2014), 5.1.
type MaxNorm struct{ Max float64 }

// Constrain implements graph.Constraint.
func (c MaxNorm) Constrain(shape graph.Shape, w []float64) {
	limit := c.Max
	if limit <= 0 {
		limit = 3
	}
	rescale(shape, w, func(norm float64) float64 {
		if norm > limit {
			return limit / norm
		}
		return 1
	})
}

// UnitNorm scales the incoming weights of every unit to an L2 norm of 1. A unit
// whose norm is 0, or below 2⁻¹⁰²², the least normal number, stays as it is.
type UnitNorm struct{}

// Constrain implements graph.Constraint.
func (UnitNorm) Constrain(shape graph.Shape, w []float64) {
	rescale(shape, w, func(norm float64) float64 {
		if norm >= 0x1p-1022 {
			return 1 / norm
		}
		return 1
	})
}

// NonNeg sets negative weights to 0.
type NonNeg struct{}

// Constrain implements graph.Constraint.
func (NonNeg) Constrain(_ graph.Shape, w []float64) {
	for i, v := range w {
		w[i] = max(v, 0)
	}
}
