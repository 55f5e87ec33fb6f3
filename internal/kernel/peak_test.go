package kernel

import (
	"testing"
	"unsafe"
)

func BenchmarkPeak(b *testing.B) {
	a, bb, c := make([]float32, 6*256), make([]float32, 16*256), make([]float32, 96)
	t := tile{k: 256, rowA: 1024, stepA: 4, stepB: 64, rowC: 64, a: unsafe.Pointer(&a[0]), b: unsafe.Pointer(&bb[0]), c: unsafe.Pointer(&c[0])}
	for b.Loop() {
		runTile[float32](&t, 6)
	}
	b.ReportMetric(2*6*16*256*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
