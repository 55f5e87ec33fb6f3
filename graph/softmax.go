package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Softmax returns eˣ / Σ eˣ along the last axis, without overflow.
func (b *Builder) Softmax(x *Node) *Node { return b.softmax(x, "Softmax", false) }

// LogSoftmax returns x − log Σ eˣ along the last axis, without overflow.
func (b *Builder) LogSoftmax(x *Node) *Node { return b.softmax(x, "LogSoftmax", true) }

func (b *Builder) softmax(x *Node, kind string, log bool) *Node {
	if !b.readyFloat(kind, x) {
		return nil
	}
	s := x.Shape()
	if len(s) == 0 {
		return b.fail(kind, errors.New("a scalar has no axis"))
	}
	n := s[len(s)-1]
	return b.apply(&op{
		kind: kind, attrs: []Attribute{attr("axis", len(s)-1)}, diff: []bool{true},
		grad: func(b *Builder, _ []*Node, y, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: kind + "Grad", attrs: []Attribute{attr("axis", len(s)-1)}, out: typeOf(y),
				f32: bindSoftmaxGrad[float32](log, n), f64: bindSoftmaxGrad[float64](log, n),
			}, y, g)}
		},
	}, x)
}

func bindSoftmaxGrad[T kernel.Float](log bool, n int) func(*call[T]) run {
	return func(c *call[T]) run {
		f := kernel.SoftmaxGrad[T]
		if log {
			f = kernel.LogSoftmaxGrad[T]
		}
		return func() error { f(c.out, c.in[0], c.in[1], n); return nil }
	}
}

// SoftmaxCrossEntropy returns the cross-entropy of every row of logits against
// a target, −Σ q·log softmax(logits), from the logits so that it neither
// overflows nor loses digits. With smoothing eps, q is (1−eps) times the target
// plus eps/classes (Szegedy et al. 2015, arXiv:1512.00567).
//
// Shapes: logits (batch, classes); target Int (batch), the class of each row, or
// a float (batch, classes), its probabilities; result (batch).
// A class outside [0, classes) is an error of the run. There is no gradient by
// the target.
func (b *Builder) SoftmaxCrossEntropy(logits, target *Node, eps float64) *Node {
	const kind = "SoftmaxCrossEntropy"
	if !b.readyFloat(kind, logits) || !b.ready(kind, target) {
		return nil
	}
	s, t := logits.Shape(), target.Shape()
	if len(s) != 2 {
		return b.fail(kind, fmt.Errorf("logits are %s, want (batch, classes)", dims(s)))
	}
	if !(eps >= 0 && eps < 1) {
		return b.fail(kind, fmt.Errorf("smoothing %v is not in [0, 1)", eps))
	}
	byClass := target.Dtype() == Int
	if byClass && !slices.Equal(t, s[:1]) || !byClass && !slices.Equal(t, s) {
		return b.fail(kind, fmt.Errorf("logits %s, target %v%s: want int(%d) or %v%s", dims(s), target.Dtype(), dims(t), s[0], b.Dtype(), dims(s)))
	}
	return b.crossEntropy(logits, target, eps, nil)
}

// MaskedCrossEntropy is SoftmaxCrossEntropy with classes as targets, but that what has
// the target ignore does not count: its cross-entropy and the gradient with respect to
// its logits are 0, whatever the logits are.
//
// Shapes: logits (..., classes), target Int (...), result as target. A class that is
// neither ignore nor in [0, classes) is an error of the run.
func (b *Builder) MaskedCrossEntropy(logits, target *Node, ignore int, eps float64) *Node {
	const kind = "MaskedCrossEntropy"
	if !b.readyFloat(kind, logits) || !b.readyInt(kind, target) {
		return nil
	}
	s, t := logits.Shape(), target.Shape()
	if len(s) == 0 || !slices.Equal(t, s[:len(s)-1]) {
		return b.fail(kind, fmt.Errorf("logits %s, target int%s: want (..., classes) and int(...)", dims(s), dims(t)))
	}
	if !(eps >= 0 && eps < 1) {
		return b.fail(kind, fmt.Errorf("smoothing %v is not in [0, 1)", eps))
	}
	return b.Reshape(b.crossEntropy(b.Reshape(logits, -1, s[len(s)-1]), b.Reshape(target, -1), eps, &ignore), t...)
}

