package layers

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// SequenceMask returns the mask of the steps that padded sequences have: 1 before the length of
// a row, 0 from there on.
//
// Shapes: lengths Int (batch), y (batch, steps).
func SequenceMask(b *graph.Builder, lengths *graph.Node, steps int) *graph.Node {
	s := b.Shape(lengths)
	switch {
	case b.Err() != nil:
		return nil
	case lengths.Dtype() != graph.Int || len(s) != 1:
		return b.Fail("lengths %v of shape %v: want int (batch)", lengths.Dtype(), s)
	case steps < 1 || steps > graph.MaxElements:
		return b.Fail("sequences of %d steps: want 1 to %d", steps, graph.MaxElements)
	}
	at := make([]int, steps)
	for i := range at {
		at[i] = i
	}
	b = b.Scope("mask")
	return b.Less(b.Tensor(fmt.Sprint("steps ", steps), tensor.New(tensor.WithShape(1, steps), tensor.WithBacking(at))), b.Reshape(lengths, s[0], 1))
}

// Join implements Joiner: of padded sequences (batch, steps, channels) and their lengths, Int
// (batch), it takes the maximum over the steps that a row has; of a row without steps it is 0.
func (p GlobalMaxPool) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	x, mask, counts := masked(b, xs)
	if mask == nil {
		return nil
	}
	lowest := -math.MaxFloat32 / 2
	top := b.Max(b.Where(mask, x, b.Const(lowest)), 1)
	return b.Where(b.Greater(counts, b.Const(0)), top, b.Const(0))
}

// Join implements Joiner: of padded sequences (batch, steps, channels) and their lengths, Int
// (batch), it takes the mean over the steps that a row has; of a row without steps it is 0.
func (p GlobalAveragePool) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	x, mask, counts := masked(b, xs)
	if mask == nil {
		return nil
	}
	return b.Div(b.Sum(b.Where(mask, x, b.Const(0)), 1), b.Maximum(counts, b.Const(1)))
}

// MaskSteps is a Joiner: of padded sequences (batch, steps, channels) and their lengths, Int
// (batch), it sets the steps after the length of a row to 0, as a convolution's own padding is.
type MaskSteps struct{}

// Join implements Joiner.
func (MaskSteps) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	x, mask, _ := masked(b, xs)
	if mask == nil {
		return nil
	}
	return b.Where(mask, x, b.Const(0))
}

// masked returns sequences, the mask (batch, steps, 1) of their steps, and how many each has,
// (batch, 1).
func masked(b *graph.Builder, xs []*graph.Node) (x, mask, counts *graph.Node) {
	if len(xs) != 2 {
		b.Fail("%d values: want sequences and their lengths", len(xs))
		return nil, nil, nil
	}
	x = xs[0]
	if !hasAxes(b, x, 3, "(batch, steps, channels)") {
		return nil, nil, nil
	}
	s := b.Shape(x)
	flat := SequenceMask(b, xs[1], s[1])
	if b.Err() != nil {
		return nil, nil, nil
	}
	return x, b.Reshape(flat, s[0], s[1], 1), b.Reshape(b.Sum(flat, 1), s[0], 1)
}

// FirstSteps keeps the first Steps steps of padded sequences, of indices or of channels: all of
// shorter ones. Their lengths go unchanged to what joins them, which counts no more steps than
// there are.
//
// Shapes: x (batch, steps, ...), y (batch, min(steps, Steps), ...).
type FirstSteps struct{ Steps int }

// Build implements Layer.
func (f FirstSteps) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	s := b.Shape(x)
	switch {
	case b.Err() != nil:
		return nil
	case f.Steps < 1:
		return b.Fail("the first %d steps: want at least 1", f.Steps)
	case len(s) < 2:
		return b.Fail("input %v: want (batch, steps, ...)", s)
	case s[1] <= f.Steps:
		return x
	}
	return b.Slice(x, 1, 0, f.Steps)
}
