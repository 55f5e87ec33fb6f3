package graph

import (
	"fmt"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Moments returns the mean and the variance of every feature, the last axis, over
// all other axes. The variance is divided by the number of values.
//
// Shapes: x (batch, ..., features), results (features).
func (b *Builder) Moments(x *Node) (mean, variance *Node) {
	m := b.moments(x)
	return b.momentOf(m, 0), b.momentOf(m, 1)
}

// moments returns both as the rows of one value.
func (b *Builder) moments(x *Node) *Node {
	const name = "Moments"
	n := b.features(name, x)
	if n == 0 {
		return nil
	}
	count := size(x.Shape()) / n
	return b.apply(&op{
		kind: name, diff: []bool{true},
		grad: func(b *Builder, in []*Node, m, g *Node) []*Node {
			centred := b.Sub(in[0], b.momentOf(m, 0))
			slope := b.Scale(b.Mul(centred, b.momentOf(g, 1)), 2/float64(count))
			return []*Node{b.Add(slope, b.Scale(b.momentOf(g, 0), 1/float64(count)))}
		},
	}, x)
}

// momentOf returns row i of moments, or of what has their shape.
func (b *Builder) momentOf(m *Node, i int) *Node {
	if m == nil {
		return nil
	}
	return b.Reshape(b.Slice(m, 0, i, i+1), b.Dim(m, 1))
}

// features returns the size of x's last axis, 0 after a mistake.
func (b *Builder) features(name string, x *Node) int {
	if !b.readyFloat(name, x) {
		return 0
	}
	s := x.Shape()
	if len(s) < 2 {
		b.fail(name, fmt.Errorf("%s: want (batch, ..., features)", dims(s)))
		return 0
	}
	return s[len(s)-1]
}

// BatchNorm normalises every feature by its own moments: γ·(x − μ)/√(σ² + ε) + β.
// It returns μ and σ² besides, for running statistics.
//
// Shapes: x (batch, ..., features), gamma γ and beta β (features), or both nil, y as
// x, mean and variance (features). Ioffe & Szegedy (2015), arXiv:1502.03167.
func (b *Builder) BatchNorm(x, gamma, beta *Node, eps float64) (y, mean, variance *Node) {
	const name = "BatchNorm"
	m := b.moments(x)
	in, ok := b.normOperands(name, x, gamma, beta, eps, m)
	if !ok {
		return nil, nil, nil
	}
	return b.normalize(name, in, eps, true), b.momentOf(m, 0), b.momentOf(m, 1)
}

// Normalize normalises every feature by given moments: γ·(x − μ)/√(σ² + ε) + β.
//
// Shapes: x (batch, ..., features), mean, variance, gamma γ and beta β (features), the
// last two or both nil, result as x.
func (b *Builder) Normalize(x, mean, variance, gamma, beta *Node, eps float64) *Node {
	const name = "Normalize"
	n := b.features(name, x)
	if n == 0 || !b.readyFloat(name, mean, variance) {
		return nil
	}
	for _, v := range []*Node{mean, variance} {
		if s := v.Shape(); len(s) != 1 || s[0] != n {
			return b.fail(name, fmt.Errorf("moments %s, want (%d)", dims(s), n))
		}
	}
	in, ok := b.normOperands(name, x, gamma, beta, eps, b.Concat(0, b.Reshape(mean, 1, n), b.Reshape(variance, 1, n)))
	if !ok {
		return nil
	}
	return b.normalize(name, in, eps, false)
}

// normOperands checks the operands of a normalisation and returns them in order.
func (b *Builder) normOperands(name string, x, gamma, beta *Node, eps float64, moments ...*Node) ([]*Node, bool) {
	n := b.features(name, x)
	if n == 0 || !b.ready(name, moments...) {
		return nil, false
	}
	if !(eps > 0) {
		b.fail(name, fmt.Errorf("epsilon %v is not positive", eps))
		return nil, false
	}
	in := append([]*Node{x}, moments...)
	if gamma == nil && beta == nil {
		return in, true
	}
	if !b.readyFloat(name, gamma, beta) {
		return nil, false
	}
	for _, v := range []*Node{gamma, beta} {
		if s := v.Shape(); len(s) != 1 || s[0] != n {
			b.fail(name, fmt.Errorf("scale or shift %s, want (%d)", dims(s), n))
			return nil, false
		}
	}
	return append(in, gamma, beta), true
}

// normalize takes x, its moments, and γ and β if they are there. If the moments are
// x's own, the gradient with respect to x holds what it has through them.
func (b *Builder) normalize(name string, in []*Node, eps float64, own bool) *Node {
	norm := kernel.Norm{N: b.Dim(in[0], -1), Epsilon: eps}
	attrs := []Attribute{attr("epsilon", eps)}
	diff := []bool{true, !own, true, true}
	return b.apply(&op{
		kind: name, attrs: attrs, diff: diff[:len(in)],
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			x, m := in[0], in[1]
			s := b.apply(&op{
				kind: name + "Sums", attrs: attrs, out: typ{b.Dtype(), Shape{2, norm.N}},
				f32: bindNormSums[float32](norm), f64: bindNormSums[float64](norm),
			}, x, m, g)
			operands := []*Node{x, m, g, s}
			if len(in) == 4 {
				operands = append(operands, in[2])
			}
			dx := b.apply(&op{
				kind: name + "Grad", attrs: attrs, out: typeOf(x), inPlace: []int{2},
				f32: bindNormGrad[float32](norm, own), f64: bindNormGrad[float64](norm, own),
			}, operands...)
			grads := []*Node{dx, nil}
			if !own {
				grads[1] = b.momentsGrad(m, s, in[2:], eps)
			}
			if len(in) == 4 {
				grads = append(grads, b.momentOf(s, 0), b.momentOf(s, 1))
			}
			return grads
		},
	}, in...)
}

