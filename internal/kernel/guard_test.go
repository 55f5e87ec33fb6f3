//go:build linux

package kernel

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guard gives arrays that end, or begin, where the next byte belongs to a page
// that nobody may touch: an access outside of them is a fault, which fails the
// test by its panic.
type guard struct {
	t     *testing.T
	r     *rand.Rand
	front bool
	pages [][]byte
}

func (g *guard) close() {
	for _, p := range g.pages {
		if err := unix.Munmap(p); err != nil {
			g.t.Error(err)
		}
	}
	g.pages = nil
}

// guarded returns n random numbers between pages.
func guarded[T Float](g *guard, n int) []T {
	page := unix.Getpagesize()
	var z T
	bytes := n * int(unsafe.Sizeof(z))
	size := (bytes + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		g.t.Fatal(err)
	}
	g.pages = append(g.pages, m)
	for _, edge := range [][]byte{m[:page], m[page+size:]} {
		if err := unix.Mprotect(edge, unix.PROT_NONE); err != nil {
			g.t.Fatal(err)
		}
	}
	at := page
	if !g.front {
		at += size - bytes
	}
	if n == 0 {
		return nil
	}
	x := unsafe.Slice((*T)(unsafe.Pointer(&m[at])), n)
	for i := range x {
		x[i] = T(g.r.Float64()*2 - 1)
	}
	return x
}

// guardedRun calls f with arrays that end at a page, then with such that begin there.
func guardedRun(t *testing.T, f func(g *guard)) {
	defer SetThreads(Threads())
	SetThreads(1) // a fault in another goroutine would end the process
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	r := rand.New(rand.NewPCG(11, 12))
	for _, front := range []bool{false, true} {
		g := &guard{t: t, r: r, front: front}
		f(g)
		g.close()
	}
}

func TestGuardItself(t *testing.T) {
	guardedRun(t, func(g *guard) {
		x := guarded[float32](g, 10)
		defer func() {
			if recover() == nil {
				t.Error("an access outside of an array goes unseen")
			}
		}()
		at := unsafe.Add(unsafe.Pointer(&x[0]), 4*len(x))
		if g.front {
			at = unsafe.Add(unsafe.Pointer(&x[0]), -4)
		}
		*(*float32)(at) = 1
	})
}

