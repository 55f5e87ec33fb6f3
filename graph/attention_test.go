package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/tensor"
)

// attended is an attention of a test; the sizes of heads are dim and vdim.
type attended struct {
	graph.Attention
	queries, keys, dim, vdim int

	lengths, mask bool
	biasBatch     bool // bias has a batch and heads, else 1
	biasHeads     bool
	bias          bool
}

// inputs are q, k, v and what else there is: bias, lengths.
func (a attended) inputs(batch int) []*tensor.Dense {
	heads, kv := a.heads()
	in := []*tensor.Dense{
		graphtest.Logits(1, batch, a.queries, heads*a.dim), graphtest.Logits(2, batch, a.keys, kv*a.dim), graphtest.Logits(3, batch, a.keys, kv*a.vdim),
	}
	if a.bias {
		s := []int{1, 1, a.queries, a.keys}
		if a.biasBatch {
			s[0] = batch
		}
		if a.biasHeads {
			s[1] = heads
		}
		in = append(in, graphtest.Logits(4, s...))
	}
	if a.lengths { // keys, 0, keys − 1, 1, keys, ...
		n := make([]int, batch)
		for i := range n {
			n[i] = []int{a.keys, 0, a.keys - 1, 1}[i%4]
		}
		in = append(in, tensor.New(tensor.WithShape(batch), tensor.WithBacking(n)))
	}
	return in
}

func (a attended) heads() (heads, kv int) {
	heads, kv = max(1, a.Heads), a.KVHeads
	if kv == 0 {
		kv = heads
	}
	return heads, kv
}

// operands returns q, k, v and the attention with its operands.
func (a attended) operands(b *builder, in []*node) (q, k, v *node, full graph.Attention) {
	full = a.Attention
	at := 3
	if a.bias {
		full.Bias, at = in[at], at+1
	}
	if a.lengths {
		full.Lengths = in[at]
	}
	if a.mask { // row 1 has no key
		batch := b.Dim(in[0], 0)
		m := make([]float64, batch*a.keys)
		r := rand.New(rand.NewPCG(5, 5))
		for i := range m {
			if i/a.keys != 1 && r.IntN(3) > 0 {
				m[i] = 1
			}
		}
		full.Mask = b.Tensor("mask", tensor.New(tensor.WithShape(batch, a.keys), tensor.WithBacking(m)))
	}
	return in[0], in[1], in[2], full
}

func (a attended) build(b *builder, in []*node) *node {
	q, k, v, full := a.operands(b, in)
	return b.Attention(q, k, v, full)
}

