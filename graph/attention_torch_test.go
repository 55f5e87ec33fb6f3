package graph_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// TestAttentionByTorch: values, and the gradients of Σ c·y² with c from 0.1 to 1, are those of
// PyTorch 1.13, which testdata/attention.py made.
func TestAttentionByTorch(t *testing.T) {
	type array struct {
		Shape []int
		Data  []float64
	}
	var refs map[string]struct {
		Heads, KV, Offset   int
		Causal, Interleaved bool
		Lengths             []int
		In, Grads           []array
		Y                   array
	}
	text, err := os.ReadFile("testdata/attention.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &refs); err != nil {
		t.Fatal(err)
	}
	if len(refs) != 10 {
		t.Errorf("%d references", len(refs))
	}
	for name, r := range refs {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
		var in []*node
		for i, a := range r.In {
			in = append(in, b.Input(fmt.Sprint("in", i), a.Shape...))
		}
		var y *node
		switch {
		case name == "rmsnorm":
			y = b.RMSNorm(in[0], in[1], 1e-3)
		case strings.HasPrefix(name, "rotary"):
			y = b.Rotary(in[0], graph.Rotary{Heads: r.Heads, Offset: r.Offset, Interleaved: r.Interleaved})
		default:
			a := graph.Attention{Heads: r.Heads, KVHeads: r.KV, Causal: r.Causal}
			if len(in) > 3 {
				a.Bias = in[3]
			}
			if len(r.Lengths) > 0 {
				a.Lengths = b.Tensor("lengths", tensor.New(tensor.WithShape(len(r.Lengths)), tensor.WithBacking(r.Lengths)))
			}
			y = b.Attention(in[0], in[1], in[2], a)
		}
		n := len(r.Y.Data)
		c := make([]float64, n)
		for i := range c {
			c[i] = 0.1 + 0.9*float64(i)/float64(n-1)
		}
		weights := b.Tensor("c", tensor.New(tensor.WithShape(r.Y.Shape...), tensor.WithBacking(c)))
		out := append([]*node{y}, b.Gradients(b.Sum(b.Mul(b.Square(y), weights)), in...)...)
		p, err := graph.Compile(b, out...)
		if err != nil {
			t.Fatal(name, err)
		}
		for i, a := range r.In {
			if err := p.SetInput(fmt.Sprint("in", i), tensor.New(tensor.WithShape(a.Shape...), tensor.WithBacking(a.Data))); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		for i, want := range append([]array{r.Y}, r.Grads...) {
			for k, v := range p.Tensor(out[i]).Data().([]float64) {
				if d := math.Abs(v - want.Data[k]); !(d <= 1e-12*max(1, math.Abs(want.Data[k]))) {
					t.Errorf("%s: value %d, element %d is %.15g, PyTorch's %.15g", name, i, k, v, want.Data[k])
					break
				}
			}
		}
	}
}
