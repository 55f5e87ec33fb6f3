package regularize_test

import (
	"context"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/regularize"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// noises are the layers that disturb activations.
var noises = map[string]layers.Layer{
	"Dropout": regularize.Dropout{Rate: 0.3}, "AlphaDropout": regularize.AlphaDropout{Rate: 0.3},
	"GaussianDropout": regularize.GaussianDropout{Rate: 0.3}, "GaussianNoise": regularize.GaussianNoise{Std: 0.5},
	"StochasticDepth": regularize.StochasticDepth{Rate: 0.4},
}

func TestConformance(t *testing.T) {
	var cases []graphtest.Case
	for name, l := range noises {
		for _, mode := range []graph.Mode{graph.Infer, graph.Train} {
			cases = append(cases, graphtest.Case{
				Name: name + "/" + mode.String(), Mode: mode,
				Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 2, 3)} },
				Build:  func(b *graph.Builder, in []*graph.Node) *graph.Node { return l.Build(b, in[0]) },
				Shape:  func(n int) graph.Shape { return graph.Shape{n, 2, 3} },
			})
		}
	}
	cases = append(cases, graphtest.Case{
		Name: "SpatialDropout", Mode: graph.Train,
		Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 2, 3)} },
		Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
			return regularize.SpatialDropout{Rate: 0.3}.Build(b, in[0])
		},
		Shape: func(n int) graph.Shape { return graph.Shape{n, 2, 3} },
	})
	for name, p := range map[string]graph.Penalty{
		"L1": regularize.L1{Factor: 0.3}, "L2": regularize.L2{Factor: 0.3}, "ElasticNet": regularize.ElasticNet{L1: 0.1, L2: 0.2},
	} {
		cases = append(cases, graphtest.Case{
			Name:   name,
			Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 3)} },
			Build:  func(b *graph.Builder, in []*graph.Node) *graph.Node { return p.Penalty(b, in[0]) },
			Shape:  func(int) graph.Shape { return graph.Shape{} },
		})
	}
	graphtest.Run(t, cases...)
}

// disturb runs a layer on x once.
func disturb(t *testing.T, l layers.Layer, mode graph.Mode, x []float64) []float64 {
	t.Helper()
	b := graph.New(graph.NewParams(graph.Float64, 1), mode)
	y := b.Shift(l.Build(b, b.Input("x", len(x))), 0)
	prog, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	if err := prog.SetInput("x", tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))); err != nil {
		t.Fatal(err)
	}
	if err := prog.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return prog.Tensor(y).Data().([]float64)
}

func moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		variance += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, variance
}

// Means and variances of n = 200 000 activations; the tolerances, 0.02 and 3 %,
// are more than four standard errors.
func TestNoiseMoments(t *testing.T) {
	const n = 200_000
	ones, standard := make([]float64, n), disturb(t, regularize.GaussianNoise{Std: 1}, graph.Train, make([]float64, n))
	for i := range ones {
		ones[i] = 1
	}
	for _, c := range []struct {
		name           string
		layer          layers.Layer
		x              []float64
		mean, variance float64
	}{
		{"dropout", regularize.Dropout{Rate: 0.2}, ones, 1, 0.2 / 0.8},
		{"gaussian dropout", regularize.GaussianDropout{Rate: 0.2}, ones, 1, 0.2 / 0.8},
		{"gaussian noise", regularize.GaussianNoise{Std: 0.5}, ones, 1, 0.25},
		{"stochastic depth", regularize.StochasticDepth{Rate: 0.2}, ones, 1, 0.2 / 0.8},
		{"alpha dropout keeps both", regularize.AlphaDropout{Rate: 0.2}, standard, 0, 1},
	} {
		v := disturb(t, c.layer, graph.Train, append([]float64(nil), c.x...))
		if mean, variance := moments(v); math.Abs(mean-c.mean) > 0.02 || math.Abs(variance/c.variance-1) > 0.03 {
			t.Errorf("%s: mean %v and variance %v, want %v and %v", c.name, mean, variance, c.mean, c.variance)
		}
	}
	dropped := 0
	for _, v := range disturb(t, regularize.Dropout{Rate: 0.2}, graph.Train, ones) {
		switch v {
		case 0:
			dropped++
		case 1.25:
		default:
			t.Fatalf("dropout made %v of 1", v)
		}
	}
	if got := float64(dropped) / n; math.Abs(got-0.2) > 0.005 {
		t.Errorf("%v of the activations were dropped, want 0.2", got)
	}
}

