package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func random[T Float](n int, seed uint64) []T {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]T, n)
	for i := range v {
		v[i] = T(r.NormFloat64())
	}
	return v
}

// near fails if |got − want| > tol·max(1, |want|). NaN is near NaN alone.
func near[T Float](t interface{ Errorf(string, ...any) }, what string, got, want []T, tol float64) {
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	for i, w := range want {
		g, w := float64(got[i]), float64(w)
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if !(math.Abs(g-w) <= tol*math.Max(1, math.Abs(w))) {
			t.Errorf("%s: element %d is %v, want %v", what, i, g, w)
			return
		}
	}
}

// naiveGemm is op(A)·op(B) + beta·C by its definition, in float64.
func naiveGemm[T Float](transA, transB bool, m, n, k int, a, b []T, beta T, c []T) []T {
	out := make([]T, m*n)
	for i := range m {
		for j := range n {
			s := 0.0
			for l := range k {
				x, y := i*k+l, l*n+j
				if transA {
					x = l*m + i
				}
				if transB {
					y = j*k + l
				}
				s += float64(a[x]) * float64(b[y])
			}
			if beta != 0 {
				s += float64(beta) * float64(c[i*n+j])
			}
			out[i*n+j] = T(s)
		}
	}
	return out
}

func gemmProperty[T Float](tol float64) func(t *rapid.T) {
	return func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, 300))
		m, n, k := size.Draw(t, "m"), size.Draw(t, "n"), rapid.IntRange(0, 70).Draw(t, "k")
		transA, transB := rapid.Bool().Draw(t, "transA"), rapid.Bool().Draw(t, "transB")
		beta := rapid.SampledFrom([]T{0, 1, -0.5}).Draw(t, "beta")
		a, b, c := random[T](m*k, 1), random[T](k*n, 2), random[T](m*n+8, 3)
		if beta == 0 {
			c[0] = T(math.NaN()) // is overwritten, not multiplied
		}
		canary := append([]T(nil), c[m*n:]...)
		want := naiveGemm(transA, transB, m, n, k, a, b, beta, c)
		Gemm(transA, transB, m, n, k, a, b, beta, c[:m*n])
		near(t, "C", c[:m*n], want, tol)
		near(t, "what follows C", c[m*n:], canary, 0)
	}
}

func TestGemm(t *testing.T) {
	t.Run("float64", rapid.MakeCheck(gemmProperty[float64](1e-12)))
	t.Run("float32", rapid.MakeCheck(gemmProperty[float32](1e-4)))
}

// Sizes on both sides of every block, and of whole ones.
func TestGemmBlocks(t *testing.T) {
	for _, s := range [][3]int{{97, 1025, 257}, {96, 1024, 256}, {1, 2048, 513}, {200, 33, 520}, {95, 1040, 3}} {
		for trans := range 4 {
			m, n, k := s[0], s[1], s[2]
			a, b, c := random[float32](m*k, 1), random[float32](k*n, 2), random[float32](m*n, 3)
			want := naiveGemm(trans&1 > 0, trans&2 > 0, m, n, k, a, b, 1, c)
			Gemm(trans&1 > 0, trans&2 > 0, m, n, k, a, b, 1, c)
			near(t, fmt.Sprintf("%v, transposed %b", s, trans), c, want, 1e-4)
		}
	}
}

func TestGemmBias(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40)
		m, n, k, relu := size.Draw(t, "m"), size.Draw(t, "n"), rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(250, 260)).Draw(t, "k"), rapid.Bool().Draw(t, "relu")
		a, b, bias := random[float32](m*k, 1), random[float32](k*n, 2), random[float32](n, 3)
		want := make([]float32, m*n)
		for i := range want {
			want[i] = bias[i%n]
		}
		want = naiveGemm(false, false, m, n, k, a, b, 1, want)
		got := random[float32](m*n, 4)
		if rapid.Bool().Draw(t, "NaN") {
			bias[0], want[0] = float32(math.NaN()), float32(math.NaN())
			for i := 0; i < m*n; i += n {
				want[i] = bias[0]
			}
		}
		if relu {
			Unary(Relu, 0, want, want)
		}
		GemmBias(m, n, k, a, b, bias, relu, got)
		near(t, "C", got, want, 1e-4)
	})
}

