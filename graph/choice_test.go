package graph_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/tensor"
)

// sizes are those of a row: one, small and odd, and around a register of 16 floats.
var sizes = []int{1, 3, 15, 16, 17, 33}

// bits returns masks of both truths, as the 0 and 1 that comparisons give.
func bits(seed uint64, shape ...int) *tensor.Dense {
	x := graphtest.Ints(seed, 2, shape...)
	v := make([]float64, x.Size())
	for i, d := range x.Data().([]int) {
		v[i] = float64(d)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

func TestChoices(t *testing.T) {
	batches := []int{1, 2, 5}
	for _, n := range sizes {
		ints := func(more ...func(batch int) *tensor.Dense) func(int) []*tensor.Dense {
			return func(batch int) []*tensor.Dense {
				in := []*tensor.Dense{graphtest.Ints(1, 4, batch, n), graphtest.Ints(2, 4, batch, n)}
				for _, f := range more {
					in = append(in, f(batch))
				}
				return in
			}
		}
		same := shape(n)
		run := func(c graphtest.Case) {
			c.Name, c.Batches = fmt.Sprintf("%s/%d", c.Name, n), batches
			if c.Shape == nil {
				c.Shape = same
			}
			graphtest.Run(t, c)
		}
		for name, f := range map[string]func(b *builder, x, y *node) *node{
			"Equal": (*builder).Equal, "NotEqual": (*builder).NotEqual, "Greater": (*builder).Greater, "GreaterEqual": (*builder).GreaterEqual,
			"Less": (*builder).Less, "LessEqual": (*builder).LessEqual,
		} {
			run(graphtest.Case{Name: name + " of ints", Inputs: ints(), NoGradient: true, Build: func(b *builder, in []*node) *node { return f(b, in[0], in[1]) }})
			run(graphtest.Case{
				Name: name + " of a row of ints", Inputs: ints(func(int) *tensor.Dense { return graphtest.Ints(3, 4, n) }), NoGradient: true,
				Build: func(b *builder, in []*node) *node { return f(b, in[0], in[2]) },
			})
			run(graphtest.Case{
				Name: name, Inputs: logits([]int{n}, []int{1}), NoGradient: true,
				Build: func(b *builder, in []*node) *node { return f(b, in[0], b.Where(b.Greater(in[0], in[1]), in[0], in[1])) },
			})
		}
		for name, f := range map[string]func(b *builder, x, y *node) *node{
			"And": (*builder).And, "Or": (*builder).Or, "Not": func(b *builder, x, _ *node) *node { return b.Not(x) },
		} {
			run(graphtest.Case{
				Name: name, NoGradient: true, Inputs: func(batch int) []*tensor.Dense { return []*tensor.Dense{bits(1, batch, n), bits(2, batch, n)} },
				Build: func(b *builder, in []*node) *node { return f(b, in[0], in[1]) },
			})
		}
		where := func(b *builder, in []*node) *node { return b.Where(b.Greater(in[0], in[1]), in[2], in[3]) }
		for name, s := range map[string][2][]int{"same": {{n}, {n}}, "column": {{1}, {n}}, "row": {{n}, {1}}} {
			run(graphtest.Case{
				Name: "Where/" + name, Build: where,
				Inputs: ints(func(batch int) *tensor.Dense { return graphtest.Logits(3, append([]int{batch}, s[0]...)...) },
					func(batch int) *tensor.Dense { return graphtest.Logits(4, append([]int{batch}, s[1]...)...) }),
			})
		}
		run(graphtest.Case{
			Name: "Where of a value and itself", Inputs: ints(func(batch int) *tensor.Dense { return graphtest.Logits(3, batch, n) }),
			Build: func(b *builder, in []*node) *node {
				return b.Where(b.Equal(in[0], in[1]), b.Square(in[2]), b.Where(b.Less(in[0], in[1]), in[2], b.Neg(in[2])))
			},
		})
		run(graphtest.Case{
			Name: "Where of ints", NoGradient: true, Inputs: ints(),
			Build: func(b *builder, in []*node) *node { return b.Where(b.Greater(in[0], in[1]), in[0], b.ConstInt(-7)) },
		})
		run(graphtest.Case{Name: "Cast of ints", NoGradient: true, Inputs: ints(), Build: func(b *builder, in []*node) *node { return b.Scale(b.Cast(in[0], b.Dtype()), 0.5) }})
		run(graphtest.Case{Name: "Cast of floats", NoGradient: true, Inputs: logits([]int{n}), Build: func(b *builder, in []*node) *node { return b.Cast(b.Scale(in[0], 3), graph.Int) }})
		run(graphtest.Case{
			Name: "TakeAlongAxis", Shape: shape(3),
			Inputs: func(batch int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, batch, n), graphtest.Ints(2, n, batch, 3)}
			},
			Build: func(b *builder, in []*node) *node { return b.TakeAlongAxis(in[0], in[1], -1) },
		})
		run(graphtest.Case{
			Name: "TakeAlongAxis/middle", Shape: shape(2, n),
			Inputs: func(batch int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, batch, 5, n), graphtest.Ints(2, 5, batch, 2, n)}
			},
			Build: func(b *builder, in []*node) *node { return b.TakeAlongAxis(in[0], in[1], 1) },
		})
		run(graphtest.Case{
			Name: "TakeAlongAxis of ints", Shape: shape(1), NoGradient: true,
			Inputs: func(batch int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Ints(1, 100, batch, n), graphtest.Ints(2, n, batch, 1)}
			},
			Build: func(b *builder, in []*node) *node { return b.TakeAlongAxis(in[0], in[1], 1) },
		})
		structure(run, ints, n)
		run(graphtest.Case{
			Name: "ArgMax in use", Shape: shape(3), Inputs: func(batch int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, batch, 4, n), graphtest.Logits(2, n, 3)}
			},
			Build: func(b *builder, in []*node) *node {
				best := b.ArgMax(in[0]) // (batch, 4)
				first := b.Reshape(b.Slice(best, 1, 0, 1), -1)
				agree := b.Mean(b.Equal(best, b.Reshape(first, -1, 1)), 1)
				own := b.Mean(b.TakeAlongAxis(in[0], b.Reshape(best, -1, 4, 1), 2), 1)
				return b.Mul(b.Gather(in[1], first), b.Mul(b.Reshape(agree, -1, 1), own))
			},
		})
	}
}

