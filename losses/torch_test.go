package losses_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/losses"
	"gorgonia.org/tensor"
)

// reference is a case of testdata/torch.json, made by testdata/make.py.
type reference struct {
	Name string
	Pred [][]float64
	Want json.RawMessage
	Ints bool
	Loss []float64
	Grad [][]float64
}

// byName are the losses under the names of the cases.
var byName = map[string]losses.Loss{
	"MSE": losses.MSE{}, "MAE": losses.MAE{}, "Huber": losses.Huber{}, "Huber 0.3": losses.Huber{Delta: 0.3}, "LogCosh": losses.LogCosh{},
	"Poisson": losses.Poisson{}, "Poisson rate": losses.Poisson{Rate: true}, "Cosine": losses.Cosine{},
	"BCE": losses.BinaryCrossEntropy{}, "BCE weight": losses.BinaryCrossEntropy{PositiveWeight: 2.5}, "BCE smooth": losses.BinaryCrossEntropy{Smoothing: 0.2},
	"BCE class": losses.BinaryCrossEntropy{}, "BCE at 10000": losses.BinaryCrossEntropy{}, "BCE at -10000": losses.BinaryCrossEntropy{},
	"CE": losses.SoftmaxCrossEntropy{}, "CE smooth": losses.SoftmaxCrossEntropy{Smoothing: 0.1}, "CE at 1e4": losses.SoftmaxCrossEntropy{},
	"CE weights":        losses.SoftmaxCrossEntropy{ClassWeights: []float64{0.5, 1, 2, 3}},
	"CE weights smooth": losses.SoftmaxCrossEntropy{ClassWeights: []float64{0.5, 1, 2, 3}, Smoothing: 0.1},
	"CE soft":           losses.SoftmaxCrossEntropy{}, "CE soft smooth": losses.SoftmaxCrossEntropy{Smoothing: 0.2},
	"CE soft weights": losses.SoftmaxCrossEntropy{ClassWeights: []float64{0.5, 1, 2, 3}},
	"KL":              losses.KLDivergence{}, "Focal": losses.Focal{}, "Focal alpha": losses.Focal{Gamma: 1.5, Alpha: 0.25}, "Focal classes": losses.Focal{},
	"Hinge": losses.Hinge{}, "Hinge squared": losses.Hinge{Squared: true}, "Hinge signs": losses.Hinge{}, "Hinge classes": losses.Hinge{},
	"Pinball": losses.Pinball{Levels: []float64{0.1, 0.5, 0.9}}, "Pinball one": losses.Pinball{Levels: []float64{0.25}}, "Ordinal": losses.Ordinal{}, "Ordinal tasks": losses.Ordinal{}, "Ranking": losses.Ranking{},
}

func flat(rows [][]float64) []float64 {
	var out []float64
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// target reads the case's target, which is a vector of classes or a matrix.
func (r reference) target(t *testing.T) *tensor.Dense {
	t.Helper()
	var labels []int
	var rows [][]float64
	if r.Ints {
		if err := json.Unmarshal(r.Want, &labels); err != nil {
			t.Fatal(err)
		}
		return tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))
	}
	if err := json.Unmarshal(r.Want, &rows); err != nil {
		t.Fatal(err)
	}
	return tensor.New(tensor.WithShape(len(rows), len(rows[0])), tensor.WithBacking(flat(rows)))
}

func TestAgainstPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []reference
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != len(byName) {
		t.Errorf("%d cases for %d losses", len(cases), len(byName))
	}
	for _, c := range cases {
		loss, ok := byName[c.Name]
		if !ok {
			t.Errorf("no loss for the case %q", c.Name)
			continue
		}
		for dt, tolerance := range map[graph.Dtype]float64{graph.Float64: 1e-10, graph.Float32: 2e-5} {
			t.Run(c.Name+"/"+dt.String(), func(t *testing.T) {
				value, grad := compute(t, c, loss, dt)
				compare(t, "loss", value, c.Loss, tolerance)
				compare(t, "gradient", grad, flat(c.Grad), tolerance)
			})
		}
	}
}

