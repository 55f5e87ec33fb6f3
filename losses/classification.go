package losses

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// BinaryCrossEntropy is −t·log σ(z) − (1−t)·log(1 − σ(z)) for logits z, the mean
// over a row's outputs.
//
// Shapes: pred (batch, ...); want Int (batch) with classes 0 and 1, or a float
// of pred's shape with probabilities.
type BinaryCrossEntropy struct {
	PositiveWeight float64 // multiplies the term of t = 1; 0: 1
	Smoothing      float64 // ε in [0, 1): t becomes t·(1−ε) + ε/2
}

// Loss implements Loss.
func (l BinaryCrossEntropy) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	if !(l.Smoothing >= 0 && l.Smoothing < 1) {
		return b.Fail("smoothing %v is not in [0, 1)", l.Smoothing)
	}
	t := oneOfTwo(b, pred, want)
	if l.Smoothing > 0 {
		t = b.Shift(b.Scale(t, 1-l.Smoothing), l.Smoothing/2)
	}
	return perRow(b, b.SigmoidCrossEntropy(pred, t, orDefault(l.PositiveWeight, 1)))
}

// SoftmaxCrossEntropy is −Σ w·q·log softmax(z) over the classes, for logits z. q
// is the target, smoothed to (1−ε)·target + ε/classes (Szegedy et al. 2015,
// arXiv:1512.00567), w the weights of the classes. As in PyTorch with
// reduction="none", a row's loss is not divided by its weight.
//
// A model of two classes may have one logit a row, that of class 1: the logits
// are then taken for (0, z), which is BinaryCrossEntropy with class weights.
//
// Shapes: pred (batch, classes) or, of two classes, (batch) or (batch, 1); want
// Int (batch), the class of each row, or a float of pred's shape, the
// probabilities.
type SoftmaxCrossEntropy struct {
	ClassWeights []float64 // one for each class; nil: all 1
	Smoothing    float64   // ε in [0, 1)
}

// Loss implements Loss.
func (l SoftmaxCrossEntropy) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	if !(l.Smoothing >= 0 && l.Smoothing < 1) {
		return b.Fail("smoothing %v is not in [0, 1)", l.Smoothing)
	}
	s := b.Shape(pred)
	if b.Err() != nil {
		return nil
	}
	if len(s) == 1 || len(s) == 2 && s[1] == 1 {
		return l.oneLogit(b, pred, want)
	}
	if l.ClassWeights == nil {
		return b.SoftmaxCrossEntropy(pred, want, l.Smoothing)
	}
	classes := s[len(s)-1]
	if !l.checkWeights(b, classes) {
		return nil
	}
	if want != nil && want.Dtype() == graph.Int {
		want = b.OneHot(want, classes)
	}
	q := align(b, pred, want)
	if l.Smoothing > 0 {
		q = b.Shift(b.Scale(q, 1-l.Smoothing), l.Smoothing/float64(classes))
	}
	w := b.Tensor("class_weights", tensor.New(tensor.WithShape(classes), tensor.WithBacking(append([]float64(nil), l.ClassWeights...))))
	// The fused operation leaves out the terms of q = 0, where log softmax may be
	// −∞, and does not want q to sum to 1.
	return b.SoftmaxCrossEntropy(pred, b.Mul(q, w), 0)
}

// oneLogit is the loss of two classes from the logit of class 1.
func (l SoftmaxCrossEntropy) oneLogit(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	t := oneOfTwo(b, pred, want)
	if l.Smoothing > 0 {
		t = b.Shift(b.Scale(t, 1-l.Smoothing), l.Smoothing/2)
	}
	if l.ClassWeights == nil {
		return perRow(b, b.SigmoidCrossEntropy(pred, t, 1))
	}
	if !l.checkWeights(b, 2) {
		return nil
	}
	// w₁·t·softplus(−z) + w₀·(1−t)·softplus(z)
	w0, w1 := l.ClassWeights[0], l.ClassWeights[1]
	ones := b.Mul(b.Scale(t, w1), b.Softplus(b.Neg(pred)))
	zeros := b.Mul(b.Scale(b.Shift(b.Neg(t), 1), w0), b.Softplus(pred))
	return perRow(b, b.Add(ones, zeros))
}

