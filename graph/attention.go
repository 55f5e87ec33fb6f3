package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
)

// Attention is how queries attend to keys.
//
// Shapes: Lengths Int (batch), Mask (batch, keys), Bias (1 or batch, 1 or Heads, queries,
// keys).
type Attention struct {
	Heads   int     // of queries; 0: 1
	KVHeads int     // of keys and values, a divisor of Heads; 0: Heads
	Scale   float64 // of the scores; 0: 1/√dim

	// Causal lets a query see the keys up to its own place, counted from the end: query i sees
	// keys 0 to i + keys − queries, so that the last query sees all, as a cache of keys needs
	// it and FlashAttention has it since 2.1. PyTorch's is_causal and onnxruntime count from
	// the start, which differs if there are not as many queries as keys.
	Causal bool

	Lengths *Node   // how many keys of each row count, 0 to keys; those past it are not read; nil: all
	Mask    *Node   // 0 for keys that do not count; they are read, and have to be finite; nil: all count
	Bias    *Node   // added to the scores; nil: none
	Dropout float64 // rate, in [0, 1), at which probabilities are dropped, in both modes
}

// Attention returns softmax(Scale·q·kᵀ + Bias)·v, head by head, as one operation whose memory
// is linear in the numbers of queries and keys: scores exist in blocks only, and gradients
// recompute them. Vaswani et al. (2017), arXiv:1706.03762; Dao et al. (2022),
// arXiv:2205.14135. With fewer KVHeads than Heads, each serves several heads of queries that
// lie side by side: Ainslie et al. (2023), arXiv:2305.13245.
//
// Heads lie side by side in the last axis. A query that sees no key gives 0, and has and
// causes no gradient. Dropout keeps a probability with 1 − rate and divides it by that; its noise
// depends on seed, path, step, row, head, query and key alone.
//
// Shapes: q (batch, queries, Heads·dim), k (batch, keys, KVHeads·dim), v (batch, keys,
// KVHeads·vdim), result (batch, queries, Heads·vdim). A length outside of [0, keys] is an
// error of the run.
func (b *Builder) Attention(q, k, v *Node, a Attention) *Node {
	const name = "Attention"
	if !b.readyFloat(name, q, k, v) {
		return nil
	}
	p, err := newAttention(q.Shape(), k.Shape(), v.Shape(), a)
	if err != nil {
		return b.fail(name, err)
	}
	in := []*Node{q, k, v}
	for _, o := range []struct {
		attribute string
		node      *Node
		place     *int
		check     func(s typ) error
	}{
		{"bias", a.Bias, &p.bias, p.checkBias},
		{"mask", a.Mask, &p.mask, p.checkMask},
		{"sequence_lens", a.Lengths, &p.lengths, p.checkLengths},
	} {
		if o.node == nil {
			continue
		}
		if !b.ready(name, o.node) {
			return nil
		}
		if o.node.Dtype() != Int && !b.readyFloat(name, o.node) {
			return nil
		}
		if err := o.check(typeOf(o.node)); err != nil {
			return b.fail(name, err)
		}
		*o.place = len(in)
		p.attrs = append(p.attrs, attr(o.attribute, len(in)))
		in = append(in, o.node)
	}
	if p.Rate > 0 {
		p.key, p.step = b.stream(), len(in)
		p.attrs = append(p.attrs, attr("ratio", p.Rate), attr("seed", p.key), attr("step", p.step))
		in = append(in, b.Step())
	}
	return b.attention(p, in)
}

// attention is an attention; its optional operands are given by their index, 0 for none.
type attention struct {
	kernel.Attention
	attrs                     []Attribute
	bias, mask, lengths, step int
	key                       uint64 // of dropout
}

