package kernel

// The functions whose names end in Vector are generated: they do the elements of whole
// registers and return how many these are, none where there is no assembly.

// inRegisters returns how many of n elements fill whole registers; none where there is
// no assembly.
func inRegisters[T Float](n int) int {
	if !assembly {
		return 0
	}
	return n &^ (registerBytes/bytesOf[T]() - 1)
}

// Axpy adds alpha·x to y.
func Axpy[T Float](alpha T, x, y []T) {
	x = x[:len(y)]
	for i := axpyVector(y, x, &alpha); i < len(y); i++ {
		y[i] += alpha * x[i]
	}
}

// AddTo adds x to dst.
func AddTo[T Float](dst, x []T) {
	x = x[:len(dst)]
	if len(dst) < longCopy {
		addVV(dst, dst, x)
		return
	}
	s := getSpans[T](spanBinary)
	s.binary, s.dst, s.a, s.b = Add, dst, dst, x
	s.do(len(dst))
}

func addVV[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := addVector(dst, a, b); i < len(dst); i++ {
		dst[i] = a[i] + b[i]
	}
}

func mulVV[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := mulVector(dst, a, b); i < len(dst); i++ {
		dst[i] = a[i] * b[i]
	}
}

func subVV[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := subVector(dst, a, b); i < len(dst); i++ {
		dst[i] = a[i] - b[i]
	}
}

func divVV[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := divVector(dst, a, b); i < len(dst); i++ {
		dst[i] = a[i] / b[i]
	}
}

// Dot returns Σ x·y, summed in float64.
func Dot[T Float](x, y []T) float64 { return dot(x, y[:len(x)]) }

// dot is Dot of vectors of one length.
func dot[T Float](x, y []T) float64 {
	s, done := dotVector(x, y)
	for i := done; i < len(x); i++ {
		s += float64(x[i]) * float64(y[i])
	}
	return s
}

// positiveGrad sets dst to g, but to 0 where y <= 0.
func positiveGrad[T Float](dst, y, g []T) {
	y, g = y[:len(dst)], g[:len(dst)]
	for i := positiveVector(dst, y, g); i < len(dst); i++ {
		s := g[i]
		if y[i] <= 0 {
			s = 0
		}
		dst[i] = s
	}
}

// SumSquares returns Σ x², summed in float64.
func SumSquares[T Float](x []T) float64 {
	if len(x) <= spanSize {
		return sumSquares(x)
	}
	return total(spanSquares, x)
}

func sumSquares[T Float](x []T) float64 {
	sum, done := sumSquaresVector(x)
	for _, v := range x[done:] {
		sum += float64(v) * float64(v)
	}
	return sum
}

// mapTable holds functions of float32, slopeTable their gradients.
type (
	mapTable   [unaryCount]func(to, x *byte, n int, alpha float32)
	slopeTable [unaryCount]func(to, x, grad *byte, n int, alpha float32)
)

// mapped sets dst to fn(x) in vector registers, where there are such for fn and
// T, and reports whether it did. An element's result does not depend on its place.
//
// Largest errors over float32, in units in the last place (TestFunctionErrors):
// 0.5 Sqrt, Square, Reciprocal, LeakyRelu; 1 Exp, Log; 2 Elu, Selu, Softplus,
// Softsign; 3 Sigmoid, Tanh; 4 Silu and Mish, down to 2⁻¹¹⁹; 8 Gelu, down to 2⁻¹²⁶; 12
// GeluTanh, down to 2⁻¹⁰; 1 ulp of 1 HardSigmoid, 2 of 1
// HardSwish. Slopes: 20 ulp of 1, or of
// themselves where they are larger.
func mapped[T Float](fn UnaryFn, alpha float64, dst, x []T) bool {
	t := mapsOf[T]()
	if t == nil || t[fn] == nil || len(dst) == 0 {
		return false
	}
	t[fn](at(dst), at(x), len(dst), float32(alpha))
	return true
}

// sloped sets dst to g·fn′ in vector registers, where there are such, and tells
// whether it did.
func sloped[T Float](fn UnaryFn, alpha float64, dst, v, g []T) bool {
	t := slopesOf[T]()
	if t == nil || t[fn] == nil || len(dst) == 0 {
		return false
	}
	t[fn](at(dst), at(v), at(g), len(dst), float32(alpha))
	return true
}

// Fill sets all elements of dst to v.
func Fill[T Float](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}