// Whatever else is computed, an element has the same bits.
func TestGemmRowsAndColumnsApart(t *testing.T) {
	const m, n, k = 40, 70, 300
	a, b, c := random[float32](m*k, 1), random[float32](k*n, 2), make([]float32, m*n)
	Gemm(false, false, m, n, k, a, b, 0, c)
	for _, rows := range []int{1, 3, 19, 40} {
		part := make([]float32, rows*n)
		Gemm(false, false, rows, n, k, a, b, 0, part)
		near(t, fmt.Sprint(rows, " rows"), part, c[:rows*n], 0)
	}
}

// odometers of tests: every index of a shape, in order.
func indices(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	for {
		f(index)
		d := len(shape) - 1
		for ; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				break
			}
			index[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

func offset(index, stride []int) int {
	at := 0
	for d, i := range index {
		at += i * stride[d]
	}
	return at
}

// dense returns the strides of a dense array, 0 where repeat says so.
func denseStrides(shape []int, repeat []bool) (strides []int, size int) {
	strides, size = make([]int, len(shape)), 1
	for d := len(shape) - 1; d >= 0; d-- {
		if !repeat[d] {
			strides[d] = size
			size *= shape[d]
		}
	}
	return strides, size
}

func drawShape(t *rapid.T) []int { return rapid.SliceOfN(rapid.IntRange(1, 5), 0, 5).Draw(t, "shape") }

func drawRepeat(t *rapid.T, n int, what string) []bool {
	return rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, what)
}

func TestBinaryBroadcasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		sa, na := denseStrides(shape, drawRepeat(t, len(shape), "a"))
		sb, nb := denseStrides(shape, drawRepeat(t, len(shape), "b"))
		walk, ok := NewStrided(shape, sa, sb)
		if !ok {
			t.Fatal("too many axes")
		}
		a, b := random[float64](na, 1), random[float64](nb, 2)
		_, size := denseStrides(shape, make([]bool, len(shape)))
		for fn, f := range map[BinaryFn]func(x, y float64) float64{
			Add: func(x, y float64) float64 { return x + y }, Sub: func(x, y float64) float64 { return x - y },
			Mul: func(x, y float64) float64 { return x * y }, Div: func(x, y float64) float64 { return x / y },
			Max: math.Max, Min: math.Min, Pow: math.Pow,
			Equal:   func(x, y float64) float64 { return truth[float64](x == y) },
			Greater: func(x, y float64) float64 { return truth[float64](x > y) },
		} {
			got, want := make([]float64, size), make([]float64, 0, size)
			indices(shape, func(i []int) { want = append(want, f(a[offset(i, sa)], b[offset(i, sb)])) })
			Binary(fn, got, a, b, &walk)
			near(t, fmt.Sprint("function ", fn), got, want, 0)
		}
	})
}

func TestCopyWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		perm := rapid.Permutation(ascending(len(shape))).Draw(t, "axes")
		permuted := make([]int, len(shape))
		for d, p := range perm {
			permuted[p] = shape[d]
		}
		whole, size := denseStrides(permuted, make([]bool, len(shape)))
		strides := make([]int, len(shape)) // of a transposed view
		for d, p := range perm {
			strides[d] = whole[p]
		}
		walk, _ := NewStrided(shape, strides, strides)
		src := random[float64](size, 1)
		got, want := make([]float64, size), make([]float64, 0, size)
		indices(shape, func(i []int) { want = append(want, src[offset(i, strides)]) })
		Copy(got, src, &walk)
		near(t, "copy", got, want, 0)
	})
}

func ascending(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = i
	}
	return v
}

func TestReductions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		none := make([]bool, len(shape))
		sx, size := denseStrides(shape, none)
		sd, n := denseStrides(shape, drawRepeat(t, len(shape), "reduced"))
		walk, _ := NewStrided(shape, sx, sd)
		x := random[float64](size, 1)
		if rapid.Bool().Draw(t, "infinite") {
			x[0] = math.Inf(-1)
		}
		sum, largest, lse := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range largest {
			largest[i] = math.Inf(-1)
		}
		indices(shape, func(i []int) {
			v, at := x[offset(i, sx)], offset(i, sd)
			sum[at] += v
			largest[at] = math.Max(largest[at], v)
			lse[at] += math.Exp(v)
		})
		for i, v := range lse {
			lse[i] = math.Log(v)
		}
		got, peak := make([]float64, n), make([]float64, n)
		Sum(got, x, &walk)
		near(t, "sum", got, sum, 1e-12)
		Largest(got, x, &walk)
		near(t, "largest", got, largest, 0)
		LogSumExp(got, peak, x, &walk)
		near(t, "logsumexp", got, lse, 1e-12)
	})
}

