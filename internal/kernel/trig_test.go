package kernel

import "testing"

func BenchmarkCos(b *testing.B) {
	x, y := make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = float32(i)/100 - 20
	}
	b.SetBytes(4 * int64(len(x)))
	for b.Loop() {
		unary(Cos, 0, y, x)
	}
}
