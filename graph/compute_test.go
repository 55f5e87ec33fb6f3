package graph_test

import (
	"context"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// counting is gonum's BLAS, which counts.
type counting struct {
	gonum.Implementation
	calls int
}

func (c *counting) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, d []float32, ldc int) {
	c.calls++
	c.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, d, ldc)
}

func TestUseBLAS(t *testing.T) {
	run := func() (loss float64, grads [][]float32) {
		b := graph.New(graph.NewParams(graph.Float32, 3), graph.Train)
		x := b.RandomNormal(20, 30)
		w := b.Param("w", graph.Shape{30, 40}, graph.Weight{})
		v := b.Param("v", graph.Shape{40, 5}, graph.Weight{})
		bias := b.Param("bias", graph.Shape{40}, graph.Weight{Init: graph.Ones{}})
		y := b.Mean(b.Square(b.MatMul(b.Dense(x, w, bias, graph.Relu), v)))
		g := b.Gradients(y, w, v, bias)
		p, err := graph.Compile(b, append(g, y)...)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		for _, n := range g {
			grads = append(grads, p.Floats32(n))
		}
		return p.Float(y), grads
	}
	loss, grads := run()
	other := &counting{}
	graph.UseBLAS(other)
	otherLoss, otherGrads := run()
	graph.UseBLAS(nil)
	if other.calls != 5 {
		t.Errorf("the other BLAS was called %d times, want 5", other.calls)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-5*math.Max(1, math.Abs(b)) }
	if !near(loss, otherLoss) {
		t.Errorf("loss %v, by the other BLAS %v", loss, otherLoss)
	}
	for i, g := range grads {
		for k, v := range g {
			if !near(float64(v), float64(otherGrads[i][k])) {
				t.Fatalf("gradient %d: element %d is %v, by the other BLAS %v", i, k, v, otherGrads[i][k])
			}
		}
	}
	if again, _ := run(); again != loss || other.calls != 5 {
		t.Error("the other BLAS is still in use")
	}
}
