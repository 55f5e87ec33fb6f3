package graph

import (
	"fmt"
	"math"
	"slices"
)

// Rotary is where and how sequences are turned by their positions.
//
// Shapes: Offsets Int (batch).
type Rotary struct {
	Heads int     // that lie side by side in the last axis; 0: 1
	Base  float64 // above 1; 0: 10000
	Dims  int     // how many elements of each head are turned, the first ones; even; 0: all

	// Interleaved turns neighbours, elements 2i and 2i + 1, as the paper and GPT-J do. The
	// default turns i and i + Dims/2, as GPT-NeoX and Llama do.
	Interleaved bool

	Offset  int   // position of the first step
	Offsets *Node // added to the positions of each row; nil: zeros
}

// Rotary turns pairs of elements of every step of x by angles that grow with the step's
// position, so that products of two results depend on the distance of their positions:
// pair i by position·Base^(−2i/Dims). Su et al. (2021), arXiv:2104.09864.
//
// Shapes: x (batch, steps, Heads·dim), result as x.
func (b *Builder) Rotary(x *Node, r Rotary) *Node {
	const name = "Rotary"
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	if r.Heads == 0 {
		r.Heads = 1
	}
	if len(s) != 3 || r.Heads < 0 || s[2]%r.Heads != 0 {
		return b.fail(name, fmt.Errorf("%s in %d heads: want (batch, steps, heads·dim)", dims(s), r.Heads))
	}
	dim := s[2] / r.Heads
	if r.Dims == 0 {
		r.Dims = dim
	}
	if r.Base == 0 {
		r.Base = 10000
	}
	switch {
	case r.Dims < 2 || r.Dims%2 != 0 || r.Dims > dim:
		return b.fail(name, fmt.Errorf("%d of the %d elements of a head are turned: want an even number of them", r.Dims, dim))
	case !(r.Base > 1 && r.Base <= math.MaxFloat64):
		return b.fail(name, fmt.Errorf("base %v must be above 1 and finite", r.Base))
	}
	in := []*Node{x}
	if n := r.Offsets; n != nil {
		if !b.ready(name, n) {
			return nil
		}
		if n.Dtype() != Int || !slices.Equal(n.Shape(), s[:1]) {
			return b.fail(name, fmt.Errorf("offsets %v: want int(%d)", typeOf(n), s[0]))
		}
		in = append(in, n)
	}
	return b.rotary(r, false, in)
}

// rotary turns in[0], or turns it back, which is the gradient.
func (b *Builder) rotary(r Rotary, inverse bool, in []*Node) *Node {
	diff := []bool{true, false}
	return b.apply(&op{
		kind: "Rotary", diff: diff[:len(in)],
		attrs: []Attribute{
			attr("num_heads", r.Heads), attr("rotary_embedding_dim", r.Dims), attr("base", r.Base),
			attr("interleaved", r.Interleaved), attr("position", r.Offset), attr("inverse", inverse),
		},
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			grads := make([]*Node, len(in))
			grads[0] = b.rotary(r, !inverse, append([]*Node{g}, in[1:]...))
			return grads
		},
	}, in...)
}
