package kernel

import (
	"math"
	"testing"
)

// ulps is the distance of got from want in units in want's last place as a
// float32; below the normal numbers in units of the smallest one's.
func ulps(got float32, want float64) float64 {
	w := math.Abs(want)
	unit := math.Ldexp(1, -149)
	if w >= math.Ldexp(1, -126) {
		_, e := math.Frexp(w)
		unit = math.Ldexp(1, e-24)
	}
	return math.Abs(float64(got)-want) / unit
}

// The functions in vector registers against package math, over float32 of all
// sizes: one in 997 of all bit patterns.
func TestFunctionErrors(t *testing.T) {
	for _, f := range []struct {
		fn    UnaryFn
		want  func(float64) float64
		bound float64
	}{
		{Exp, math.Exp, 2}, {Sigmoid, sigmoid, 3}, {Tanh, math.Tanh, 2},
	} {
		var worst float64
		var where float32
		x, y := make([]float32, 4096+3), make([]float32, 4096+3)
		n := 0
		check := func() {
			Unary(f.fn, 0, y[:n], x[:n])
			for i, v := range x[:n] {
				want := f.want(float64(v))
				switch {
				case math.IsNaN(want):
					if y[i] == y[i] {
						t.Errorf("%v of NaN is %v", f.fn, y[i])
					}
				case want > math.MaxFloat32:
					if !math.IsInf(float64(y[i]), 1) && want > math.MaxFloat32*(1+1e-7) {
						t.Errorf("%v(%v) is %v", f.fn, v, y[i])
					}
				case f.fn == Sigmoid && want < math.Ldexp(1, -126):
					if y[i] < 0 || y[i] > 2*float32(math.Ldexp(1, -126)) {
						t.Errorf("%v(%v) is %v", f.fn, v, y[i])
					}
				default:
					if e := ulps(y[i], want); e > worst {
						worst, where = e, v
					}
				}
			}
			n = 0
		}
		for b := uint64(0); b < 1<<32; b += 997 {
			x[n] = math.Float32frombits(uint32(b))
			if n++; n == len(x) {
				check()
			}
		}
		for _, v := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 88.72283, 88.722839, -87.33655, -103.97208, -104.1, 0.625} {
			x[n] = float32(v)
			n++
		}
		check()
		t.Logf("%v: at most %.2f ulp, at %v", f.fn, worst, where)
		if worst > f.bound {
			t.Errorf("%v: an error of %.2f ulp at %v, want at most %v", f.fn, worst, where, f.bound)
		}
	}
}