func compute(t *testing.T, c reference, loss losses.Loss, dt graph.Dtype) (value, grad []float64) {
	t.Helper()
	b := graph.New(graph.NewParams(dt, 1), graph.Train)
	pred := b.Input("pred", len(c.Pred), len(c.Pred[0]))
	want := c.target(t)
	var node *graph.Node
	if c.Ints {
		node = b.InputInt("want", want.Shape()...)
	} else {
		node = b.Input("want", want.Shape()...)
	}
	l := loss.Loss(b, pred, node)
	g := b.Gradients(b.Sum(l), pred)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := graph.Compile(b, l, g[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*tensor.Dense{"pred": tensor.New(tensor.WithShape(len(c.Pred), len(c.Pred[0])), tensor.WithBacking(flat(c.Pred))), "want": want} {
		if err := p.SetInput(name, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return numbers(p.Tensor(l)), numbers(p.Tensor(g[0]))
}

func numbers(x *tensor.Dense) []float64 {
	switch d := x.Data().(type) {
	case []float64:
		return d
	case []float32:
		out := make([]float64, len(d))
		for i, v := range d {
			out[i] = float64(v)
		}
		return out
	}
	return nil
}

func compare(t *testing.T, what string, have, want []float64, tolerance float64) {
	t.Helper()
	if len(have) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(have), len(want))
	}
	for i := range want {
		if d := math.Abs(have[i] - want[i]); !(d <= tolerance*math.Max(1, math.Abs(want[i]))) {
			t.Errorf("%s %d: %.12g, PyTorch has %.12g", what, i, have[i], want[i])
		}
	}
}

// TestTargetsNeverBroadcast: a target (n) and a prediction (n, 1) are n rows,
// not n x n.
func TestTargetsNeverBroadcast(t *testing.T) {
	for name, loss := range map[string]losses.Loss{"MSE": losses.MSE{}, "MAE": losses.MAE{}, "Huber": losses.Huber{}, "LogCosh": losses.LogCosh{}, "Poisson": losses.Poisson{}, "BCE": losses.BinaryCrossEntropy{}} {
		graphtest.Run(t, graphtest.Case{
			Name: name, Shape: func(n int) graph.Shape { return graph.Shape{n} },
			Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 1)} },
			Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
				return loss.Loss(b, in[0], b.Tensor("t", graphtest.Uniform(2, 0, 1, b.Dim(in[0], 0))))
			},
		})
	}
}

// TestTaskLosses holds the losses of quantiles and of ordered classes to the conformance
// table: gradients, float32 against float64, the TapeMachine, two batch sizes.
func TestTaskLosses(t *testing.T) {
	classes := func(n int) *tensor.Dense {
		v := make([]int, n)
		for i := range v {
			v[i] = (3 * i) % 5
		}
		return tensor.New(tensor.WithShape(n), tensor.WithBacking(v))
	}
	for _, c := range []struct {
		name string
		loss losses.Loss
		want func(n int) *tensor.Dense
	}{
		{"Pinball", losses.Pinball{Levels: []float64{0.05, 0.3, 0.5, 0.9}}, func(n int) *tensor.Dense { return graphtest.Uniform(2, -2, 2, n) }},
		{"Pinball of a column", losses.Pinball{Levels: []float64{0.05, 0.3, 0.5, 0.9}}, func(n int) *tensor.Dense { return graphtest.Uniform(2, -2, 2, n, 1) }},
		{"Ordinal", losses.Ordinal{}, classes},
		{"BinaryCrossEntropy of labels", losses.BinaryCrossEntropy{}, func(n int) *tensor.Dense {
			v := make([]float64, 4*n)
			for i := range v {
				v[i] = float64((i * i) % 3 % 2)
			}
			return tensor.New(tensor.WithShape(n, 4), tensor.WithBacking(v))
		}},
	} {
		graphtest.Run(t, graphtest.Case{
			Name: c.name, Shape: func(n int) graph.Shape { return graph.Shape{n} },
			Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 4)} },
			Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
				return c.loss.Loss(b, in[0], b.Tensor("t", c.want(b.Dim(in[0], 0))))
			},
		})
	}
}

