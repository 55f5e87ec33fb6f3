package layers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// A network without lengths and initial states is a layer like others; the
// references have its weights path by path.
func TestRecurrentAgainstTorch(t *testing.T) {
	cases := map[string]layers.Joiner{
		"tanh":           layers.SimpleRNN{Units: 3},
		"tanh lengths":   layers.SimpleRNN{Units: 3, Bidirectional: true, Activation: layers.Tanh},
		"relu sequence":  layers.SimpleRNN{Units: 5, Sequence: true, Activation: layers.Relu},
		"lstm":           layers.LSTM{Units: 3},
		"lstm of nine":   layers.LSTM{Units: 9, Sequence: true},
		"lstm deep":      layers.LSTM{Units: 2, Depth: 3, Bidirectional: true, Sequence: true},
		"lstm deep last": layers.LSTM{Units: 2, Depth: 2, Bidirectional: true},
		"gru":            layers.GRU{Units: 3},
		"gru sequence":   layers.GRU{Units: 9, Sequence: true},
		"gru deep":       layers.GRU{Units: 2, Depth: 2, Bidirectional: true},
	}
	refs := references(t, "torch.json")
	for name := range refs {
		if kind, ok := strings.CutPrefix(name, "recurrent "); ok && cases[kind] == nil {
			t.Errorf("nothing is held to the reference %q", name)
		}
	}
	for name, l := range cases {
		ref, ok := refs["recurrent "+name]
		if !ok {
			t.Errorf("there is no reference of %q", name)
			continue
		}
		for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
			t.Run(fmt.Sprint(name, ", mode ", mode), func(t *testing.T) { againstTorch(t, l, ref, mode) })
		}
	}
}

func againstTorch(t *testing.T, l layers.Joiner, ref reference, mode graph.Mode) {
	inputs := []*tensor.Dense{ref.X.floats()}
	if ref.Lengths != nil {
		inputs = append(inputs, tensor.New(tensor.WithShape(len(ref.Lengths)), tensor.WithBacking(ref.Lengths)))
	}
	for _, s := range ref.States {
		inputs = append(inputs, s.floats())
	}
	p := graph.NewParams(graph.Float64, 1)
	b := graph.New(p, mode)
	var in, wrt []*graph.Node
	for i, v := range inputs {
		if v.Dtype() == graph.Int {
			in = append(in, b.InputInt(fmt.Sprint("x", i), v.Shape()...))
		} else {
			in = append(in, b.Input(fmt.Sprint("x", i), v.Shape()...))
			wrt = append(wrt, in[i])
		}
	}
	y := l.Join(b, in)
	c := b.Input("c", b.Shape(y)...)
	f := b.Sum(b.Mul(c, b.Square(y)))
	trained, nodes := b.Trained(f)
	grads := b.Gradients(f, append(slices.Clone(nodes), wrt...)...)
	prog, err := graph.Compile(b, append([]*graph.Node{y}, grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range inputs {
		if err := prog.SetInput(fmt.Sprint("x", i), v); err != nil {
			t.Fatal(err)
		}
	}
	size := y.Shape().TotalSize()
	weights := make([]float64, size)
	for i := range weights {
		weights[i] = 0.1 + 0.9*float64(i)/float64(size-1)
	}
	if err := prog.SetInput("c", tensor.New(tensor.WithShape(y.Shape()...), tensor.WithBacking(weights))); err != nil {
		t.Fatal(err)
	}
	if len(trained) != len(ref.Params) {
		t.Fatalf("%d parameters, want %d", len(trained), len(ref.Params))
	}
	for i, v := range ref.Params {
		if err := trained[i].Set(v.floats()); err != nil {
			t.Fatal(err)
		}
	}
	if err := prog.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	near(t, "y", prog.Tensor(y), ref.Y)
	for i, g := range ref.Grads {
		near(t, "gradient by "+trained[i].Path, prog.Tensor(grads[i]), g)
	}
	near(t, "gradient with respect to x", prog.Tensor(grads[len(nodes)]), *ref.Dx)
	for i, g := range ref.DStates {
		near(t, fmt.Sprint("gradient by initial state ", i), prog.Tensor(grads[len(nodes)+1+i]), g)
	}
}

func TestRecurrentLayers(t *testing.T) {
	var cases []graphtest.Case
	add := func(name string, l layers.Layer, out func(int) graph.Shape, params int) {
		cases = append(cases, both(graphtest.Case{Name: name, Inputs: logits(4, 3), Shape: out, Params: params}, l)...)
	}
	add("SimpleRNN", layers.SimpleRNN{Units: 2}, shape(2), 6+4+2)
	add("SimpleRNN sequence", layers.SimpleRNN{Units: 2, Sequence: true, NoBias: true}, shape(4, 2), 6+4)
	add("LSTM", layers.LSTM{Units: 2}, shape(2), 4*(6+4+2))
	add("LSTM deep", layers.LSTM{Units: 2, Depth: 2, Sequence: true, Bidirectional: true}, shape(4, 4), 2*4*(6+4+2)+2*4*(8+4+2))
	add("GRU", layers.GRU{Units: 2}, shape(2), 3*(6+4+2)+2)
	add("GRU both ways", layers.GRU{Units: 2, Bidirectional: true}, shape(4), 2*(3*(6+4+2)+2))
	for name, l := range map[string]layers.Joiner{
		"SimpleRNN": layers.SimpleRNN{Units: 2}, "LSTM": layers.LSTM{Units: 2, Sequence: true, Bidirectional: true}, "GRU": layers.GRU{Units: 2, Depth: 2},
	} {
		out, params := shape(2), 6+4+2
		switch name {
		case "LSTM":
			out, params = shape(4, 4), 2*4*12
		case "GRU":
			params = 3*12 + 2 + 3*(4+4+2) + 2
		}
		cases = append(cases, graphtest.Case{
			Name: name + " of lengths", Shape: out, Params: params,
			Inputs: func(n int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, n, 4, 3), graphtest.Ints(1, 5, n)}
			},
			Build: func(b *graph.Builder, in []*graph.Node) *graph.Node { return l.Join(b, in) },
		})
	}
	graphtest.Run(t, cases...)
}

