package layers_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
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

// TestTransformersAndPadding: what lies past the lengths of sequences, or of a memory, has no
// influence on the steps before, whatever it is.
func TestTransformersAndPadding(t *testing.T) {
	encoder := layers.TransformerEncoder{Depth: 2, Attention: layers.MultiHeadAttention{Heads: 2, Rotary: true}}
	decoder := layers.TransformerDecoder{Attention: layers.MultiHeadAttention{Heads: 2}}
	const steps, width = 6, 8
	lengths := []int{4, 6, 0}
	run := func(padding float64) (encoded, decoded, pooled []float64) {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
		x := graphtest.Logits(1, 3, steps, width)
		for i, v := 0, x.Data().([]float64); i < len(v); i++ {
			if i/width%steps >= lengths[i/width/steps] {
				v[i] = padding
			}
		}
		in, n := b.Tensor("x", x), b.Tensor("n", tensor.New(tensor.WithShape(3), tensor.WithBacking(lengths)))
		e := encoder.Join(b.Scope("encoder"), []*graph.Node{in, n})
		d := decoder.Join(b.Scope("decoder"), []*graph.Node{b.Tensor("y", graphtest.Logits(2, 3, 5, width)), e, n})
		p := layers.AdditiveAttention{}.Join(b.Scope("pool"), []*graph.Node{e, n})
		prog, err := graph.Compile(b, e, d, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := prog.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := prog.Tensor(e).Data().([]float64)
		for row, n := range lengths {
			encoded = append(encoded, all[row*steps*width:][:n*width]...)
		}
		return encoded, slices.Clone(prog.Tensor(d).Data().([]float64)), slices.Clone(prog.Tensor(p).Data().([]float64))
	}
	e1, d1, p1 := run(0)
	e2, d2, p2 := run(1e3)
	if !slices.Equal(e1, e2) || !slices.Equal(d1, d2) || !slices.Equal(p1, p2) {
		t.Error("padding has an influence")
	}
	if !slices.Equal(p1[2*width:], make([]float64, width)) {
		t.Errorf("an empty row is pooled to %v", p1[2*width:])
	}
}

// TestPositionsOfSinusoids: by Vaswani et al. (2017): of position 2 and width 4 with base 100,
// angles are 2 and 2/√100.
func TestPositionsOfSinusoids(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	y := layers.SinusoidalPositions{Base: 100}.Build(b, b.Fill(0, 1, 3, 4))
	again := layers.SinusoidalPositions{Base: 100}.Build(b.Again(), b.Fill(1, 1, 3, 4)) // shared
	p, err := graph.Compile(b, y, again)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []float64{math.Sin(2), math.Cos(2), math.Sin(0.2), math.Cos(0.2)}
	for i, v := range p.Tensor(y).Data().([]float64)[8:] {
		if math.Abs(v-want[i]) > 1e-15 {
			t.Errorf("element %d is %v, want %v", i, v, want[i])
		}
	}
}
