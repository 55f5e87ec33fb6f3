package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/infer"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestLower lowers networks whose sizes follow the batch in every way that they may, and
// holds a run for several batches to the bits of Compile.
func TestLower(t *testing.T) {
	params := graph.NewParams(graph.Float32, 5)
	network := func(batch int) (*graph.Builder, []*graph.Node, error) {
		b := graph.New(params, graph.Infer)
		x := b.Input("x", batch, 3)
		w := b.Param("kernel", graph.Shape{3, 4}, graph.Weight{Init: graph.GlorotUniform{}})
		y := b.Dense(x, w, nil, graph.LeakyRelu(0.2))
		twice := b.Reshape(b.Concat(0, y, y), 2*batch*4)     // 8N
		last := b.Slice(twice, 0, 8*batch-3, 8*batch)        // 8N−3 to 8N
		all := b.Broadcast(b.Sum(b.Softmax(y), 0), batch, 4) // N
		known := b.Tensor("known", tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{1, 2, 3, 4})))
		return b, []*graph.Node{b.Add(all, b.Mul(y, known)), last, b.ArgMax(y)}, b.Err()
	}
	p, err := graph.Lower(network, "a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	kernel := params.Get("kernel").Floats32()
	for _, batch := range []int{1, 2, 9} {
		b, out, err := network(batch)
		if err != nil {
			t.Fatal(err)
		}
		own, err := graph.Compile(b, out...)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Session(batch, []infer.Memory{{Float32: kernel}})
		if err != nil {
			t.Fatal(err)
		}
		in, err := own.Input("x")
		if err != nil {
			t.Fatal(err)
		}
		for i := range in.Float32s() {
			in.Float32s()[i] = float32(i%7) - 3
		}
		copy(s.Input(0).Float32, in.Float32s())
		if err := own.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, n := range out {
			want := own.Tensor(n)
			if got := s.Output(i); !slices.Equal(got.Float32, own.Floats32(n)) || n.Dtype() == graph.Int && !slices.Equal(got.Int, want.Ints()) {
				t.Errorf("batch %d, output %d: %v, want %v", batch, i, got, want)
			}
		}
	}
	if p.Outputs[1].Name != "b" || len(p.Constants) != 1 || len(p.Parameters) != 1 {
		t.Errorf("%+v", p)
	}
}

// TestLowerLarge lowers a network whose results at 1,009 rows have more elements than may be.
func TestLowerLarge(t *testing.T) {
	for _, c := range []struct{ pixels, filters int }{{512, 64}, {2048, 20}} {
		p, err := graph.Lower(func(batch int) (*graph.Builder, []*graph.Node, error) {
			b := graph.New(graph.NewParams(graph.Float32, 5), graph.Infer)
			w := b.Param("kernel", graph.Shape{1, 1, 1, c.filters}, graph.Weight{})
			y := b.Conv2D(b.Input("x", batch, c.pixels, c.pixels, 1), w, nil, graph.Window{}, 1, graph.Relu)
			return b, []*graph.Node{b.Reshape(b.Mean(y, 1, 2, 3), batch, 1)}, b.Err()
		}, "y")
		if err != nil {
			t.Fatal(err)
		}
		if s := p.Inputs[0].Shape; s[0] != (infer.Size{PerRow: 1}) || s[1] != (infer.Size{Fixed: c.pixels}) {
			t.Errorf("the input is %v, want N images of %d pixels", s, c.pixels)
		}
	}
	_, err := graph.Lower(func(batch int) (*graph.Builder, []*graph.Node, error) {
		b := graph.New(graph.NewParams(graph.Float32, 5), graph.Infer)
		x := b.Input("x", batch, 1<<14, 1)
		return b, []*graph.Node{b.Broadcast(x, batch, 1<<14, 1<<14)}, b.Err()
	}, "y")
	if err == nil || !strings.Contains(err.Error(), "more elements than memory is taken for") {
		t.Errorf("error %v of what is too large for one row in any batch", err)
	}
}

func TestLowerErrors(t *testing.T) {
	for name, c := range map[string]struct {
		mode  graph.Mode
		build func(b *graph.Builder, x *graph.Node, batch int) *graph.Node
		want  string
	}{
		"training": {graph.Train, func(b *graph.Builder, x *graph.Node, _ int) *graph.Node { return b.Relu(x) }, "the graph is for training"},
		"a square": {graph.Infer, func(b *graph.Builder, x *graph.Node, batch int) *graph.Node {
			return b.Broadcast(b.Sum(x), batch*batch)
		}, "does not follow the batch N as a·N + b"},
		"a number":  {graph.Infer, func(b *graph.Builder, x *graph.Node, batch int) *graph.Node { return b.Scale(x, 1/float64(batch)) }, "attribute alpha: 0.000"},
		"constants": {graph.Infer, func(b *graph.Builder, x *graph.Node, batch int) *graph.Node { return b.Mul(x, b.Const(float64(batch))) }, "a constant depends on the batch"},
		"operations": {graph.Infer, func(b *graph.Builder, x *graph.Node, batch int) *graph.Node {
			for range batch % 7 {
				x = b.Relu(b.Neg(x))
			}
			return x
		}, "the operations depend on the batch"},
		"gorgonia's": {graph.Infer, func(b *graph.Builder, x *graph.Node, _ int) *graph.Node {
			return b.Apply("cube", func(in ...*graph.Node) (*graph.Node, error) { return gorgonia.Cube(in[0]) }, x)
		}, "an operation of Gorgonia's cannot be lowered"},
		"noise":     {graph.Infer, func(b *graph.Builder, x *graph.Node, _ int) *graph.Node { return b.Add(x, b.RandomNormal(4)) }, "it is no operation of an inference"},
		"a mistake": {graph.Infer, func(b *graph.Builder, x *graph.Node, _ int) *graph.Node { return b.Reshape(x, 3) }, "the number of elements differs"},
	} {
		_, err := graph.Lower(func(batch int) (*graph.Builder, []*graph.Node, error) {
			b := graph.New(graph.NewParams(graph.Float32, 1), c.mode)
			y := c.build(b, b.Input("x", batch, 4), batch)
			return b, []*graph.Node{y}, b.Err()
		}, "y")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}
