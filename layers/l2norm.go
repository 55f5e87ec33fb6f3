package layers

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// L2Norm gives every vector of features the length s: y = s·x/√(Σx² + ε), so that products of two
// such vectors are s² times the cosine of the angle between them.
//
// With Learned, s is the parameter exp("log_scale"), which begins at Scale and is held to 100 at
// most: the inverse of the temperature of a contrastive loss, as in Radford et al. (2021),
// arXiv:2103.00020, section 2.5, if one of the two vectors has it.
//
// Shapes: x (batch, ..., features), y as x.
type L2Norm struct {
	Scale   float64 // s; 0: 1
	Learned bool
	Epsilon float64 // ε, which bounds the gradient at 0; 0: 1e-8
}

// mostScale bounds a learned scale.
const mostScale = 100

// Build implements Layer.
func (n L2Norm) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	scale, eps := orDefault(n.Scale, 1), orDefault(n.Epsilon, 1e-8)
	if !positive(scale) || !positive(eps) || n.Learned && scale > mostScale {
		return b.Fail("scale %v, epsilon %v: want positive and finite numbers, and a scale of up to %d that is learned", n.Scale, n.Epsilon, mostScale)
	}
	if shape := b.Shape(x); b.Err() == nil && len(shape) < 2 {
		return b.Fail("input %v: want (batch, ..., features)", shape)
	}
	squares := b.KeepDims(b.Sum(b.Square(x), -1), x, -1)
	y := b.Div(x, b.Sqrt(b.Shift(squares, eps)))
	if !n.Learned {
		return b.Scale(y, scale)
	}
	s := b.Param("log_scale", graph.Shape{1}, graph.Weight{Init: graph.Constant{Value: math.Log(scale)}})
	return b.Mul(y, b.Exp(b.Minimum(s, b.Const(math.Log(mostScale)))))
}
