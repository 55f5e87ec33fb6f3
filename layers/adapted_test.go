package layers_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
)

// perceptron has a matrix in each of two scopes.
var perceptron = layers.Stack{
	layers.Named{Name: "hidden", Layer: layers.Dense{Units: 5, Activation: layers.Tanh}},
	layers.Named{Name: "output", Layer: layers.Dense{Units: 2}},
}

// TestLoRAIsItsSum: the outputs are those of the layer with W + Alpha/Rank·A·B for W, and the gradients
// are Alpha/Rank·dW·Bᵀ and Alpha/Rank·Aᵀ·dW, of the gradient dW that the layer has.
func TestLoRAIsItsSum(t *testing.T) {
	const rank, alpha, scale = 2, 3.0, 1.5
	adapted := graph.NewParams(graph.Float64, 1)
	b := graph.New(adapted, graph.Train)
	x := b.Input("x", 3, 4)
	loss := b.Sum(b.Square(layers.LoRA{Layer: perceptron, Rank: rank, Alpha: alpha, Scopes: []string{"hidden"}}.Build(b, x)))
	if _, nodes := b.Trained(loss); len(nodes) != 2 {
		t.Fatalf("%d trained parameters, want A and B of one matrix", len(nodes))
	}
	right := adapted.Get("hidden/kernel_lora_b")
	if v := right.Floats64(); slices.ContainsFunc(v, func(v float64) bool { return v != 0 }) {
		t.Fatalf("B begins as %v, want zeros", v)
	}
	copy(right.Floats64(), []float64{0.3, -0.2, 0.5, 0.1, -0.4, 0.7, 0.2, -0.6, 0.1, 0.4})

	plain := graph.NewParams(graph.Float64, 1)
	c := graph.New(plain, graph.Train)
	plainLoss := c.Sum(c.Square(perceptron.Build(c, c.Input("x", 3, 4))))
	left, w := adapted.Get("hidden/kernel_lora_a").Floats64(), plain.Get("hidden/kernel").Floats64()
	if !slices.Equal(w, adapted.Get("hidden/kernel").Floats64()) {
		t.Fatal("W is drawn otherwise with LoRA than without")
	}
	for i := range 4 {
		for j := range 5 {
			for k := range rank {
				w[i*5+j] += scale * left[i*rank+k] * right.Floats64()[k*5+j]
			}
		}
	}
	grads := gradients(t, b, loss, adapted)
	want := gradients(t, c, plainLoss, plain)
	if got, want := grads["loss"][0], want["loss"][0]; math.Abs(got-want) > 1e-12*want {
		t.Errorf("loss %v, want %v", got, want)
	}
	dw := want["hidden/kernel"]
	for i := range 4 {
		for k := range rank {
			sum := 0.0
			for j := range 5 {
				sum += scale * dw[i*5+j] * right.Floats64()[k*5+j]
			}
			if got := grads["hidden/kernel_lora_a"][i*rank+k]; math.Abs(got-sum) > 1e-12*(1+math.Abs(sum)) {
				t.Errorf("gradient of A at (%d, %d): %v, want %v", i, k, got, sum)
			}
		}
	}
	for k := range rank {
		for j := range 5 {
			sum := 0.0
			for i := range 4 {
				sum += scale * left[i*rank+k] * dw[i*5+j]
			}
			if got := grads["hidden/kernel_lora_b"][k*5+j]; math.Abs(got-sum) > 1e-12*(1+math.Abs(sum)) {
				t.Errorf("gradient of B at (%d, %d): %v, want %v", k, j, got, sum)
			}
		}
	}
}

// gradients runs a graph with a fixed input x and returns its loss and the gradients of all trained parameters.
func gradients(t *testing.T, b *graph.Builder, loss *graph.Node, params *graph.Params) map[string][]float64 {
	t.Helper()
	list, nodes := b.Trained(loss)
	grads := b.Gradients(loss, nodes...)
	p, err := graph.Compile(b, append([]*graph.Node{loss}, grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	in, err := p.Input("x")
	if err != nil {
		t.Fatal(err)
	}
	copy(in.Data().([]float64), graphtest.Logits(3, 3, 4).Data().([]float64))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{"loss": slices.Clone(p.Floats64(loss))}
	for i, q := range list {
		out[q.Path] = slices.Clone(p.Floats64(grads[i]))
	}
	return out
}

// TestLoRAOfSharedTable: a table that logits share with the embedding is adapted in both places.
func TestLoRAOfSharedTable(t *testing.T) {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	net := layers.Stack{layers.Named{Name: "embed", Layer: layers.Embedding{Size: 7, Dim: 3, Sparse: true}}, layers.TiedOutput{Embedding: "embed"}}
	y := layers.LoRA{Layer: net, Rank: 2}.Build(b, b.InputInt("x", 2, 4))
	list, nodes := b.Trained(b.Sum(b.Square(y)))
	grads := b.Gradients(b.Sum(b.Square(y)), nodes...)
	if _, err := graph.Compile(b, grads...); err != nil || len(list) != 2 {
		t.Fatalf("%d trained parameters, error %v; want A and B of the table", len(list), err)
	}
}

func TestLoRAMistakes(t *testing.T) {
	for _, c := range []struct {
		name  string
		layer layers.LoRA
		want  string
	}{
		{"no layer", layers.LoRA{}, "the layer is nil"},
		{"rank", layers.LoRA{Layer: perceptron, Rank: 3}, "a rank of 3 for kernel (5, 2)"},
		{"negative", layers.LoRA{Layer: perceptron, Rank: -1}, "a rank of -1"},
		{"alpha", layers.LoRA{Layer: perceptron, Rank: 1, Alpha: math.Inf(1)}, "an alpha of +Inf"},
		{"no such scope", layers.LoRA{Layer: perceptron, Rank: 1, Scopes: []string{"query"}}, `no matrix in scopes ["query"]`},
		{"twice", layers.LoRA{Layer: layers.LoRA{Layer: perceptron, Rank: 1}, Rank: 1}, "adapted already"},
		{"nothing to adapt", layers.LoRA{Layer: layers.Relu, Rank: 1}, "no matrix"},
	} {
		graphtest.Reject(t, c.name, func(b *graph.Builder) *graph.Node { return c.layer.Build(b, b.Input("x", 3, 4)) }, c.want)
	}
}
