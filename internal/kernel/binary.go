package kernel

import "math"

// BinaryFn names an element-wise function of two operands.
type BinaryFn uint8

// The functions of two operands.
const (
	Add BinaryFn = iota
	Sub
	Mul
	Div
	Max
	Min
	Pow
	Equal        // 1 where a == b, else 0
	Greater      // 1 where a > b, else 0
	NotEqual     // 1 where a != b, else 0
	GreaterEqual // 1 where a >= b, else 0
	And          // 1 where neither a nor b is 0, else 0
	Or           // 0 where both a and b are 0, else 1
)

// Binary sets dst, dense over the walk's shape, to fn(a, b). dst may
// alias an operand that is dense over the same shape.
func Binary[T Float](fn BinaryFn, dst, a, b []T, s *Strided) {
	n, sa, sb := s.inner()
	if n >= longCopy && s.dims == 1 && sa == 1 && sb == 1 {
		p := getSpans[T](spanBinary)
		p.binary, p.dst, p.a, p.b = fn, dst, a, b
		p.do(n)
		return
	}
	var o odometer
	for at := 0; ; at += n {
		d := dst[at : at+n]
		switch {
		case sa == 1 && sb == 1:
			binaryVV(fn, d, a[o.a:o.a+n], b[o.b:o.b+n])
		case sa == 1 && sb == 0:
			binaryVS(fn, d, a[o.a:o.a+n], b[o.b])
		case sa == 0 && sb == 1:
			binarySV(fn, d, a[o.a], b[o.b:o.b+n])
		default:
			for i, ja, jb := 0, o.a, o.b; i < n; i, ja, jb = i+1, ja+sa, jb+sb {
				d[i] = binary1(fn, a[ja], b[jb])
			}
		}
		if !o.next(s) {
			return
		}
	}
}

func binary1[T Float](fn BinaryFn, x, y T) T {
	switch fn {
	case Add:
		return x + y
	case Sub:
		return x - y
	case Mul:
		return x * y
	case Div:
		return x / y
	case Max:
		return max(x, y)
	case Min:
		return min(x, y)
	case Pow:
		return T(math.Pow(float64(x), float64(y)))
	case And:
		return truth[T](x != 0 && y != 0)
	case Or:
		return truth[T](x != 0 || y != 0)
	default:
		return compare[T](fn, x, y)
	}
}

// compare returns 1 where a comparison holds, and 0 elsewhere.
func compare[T Float, E Float | int](fn BinaryFn, x, y E) T {
	switch fn {
	case Equal:
		return truth[T](x == y)
	case NotEqual:
		return truth[T](x != y)
	case GreaterEqual:
		return truth[T](x >= y)
	default:
		return truth[T](x > y)
	}
}

// CompareInts is Binary with a comparison of ints.
func CompareInts[T Float](fn BinaryFn, dst []T, a, b []int, s *Strided) {
	n, sa, sb := s.inner()
	var o odometer
	for at := 0; ; at += n {
		for i, ja, jb := at, o.a, o.b; i < at+n; i, ja, jb = i+1, ja+sa, jb+sb {
			dst[i] = compare[T](fn, a[ja], b[jb])
		}
		if !o.next(s) {
			return
		}
	}
}

func truth[T Float](b bool) T {
	if b {
		return 1
	}
	return 0
}

func binaryVV[T Float](fn BinaryFn, d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	switch fn {
	case Add:
		addVV(d, a, b)
	case Sub:
		subVV(d, a, b)
	case Mul:
		mulVV(d, a, b)
	case Div:
		divVV(d, a, b)
	default:
		for i := range d {
			d[i] = binary1(fn, a[i], b[i])
		}
	}
}

func binaryVS[T Float](fn BinaryFn, d, a []T, y T) {
	a = a[:len(d)]
	switch fn {
	case Add:
		axpb(d, 1, a, y)
	case Sub:
		axpb(d, 1, a, -y)
	case Mul:
		for i := range d {
			d[i] = a[i] * y
		}
	case Div:
		for i := range d {
			d[i] = a[i] / y
		}
	default:
		for i := range d {
			d[i] = binary1(fn, a[i], y)
		}
	}
}

func binarySV[T Float](fn BinaryFn, d []T, x T, b []T) {
	b = b[:len(d)]
	switch fn {
	case Add:
		for i := range d {
			d[i] = x + b[i]
		}
	case Sub:
		for i := range d {
			d[i] = x - b[i]
		}
	case Mul:
		for i := range d {
			d[i] = x * b[i]
		}
	case Div:
		for i := range d {
			d[i] = x / b[i]
		}
	default:
		for i := range d {
			d[i] = binary1(fn, x, b[i])
		}
	}
}

// Axpb sets dst to alpha·x + beta. dst may be x.
func Axpb[T Float](dst []T, alpha T, x []T, beta T) {
	x = x[:len(dst)]
	if len(dst) < longCopy {
		axpb(dst, alpha, x, beta)
		return
	}
	s := getSpans[T](spanAxpb)
	s.alpha, s.beta, s.dst, s.a = float64(alpha), float64(beta), dst, x
	s.do(len(dst))
}

func axpb[T Float](dst []T, alpha T, x []T, beta T) {
	for i := axpbVector(dst, x, &alpha, &beta); i < len(dst); i++ {
		dst[i] = alpha*x[i] + beta
	}
}

// AddRows adds the vector b to every row of dst (rows, len(b)).
func AddRows[T Float](dst, b []T) {
	n := len(b)
	for ; len(dst) >= n && n > 0; dst = dst[n:] {
		AddTo(dst[:n], b)
	}
}
