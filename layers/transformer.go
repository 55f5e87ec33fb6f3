package layers

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/graph"
)

// GatedLinear is a gated linear unit: y = act(x·W + b) ⊙ (x·V + c) along the last axis. With
// Sigmoid it is GLU (Dauphin et al. 2017), with Gelu GEGLU, with Silu SwiGLU (Shazeer 2020,
// arXiv:2002.05202).
//
// Shapes: x (batch, ..., in), kernels (in, Units) and biases (Units) in scopes "gate" (W, b)
// and "linear" (V, c), y (batch, ..., Units).
type GatedLinear struct {
	Units      int
	Activation Activation   // of the gate; zero value: Sigmoid
	Kernel     graph.Weight // of both; zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (g GatedLinear) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	d := Dense{Units: g.Units, Kernel: g.Kernel, Bias: g.Bias, NoBias: g.NoBias}
	linear := d.Build(b.Scope("linear"), x)
	if d.Activation = g.Activation; d.Activation == Identity {
		d.Activation = Sigmoid
	}
	return b.Mul(d.Build(b.Scope("gate"), x), linear)
}

// FeedForward is the network that a transformer applies to every step: act(x·W + b)·V + c, or
// with Gated a GatedLinear in place of the first layer.
//
// Shapes: x (batch, ..., width), hidden layer Units wide in scope "hidden", y as x from scope
// "output".
type FeedForward struct {
	Units      int          // of the hidden layer; 0: 4·width, or, if Gated, the multiple of 8 from 8/3·width on
	Activation Activation   // zero value: Gelu, the exact one
	Gated      bool         // GEGLU; with Activation Silu, SwiGLU
	Dropout    float64      // rate at which hidden units are dropped in training
	Kernel     graph.Weight // zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (f FeedForward) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	width := b.Dim(x, -1)
	if f.Units == 0 {
		f.Units = 4 * width
		if f.Gated {
			f.Units = (8*width + 23) / 24 * 8
		}
	}
	if f.Activation == Identity {
		f.Activation = Gelu
	}
	hidden := b.Scope("hidden")
	var h *graph.Node
	if f.Gated {
		h = GatedLinear{Units: f.Units, Activation: f.Activation, Kernel: f.Kernel, Bias: f.Bias, NoBias: f.NoBias}.Build(hidden, x)
	} else {
		h = Dense{Units: f.Units, Activation: f.Activation, Kernel: f.Kernel, Bias: f.Bias, NoBias: f.NoBias}.Build(hidden, x)
	}
	h = Dropout{Rate: f.Dropout}.Build(hidden, h)
	return Dense{Units: width, Kernel: f.Kernel, Bias: f.Bias, NoBias: f.NoBias}.Build(b.Scope("output"), h)
}

// TransformerEncoder is Depth blocks of self-attention and a FeedForward, each added to its
// input. Vaswani et al. (2017), arXiv:1706.03762. Every block normalises what its parts read,
// and a last norm follows the blocks (Xiong et al. 2020, arXiv:2002.04745); with PostNorm it
// normalises their sums, as the original does. Causal makes it a decoder without a memory, as
// language models are.
//
// Shapes: x (batch, steps, width), y as x. Positions are to be added before, unless Rotary
// is set.
//
// Block i is in scope "i" with "attention", "feed_forward" and their "norm1" and "norm2"; the
// last norm is "norm". As a Joiner, it accepts the lengths of padded sequences, Int (batch),
// as an optional second input: steps past the length are not attended to.
type TransformerEncoder struct {
	Depth     int                // 0: 1
	Attention MultiHeadAttention // Units are those of x
	Hidden    FeedForward
	Norm      Layer // nil: LayerNorm{}; RMSNorm{} is the other usual one
	PostNorm  bool
	Dropout   float64 // rate, in training, on what attention and feed-forward add
}

// Build implements Layer.
func (t TransformerEncoder) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return t.Join(b, []*graph.Node{x})
}

// Join implements Joiner.
func (t TransformerEncoder) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	xs, lengths := withLengths(b, xs)
	if b.Err() != nil {
		return nil
	}
	if len(xs) != 1 {
		return b.Fail("%d values: want sequences and perhaps their lengths", len(xs))
	}
	return transformer{t.Depth, t.Attention, nil, t.Hidden, t.Norm, t.PostNorm, t.Dropout}.build(b, xs[0], nil, lengths)
}

