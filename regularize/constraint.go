package regularize

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// units calls f once for every unit of a kernel, that is for every index of its
// last axis, with the places of the unit's incoming weights. A vector is one unit.
func units(shape graph.Shape, f func(first, stride, count int)) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if len(shape) < 2 {
		f(0, 1, n)
		return
	}
	last := shape[len(shape)-1]
	for u := range last {
		f(u, last, n/last)
	}
}

func norm(w []float64, first, stride, count int) float64 {
	s := 0.0
	for i := range count {
		s = math.Hypot(s, w[first+i*stride])
	}
	return s
}

func scale(w []float64, first, stride, count int, by float64) {
	for i := range count {
		w[first+i*stride] *= by
	}
}

// MaxNorm scales the incoming weights of every unit down to an L2 norm of at
// most Max (0: 3). A unit is an index of the last axis. Srivastava et al. (2014), 5.1.
type MaxNorm struct{ Max float64 }

// Constrain implements graph.Constraint.
func (c MaxNorm) Constrain(shape graph.Shape, w []float64) {
	limit := c.Max
	if limit <= 0 {
		limit = 3
	}
	units(shape, func(first, stride, count int) {
		if n := norm(w, first, stride, count); n > limit {
			scale(w, first, stride, count, limit/n)
		}
	})
}

// UnitNorm scales the incoming weights of every unit to an L2 norm of 1. A unit
// whose weights are all 0 stays so.
type UnitNorm struct{}

// Constrain implements graph.Constraint.
func (UnitNorm) Constrain(shape graph.Shape, w []float64) {
	units(shape, func(first, stride, count int) {
		if n := norm(w, first, stride, count); n > 0 {
			scale(w, first, stride, count, 1/n)
		}
	})
}

// NonNeg sets negative weights to 0.
type NonNeg struct{}

// Constrain implements graph.Constraint.
func (NonNeg) Constrain(_ graph.Shape, w []float64) {
	for i, v := range w {
		w[i] = math.Max(v, 0)
	}
}
