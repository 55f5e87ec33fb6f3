package layers

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// MultiHeadAttention lets every step of x attend to the steps of x, or of a memory:
// graph.Builder.Attention between learned projections. Vaswani et al. (2017),
// arXiv:1706.03762.
//
// Shapes: x (batch, steps, width), query kernel (width, Heads·Dim), key and value kernels
// (memory width, KVHeads·Dim), output kernel (Heads·Dim, Units), each with its bias, in scopes
// "query", "key", "value" and "output"; y (batch, steps, Units).
//
// As a Joiner, it accepts a memory (batch, keys, memory width) as an optional second input, and the
// lengths Int (batch) of what is attended to, x or the memory, as the last one: steps past
// the length are not seen. A row of length 0 has outputs as if all values were 0.
//
// It exposes what it projects: "queries" (batch, steps, Heads·Dim), "keys" (batch, keys,
// KVHeads·Dim), both turned if Rotary.
type MultiHeadAttention struct {
	Heads   int // 0: 1
	KVHeads int // of keys and values, a divisor of Heads; 0: Heads
	Dim     int // of a head; 0: width/Heads
	Units   int // of the result; 0: width

	Causal     bool         // a step sees no later one; the last steps of x and memory are aligned
	Rotary     bool         // queries and keys are turned by their positions; without a memory
	RotaryBase float64      // 0: 10000
	Dropout    float64      // rate of dropped probabilities, in training
	Kernel     graph.Weight // of each projection; zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (a MultiHeadAttention) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return a.Join(b, []*graph.Node{x})
}

// Join implements Joiner.
func (a MultiHeadAttention) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	xs, lengths := withLengths(b, xs)
	if b.Err() != nil {
		return nil
	}
	if len(xs) < 1 || len(xs) > 2 {
		return b.Fail("%d values: want sequences, and perhaps a memory and the lengths of what is attended to", len(xs))
	}
	x, memory := xs[0], xs[len(xs)-1]
	if !hasAxes(b, x, 3, "(batch, steps, width)") || !hasAxes(b, memory, 3, "(batch, steps, width)") {
		return nil
	}
	width := b.Dim(x, -1)
	a, ok := a.sized(b, width)
	if !ok {
		return nil
	}
	if a.Rotary && len(xs) == 2 {
		return b.Fail("rotary positions with a memory: its steps have no distance to those of x")
	}
	full := graph.Attention{Heads: a.Heads, KVHeads: a.KVHeads, Causal: a.Causal, Lengths: lengths}
	if b.Mode() == graph.Train {
		full.Dropout = a.Dropout
	}
	q := b.Expose("queries", a.project(b, "query", x, a.Heads, nil))
	k := b.Expose("keys", a.project(b, "key", memory, a.KVHeads, nil))
	return a.output(b, b.Attention(q, k, a.project(b, "value", memory, a.KVHeads, nil), full))
}

// project returns the queries, keys or values of x; offsets are the positions of the first step of
// each row, nil: 0.
func (a MultiHeadAttention) project(b *graph.Builder, name string, x *graph.Node, heads int, offsets *graph.Node) *graph.Node {
	y := Dense{Units: heads * a.Dim, Kernel: a.Kernel, Bias: a.Bias, NoBias: a.NoBias}.Build(b.Scope(name), x)
	if a.Rotary && name != "value" {
		y = b.Rotary(y, graph.Rotary{Heads: heads, Base: a.RotaryBase, Offsets: offsets})
	}
	return y
}

// output projects what the heads give.
func (a MultiHeadAttention) output(b *graph.Builder, y *graph.Node) *graph.Node {
	return Dense{Units: a.Units, Kernel: a.Kernel, Bias: a.Bias, NoBias: a.NoBias}.Build(b.Scope("output"), y)
}

// sized fills in what is 0, and reports mistakes.
func (a MultiHeadAttention) sized(b *graph.Builder, width int) (MultiHeadAttention, bool) {
	if a.Heads == 0 {
		a.Heads = 1
	}
	if a.KVHeads == 0 {
		a.KVHeads = a.Heads
	}
	if a.Units == 0 {
		a.Units = width
	}
	switch {
	case a.Heads < 1 || a.KVHeads < 1 || a.Heads%a.KVHeads != 0:
		b.Fail("%d heads of keys do not divide %d heads", a.KVHeads, a.Heads)
	case a.Dim < 0 || a.Units < 0 || a.Dim > graph.MaxElements/a.Heads:
		b.Fail("heads of %d elements, %d units", a.Dim, a.Units)
	case a.Dim == 0 && width%a.Heads != 0:
		b.Fail("%d heads do not divide the width %d: set Dim, or another number of heads", a.Heads, width)
	case !(a.Dropout >= 0 && a.Dropout < 1):
		b.Fail("dropout rate %v is not in [0, 1)", a.Dropout)
	}
	if b.Err() != nil {
		return a, false
	}
	if a.Dim == 0 {
		a.Dim = width / a.Heads
	}
	if a.Rotary && a.Dim%2 != 0 {
		b.Fail("rotary positions need heads of an even size, not %d", a.Dim)
	}
	return a, b.Err() == nil
}

// withLengths splits the lengths off the end of some inputs, if they are there.
func withLengths(b *graph.Builder, xs []*graph.Node) (rest []*graph.Node, lengths *graph.Node) {
	n := len(xs) - 1
	for _, x := range xs {
		b.Shape(x) // reports nil
	}
	if b.Err() != nil || n < 1 || xs[n].Dtype() != graph.Int {
		return xs, nil
	}
	return xs[:n], xs[n]
}

