package graph_test

import (
	"fmt"
	"testing"

	"github.com/seed732fc211/aegis/graph"
)

// BenchmarkAttention times a forward and a backward pass, of one operation and of the
// formula composed of BatchMatMul and Softmax.
func BenchmarkAttention(b *testing.B) {
	for _, c := range []struct {
		name  string
		batch int
		attended
	}{
		{"8x4x512x32", 8, attended{Attention: graph.Attention{Heads: 4}, queries: 512, keys: 512, dim: 32, vdim: 32}},
		{"32x4x64x32 causal", 32, attended{Attention: graph.Attention{Heads: 4, Causal: true}, queries: 64, keys: 64, dim: 32, vdim: 32}},
		{"8x4x512x32 dropout", 8, attended{Attention: graph.Attention{Heads: 4, Dropout: 0.1}, queries: 512, keys: 512, dim: 32, vdim: 32}},
		{"4x8x1024x64 causal", 4, attended{Attention: graph.Attention{Heads: 8, Causal: true}, queries: 1024, keys: 1024, dim: 64, vdim: 64}},
	} {
		builds := map[string]func(b *builder, in []*node) *node{"fused": c.build, "composed": c.composed}
		for _, name := range []string{"fused", "composed"} {
			if name == "composed" && c.Dropout > 0 {
				continue
			}
			for _, backward := range []bool{false, true} {
				title := map[bool]string{false: "forward", true: "forward and backward"}[backward]
				b.Run(c.name+"/"+name+"/"+title, func(b *testing.B) { benchAttention(b, c.attended, c.batch, builds[name], backward) })
			}
		}
	}
}

func benchAttention(b *testing.B, a attended, batch int, build func(b *builder, in []*node) *node, backward bool) {
	g := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	var nodes []*node
	in := a.inputs(batch)
	for i, x := range in {
		nodes = append(nodes, g.Input(fmt.Sprint("in", i), x.Shape()...))
	}
	out := []*node{build(g, nodes)}
	if backward {
		out = append(out, g.Gradients(g.Sum(g.Square(out[0])), nodes...)...)
	}
	p, err := graph.Compile(g, out...)
	if err != nil {
		b.Fatal(err)
	}
	for i, x := range in {
		if err := p.SetInput(fmt.Sprint("in", i), x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(bg); err != nil {
			b.Fatal(err)
		}
	}
	heads, _ := a.heads()
	products := 2
	if backward {
		products += 5
	}
	flop := float64(2*products) * float64(batch*heads*a.queries*a.keys) * float64(a.dim)
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
}