// newAttention checks an attention without its optional operands.
func newAttention(q, k, v Shape, a Attention) (*attention, error) {
	if len(q) != 3 || len(k) != 3 || len(v) != 3 {
		return nil, fmt.Errorf("queries %s, keys %s and values %s: want (batch, queries, heads·dim), (batch, keys, heads·dim) and (batch, keys, heads·vdim)", dims(q), dims(k), dims(v))
	}
	heads, kv := a.Heads, a.KVHeads
	if heads == 0 {
		heads = 1
	}
	if kv == 0 {
		kv = heads
	}
	switch {
	case heads < 0 || kv < 0 || heads%kv != 0:
		return nil, fmt.Errorf("%d heads of keys do not divide %d heads of queries", kv, heads)
	case q[2]%heads != 0:
		return nil, fmt.Errorf("queries %s: %d heads do not divide the width %d", dims(q), heads, q[2])
	case k[2] != kv*(q[2]/heads):
		return nil, fmt.Errorf("keys %s: want a width of %d, %d heads of the %d of each of the queries %s", dims(k), kv*(q[2]/heads), kv, q[2]/heads, dims(q))
	case v[2]%kv != 0:
		return nil, fmt.Errorf("values %s: %d heads do not divide the width %d", dims(v), kv, v[2])
	case k[0] != q[0] || v[0] != q[0] || v[1] != k[1]:
		return nil, fmt.Errorf("queries %s, keys %s, values %s: batches, or the numbers of keys and values, differ", dims(q), dims(k), dims(v))
	case !(a.Scale >= 0 && a.Scale <= math.MaxFloat64):
		return nil, fmt.Errorf("scale %v must be positive and finite", a.Scale)
	case !(a.Dropout >= 0 && a.Dropout < 1):
		return nil, fmt.Errorf("dropout rate %v is not in [0, 1)", a.Dropout)
	}
	p := &attention{Attention: kernel.Attention{
		Batch: q[0], Queries: q[1], Keys: k[1], Heads: heads, KVHeads: kv, Dim: q[2] / heads, VDim: v[2] / kv,
		Scale: a.Scale, Causal: a.Causal, BiasBatch: 1, BiasHeads: 1, Rate: a.Dropout,
	}}
	if p.Scale == 0 {
		p.Scale = 1 / math.Sqrt(float64(p.Dim))
	}
	p.attrs = []Attribute{attr("q_num_heads", heads), attr("kv_num_heads", kv), attr("scale", p.Scale), attr("is_causal", p.Causal)}
	return p, nil
}

func (p *attention) checkBias(t typ) error {
	s := t.shape
	if t.dtype == Int || len(s) != 4 || s[0] != 1 && s[0] != p.Batch || s[1] != 1 && s[1] != p.Heads || s[2] != p.Queries || s[3] != p.Keys {
		return fmt.Errorf("bias %v: want (1 or %d,1 or %d,%d,%d)", t, p.Batch, p.Heads, p.Queries, p.Keys)
	}
	p.BiasBatch, p.BiasHeads = s[0], s[1]
	return nil
}

func (p *attention) checkMask(t typ) error {
	if want := (Shape{p.Batch, p.Keys}); t.dtype == Int || !slices.Equal(t.shape, want) {
		return fmt.Errorf("mask %v: want 0 and 1 of shape %s", t, dims(want))
	}
	return nil
}

func (p *attention) checkLengths(t typ) error {
	if t.dtype != Int || !slices.Equal(t.shape, Shape{p.Batch}) {
		return fmt.Errorf("lengths %v: want int(%d)", t, p.Batch)
	}
	return nil
}

// The sizes of the results, and of what a training saves: the result, and the logarithms of
// the sums of the exponentials of the scores.
func (p *attention) result() Shape { return Shape{p.Batch, p.Queries, p.Heads * p.VDim} }
func (p *attention) saved() int    { return size(p.result()) + p.Batch*p.Heads*p.Queries }

// attention adds the operation of an inference, or those of a training. The gradients of the
// former begin by computing what a training saves.
func (b *Builder) attention(p *attention, in []*Node) *Node {
	diff := make([]bool, len(in))
	for i := range diff {
		diff[i] = i < 3 || i == p.bias
	}
	if b.Mode() == Infer && p.Rate == 0 {
		return b.apply(&op{
			kind: "Attention", attrs: p.attrs, diff: diff, flop: p.FLOP(),
			grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
				return b.attentionGrads(p, b.attentionSaved(p, in), in, g)
			},
		}, in...)
	}
	saved := b.attentionSaved(p, in)
	if saved == nil {
		return nil
	}
	return b.apply(&op{
		kind: "AttentionResult", attrs: p.attrs, out: typ{b.Dtype(), p.result()}, diff: append([]bool{false}, diff...), alias: true, part: true,
		f32: bindFirst[float32], f64: bindFirst[float64],
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return append([]*Node{nil}, b.attentionGrads(p, in[0], in[1:], g)...)
		},
	}, append([]*Node{saved}, in...)...)
}

