package losses

import (
	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// Pinball is the loss of quantiles: of a level τ, with d = want − pred,
//
//	max(τ·d, (τ − 1)·d),
//
// the mean over the levels. Koenker & Bassett (1978).
//
// Shapes: pred (batch, levels); want a float (batch) or (batch, 1).
type Pinball struct {
	Levels []float64 // in (0, 1), one for each output of a row
}

// Loss implements Loss.
func (l Pinball) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	s, w := b.Shape(pred), b.Shape(want)
	switch {
	case b.Err() != nil:
		return nil
	case len(s) != 2 || len(l.Levels) != s[1]:
		return b.Fail("prediction %v for %d levels: want (batch, levels)", s, len(l.Levels))
	case w.TotalSize() != s[0] || w[0] != s[0]:
		return b.Fail("target %v for a prediction %v: want (batch)", w, s)
	}
	for _, t := range l.Levels {
		if !(t > 0 && t < 1) {
			return b.Fail("level %v is not in (0, 1)", t)
		}
	}
	levels := b.Tensor("levels", tensor.New(tensor.WithShape(len(l.Levels)), tensor.WithBacking(append([]float64(nil), l.Levels...))))
	d := b.Sub(b.Reshape(want, s[0], 1), pred)
	// τ·d + relu(−d) is the greater of the two, with one kink.
	return b.Mean(b.Add(b.Mul(d, levels), b.Relu(b.Neg(d))), 1)
}
