// Package losses holds what a network is trained to make small. A loss gives one
// number for every row of a batch, so that rows can be weighed; Mean turns them
// into the number that is differentiated.
//
// Losses for classification take logits, the outputs of a last layer without
// activation, so that they are exact where probabilities would round to 0 or 1.
package losses

import (
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"slices"
)

// Loss compares predictions with what they should be.
//
// Shapes: pred (batch, ...), want as the loss says, result (batch).
type Loss interface {
	Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node
}

// Func makes a function a Loss.
type Func func(b *graph.Builder, pred, want *graph.Node) *graph.Node

// Loss calls f.
func (f Func) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	if f == nil {
		return b.Fail("the loss's function is nil")
	}
	return f(b, pred, want)
}

// Mean returns Σ w·loss / Σ w over the rows; without weights, the plain mean.
//
// Shapes: loss (batch), weights (batch) or nil, result a scalar.
func Mean(b *graph.Builder, loss, weights *graph.Node) *graph.Node {
	if weights == nil {
		return b.Mean(loss)
	}
	return b.Div(b.Sum(b.Mul(loss, weights)), b.Sum(weights))
}

// align gives want the shape of pred where they differ by axes of size 1 only,
// so that (batch) never broadcasts against (batch, 1) into a square.
func align(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	p, w := b.Shape(pred), b.Shape(want)
	if b.Err() != nil || slices.Equal(p, w) {
		return want
	}
	if len(p) == 0 || len(w) == 0 || p[0] != w[0] || !slices.Equal(squeezed(p), squeezed(w)) {
		return b.Fail("prediction %v, target %v: shapes differ", p, w)
	}
	return b.Reshape(want, p...)
}

// squeezed drops the axes of size 1 after the batch.
func squeezed(s graph.Shape) graph.Shape {
	out := graph.Shape{s[0]}
	for _, d := range s[1:] {
		if d != 1 {
			out = append(out, d)
		}
	}
	return out
}

// perRow averages over all axes but the batch.
func perRow(b *graph.Builder, x *graph.Node) *graph.Node {
	s := b.Shape(x)
	if b.Err() != nil || len(s) < 2 {
		return x
	}
	x = b.Flatten(x)
	return b.Mean(x, 1)
}

// oneOfTwo returns binary targets as numbers in the shape of the logits: class
// indices 0 and 1 (any other is an error of the run), or probabilities as they are.
func oneOfTwo(b *graph.Builder, logits, want *graph.Node) *graph.Node {
	if b.Err() == nil && want != nil && want.Dtype() == graph.Int {
		want = b.Slice(b.OneHot(want, 2), -1, 1, 2)
	}
	return align(b, logits, want)
}

func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}

func init() {
	builtin.Register(MSE{}, MAE{}, Huber{}, LogCosh{}, Poisson{}, BinaryCrossEntropy{}, SoftmaxCrossEntropy{}, SequenceCrossEntropy{},
		Focal{}, Hinge{}, KLDivergence{}, Cosine{}, Ordinal{}, Pinball{}, Ranking{})
}
