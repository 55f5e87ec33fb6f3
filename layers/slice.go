package layers

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// Slice keeps the features From to To−1 of every sample.
//
// Shapes: x (batch, ..., features), y (batch, ..., To−From).
type Slice struct{ From, To int }

// Build implements Layer.
func (s Slice) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	n := b.Dim(x, -1)
	if b.Err() != nil {
		return nil
	}
	if s.From < 0 || s.To <= s.From || s.To > n {
		return b.Fail("features %d to %d of %d", s.From, s.To, n)
	}
	if s.From == 0 && s.To == n {
		return x
	}
	return b.Slice(x, -1, s.From, s.To)
}

// Affine is Scale·x + Shift with constants that are not trained. A Scale of 0
// stands for 1.
//
// Shapes: any; y as x.
type Affine struct{ Scale, Shift float64 }

// Build implements Layer.
func (a Affine) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if a.Scale == 0 {
		a.Scale = 1
	}
	if math.IsNaN(a.Scale) || math.IsInf(a.Scale, 0) || math.IsNaN(a.Shift) || math.IsInf(a.Shift, 0) {
		return b.Fail("%v·x + %v: want finite numbers", a.Scale, a.Shift)
	}
	if a.Scale != 1 {
		x = b.Scale(x, a.Scale)
	}
	if a.Shift != 0 {
		x = b.Shift(x, a.Shift)
	}
	return x
}

// Sinh is (eˣ − e⁻ˣ)/2, of x held to ±40 so that it stays finite in float32: what takes
// a target back from a logarithmic scale, see models.Info.
//
// Shapes: any; y as x.
type Sinh struct{}

// Build implements Layer.
func (Sinh) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	x = b.Clip(x, -40, 40)
	return b.Scale(b.Sub(b.Expm1(x), b.Expm1(b.Neg(x))), 0.5)
}
