package layers_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// logits returns an input of the given shape after the batch.
func logits(rest ...int) func(int) []*tensor.Dense {
	return func(batch int) []*tensor.Dense {
		return []*tensor.Dense{graphtest.Logits(1, append([]int{batch}, rest...)...)}
	}
}

func shape(rest ...int) func(int) graph.Shape {
	return func(batch int) graph.Shape { return append(graph.Shape{batch}, rest...) }
}

// both returns a layer's case in training and in inference.
func both(c graphtest.Case, l layers.Layer) []graphtest.Case {
	c.Build = func(b *graph.Builder, in []*graph.Node) *graph.Node { return l.Build(b, in[0]) }
	train := c
	c.Name, train.Name = c.Name+"/infer", c.Name+"/train"
	c.Mode, train.Mode = graph.Infer, graph.Train
	return []graphtest.Case{c, train}
}

func TestLayers(t *testing.T) {
	var cases []graphtest.Case
	add := func(name string, l layers.Layer, in func(int) []*tensor.Dense, out func(int) graph.Shape, params int) {
		cases = append(cases, both(graphtest.Case{Name: name, Inputs: in, Shape: out, Params: params}, l)...)
	}
	add("Dense", layers.Dense{Units: 4, Activation: layers.Tanh}, logits(3), shape(4), 16)
	add("Dense without bias", layers.Dense{Units: 4, NoBias: true}, logits(3), shape(4), 12)
	add("Dense of axes", layers.Dense{Units: 2, Activation: layers.Gelu}, logits(2, 3), shape(2, 2), 8)
	add("Activation", layers.Silu, logits(2, 3), shape(2, 3), 0)
	add("Flatten", layers.Flatten{}, logits(2, 3, 2), shape(12), 0)
	add("Reshape", layers.Reshape{Shape: []int{3, -1}}, logits(2, 6), shape(3, 4), 0)
	add("Slice", layers.Slice{From: 1, To: 3}, logits(2, 5), shape(2, 2), 0)
	add("Slice of all", layers.Slice{To: 5}, logits(5), shape(5), 0)
	add("Affine", layers.Affine{Scale: -2, Shift: 0.5}, logits(4), shape(4), 0)
	add("Affine of features", layers.Affine{Scale: 2, Scales: []float64{1, -0.5}, Shifts: []float64{0, 3}}, logits(4), shape(4), 0)
	add("Sinh", layers.Sinh{}, logits(2, 3), shape(2, 3), 0)
	add("Softmax", layers.Softmax{}, logits(5), shape(5), 0)
	add("Dropout", layers.Dropout{Rate: 0.3}, logits(6), shape(6), 0)
	add("BatchNorm", layers.BatchNorm{}, logits(4), shape(4), 8)
	add("BatchNorm of axes", layers.BatchNorm{Momentum: 0.5, Epsilon: 0.1}, logits(2, 3), shape(2, 3), 6)
	add("BatchNorm plain", layers.BatchNorm{NoAffine: true}, logits(4), shape(4), 0)
	add("LayerNorm", layers.LayerNorm{}, logits(4), shape(4), 8)
	add("LayerNorm of axes", layers.LayerNorm{NoAffine: true}, logits(3, 5), shape(3, 5), 0)
	add("Stack", layers.Stack{layers.Dense{Units: 3, Activation: layers.Tanh}, layers.LayerNorm{}, layers.Dense{Units: 2}}, logits(4), shape(2), 15+6+8)
	add("LoRA", layers.LoRA{Layer: layers.Dense{Units: 4, Activation: layers.Tanh}, Rank: 2, Alpha: 3}, logits(3), shape(4), 3*2+2*4)
	add("Frozen", layers.Stack{layers.Frozen{Layer: layers.Dense{Units: 4, Activation: layers.Tanh}}, layers.Dense{Units: 2}}, logits(3), shape(2), 4*2+2)
	add("Residual", layers.Residual{Body: layers.Dense{Units: 4, Activation: layers.Softplus}}, logits(4), shape(4), 20)
	add("Residual with a shortcut", layers.Residual{Body: layers.Dense{Units: 2, Activation: layers.Tanh}, Shortcut: layers.Dense{Units: 2, NoBias: true}},
		logits(4), shape(2), 10+8)
	add("Func", layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node { return b.Square(x) }), logits(4), shape(4), 0)
	add("Named", layers.Named{Name: "head", Layer: layers.Dense{Units: 2}}, logits(4), shape(2), 10)
	add("RMSNorm", layers.RMSNorm{}, logits(4), shape(4), 4)
	add("RMSNorm of axes", layers.RMSNorm{NoScale: true, Epsilon: 0.1}, logits(3, 5), shape(3, 5), 0)
	add("L2Norm", layers.L2Norm{}, logits(4), shape(4), 0)
	add("L2Norm of axes", layers.L2Norm{Scale: 3, Epsilon: 0.1}, logits(3, 5), shape(3, 5), 0)
	add("L2Norm, learned", layers.L2Norm{Scale: 14, Learned: true}, logits(4), shape(4), 1)
	add("FirstSteps", layers.FirstSteps{Steps: 2}, logits(3, 2), shape(2, 2), 0)
	add("FirstSteps of fewer", layers.FirstSteps{Steps: 4}, logits(3, 2), shape(3, 2), 0)
	add("GatedLinear", layers.GatedLinear{Units: 3}, logits(2, 4), shape(2, 3), 2*(4*3+3))
	add("SwiGLU", layers.GatedLinear{Units: 3, Activation: layers.Silu, NoBias: true}, logits(4), shape(3), 2*4*3)
	add("FeedForward", layers.FeedForward{Dropout: 0.2}, logits(2, 3), shape(2, 3), 3*12+12+12*3+3)
	add("FeedForward, gated", layers.FeedForward{Gated: true, NoBias: true}, logits(2, 3), shape(2, 3), 3*8*3)
	add("FeedForward, Softplus", layers.FeedForward{Units: 5, Activation: layers.Softplus}, logits(2, 3), shape(2, 3), 3*5+5+5*3+3)
	add("PositionEmbedding", layers.PositionEmbedding{Steps: 5}, logits(3, 2), shape(3, 2), 10)
	add("SinusoidalPositions", layers.SinusoidalPositions{}, logits(3, 5), shape(3, 5), 0)
	add("MultiHeadAttention", layers.MultiHeadAttention{Heads: 2}, logits(3, 4), shape(3, 4), 4*(4*4+4))
	add("MultiHeadAttention, causal and rotary", layers.MultiHeadAttention{Heads: 4, KVHeads: 2, Dim: 2, Units: 3, Causal: true, Rotary: true, NoBias: true, Dropout: 0.3},
		logits(3, 4), shape(3, 3), 4*8+2*4*4+8*3)
	add("TransformerEncoder", layers.TransformerEncoder{Depth: 2, Attention: layers.MultiHeadAttention{Heads: 2}, Dropout: 0.1}, logits(3, 4), shape(3, 4), 2*(4*20+16+2*64+16+4)+8)
	add("TransformerEncoder, RMSNorm and SwiGLU", layers.TransformerEncoder{
		Attention: layers.MultiHeadAttention{Heads: 2, Causal: true, Rotary: true, NoBias: true}, Norm: layers.RMSNorm{},
		Hidden: layers.FeedForward{Gated: true, Activation: layers.Silu, NoBias: true, Units: 6},
	}, logits(3, 4), shape(3, 4), 4*16+3*24+3*4)
	add("TransformerEncoder, post-norm", layers.TransformerEncoder{PostNorm: true, Hidden: layers.FeedForward{Units: 5, Activation: layers.Tanh}}, logits(3, 4), shape(3, 4), 4*20+20+5+20+4+16)
	add("AdditiveAttention", layers.AdditiveAttention{Units: 3}, logits(4, 5), shape(5), 5*3+3+3)
	add("GroupNorm", layers.GroupNorm{Groups: 2}, logits(3, 2, 4), shape(3, 2, 4), 8)
	add("GroupNorm of one group", layers.GroupNorm{Groups: 1, Epsilon: 0.1}, logits(3, 4), shape(3, 4), 8)
	add("GroupNorm of rows", layers.GroupNorm{Groups: 2, NoAffine: true}, logits(6), shape(6), 0)
	add("GroupNorm by default", layers.GroupNorm{}, logits(5, 34), shape(5, 34), 68)
	add("LayerScale", layers.LayerScale{Start: 0.5}, logits(2, 3), shape(2, 3), 3)
	add("SqueezeExcite", layers.SqueezeExcite{}, logits(3, 2, 17), shape(3, 2, 17), 17+1+17+17)
	add("SqueezeExcite, Silu", layers.SqueezeExcite{Units: 2, Activation: layers.Silu, Gate: layers.Tanh}, logits(3, 4), shape(3, 4), 8+2+8+4)
	add("PadFeatures", layers.PadFeatures{Before: 1, After: 2}, logits(2, 3), shape(2, 6), 0)
	add("PadFeatures of nothing", layers.PadFeatures{}, logits(3), shape(3), 0)
	add("ClassToken", layers.ClassToken{}, logits(2, 3), shape(3, 3), 3)
	indices := func(batch int) []*tensor.Dense { return []*tensor.Dense{graphtest.Ints(1, 5, batch, 2)} }
	add("Embedding", layers.Embedding{Size: 5, Dim: 3}, indices, shape(2, 3), 15)
	for i := range cases {
		if strings.HasPrefix(cases[i].Name, "BatchNorm") && len(cases[i].Inputs(1)[0].Shape()) == 2 {
			cases[i].Batches = []int{2, 5} // one row has no variance
		}
	}
	for name, j := range map[string]layers.Joiner{
		"Concat": layers.Concat{}, "Concat axis 1": layers.Concat{Axis: 1}, "Add": layers.Add{}, "Multiply": layers.Multiply{},
		"JoinFunc": layers.JoinFunc(func(b *graph.Builder, xs []*graph.Node) *graph.Node { return b.Sub(xs[0], xs[1]) }),
	} {
		out := shape(2, 3)
		switch name {
		case "Concat":
			out = shape(2, 6)
		case "Concat axis 1":
			out = shape(4, 3)
		}
		cases = append(cases, graphtest.Case{
			Name: name, Shape: out,
			Inputs: func(n int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, n, 2, 3), graphtest.Logits(2, n, 2, 3)}
			},
			Build: func(b *graph.Builder, in []*graph.Node) *graph.Node { return j.Join(b, in) },
		})
	}
	lengths := func(n int) *tensor.Dense { // 3, 0, 1, 3, ...
		list := make([]int, n)
		for i := range list {
			list[i] = []int{3, 0, 1}[i%3]
		}
		return tensor.New(tensor.WithShape(n), tensor.WithBacking(list))
	}
	sequences := func(lengthsToo bool, rest ...[]int) func(n int) []*tensor.Dense {
		return func(n int) (in []*tensor.Dense) {
			for i, s := range rest {
				in = append(in, graphtest.Logits(uint64(i+1), append([]int{n}, s...)...))
			}
			if lengthsToo {
				in = append(in, lengths(n))
			}
			return in
		}
	}
	steps, memory := []int{2, 4}, []int{3, 4}
	for _, c := range []struct {
		name   string
		joiner layers.Joiner
		in     func(n int) []*tensor.Dense
		out    []int
		params int
	}{
		{"MultiHeadAttention of lengths", layers.MultiHeadAttention{Heads: 2}, sequences(true, memory), memory, 80},
		{"MultiHeadAttention of a memory", layers.MultiHeadAttention{Heads: 2, Dim: 3, Units: 1}, sequences(false, steps, []int{3, 5}), []int{2, 1}, 4*6 + 2*5*6 + 3*6 + 6 + 1},
		{"MultiHeadAttention of a memory with lengths", layers.MultiHeadAttention{}, sequences(true, steps, memory), steps, 80},
		{"TransformerEncoder of lengths", layers.TransformerEncoder{Attention: layers.MultiHeadAttention{Heads: 2}}, sequences(true, memory), memory, 80 + 16 + 128 + 16 + 4 + 8},
		{"TransformerDecoder", layers.TransformerDecoder{Attention: layers.MultiHeadAttention{Heads: 2}}, sequences(false, steps, memory), steps, 160 + 24 + 128 + 16 + 4 + 8},
		{"TransformerDecoder of lengths", layers.TransformerDecoder{Depth: 2, PostNorm: true, Norm: layers.RMSNorm{}, Hidden: layers.FeedForward{Units: 3}}, sequences(true, steps, memory), steps, 2 * (160 + 12 + 24 + 3 + 4)},
		{"AdditiveAttention of a query", layers.AdditiveAttention{}, sequences(false, memory, []int{5}), []int{4}, 16 + 20 + 4 + 4},
		{"AdditiveAttention of queries with lengths", layers.AdditiveAttention{Units: 2}, sequences(true, memory, []int{2, 5}), []int{2, 4}, 8 + 10 + 2 + 2},
		{"AdditiveAttention of lengths", layers.AdditiveAttention{Units: 2}, sequences(true, memory), []int{4}, 8 + 2 + 2},
		{"DotAttention", layers.DotAttention{}, sequences(false, memory, []int{4}), []int{4}, 0},
		{"DotAttention of lengths", layers.DotAttention{Scale: 0.5}, sequences(true, memory, steps), steps, 0},
	} {
		for _, mode := range []graph.Mode{graph.Infer, graph.Train} {
			cases = append(cases, graphtest.Case{
				Name: c.name + "/" + mode.String(), Shape: shape(c.out...), Params: c.params, Mode: mode, Batches: []int{1, 5}, Inputs: c.in,
				Build: func(b *graph.Builder, in []*graph.Node) *graph.Node { return c.joiner.Join(b, in) },
			})
		}
	}
	cases = append(cases, graphtest.Case{
		Name: "TiedOutput", Shape: shape(2, 5), Params: 5*3 + 5, Inputs: indices,
		Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
			return layers.Stack{
				layers.Named{Name: "embed", Layer: layers.Embedding{Size: 5, Dim: 3, Sparse: true}}, layers.Stack{layers.Tanh, layers.TiedOutput{Embedding: "embed"}},
			}.Build(b.Scope("model"), b.Reshape(in[0], -1, 2))
		},
	})
	for name, j := range map[string]layers.Joiner{"GlobalMaxPool of lengths": layers.GlobalMaxPool{}, "GlobalAveragePool of lengths": layers.GlobalAveragePool{}} {
		cases = append(cases, graphtest.Case{
			Name: name, Shape: shape(2), Batches: []int{1, 5},
			Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 3, 2), lengths(n)} },
			Build:  func(b *graph.Builder, in []*graph.Node) *graph.Node { return j.Join(b, in) },
		})
	}
	cases = append(cases, graphtest.Case{
		Name: "MaskSteps", Shape: shape(3, 2), Batches: []int{1, 5},
		Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 3, 2), lengths(n)} },
		Build:  func(b *graph.Builder, in []*graph.Node) *graph.Node { return layers.MaskSteps{}.Join(b, in) },
	})
	graphtest.Run(t, cases...)
}