func TestBadRecurrentLayers(t *testing.T) {
	for _, c := range []struct {
		name  string
		layer layers.Layer
		in    []int
		want  string
	}{
		{"no units", layers.LSTM{}, []int{2, 4, 3}, "0 units: want at least 1"},
		{"depth", layers.GRU{Units: 1, Depth: -1}, []int{2, 4, 3}, "depth -1 is negative"},
		{"two axes", layers.GRU{Units: 1}, []int{2, 3}, "want (batch, steps, features)"},
		{"activation", layers.SimpleRNN{Units: 1, Activation: layers.Gelu}, []int{2, 4, 3}, "activation Gelu: want tanh or ReLU"},
		{"forget bias of a GRU", layers.GRU{Units: 2, Bias: graph.Weight{Init: layers.ForgetBias{}}}, []int{2, 4, 3}, "(4·units)"},
	} {
		graphtest.Reject(t, c.name, func(b *graph.Builder) *graph.Node { return c.layer.Build(b, b.Input("x", c.in...)) }, c.want)
	}
	join := func(l layers.Joiner, more func(b *graph.Builder) []*graph.Node) func(b *graph.Builder) *graph.Node {
		return func(b *graph.Builder) *graph.Node {
			return l.Join(b, append([]*graph.Node{b.Input("x", 2, 4, 3)}, more(b)...))
		}
	}
	for name, c := range map[string]struct {
		layer layers.Joiner
		more  func(b *graph.Builder) []*graph.Node
		want  string
	}{
		"lengths of others": {layers.LSTM{Units: 2}, func(b *graph.Builder) []*graph.Node { return []*graph.Node{b.InputInt("n", 3)} }, "want int(2)"},
		"lengths at the end": {layers.LSTM{Units: 2}, func(b *graph.Builder) []*graph.Node {
			return []*graph.Node{b.Input("h", 2, 2), b.InputInt("n", 2)}
		}, "value 2: the lengths stand behind the sequences"},
		"states too narrow": {layers.GRU{Units: 2, Depth: 2}, func(b *graph.Builder) []*graph.Node { return []*graph.Node{b.Input("h", 2, 2)} }, "initial states (2, 2): want (2, 4)"},
		"cell of a GRU": {layers.GRU{Units: 2}, func(b *graph.Builder) []*graph.Node {
			return []*graph.Node{b.Input("h", 2, 2), b.Input("c", 2, 2)}
		}, "value 2: GRU has 1 initial states"},
	} {
		graphtest.Reject(t, name, join(c.layer, c.more), c.want)
	}
	graphtest.Reject(t, "nothing", func(b *graph.Builder) *graph.Node { return layers.LSTM{Units: 1}.Join(b, nil) }, "no sequences to join")
}

func TestLengthOutOfRange(t *testing.T) {
	p := graph.NewParams(graph.Float32, 1)
	b := graph.New(p, graph.Infer)
	y := layers.GRU{Units: 2}.Join(b.Scope("reader"), []*graph.Node{b.Input("x", 2, 4, 3), b.InputInt("n", 2)})
	prog, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	if err := prog.SetInput("n", tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{4, 5}))); err != nil {
		t.Fatal(err)
	}
	err = prog.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "reader: GRU: sequence 1 has length 5, which is not in [0, 4]") {
		t.Errorf("error %v", err)
	}
}

func TestForgetBias(t *testing.T) {
	for _, c := range []struct{ value, want float64 }{{0, 1}, {2, 2}} {
		v, err := layers.ForgetBias{Value: c.value}.Init(graph.Shape{8}, nil)
		if err != nil || !slices.Equal(v, []float64{0, 0, c.want, c.want, 0, 0, 0, 0}) {
			t.Errorf("%v, %v", v, err)
		}
	}
}
