package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// recurrentPass is everything that a recurrence computes, in one list.
func recurrentPass[T Float](r *Recurrent, in recurrentOperands, last bool) map[string][]T {
	h, gates := r.H, r.Gates()*r.H
	of := func(v []float64) []T {
		if v == nil {
			return nil
		}
		y := make([]T, len(v))
		for i, x := range v {
			y[i] = T(x)
		}
		return y
	}
	x, w, u, c0 := of(in.x), of(in.w), of(in.u), of(in.c0)
	out := map[string][]T{}
	add := func(name string, n int) []T {
		out[name] = make([]T, n)
		return out[name]
	}
	s := make([]T, r.N*r.T*r.Saved()*h)
	operands := &RecurrentOperands[T]{X: x, W: w, U: u, Bias: of(in.bias), Other: of(in.other), H0: of(in.h0), C0: c0, Lengths: in.lengths}
	RecurrentForward(r, operands, s)
	length, result := r.N*r.T*h, AllStates
	if last {
		length, result = r.N*h, LastState
	}
	RecurrentStates(r, s, in.lengths, result, add("y", length))
	RecurrentInfer(r, operands, last, add("inference", length))
	d := add("d", r.N*r.T*r.Grads()*h)
	RecurrentBackward(r, operands, s, of(in.g[:length]), result, d, add("dh0", r.N*h), add("dc0", r.N*h))
	RecurrentInputGrad(r, d, w, add("dx", len(x)))
	RecurrentKernelGrad(r, x, d, add("dw", len(w)))
	RecurrentStateKernelGrad(r, s, d, add("du", len(u)))
	RecurrentBiasGrad(r, d, add("db", gates))
	if r.Cell == GRUCell {
		RecurrentOtherBiasGrad(r, d, add("dq", h))
	}
	return out
}

type recurrentOperands struct {
	x, w, u, bias, other, h0, c0, g []float64
	lengths                         []int
}

func recurrentCase(r *rand.Rand, k *Recurrent) recurrentOperands {
	gates := k.Gates() * k.H
	in := recurrentOperands{x: uniform[float64](r, k.N*k.T*k.I), w: uniform[float64](r, k.I*gates), u: uniform[float64](r, k.H*gates), g: uniform[float64](r, k.N*k.T*k.H)}
	for i := range in.u { // keep the states from growing over the steps
		in.u[i] /= float64(k.H)
	}
	if r.IntN(3) > 0 {
		in.bias = uniform[float64](r, gates)
		if k.Cell == GRUCell {
			in.other = uniform[float64](r, k.H)
		}
	}
	if r.IntN(2) == 0 {
		in.h0 = uniform[float64](r, k.N*k.H)
		if k.Cell == LSTMCell {
			in.c0 = uniform[float64](r, k.N*k.H)
		}
	}
	if r.IntN(2) == 0 {
		in.lengths = make([]int, k.N)
		for i := range in.lengths {
			in.lengths[i] = r.IntN(k.T + 1)
		}
	}
	return in
}

// The double precision that layers are held to PyTorch with is the reference of
// single precision, which has other code.
func TestRecurrentPrecisions(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for i := range 120 {
		k := &Recurrent{Cell: Cell(i % 4), N: 1 + r.IntN(30), T: 1 + r.IntN(6), I: 1 + r.IntN(20), H: 1 + r.IntN(40)}
		in, last := recurrentCase(r, k), r.IntN(2) == 0
		want := recurrentPass[float64](k, in, last)
		for name, v := range recurrentPass[float32](k, in, last) {
			closeTo(t, fmt.Sprintf("%+v last %v: %s", *k, last, name), v, want[name], 2e-4)
		}
	}
}

// An inference has the numbers of a training; to the bit where products do not
// depend on the number of rows.
func TestRecurrentInfer(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testRecurrentInfer[float32](t, 1e-5) })
	t.Run("float64", func(t *testing.T) { testRecurrentInfer[float64](t, 1e-13) })
}

func testRecurrentInfer[T Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(7, 4))
	for i := range 120 {
		k := &Recurrent{Cell: Cell(i % 4), N: 1 + r.IntN(130), T: 1 + r.IntN(6), I: 1 + r.IntN(20), H: 1 + r.IntN(40)}
		last := r.IntN(2) == 0
		pass := recurrentPass[T](k, recurrentCase(r, k), last)
		want := make([]float64, len(pass["y"]))
		for j, v := range pass["y"] {
			want[j] = float64(v)
		}
		if assembly {
			tolerance = 0
		}
		closeTo(t, fmt.Sprintf("%+v last %v", *k, last), pass["inference"], want, tolerance)
	}
}

func TestRecurrentWorkers(t *testing.T) {
	defer SetThreads(Threads())
	r := rand.New(rand.NewPCG(7, 2))
	for _, cell := range []Cell{TanhCell, ReluCell, LSTMCell, GRUCell} {
		k := &Recurrent{Cell: cell, N: 67, T: 9, I: 28, H: 128}
		in := recurrentCase(r, k)
		SetThreads(1)
		want := recurrentPass[float32](k, in, false)
		for _, n := range []int{2, 4} {
			SetThreads(n)
			for name, v := range recurrentPass[float32](k, in, false) {
				sameBits(t, fmt.Sprintf("%+v, %d threads: %s", *k, n, name), v, want[name])
			}
		}
	}
}

func TestReverse(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	y := make([]float64, 12)
	Reverse(2, 3, 2, x, []int{2, 3}, y)
	closeTo(t, "of lengths", y, []float64{3, 4, 1, 2, 5, 6, 11, 12, 9, 10, 7, 8}, 0)
	Reverse(2, 3, 2, x, nil, y)
	closeTo(t, "of all steps", y, []float64{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8}, 0)
}

func BenchmarkLSTM(b *testing.B) {
	k := &Recurrent{Cell: LSTMCell, N: 64, T: 28, I: 28, H: 128}
	r := rand.New(rand.NewPCG(7, 3))
	gates := 4 * k.H
	x, w, u := uniform[float32](r, k.N*k.T*k.I), uniform[float32](r, k.I*gates), uniform[float32](r, k.H*gates)
	in := &RecurrentOperands[float32]{X: x, W: w, U: u}
	s, g, d := make([]float32, k.N*k.T*8*k.H), uniform[float32](r, k.N*k.H), make([]float32, k.N*k.T*gates)
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			RecurrentForward(k, in, s)
		}
		b.ReportMetric(float64(k.FLOP())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
	})
	b.Run("backward", func(b *testing.B) {
		for b.Loop() {
			RecurrentBackward(k, in, s, g, LastState, d, nil, nil)
		}
		b.ReportMetric(float64(2*k.N*k.T*k.H*gates)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
	})
	du, dw := make([]float32, len(u)), make([]float32, len(w))
	b.Run("weights", func(b *testing.B) {
		for b.Loop() {
			RecurrentStateKernelGrad(k, s, d, du)
			RecurrentKernelGrad(k, x, d, dw)
		}
		b.ReportMetric(float64(k.FLOP())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
	})
}
