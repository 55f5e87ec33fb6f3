package regularize

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// Dropout sets every activation to 0 with probability Rate, in [0, 1), and
// divides the others by 1 − Rate while a model is trained; it does nothing in
// inference. Srivastava et al. (2014).
//
// Shapes: any; the result has the shape of x.
type Dropout struct {
	Rate      float64
	Scheduled bool // Rate is multiplied by what train.Config.NoiseSchedule says
}

// Build implements layers.Layer.
func (d Dropout) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !(d.Rate >= 0 && d.Rate < 1) {
		return b.Fail("dropout rate %v is not in [0, 1)", d.Rate)
	}
	if b.Mode() != graph.Train {
		return x
	}
	if d.Scheduled {
		return b.ScheduledDropout(x, d.Rate)
	}
	return b.Dropout(x, d.Rate)
}

// AlphaDropout is the dropout for SELU networks: it sets activations to SELU's
// lower limit α′ = −1.7581 with probability Rate, in [0, 1), and keeps mean and
// variance by an affine map. Klambauer et al. (2017), arXiv:1706.02515, section 2.
type AlphaDropout struct{ Rate float64 }

// Build implements layers.Layer.
func (d AlphaDropout) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !(d.Rate >= 0 && d.Rate < 1) {
		return b.Fail("alpha dropout rate %v is not in [0, 1)", d.Rate)
	}
	if b.Mode() != graph.Train || d.Rate == 0 {
		return x
	}
	const low = -1.7580993408473766 // −scale·alpha of SELU
	keep := 1 - d.Rate
	a := 1 / math.Sqrt(keep*(1+d.Rate*low*low))
	mask := b.RandomBernoulli(keep, b.Shape(x)...)
	dropped := b.Scale(b.Shift(b.Neg(mask), 1), low)
	return b.Shift(b.Scale(b.Add(b.Mul(x, mask), dropped), a), -a*low*d.Rate)
}

// GaussianDropout multiplies activations by normal noise of mean 1 and variance
// Rate/(1−Rate) while a model is trained. Rate is in [0, 1).
// Srivastava et al. (2014), section 10.
type GaussianDropout struct{ Rate float64 }

// Build implements layers.Layer.
func (d GaussianDropout) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !(d.Rate >= 0 && d.Rate < 1) {
		return b.Fail("gaussian dropout rate %v is not in [0, 1)", d.Rate)
	}
	if b.Mode() != graph.Train || d.Rate == 0 {
		return x
	}
	noise := b.Scale(b.RandomNormal(b.Shape(x)...), math.Sqrt(d.Rate/(1-d.Rate)))
	return b.Mul(x, b.Shift(noise, 1))
}

// StochasticDepth leaves out a residual branch: while a model is trained it sets each row to 0
// with probability Rate, in [0, 1), and divides the others by 1 − Rate, so that it does nothing
// in inference. It is the last layer of a layers.Residual's Body. Huang et al. (2016),
// arXiv:1603.09382, who scale in inference instead.
//
// Shapes: x (batch, ...), y as x.
type StochasticDepth struct{ Rate float64 }

// Build implements layers.Layer.
func (d StochasticDepth) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return dropWhole(b, x, "stochastic depth", d.Rate, func(s graph.Shape) {
		for i := range s[1:] {
			s[1+i] = 1
		}
	})
}

// SpatialDropout sets whole channels of a row to 0 with probability Rate, in [0, 1), and divides
// the others by 1 − Rate while a model is trained: neighbours in an image are so much alike that
// Dropout leaves little out. Tompson et al. (2015), arXiv:1411.4280, section 3.2.
//
// Shapes: x (batch, ..., channels), y as x.
type SpatialDropout struct{ Rate float64 }

// Build implements layers.Layer.
func (d SpatialDropout) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if s := b.Shape(x); b.Err() == nil && len(s) < 3 {
		return b.Fail("input %v: want (batch, ..., channels) with an axis between", s)
	}
	return dropWhole(b, x, "spatial dropout", d.Rate, func(s graph.Shape) {
		for i := range s[1 : len(s)-1] {
			s[1+i] = 1
		}
	})
}

// dropWhole drops x along the axes that merge sets to 1: they share one draw.
func dropWhole(b *graph.Builder, x *graph.Node, name string, rate float64, merge func(graph.Shape)) *graph.Node {
	if !(rate >= 0 && rate < 1) {
		return b.Fail("%s rate %v is not in [0, 1)", name, rate)
	}
	s := b.Shape(x)
	if b.Mode() != graph.Train || rate == 0 || b.Err() != nil {
		return x
	}
	if len(s) == 0 {
		return b.Fail("%s of a scalar", name)
	}
	merge(s)
	return b.Mul(x, b.Scale(b.RandomBernoulli(1-rate, s...), 1/(1-rate)))
}

// GaussianNoise adds normal noise of mean 0 and standard deviation Std while a
// model is trained.
type GaussianNoise struct{ Std float64 }

// Build implements layers.Layer.
func (g GaussianNoise) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !(g.Std >= 0) {
		return b.Fail("standard deviation %v of the noise is negative", g.Std)
	}
	if b.Mode() != graph.Train || g.Std == 0 {
		return x
	}
	return b.Add(x, b.Scale(b.RandomNormal(b.Shape(x)...), g.Std))
}
