package layers

import (
	"fmt"

	"github.com/seed732fc211/aegis/graph"
)

// Cache holds what the blocks of a transformer have computed of earlier steps, block by block, so
// that a next step costs as much as one and not as all.
//
// Shapes: Keys and Values (batch, capacity, KVHeads·Dim), in any order. Lengths Int (batch) are the
// positions of the new step, and Counts Int (batch) the number of steps that it attends to, itself
// included: Lengths + 1, or fewer if the cache holds the latest ones alone. Of a decoder MemoryKeys and MemoryValues (batch, keys, KVHeads·Dim) are those
// of the memory, of which MemoryLengths count; nil: all.
type Cache struct {
	Keys, Values             []*graph.Node
	Lengths, Counts          *graph.Node
	MemoryKeys, MemoryValues []*graph.Node
	MemoryLengths            *graph.Node
}

// Step computes the result of one more step from those before it: what Build of all steps gives for
// the last, with Causal set. It returns the keys and values of the step, which belong into the cache.
// The parameters are those of Build, whose scopes are those of b.
//
// Shapes: x (batch, 1, width), y as x, keys and values (batch, 1, KVHeads·Dim) for each block.
func (t TransformerEncoder) Step(b *graph.Builder, x *graph.Node, c Cache) (y *graph.Node, keys, values []*graph.Node) {
	if !t.Attention.Causal {
		b.Fail("a step of a transformer that is not causal: steps before it would change")
		return nil, nil, nil
	}
	return transformer{t.Depth, t.Attention, nil, t.Hidden, t.Norm, t.PostNorm, t.Dropout}.step(b, x, c)
}

// Step is that of TransformerEncoder, with a memory whose keys and values Remember has computed.
func (t TransformerDecoder) Step(b *graph.Builder, x *graph.Node, c Cache) (y *graph.Node, keys, values []*graph.Node) {
	return t.transformer().step(b, x, c)
}

// Remember returns the keys and values of a memory for each block, as a Cache holds them.
//
// Shapes: memory (batch, keys, memory width), results (batch, keys, KVHeads·Dim). width is that of
// the decoder.
func (t TransformerDecoder) Remember(b *graph.Builder, memory *graph.Node, width int) (keys, values []*graph.Node) {
	if !hasAxes(b, memory, 3, "(batch, keys, width)") {
		return nil, nil
	}
	own := t.transformer()
	a, ok := own.memory.sized(b, width)
	if !ok {
		return nil, nil
	}
	for d := range max(t.Depth, 1) {
		at := b.Scope(fmt.Sprint(d)).Scope("memory")
		keys = append(keys, a.project(at, "key", memory, a.KVHeads, nil))
		values = append(values, a.project(at, "value", memory, a.KVHeads, nil))
	}
	return keys, values
}

// step adds one step of all blocks.
func (t transformer) step(b *graph.Builder, x *graph.Node, c Cache) (y *graph.Node, keys, values []*graph.Node) {
	if !hasAxes(b, x, 3, "(batch, 1, width)") {
		return nil, nil, nil
	}
	depth := max(t.depth, 1)
	if b.Dim(x, 1) != 1 || len(c.Keys) != depth || len(c.Values) != depth || c.Lengths == nil || c.Counts == nil ||
		t.memory != nil && (len(c.MemoryKeys) != depth || len(c.MemoryValues) != depth) {
		b.Fail("a step of %v with %d keys, %d values, %d and %d of the memory: want one step, lengths, counts, and what each of %d blocks has", b.Shape(x), len(c.Keys), len(c.Values), len(c.MemoryKeys), len(c.MemoryValues), depth)
		return nil, nil, nil
	}
	if t.norm == nil {
		t.norm = LayerNorm{}
	}
	for d := range depth {
		if b.Err() != nil {
			return nil, nil, nil
		}
		at := b.Scope(fmt.Sprint(d))
		x = t.add(at, "norm1", "attention", x, func(b *graph.Builder, x *graph.Node) *graph.Node {
			y, k, v := t.attention.step(b, x, c.Keys[d], c.Values[d], c.Lengths, c.Counts)
			keys, values = append(keys, k), append(values, v)
			return y
		})
		if t.memory != nil {
			x = t.add(at, "norm3", "memory", x, func(b *graph.Builder, x *graph.Node) *graph.Node {
				return t.memory.over(b, x, c.MemoryKeys[d], c.MemoryValues[d], c.MemoryLengths)
			})
		}
		x = t.add(at, "norm2", "feed_forward", x, t.hidden.Build)
	}
	if t.postNorm {
		return x, keys, values
	}
	return t.norm.Build(b.Scope("norm"), x), keys, values
}

// step is the attention of one step to itself and the steps of a cache. Keys have no order: what
// they are turned by says where they are.
func (a MultiHeadAttention) step(b *graph.Builder, x, keys, values, lengths, counts *graph.Node) (y, k, v *graph.Node) {
	a, ok := a.sized(b, b.Dim(x, -1))
	if !ok {
		return nil, nil, nil
	}
	q := a.project(b, "query", x, a.Heads, lengths)
	k, v = a.project(b, "key", x, a.KVHeads, lengths), a.project(b, "value", x, a.KVHeads, nil)
	y = b.Attention(q, b.Concat(1, k, keys), b.Concat(1, v, values), graph.Attention{Heads: a.Heads, KVHeads: a.KVHeads, Lengths: counts})
	return a.output(b, y), k, v
}

// over is the attention of x to keys and values that are projected already.
func (a MultiHeadAttention) over(b *graph.Builder, x, keys, values, lengths *graph.Node) *graph.Node {
	a, ok := a.sized(b, b.Dim(x, -1))
	if !ok {
		return nil
	}
	y := b.Attention(a.project(b, "query", x, a.Heads, nil), keys, values, graph.Attention{Heads: a.Heads, KVHeads: a.KVHeads, Lengths: lengths})
	return a.output(b, y)
}
