package losses

import "github.com/seed732fc211/aegis/graph"

// SequenceCrossEntropy is the cross-entropy of a class at every step of a sequence, for
// logits z: the mean of −Σ q·log softmax(z) over the row's steps that count,
//
//	loss = Σ m·ce / Σ m, with m = 0 where the target is one of Ignore and 1 elsewhere.
//
// q is the target, smoothed to (1−ε)·target + ε/classes (Szegedy et al. 2015,
// arXiv:1512.00567). A row without a step that counts has the loss 0. Where m = 0, the
// gradient is 0 whatever the logits are, NaN included. A step's cross-entropy is that of
// PyTorch's cross_entropy with reduction="none" and ignore_index.
//
// Every row weighs the same, however many of its steps count.
//
// Shapes: pred (batch, steps, classes), or (batch, steps·classes) step by step, want Int
// (batch, steps), or both with more axes of steps, such as those of an image's pixels. A class that is neither ignored nor in
// [0, classes) is an error of the run.
type SequenceCrossEntropy struct {
	Ignore    []int   // targets of steps that do not count, such as the class of padding; nil: −1
	Smoothing float64 // ε in [0, 1)
}

// Loss implements Loss.
func (l SequenceCrossEntropy) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	p, w := b.Shape(pred), b.Shape(want)
	switch {
	case b.Err() != nil:
		return nil
	case len(p) < 3 && !(len(p) == 2 && len(w) == 2 && p[1]%w[1] == 0):
		return b.Fail("prediction %v: want (batch, steps, classes)", p)
	case want.Dtype() != graph.Int:
		return b.Fail("targets of type %v: want int, a class for every step", want.Dtype())
	case len(w) < 2:
		return b.Fail("targets %v: want (batch, steps)", w)
	}
	if len(p) == 2 {
		pred = b.Reshape(pred, p[0], w[1], p[1]/w[1])
	}
	ignore := -1
	if len(l.Ignore) > 0 {
		ignore = l.Ignore[0]
		for _, other := range l.Ignore[1:] {
			want = b.Where(b.Equal(want, b.ConstInt(other)), b.ConstInt(ignore), want)
		}
	}
	ce := b.Flatten(b.MaskedCrossEntropy(pred, want, ignore, l.Smoothing))
	counted := b.Sum(b.Flatten(b.NotEqual(want, b.ConstInt(ignore))), 1)
	return b.Div(b.Sum(ce, 1), b.Maximum(counted, b.Const(1)))
}
