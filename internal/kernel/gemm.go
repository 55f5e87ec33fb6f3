package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Tiles of C are small enough for gonum to compute each of them in the
// caller's goroutine: its parallel path allocates at every call.
const (
	tileRows = 192
	tileCols = 64
)

// Gemm computes C = op(A)·op(B) + beta·C, where op transposes its argument if
// asked to; op(A) is m×k, op(B) is k×n and C is m×n. Every matrix is stored
// row by row without gaps. With beta = 0, C may hold anything before.
func Gemm[T Float](transA, transB bool, m, n, k int, a, b []T, beta T, c []T) {
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		scale(beta, c[:m*n])
		return
	}
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	for i := 0; i < m; i += tileRows {
		rows := min(tileRows, m-i)
		at := i * lda
		if transA {
			at = i
		}
		for j := 0; j < n; j += tileCols {
			cols := min(tileCols, n-j)
			bt := j
			if transB {
				bt = j * ldb
			}
			gemmTile(transA, transB, rows, cols, k, a[at:], lda, b[bt:], ldb, beta, c[i*n+j:], n)
		}
	}
}

func gemmTile[T Float](transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	var g gonum.Implementation
	switch a := any(a).(type) {
	case []float32:
		g.Sgemm(transpose(transA), transpose(transB), m, n, k, 1, a, lda, any(b).([]float32), ldb, float32(beta), any(c).([]float32), ldc)
	case []float64:
		g.Dgemm(transpose(transA), transpose(transB), m, n, k, 1, a, lda, any(b).([]float64), ldb, float64(beta), any(c).([]float64), ldc)
	}
}

func transpose(yes bool) blas.Transpose {
	if yes {
		return blas.Trans
	}
	return blas.NoTrans
}

func scale[T Float](alpha T, x []T) {
	if alpha == 0 {
		clear(x)
		return
	}
	for i := range x {
		x[i] *= alpha
	}
}