// AdditiveAttention is the mean of states, weighted by softmax over the steps of
// v·tanh(s·W + q·U + b), for states s and a query q. Bahdanau et al. (2015),
// arXiv:1409.0473. Without a query it pools sequences (Yang et al. 2016).
//
// Shapes: s (batch, steps, width), q (batch, features) or (batch, queries, features), W
// "kernel" (width, Units), U "query_kernel" (features, Units), b "bias" (Units), v "score"
// (Units, 1); y (batch, width), or (batch, queries, width).
//
// As a Joiner, it takes the states, then an optional query, then the optional lengths Int
// (batch) of the states: steps past the length do not count, and a row of length 0 gives 0.
type AdditiveAttention struct {
	Units  int          // 0: the width of the states
	Kernel graph.Weight // of W, U and v; zero value: Glorot uniform, no penalty
	Bias   graph.Weight // zero value: zeros
}

// Build implements Layer.
func (a AdditiveAttention) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return a.Join(b, []*graph.Node{x})
}

// Join implements Joiner.
func (a AdditiveAttention) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	states, query, lengths := statesAndQuery(b, xs)
	if b.Err() != nil {
		return nil
	}
	s := b.Shape(states)
	batch, steps, width := s[0], s[1], s[2]
	if a.Units == 0 {
		a.Units = width
	}
	if a.Units < 0 {
		return b.Fail("%d units: want at least 1", a.Units)
	}
	flat := func(x *graph.Node, kernel string) *graph.Node {
		w := b.Param(kernel, graph.Shape{b.Dim(x, -1), a.Units}, a.Kernel)
		return b.MatMul(b.Reshape(x, -1, b.Dim(x, -1)), w)
	}
	h := b.Add(flat(states, "kernel"), b.Param("bias", graph.Shape{a.Units}, a.Bias.OrInit(graph.Zeros{})))
	h = b.Reshape(h, batch, 1, steps, a.Units)
	queries := 1
	if query != nil {
		if len(b.Shape(query)) == 3 {
			queries = b.Dim(query, 1)
		}
		h = b.Add(h, b.Reshape(flat(query, "query_kernel"), batch, queries, 1, a.Units))
	}
	v := b.Param("score", graph.Shape{a.Units, 1}, a.Kernel)
	score := b.Reshape(b.MatMul(b.Reshape(b.Tanh(h), -1, a.Units), v), batch, queries, steps)
	y := b.BatchMatMul(softmaxOver(b, score, lengths), states, false, false)
	if query != nil && len(b.Shape(query)) == 3 {
		return y
	}
	return b.Reshape(y, batch, width)
}

// softmaxOver returns the softmax of scores (batch, queries, steps) over the steps before the
// lengths, 0 elsewhere.
func softmaxOver(b *graph.Builder, score, lengths *graph.Node) *graph.Node {
	if lengths == nil {
		return b.Softmax(score)
	}
	s := b.Shape(score)
	mask := SequenceMask(b, lengths, b.Dim(score, -1))
	if b.Err() != nil {
		return nil
	}
	mask = b.Broadcast(b.Reshape(mask, s[0], 1, s[2]), s...)
	const lowest = -math.MaxFloat32 / 2
	return b.Mul(b.Softmax(b.Where(mask, score, b.Const(lowest))), mask)
}

// DotAttention is the mean of states, weighted by softmax over the steps of the products q·s
// of states s and a query q. Luong et al. (2015), arXiv:1508.04025.
//
// Shapes: s (batch, steps, width), q (batch, width) or (batch, queries, width), y as q.
//
// As a Joiner, it takes the states, the query, and the optional lengths Int (batch) of the
// states: steps past the length are not read, and a row of length 0 gives 0.
type DotAttention struct {
	Scale float64 // of the products; 0: 1
}

// Join implements Joiner.
func (a DotAttention) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	states, query, lengths := statesAndQuery(b, xs)
	if b.Err() != nil {
		return nil
	}
	if query == nil {
		return b.Fail("no query: want states, a query and perhaps lengths")
	}
	scale := orDefault(a.Scale, 1)
	if !positive(scale) {
		return b.Fail("scale %v must be positive and finite", scale)
	}
	s, q := b.Shape(states), b.Shape(query)
	if q[len(q)-1] != s[2] {
		return b.Fail("query %v, states %v: their widths differ", q, s)
	}
	y := b.Attention(b.Reshape(query, s[0], -1, s[2]), states, states, graph.Attention{Scale: scale, Lengths: lengths})
	return b.Reshape(y, q...)
}

// statesAndQuery sorts the inputs of an attention over states.
func statesAndQuery(b *graph.Builder, xs []*graph.Node) (states, query, lengths *graph.Node) {
	xs, lengths = withLengths(b, xs)
	switch {
	case b.Err() != nil:
		return nil, nil, nil
	case len(xs) < 1 || len(xs) > 2:
		b.Fail("%d values: want states, and perhaps a query and lengths", len(xs))
		return nil, nil, nil
	case !hasAxes(b, xs[0], 3, "(batch, steps, width)"):
		return nil, nil, nil
	}
	if states = xs[0]; len(xs) == 2 {
		query = xs[1]
		s, q := b.Shape(states), b.Shape(query)
		if len(q) != 2 && len(q) != 3 || q[0] != s[0] {
			b.Fail("query %v of states %v: want (%d, features) or (%d, queries, features)", q, s, s[0], s[0])
		}
	}
	return states, query, lengths
}
