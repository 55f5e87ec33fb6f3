package kernel

import (
	"fmt"
	"testing"
)

// TestGemmBatch compares with a plain triple loop, on both sides of every tile, and
// with Gemm to the last bit.
func TestGemmBatch(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testGemmBatch[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { testGemmBatch[float64](t, 1e-12) })
}

func testGemmBatch[T Float](t *testing.T, tol float64) {
	defer SetThreads(Threads())
	SetThreads(2)
	sizes := [][4]int{
		{200, 64, 64, 32}, // several products a part, shared
		{3, 150, 130, 60}, // pieces of rows
		{2, 90, 200, 80},  // pieces of columns
		{2, 20, 17, 1100}, // sums in groups, if A is transposed
		{3, 4, 1100, 330}, // several blocks
		{0, 3, 3, 3},      // nothing
		{2, 3, 4, 0},      // sums of nothing
		{4000, 2, 3, 5},   // many and small
	}
	odd := []int{1, 3, 15, 16, 17, 33}
	for _, m := range odd {
		for _, n := range odd {
			for _, k := range odd {
				sizes = append(sizes, [4]int{1 + (m+n+k)%3, m, n, k})
			}
		}
	}
	const beyond = 5
	for _, s := range sizes {
		count, m, n, k := s[0], s[1], s[2], s[3]
		a, b := random[T](count*m*k, 1), random[T](count*k*n, 2)
		for trans := range 4 {
			transA, transB := trans&1 > 0, trans&2 > 0
			c := random[T](count*m*n+beyond, 3) // C may hold anything before
			end := append([]T(nil), c[count*m*n:]...)
			GemmBatch(transA, transB, count, m, n, k, a, b, c[:count*m*n])
			for i := range count {
				what := fmt.Sprintf("%v, transposed %02b, product %d", s, trans, i)
				ai, bi, ci := a[i*m*k:(i+1)*m*k], b[i*k*n:(i+1)*k*n], c[i*m*n:(i+1)*m*n]
				near(t, what, ci, naiveGemm(transA, transB, m, n, k, ai, bi, 0, ci), tol)
				alone := make([]T, m*n)
				Gemm(transA, transB, m, n, k, ai, bi, 0, alone)
				near(t, what+", beside Gemm", ci, alone, 0)
			}
			near(t, fmt.Sprint(s, ", what follows C"), c[count*m*n:], end, 0)
		}
	}
}