func TestAttention(t *testing.T) {
	heads := func(h, kv int) graph.Attention { return graph.Attention{Heads: h, KVHeads: kv} }
	causal := graph.Attention{Heads: 2, Causal: true}
	for _, c := range []struct {
		name string
		attended
		batches []int
	}{
		{"plain", attended{queries: 3, keys: 3, dim: 4, vdim: 4}, nil},
		{"heads", attended{Attention: heads(3, 0), queries: 4, keys: 4, dim: 2, vdim: 2}, nil},
		{"cross", attended{Attention: heads(2, 0), queries: 2, keys: 5, dim: 3, vdim: 3}, nil},
		{"scale", attended{Attention: graph.Attention{Heads: 2, Scale: 1}, queries: 3, keys: 4, dim: 3, vdim: 2}, nil},
		{"values of another size", attended{Attention: heads(2, 0), queries: 3, keys: 4, dim: 2, vdim: 5}, nil},
		{"causal", attended{Attention: causal, queries: 5, keys: 5, dim: 2, vdim: 2}, nil},
		{"causal, more keys", attended{Attention: causal, queries: 3, keys: 7, dim: 2, vdim: 2}, nil},
		{"causal, more queries", attended{Attention: causal, queries: 6, keys: 4, dim: 2, vdim: 2}, nil},
		{"grouped queries", attended{Attention: heads(6, 2), queries: 3, keys: 4, dim: 2, vdim: 3}, nil},
		{"one head of keys", attended{Attention: heads(4, 1), queries: 3, keys: 4, dim: 2, vdim: 2}, nil},
		{"lengths", attended{Attention: heads(2, 0), queries: 3, keys: 5, dim: 2, vdim: 2, lengths: true}, nil},
		{"causal with lengths", attended{Attention: causal, queries: 5, keys: 5, dim: 2, vdim: 2, lengths: true}, nil},
		{"mask", attended{Attention: heads(2, 1), queries: 3, keys: 6, dim: 2, vdim: 2, mask: true}, nil},
		{"mask, causal with lengths", attended{Attention: causal, queries: 6, keys: 6, dim: 2, vdim: 2, mask: true, lengths: true}, nil},
		{"bias of all", attended{Attention: heads(2, 0), queries: 3, keys: 4, dim: 2, vdim: 2, bias: true}, nil},
		{"bias of heads", attended{Attention: heads(2, 0), queries: 3, keys: 4, dim: 2, vdim: 2, bias: true, biasHeads: true}, nil},
		{"bias of rows", attended{Attention: heads(4, 2), queries: 3, keys: 4, dim: 2, vdim: 2, bias: true, biasBatch: true}, nil},
		{"bias of rows and heads", attended{Attention: causal, queries: 4, keys: 4, dim: 2, vdim: 2, bias: true, biasBatch: true, biasHeads: true, mask: true}, nil},
		{"dropout", attended{Attention: graph.Attention{Heads: 2, Dropout: 0.4}, queries: 5, keys: 4, dim: 2, vdim: 2}, nil},
		{"dropout with all", attended{Attention: graph.Attention{Heads: 4, KVHeads: 2, Dropout: 0.4, Causal: true}, queries: 5, keys: 5, dim: 2, vdim: 3, bias: true, lengths: true, mask: true}, nil},
		{"blocks", attended{queries: 66, keys: 389, dim: 1, vdim: 1}, []int{1}},
		{"causal blocks", attended{Attention: graph.Attention{Causal: true}, queries: 131, keys: 261, dim: 1, vdim: 1}, []int{1}},
		{"blocks with all", attended{Attention: graph.Attention{Dropout: 0.2, Causal: true, Heads: 2, KVHeads: 1}, queries: 66, keys: 135, dim: 1, vdim: 1, mask: true, lengths: true}, []int{3}},
		{"wide heads", attended{queries: 3, keys: 2, dim: 330, vdim: 327}, []int{1}}, // wider than a packed block of a product
	} {
		for _, mode := range []graph.Mode{graph.Infer, graph.Train} {
			if mode == graph.Infer && c.batches != nil {
				continue // slow, and the same kernels
			}
			if testing.Short() && c.batches != nil {
				continue // minutes with the race detector, which the other cases are enough for
			}
			heads, _ := c.heads()
			graphtest.Run(t, graphtest.Case{
				Name: c.name + "/" + mode.String(), Mode: mode, Batches: c.batches,
				Inputs: c.inputs, Build: c.build, Shape: shape(c.queries, heads*c.vdim),
			})
		}
	}
}

// composed is attention by operations that exist without it, for batches without dropout.
func (a attended) composed(b *builder, in []*node) *node {
	q, k, v, full := a.operands(b, in)
	heads, kv := a.heads()
	batch := b.Dim(q, 0)
	split := func(x *node, steps, n, dim int) *node { // (batch·heads, steps, dim)
		x = b.Transpose(b.Reshape(x, batch, steps, n, dim), 0, 2, 1, 3)
		if n < heads {
			x = b.Broadcast(b.Reshape(x, batch, n, 1, steps, dim), batch, n, heads/n, steps, dim)
		}
		return b.Reshape(x, batch*heads, steps, dim)
	}
	scale := full.Scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(a.dim))
	}
	s := b.Scale(b.BatchMatMul(split(q, a.queries, heads, a.dim), split(k, a.keys, kv, a.dim), false, true), scale)
	s = b.Reshape(s, batch, heads, a.queries, a.keys)
	if full.Bias != nil {
		s = b.Add(s, full.Bias)
	}
	seen := b.Fill(1, 1, 1, a.queries, a.keys)
	if full.Causal {
		m := make([]float64, a.queries*a.keys)
		for i := range a.queries {
			for j := range a.keys {
				if j <= i+a.keys-a.queries {
					m[i*a.keys+j] = 1
				}
			}
		}
		seen = b.Tensor("causal", tensor.New(tensor.WithShape(1, 1, a.queries, a.keys), tensor.WithBacking(m)))
	}
	if full.Mask != nil {
		seen = b.And(seen, b.Reshape(full.Mask, batch, 1, 1, a.keys))
	}
	if full.Lengths != nil {
		steps := make([]int, a.keys)
		for j := range steps {
			steps[j] = j
		}
		at := b.Tensor("steps", tensor.New(tensor.WithShape(1, 1, 1, a.keys), tensor.WithBacking(steps)))
		seen = b.And(seen, b.Less(at, b.Reshape(full.Lengths, batch, 1, 1, 1)))
	}
	seen = b.Broadcast(seen, batch, heads, a.queries, a.keys)
	p := b.Mul(b.Softmax(b.Where(seen, s, b.Const(-1e4))), seen) // all hidden: 0
	y := b.BatchMatMul(b.Reshape(p, batch*heads, a.queries, a.keys), split(v, a.keys, kv, a.vdim), false, false)
	return b.Reshape(b.Transpose(b.Reshape(y, batch, heads, a.queries, a.vdim), 0, 2, 1, 3), batch, a.queries, heads*a.vdim)
}