// structure runs the operations that move ints.
func structure(run func(graphtest.Case), ints func(...func(int) *tensor.Dense) func(int) []*tensor.Dense, n int) {
	for name, c := range map[string]struct {
		shape func(int) graph.Shape
		build func(b *builder, in []*node) *node
	}{
		"Reshape":        {func(batch int) graph.Shape { return graph.Shape{n, batch} }, func(b *builder, in []*node) *node { return b.Reshape(in[0], n, -1) }},
		"Flatten":        {shape(2 * n), func(b *builder, in []*node) *node { return b.Flatten(b.Reshape(b.Concat(1, in...), -1, 2, n)) }},
		"Slice":          {shape((n + 1) / 2), func(b *builder, in []*node) *node { return b.Slice(in[0], 1, n/2, n) }},
		"Slice of one":   {shape(1), func(b *builder, in []*node) *node { return b.Slice(in[0], -1, n-1, n) }},
		"Concat":         {shape(2 * n), func(b *builder, in []*node) *node { return b.Concat(1, in...) }},
		"Concat of rows": {func(batch int) graph.Shape { return graph.Shape{2 * batch, n} }, func(b *builder, in []*node) *node { return b.Concat(0, in...) }},
		"Transpose":      {func(batch int) graph.Shape { return graph.Shape{n, batch} }, func(b *builder, in []*node) *node { return b.Transpose(in[0]) }},
		"Transpose of three axes": {func(batch int) graph.Shape { return graph.Shape{2, batch, n} }, func(b *builder, in []*node) *node {
			return b.Transpose(b.Reshape(b.Concat(1, in...), -1, 2, n), 1, 0, 2)
		}},
		"Broadcast": {func(batch int) graph.Shape { return graph.Shape{3, batch, n} }, func(b *builder, in []*node) *node { return b.Broadcast(in[0], 3, b.Dim(in[0], 0), n) }},
		"Gather": {shape(n, 2), func(b *builder, in []*node) *node {
			table := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]int{10, 11, 20, 21, 30, 31, 40, 41}))
			return b.Gather(b.Tensor("table", table), in[0])
		}},
		"KeepDims": {shape(1, n), func(b *builder, in []*node) *node {
			return b.KeepDims(in[0], b.Broadcast(b.Const(0), b.Dim(in[0], 0), 5, n), 1)
		}},
	} {
		run(graphtest.Case{Name: name + " of ints", Inputs: ints(), Shape: c.shape, NoGradient: true, Build: c.build})
	}
}

