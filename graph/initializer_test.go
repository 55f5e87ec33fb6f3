package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
)

func draw(t *testing.T, init graph.Initializer, shape graph.Shape, seed uint64) []float64 {
	t.Helper()
	v, err := init.Init(shape, rand.New(rand.NewPCG(seed, 0)))
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	if len(v) != n {
		t.Fatalf("%T: %d values for shape %v", init, len(v), shape)
	}
	return v
}

// The variances are those that the papers ask for. Of n = 120 000 numbers the
// sample variance is within 2 % of it by more than four standard errors, for
// normal (√(2/n) = 0.4 %) as for uniform numbers.
func TestInitializerVariance(t *testing.T) {
	for _, shape := range []graph.Shape{{300, 400}, {3, 5, 80, 100}, {400, 300}} {
		in, out := graph.Fans(shape)
		for _, c := range []struct {
			init           graph.Initializer
			mean, variance float64
			limit          float64 // of a uniform law
		}{
			{graph.GlorotUniform{}, 0, 2 / float64(in+out), math.Sqrt(6 / float64(in+out))},
			{graph.GlorotNormal{}, 0, 2 / float64(in+out), 0},
			{graph.HeUniform{}, 0, 2 / float64(in), math.Sqrt(6 / float64(in))},
			{graph.HeNormal{}, 0, 2 / float64(in), 0},
			{graph.LeCunUniform{}, 0, 1 / float64(in), math.Sqrt(3 / float64(in))},
			{graph.LeCunNormal{}, 0, 1 / float64(in), 0},
			{graph.Uniform{Low: 1, High: 3}, 2, 4.0 / 12, 0},
			{graph.Normal{Mean: -1, Std: 0.5}, -1, 0.25, 0},
		} {
			v := draw(t, c.init, shape, 1)
			mean, variance := 0.0, 0.0
			for _, x := range v {
				mean += x / float64(len(v))
			}
			for _, x := range v {
				variance += (x - mean) * (x - mean) / float64(len(v))
			}
			if math.Abs(mean-c.mean) > 5*math.Sqrt(c.variance/float64(len(v))) {
				t.Errorf("%T %v: mean %v, want %v", c.init, shape, mean, c.mean)
			}
			if math.Abs(variance/c.variance-1) > 0.02 {
				t.Errorf("%T %v: variance %v, want %v", c.init, shape, variance, c.variance)
			}
			if top := slices.Max(v); c.limit > 0 && (top > c.limit || top < 0.999*c.limit) {
				t.Errorf("%T %v: maximum %v, want nearly %v", c.init, shape, top, c.limit)
			}
			if !slices.Equal(v, draw(t, c.init, shape, 1)) {
				t.Errorf("%T: the same seed gives other numbers", c.init)
			}
			if slices.Equal(v, draw(t, c.init, shape, 2)) {
				t.Errorf("%T: another seed gives the same numbers", c.init)
			}
		}
	}
}

func TestOrthogonal(t *testing.T) {
	for _, shape := range []graph.Shape{{7, 7}, {12, 5}, {5, 12}, {3, 2, 4}, {1, 6}, {6, 1}} {
		cols := shape[len(shape)-1]
		v := draw(t, graph.Orthogonal{Gain: 1.5}, shape, 3)
		rows := len(v) / cols
		dot := func(i, j int) (s float64) { // of two columns, or rows where they are fewer
			for k := range max(rows, cols) {
				if rows >= cols {
					s += v[k*cols+i] * v[k*cols+j]
				} else {
					s += v[i*cols+k] * v[j*cols+k]
				}
			}
			return s
		}
		for i := range min(rows, cols) {
			for j := range min(rows, cols) {
				want := 0.0
				if i == j {
					want = 1.5 * 1.5
				}
				if got := dot(i, j); math.Abs(got-want) > 1e-12 {
					t.Errorf("%v: product of vectors %d and %d is %v, want %v", shape, i, j, got, want)
				}
			}
		}
	}
}

func TestFans(t *testing.T) {
	for _, c := range []struct {
		shape   graph.Shape
		in, out int
	}{{nil, 1, 1}, {graph.Shape{5}, 5, 5}, {graph.Shape{3, 4}, 3, 4}, {graph.Shape{3, 3, 16, 32}, 144, 288}} {
		if in, out := graph.Fans(c.shape); in != c.in || out != c.out {
			t.Errorf("%v: %d and %d, want %d and %d", c.shape, in, out, c.in, c.out)
		}
	}
}

func TestFixedInitializers(t *testing.T) {
	shape := graph.Shape{2, 2}
	for _, c := range []struct {
		init graph.Initializer
		want []float64
	}{
		{graph.Zeros{}, []float64{0, 0, 0, 0}},
		{graph.Ones{}, []float64{1, 1, 1, 1}},
		{graph.Constant{Value: 2.5}, []float64{2.5, 2.5, 2.5, 2.5}},
		{graph.Values{1, 2, 3, 4}, []float64{1, 2, 3, 4}},
	} {
		if got := draw(t, c.init, shape, 1); !slices.Equal(got, c.want) {
			t.Errorf("%T: %v, want %v", c.init, got, c.want)
		}
	}
}

func TestBadInitializers(t *testing.T) {
	for want, init := range map[string]graph.Initializer{
		"l: param w: values: 3 numbers for shape (2,2)":             graph.Values{1, 2, 3},
		"l: param w: uniform: low 2 is not below high 1":            graph.Uniform{Low: 2, High: 1},
		"l: param w: normal: standard deviation -1 is not positive": graph.Normal{Std: -1},
		"l: param w: uniform: low NaN is not below high NaN":        graph.Uniform{Low: math.NaN(), High: math.NaN()},
		"l: param w: normal: standard deviation 0 is not positive":  graph.Normal{},
		"l: param w: orthogonal: want at least two axes, have (4)":  graph.Orthogonal{},
		"l: param w: initializer: want 4 values, have 1":            graph.InitializerFunc(func(graph.Shape, *rand.Rand) ([]float64, error) { return []float64{1}, nil }),
		"l: param w: initializer: value 3 is NaN": graph.InitializerFunc(func(graph.Shape, *rand.Rand) ([]float64, error) {
			return []float64{1, 2, 3, math.NaN()}, nil
		}),
	} {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
		shape := graph.Shape{2, 2}
		if strings.Contains(want, "orthogonal") {
			shape = graph.Shape{4}
		}
		b.Scope("l").Param("w", shape, graph.Weight{Init: init})
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: error %v, want one with %q", init, err, want)
		}
	}
}
