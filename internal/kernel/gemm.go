package kernel

import (
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Gemm computes C = op(A)·op(B) + beta·C, where op transposes its argument if
// asked to; op(A) is m×k, op(B) is k×n and C is m×n. Every matrix is stored
// row by row without gaps. With beta = 0, C may hold anything before.
//
// The summation order of an element of C does not depend on the size of C: rows and
// columns computed separately have the same bits.
func Gemm[T Float](transA, transB bool, m, n, k int, a, b []T, beta T, c []T) {
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		scale(beta, c[:m*n])
		return
	}
	if byBLAS(transA, transB, m, n, k, a, b, beta, c) {
		return
	}
	p := newProduct(transA, transB, m, n, k, a, b, c)
	if !assembly {
		p.inTiles(beta)
		return
	}
	if beta != 0 {
		if beta != 1 {
			scale(beta, c[:m*n])
		}
		p.start = startC
	}
	p.run()
}

// newProduct returns the product of matrices that are stored without gaps.
func newProduct[T Float](transA, transB bool, m, n, k int, a, b, c []T) product[T] {
	p := product[T]{transA: transA, transB: transB, m: m, n: n, k: k, lda: k, ldb: n, ldc: n, a: a, b: b, c: c}
	if transA {
		p.lda = m
	}
	if transB {
		p.ldb = k
	}
	return p
}

// otherBLAS computes the products of float32 matrices if it is set.
var otherBLAS atomic.Pointer[blas.Float32Level3]

// UseBLAS replaces this package's products of dense float32 matrices by those of b; nil
// restores them.
func UseBLAS(b blas.Float32Level3) {
	if b == nil {
		otherBLAS.Store(nil)
		return
	}
	otherBLAS.Store(&b)
}

// byBLAS computes a product with the BLAS of UseBLAS, and reports whether there is one.
func byBLAS[T Float](transA, transB bool, m, n, k int, a, b []T, beta T, c []T) bool {
	p := otherBLAS.Load()
	if p == nil || !single[T]() {
		return false
	}
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	(*p).Sgemm(gonumTranspose(transA), gonumTranspose(transB), m, n, k, 1, any(a).([]float32), lda, any(b).([]float32), ldb, float32(beta), any(c).([]float32), n)
	return true
}

// do computes the product of possibly strided matrices; C is overwritten or added to. Bias, ReLU and a packed B need assembly.
func (p product[T]) do() {
	if assembly {
		p.run()
	} else {
		p.byGonum(p.beta())
	}
}

// doAlone is do without helpers.
func (p product[T]) doAlone() {
	if assembly {
		p.compute()
	} else {
		p.byGonum(p.beta())
	}
}

// beta is what C is multiplied by before the product is added.
func (p *product[T]) beta() T {
	if p.start == startC {
		return 1
	}
	return 0
}

// GemmBias computes C = A·B + bias, with the bias added to every row; with relu, it clips
// the result at 0. A is m×k, B is k×n and C is m×n.
func GemmBias[T Float](m, n, k int, a, b, bias []T, relu bool, c []T) {
	if !assembly || m == 0 || n == 0 || k == 0 || single[T]() && otherBLAS.Load() != nil {
		Gemm(false, false, m, n, k, a, b, 0, c)
		AddRows(c[:m*n], bias)
		if relu {
			Unary(Relu, 0, c[:m*n], c[:m*n])
		}
		return
	}
	p := product[T]{m: m, n: n, k: k, lda: k, ldb: n, ldc: n, a: a, b: b, c: c, bias: bias, start: startBias, relu: relu}
	p.run()
}

// Tiles of C are small enough for gonum to compute each of them in the
// caller's goroutine: its parallel path allocates at every call.
const (
	portableRows = 192
	portableCols = 64
)

// inTiles computes op(A)·op(B) + beta·C with gonum, in tiles.
func (p *product[T]) inTiles(beta T) {
	for i := 0; i < p.m; i += portableRows {
		t := *p
		t.m = min(portableRows, p.m-i)
		if p.transA {
			t.a = p.a[i:]
		} else {
			t.a = p.a[i*p.lda:]
		}
		for j := 0; j < p.n; j += portableCols {
			t.n = min(portableCols, p.n-j)
			if p.transB {
				t.b = p.b[j*p.ldb:]
			} else {
				t.b = p.b[j:]
			}
			t.c = p.c[i*p.ldc+j:]
			t.byGonum(beta)
		}
	}
}

// byGonum computes op(A)·op(B) + beta·C with gonum, at once.
func (p *product[T]) byGonum(beta T) {
	var g gonum.Implementation
	transA, transB := gonumTranspose(p.transA), gonumTranspose(p.transB)
	switch a := any(p.a).(type) {
	case []float32:
		g.Sgemm(transA, transB, p.m, p.n, p.k, 1, a, p.lda, any(p.b).([]float32), p.ldb, float32(beta), any(p.c).([]float32), p.ldc)
	case []float64:
		g.Dgemm(transA, transB, p.m, p.n, p.k, 1, a, p.lda, any(p.b).([]float64), p.ldb, float64(beta), any(p.c).([]float64), p.ldc)
	}
}

func gonumTranspose(yes bool) blas.Transpose {
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
