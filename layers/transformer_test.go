package layers_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// TestTransformersByTorch: values, and the gradients of Σ c·y² with respect to inputs and
// parameters, are those of PyTorch 1.13, which testdata/transformer.py made.
func TestTransformersByTorch(t *testing.T) {
	var refs map[string]struct {
		X, Dx, Params, Grads []array
		Y                    array
		Lengths              []int
	}
	text, err := os.ReadFile("testdata/transformer.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &refs); err != nil {
		t.Fatal(err)
	}
	hidden := layers.FeedForward{Units: 7, Activation: layers.Relu}
	kinds := map[string]layers.Joiner{
		"encoder":           layers.TransformerEncoder{Attention: layers.MultiHeadAttention{Heads: 2}, Hidden: layers.FeedForward{Units: 7}},
		"encoder post-norm": layers.TransformerEncoder{Attention: layers.MultiHeadAttention{Heads: 2}, Hidden: hidden, PostNorm: true},
		"decoder post-norm": layers.TransformerDecoder{Attention: layers.MultiHeadAttention{Heads: 3}, Hidden: hidden, PostNorm: true},
	}
	for name, joiner := range kinds {
		r := refs[name]
		params := graph.NewParams(graph.Float64, 1)
		b := graph.New(params, graph.Train)
		var in []*graph.Node
		for i, x := range r.X {
			in = append(in, b.Input(fmt.Sprint("x", i), x.Shape...))
		}
		lengths := b.Tensor("lengths", tensor.New(tensor.WithShape(len(r.Lengths)), tensor.WithBacking(r.Lengths)))
		y := joiner.Join(b, append(slices.Clone(in), lengths))
		c := make([]float64, len(r.Y.Data))
		for i := range c {
			c[i] = 0.1 + 0.9*float64(i)/float64(len(c)-1)
		}
		loss := b.Sum(b.Mul(b.Square(y), b.Tensor("c", tensor.New(tensor.WithShape(r.Y.Shape...), tensor.WithBacking(c)))))
		list, nodes := b.Trained(loss)
		if b.Err() != nil || len(list) != len(r.Params) {
			t.Fatalf("%s: %d parameters, PyTorch has %d: %v", name, len(list), len(r.Params), b.Err())
		}
		for i, p := range list {
			if !slices.Equal(p.Shape(), r.Params[i].Shape) {
				t.Fatalf("%s: %s is %v, PyTorch's %v", name, p.Path, p.Shape(), r.Params[i].Shape)
			}
			if err := p.Set(r.Params[i].floats()); err != nil {
				t.Fatal(err)
			}
		}
		outputs := append([]*graph.Node{y}, b.Gradients(loss, append(slices.Clone(in), nodes...)...)...)
		prog, err := graph.Compile(b, outputs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range r.X {
			if err := prog.SetInput(fmt.Sprint("x", i), x.floats()); err != nil {
				t.Fatal(err)
			}
		}
		if err := prog.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, want := range slices.Concat([]array{r.Y}, r.Dx, r.Grads) {
			for k, v := range prog.Tensor(outputs[i]).Data().([]float64) {
				if d := math.Abs(v - want.Data[k]); !(d <= 1e-10*max(1, math.Abs(want.Data[k]))) {
					t.Errorf("%s: value %d, element %d is %.12g, PyTorch's %.12g", name, i, k, v, want.Data[k])
					break
				}
			}
		}
	}
}
