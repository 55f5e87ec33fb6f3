package kernel

import (
	"fmt"
	"testing"
)

// The sizes are those of the workloads in bench/.
func BenchmarkGemm(b *testing.B) {
	for _, s := range []struct {
		transA, transB bool
		m, n, k        int
	}{
		{false, false, 128, 256, 784}, {true, false, 784, 256, 128}, {false, true, 128, 784, 256}, {false, false, 1024, 1024, 1024},
		{false, false, 64, 128, 3136}, {false, false, 12544, 64, 288}, {true, false, 288, 64, 12544}, {false, false, 32, 16, 30}, {false, false, 1, 16, 30}, {false, false, 32, 1, 8},
		{true, false, 30, 16, 32}, {false, true, 32, 30, 16},
	} {
		x, y, z := random[float32](s.m*s.k, 1), random[float32](s.k*s.n, 2), make([]float32, s.m*s.n)
		b.Run(fmt.Sprintf("%v,%v/%dx%dx%d", s.transA, s.transB, s.m, s.n, s.k), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Gemm(s.transA, s.transB, s.m, s.n, s.k, x, y, 0, z)
			}
			b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// The sizes are those of attention: scores and contexts, and their gradients.
func BenchmarkGemmBatch(b *testing.B) {
	for _, s := range []struct{ count, m, n, k int }{{1, 64, 64, 32}, {128, 64, 64, 32}, {32, 64, 32, 64}, {4096, 8, 8, 8}, {2, 512, 512, 64}} {
		x, y, z := random[float32](s.count*s.m*s.k, 1), random[float32](s.count*s.k*s.n, 2), make([]float32, s.count*s.m*s.n)
		for trans := range 4 {
			b.Run(fmt.Sprintf("%v,%v/%dx%dx%dx%d", trans&1 > 0, trans&2 > 0, s.count, s.m, s.n, s.k), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					GemmBatch(trans&1 > 0, trans&2 > 0, s.count, s.m, s.n, s.k, x, y, z)
				}
				b.ReportMetric(2*float64(s.count*s.m*s.n*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
