package layers

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// PositionEmbedding adds a learned vector for every position to the steps of sequences.
//
// Shapes: x (batch, steps, width), W "positions" (Steps, width), y as x. Sequences longer
// than Steps are an error when the network is built for them.
type PositionEmbedding struct {
	Steps  int          // of the longest sequence
	Weight graph.Weight // zero value: uniform in ±0.05
}

// Build implements Layer.
func (p PositionEmbedding) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 3, "(batch, steps, width)") {
		return nil
	}
	s := b.Shape(x)
	switch {
	case p.Steps < 1:
		return b.Fail("positions of %d steps: want at least 1", p.Steps)
	case s[1] > p.Steps:
		return b.Fail("sequences of %d steps, positions of %d: raise Steps, or shorten the sequences", s[1], p.Steps)
	}
	w := b.Param("positions", graph.Shape{p.Steps, s[2]}, p.Weight.OrInit(graph.Uniform{Low: -0.05, High: 0.05}))
	return b.Add(x, b.Slice(w, 0, 0, s[1]))
}

// ClassToken puts a learned step before the steps of sequences, where a transformer gathers
// what it says about the whole. Devlin et al. (2019), arXiv:1810.04805; of images,
// Dosovitskiy et al. (2021), arXiv:2010.11929.
//
// Shapes: x (batch, steps, width), "token" (width), y (batch, 1+steps, width).
type ClassToken struct {
	Weight graph.Weight // zero value: normal with standard deviation 0.02
}

// Build implements Layer.
func (c ClassToken) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 3, "(batch, steps, width)") {
		return nil
	}
	s := b.Shape(x)
	token := b.Param("token", graph.Shape{s[2]}, c.Weight.OrInit(graph.Normal{Std: 0.02}))
	return b.Concat(1, b.Broadcast(b.Reshape(token, 1, 1, s[2]), s[0], 1, s[2]), x)
}

// SinusoidalPositions adds sines and cosines of the position to the steps of sequences:
// sin(position·Base^(−2i/width)) to element 2i and the cosine of the same angle to element
// 2i + 1. Vaswani et al. (2017), arXiv:1706.03762, 3.5.
//
// Shapes: x (batch, steps, width), y as x.
type SinusoidalPositions struct {
	Base float64 // above 1; 0: 10000
}

// Build implements Layer.
func (p SinusoidalPositions) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 3, "(batch, steps, width)") {
		return nil
	}
	base := orDefault(p.Base, 10000)
	if !(base > 1 && base <= math.MaxFloat64) {
		return b.Fail("base %v must be above 1 and finite", base)
	}
	s := b.Shape(x)
	steps, width := s[1], s[2]
	if steps > graph.MaxElements/width {
		return b.Fail("%d positions of %d numbers: want at most %d numbers", steps, width, graph.MaxElements)
	}
	table := make([]float64, steps*width)
	for i := range table {
		at, k := i/width, i%width
		angle := float64(at) * math.Pow(base, -float64(k-k%2)/float64(width))
		if k%2 == 0 {
			table[i] = math.Sin(angle)
		} else {
			table[i] = math.Cos(angle)
		}
	}
	return b.Add(x, b.Tensor(fmt.Sprint("positions ", steps), tensor.New(tensor.WithShape(steps, width), tensor.WithBacking(table))))
}
