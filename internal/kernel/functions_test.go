package kernel

import (
	"fmt"
	"math"
	"testing"
)

// errorAt is the distance of got from want in units in the last place, as
// float32, of want or of floor, whichever is larger.
func errorAt(got float32, want, floor float64) float64 {
	_, e := math.Frexp(math.Max(math.Abs(want), floor))
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

// each calls f with one in step of all float32, and with some special ones, many at
// a time.
func each(step uint64, f func(x []float32)) {
	x := make([]float32, 0, 4096+3)
	add := func(v float32) {
		if x = append(x, v); len(x) == cap(x) {
			f(x)
			x = x[:0]
		}
	}
	for b := uint64(0); b < 1<<32; b += step {
		add(math.Float32frombits(uint32(b)))
	}
	for _, v := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 88.72283, 88.722839, -87.33655, -103.97208, -104.1, 0.625, 1, -1, 3, -3, math.Sqrt2, 0x1p-126, 0x1p-149} {
		add(float32(v))
	}
	f(x)
}

// agree reports the largest error, and where got and want are not both NaN, or
// infinite.
func agree(t *testing.T, name string, step uint64, bound, floor float64, domain func(v float64) bool, got func(dst, x []float32), want func(v float64) float64) {
	t.Helper()
	worst, where := 0.0, float32(0)
	each(step, func(x []float32) {
		y := make([]float32, len(x))
		got(y, x)
		for i, v := range x {
			if domain != nil && !domain(float64(v)) {
				continue
			}
			w, g := want(float64(v)), float64(y[i])
			switch {
			case math.IsNaN(w):
				if !math.IsNaN(g) {
					t.Errorf("%s of %v is %v", name, v, g)
				}
			case math.Abs(w) > math.MaxFloat32*(1-1e-6):
				if math.Abs(g) < math.MaxFloat32*(1-1e-5) || math.Signbit(g) != math.Signbit(w) {
					t.Errorf("%s of %v is %v, want %v", name, v, g, w)
				}
			case math.IsNaN(g):
				t.Errorf("%s of %v is NaN, want %v", name, v, w)
			default:
				if e := errorAt(y[i], w, floor); e > worst {
					worst, where = e, v
				}
			}
		}
	})
	t.Logf("%s: at most %.2f ulp, at %v", name, worst, where)
	if worst > bound {
		t.Errorf("%s: an error of %.2f ulp at %v, want at most %v", name, worst, where, bound)
	}
}

// The functions of float32 against float64: their bounds stand at mapped. A floor
// is the size below which errors count as those of the floor do.
func TestFunctionErrors(t *testing.T) {
	const tiny = 0x1p-126
	for _, f := range []struct {
		fn           UnaryFn
		alpha        float64
		bound, floor float64
		want         func(v float64) float64 // nil: that of float64
	}{
		{fn: Relu}, {fn: Neg}, {fn: Abs}, {fn: Sign}, {fn: Sqrt, bound: 0.5}, {fn: Square, bound: 0.5}, {fn: Reciprocal, bound: 0.5},
		{fn: LeakyRelu, alpha: 0.25, bound: 0.5}, {fn: Elu, alpha: 0.5, bound: 2}, {fn: Selu, bound: 2},
		{fn: Exp, bound: 1}, {fn: Log, bound: 1}, {fn: Tanh, bound: 3}, {fn: Softplus, bound: 2},
		{fn: Sigmoid, bound: 3}, {fn: Silu, bound: 4, floor: 128 * tiny}, {fn: Mish, bound: 4, floor: 128 * tiny},
		{fn: Gelu, bound: 8, floor: tiny},
		{fn: GeluTanh, bound: 12, floor: 0x1p-10, want: func(x float64) float64 { return x * sigmoid(2*geluC*(x+geluA*x*x*x)) }},
		{fn: Sin, bound: 2}, {fn: Cos, bound: 2}, {fn: Softsign, bound: 2}, {fn: HardSigmoid, bound: 1, floor: 1},
		{fn: HardSwish, bound: 2, floor: 1}, {fn: Relu6},
	} {
		want := f.want
		if want == nil {
			want = func(v float64) float64 {
				var y [1]float64
				unary(f.fn, f.alpha, y[:], []float64{v})
				return y[0]
			}
		}
		finite := func(v float64) bool {
			return f.fn != Gelu && f.fn != GeluTanh && f.fn != Silu && f.fn != Mish || v > -1e30
		}
		agree(t, f.fn.String(), 4999, f.bound, f.floor, finite, func(dst, x []float32) { Unary(f.fn, f.alpha, dst, x) }, want)
	}
}

