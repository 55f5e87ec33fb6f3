package kernel

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
// (1−t)·σ(z) − pos·t·σ(−z).
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
	})
}

// below calls f with fn(−|x|), part by part from the first element of each on:
// there, log(1 + exp x) and σ(x) are small and keep their digits.
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
