package kernel

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Every vector kernel against its formula, at lengths around those of registers
// and at odd places in memory, with guards behind the results.
func vectorProperty[T Float](tol float64) func(t *rapid.T) {
	return func(t *rapid.T) {
		n, offset := rapid.IntRange(0, 70).Draw(t, "n"), rapid.IntRange(0, 5).Draw(t, "offset")
		array := func(seed uint64) []T { return random[T](n+offset+9, seed) }
		guarded := func(what string, seed uint64, f func(x []T), want func(i int, old T) float64) {
			x := array(seed)
			old := append([]T(nil), x...)
			f(x[offset : offset+n])
			expected := append([]T(nil), old...)
			for i := range n {
				expected[offset+i] = T(want(i, old[offset+i]))
			}
			near(t, what, x[:offset], old[:offset], 0)
			near(t, what, x[offset+n:], old[offset+n:], 0)
			near(t, what, x, expected, tol)
		}
		a, b := array(1)[offset:offset+n], array(2)[offset:offset+n]
		if n > 3 {
			a[n-1], a[0], b[1] = T(math.NaN()), T(math.Inf(1)), 0
		}
		guarded("add", 3, func(x []T) { AddTo(x, a) }, func(i int, old T) float64 { return float64(old + a[i]) })
		guarded("axpy", 3, func(x []T) { Axpy(0.3, a, x) }, func(i int, old T) float64 { return float64(old) + float64(T(0.3))*float64(a[i]) })
		guarded("multiply", 3, func(x []T) { mulVV(x, a, b) }, func(i int, _ T) float64 { return float64(a[i] * b[i]) })
		guarded("positive", 3, func(x []T) { positiveGrad(x, b, a) }, func(i int, _ T) float64 {
			if b[i] <= 0 {
				return 0
			}
			return float64(a[i])
		})
		guarded("positive of NaN", 3, func(x []T) { positiveGrad(x, a, b) }, func(i int, _ T) float64 {
			if a[i] <= 0 {
				return 0
			}
			return float64(b[i])
		})
		sum := 0.0
		for _, v := range b {
			sum += float64(v) * float64(v)
		}
		near(t, "sum of squares", []float64{SumSquares(b)}, []float64{sum}, 1e-14)
		if n > 0 && !math.IsNaN(SumSquares(a)) && n > 3 {
			t.Errorf("the squares of %v sum to %v", a, SumSquares(a))
		}
	}
}

func TestVectors(t *testing.T) {
	t.Run("float64", rapid.MakeCheck(vectorProperty[float64](1e-15)))
	t.Run("float32", rapid.MakeCheck(vectorProperty[float32](1e-6)))
}

// Adam's rule in one step of given moments; that it is PyTorch's is tested with
// the optimizers.
func TestAdam(t *testing.T) {
	for n := range 40 {
		w, m, v, g := random[float64](n, 1), random[float64](n, 2), random[float64](n, 3), random[float64](n, 4)
		for i := range v {
			v[i] *= v[i]
		}
		s := AdamStep[float64]{0.9, 0.1, 0.99, 0.01, 1e-8, 0.02, 0.97, 0.3, 1.7}
		want := make([]float64, n)
		for i := range want {
			x := w[i] * s.Keep
			d := g[i] + s.L2*x
			want[i] = x - s.Size*(0.9*m[i]+0.1*d)/(math.Sqrt(0.99*v[i]+0.01*d*d)*s.Root+s.Epsilon)
		}
		Adam(&s, w, m, v, g)
		near(t, "w", w, want, 1e-13)
	}
}

func TestMomentum(t *testing.T) {
	for n := range 40 {
		w, v, g := random[float64](n, 1), random[float64](n, 2), random[float64](n, 3)
		s := MomentumStep[float64]{0.9, 0.02, 0.3, 0.4, 0.7}
		wantV, wantW := make([]float64, n), make([]float64, n)
		for i := range w {
			d := g[i] + 0.02*w[i]
			wantV[i] = 0.9*v[i] + d
			wantW[i] = w[i] - 0.3*(0.4*d+0.7*wantV[i])
		}
		Momentum(&s, w, v, g)
		near(t, "v", v, wantV, 1e-14)
		near(t, "w", w, wantW, 1e-14)
	}
}
