package graph_test

import (
	"fmt"
	"testing"

	"github.com/seed732fc211/aegis/graph"
)

// BenchmarkBuild builds the graph of a training step, gradients included, and
// compiles it.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		g := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
		x, y := g.Input("x", 8, 16, 16, 3), g.InputInt("y", 8)
		for i, channels := range []int{3, 8, 8} {
			l := g.Scope(fmt.Sprint("conv", i))
			w := l.Param("kernel", graph.Shape{3, 3, channels, 8}, graph.Weight{})
			x = l.Conv2D(x, w, l.Param("bias", graph.Shape{8}, graph.Weight{}), graph.Window{Padding: graph.Same}, 1, graph.Relu)
			x = l.MaxPool2D(x, [2]int{2, 2}, graph.Window{})
			x, _, _ = l.BatchNorm(x, l.Param("gamma", graph.Shape{8}, graph.Weight{}), l.Param("beta", graph.Shape{8}, graph.Weight{}), 1e-3)
		}
		x = g.Reshape(x, 8, 4, 8)
		for i := range 4 {
			l := g.Scope(fmt.Sprint("dense", i))
			h := l.Reshape(x, 32, 8)
			h = l.Dense(h, l.Param("kernel", graph.Shape{8, 8}, graph.Weight{}), l.Param("bias", graph.Shape{8}, graph.Weight{}), graph.Tanh)
			x = l.Add(x, l.Dropout(l.Scale(l.Reshape(h, 8, 4, 8), 0.5), 0.1))
		}
		z := g.Slice(g.Concat(1, g.Mean(x, 1), g.Max(x, 1)), 1, 0, 10)
		loss := g.Mean(g.SoftmaxCrossEntropy(z, y, 0.1))
		_, nodes := g.Trained(loss)
		grads := g.Gradients(loss, nodes...)
		if _, err := graph.Compile(g, append(grads, loss)...); err != nil {
			b.Fatal(err)
		}
	}
}
