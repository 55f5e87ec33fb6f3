package graph_test

import (
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestWrongShapesAreRejected(t *testing.T) {
	in := func(b *builder, name string, s ...int) *node { return b.Input(name, s...) }
	for _, c := range []struct {
		name  string
		build func(b *builder) *node
		parts []string
	}{
		{"add", func(b *builder) *node { return b.Add(in(b, "x", 2, 3), in(b, "y", 2, 4)) }, []string{"Add", "(2,3)", "(2,4)"}},
		{"matmul", func(b *builder) *node {
			return b.Scope("encoder").Scope("2.Dense").MatMul(in(b, "x", 32, 10), in(b, "y", 8, 4))
		}, []string{"graph: encoder/2.Dense: MatMul: (32,10) x (8,4): inner dimensions 10 and 8 differ"}},
		{"matmul rank", func(b *builder) *node { return b.MatMul(in(b, "x", 3), in(b, "y", 3)) }, []string{"want two matrices"}},
		{"batched matmul", func(b *builder) *node { return b.BatchMatMul(in(b, "x", 2, 3, 4), in(b, "y", 3, 4, 5), false, false) }, []string{"leading dimensions differ"}},
		{"reshape", func(b *builder) *node { return b.Reshape(in(b, "x", 2, 3), 4, -1) }, []string{"(2,3)", "(4,-1)", "number of elements"}},
		{"reshape to nothing", func(b *builder) *node { return b.Reshape(in(b, "x", 2, 3), 0, 3) }, []string{"Reshape"}},
		{"transpose", func(b *builder) *node { return b.Transpose(in(b, "x", 2, 3), 0, 0) }, []string{"no order"}},
		{"slice", func(b *builder) *node { return b.Slice(in(b, "x", 2, 3), 1, 2, 4) }, []string{"[2:4]", "(2,3)"}},
		{"pad", func(b *builder) *node { return b.Pad(in(b, "x", 2, 3), 1, 0, -1) }, []string{"0 zeros before and -1 after"}},
		{"pad axis", func(b *builder) *node { return b.Pad(in(b, "x", 2, 3), 2, 0, 1) }, []string{"axis 2"}},
		{"pad beyond measure", func(b *builder) *node { return b.Pad(in(b, "x", 1<<14, 3), 1, 1<<28, 1<<28) }, []string{"Pad"}},
		{"groups", func(b *builder) *node { return b.GroupNorm(in(b, "x", 2, 3), nil, nil, 2, 1e-3) }, []string{"3 features cannot be divided into 2 groups"}},
		{"no groups", func(b *builder) *node { return b.GroupNorm(in(b, "x", 2, 3), nil, nil, 0, 1e-3) }, []string{"divided into 0 groups"}},
		{"GroupNorm of a vector", func(b *builder) *node { return b.GroupNorm(in(b, "x", 4), nil, nil, 1, 1e-3) }, []string{"GroupNorm"}},
		{"slice axis", func(b *builder) *node { return b.Slice(in(b, "x", 2, 3), 2, 0, 1) }, []string{"axis 2"}},
		{"concat", func(b *builder) *node { return b.Concat(0, in(b, "x", 2, 3), in(b, "y", 2, 4)) }, []string{"operand 1", "(2,4)"}},
		{"concat of nothing", func(b *builder) *node { return b.Concat(0) }, []string{"nothing to join"}},
		{"sum axis", func(b *builder) *node { return b.Sum(in(b, "x", 2, 3), 5) }, []string{"axis 5"}},
		{"sum axis twice", func(b *builder) *node { return b.Sum(in(b, "x", 2, 3), 1, -1) }, []string{"twice"}},
		{"gather by floats", func(b *builder) *node { return b.Gather(in(b, "x", 2, 3), in(b, "y", 2)) }, []string{"float64", "want int"}},
		{"maths on ints", func(b *builder) *node { return b.Exp(b.InputInt("i", 2)) }, []string{"int", "want float64"}},
		{"dense bias", func(b *builder) *node { return b.Dense(in(b, "x", 2, 3), in(b, "w", 3, 4), in(b, "b", 3), graph.Relu) }, []string{"bias (3), want (4)"}},
		{"cross-entropy", func(b *builder) *node { return b.SoftmaxCrossEntropy(in(b, "z", 2, 3), b.InputInt("t", 3), 0) }, []string{"(2,3)", "int(3)", "int(2)"}},
		{"smoothing", func(b *builder) *node { return b.SoftmaxCrossEntropy(in(b, "z", 2, 3), b.InputInt("t", 2), 1) }, []string{"smoothing 1"}},
		{"dropout", func(b *builder) *node { return b.Dropout(in(b, "x", 2), 1) }, []string{"rate 1 is not in [0, 1)"}},
		{"same input twice", func(b *builder) *node { in(b, "x", 2); return in(b, "x", 3) }, []string{`"x" is taken`}},
		{"empty input", func(b *builder) *node { return in(b, "x", 2, 0) }, []string{"(2,0)"}},
		{"more than memory", func(b *builder) *node { return b.Param("w", graph.Shape{3, math.MaxInt / 3}, graph.Weight{}) }, []string{"more elements than memory"}},
		{"upsampling beyond memory", func(b *builder) *node {
			return b.Upsample2D(in(b, "x", 2, 4, 4, 1), [2]int{math.MaxInt / 2, 1}, graph.Nearest)
		}, []string{"Upsample2D", "more elements than memory"}},
		{"regions beyond memory", func(b *builder) *node { return b.AdaptiveMaxPool2D(in(b, "x", 2, 4, 4, 1), 1, math.MaxInt/2) }, []string{"AdaptiveMaxPool2D", "more elements than memory"}},
		{"nil operand", func(b *builder) *node { return b.Add(in(b, "x", 2), nil) }, []string{"operand 1 is nil"}},
		{"another graph", func(b *builder) *node {
			other := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
			return b.Add(in(b, "x", 2), in(other, "x", 2))
		}, []string{"another graph"}},
		{"parameter declared twice", func(b *builder) *node {
			b.Scope("a").Param("w", graph.Shape{2}, graph.Weight{})
			return b.Scope("a").Param("w", graph.Shape{2}, graph.Weight{})
		}, []string{"a/w is declared twice"}},
		{"shared parameter of another shape", func(b *builder) *node {
			b.Scope("a").Param("w", graph.Shape{2}, graph.Weight{})
			return b.Scope("a").Again().Param("w", graph.Shape{3}, graph.Weight{})
		}, []string{"(3)", "(2)"}},
		{"update of no state", func(b *builder) *node { b.Update("m", in(b, "x", 2)); return nil }, []string{"no state m"}},
		{"gradient of a vector", func(b *builder) *node { x := in(b, "x", 2); b.Gradients(x, x); return nil }, []string{"want a scalar"}},
		{"gradient with respect to what is not used", func(b *builder) *node {
			b.Gradients(b.Sum(in(b, "x", 2)), in(b, "y", 2))
			return nil
		}, []string{"does not depend on y"}},
		{"gradient through argmax", func(b *builder) *node {
			x := in(b, "x", 2, 3)
			b.Gradients(b.Sum(b.OneHot(b.ArgMax(x), 3)), x)
			return nil
		}, []string{"not differentiably"}},
		{"attention of matrices", attend(graph.Attention{}, []int{2, 4}, []int{2, 4}, []int{2, 4}), []string{"layer: Attention", "want (batch, queries, heads·dim)"}},
		{"attention of odd heads", attend(graph.Attention{Heads: 3}, []int{2, 5, 4}, []int{2, 5, 4}, []int{2, 5, 4}), []string{"3 heads do not divide the width 4"}},
		{"attention of heads of keys", attend(graph.Attention{Heads: 4, KVHeads: 3}, []int{2, 5, 4}, []int{2, 5, 3}, []int{2, 5, 3}), []string{"3 heads of keys do not divide 4"}},
		{"attention of wide keys", attend(graph.Attention{Heads: 2}, []int{2, 5, 4}, []int{2, 5, 6}, []int{2, 5, 4}), []string{"keys (2,5,6): want a width of 4"}},
		{"attention of batches", attend(graph.Attention{}, []int{2, 5, 4}, []int{3, 5, 4}, []int{3, 5, 4}), []string{"batches, or the numbers of keys and values, differ"}},
		{"attention of other values", attend(graph.Attention{}, []int{2, 5, 4}, []int{2, 5, 4}, []int{2, 6, 4}), []string{"batches, or the numbers of keys and values, differ"}},
		{"attention with negative heads", attend(graph.Attention{Heads: -1}, []int{2, 5, 4}, []int{2, 5, 4}, []int{2, 5, 4}), []string{"-1 heads"}},
		{"attention without a scale", attend(graph.Attention{Scale: math.NaN()}, []int{2, 5, 4}, []int{2, 5, 4}, []int{2, 5, 4}), []string{"scale NaN"}},
		{"attention that drops all", attend(graph.Attention{Dropout: 1}, []int{2, 5, 4}, []int{2, 5, 4}, []int{2, 5, 4}), []string{"dropout rate 1 is not in [0, 1)"}},
		{"attention with a bias of a matrix", func(b *builder) *node {
			x := in(b, "x", 2, 5, 4)
			return b.Attention(x, x, x, graph.Attention{Bias: in(b, "bias", 5, 5)})
		}, []string{"bias float64(5,5): want (1 or 2,1 or 1,5,5)"}},
		{"attention with a mask of queries", func(b *builder) *node {
			x := in(b, "x", 2, 5, 4)
			return b.Attention(x, x, x, graph.Attention{Mask: in(b, "mask", 5, 5)})
		}, []string{"mask float64(5,5): want 0 and 1 of shape (2,5)"}},
		{"attention with lengths of floats", func(b *builder) *node {
			x := in(b, "x", 2, 5, 4)
			return b.Attention(x, x, x, graph.Attention{Lengths: in(b, "lengths", 2)})
		}, []string{"lengths float64(2): want int(2)"}},
		{"parameter of no layer", func(b *builder) *node {
			b.Scope("one").Scope("deep").Param("w", graph.Shape{2}, graph.Weight{})
			return b.Scope("two").ParamOf("deep/w") // which is below another scope
		}, []string{`two: param: no layer before this one has a parameter "deep/w"`}},
		{"parameter that is a state", func(b *builder) *node {
			b.State("w", graph.Shape{2}, graph.Zeros{})
			return b.ParamOf("w")
		}, []string{`no layer before this one has a parameter "w"`}},
		{"constant with other values", func(b *builder) *node {
			b.Tensor("c", tensor.New(tensor.WithBacking([]float64{1, 2})))
			return b.Again().Tensor("c", tensor.New(tensor.WithBacking([]float64{1, 3})))
		}, []string{"a shared layer declares it with other values"}},
		{"constant twice", func(b *builder) *node {
			b.Tensor("c", tensor.New(tensor.WithBacking([]float64{1, 2})))
			return b.Tensor("c", tensor.New(tensor.WithBacking([]float64{1, 2})))
		}, []string{`the name "c" is taken`}},
		{"rotary of a matrix", func(b *builder) *node { return b.Rotary(in(b, "x", 2, 4), graph.Rotary{}) }, []string{"want (batch, steps, heads·dim)"}},
		{"rotary of an odd number", func(b *builder) *node { return b.Rotary(in(b, "x", 2, 4, 3), graph.Rotary{}) }, []string{"3 of the 3 elements", "even"}},
		{"rotary of too many", func(b *builder) *node { return b.Rotary(in(b, "x", 2, 4, 4), graph.Rotary{Dims: 6}) }, []string{"6 of the 4 elements"}},
		{"rotary without a base", func(b *builder) *node { return b.Rotary(in(b, "x", 2, 4, 4), graph.Rotary{Base: -1}) }, []string{"base -1"}},
		{"RMSNorm of a vector", func(b *builder) *node { return b.RMSNorm(in(b, "x", 4), nil, 1e-3) }, []string{"RMSNorm"}},
		{"initializer of another size", func(b *builder) *node { return b.Param("w", graph.Shape{3}, graph.Weight{Init: graph.Values{1, 2}}) }, []string{"2 numbers for shape (3)"}},
	} {
		graphtest.Reject(t, c.name, c.build, c.parts...)
	}
}

func TestTheFirstMistakeIsKept(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	x := b.Input("x", 2, 3)
	first := b.Scope("one").MatMul(x, x)
	b.Scope("two").Add(first, b.Input("y", 9))
	want := "graph: one: MatMul: (2,3) x (2,3): inner dimensions 3 and 2 differ"
	if err := b.Err(); err == nil || err.Error() != want {
		t.Errorf("have %v, want %s", err, want)
	}
	if _, err := graph.Compile(b, x); err == nil {
		t.Error("a graph with a mistake was compiled")
	}
}

// TestForeign holds Apply to Gorgonia's operations as they were measured: right
// ones pass, wrong ones are refused.
func TestForeign(t *testing.T) {
	apply := func(name string, f func(in ...*node) (*node, error)) func(b *builder) *node {
		return func(b *builder) *node { return b.Scope("layer").Apply(name, f, b.Input("x", 2, 4)) }
	}
	image := func(name string, f func(in ...*node) (*node, error)) func(b *builder) *node {
		return func(b *builder) *node { return b.Scope("layer").Apply(name, f, b.Input("x", 1, 2, 6, 6)) }
	}
	for _, c := range []struct {
		name  string
		build func(b *builder) *node
		parts []string
	}{
		{"dropout", apply("dropout", func(in ...*node) (*node, error) { return gorgonia.Dropout(in[0], 0.5) }), []string{"layer", "use Builder.Dropout"}},
		{"reshape", apply("reshape", func(in ...*node) (*node, error) { return gorgonia.Reshape(in[0], []int{8}) }), []string{"use Builder.Reshape"}},
		{"softmax", apply("softmax", func(in ...*node) (*node, error) { return gorgonia.SoftMax(in[0]) }), []string{"use Builder.Softmax"}},
		{"sparsemax", apply("sparsemax", func(in ...*node) (*node, error) { return gorgonia.Sparsemax(in[0]) }), []string{"axis 0"}},
		{"inverse sqrt", apply("rsqrt", func(in ...*node) (*node, error) { return gorgonia.InverseSqrt(in[0]) }), []string{"use Builder.Pow"}},
		{"log2", apply("log2", func(in ...*node) (*node, error) { return gorgonia.Log2(in[0]) }), []string{"use Builder.Log"}},
		{"at", apply("at", func(in ...*node) (*node, error) { return gorgonia.At(in[0], 1, 2) }), []string{"Builder.Slice"}},
		{"average pool", image("pool", func(in ...*node) (*node, error) {
			return gorgonia.AveragePool2D(in[0], []int{2, 2}, []int{0, 0}, []int{2, 2})
		}), []string{"zero in places"}},
		{"global average pool", image("pool", func(in ...*node) (*node, error) { return gorgonia.GlobalAveragePool2D(in[0]) }), []string{"use Builder.Mean"}},
		{"batch norm", image("bn", func(in ...*node) (*node, error) {
			y, _, _, _, err := gorgonia.BatchNorm(in[0], nil, nil, 0.9, 1e-5)
			return y, err
		}), []string{"layers.BatchNorm"}},
		{"panic", apply("mine", func(in ...*node) (*node, error) { return gorgonia.Mul(in[0], nil) }), []string{"layer: mine: panic"}},
		{"nil", apply("mine", func(in ...*node) (*node, error) { return nil, nil }), []string{"gave a nil node"}},
	} {
		graphtest.Reject(t, c.name, c.build, c.parts...)
	}
	graphtest.Run(t, graphtest.Case{
		Name: "Tanh of Gorgonia", Inputs: logits([]int{4}), Shape: shape(4),
		Build: func(b *builder, in []*node) *node {
			return b.Apply("tanh", func(in ...*node) (*node, error) { return gorgonia.Tanh(in[0]) }, b.Scale(in[0], 2))
		},
	}, graphtest.Case{
		Name: "Cube of Gorgonia", Inputs: logits([]int{4}), Shape: shape(4),
		Build: func(b *builder, in []*node) *node {
			return b.Apply("cube", func(in ...*node) (*node, error) { return gorgonia.Cube(in[0]) }, in[0])
		},
	})
}

func TestNoParams(t *testing.T) {
	b := graph.New(nil, graph.Train)
	if y := b.Relu(b.Input("x", 2)); y != nil || b.Err() == nil || b.Err().Error() != "graph: new: the parameters are nil" {
		t.Errorf("%v, error %v", y, b.Err())
	}
}

func attend(a graph.Attention, q, k, v []int) func(b *builder) *node {
	return func(b *builder) *node {
		b = b.Scope("layer")
		return b.Attention(b.Input("q", q...), b.Input("k", k...), b.Input("v", v...), a)
	}
}