func TestManyAxes(t *testing.T) {
	shape, a, b := make([]int, MaxDims+1), make([]int, MaxDims+1), make([]int, MaxDims+1)
	for d := range shape {
		shape[d] = 2
		if d%2 == 0 {
			a[d] = 1
		} else {
			b[d] = 1
		}
	}
	if _, ok := NewStrided(shape, a, b); ok {
		t.Errorf("%d axes that cannot be merged are accepted", len(shape))
	}
	if _, ok := NewStrided(shape[1:], a[1:], b[1:]); !ok {
		t.Errorf("%d axes are not accepted", MaxDims)
	}
}

// exact are the unary functions by their definitions in package math.
var exact = map[UnaryFn]func(x float64) float64{
	Identity: func(x float64) float64 { return x }, Relu: func(x float64) float64 { return math.Max(x, 0) },
	LeakyRelu: func(x float64) float64 { return math.Max(x, 0) + 0.3*math.Min(x, 0) },
	Elu:       func(x float64) float64 { return math.Max(x, 0) + 0.3*math.Expm1(math.Min(x, 0)) },
	Selu: func(x float64) float64 {
		return 1.0507009873554805 * (math.Max(x, 0) + 1.6732632423543772*math.Expm1(math.Min(x, 0)))
	},
	Sigmoid: func(x float64) float64 { return 0.5 * (1 + math.Tanh(x/2)) }, Tanh: math.Tanh, Exp: math.Exp, Sqrt: math.Sqrt,
	Reciprocal: func(x float64) float64 { return 1 / x }, Softplus: func(x float64) float64 { return math.Log(1 + math.Exp(x)) },
	Neg: func(x float64) float64 { return -x }, Square: func(x float64) float64 { return x * x }, Log: math.Log, Log1p: math.Log1p,
	Expm1: math.Expm1, Abs: math.Abs,
	Sign: func(x float64) float64 { return math.Copysign(1, x) }, Sin: math.Sin, Cos: math.Cos,
	Gelu: func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) },
	GeluTanh: func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	},
	Silu:        func(x float64) float64 { return x / (1 + math.Exp(-x)) },
	Mish:        func(x float64) float64 { return x * math.Tanh(math.Log(1+math.Exp(x))) },
	Softsign:    func(x float64) float64 { return x / (1 + math.Abs(x)) },
	HardSigmoid: func(x float64) float64 { return math.Min(math.Max((x+3)/6, 0), 1) },
	HardSwish:   func(x float64) float64 { return x * math.Min(math.Max(x+3, 0), 6) / 6 },
	Relu6:       func(x float64) float64 { return math.Min(math.Max(x, 0), 6) },
	Power:       func(x float64) float64 { return math.Pow(x, 0.3) },
}

// domain returns arguments on which fn and its slope are defined.
func domain(fn UnaryFn) []float64 {
	switch fn {
	case Sqrt, Log, Power:
		return []float64{1e-3, 0.1, 0.7, 1, 2.5, 40}
	case Log1p:
		return []float64{-0.9, -0.3, 0.2, 5}
	}
	return []float64{-12, -4.2, -1.7, -0.3, -1e-3, 1e-3, 0.4, 1.1, 2.9, 6.5, 15}
}