func TestRanking(t *testing.T) {
	queries := func(n int) *tensor.Dense {
		v := make([]float64, 0, 2*n)
		for i := range n {
			v = append(v, float64(i%3), float64(i/3))
		}
		return tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(v))
	}
	graphtest.Run(t, graphtest.Case{
		Name: "Ranking", Shape: func(n int) graph.Shape { return graph.Shape{n} }, Batches: []int{1, 2, 5, 6},
		Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(3, n, 1)} },
		Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
			return losses.Ranking{}.Loss(b, in[0], b.Tensor("t", queries(b.Dim(in[0], 0))))
		},
	})
	graphtest.Reject(t, "no groups", func(b *graph.Builder) *graph.Node {
		return losses.Ranking{}.Loss(b, b.Input("p", 4, 1), b.Input("t", 4))
	}, "relevance and group")
	graphtest.Reject(t, "two scores", func(b *graph.Builder) *graph.Node {
		return losses.Ranking{}.Loss(b, b.Input("p", 4, 2), b.Input("t", 4, 2))
	}, "one score a row")
}

func TestRejected(t *testing.T) {
	graphtest.Reject(t, "levels", func(b *graph.Builder) *graph.Node {
		return losses.Pinball{Levels: []float64{0.1, 0.9}}.Loss(b, b.Input("p", 4, 3), b.Input("t", 4))
	}, "(4, 3)", "2 levels")
	graphtest.Reject(t, "level", func(b *graph.Builder) *graph.Node {
		return losses.Pinball{Levels: []float64{1}}.Loss(b, b.Input("p", 4, 1), b.Input("t", 4))
	}, "level 1 is not in (0, 1)")
	graphtest.Reject(t, "several targets of quantiles", func(b *graph.Builder) *graph.Node {
		return losses.Pinball{Levels: []float64{0.1, 0.9}}.Loss(b, b.Input("p", 4, 2), b.Input("t", 4, 2))
	}, "target (4, 2)")
	graphtest.Reject(t, "ordinal numbers", func(b *graph.Builder) *graph.Node {
		return losses.Ordinal{}.Loss(b, b.Input("p", 4, 2), b.Input("t", 4))
	}, "want int")
	graphtest.Reject(t, "ordinal shape", func(b *graph.Builder) *graph.Node {
		return losses.Ordinal{}.Loss(b, b.Input("p", 4), b.InputInt("t", 4))
	}, "(4)", "classes")
	in := func(b *graph.Builder, name string, s ...int) *graph.Node { return b.Input(name, s...) }
	graphtest.Reject(t, "shapes", func(b *graph.Builder) *graph.Node { return losses.MSE{}.Loss(b, in(b, "p", 4, 2), in(b, "t", 4, 3)) }, "(4, 2)", "(4, 3)")
	graphtest.Reject(t, "rows", func(b *graph.Builder) *graph.Node { return losses.MSE{}.Loss(b, in(b, "p", 4, 1), in(b, "t", 5)) }, "(4, 1)", "(5)")
	graphtest.Reject(t, "square", func(b *graph.Builder) *graph.Node { return losses.MAE{}.Loss(b, in(b, "p", 4, 1), in(b, "t", 1, 4)) }, "shapes differ")
	graphtest.Reject(t, "class weights", func(b *graph.Builder) *graph.Node {
		return losses.SoftmaxCrossEntropy{ClassWeights: []float64{1, 2}}.Loss(b, in(b, "p", 4, 3), b.InputInt("t", 4))
	}, "2 class weights for 3 classes")
	graphtest.Reject(t, "negative weight", func(b *graph.Builder) *graph.Node {
		return losses.SoftmaxCrossEntropy{ClassWeights: []float64{1, 2, -1}}.Loss(b, in(b, "p", 4, 3), b.InputInt("t", 4))
	}, "weight -1 of class 2")
	graphtest.Reject(t, "smoothing", func(b *graph.Builder) *graph.Node {
		return losses.BinaryCrossEntropy{Smoothing: 1}.Loss(b, in(b, "p", 4), in(b, "t", 4))
	}, "smoothing 1")
	graphtest.Reject(t, "delta", func(b *graph.Builder) *graph.Node {
		return losses.Huber{Delta: -1}.Loss(b, in(b, "p", 4), in(b, "t", 4))
	}, "delta -1")
	graphtest.Reject(t, "no target", func(b *graph.Builder) *graph.Node { return losses.Hinge{}.Loss(b, in(b, "p", 4, 1), nil) }, "no target")
}

func TestClassOutOfRangeNamesTheRow(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	l := losses.BinaryCrossEntropy{}.Loss(b, b.Input("p", 3, 1), b.InputInt("t", 3))
	p, err := graph.Compile(b, l)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("t", tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{0, 1, 2}))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "class 2 at position 2 is not in [0, 2)") {
		t.Errorf("have %v", err)
	}
}