// momentsGrad returns the gradient with respect to given moments: with r = 1/√(σ² + ε),
// −γ·r·Σg by μ, and −γ·r²·Σ(g·x̂)/2 by σ².
func (b *Builder) momentsGrad(m, s *Node, affine []*Node, eps float64) *Node {
	r := b.Pow(b.Shift(b.momentOf(m, 1), eps), -0.5)
	mean := b.Neg(b.Mul(r, b.momentOf(s, 1)))
	variance := b.Scale(b.Mul(b.Square(r), b.momentOf(s, 0)), -0.5)
	if len(affine) > 0 {
		mean, variance = b.Mul(mean, affine[0]), b.Mul(variance, affine[0])
	}
	n := b.Dim(m, 1)
	return b.Concat(0, b.Reshape(mean, 1, n), b.Reshape(variance, 1, n))
}

// optional returns an operand that may be missing.
func optional[T kernel.Float](c *call[T], i int) []T {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

func bindNormSums[T kernel.Float](norm kernel.Norm) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, m, g := c.out, c.in[0], c.in[1], c.in[2]
		return func() error { kernel.BatchNormSums(norm, x, m, g, out); return nil }
	}
}

func bindNormGrad[T kernel.Float](norm kernel.Norm, own bool) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, m, g, s, gamma := c.out, c.in[0], c.in[1], c.in[2], c.in[3], optional(c, 4)
		if !own {
			s = nil
		}
		return func() error { kernel.BatchNormGrad(norm, x, m, gamma, g, s, out); return nil }
	}
}

// LayerNorm normalises every sample over its last axis by the moments of that:
// γ·(x − μ)/√(σ² + ε) + β.
//
// Shapes: x (batch, ..., features), gamma γ and beta β (features), or both nil, result
// as x. Ba et al. (2016), arXiv:1607.06450.
func (b *Builder) LayerNorm(x, gamma, beta *Node, eps float64) *Node {
	const name = "LayerNorm"
	in, ok := b.normOperands(name, x, gamma, beta, eps)
	if !ok {
		return nil
	}
	return b.rowNorm(name, in, kernel.Norm{N: b.Dim(x, -1), Epsilon: eps})
}