// TestIntsStayExact moves ints that no float of their size holds.
func TestIntsStayExact(t *testing.T) {
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		b := graph.New(graph.NewParams(dt, 1), graph.Infer)
		x := b.InputInt("x", 2, 3)
		most := b.ConstInt(math.MaxInt)
		rows := b.Gather(b.Concat(0, x, b.Broadcast(most, 1, 3)), b.Tensor("rows", tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{2, 0}))))
		y := b.Transpose(b.Slice(rows, 1, 1, 3))
		picked := b.TakeAlongAxis(x, b.ArgMax(b.Reshape(b.Equal(x, b.ConstInt(math.MaxInt-1)), 2, 1, 3)), 1)
		chosen := b.Where(b.Greater(x, b.ConstInt(math.MaxInt-2)), x, b.ConstInt(math.MinInt+1))
		p, err := graph.Compile(b, y, picked, chosen)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetInput("x", tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]int{math.MaxInt - 1, math.MaxInt - 2, math.MinInt, 1, math.MaxInt - 1, 7}))); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what string
			node *node
			want []int
		}{
			{"moved", y, []int{math.MaxInt, math.MaxInt - 2, math.MaxInt, math.MinInt}},
			{"picked", picked, []int{math.MaxInt - 1, math.MaxInt - 1}},
			{"chosen", chosen, []int{math.MaxInt - 1, math.MinInt + 1, math.MinInt + 1, math.MinInt + 1, math.MaxInt - 1, math.MinInt + 1}},
		} {
			if got := p.Tensor(c.node).Data().([]int); !slices.Equal(got, c.want) {
				t.Errorf("%v, %s: %v, want %v", dt, c.what, got, c.want)
			}
		}
	}
}