func TestUnary(t *testing.T) {
	for fn := range unaryCount {
		f, ok := exact[fn]
		if !ok {
			t.Fatalf("%v is not tested", fn)
		}
		x := domain(fn)
		want, slope, g := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
		for i, v := range x {
			want[i], g[i] = f(v), float64(i+1)
			h := 1e-5 * math.Max(math.Abs(v), 1e-2)
			slope[i] = g[i] * (f(v+h) - f(v-h)) / (2 * h)
		}
		got := make([]float64, len(x))
		Unary(fn, 0.3, got, x)
		near(t, fn.String(), got, want, 1e-14)
		v := x
		if SlopeOfValue(fn) {
			v = got
		}
		UnaryGrad(fn, 0.3, got, v, g)
		near(t, "slope of "+fn.String(), got, slope, 1e-6)

		narrow := make([]float32, len(x))
		for i, v := range x {
			narrow[i], want[i] = float32(v), f(float64(float32(v)))
		}
		Unary(fn, 0.3, narrow, narrow)
		for i, v := range narrow {
			if d := math.Abs(float64(v) - want[i]); !(d <= 1e-6*math.Max(math.Abs(want[i]), 1e-2)) {
				t.Errorf("%v(%v) is %v in float32, want %v", fn, x[i], v, want[i])
			}
		}
	}
}

// Far out the functions neither overflow nor become NaN.
func TestUnaryLimits(t *testing.T) {
	big := math.MaxFloat64
	for fn, want := range map[UnaryFn][2]float64{ // at −big and big
		Relu: {0, big}, Sigmoid: {0, 1}, Tanh: {-1, 1}, Softplus: {0, big}, Elu: {-0.3, big}, Silu: {0, big}, Gelu: {0, big},
		Mish: {0, big}, Softsign: {-1, 1}, HardSigmoid: {0, 1}, HardSwish: {0, big}, Relu6: {0, 6},
	} {
		got := make([]float64, 2)
		Unary(fn, 0.3, got, []float64{-big, big})
		near(t, fn.String(), got, want[:], 1e-15)
	}
}

func TestNaNPasses(t *testing.T) {
	for fn := range unaryCount {
		for _, T := range []int{32, 64} {
			nan := math.NaN()
			if T == 32 {
				v := []float32{float32(nan)}
				Unary(fn, 0.3, v, v)
				nan = float64(v[0])
			} else {
				v := []float64{nan}
				Unary(fn, 0.3, v, v)
				nan = v[0]
			}
			if !math.IsNaN(nan) {
				t.Errorf("%v(NaN) is %v in float%d", fn, nan, T)
			}
		}
	}
	walk, _ := NewStrided([]int{3}, []int{1}, []int{0})
	got := []float64{0}
	x := []float64{1, math.NaN(), 2}
	if Largest(got, x, &walk); !math.IsNaN(got[0]) {
		t.Errorf("the largest of %v is %v", x, got[0])
	}
	if Sum(got, x, &walk); !math.IsNaN(got[0]) {
		t.Errorf("the sum of %v is %v", x, got[0])
	}
}

func TestNoise(t *testing.T) {
	const n = 200_000
	stream := StreamAt(7, 3)
	moments := func(v []float64) (mean, variance float64) {
		for _, x := range v {
			mean += x / n
		}
		for _, x := range v {
			variance += (x - mean) * (x - mean) / n
		}
		return mean, variance
	}
	v := make([]float64, n)
	check := func(what string, mean, variance float64) {
		t.Helper()
		// Six standard errors of the mean; the variances' tolerance is 2 %.
		if m, s := moments(v); math.Abs(m-mean) > 6*math.Sqrt(variance/n) || math.Abs(s-variance) > 0.02*variance {
			t.Errorf("%s: mean %v, variance %v, want %v and %v", what, m, s, mean, variance)
		}
	}
	Uniform(v, stream)
	check("uniform", 0.5, 1.0/12)
	Normal(v, stream)
	check("normal", 0, 1)
	Bernoulli(v, 0.3, stream)
	check("bernoulli", 0.3, 0.21)
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	Dropout(v, ones, 0.25, stream)
	check("dropout", 1, 1.0/3) // 0 or 4/3
	first := append([]float64(nil), v...)
	Dropout(v, ones, 0.25, stream)
	near(t, "the same stream", v, first, 0)
	Dropout(v, ones, 0.25, StreamAt(7, 4))
	equal := 0.0
	for i := range v {
		equal += truth[float64](v[i] == first[i]) / n
	}
	if want := 0.75*0.75 + 0.25*0.25; math.Abs(equal-want) > 0.01 {
		t.Errorf("the masks of two steps agree in %v of the places, want %v", equal, want)
	}
}

