package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Products of matrices within wider ones, with NaN, infinities and zeros among
// their elements, against their definition; what lies between rows stays.
func FuzzGemm(f *testing.F) {
	f.Add(uint64(1), uint16(14), uint16(32), uint16(9), uint8(0), uint8(3))
	f.Add(uint64(2), uint16(97), uint16(65), uint16(300), uint8(5), uint8(0))
	f.Add(uint64(3), uint16(1), uint16(1), uint16(1), uint8(7), uint8(1))
	f.Add(uint64(4), uint16(30), uint16(17), uint16(1100), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint16, flags, gap uint8) {
		fuzzGemm[float32](t, seed, int(m%130), int(n%130), int(k%1300), flags, int(gap%20), 1e-3)
		fuzzGemm[float64](t, seed, int(m%130), int(n%130), int(k%1300), flags, int(gap%20), 1e-11)
	})
}

func fuzzGemm[T Float](t *testing.T, seed uint64, m, n, k int, flags uint8, gap int, tol float64) {
	if m == 0 || n == 0 || k == 0 || m*n*k > 1<<22 {
		return
	}
	r := rand.New(rand.NewPCG(seed, 3))
	transA, transB, beta := flags&1 > 0, flags&2 > 0, T(flags>>2&1)
	matrix := func(rows, cols int) (x []T, ld int) {
		ld = cols + gap
		x = make([]T, rows*ld)
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		if flags&8 > 0 {
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 0} {
				x[r.IntN(len(x))] = T(v)
			}
		}
		return x, ld
	}
	flip := func(rows, cols int, yes bool) ([]T, int) {
		if yes {
			return matrix(cols, rows)
		}
		return matrix(rows, cols)
	}
	a, lda := flip(m, k, transA)
	b, ldb := flip(k, n, transB)
	c, ldc := matrix(m, n)
	want := append([]T(nil), c...)
	for i := range m {
		for j := range n {
			s := 0.0
			for l := range k {
				x, y := i*lda+l, l*ldb+j
				if transA {
					x = l*lda + i
				}
				if transB {
					y = j*ldb + l
				}
				s += float64(a[x]) * float64(b[y])
			}
			if beta != 0 {
				s += float64(c[i*ldc+j])
			}
			want[i*ldc+j] = T(s)
		}
	}
	p := product[T]{transA: transA, transB: transB, m: m, n: n, k: k, lda: lda, ldb: ldb, ldc: ldc, a: a, b: b, c: c}
	if beta != 0 {
		p.start = startC
	}
	p.do()
	if !assembly && flags&8 > 0 {
		return // gonum leaves out products with 0, also those of NaN
	}
	near(t, fmt.Sprintf("%dx%dx%d transposed %v %v, %d apart", m, n, k, transA, transB, gap), c, want, tol)
}
