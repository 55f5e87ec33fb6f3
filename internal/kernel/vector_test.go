package kernel

import (
	"math"
	"slices"
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

// The updates' rules in one step of a given state, in float32, too; that they are
// PyTorch's is tested with the optimizers.
func TestUpdates(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testUpdates[float64](t, 1e-13) })
	t.Run("float32", func(t *testing.T) { testUpdates[float32](t, 1e-5) })
}

func testUpdates[T Float](t *testing.T, tolerance float64) {
	const l2, rate, mu, eps = 0.02, 0.3, 0.7, 1e-8
	for n := range 70 {
		var arrays [4][]T // w, two states, g
		for i := range arrays {
			arrays[i] = random[T](n, uint64(i+1))
		}
		for i, v := range arrays[2] {
			arrays[2][i] = v * v
		}
		if n > 20 { // what Lion does not move by
			arrays[1][20], arrays[3][20] = 0, 0
		}
		for name, c := range map[string]struct {
			update func(w, a, b, g []T)
			want   func(w, a, b, g float64) [3]float64
		}{
			"Adam": {
				func(w, m, v, g []T) {
					Adam(&AdamStep[T]{0.9, 0.1, 0.99, 0.01, eps, l2, 0.97, rate, 0.4, 1.7}, w, m, v, g)
				},
				func(w, m, v, g float64) [3]float64 {
					w *= 0.97
					g += l2 * w
					m, v = 0.9*m+0.1*g, 0.99*v+0.01*g*g
					return [3]float64{w - (rate*m+0.4*g)/(1.7*math.Sqrt(v)+eps), m, v}
				},
			},
			"Descent": {
				func(w, _, _, g []T) { Descent(&DescentStep[T]{0.97, rate}, w, g) },
				func(w, a, b, g float64) [3]float64 { return [3]float64{0.97*w - rate*g, a, b} },
			},
			"Momentum": {
				func(w, v, _, g []T) { Momentum(&MomentumStep[T]{mu, l2, rate, 0.4, 0.6}, w, v, g) },
				func(w, v, b, g float64) [3]float64 {
					g += l2 * w
					v = mu*v + g
					return [3]float64{w - rate*(0.4*g+0.6*v), v, b}
				},
			},
			"Root": {
				func(w, _, v, g []T) { Root(&RootStep[T]{l2, 0.99, 0.01, eps, rate, mu}, w, v, nil, g) },
				func(w, a, v, g float64) [3]float64 {
					g += l2 * w
					v = 0.99*v + 0.01*g*g
					return [3]float64{w - rate*g/(math.Sqrt(v)+eps), a, v}
				},
			},
			"Root with momentum": {
				func(w, a, v, g []T) { Root(&RootStep[T]{l2, 0.99, 0.01, eps, rate, mu}, w, v, a, g) },
				func(w, a, v, g float64) [3]float64 {
					g += l2 * w
					v = 0.99*v + 0.01*g*g
					a = mu*a + g/(math.Sqrt(v)+eps)
					return [3]float64{w - rate*a, a, v}
				},
			},
			"Lion": {
				func(w, m, _, g []T) { Lion(&LionStep[T]{0.9, 0.1, 0.99, 0.01, 0.97, rate}, w, m, g) },
				func(w, m, b, g float64) [3]float64 {
					return [3]float64{0.97*w - rate*float64(sign(0.9*m+0.1*g)), 0.99*m + 0.01*g, b}
				},
			},
		} {
			var have [4][]T
			for i, v := range arrays {
				have[i] = slices.Clone(v)
			}
			c.update(have[0], have[1], have[2], have[3])
			for i := range n {
				want := c.want(float64(arrays[0][i]), float64(arrays[1][i]), float64(arrays[2][i]), float64(arrays[3][i]))
				for k, v := range want {
					if got := float64(have[k][i]); !(math.Abs(got-v) <= tolerance*max(1, math.Abs(v))) {
						t.Fatalf("%s of %d: array %d, element %d: %v, want %v", name, n, k, i, got, v)
					}
				}
			}
		}
	}
}
