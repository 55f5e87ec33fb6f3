package kernel

import "math"

// Softmax sets every row of dst to exp x / Σ exp x of the row of x (rows, n).
// dst may be x.
func Softmax[T Float](dst, x []T, n int) {
	if n == 0 {
		return
	}
	rows := len(x) / n
	for r := range rows {
		shift(dst[r*n:(r+1)*n], x[r*n:(r+1)*n])
	}
	Unary(Exp, 0, dst[:rows*n], dst[:rows*n])
	for r := range rows {
		d := dst[r*n : (r+1)*n]
		scale := 1 / sum(d)
		for i, v := range d {
			d[i] = T(float64(v) * scale)
		}
	}
}

// shift sets dst to x less its largest element, and returns that.
func shift[T Float](dst, x []T) T {
	peak := x[0]
	for _, v := range x[1:] {
		peak = max(peak, v)
	}
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = v - peak
	}
	return peak
}

// LogSoftmax sets every row of dst to x − log Σ exp x. dst may be x.
func LogSoftmax[T Float](dst, x []T, n int) {
	logSumExps(x, n, func(r int, lse float64) {
		d := dst[r*n : (r+1)*n]
		for i, v := range x[r*n : (r+1)*n] {
			d[i] = T(float64(v) - lse)
		}
	})
}

// logSumExps calls f with log Σ exp x of every row of x (rows, n).
func logSumExps[T Float](x []T, n int, f func(r int, lse float64)) {
	if n == 0 {
		return
	}
	s := getScratch[T]()
	block := max(1, spanSize/n)
	for first := 0; first*n < len(x); first += block {
		part := x[first*n : min((first+block)*n, len(x))]
		e := grown(&s.result, len(part))
		peaks := grown(&s.columns, len(part)/n)
		for i := range peaks {
			peaks[i] = shift(e[i*n:(i+1)*n], part[i*n:(i+1)*n])
		}
		unary(Exp, 0, e, e)
		for i, peak := range peaks {
			lse := float64(peak)
			if !math.IsInf(lse, 0) {
				lse += math.Log(sum(e[i*n : (i+1)*n]))
			}
			f(first+i, lse)
		}
	}
	s.put()
}

// SoftmaxGrad sets dst to y·(g − Σ g·y) row by row, where y is the softmax.
func SoftmaxGrad[T Float](dst, y, g []T, n int) {
	for at := 0; at+n <= len(y) && n > 0; at += n {
		yr, gr, d := y[at:at+n], g[at:at+n], dst[at:at+n]
		dot := 0.0
		for i, v := range yr {
			dot += float64(v) * float64(gr[i])
		}
		for i, v := range yr {
			d[i] = v * (gr[i] - T(dot))
		}
	}
}

// LogSoftmaxGrad sets dst to g − exp(y)·Σ g row by row, where y is the log-softmax.
func LogSoftmaxGrad[T Float](dst, y, g []T, n int) {
	for at := 0; at+n <= len(y) && n > 0; at += n {
		yr, gr, d := y[at:at+n], g[at:at+n], dst[at:at+n]
		sum := 0.0
		for _, v := range gr {
			sum += float64(v)
		}
		unary(Exp, 0, d, yr)
		for i, v := range d {
			d[i] = T(float64(gr[i]) - float64(v)*sum)
		}
	}
}

// CrossEntropy sets dst[r] to the cross-entropy of row r of the logits z
// (rows, n) against class want[r], smoothed:
// (1−eps)·(lse − z[want]) + eps·(lse − mean z).
// It returns the first row whose class is out of range, or −1.
func CrossEntropy[T Float](dst, z []T, want []int, n int, eps float64) int {
	for r, w := range want {
		if w < 0 || w >= n {
			return r
		}
	}
	logSumExps(z[:len(want)*n], n, func(r int, lse float64) {
		row := z[r*n : (r+1)*n]
		loss := (1 - eps) * (lse - float64(row[want[r]]))
		if eps != 0 {
			sum := 0.0
			for _, v := range row {
				sum += lse - float64(v)
			}
			loss += eps * sum / float64(n)
		}
		dst[r] = T(loss)
	})
	return -1
}

// CrossEntropyGrad sets dst to g[r]·(softmax(z) − q), q being the smoothed
// one-hot target of row r.
func CrossEntropyGrad[T Float](dst, z []T, want []int, g []T, n int, eps float64) {
	Softmax(dst, z, n)
	q, whole := T(eps/float64(n)), T(1-eps)
	for r, w := range want {
		d, gr := dst[r*n:(r+1)*n], g[r]
		d[w] -= whole
		for i, p := range d {
			d[i] = gr * (p - q)
		}
	}
}

// SoftCrossEntropy sets dst[r] to Σ q·(lse − z) over row r, where q is the row
// of want, smoothed to (1−eps)·want + eps/n.
func SoftCrossEntropy[T Float](dst, z, want []T, n int, eps float64) {
	logSumExps(z[:len(dst)*n], n, func(r int, lse float64) {
		row, t := z[r*n:(r+1)*n], want[r*n:(r+1)*n]
		loss := 0.0
		for i, v := range row {
			if q := (1-eps)*float64(t[i]) + eps/float64(n); q != 0 {
				loss += q * (lse - float64(v))
			}
		}
		dst[r] = T(loss)
	})
}

// SoftCrossEntropyGrad sets dst to g[r]·(softmax(z)·Σq − q).
func SoftCrossEntropyGrad[T Float](dst, z, want, g []T, n int, eps float64) {
	Softmax(dst, z, n)
	for r := range g {
		t, d := want[r*n:(r+1)*n], dst[r*n:(r+1)*n]
		gr, sum := float64(g[r]), 0.0
		for _, v := range t {
			sum += (1-eps)*float64(v) + eps/float64(n)
		}
		for i, p := range d {
			q := (1-eps)*float64(t[i]) + eps/float64(n)
			d[i] = T(gr * (float64(p)*sum - q))
		}
	}
}

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
