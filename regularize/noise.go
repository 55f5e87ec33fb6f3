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