// GroupNorm normalises every sample and group of features, by the moments over the group's
// features and all axes between the batch and the features: γ·(x − μ)/√(σ² + ε) + β. With as
// many groups as features it is instance normalisation.
//
// Shapes: x (batch, ..., features), features a multiple of groups, gamma γ and beta β
// (features), or both nil, result as x. Wu & He (2018), arXiv:1803.08494.
func (b *Builder) GroupNorm(x, gamma, beta *Node, groups int, eps float64) *Node {
	const name = "GroupNorm"
	in, ok := b.normOperands(name, x, gamma, beta, eps)
	if !ok {
		return nil
	}
	s := x.Shape()
	features := s[len(s)-1]
	if groups < 1 || features%groups != 0 {
		return b.fail(name, fmt.Errorf("%d features cannot be divided into %d groups", features, groups))
	}
	rows, places, width := s[0], size(s[1:len(s)-1]), features/groups
	y := x
	apart := groups > 1 && places > 1 // then a group's values are not side by side
	if apart {
		y = b.Transpose(b.Reshape(y, rows, places, groups, width), 0, 2, 1, 3)
	}
	y = b.LayerNorm(b.Reshape(y, rows*groups, places*width), nil, nil, eps)
	if apart {
		y = b.Transpose(b.Reshape(y, rows, groups, places, width), 0, 2, 1, 3)
	}
	y = b.Reshape(y, s...)
	if len(in) > 1 {
		y = b.Add(b.Mul(y, gamma), beta)
	}
	return y
}

// RMSNorm divides every sample by the root of the mean of its squares along the last axis:
// γ·x/√(mean x² + ε).
//
// Shapes: x (batch, ..., features), gamma γ (features), or nil, result as x. Zhang &
// Sennrich (2019), arXiv:1910.07467.
func (b *Builder) RMSNorm(x, gamma *Node, eps float64) *Node {
	const name = "RMSNorm"
	beta := gamma // has the same shape, and is dropped
	in, ok := b.normOperands(name, x, gamma, beta, eps)
	if !ok {
		return nil
	}
	return b.rowNorm(name, in[:min(len(in), 2)], kernel.Norm{N: b.Dim(x, -1), Epsilon: eps, RMS: true})
}

// rowNorm takes x, and γ and β if they are there.
func (b *Builder) rowNorm(name string, in []*Node, norm kernel.Norm) *Node {
	attrs := []Attribute{attr("axis", len(in[0].Shape())-1), attr("epsilon", norm.Epsilon)}
	diff := []bool{true, true, true}
	return b.apply(&op{
		kind: name, attrs: attrs, diff: diff[:len(in)],
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			operands := append([]*Node{in[0], g}, in[1:min(len(in), 2)]...)
			grads := []*Node{b.apply(&op{
				kind: name + "Grad", attrs: attrs, out: typeOf(in[0]),
				f32: bindLayerNormGrad[float32](norm), f64: bindLayerNormGrad[float64](norm),
			}, operands...)}
			if len(in) == 1 {
				return grads
			}
			s := b.apply(&op{
				kind: name + "Sums", attrs: attrs, out: typ{b.Dtype(), Shape{2, norm.N}},
				f32: bindLayerNormSums[float32](norm), f64: bindLayerNormSums[float64](norm),
			}, in[0], g)
			for i := range in[1:] {
				grads = append(grads, b.momentOf(s, i))
			}
			return grads
		},
	}, in...)
}

func bindLayerNormGrad[T kernel.Float](norm kernel.Norm) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, g, gamma := c.out, c.in[0], c.in[1], optional(c, 2)
		return func() error { kernel.LayerNormGrad(norm, x, gamma, g, out); return nil }
	}
}

func bindLayerNormSums[T kernel.Float](norm kernel.Norm) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, g := c.out, c.in[0], c.in[1]
		return func() error { kernel.LayerNormSums(norm, x, g, out); return nil }
	}
}