// TestMasksOfNaN: by IEEE 754, NaN differs from everything; a NaN in a mask is true, as
// in NumPy and PyTorch.
func TestMasksOfNaN(t *testing.T) {
	nan := math.NaN()
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	x, y := b.Input("x", 3), b.Input("y", 3)
	outputs := []*node{
		b.Equal(x, y), b.NotEqual(x, y), b.Greater(x, y), b.GreaterEqual(x, y), b.Less(x, y), b.LessEqual(x, y),
		b.And(x, y), b.Or(x, y), b.Not(x), b.Where(x, b.Const(5), y),
	}
	p, err := graph.Compile(b, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][]float64{"x": {nan, nan, 0}, "y": {nan, 1, -2}} {
		if err := p.SetInput(name, tensor.New(tensor.WithShape(3), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(bg); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{
		{0, 0, 0}, {1, 1, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 0}, {0, 0, 0},
		{1, 1, 0}, {1, 1, 1}, {0, 0, 1}, {5, 5, -2},
	} {
		if got := p.Floats64(outputs[i]); !slices.Equal(got, want) {
			t.Errorf("output %d: %v, want %v", i, got, want)
		}
	}
}

// TestWhereStopsNaN: what is not chosen gives neither value nor gradient.
func TestWhereStopsNaN(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	x := b.Input("x", 4)
	y := b.Where(b.Greater(x, b.Const(0)), b.Log(x), b.Const(0))
	// The slope of Log is still computed: choose what goes into it for a gradient without NaN.
	inner := b.Where(b.Greater(x, b.Const(0)), x, b.Const(1))
	g := b.Gradients(b.Sum(b.Log(inner)), x)[0]
	p, err := graph.Compile(b, y, g)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("x", tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{-1, 1, 0, 4}))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(bg); err != nil {
		t.Fatal(err)
	}
	if got := p.Floats32(y); !slices.Equal(got, []float32{0, 0, 0, float32(math.Log(4))}) {
		t.Errorf("value %v", got)
	}
	if got := p.Floats32(g); !slices.Equal(got, []float32{0, 1, 0, 0.25}) {
		t.Errorf("gradient %v", got)
	}
}

func TestCastTruncates(t *testing.T) {
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		b := graph.New(graph.NewParams(dt, 1), graph.Infer)
		x := b.Input("x", 5)
		y := b.Scope("layer").Cast(x, graph.Int)
		p, err := graph.Compile(b, y)
		if err != nil {
			t.Fatal(err)
		}
		run := func(v ...float64) error {
			if err := p.SetInput("x", tensor.New(tensor.WithShape(5), tensor.WithBacking(v))); err != nil {
				t.Fatal(err)
			}
			return p.Run(bg)
		}
		if err := run(-1.9, 1.9, -0.5, 3, -1<<20); err != nil {
			t.Fatal(err)
		}
		if got := p.Tensor(y).Data().([]int); !slices.Equal(got, []int{-1, 1, 0, 3, -1 << 20}) {
			t.Errorf("%v: %v", dt, got)
		}
		least := float64(math.MinInt)
		if err := run(least, 0, 0, 0, 0); err != nil || p.Tensor(y).Data().([]int)[0] != math.MinInt {
			t.Errorf("%v: the least int: %v, error %v", dt, p.Tensor(y), err)
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -least, 2 * least} {
			err := run(0, v, 0, 0, 0)
			if err == nil || !strings.Contains(err.Error(), "graph: layer: Cast: ") || !strings.Contains(err.Error(), "at position 1 is not in the range of int") {
				t.Errorf("%v of %v: error %v", v, dt, err)
			}
		}
	}
}

func TestWrongTypesAreRejected(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(b *builder) *node
		parts []string
	}{
		{"comparison of two types", func(b *builder) *node { return b.Scope("a").Less(b.Input("x", 2), b.InputInt("i", 2)) }, []string{"graph: a: Greater: ", "float64", "int", "Cast"}},
		{"comparison of shapes", func(b *builder) *node { return b.Equal(b.InputInt("x", 2), b.InputInt("i", 3)) }, []string{"Equal", "(2)", "(3)"}},
		{"mask of ints", func(b *builder) *node { x := b.Input("x", 2); return b.Where(b.InputInt("i", 2), x, x) }, []string{"Where", "operand 0 is int"}},
		{"choice of two types", func(b *builder) *node { x := b.Input("x", 2); return b.Where(x, x, b.InputInt("i", 2)) }, []string{"Where", "operand 1 is int, operand 0 float64"}},
		{"choice of shapes", func(b *builder) *node { x := b.Input("x", 2); return b.Where(x, x, b.Input("y", 3)) }, []string{"Where", "mask (2)", "(3)"}},
		{"mask of another shape", func(b *builder) *node { x := b.Input("x", 2); return b.Where(b.Input("y", 3), x, x) }, []string{"Where", "mask (3)", "(2)"}},
		{"and of ints", func(b *builder) *node { return b.And(b.InputInt("i", 2), b.InputInt("k", 2)) }, []string{"And", "int, want float64"}},
		{"not of ints", func(b *builder) *node { return b.Not(b.InputInt("i", 2)) }, []string{"Not", "int, want float64"}},
		{"concat of two types", func(b *builder) *node { return b.Concat(0, b.Input("x", 2), b.InputInt("i", 2)) }, []string{"Concat", "operand 1 is int, operand 0 float64"}},
		{"cast to the other float", func(b *builder) *node { return b.Cast(b.Input("x", 2), graph.Float32) }, []string{"Cast", "to float32: want float64 or int"}},
		{"sum of ints", func(b *builder) *node { return b.Sum(b.InputInt("i", 2)) }, []string{"Sum", "int, want float64"}},
		{"reshape of ints", func(b *builder) *node { return b.Reshape(b.InputInt("i", 2, 3), 4) }, []string{"Reshape", "number of elements"}},
		{"take by floats", func(b *builder) *node { x := b.Input("x", 2, 3); return b.TakeAlongAxis(x, x, 0) }, []string{"TakeAlongAxis", "float64, want int"}},
		{"take of shapes", func(b *builder) *node { return b.TakeAlongAxis(b.Input("x", 2, 3), b.InputInt("i", 3, 1), 1) }, []string{"TakeAlongAxis", "(2,3) by indices (3,1)"}},
		{"take along no axis", func(b *builder) *node { return b.TakeAlongAxis(b.Input("x", 2, 3), b.InputInt("i", 2, 1), 2) }, []string{"TakeAlongAxis", "axis 2"}},
		{"masked cross-entropy by floats", func(b *builder) *node { x := b.Input("x", 2, 3); return b.MaskedCrossEntropy(x, x, 0, 0) }, []string{"MaskedCrossEntropy", "float64, want int"}},
		{"masked cross-entropy of shapes", func(b *builder) *node {
			return b.MaskedCrossEntropy(b.Input("x", 2, 3, 4), b.InputInt("i", 2, 4), 0, 0)
		}, []string{"MaskedCrossEntropy", "(2,3,4)", "int(2,4)"}},
		{"masked cross-entropy of a scalar", func(b *builder) *node { return b.MaskedCrossEntropy(b.Const(1), b.ConstInt(1), 0, 0) }, []string{"MaskedCrossEntropy", "()"}},
		{"masked cross-entropy, smoothing", func(b *builder) *node { return b.MaskedCrossEntropy(b.Input("x", 2, 3), b.InputInt("i", 2), 0, -1) }, []string{"smoothing -1"}},
		{"gather of ints by floats", func(b *builder) *node { return b.Gather(b.InputInt("x", 2, 3), b.Input("i", 2)) }, []string{"Gather", "float64, want int"}},
		{"gradient with respect to ints", func(b *builder) *node {
			i := b.InputInt("i", 2)
			b.Gradients(b.Sum(b.Cast(i, graph.Float64)), i)
			return nil
		}, []string{"Gradients", "int, want float64"}},
		{"gradient through a cast", func(b *builder) *node {
			x := b.Input("x", 2)
			b.Gradients(b.Sum(b.Cast(b.Cast(x, graph.Int), graph.Float64)), x)
			return nil
		}, []string{"not differentiably"}},
	} {
		graphtest.Reject(t, c.name, c.build, c.parts...)
	}
}

func TestIndexOutOfRange(t *testing.T) {
	for _, bad := range []int{-1, 3, math.MaxInt, math.MinInt} {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
		y := b.Scope("layer").TakeAlongAxis(b.Input("x", 2, 3), b.InputInt("i", 2, 2), 1)
		p, err := graph.Compile(b, y)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetInput("i", tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]int{0, 1, bad, 2}))); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("graph: layer: TakeAlongAxis: index %d at position 2 is not in [0, 3)", bad)
		if err := p.Run(bg); err == nil || err.Error() != want {
			t.Errorf("have %v, want %s", err, want)
		}
	}
}