// TestAttentionIsComposed: values and gradients are those of the formula, on random sizes.
func TestAttentionIsComposed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		yes := func() bool { return r.IntN(2) == 0 }
		kv := 1 + r.IntN(3)
		a := attended{
			Attention: graph.Attention{KVHeads: kv, Heads: kv * (1 + r.IntN(3)), Causal: yes()},
			queries:   1 + r.IntN(200), keys: 1 + r.IntN(400), dim: 1 + r.IntN(70), vdim: 1 + r.IntN(70),
			lengths: yes(), mask: yes(), bias: yes(), biasBatch: yes(), biasHeads: yes(),
		}
		batch := 1 + r.IntN(3)
		for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
			t.Run(fmt.Sprintf("%d/%v", i, dt), func(t *testing.T) {
				in := a.inputs(batch)
				have, want := gradientsOf(t, dt, in, a.build), gradientsOf(t, dt, in, a.composed)
				tolerance := 1e-11
				if dt == graph.Float32 {
					tolerance = 5e-5
				}
				for k := range want {
					largest := 1.0
					for _, v := range want[k] {
						largest = max(largest, math.Abs(v))
					}
					for e, v := range want[k] {
						if d := math.Abs(have[k][e] - v); !(d <= tolerance*largest) {
							t.Fatalf("%+v: value %d, element %d: %.9g, want %.9g", a, k, e, have[k][e], v)
						}
					}
				}
			})
		}
	}
}

// gradientsOf returns a function's value, and the gradients of the sum of its squares with
// respect to all inputs of floats.
func gradientsOf(t *testing.T, dt graph.Dtype, in []*tensor.Dense, build func(b *builder, in []*node) *node) [][]float64 {
	t.Helper()
	b := graph.New(graph.NewParams(dt, 1), graph.Train)
	var nodes, wrt []*node
	for i, x := range in {
		if x.Dtype() == graph.Int {
			nodes = append(nodes, b.InputInt(fmt.Sprint("in", i), x.Shape()...))
			continue
		}
		nodes = append(nodes, b.Input(fmt.Sprint("in", i), x.Shape()...))
		wrt = append(wrt, nodes[i])
	}
	y := build(b, nodes)
	out := append([]*node{y}, b.Gradients(b.Sum(b.Square(y)), wrt...)...)
	p, err := graph.Compile(b, out...)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range in {
		if err := p.SetInput(fmt.Sprint("in", i), x); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(bg); err != nil {
		t.Fatal(err)
	}
	var values [][]float64
	for _, n := range out {
		switch v := p.Tensor(n).Data().(type) {
		case []float64:
			values = append(values, slices.Clone(v))
		case []float32:
			wide := make([]float64, len(v))
			for i, x := range v {
				wide[i] = float64(x)
			}
			values = append(values, wide)
		}
	}
	return values
}

// TestAttentionThreads: bits do not depend on the number of threads.
func TestAttentionThreads(t *testing.T) {
	defer kernel.SetThreads(0)
	for name, a := range map[string]attended{
		"one head":  {queries: 300, keys: 300, dim: 16, vdim: 16},
		"heads":     {Attention: graph.Attention{Heads: 4, KVHeads: 2, Causal: true, Dropout: 0.1}, queries: 200, keys: 260, dim: 20, vdim: 9, lengths: true},
		"with bias": {Attention: graph.Attention{Heads: 2}, queries: 200, keys: 260, dim: 20, vdim: 9, bias: true},
	} {
		for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
			var first [][]float64
			for threads := 1; threads <= 3; threads++ {
				kernel.SetThreads(threads)
				have := gradientsOf(t, dt, a.inputs(2), a.build)
				if first == nil {
					first = have
					continue
				}
				for i := range first {
					if !slices.Equal(have[i], first[i]) {
						t.Errorf("%s, %v: value %d has other bits with %d threads", name, dt, i, threads)
					}
				}
			}
		}
	}
}

