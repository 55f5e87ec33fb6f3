package layers

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// BatchNorm normalises every feature over the batch and all axes between:
// y = γ·(x − μ)/√(σ² + ε) + β. In training, μ and σ² are the batch's own and the
// running statistics move towards them by 1 − Momentum; in inference the running
// statistics are used. The running variance is the unbiased one, as in PyTorch.
// Ioffe & Szegedy (2015), arXiv:1502.03167.
//
// Shapes: x (batch, ..., features), γ "scale" and β "shift" (features), y as x.
// Training needs at least two values a feature in every batch.
type BatchNorm struct {
	Momentum float64 // of the running statistics; 0: 0.9
	Epsilon  float64 // ε; 0: 1e-5
	Scale    graph.Weight
	Shift    graph.Weight
	NoAffine bool // without γ and β
}

// Build implements Layer.
func (n BatchNorm) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	momentum, eps := orDefault(n.Momentum, 0.9), orDefault(n.Epsilon, 1e-5)
	if !(momentum > 0 && momentum < 1) || !positive(eps) {
		return b.Fail("momentum %v must be in (0, 1), epsilon %v positive and finite", momentum, eps)
	}
	s := b.Shape(x)
	if b.Err() != nil {
		return nil
	}
	if len(s) < 2 {
		return b.Fail("input %v: want (batch, ..., features)", s)
	}
	features := s[len(s)-1]
	shape := graph.Shape{features}
	mean := b.State("running_mean", shape, graph.Zeros{})
	variance := b.State("running_variance", shape, graph.Ones{})
	gamma, beta := affine(b, shape, n.Scale, n.Shift, n.NoAffine)
	if b.Mode() != graph.Train {
		return b.Normalize(x, mean, variance, gamma, beta, eps)
	}
	count := 1
	for _, d := range s[:len(s)-1] {
		count *= d
	}
	if count < 2 {
		return b.Fail("training input %v has one value a feature: there is no variance", s)
	}
	y, mu, v := b.BatchNorm(x, gamma, beta, eps)
	unbiased := b.Scale(v, float64(count)/float64(count-1))
	b.Update("running_mean", b.Add(b.Scale(mean, momentum), b.Scale(mu, 1-momentum)))
	b.Update("running_variance", b.Add(b.Scale(variance, momentum), b.Scale(unbiased, 1-momentum)))
	return y
}

// normalised checks what a normalisation over features takes, and returns its epsilon and the number of
// features.
func normalised(b *graph.Builder, x *graph.Node, epsilon float64) (eps float64, features int) {
	s := b.Shape(x)
	switch {
	case !positive(epsilon):
		b.Fail("epsilon %v must be positive and finite", epsilon)
	case b.Err() != nil:
	case len(s) < 2:
		b.Fail("input %v: want (batch, ..., features)", s)
	default:
		features = s[len(s)-1]
	}
	return epsilon, features
}

// LayerNorm normalises every sample over its last axis: y = γ·(x − μ)/√(σ² + ε) + β.
// Ba et al. (2016), arXiv:1607.06450.
//
// Shapes: x (batch, ..., features), γ "scale" and β "shift" (features), y as x.
type LayerNorm struct {
	Epsilon  float64 // ε; 0: 1e-5
	Scale    graph.Weight
	Shift    graph.Weight
	NoAffine bool // without γ and β
}

// Build implements Layer.
func (n LayerNorm) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	eps, features := normalised(b, x, orDefault(n.Epsilon, 1e-5))
	if b.Err() != nil {
		return nil
	}
	gamma, beta := affine(b, graph.Shape{features}, n.Scale, n.Shift, n.NoAffine)
	return b.LayerNorm(x, gamma, beta, eps)
}

// GroupNorm normalises every group of features of a sample over all axes but the batch:
// y = γ·(x − μ)/√(σ² + ε) + β. It does not depend on the batch, in training or in inference.
// With as many groups as features it is instance normalisation. Wu & He (2018),
// arXiv:1803.08494.
//
// Shapes: x (batch, ..., features), γ "scale" and β "shift" (features), y as x.
type GroupNorm struct {
	Groups   int     // divides the features; 0: 32, or the largest number below it that does
	Epsilon  float64 // ε; 0: 1e-5
	Scale    graph.Weight
	Shift    graph.Weight
	NoAffine bool // without γ and β
}

// Build implements Layer.
func (n GroupNorm) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	eps, features := normalised(b, x, orDefault(n.Epsilon, 1e-5))
	if b.Err() != nil {
		return nil
	}
	if n.Groups == 0 {
		for n.Groups = min(32, features); features%n.Groups != 0; n.Groups-- {
		}
	}
	if n.Groups < 1 || features%n.Groups != 0 {
		return b.Fail("%d features cannot be divided into %d groups", features, n.Groups)
	}
	gamma, beta := affine(b, graph.Shape{features}, n.Scale, n.Shift, n.NoAffine)
	return b.GroupNorm(x, gamma, beta, n.Groups, eps)
}

// LayerScale multiplies every feature by a learned factor that begins small, so that a
// residual branch begins as almost nothing: y = γ·x. Touvron et al. (2021), arXiv:2103.17239,
// section 2.
//
// Shapes: x (batch, ..., features), γ "scale" (features), y as x.
type LayerScale struct {
	Start float64      // of γ; 0: 1e-6
	Scale graph.Weight // zero value: Start
}

// Build implements Layer.
func (l LayerScale) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	start := orDefault(l.Start, 1e-6)
	s := b.Shape(x)
	switch {
	case b.Err() != nil:
		return nil
	case !positive(math.Abs(start)):
		return b.Fail("scales that start at %v: want a finite number", l.Start)
	case len(s) < 2:
		return b.Fail("input %v: want (batch, ..., features)", s)
	}
	return b.Mul(x, b.Param("scale", s[len(s)-1:], l.Scale.OrInit(graph.Constant{Value: start})))
}

// RMSNorm divides every sample by the root of the mean of its squares along the last axis:
// y = γ·x/√(mean x² + ε). Zhang & Sennrich (2019), arXiv:1910.07467.
//
// Shapes: x (batch, ..., features), γ "scale" (features), y as x.
type RMSNorm struct {
	Epsilon float64      // ε; 0: 1e-6
	Scale   graph.Weight // zero value: ones
	NoScale bool         // without γ
}

// Build implements Layer.
func (n RMSNorm) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	eps, features := normalised(b, x, orDefault(n.Epsilon, 1e-6))
	if b.Err() != nil {
		return nil
	}
	var gamma *graph.Node
	if !n.NoScale {
		gamma = b.Param("scale", graph.Shape{features}, n.Scale.OrInit(graph.Ones{}))
	}
	return b.RMSNorm(x, gamma, eps)
}

// affine returns γ and β, or nothing.
func affine(b *graph.Builder, shape graph.Shape, scale, shift graph.Weight, none bool) (gamma, beta *graph.Node) {
	if none {
		return nil, nil
	}
	return b.Param("scale", shape, scale.OrInit(graph.Ones{})), b.Param("shift", shape, shift.OrInit(graph.Zeros{}))
}

// positive reports whether v is a positive finite number.
func positive(v float64) bool { return v > 0 && v <= math.MaxFloat64 }

func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}