// TestPoolsOfSequences: what lies behind the length of a sequence does not count.
func TestPoolsOfSequences(t *testing.T) {
	for _, c := range []struct {
		layer layers.Joiner
		want  []float64
	}{
		{layers.GlobalMaxPool{}, []float64{-1, 0, 7}},
		{layers.GlobalAveragePool{}, []float64{-2, 0, 5}},
		{layers.MaskSteps{}, []float64{-1, -3, 0, 0, 7, 3}},
	} {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
		x := b.Tensor("x", tensor.New(tensor.WithShape(3, 2, 1), tensor.WithBacking([]float64{-1, -3, math.NaN(), 9, 7, 3})))
		n := b.Tensor("n", tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{2, 0, 2})))
		y := c.layer.Join(b, []*graph.Node{x, n})
		p, err := graph.Compile(b, y)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if have := p.Tensor(y).Data().([]float64); !slices.Equal(have, c.want) {
			t.Errorf("%T: %v, want %v", c.layer, have, c.want)
		}
	}
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	if layers.SequenceMask(b, b.Input("x", 2), 3); b.Err() == nil || !strings.Contains(b.Err().Error(), "want int (batch)") {
		t.Errorf("lengths of floats: error %v", b.Err())
	}
}

func TestBadLayers(t *testing.T) {
	for _, c := range []struct {
		name  string
		layer layers.Layer
		in    []int
		want  string
	}{
		{"no units", layers.Dense{}, []int{2, 3}, "0 units: want at least 1"},
		{"dense of a vector", layers.Dense{Units: 1}, []int{3}, "input (3): want (batch, ..., features)"},
		{"embedding of nothing", layers.Embedding{Dim: 2}, []int{2}, "embedding of 0 indices in 2 dimensions"},
		{"embedding of floats", layers.Embedding{Size: 3, Dim: 2}, []int{2}, "want int"},
		{"reshape", layers.Reshape{Shape: []int{4}}, []int{2, 3}, "(2,3)"},
		{"momentum", layers.BatchNorm{Momentum: 1}, []int{2, 3}, "momentum 1 must be in (0, 1)"},
		{"epsilon", layers.LayerNorm{Epsilon: -1}, []int{2, 3}, "epsilon -1 must be positive"},
		{"epsilon without end", layers.BatchNorm{Epsilon: math.Inf(1)}, []int{2, 3}, "epsilon +Inf positive and finite"},
		{"batch of one", layers.BatchNorm{}, []int{1, 3}, "one value a feature: there is no variance"},
		{"norm of a vector", layers.LayerNorm{}, []int{3}, "input (3): want (batch, ..., features)"},
		{"batch norm of a vector", layers.BatchNorm{}, []int{3}, "input (3): want (batch, ..., features)"},
		{"nil in a stack", layers.Stack{layers.Flatten{}, nil}, []int{2, 3}, "layer 1 is nil"},
		{"nil that is named", layers.Named{Name: "head"}, []int{2, 3}, "the layer is nil"},
		{"no body", layers.Residual{}, []int{2, 3}, "the body of a residual block is nil"},
		{"body of another shape", layers.Residual{Body: layers.Dense{Units: 2}}, []int{2, 3}, "the body turns (2, 3) into (2, 2)"},
		{"RMSNorm of a vector", layers.RMSNorm{}, []int{3}, "input (3): want (batch, ..., features)"},
		{"epsilon of RMSNorm", layers.RMSNorm{Epsilon: -1}, []int{2, 3}, "epsilon -1 must be positive"},
		{"scale", layers.L2Norm{Scale: -1}, []int{2, 3}, "scale -1, epsilon 0: want positive"},
		{"learned scale", layers.L2Norm{Scale: 101, Learned: true}, []int{2, 3}, "a scale of up to 100"},
		{"L2Norm of a vector", layers.L2Norm{}, []int{3}, "input (3): want (batch, ..., features)"},
		{"no steps", layers.FirstSteps{}, []int{2, 3}, "the first 0 steps: want at least 1"},
		{"steps of a vector", layers.FirstSteps{Steps: 1}, []int{3}, "input (3): want (batch, steps, ...)"},
		{"gates of nothing", layers.GatedLinear{}, []int{2, 3}, "0 units: want at least 1"},
		{"no positions", layers.PositionEmbedding{}, []int{2, 3, 4}, "positions of 0 steps"},
		{"too few positions", layers.PositionEmbedding{Steps: 2}, []int{2, 3, 4}, "sequences of 3 steps, positions of 2: raise Steps"},
		{"positions of rows", layers.PositionEmbedding{Steps: 2}, []int{2, 3}, "want (batch, steps, width)"},
		{"base of positions", layers.SinusoidalPositions{Base: 1}, []int{2, 3, 4}, "base 1 must be above 1"},
		{"attention of rows", layers.MultiHeadAttention{}, []int{2, 3}, "want (batch, steps, width)"},
		{"heads", layers.MultiHeadAttention{Heads: 3}, []int{2, 3, 4}, "3 heads do not divide the width 4: set Dim"},
		{"heads of keys", layers.MultiHeadAttention{Heads: 4, KVHeads: 3}, []int{2, 3, 4}, "3 heads of keys do not divide 4 heads"},
		{"negative heads", layers.MultiHeadAttention{Heads: -4}, []int{2, 3, 4}, "heads of keys do not divide"},
		{"odd heads that turn", layers.MultiHeadAttention{Heads: 4, Rotary: true}, []int{2, 3, 4}, "heads of an even size, not 1"},
		{"dropout of attention", layers.MultiHeadAttention{Dropout: 1}, []int{2, 3, 4}, "dropout rate 1 is not in [0, 1)"},
		{"units in a block", layers.TransformerEncoder{Attention: layers.MultiHeadAttention{Units: 1}}, []int{2, 3, 4}, "0/attention: it turns (2, 3, 4) into (2, 3, 1)"},
		{"depth of blocks", layers.TransformerEncoder{Depth: -1}, []int{2, 3, 4}, "depth -1"},
		{"no embedding", layers.TiedOutput{}, []int{2, 3}, "the path of the embedding is missing"},
		{"no such embedding", layers.TiedOutput{Embedding: "words"}, []int{2, 3}, "words/embeddings"},
		{"negative units of attention", layers.AdditiveAttention{Units: -1}, []int{2, 3, 4}, "-1 units"},
		{"the place", layers.Stack{layers.Flatten{}, layers.Stack{layers.Named{Name: "encoder", Layer: layers.Dense{}}}}, []int{2, 3}, "1.Stack/encoder: 0 units"},
		{"groups of features", layers.GroupNorm{Groups: 3}, []int{2, 4}, "4 features cannot be divided into 3 groups"},
		{"negative groups", layers.GroupNorm{Groups: -1}, []int{2, 4}, "divided into -1 groups"},
		{"epsilon of groups", layers.GroupNorm{Epsilon: -1}, []int{2, 4}, "epsilon -1 must be positive"},
		{"groups of a vector", layers.GroupNorm{}, []int{3}, "input (3): want (batch, ..., features)"},
		{"scales without end", layers.LayerScale{Start: math.Inf(1)}, []int{2, 4}, "start at +Inf"},
		{"scales of a vector", layers.LayerScale{}, []int{3}, "input (3): want (batch, ..., features)"},
		{"squeezed rows", layers.SqueezeExcite{}, []int{2, 3}, "input (2, 3): want (batch, ..., channels)"},
		{"negative squeeze", layers.SqueezeExcite{Units: -1}, []int{2, 3, 4}, "squeeze: -1 units: want at least 1"},
		{"negative padding", layers.PadFeatures{Before: -1}, []int{2, 3}, "-1 zeros before and 0 after"},
		{"padded vector", layers.PadFeatures{After: 1}, []int{3}, "input (3): want (batch, ..., features)"},
		{"token of rows", layers.ClassToken{}, []int{2, 3}, "want (batch, steps, width)"},
		{"no function", layers.Func(nil), []int{2, 3}, "the function is nil"},
		{"dropout", layers.Dropout{Rate: 1}, []int{2, 3}, "dropout rate 1 is not in [0, 1)"},
	} {
		graphtest.Reject(t, c.name, func(b *graph.Builder) *graph.Node { return c.layer.Build(b, b.Input("x", c.in...)) }, c.want)
	}
	two := func(j layers.Joiner) func(b *graph.Builder) *graph.Node {
		return func(b *graph.Builder) *graph.Node {
			return j.Join(b, []*graph.Node{b.Input("x", 2, 3), b.Input("y", 2, 4)})
		}
	}
	graphtest.Reject(t, "no query", func(b *graph.Builder) *graph.Node {
		return layers.DotAttention{}.Join(b, []*graph.Node{b.Input("x", 2, 3, 4)})
	}, "no query")
	graphtest.Reject(t, "query of another width", func(b *graph.Builder) *graph.Node {
		return layers.DotAttention{}.Join(b, []*graph.Node{b.Input("x", 2, 3, 4), b.Input("q", 2, 5)})
	}, "query (2, 5), states (2, 3, 4)")
	graphtest.Reject(t, "decoder without a memory", func(b *graph.Builder) *graph.Node {
		return layers.TransformerDecoder{}.Join(b, []*graph.Node{b.Input("x", 2, 3, 4)})
	}, "1 values: want sequences, a memory")
	graphtest.Reject(t, "rotary with a memory", func(b *graph.Builder) *graph.Node {
		return layers.MultiHeadAttention{Rotary: true}.Join(b, []*graph.Node{b.Input("x", 2, 3, 4), b.Input("m", 2, 5, 4)})
	}, "rotary positions with a memory")
	graphtest.Reject(t, "sum of two shapes", two(layers.Add{}), "value 1 has shape (2, 4), the first (2, 3)")
	graphtest.Reject(t, "product of two shapes", two(layers.Multiply{}), "value 1 has shape (2, 4), the first (2, 3)")
	graphtest.Reject(t, "concat of two shapes", two(layers.Concat{Axis: 2}), "Concat")
	graphtest.Reject(t, "no function to join", two(layers.JoinFunc(nil)), "the function is nil")
	graphtest.Reject(t, "sum of nothing", func(b *graph.Builder) *graph.Node { return layers.Add{}.Join(b, nil) }, "nothing to join")
}

func TestNames(t *testing.T) {
	for want, l := range map[string]any{
		"Dense": layers.Dense{}, "head": layers.Named{Name: "head"}, "Named": layers.Named{}, "Activation": layers.Relu, "Func": layers.Func(nil),
	} {
		if got := layers.Name(l); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if err := describe.RegisterEntry(describe.Entry{Kind: "layers.Dense", Example: layers.Flatten{}}); err == nil {
		t.Error("the name of another layer is accepted")
	}
}