// bindFirst copies the first elements of operand 0.
func bindFirst[T kernel.Float](c *call[T]) run {
	return func() error { copy(c.out, c.in[0]); return nil }
}

// attentionSaved adds the operation that computes the result and what gradients need.
func (b *Builder) attentionSaved(p *attention, in []*Node) *Node {
	return b.apply(&op{
		kind: "AttentionSaved", attrs: p.attrs, out: typ{b.Dtype(), Shape{p.saved()}}, random: p.Rate > 0, flop: p.FLOP(),
		f32: bindAttentionSaved[float32](p), f64: bindAttentionSaved[float64](p),
	}, in...)
}

// attentionGrads returns the gradients with respect to the operands.
func (b *Builder) attentionGrads(p *attention, saved *Node, in []*Node, g *Node) []*Node {
	grads := make([]*Node, len(in))
	if saved == nil {
		return grads
	}
	basis := append([]*Node{saved, g}, in...)
	total := 0
	for _, n := range in[:3] {
		total += size(n.Shape())
	}
	all := b.apply(&op{
		kind: "AttentionGrad", attrs: p.attrs, out: typ{b.Dtype(), Shape{total}}, random: p.Rate > 0, flop: p.BackwardFLOP(),
		f32: bindAttentionGrad[float32](p), f64: bindAttentionGrad[float64](p),
	}, basis...)
	from := 0
	for i, n := range in[:3] {
		s := n.Shape()
		grads[i] = b.Reshape(b.Slice(all, 0, from, from+size(s)), s...)
		from += size(s)
	}
	if p.bias > 0 {
		grads[p.bias] = b.apply(&op{
			kind: "AttentionBiasGrad", attrs: p.attrs, out: typeOf(in[p.bias]), random: p.Rate > 0, flop: p.FLOP(),
			f32: bindAttentionBiasGrad[float32](p), f64: bindAttentionBiasGrad[float64](p),
		}, basis...)
	}
	return grads
}

// operandsOfAttention returns the operands from the given place on; prepare has to be called
// before every pass.
func operandsOfAttention[T kernel.Float](p *attention, c *call[T], first int) (in *kernel.AttentionOperands[T], prepare func() error) {
	in = &kernel.AttentionOperands[T]{Q: c.in[first], K: c.in[first+1], V: c.in[first+2]}
	if p.bias > 0 {
		in.Bias = c.in[first+p.bias]
	}
	if p.mask > 0 {
		in.Mask = c.in[first+p.mask]
	}
	if p.lengths > 0 {
		in.Lengths = c.ints[first+p.lengths]
	}
	return in, func() error {
		if p.step > 0 {
			in.Stream = kernel.StreamAt(p.key, c.ints[first+p.step][0])
		}
		return ops.CheckLengths(in.Lengths, p.Keys)
	}
}

func bindAttentionSaved[T kernel.Float](p *attention) func(*call[T]) run {
	return func(c *call[T]) run {
		in, prepare := operandsOfAttention(p, c, 0)
		n := size(p.result())
		y, lse := c.out[:n], c.out[n:]
		return func() error {
			if err := prepare(); err != nil {
				return err
			}
			kernel.AttentionForward(&p.Attention, in, y, lse)
			return nil
		}
	}
}

func bindAttentionGrad[T kernel.Float](p *attention) func(*call[T]) run {
	return func(c *call[T]) run {
		in, prepare := operandsOfAttention(p, c, 2)
		n, q, k := size(p.result()), len(in.Q), len(in.Q)+len(in.K)
		y, lse, g := c.in[0][:n], c.in[0][n:], c.in[1]
		d := &kernel.AttentionGrads[T]{Q: c.out[:q], K: c.out[q:k], V: c.out[k:]}
		return func() error {
			if err := prepare(); err != nil {
				return err
			}
			kernel.AttentionBackward(&p.Attention, in, y, lse, g, d)
			return nil
		}
	}
}

func bindAttentionBiasGrad[T kernel.Float](p *attention) func(*call[T]) run {
	return func(c *call[T]) run {
		in, prepare := operandsOfAttention(p, c, 2)
		n := size(p.result())
		y, lse, g, out := c.in[0][:n], c.in[0][n:], c.in[1], c.out
		return func() error {
			if err := prepare(); err != nil {
				return err
			}
			kernel.AttentionBiasGrad(&p.Attention, in, y, lse, g, out)
			return nil
		}
	}
}