// TestAttentionOfRows: a row of a batch has the bits that it has alone.
func TestAttentionOfRows(t *testing.T) {
	a := attended{Attention: graph.Attention{Heads: 2, Causal: true}, queries: 70, keys: 140, dim: 8, vdim: 8}
	in := a.inputs(3)
	whole := gradientsOf(t, graph.Float32, in, a.build)
	for row := range 3 {
		var alone []*tensor.Dense
		for _, x := range in {
			s := slices.Clone(x.Shape())
			n := x.Shape().TotalSize() / s[0]
			s[0] = 1
			alone = append(alone, tensor.New(tensor.WithShape(s...), tensor.WithBacking(slices.Clone(x.Data().([]float64)[row*n:(row+1)*n]))))
		}
		for i, have := range gradientsOf(t, graph.Float32, alone, a.build) {
			if n := len(have); !slices.Equal(have, whole[i][row*n:(row+1)*n]) {
				t.Errorf("row %d, value %d: other bits alone", row, i)
			}
		}
	}
}

// TestAttentionPastLengths: what lies past a length is not read, and gets no gradient.
func TestAttentionPastLengths(t *testing.T) {
	a := attended{Attention: graph.Attention{Heads: 2}, queries: 3, keys: 150, dim: 4, vdim: 4, lengths: true}
	in := a.inputs(1)
	in[3] = tensor.New(tensor.WithShape(1), tensor.WithBacking([]int{131}))
	want := gradientsOf(t, graph.Float64, in, a.build)
	for _, x := range in[1:3] {
		for i, v := 131*8, x.Data().([]float64); i < len(v); i++ {
			v[i] = math.NaN()
		}
	}
	for i, have := range gradientsOf(t, graph.Float64, in, a.build) {
		if !slices.Equal(have, want[i]) {
			t.Errorf("value %d depends on keys past the length", i)
		}
		if i >= 2 && !slices.Equal(have[131*8:], make([]float64, 19*8)) {
			t.Errorf("value %d: a gradient past the length", i)
		}
	}
}

// TestAttentionDropout: with equal scores and values of 1 a result is the share of probabilities
// that are kept, divided by 1 − rate: its mean is 1, its variance rate/(1 − rate)/keys. Rows,
// heads, steps and paths have other noise.
func TestAttentionDropout(t *testing.T) {
	const batch, heads, queries, keys, rate = 3, 2, 150, 200, 0.3
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	q, k, v := b.Fill(0, batch, queries, heads), b.Fill(0, batch, keys, heads), b.Fill(1, batch, keys, heads)
	y := b.Scope("a").Attention(b.Add(q, b.Input("x", 1)), k, v, graph.Attention{Heads: heads, Dropout: rate})
	other := b.Scope("b").Attention(b.Add(q, b.Node("x")), k, v, graph.Attention{Heads: heads, Dropout: rate})
	p, err := graph.Compile(b, y, other)
	if err != nil {
		t.Fatal(err)
	}
	var seen [][]float32
	for step := range 2 {
		p.SetStep(step)
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, slices.Clone(p.Floats32(y)), slices.Clone(p.Floats32(other)))
	}
	for i, v := range seen {
		mean, square := 0.0, 0.0
		for _, x := range v {
			mean += float64(x) / float64(len(v))
			square += (float64(x) - 1) * (float64(x) - 1) / float64(len(v))
		}
		deviation := math.Sqrt(rate / (1 - rate) / keys)
		if math.Abs(mean-1) > 5*deviation/math.Sqrt(float64(len(v))) || math.Abs(square/deviation/deviation-1) > 0.2 {
			t.Errorf("run %d: mean %v, variance %v, want 1 and %v", i, mean, square, deviation*deviation)
		}
		for _, w := range seen[:i] {
			if slices.Equal(v, w) {
				t.Error("two steps or paths have the same noise")
			}
		}
	}
	half := batch * queries * heads / 2
	if slices.Equal(seen[0][:half], seen[0][half:]) || slices.Equal(seen[0][:heads], seen[0][heads:2*heads]) {
		t.Error("two rows or queries have the same noise")
	}
}

// TestParamOf: a parameter is found below the scopes around, the nearest first, and has the
// gradient of both uses.
func TestParamOf(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	param := func(b *builder, v float64) *node {
		return b.Param("w", graph.Shape{1}, graph.Weight{Init: graph.Constant{Value: v}})
	}
	far, near := param(b.Scope("table"), 2), param(b.Scope("net").Scope("table"), 3)
	at := b.Scope("net").Scope("head").Scope("deep")
	if at.ParamOf("table/w") != near || b.Scope("other").ParamOf("table/w") != far || b.ParamOf("net/table/w") != near {
		t.Errorf("another parameter is found, or none: %v", b.Err())
	}
	loss := b.Sum(b.Mul(b.Square(near), at.ParamOf("table/w"))) // w³
	grads := b.Gradients(loss, near)
	p, err := graph.Compile(b, grads...)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(bg); err != nil {
		t.Fatal(err)
	}
	if g := p.Tensor(grads[0]).Data().([]float64); g[0] != 27 {
		t.Errorf("gradient %v, want 27", g)
	}
}