func TestInferenceIsUndisturbed(t *testing.T) {
	x := []float64{-1, 0, 2.5, 1e9}
	for name, l := range noises {
		for i, v := range disturb(t, l, graph.Infer, append([]float64(nil), x...)) {
			if v != x[i] {
				t.Errorf("%s: %v became %v", name, x[i], v)
			}
		}
	}
}

// Whole rows and whole channels of rows are dropped, and each has its own draw.
func TestDropsWhole(t *testing.T) {
	const rows, pixels, channels = 500, 3, 4
	for _, c := range []struct {
		name  string
		layer layers.Layer
		unit  func(row, channel int) int
		units int
	}{
		{"stochastic depth", regularize.StochasticDepth{Rate: 0.2}, func(row, _ int) int { return row }, rows},
		{"spatial dropout", regularize.SpatialDropout{Rate: 0.2}, func(row, channel int) int { return row*channels + channel }, rows * channels},
	} {
		ones := make([]float64, rows*pixels*channels)
		for i := range ones {
			ones[i] = 1
		}
		whole := layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node {
			return b.Reshape(c.layer.Build(b, b.Reshape(x, rows, pixels, channels)), -1)
		})
		seen := map[int]float64{}
		for i, v := range disturb(t, whole, graph.Train, ones) {
			u := c.unit(i/(pixels*channels), i%channels)
			if w, ok := seen[u]; ok && w != v {
				t.Fatalf("%s: unit %d is in part %v, in part %v", c.name, u, w, v)
			}
			if seen[u] = v; v != 0 && v != 1.25 {
				t.Fatalf("%s made %v of 1", c.name, v)
			}
		}
		dropped := 0
		for _, v := range seen {
			if v == 0 {
				dropped++
			}
		}
		// Four standard errors of 500 draws are 0.07.
		if share := float64(dropped) / float64(c.units); len(seen) != c.units || math.Abs(share-0.2) > 0.07 {
			t.Errorf("%s: %v of %d units are dropped, want 0.2 of %d", c.name, share, len(seen), c.units)
		}
	}
}

func TestRejects(t *testing.T) {
	for want, l := range map[string]layers.Layer{
		"dropout rate 1 is not in [0, 1)":          regularize.Dropout{Rate: 1},
		"dropout rate -0.1 is not in [0, 1)":       regularize.Dropout{Rate: -0.1},
		"alpha dropout rate NaN is not in [0, 1)":  regularize.AlphaDropout{Rate: math.NaN()},
		"gaussian dropout rate 1 is not in [0, 1)": regularize.GaussianDropout{Rate: 1},
		"standard deviation -1 of the noise":       regularize.GaussianNoise{Std: -1},
		"stochastic depth rate 1 is not in [0, 1)": regularize.StochasticDepth{Rate: 1},
		"input (3): want (batch, ..., channels)":   regularize.SpatialDropout{Rate: 0.5},
		"spatial dropout rate NaN is not in":       layers.Stack{layers.Reshape{Shape: []int{1, 1}}, regularize.SpatialDropout{Rate: math.NaN()}},
		"must not be negative: l1 -1, l2 0":        penalty{regularize.L1{Factor: -1}},
		"must not be negative: l1 0, l2 NaN":       penalty{regularize.L2{Factor: math.NaN()}},
		"must not be negative: l1 0.1, l2 -0.2":    penalty{regularize.ElasticNet{L1: 0.1, L2: -0.2}},
	} {
		graphtest.Reject(t, want, func(b *graph.Builder) *graph.Node { return l.Build(b, b.Input("x", 3)) }, want)
	}
	for _, c := range [][2]float64{{-1, 0}, {0, -1}, {math.NaN(), 0}} {
		if _, err := regularize.Penalty(c[0], c[1]); err == nil {
			t.Errorf("penalty of factors %v was accepted", c)
		}
	}
}

// penalty is a penalty on a layer's input.
type penalty struct{ graph.Penalty }

func (p penalty) Build(b *graph.Builder, x *graph.Node) *graph.Node { return p.Penalty.Penalty(b, x) }

