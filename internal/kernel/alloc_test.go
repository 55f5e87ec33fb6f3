//go:build !race

package kernel

import "testing"

// What kernels are given by pointer stays on the stack: numbers, constants of updates, structs
// and ends of rows. Under the race detector sync.Pool forgets at random, and so allocates.
func TestKernelsDoNotAllocate(t *testing.T) {
	t.Run("float32", kernelsDoNotAllocate[float32])
	t.Run("float64", kernelsDoNotAllocate[float64])
}

func kernelsDoNotAllocate[T Float](t *testing.T) {
	const n = 1000
	x, y, z, g := random[T](n, 1), random[T](n, 2), make([]T, n), random[T](n, 3)
	m, sums := make([]T, 2*20), make([]T, 2*20)
	conv := Conv{N: 1, H: 5, W: 10, C: 20, KH: 1, KW: 2, O: 20, StrideH: 1, StrideW: 2, DilationH: 1, DilationW: 1, Groups: 20}
	lstm := Recurrent{Cell: LSTMCell, N: 2, T: 3, I: 20, H: 20}
	attends := Attention{Batch: 1, Queries: 10, Keys: 10, Heads: 2, KVHeads: 1, Dim: 2, VDim: 2, Scale: 1, Causal: true, BiasBatch: 1, BiasHeads: 1, Rate: 0.1}
	turns := Rotary{Batch: 1, Steps: 10, Heads: 2, Dim: 2, Dims: 2, Base: 10}
	angles, lengths := NewRotaryAngles[T](&turns), []int{10}
	w, s, d := random[T](20*80, 4), make([]T, 6*lstm.Saved()*20), make([]T, 6*lstm.Grads()*20)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"axpy", func() { Axpy(1, x, y) }},
		{"axpb", func() { Axpb(y, 2, x, 1) }},
		{"sums", func() { SumSquares(x) }},
		{"function", func() { Unary(Tanh, 0, y, x) }},
		{"slope", func() { UnaryGrad(Tanh, 0, y, x, g) }},
		{"softmax", func() { Softmax(y, x, 20) }},
		{"dropout", func() { Dropout(y, x, .5, 1) }},
		{"Adam", func() { Adam(&AdamStep[T]{Keep: 1, Epsilon: 1}, x, y, z, g) }},
		{"Root", func() { Root(&RootStep[T]{Keep: 1, Epsilon: 1}, x, z, nil, g) }},
		{"Adam of rows", func() { AdamRows(&AdamStep[T]{Keep: 1, Epsilon: 1}, x, y, z, g, []int{1, 4}, 20) }},
		{"batch norm", func() {
			norm := Norm{N: 20, Epsilon: 1}
			Moments(20, x, m)
			BatchNorm(norm, x, m, nil, nil, y)
			BatchNormSums(norm, x, m, g, sums)
			BatchNormGrad(norm, x, m, nil, g, sums, y)
		}},
		{"pooling", func() { MaxPool(&conv, x, y); MaxPoolGrad(&conv, false, x, y, g, z) }},
		{"depthwise", func() { ConvForward(&conv, x, w[:40], nil, false, y); ConvWeights(&conv, x, g, w[:40]) }},
		{"attention", func() {
			in := AttentionOperands[T]{Q: x, K: y, V: x, Mask: g, Lengths: lengths}
			AttentionForward(&attends, &in, z, w)
			AttentionBackward(&attends, &in, z, w, g, &AttentionGrads[T]{Q: d, K: s, V: sums})
			AttentionBiasGrad(&attends, &in, z, w, g, d)
		}},
		{"rotary", func() { Rotate(&turns, angles, nil, x, z); Rotate(&turns, angles, lengths, x, z) }},
		{"recurrence", func() {
			in := RecurrentOperands[T]{X: x, W: w, U: w}
			RecurrentForward(&lstm, &in, s)
			RecurrentBackward(&lstm, &in, s, g, LastState, d, nil, nil)
			RecurrentKernelGrad(&lstm, x, d, w)
		}},
	} {
		c.run()
		if n := testing.AllocsPerRun(20, c.run); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
