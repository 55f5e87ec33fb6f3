package graph_test

import (
	"fmt"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
)

// BenchmarkBatchMatMul multiplies stacks of matrices of the sizes of attention:
// scores (64, 32)·(32, 64) and contexts (64, 64)·(64, 32), and all transpositions, as
// the gradients use them.
func BenchmarkBatchMatMul(b *testing.B) {
	for _, s := range []struct{ batch, m, n, k int }{{128, 64, 64, 32}, {32, 64, 32, 64}} {
		for trans := range 4 {
			tx, ty := trans&1 > 0, trans&2 > 0
			b.Run(fmt.Sprintf("%dx%dx%dx%d/%v,%v", s.batch, s.m, s.n, s.k, tx, ty), func(b *testing.B) {
				x, y := []int{s.batch, s.m, s.k}, []int{s.batch, s.k, s.n}
				if tx {
					x[1], x[2] = x[2], x[1]
				}
				if ty {
					y[1], y[2] = y[2], y[1]
				}
				g := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
				p, err := graph.Compile(g, g.BatchMatMul(g.Input("x", x...), g.Input("y", y...), tx, ty))
				if err != nil {
					b.Fatal(err)
				}
				for i, in := range [][]int{x, y} {
					if err := p.SetInput([]string{"x", "y"}[i], graphtest.Logits(uint64(i), in...)); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Run(bg); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*float64(s.batch*s.m*s.n*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