// crossEntropy is that of rows of logits; targets that are *ignore do not count.
func (b *Builder) crossEntropy(logits, target *Node, eps float64, ignore *int) *Node {
	const kind = "SoftmaxCrossEntropy"
	if b.failed() {
		return nil
	}
	s := logits.Shape()
	n, byClass := s[1], target.Dtype() == Int
	attrs := []Attribute{attr("label_smoothing", eps)}
	if ignore != nil {
		attrs = append(attrs, attr("ignore_index", *ignore))
	}
	return b.apply(&op{
		kind: kind, attrs: attrs, out: typ{b.Dtype(), s[:1]}, diff: []bool{true, false},
		f32: bindCrossEntropy[float32](byClass, n, eps, ignore), f64: bindCrossEntropy[float64](byClass, n, eps, ignore),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: kind + "Grad", attrs: attrs, out: typeOf(in[0]),
				f32: bindCrossEntropyGrad[float32](byClass, n, eps, ignore), f64: bindCrossEntropyGrad[float64](byClass, n, eps, ignore),
			}, in[0], in[1], g), nil}
		},
	}, logits, target)
}

func bindCrossEntropy[T kernel.Float](byClass bool, n int, eps float64, ignore *int) func(*call[T]) run {
	return func(c *call[T]) run {
		if !byClass {
			return func() error { kernel.SoftCrossEntropy(c.out, c.in[0], c.in[1], n, eps); return nil }
		}
		return func() error {
			if ignore != nil {
				if r := kernel.MaskedCrossEntropy(c.out, c.in[0], c.ints[1], n, eps, *ignore); r >= 0 {
					return fmt.Errorf("position %d: class %d is neither in [0, %d) nor ignored, as %d is", r, c.ints[1][r], n, *ignore)
				}
				return nil
			}
			if r := kernel.CrossEntropy(c.out, c.in[0], c.ints[1], n, eps); r >= 0 {
				return fmt.Errorf("row %d: class %d is not in [0, %d)", r, c.ints[1][r], n)
			}
			return nil
		}
	}
}

func bindCrossEntropyGrad[T kernel.Float](byClass bool, n int, eps float64, ignore *int) func(*call[T]) run {
	return func(c *call[T]) run {
		switch {
		case !byClass:
			return func() error { kernel.SoftCrossEntropyGrad(c.out, c.in[0], c.in[1], c.in[2], n, eps); return nil }
		case ignore != nil:
			return func() error {
				kernel.MaskedCrossEntropyGrad(c.out, c.in[0], c.ints[1], c.in[2], n, eps, *ignore)
				return nil
			}
		}
		return func() error { kernel.CrossEntropyGrad(c.out, c.in[0], c.ints[1], c.in[2], n, eps); return nil }
	}
}

// SigmoidCrossEntropy returns the element-wise binary cross-entropy of logits z
// against targets t in [0, 1],
//
//	(1−t)·z + (1 + (positive−1)·t)·log(1 + e⁻ᶻ),
//
// from the logits so that it never overflows. positive weighs the positive
// class; 1 is neutral. Both operands have one shape, which is the result's.
// There is no gradient with respect to the target.
func (b *Builder) SigmoidCrossEntropy(logits, target *Node, positive float64) *Node {
	const kind = "SigmoidCrossEntropy"
	if !b.readyFloat(kind, logits, target) {
		return nil
	}
	if !slices.Equal(logits.Shape(), target.Shape()) {
		return b.fail(kind, fmt.Errorf("logits %s, target %s: shapes differ", dims(logits.Shape()), dims(target.Shape())))
	}
	if !(positive > 0) {
		return b.fail(kind, fmt.Errorf("weight %v of the positive class is not positive", positive))
	}
	o := &op{
		kind: kind, attrs: []Attribute{attr("pos_weight", positive)}, out: typeOf(logits), diff: []bool{true, false}, inPlace: []int{0},
		f32: bindLogistic[float32](positive), f64: bindLogistic[float64](positive),
	}
	o.grad = func(b *Builder, in []*Node, _, g *Node) []*Node {
		return []*Node{b.apply(&op{
			kind: kind + "Grad", attrs: o.attrs, out: typeOf(in[0]), inPlace: []int{2},
			f32: bindLogisticGrad[float32](positive), f64: bindLogisticGrad[float64](positive),
		}, in[0], in[1], g), nil}
	}
	return b.apply(o, logits, target)
}

func bindLogistic[T kernel.Float](positive float64) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error { kernel.LogisticLoss(c.out, c.in[0], c.in[1], positive); return nil }
	}
}

func bindLogisticGrad[T kernel.Float](positive float64) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error {
			kernel.LogisticLossGrad(c.out, c.in[0], c.in[1], c.in[2], positive)
			return nil
		}
	}
}