func (l SoftmaxCrossEntropy) checkWeights(b *graph.Builder, classes int) bool {
	if len(l.ClassWeights) != classes {
		b.Fail("%d class weights for %d classes", len(l.ClassWeights), classes)
		return false
	}
	for i, w := range l.ClassWeights {
		if !(w >= 0) || math.IsInf(w, 0) {
			b.Fail("weight %v of class %d: want a number of at least 0", w, i)
			return false
		}
	}
	return true
}

// Focal is the cross-entropy times (1 − p)^Gamma, where p is the probability
// given to the true class: rows that are right already count less. Lin et al.
// (2017), arXiv:1708.02002, eq. 5. It is binary where pred has one logit a row
// (Alpha then weighs class 1 and 1−Alpha class 0), softmax otherwise.
//
// Shapes: pred (batch), (batch, 1) or (batch, classes); want Int (batch).
type Focal struct {
	Gamma float64 // 0: 2
	Alpha float64 // weight of class 1 of a binary target, in (0, 1); 0: both classes weigh 1
}

// Loss implements Loss.
func (l Focal) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	gamma := orDefault(l.Gamma, 2)
	if !(gamma > 0) || !(l.Alpha >= 0 && l.Alpha < 1) {
		return b.Fail("focal gamma %v must be positive, alpha %v in [0, 1)", gamma, l.Alpha)
	}
	s := b.Shape(pred)
	if b.Err() != nil {
		return nil
	}
	if len(s) == 2 && s[1] > 1 {
		ce := b.SoftmaxCrossEntropy(pred, want, 0) // = −log p
		return b.Mul(focus(b, ce, gamma), ce)
	}
	t := oneOfTwo(b, pred, want)
	ce := b.SigmoidCrossEntropy(pred, t, 1)
	loss := b.Mul(focus(b, ce, gamma), ce)
	if l.Alpha > 0 {
		loss = b.Mul(loss, b.Shift(b.Scale(t, 2*l.Alpha-1), 1-l.Alpha))
	}
	return perRow(b, loss)
}

// focus returns (1 − e^−ce)^gamma. Where ce is so small that 1 − p is 0, a floor
// keeps the derivative of a fractional power finite.
func focus(b *graph.Builder, ce *graph.Node, gamma float64) *graph.Node {
	return b.Pow(b.Maximum(b.Neg(b.Expm1(b.Neg(ce))), b.Const(1e-12)), gamma)
}

// Hinge is max(0, 1 − t·z) with t = −1 for class 0 and +1 for class 1, the mean
// over a row's outputs; with more than one logit a row and class targets it is
// Crammer & Singer's (2001) max(0, 1 + max z_other − z_true).
//
// Shapes: pred (batch, 1) or (batch, classes); want Int (batch), or a float of
// pred's shape with values −1 and +1.
type Hinge struct{ Squared bool }

// Loss implements Loss.
func (h Hinge) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	s := b.Shape(pred)
	if b.Err() != nil || want == nil {
		return b.Fail("hinge: no target")
	}
	var margin *graph.Node
	switch byClass := want.Dtype() == graph.Int; {
	case byClass && len(s) == 2 && s[1] > 1:
		truth := b.OneHot(want, s[1])
		own := b.Sum(b.Mul(truth, pred), 1)
		other := b.Max(b.Sub(pred, b.Scale(truth, 1e6)), 1)
		margin = b.Sub(other, own)
	case byClass:
		t := b.Shift(b.Scale(oneOfTwo(b, pred, want), 2), -1)
		margin = b.Neg(b.Mul(t, pred))
	default:
		margin = b.Neg(b.Mul(align(b, pred, want), pred))
	}
	loss := b.Relu(b.Shift(margin, 1))
	if h.Squared {
		loss = b.Square(loss)
	}
	return perRow(b, loss)
}

// KLDivergence is Σ t·(log t − log softmax(z)) for logits z and target
// probabilities t; 0·log 0 is 0. There is no gradient with respect to the target.
//
// Shapes: pred and want (batch, classes).
type KLDivergence struct{}

// Loss implements Loss.
func (KLDivergence) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	t := b.StopGradient(align(b, pred, want))
	entropy := b.Sum(b.Mul(t, b.Log(b.Maximum(t, b.Const(math.SmallestNonzeroFloat32)))), 1)
	return b.Add(b.SoftmaxCrossEntropy(pred, t, 0), entropy)
}
