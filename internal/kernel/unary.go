package kernel

import "math"

// UnaryFn names an element-wise function of one operand.
type UnaryFn uint8

// The functions of one operand. Those up to Softplus have a slope that follows
// from their value alone, see SlopeOfValue.
const (
	Identity  UnaryFn = iota
	Relu              // max(x, 0)
	Relu6             // min(max(x, 0), 6)
	LeakyRelu         // x if x > 0, else alpha·x
	Elu               // x if x > 0, else alpha·(exp x − 1)
	Selu              // Klambauer et al. (2017), arXiv:1706.02515
	Sigmoid           // 1 / (1 + exp −x)
	Tanh
	Exp
	Sqrt
	Reciprocal
	Softplus // log(1 + exp x)
	Neg
	Square
	Log
	Log1p
	Expm1
	Abs
	Sign
	Sin
	Cos
	Gelu        // x·Φ(x); Hendrycks & Gimpel (2016), arXiv:1606.08415
	GeluTanh    // the same with the tanh approximation of Φ
	Silu        // x·sigmoid(x)
	Mish        // x·tanh(softplus x)
	Softsign    // x / (1 + |x|)
	HardSigmoid // min(max(x/6 + 1/2, 0), 1)
	HardSwish   // x·HardSigmoid(x)
	Power       // x^alpha
	unaryCount
)

// The constants of Selu.
const (
	SeluAlpha = 1.6732632423543772848170429916717
	SeluScale = 1.0507009873554804934193349852946
)

var unaryNames = [unaryCount]string{
	"Identity", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Exp", "Sqrt", "Reciprocal", "Softplus", "Neg",
	"Square", "Log", "Log1p", "Expm1", "Abs", "Sign", "Sin", "Cos", "Gelu", "GeluTanh", "Silu", "Mish", "Softsign",
	"HardSigmoid", "HardSwish", "Power",
}

// String returns the name of the function.
func (f UnaryFn) String() string { return unaryNames[f] }

// Unary sets dst to fn(x). dst may be x.
func Unary[T Float](fn UnaryFn, alpha float64, dst, x []T) {
	x = x[:len(dst)]
	if len(dst) < longMath || len(dst) < longCopy && cheap(fn) {
		unary(fn, alpha, dst, x)
		return
	}
	s := getSpans[T](spanUnary)
	s.unary, s.alpha, s.dst, s.a = fn, alpha, dst, x
	s.do(len(dst))
}

// cheap reports whether fn is memory-bound.
func cheap(fn UnaryFn) bool {
	switch fn {
	case Identity, Relu, Relu6, LeakyRelu, Sqrt, Reciprocal, Neg, Square, Abs, Sign:
		return true
	}
	return false
}

func unary[T Float](fn UnaryFn, alpha float64, dst, x []T) {
	if fast(fn, x) && mapped(fn, alpha, dst, x) || trigonometric(fn, dst, x) {
		return
	}
	switch fn {
	case Identity:
		copy(dst, x)
	case Relu:
		for i, v := range x {
			dst[i] = max(v, 0)
		}
	case Relu6:
		for i, v := range x {
			dst[i] = min(max(v, 0), 6)
		}
	case LeakyRelu:
		a := T(alpha)
		for i, v := range x {
			if v <= 0 {
				v *= a
			}
			dst[i] = v
		}
	case Neg:
		for i, v := range x {
			dst[i] = -v
		}
	case Square:
		for i, v := range x {
			dst[i] = v * v
		}
	case Reciprocal:
		for i, v := range x {
			dst[i] = 1 / v
		}
	case Sqrt:
		for i, v := range x {
			dst[i] = T(math.Sqrt(float64(v)))
		}
	case Abs:
		for i, v := range x {
			dst[i] = T(math.Abs(float64(v)))
		}
	case Sign:
		for i, v := range x {
			dst[i] = sign(v)
		}
	case Sigmoid:
		for i, v := range x {
			dst[i] = T(sigmoid(float64(v)))
		}
	case Tanh:
		for i, v := range x {
			dst[i] = T(math.Tanh(float64(v)))
		}
	case Exp:
		for i, v := range x {
			dst[i] = T(math.Exp(float64(v)))
		}
	default:
		for i, v := range x {
			dst[i] = T(unary1(fn, alpha, float64(v)))
		}
	}
}