func TestPenaltyOfFactors(t *testing.T) {
	for _, c := range []struct {
		l1, l2 float64
		want   graph.Penalty
	}{{0, 0, nil}, {1, 0, regularize.L1{Factor: 1}}, {0, 2, regularize.L2{Factor: 2}}, {1, 2, regularize.ElasticNet{L1: 1, L2: 2}}} {
		if got, err := regularize.Penalty(c.l1, c.l2); got != c.want || err != nil {
			t.Errorf("%v and %v give %#v (%v), want %#v", c.l1, c.l2, got, err, c.want)
		}
	}
	w := []float64{1, -2, 0.5}
	for _, c := range []struct {
		p    graph.Penalty
		want float64
	}{{regularize.L1{Factor: 2}, 7}, {regularize.L2{Factor: 2}, 10.5}, {regularize.ElasticNet{L1: 2, L2: 2}, 17.5}} {
		if got := disturb(t, penalty{c.p}, graph.Train, w)[0]; got != c.want {
			t.Errorf("%#v of %v is %v, want %v", c.p, w, got, c.want)
		}
	}
}

func TestConstraints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := graph.Shape(rapid.SliceOfN(rapid.IntRange(1, 4), 1, 4).Draw(t, "shape"))
		n := 1
		for _, d := range shape {
			n *= d
		}
		w := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-5, 5), rapid.Just(3e-309)), n, n).Draw(t, "w")
		limit := rapid.Float64Range(0.1, 4).Draw(t, "limit")
		unit := func(i int) int { return i % shape[len(shape)-1] }
		if len(shape) == 1 {
			unit = func(int) int { return 0 }
		}
		norms := func(v []float64) map[int]float64 {
			s := map[int]float64{}
			for i, x := range v {
				s[unit(i)] = math.Hypot(s[unit(i)], x)
			}
			return s
		}
		before := norms(w)
		near := func(what string, got []float64, factor func(u int) float64) {
			for i, v := range got {
				if want := w[i] * factor(unit(i)); !(math.Abs(v-want) <= 1e-12) {
					t.Errorf("%s: element %d is %v, want %v", what, i, v, want)
				}
			}
		}
		v := append([]float64(nil), w...)
		regularize.MaxNorm{Max: limit}.Constrain(shape, v)
		near("max norm", v, func(u int) float64 { return math.Min(1, limit/math.Max(before[u], 1e-300)) })
		v = append(v[:0], w...)
		regularize.MaxNorm{}.Constrain(shape, v)
		near("max norm 3", v, func(u int) float64 { return math.Min(1, 3/math.Max(before[u], 1e-300)) })
		v = append(v[:0], w...)
		regularize.UnitNorm{}.Constrain(shape, v)
		near("unit norm", v, func(u int) float64 {
			if before[u] < 0x1p-1022 {
				return 1
			}
			return 1 / before[u]
		})
		v = append(v[:0], w...)
		regularize.NonNeg{}.Constrain(shape, v)
		for i, x := range v {
			if x != math.Max(w[i], 0) {
				t.Errorf("non-negative: %v became %v", w[i], x)
			}
		}
	})
}

// Weights whose squares do not fit a float64 have a norm all the same.
func TestNormsOfExtremes(t *testing.T) {
	for _, size := range []float64{1e200, 1e-200, 1} {
		w := []float64{3 * size, 0, 1, 4 * size, 0, 1} // three units
		regularize.UnitNorm{}.Constrain(graph.Shape{2, 3}, w)
		for i, want := range []float64{0.6, 0, math.Sqrt2 / 2, 0.8, 0, math.Sqrt2 / 2} {
			if math.Abs(w[i]-want) > 1e-15 {
				t.Errorf("size %v: weight %d is %v, want %v", size, i, w[i], want)
			}
		}
	}
}

func BenchmarkConstraints(b *testing.B) {
	w := make([]float64, 512*512)
	for i := range w {
		w[i] = math.Sin(float64(i))
	}
	for name, c := range map[string]graph.Constraint{"MaxNorm": regularize.MaxNorm{}, "UnitNorm": regularize.UnitNorm{}, "NonNeg": regularize.NonNeg{}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Constrain(graph.Shape{512, 512}, w)
			}
		})
	}
}
