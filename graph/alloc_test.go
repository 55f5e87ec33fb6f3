//go:build !race

package graph_test

import (
	"context"
	"testing"

	"github.com/seed732fc211/aegis/graph"
)

// Under the race detector sync.Pool forgets at random, and so allocates.
func TestStepDoesNotAllocate(t *testing.T) {
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		_, p, _ := classifier(t, dt, 32)
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		if n := testing.AllocsPerRun(100, func() {
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations a step", dt, n)
		}
	}
}

func TestBatchedProductsDoNotAllocate(t *testing.T) {
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		b := graph.New(graph.NewParams(dt, 1), graph.Train)
		x, y := b.Param("x", graph.Shape{40, 64, 32}, graph.Weight{}), b.Param("y", graph.Shape{40, 64, 32}, graph.Weight{})
		p, err := graph.Compile(b, b.Gradients(b.Mean(b.Square(b.BatchMatMul(x, y, false, true))), x, y)...)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(50, func() {
			if err := p.Run(bg); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations a step", dt, n)
		}
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	w := b.Param("w", graph.Shape{3000, 40}, graph.Weight{})
	g := b.Gradients(b.Sum(b.Square(b.Mean(b.Gather(w, b.InputInt("index", 40, 50)), 1))), w)
	rows, values := b.RowGradient(g[0])
	p, err := graph.Compile(b, rows, values)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(50, func() {
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestChoicesDoNotAllocate(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	x, i := b.Input("x", 8, 33), b.InputInt("i", 8, 33)
	best := b.Reshape(b.ArgMax(x), 8, 1)
	moved := b.Transpose(b.Concat(0, b.Slice(i, 0, 1, 3), b.Broadcast(b.ConstInt(3), 2, 33)))
	chosen := b.Where(b.Or(b.Equal(i, best), b.Not(b.Less(x, b.Const(0)))), x, b.Cast(i, graph.Float32))
	taken := b.TakeAlongAxis(b.Add(x, chosen), best, 1)
	whole := b.Where(b.NotEqual(b.Gather(i, b.Reshape(best, 8)), b.ConstInt(2)), b.Cast(x, graph.Int), i)
	p, err := graph.Compile(b, append(b.Gradients(b.Sum(taken), x), moved, whole)...)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