// TestNoiseIsTheStreams: every element is that of its place in the stream, in both
// types, however long the array is.
func TestNoiseIsTheStreams(t *testing.T) {
	const n = 3*spanSize + 77
	stream := StreamAt(8, 2)
	single, double := make([]float32, n), make([]float64, n)
	for _, c := range []struct {
		what string
		f32  func([]float32)
		f64  func([]float64)
		want func(i int) float64
	}{
		{"uniform", func(x []float32) { Uniform(x, stream) }, func(x []float64) { Uniform(x, stream) }, func(i int) float64 { return unit(stream, i) }},
		{"normal", func(x []float32) { Normal(x, stream) }, func(x []float64) { Normal(x, stream) }, func(i int) float64 {
			return math.Sqrt(-2*math.Log(1-unit(stream, 2*i))) * math.Cos(2*math.Pi*unit(stream, 2*i+1))
		}},
		{"never", func(x []float32) { Bernoulli(x, 0, stream) }, func(x []float64) { Bernoulli(x, 0, stream) }, func(int) float64 { return 0 }},
		{"seldom", func(x []float32) { Bernoulli(x, 0.1, stream) }, func(x []float64) { Bernoulli(x, 0.1, stream) }, func(i int) float64 {
			return truth[float64](unit(stream, i) < 0.1)
		}},
		{"always", func(x []float32) { Bernoulli(x, 1, stream) }, func(x []float64) { Bernoulli(x, 1, stream) }, func(int) float64 { return 1 }},
	} {
		c.f32(single)
		c.f64(double)
		for i := range n {
			want, short := c.want(i), float32(c.want(i))
			if c.what == "uniform" {
				short = min(short, 1-0x1p-24)
			}
			if double[i] != want || single[i] != short {
				t.Fatalf("%s, element %d: %v and %v, want %v", c.what, i, single[i], double[i], want)
			}
		}
	}
}

func TestCrossEntropies(t *testing.T) {
	z := []float64{1, 2, 3, -1, 0, 1e4, -1e4, 0, 5}
	want := []int{2, 2, 0}
	got := make([]float64, 3)
	if bad := CrossEntropy(got, z, want, 3, 0); bad >= 0 {
		t.Fatalf("row %d is refused", bad)
	}
	// log(1 + e^−1 + e^−2), 0, and 5 − (−10⁴) + log(1 + e^−5)
	near(t, "cross-entropy", got, []float64{0.4076059644443803, 0, 10005.006715348489}, 1e-12)
	hot := []float64{0, 0, 1, 0, 0, 1, 1, 0, 0}
	soft := make([]float64, 3)
	SoftCrossEntropy(soft, z, hot, 3, 0)
	near(t, "one-hot", soft, got, 1e-14)
	a, b, g := make([]float64, 9), make([]float64, 9), []float64{1, 2, 3}
	CrossEntropyGrad(a, z, want, g, 3, 0.1)
	SoftCrossEntropyGrad(b, z, hot, g, 3, 0.1)
	near(t, "gradients", a, b, 1e-14)
	if bad := CrossEntropy(got, z, []int{0, 3, 1}, 3, 0); bad != 1 {
		t.Errorf("bad row %d, want 1", bad)
	}
	if bad := CrossEntropy(got, z, []int{0, 1, -1}, 3, 0); bad != 2 {
		t.Errorf("bad row %d, want 2", bad)
	}
}

func TestArgMax(t *testing.T) {
	got := make([]int, 3)
	if ArgMax(got, []float64{1, 3, 3, -1, -2, -3, 0, 0, 1}, 3); got[0] != 1 || got[1] != 0 || got[2] != 2 {
		t.Errorf("%v, want [1 0 2]: the first maximum of a row", got)
	}
}

// Elements are dropped where their number of the stream says so, whatever their
// place and the instructions of the machine.
func TestDropoutIsTheStream(t *testing.T) {
	x := random[float32](100, 1)
	for _, rate := range []float64{0, 0.1, 0.5, 0.999, 1 - 0x1p-53} {
		for first := range 9 {
			for n := range 40 {
				stream := StreamAt(uint64(n), first)
				got, want := make([]float32, n+3), make([]float32, n+3)
				dropout(got[:n], x[:n], rate, stream, first)
				for i := range n {
					if unit(stream, first+i) >= rate {
						want[i] = x[i] * float32(1/(1-rate))
					}
				}
				near(t, fmt.Sprintf("rate %v, %d from %d on", rate, n, first), got, want, 0)
			}
		}
	}
}
