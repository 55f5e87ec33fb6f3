package kernel

import "unsafe"

// LogisticLoss sets dst to the binary cross-entropy of the logits z against t,
// (1−t)·log(1 + exp z) + pos·t·log(1 + exp −z). pos weighs the positive class.
func LogisticLoss[T Float](dst, z, t []T, pos float64) {
	below(Softplus, z, func(first int, v []T) {
		for i, v := range v {
			zi, ti, rest := float64(z[first+i]), float64(t[first+i]), float64(v)
			dst[first+i] = T((1-ti)*(max(zi, 0)+rest) + pos*ti*(max(-zi, 0)+rest))
		}
	})
}

// LogisticLossGrad sets dst to g times the derivative of LogisticLoss by z,
// (1−t)·σ(z) − pos·t·σ(−z). Tiny values are 0; see dropTiny.
func LogisticLossGrad[T Float](dst, z, t, g []T, pos float64) {
	below(Sigmoid, z, func(first int, v []T) {
		for i, v := range v {
			ti, p := float64(t[first+i]), float64(v)
			q := 1 - p
			if z[first+i] > 0 {
				p, q = q, p
			}
			dst[first+i] = T(float64(g[first+i]) * ((1-ti)*p - pos*ti*q))
		}
		dropTiny(dst[first:][:len(v)])
	})
}

// dropTiny sets elements to 0 whose magnitude is below 2⁻⁹⁶, of float64 below 2⁻⁹⁶⁰. The
// gradients of rows that a model is sure of decay exponentially: multiplied by weights,
// they would become denormal, and a product of denormal numbers takes about a hundred
// times as long as one of normal numbers or zeros. The bounds leave a factor of 2³⁰ (2⁶²)
// before that happens, and are far below what rounding loses of any sum.
func dropTiny[T Float](v []T) {
	bound := 0x1p-960
	if unsafe.Sizeof(T(0)) == 4 {
		bound = 0x1p-96
	}
	tiny := T(bound)
	for i, x := range v {
		if x < tiny && x > -tiny {
			v[i] = 0
		}
	}
}

// below calls f with fn(−|x|), chunk by chunk with the chunk's first index: at −|x|,
// log(1 + exp x) and σ(x) are small and keep their digits.
func below[T Float](fn UnaryFn, x []T, f func(first int, v []T)) {
	s := getScratch[T]()
	for first := 0; first < len(x); first += spanSize {
		part := x[first:min(first+spanSize, len(x))]
		v := grown(&s.result, len(part))
		unary(Abs, 0, v, part)
		unary(Neg, 0, v, v)
		unary(fn, 0, v, v)
		f(first, v)
	}
	s.put()
}