func TestGemmInBounds(t *testing.T) {
	t.Run("float32", func(t *testing.T) { gemmInBounds[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { gemmInBounds[float64](t, 1e-12) })
}

func gemmInBounds[T Float](t *testing.T, tol float64) {
	guardedRun(t, func(g *guard) {
		for range 150 {
			m, n, k := 1+g.r.IntN(60), 1+g.r.IntN(80), 1+g.r.IntN(40)
			if g.r.IntN(10) == 0 {
				k = 1024 + g.r.IntN(40)
			}
			transA, transB, beta := g.r.IntN(2) == 0, g.r.IntN(2) == 0, T(g.r.IntN(2))
			name := fmt.Sprintf("%v,%v %dx%dx%d + %v·C", transA, transB, m, n, k, beta)
			a, b, c, bias := guarded[T](g, m*k), guarded[T](g, k*n), guarded[T](g, m*n), guarded[T](g, n)
			want := naiveGemm(transA, transB, m, n, k, a, b, beta, c)
			Gemm(transA, transB, m, n, k, a, b, beta, c)
			near(t, name, c, want, tol)
			for i := range want {
				want[i] = bias[i%n]
			}
			want = naiveGemm(false, false, m, n, k, a, b, 1, want)
			GemmBias(m, n, k, a, b, bias, false, c)
			near(t, name+" with bias", c, want, tol)
			g.close()
		}
	})
}

func TestVectorsInBounds(t *testing.T) {
	t.Run("float32", vectorsInBounds[float32])
	t.Run("float64", vectorsInBounds[float64])
}

func vectorsInBounds[T Float](t *testing.T) {
	guardedRun(t, func(g *guard) {
		for n := 1; n < 70; n++ {
			x, y, z, w := guarded[T](g, n), guarded[T](g, n), guarded[T](g, n), guarded[T](g, n)
			for fn := range unaryCount {
				Unary(fn, 1, x, y)
				UnaryGrad(fn, 1, x, y, z)
			}
			AddTo(x, y)
			mulVV(x, y, z)
			Axpy(0.5, x, y)
			Adam(&AdamStep[T]{0.9, 0.1, 0.99, 0.01, 1e-8, 0, 1, 0.1, 0, 1}, x, y, z, w)
			Root(&RootStep[T]{0, 0.9, 0.1, 1e-8, 0.1, 0.9}, x, y, z, w)
			Root(&RootStep[T]{0, 1, 1, 1e-8, 0.1, 0}, x, y, nil, w)
			Lion(&LionStep[T]{0.9, 0.1, 0.99, 0.01, 1, 0.1}, x, y, z)
			Descent(&DescentStep[T]{0.9, 0.1}, x, y)
			Momentum(&MomentumStep[T]{0.9, 0, 0.1, 0, 1}, x, y, z)
			SumSquares(x)
			Dropout(x, y, 0.5, 3)
			rows := 1 + g.r.IntN(9)
			sumRows(guarded[T](g, n), guarded[T](g, rows*n), rows)
			a, b := guarded[T](g, rows*n), guarded[T](g, rows*n)
			m, sums := guarded[T](g, 2*n), guarded[T](g, 2*n)
			norm := Norm{N: n, Epsilon: 1}
			Moments(n, a, m)
			BatchNorm(norm, a, m, y, z, b)
			BatchNormSums(norm, a, m, b, sums)
			BatchNormGrad(norm, a, m, y, b, sums, a)
			LayerNorm(norm, a, y, z, b)
			LayerNormGrad(norm, a, y, b, a)
			LayerNormSums(norm, a, b, sums)
			subVV(x, y, z)
			divVV(x, y, z)
			Axpb(x, 2, y, 1)
			dot(x, y)
			sum(x)
			Softmax(x, y, n)
			SoftmaxGrad(x, y, z, n)
			LogSoftmax(x, y, n)
			g.close()
		}
	})
}

func TestConvInBounds(t *testing.T) {
	t.Run("float32", convInBounds[float32])
	t.Run("float64", convInBounds[float64])
}

func convInBounds[T Float](t *testing.T) {
	guardedRun(t, func(g *guard) {
		for _, c := range convs(g.r) {
			x, w := guarded[T](g, c.N*c.H*c.W*c.C), guarded[T](g, c.KH*c.KW*c.C/c.Groups*c.O)
			y, bias := guarded[T](g, c.N*c.OutH()*c.OutW()*c.O), guarded[T](g, c.O)
			ConvForward(&c, x, w, bias, true, y)
			ConvInput(&c, y, w, x)
			ConvWeights(&c, x, y, w)
			c.O, c.Groups = c.C, c.C
			c.Top, c.Bottom, c.Left, c.Right = 0, 0, 0, 0
			if c.OutH() > 0 && c.OutW() > 0 {
				y, dy := guarded[T](g, c.N*c.OutH()*c.OutW()*c.C), guarded[T](g, c.N*c.OutH()*c.OutW()*c.C)
				dx := guarded[T](g, len(x))
				MaxPool(&c, x, y)
				MaxPoolGrad(&c, g.front, x, y, dy, dx)
				AveragePool(&c, x, y)
				AveragePoolGrad(&c, dy, dx)
			}
			g.close()
		}
	})
}

func TestRecurrentInBounds(t *testing.T) {
	t.Run("float32", recurrentInBounds[float32])
	t.Run("float64", recurrentInBounds[float64])
}

func recurrentInBounds[T Float](t *testing.T) {
	guardedRun(t, func(g *guard) {
		for i := range 60 {
			k := &Recurrent{Cell: Cell(i % 4), N: 1 + g.r.IntN(8), T: 1 + g.r.IntN(4), I: 1 + g.r.IntN(20), H: 1 + g.r.IntN(40)}
			gates := k.Gates() * k.H
			x, w, u, bias := guarded[T](g, k.N*k.T*k.I), guarded[T](g, k.I*gates), guarded[T](g, k.H*gates), guarded[T](g, gates)
			s, d := guarded[T](g, k.N*k.T*k.Saved()*k.H), guarded[T](g, k.N*k.T*k.Grads()*k.H)
			h0, c0, other := guarded[T](g, k.N*k.H), guarded[T](g, k.N*k.H), guarded[T](g, k.H)
			if k.Cell != GRUCell {
				other = nil
			}
			in := &RecurrentOperands[T]{X: x, W: w, U: u, Bias: bias, Other: other, H0: h0, C0: c0}
			RecurrentForward(k, in, s)
			RecurrentInfer(k, in, i/4%2 == 0, guarded[T](g, k.N*[]int{1, k.T}[i/4%2]*k.H))
			RecurrentBackward(k, in, s, guarded[T](g, k.N*k.H), LastState, d, h0, c0)
			RecurrentInputGrad(k, d, w, x)
			RecurrentKernelGrad(k, x, d, w)
			RecurrentStateKernelGrad(k, s, d, u)
			RecurrentBiasGrad(k, d, bias)
			g.close()
		}
	})
}

// TestAttentionInBounds: passes over attentions and rotations touch no more than their
// operands.
func TestAttentionInBounds(t *testing.T) {
	t.Run("float32", attentionInBounds[float32])
	t.Run("float64", attentionInBounds[float64])
}

func attentionInBounds[T Float](t *testing.T) {
	guardedRun(t, func(g *guard) {
		some := func(most int) int { return 1 + g.r.IntN(most) }
		for range 60 {
			kv := some(2)
			a := Attention{
				Batch: some(2), Queries: some(90), Keys: some(180), Heads: kv * some(2), KVHeads: kv, Dim: some(40), VDim: some(40),
				Scale: 1, Causal: g.r.IntN(2) == 0, BiasBatch: 1, BiasHeads: 1, Rate: float64(g.r.IntN(2)) / 2,
			}
			q, k, v := a.Batch*a.Queries*a.Heads*a.Dim, a.Batch*a.Keys*kv*a.Dim, a.Batch*a.Keys*kv*a.VDim
			y, lse, dy := guarded[T](g, a.Batch*a.Queries*a.Heads*a.VDim), guarded[T](g, a.Batch*a.Heads*a.Queries), guarded[T](g, a.Batch*a.Queries*a.Heads*a.VDim)
			in := AttentionOperands[T]{Q: guarded[T](g, q), K: guarded[T](g, k), V: guarded[T](g, v)}
			if g.r.IntN(2) == 0 {
				in.Bias = guarded[T](g, a.Queries*a.Keys)
			}
			if g.r.IntN(2) == 0 {
				in.Mask = guarded[T](g, a.Batch*a.Keys)
			}
			if g.r.IntN(2) == 0 {
				in.Lengths = []int{g.r.IntN(a.Keys + 1), g.r.IntN(a.Keys + 1)}[:a.Batch]
			}
			AttentionForward(&a, &in, y, lse)
			AttentionBackward(&a, &in, y, lse, dy, &AttentionGrads[T]{Q: guarded[T](g, q), K: guarded[T](g, k), V: guarded[T](g, v)})
			AttentionBiasGrad(&a, &in, y, lse, dy, guarded[T](g, a.Queries*a.Keys))
			r := Rotary{Batch: a.Batch, Steps: a.Queries, Heads: a.Heads, Dim: 2 * a.Dim, Dims: 2 * some(a.Dim), Base: 10, Interleaved: g.r.IntN(3) == 0}
			Rotate(&r, NewRotaryAngles[T](&r), nil, guarded[T](g, 2*q), guarded[T](g, 2*q))
			g.close()
		}
	})
}
