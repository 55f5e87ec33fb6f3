package layers

import (
	"math"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
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

// PadFeatures puts zeros before and after the features of every sample. In a shortcut that
// has to widen x it has no weights: option A of He et al. (2015), arXiv:1512.03385.
//
// Shapes: x (batch, ..., features), y (batch, ..., Before+features+After).
type PadFeatures struct{ Before, After int }

// Build implements Layer.
func (p PadFeatures) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if s := b.Shape(x); b.Err() == nil && len(s) < 2 {
		return b.Fail("input %v: want (batch, ..., features)", s)
	}
	return b.Pad(x, -1, p.Before, p.After)
}

// Affine is Scale·x + Shift with constants that are not trained. A Scale of 0
// stands for 1.
//
// Shapes: any; y as x. With Scales and Shifts, x (batch, ..., features).
type Affine struct {
	Scale, Shift float64
	// Scales and Shifts are those of each feature, besides Scale and Shift, repeated in turn
	// where there are more features; nil: the same for all.
	Scales, Shifts []float64
}

// Build implements Layer.
func (a Affine) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if a.Scale == 0 {
		a.Scale = 1
	}
	for _, v := range slices.Concat([]float64{a.Scale, a.Shift}, a.Scales, a.Shifts) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return b.Fail("%+v: want finite numbers", a)
		}
	}
	if a.Scale != 1 {
		x = b.Scale(x, a.Scale)
	}
	if a.Scales != nil {
		x = b.Mul(x, a.each(b, x, "scales", a.Scales))
	}
	if a.Shift != 0 {
		x = b.Shift(x, a.Shift)
	}
	if a.Shifts != nil {
		x = b.Add(x, a.each(b, x, "shifts", a.Shifts))
	}
	return x
}

// each returns a constant for each feature of x.
func (a Affine) each(b *graph.Builder, x *graph.Node, name string, values []float64) *graph.Node {
	n := b.Dim(x, -1)
	if b.Err() != nil {
		return nil
	}
	if len(values) == 0 || n%len(values) != 0 {
		return b.Fail("%d %s for %d features", len(values), name, n)
	}
	all := slices.Repeat(values, n/len(values))
	return b.Tensor(name, tensor.New(tensor.WithShape(n), tensor.WithBacking(all)))
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