// TransformerDecoder is a TransformerEncoder whose self-attention is causal, and whose blocks
// attend to a memory, such as an encoder's result, between self-attention and FeedForward.
//
// Shapes: x (batch, steps, width), memory (batch, keys, memory width), y as x.
//
// It takes x, the memory, and the optional lengths Int (batch) of the memory. Padding of x
// needs none: it comes after all steps that count. The blocks have in addition "memory" and
// its "norm3".
type TransformerDecoder struct {
	Depth     int                // 0: 1
	Attention MultiHeadAttention // of x; always causal
	Memory    MultiHeadAttention // zero value: heads as Attention
	Hidden    FeedForward
	Norm      Layer // nil: LayerNorm{}
	PostNorm  bool
	Dropout   float64 // rate, in training, on what the parts of a block add
}

// Join implements Joiner.
func (t TransformerDecoder) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	xs, lengths := withLengths(b, xs)
	if b.Err() != nil {
		return nil
	}
	if len(xs) != 2 {
		return b.Fail("%d values: want sequences, a memory and perhaps the lengths of the memory", len(xs))
	}
	return t.transformer().build(b, xs[0], xs[1], lengths)
}

func (t TransformerDecoder) transformer() transformer {
	t.Attention.Causal = true
	memory := t.Memory
	if memory.Heads == 0 {
		memory.Heads, memory.KVHeads = t.Attention.Heads, t.Attention.KVHeads
	}
	return transformer{t.Depth, t.Attention, &memory, t.Hidden, t.Norm, t.PostNorm, t.Dropout}
}

// transformer is what encoder and decoder have in common.
type transformer struct {
	depth     int
	attention MultiHeadAttention
	memory    *MultiHeadAttention // nil: none
	hidden    FeedForward
	norm      Layer
	postNorm  bool
	dropout   float64
}

// build adds the blocks; lengths are those of the memory, or without one those of x.
func (t transformer) build(b *graph.Builder, x, memory, lengths *graph.Node) *graph.Node {
	if !hasAxes(b, x, 3, "(batch, steps, width)") {
		return nil
	}
	if t.depth < 0 || t.depth > mostDepth {
		return b.Fail("depth %d: want 0 to %d", t.depth, mostDepth)
	}
	if t.norm == nil {
		t.norm = LayerNorm{}
	}
	for d := range max(t.depth, 1) {
		if b.Err() != nil {
			return nil
		}
		x = t.block(b.Scope(fmt.Sprint(d)), x, memory, lengths)
	}
	if t.postNorm {
		return x
	}
	return t.norm.Build(b.Scope("norm"), x)
}

func (t transformer) block(b *graph.Builder, x, memory, lengths *graph.Node) *graph.Node {
	own := lengths
	if t.memory != nil {
		own = nil
	}
	x = t.add(b, "norm1", "attention", x, func(b *graph.Builder, x *graph.Node) *graph.Node {
		return t.attention.Join(b, some(x, own))
	})
	if t.memory != nil {
		x = t.add(b, "norm3", "memory", x, func(b *graph.Builder, x *graph.Node) *graph.Node {
			return t.memory.Join(b, some(x, memory, lengths))
		})
	}
	return t.add(b, "norm2", "feed_forward", x, t.hidden.Build)
}

// some returns the nodes that are there.
func some(nodes ...*graph.Node) []*graph.Node {
	var out []*graph.Node
	for _, n := range nodes {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// add adds a part of a block to x.
func (t transformer) add(b *graph.Builder, norm, name string, x *graph.Node, part Func) *graph.Node {
	at := b.Scope(name)
	in := x
	if !t.postNorm {
		in = t.norm.Build(b.Scope(norm), x)
	}
	y := Dropout{Rate: t.dropout}.Build(at, part(at, in))
	if b.Err() == nil && !slices.Equal(b.Shape(x), b.Shape(y)) {
		return at.Fail("it turns %v into %v, and has to keep the shape: Units of an attention in a block are to be 0", b.Shape(x), b.Shape(y))
	}
	if y = b.Add(x, y); t.postNorm {
		y = t.norm.Build(b.Scope(norm), y)
	}
	return y
}
