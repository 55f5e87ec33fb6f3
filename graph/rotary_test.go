package graph_test

import (
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/tensor"
)

func TestRotary(t *testing.T) {
	for _, c := range []struct {
		name        string
		steps, dim  int
		r           graph.Rotary
		withOffsets bool
	}{
		{"plain", 3, 4, graph.Rotary{}, false},
		{"heads", 4, 6, graph.Rotary{Heads: 3}, false},
		{"registers and a rest", 3, 38, graph.Rotary{Heads: 2}, false},
		{"some of a head", 3, 7, graph.Rotary{Heads: 2, Dims: 4, Base: 100}, false},
		{"interleaved", 3, 6, graph.Rotary{Heads: 2, Interleaved: true}, false},
		{"offset", 3, 4, graph.Rotary{Offset: 5}, false},
		{"offsets", 3, 4, graph.Rotary{Heads: 2, Offset: -2}, true},
	} {
		heads := max(1, c.r.Heads)
		graphtest.Run(t, graphtest.Case{
			Name: c.name, Shape: shape(c.steps, heads*c.dim),
			Inputs: func(batch int) []*tensor.Dense {
				in := logits([]int{c.steps, heads * c.dim})(batch)
				if c.withOffsets {
					in = append(in, graphtest.Ints(2, 9, batch))
				}
				return in
			},
			Build: func(b *builder, in []*node) *node {
				r := c.r
				if c.withOffsets {
					r.Offsets = in[1]
				}
				return b.Rotary(in[0], r)
			},
		})
	}
}

// TestRotaryDistances: products of turned queries and keys depend on the distance of their
// positions alone, and lengths stay.
func TestRotaryDistances(t *testing.T) {
	for _, interleaved := range []bool{false, true} {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
		turned := func(name string, seed uint64, offset int) *node {
			x := b.Broadcast(b.Tensor(name, graphtest.Logits(seed, 1, 1, 40)), 1, 6, 40) // one vector at all steps
			return b.Rotary(x, graph.Rotary{Interleaved: interleaved, Offset: offset})
		}
		q, k := turned("q", 1, 3), turned("k", 2, 0)
		y := b.BatchMatMul(q, k, false, true)
		norms := b.Sum(b.Square(q), 2)
		p, err := graph.Compile(b, y, norms)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		v := p.Tensor(y).Data().([]float64)
		for i := 1; i < 6; i++ {
			for j := 1; j < 6; j++ {
				if d := math.Abs(v[i*6+j] - v[(i-1)*6+j-1]); d > 1e-12 {
					t.Errorf("interleaved %v: product of positions %d and %d differs by %g from that of those before", interleaved, i+3, j, d)
				}
			}
		}
		if v[0] == v[1] {
			t.Error("products do not depend on the distance")
		}
		n := p.Tensor(norms).Data().([]float64)
		for i := range n {
			if math.Abs(n[i]-n[0]) > 1e-12*n[0] {
				t.Errorf("lengths %v differ", n)
			}
		}
	}
}