// Slopes are held to 20 ulp of 1, or of themselves where they are larger. Those that
// follow from a function's value are given what can be one.
func TestSlopeErrors(t *testing.T) {
	ones := make([]float32, 1<<13)
	for i := range ones {
		ones[i] = 1
	}
	between := func(low, high float64) func(v float64) bool {
		return func(v float64) bool { return v >= low && v <= high }
	}
	for _, f := range []struct {
		fn     UnaryFn
		alpha  float64
		domain func(v float64) bool
	}{
		{Relu, 0, nil}, {LeakyRelu, 0.25, nil}, {Elu, 0.5, between(-0.5, 1e9)}, {Selu, 0, between(-SeluScale*SeluAlpha, 1e9)}, {Sigmoid, 0, between(0, 1)}, {Tanh, 0, between(-1, 1)},
		{Exp, 0, between(0, 1e38)}, {Sqrt, 0, between(0, 1e38)}, {Reciprocal, 0, between(-1e18, 1e18)}, {Softplus, 0, between(0, 1e38)}, {Square, 0, between(-1e38, 1e38)},
		{Log, 0, between(0, 1e38)}, {Abs, 0, nil}, {Gelu, 0, between(-1e30, 1e30)}, {GeluTanh, 0, between(-100, 100)}, {Silu, 0, between(-1e30, 1e30)}, {Mish, 0, between(-500, 500)},
		{Sin, 0, nil}, {Cos, 0, nil}, {Softsign, 0, nil}, {HardSigmoid, 0, nil},
		{HardSwish, 0, nil}, {Relu6, 0, between(0, 6)},
	} {
		agree(t, f.fn.String()+"'", 4999, 20, 1, f.domain, func(dst, x []float32) { UnaryGrad(f.fn, f.alpha, dst, x, ones[:len(x)]) }, func(v float64) float64 {
			var y [1]float64
			unaryGrad(f.fn, f.alpha, y[:], []float64{v}, []float64{1})
			return y[0]
		})
	}
}

// Lengths that do not fill registers, with guards behind the result.
func TestFunctionsOfAnyLength(t *testing.T) {
	const n = 70
	x, g := random[float32](n, 1), random[float32](n, 2)
	for fn := range unaryCount {
		all, allGrad := make([]float32, n), make([]float32, n)
		unary(fn, 0.5, all, x)
		unaryGrad(fn, 0.5, allGrad, x, g)
		for from := range 3 {
			for to := from; to <= n; to++ {
				for what, run := range map[string]func(dst []float32){
					"":          func(dst []float32) { unary(fn, 0.5, dst, x[from:to]) },
					" gradient": func(dst []float32) { unaryGrad(fn, 0.5, dst, x[from:to], g[from:to]) },
				} {
					dst := make([]float32, n)
					for i := range dst {
						dst[i] = 7
					}
					want := append([]float32(nil), dst...)
					copy(want[from:to], all[from:to])
					if what != "" {
						copy(want[from:to], allGrad[from:to])
					}
					run(dst[from:to])
					near(t, fmt.Sprintf("%v%s of %d to %d", fn, what, from, to), dst, want, 0)
				}
			}
		}
	}
}

// TestLogisticLossIsExact: loss and gradient keep their digits where they are
// small, on either side, as nothing cancels; a tiny gradient is 0.
func TestLogisticLossIsExact(t *testing.T) {
	const n = 3000
	var z, want, g [n]float32
	for i := range z {
		z[i] = float32(i-n/2) / 20
		want[i] = float32(i % 2)
		g[i] = 0.5
	}
	var loss, grad [n]float32
	LogisticLoss(loss[:], z[:], want[:], 3)
	LogisticLossGrad(grad[:], z[:], want[:], g[:], 3)
	for i, v := range z {
		x, weight, sign := float64(v), 1.0, 1.0
		if want[i] == 1 {
			x, weight, sign = -x, 3, -1
		}
		for what, pair := range map[string][2]float64{
			"loss":     {float64(loss[i]), weight * softplus(x)},
			"gradient": {float64(grad[i]), 0.5 * sign * weight * sigmoid(x)},
		} {
			have, exact := pair[0], pair[1]
			if what == "gradient" && math.Abs(exact) < 0x1p-96 {
				exact = 0 // see dropTiny
			}
			if math.Abs(have-exact) > 8*0x1p-24*math.Abs(exact)+0x1p-148 {
				t.Fatalf("%s at %v, target %v: %v, want %v", what, v, want[i], have, exact)
			}
		}
	}
}
