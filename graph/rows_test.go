package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/tensor"
)

// TestRowGradient compares the rows with the dense gradient.
func TestRowGradient(t *testing.T) {
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		for _, c := range []struct{ table, index []int }{
			{[]int{5, 3}, []int{4}}, {[]int{5, 3}, []int{2, 3}}, {[]int{1, 1}, []int{1}}, {[]int{4000, 2, 3}, []int{700}},
			{[]int{1 << 16}, []int{900}}, {[]int{30, 4}, []int{}}, {[]int{300, 70}, []int{40, 50}},
		} {
			b := graph.New(graph.NewParams(dt, 1), graph.Train)
			w := b.Param("w", c.table, graph.Weight{Init: graph.Uniform{Low: -1, High: 1}})
			loss := b.Sum(b.Sin(b.Gather(w, b.InputInt("index", c.index...))))
			g := b.Gradients(loss, w)[0]
			rows, values := b.RowGradient(g)
			p, err := graph.Compile(b, g, rows, values)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(3) {
				if err := p.SetInput("index", graphtest.Ints(seed, c.table[0], c.index...)); err != nil {
					t.Fatal(err)
				}
				if err := p.Run(bg); err != nil {
					t.Fatal(err)
				}
				checkRows(t, fmt.Sprint(dt, c), p.Tensor(g), p.Tensor(rows), p.Tensor(values))
			}
		}
	}
}

// checkRows puts rows into zeros and compares.
func checkRows(t *testing.T, name string, g, rows, values *tensor.Dense) {
	t.Helper()
	float := func(x *tensor.Dense, i int) float64 {
		if d, ok := x.Data().([]float32); ok {
			return float64(d[i])
		}
		return x.Data().([]float64)[i]
	}
	list := rows.Data().([]int)
	if n := slices.Index(list, -1); n >= 0 {
		list = list[:n]
	}
	width := g.Size() / g.Shape()[0]
	if !slices.Equal(values.Shape()[1:], g.Shape()[1:]) || values.Shape()[0] != rows.Shape()[0] || !slices.IsSorted(list) {
		t.Errorf("%s: rows %v %v, values %v, dense %v", name, rows.Shape(), list, values.Shape(), g.Shape())
		return
	}
	put := make([]float64, g.Size())
	for i, r := range list {
		for k := range width {
			put[r*width+k] += float(values, i*width+k)
		}
	}
	for i, v := range put {
		if v != float(g, i) {
			t.Errorf("%s: element %d is %v by rows, %v in the dense gradient", name, i, v, float(g, i))
			return
		}
	}
}

// TestNoRowGradient: a value that is used elsewhere, too, has a dense gradient.
func TestNoRowGradient(t *testing.T) {
	for name, loss := range map[string]func(b *graph.Builder, w, i, j *node) *node{
		"looked up twice": func(b *graph.Builder, w, i, j *node) *node {
			return b.Add(b.Sum(b.Gather(w, i)), b.Sum(b.Gather(w, j)))
		},
		"as output weights": func(b *graph.Builder, w, i, _ *node) *node {
			return b.Sum(b.MatMulTransposed(b.Gather(w, i), w, false, true))
		},
		"penalty":        func(b *graph.Builder, w, i, _ *node) *node { return b.Add(b.Sum(b.Gather(w, i)), b.Sum(b.Square(w))) },
		"changed before": func(b *graph.Builder, w, i, _ *node) *node { return b.Sum(b.Gather(b.Tanh(w), i)) },
		"no lookup":      func(b *graph.Builder, w, _, _ *node) *node { return b.Sum(b.Square(w)) },
	} {
		b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
		w := b.Param("w", graph.Shape{6, 3}, graph.Weight{})
		g := b.Gradients(loss(b, w, b.InputInt("i", 4), b.InputInt("j", 4)), w)
		if rows, values := b.RowGradient(g[0]); rows != nil || values != nil || b.Err() != nil {
			t.Errorf("%s: rows %v, values %v, error %v", name, rows, values, b.Err())
		}
	}
	// The same index twice is one lookup.
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	w, i := b.Param("w", graph.Shape{6, 3}, graph.Weight{}), b.InputInt("i", 4)
	g := b.Gradients(b.Sum(b.Mul(b.Gather(w, i), b.Gather(w, i))), w)
	if rows, _ := b.RowGradient(g[0]); rows == nil {
		t.Error("one lookup used twice has no rows")
	}
}
