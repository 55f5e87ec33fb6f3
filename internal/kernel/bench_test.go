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

// benchmark times f for float32 arrays of every size.
func benchmark(b *testing.B, name string, sizes []int, f func(n int) func()) {
	for _, n := range sizes {
		run := f(n)
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

var benchSizes = []int{16, 1024, 1 << 18}

func BenchmarkUnary(b *testing.B) {
	for _, fn := range []UnaryFn{Relu, Tanh, Exp} {
		benchmark(b, fn.String(), benchSizes, func(n int) func() {
			x, y := random[float32](n, 1), make([]float32, n)
			return func() { Unary(fn, 0, y, x) }
		})
		benchmark(b, fn.String()+"Grad", benchSizes, func(n int) func() {
			v, g, y := random[float32](n, 1), random[float32](n, 2), make([]float32, n)
			return func() { UnaryGrad(fn, 0, y, v, g) }
		})
	}
}

func BenchmarkVector(b *testing.B) {
	benchmark(b, "Axpy", benchSizes, func(n int) func() {
		x, y := random[float32](n, 1), random[float32](n, 2)
		return func() { Axpy(1e-9, x, y) }
	})
	benchmark(b, "AddTo", benchSizes, func(n int) func() {
		x, y := make([]float32, n), random[float32](n, 2)
		return func() { AddTo(y, x) }
	})
	benchmark(b, "SumSquares", benchSizes, func(n int) func() {
		x := random[float32](n, 1)
		return func() { SumSquares(x) }
	})
	benchmark(b, "Dropout", benchSizes, func(n int) func() {
		x, y := random[float32](n, 1), make([]float32, n)
		return func() { Dropout(y, x, .5, 7) }
	})
}

func BenchmarkSoftmax(b *testing.B) {
	for _, width := range []int{10, 1000} {
		benchmark(b, fmt.Sprint(width), []int{1, 1024}, func(rows int) func() {
			x, y := random[float32](rows*width, 1), make([]float32, rows*width)
			return func() { Softmax(y, x, width) }
		})
	}
}

func BenchmarkNorm(b *testing.B) {
	const width = 64
	benchmark(b, "Batch", []int{4, 4096}, func(rows int) func() {
		x, y, m := random[float32](rows*width, 1), make([]float32, rows*width), make([]float32, 2*width)
		return func() {
			Moments(width, x, m)
			BatchNorm(Norm{N: width, Epsilon: 1e-3}, x, m, nil, nil, y)
		}
	})
	benchmark(b, "BatchGrad", []int{4, 4096}, func(rows int) func() {
		x, g, y := random[float32](rows*width, 1), random[float32](rows*width, 2), make([]float32, rows*width)
		m, s := make([]float32, 2*width), make([]float32, 2*width)
		Moments(width, x, m)
		norm := Norm{N: width, Epsilon: 1e-3}
		return func() {
			BatchNormSums(norm, x, m, g, s)
			BatchNormGrad(norm, x, m, nil, g, s, y)
		}
	})
	benchmark(b, "Layer", []int{4, 4096}, func(rows int) func() {
		x, y := random[float32](rows*width, 1), make([]float32, rows*width)
		return func() { LayerNorm(Norm{N: width, Epsilon: 1e-3}, x, nil, nil, y) }
	})
}

func BenchmarkRecurrent(b *testing.B) {
	for _, cell := range []struct {
		name string
		cell Cell
	}{{"LSTM", LSTMCell}, {"GRU", GRUCell}} {
		benchmark(b, cell.name, []int{8, 128}, func(h int) func() {
			r := &Recurrent{Cell: cell.cell, N: 8, T: 8, I: h, H: h}
			gates := r.Gates() * h
			x, w, u := random[float32](r.N*r.T*h, 1), random[float32](h*gates, 2), random[float32](h*gates, 3)
			s, d, g := make([]float32, r.N*r.T*r.Saved()*h), make([]float32, r.N*r.T*r.Grads()*h), random[float32](r.N*h, 4)
			return func() {
				in := RecurrentOperands[float32]{X: x, W: w, U: u}
				RecurrentForward(r, &in, s)
				RecurrentBackward(r, &in, s, g, LastState, d, nil, nil)
			}
		})
	}
}

func BenchmarkUpdates(b *testing.B) {
	benchmark(b, "Adam", benchSizes, func(n int) func() {
		w, m, v, g := random[float32](n, 1), make([]float32, n), make([]float32, n), random[float32](n, 2)
		return func() {
			s := AdamStep[float32]{Beta1: .9, Rest1: .1, Beta2: .999, Rest2: .001, Epsilon: 1e-7, Keep: 1, Size: 1e-9, Root: 1}
			Adam(&s, w, m, v, g)
		}
	})
	benchmark(b, "Momentum", benchSizes, func(n int) func() {
		w, v, g := random[float32](n, 1), make([]float32, n), random[float32](n, 2)
		return func() {
			s := MomentumStep[float32]{Momentum: .9, Rate: 1e-9, Velocity: 1}
			Momentum(&s, w, v, g)
		}
	})
}

func BenchmarkPooling(b *testing.B) {
	benchmark(b, "Max", []int{4, 28}, func(side int) func() {
		c := &Conv{N: 4, H: side, W: side, C: 16, KH: 2, KW: 2, O: 16, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Groups: 1}
		x, y := random[float32](4*side*side*16, 1), make([]float32, 4*side*side*4)
		return func() { MaxPool(c, x, y) }
	})
}