// sign returns −1, 0 or 1, or NaN. Branch-free, so random signs cause no mispredictions.
func sign[T Float](x T) T {
	if x == 0 || x != x {
		return x
	}
	return T(math.Copysign(1, float64(x)))
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// phi is the distribution function of the standard normal distribution.
func phi(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

const (
	geluC = 0.79788456080286535588 // sqrt(2/π)
	geluA = 0.044715
)

func unary1(fn UnaryFn, alpha, x float64) float64 {
	switch fn {
	case Elu:
		if x > 0 {
			return x
		}
		return alpha * math.Expm1(x)
	case Selu:
		if x > 0 {
			return SeluScale * x
		}
		return SeluScale * SeluAlpha * math.Expm1(x)
	case Softplus:
		return softplus(x)
	case Log:
		return math.Log(x)
	case Log1p:
		return math.Log1p(x)
	case Expm1:
		return math.Expm1(x)
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	case Gelu:
		return x * phi(x)
	case GeluTanh:
		return 0.5 * x * (1 + math.Tanh(geluC*(x+geluA*x*x*x)))
	case Silu:
		return x * sigmoid(x)
	case Mish:
		return x * math.Tanh(softplus(x))
	case Softsign:
		return x / (1 + math.Abs(x))
	case HardSigmoid:
		return math.Min(math.Max(x/6+0.5, 0), 1)
	case HardSwish:
		if x <= -3 { // −∞ too
			return 0
		}
		return x * math.Min(x/6+0.5, 1)
	case Power:
		return math.Pow(x, alpha)
	}
	panic("kernel: no function " + fn.String())
}

// SlopeOfValue reports whether fn's derivative can be computed from its value.
func SlopeOfValue(fn UnaryFn) bool { return fn <= Softplus }

// UnaryGrad sets dst to g·fn′. v is fn's value if SlopeOfValue(fn), else its
// argument. dst may be v or g.
func UnaryGrad[T Float](fn UnaryFn, alpha float64, dst, v, g []T) {
	v, g = v[:len(dst)], g[:len(dst)]
	if len(dst) < longMath || len(dst) < longCopy && (cheap(fn) || SlopeOfValue(fn)) {
		unaryGrad(fn, alpha, dst, v, g)
		return
	}
	s := getSpans[T](spanUnaryGrad)
	s.unary, s.alpha, s.dst, s.a, s.b = fn, alpha, dst, v, g
	s.do(len(dst))
}

func unaryGrad[T Float](fn UnaryFn, alpha float64, dst, v, g []T) {
	if fast(fn, v) && sloped(fn, alpha, dst, v, g) || trigonometricGrad(fn, dst, v, g) {
		return
	}
	switch fn {
	case Identity:
		copy(dst, g)
	case Relu:
		positiveGrad(dst, v, g)
	case Sigmoid:
		for i, y := range v {
			dst[i] = g[i] * y * (1 - y)
		}
	case Tanh:
		for i, y := range v {
			dst[i] = g[i] * (1 - y*y)
		}
	case Exp:
		for i, y := range v {
			dst[i] = g[i] * y
		}
	case Neg:
		for i, s := range g {
			dst[i] = -s
		}
	case Square:
		for i, x := range v {
			dst[i] = 2 * g[i] * x
		}
	case Abs:
		for i, x := range v {
			dst[i] = g[i] * sign(x)
		}
	default:
		for i, x := range v {
			dst[i] = g[i] * T(slope(fn, alpha, float64(x)))
		}
	}
}

// slope is fn′ in terms of the value v for functions with SlopeOfValue, of the
// argument v for the others. At a kink it is 0 for Abs and the slope of the
// left side for the others.
func slope(fn UnaryFn, alpha, v float64) float64 {
	switch fn {
	case Relu6:
		if v > 0 && v < 6 {
			return 1
		}
		return 0
	case LeakyRelu:
		if v > 0 {
			return 1
		}
		return alpha
	case Elu:
		if v > 0 {
			return 1
		}
		return v + alpha
	case Selu:
		if v > 0 {
			return SeluScale
		}
		return v + SeluScale*SeluAlpha
	case Sqrt:
		return 0.5 / v
	case Reciprocal:
		return -v * v
	case Softplus:
		return -math.Expm1(-v)
	case Log:
		return 1 / v
	case Log1p:
		return 1 / (1 + v)
	case Expm1:
		return math.Exp(v)
	case Sign:
		return 0
	case Sin:
		return math.Cos(v)
	case Cos:
		return -math.Sin(v)
	case Gelu:
		return phi(v) + v*math.Exp(-0.5*v*v)/math.Sqrt(2*math.Pi)
	case GeluTanh:
		t := math.Tanh(geluC * (v + geluA*v*v*v))
		return 0.5*(1+t) + 0.5*v*(1-t*t)*geluC*(1+3*geluA*v*v)
	case Silu:
		s := sigmoid(v)
		return s + v*s*(1-s)
	case Mish:
		t := math.Tanh(softplus(v))
		return t + v*(1-t*t)*sigmoid(v)
	case Softsign:
		d := 1 + math.Abs(v)
		return 1 / (d * d)
	case HardSigmoid:
		if v > -3 && v < 3 {
			return 1.0 / 6
		}
		return 0
	case HardSwish:
		switch {
		case v <= -3:
			return 0
		case v < 3:
			return v/3 + 0.5
		}
		return 1
	case Power:
		return alpha * math.Pow(v, alpha-1)
	}
	panic("kernel: no derivative of " + fn.String())
}
