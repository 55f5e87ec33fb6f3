package kernel

import "math"

// Sum sets dst to the sums of x along the axes on which the walk's second
// stride, that of dst, is 0. Sums of consecutive elements are formed in float64.
func Sum[T Float](dst, x []T, s *Strided) {
	clear(dst)
	n, _, sd := s.inner()
	var o odometer
	for at := 0; ; at += n {
		v := x[at : at+n]
		switch sd {
		case 0:
			sum := 0.0
			for _, e := range v {
				sum += float64(e)
			}
			dst[o.b] += T(sum)
		case 1:
			AddTo(dst[o.b:o.b+n], v)
		default:
			for i, j := 0, o.b; i < n; i, j = i+1, j+sd {
				dst[j] += v[i]
			}
		}
		if !o.next(s) {
			return
		}
	}
}

// Largest sets dst to the maxima of x along the axes on which the stride of
// dst is 0. A NaN among them gives NaN.
func Largest[T Float](dst, x []T, s *Strided) {
	for i := range dst {
		dst[i] = T(math.Inf(-1))
	}
	n, _, sd := s.inner()
	var o odometer
	for at := 0; ; at += n {
		for i, j := 0, o.b; i < n; i, j = i+1, j+sd {
			dst[j] = max(dst[j], x[at+i])
		}
		if !o.next(s) {
			return
		}
	}
}

// LogSumExp sets dst to log Σ exp(x) along the axes on which the stride of dst
// is 0. peak, of dst's length, is work space.
func LogSumExp[T Float](dst, peak, x []T, s *Strided) {
	Largest(peak, x, s)
	clear(dst)
	n, _, sd := s.inner()
	var o odometer
	for at := 0; ; at += n {
		for i, j := 0, o.b; i < n; i, j = i+1, j+sd {
			if p := float64(peak[j]); !math.IsInf(p, 0) {
				dst[j] += T(math.Exp(float64(x[at+i]) - p))
			}
		}
		if !o.next(s) {
			break
		}
	}
	for i, p := range peak {
		if math.IsInf(float64(p), 0) {
			dst[i] = p
			continue
		}
		dst[i] = p + T(math.Log(float64(dst[i])))
	}
}

// ArgMax sets dst to the index of the first maximum of every row of x (rows, n).
func ArgMax[T Float](dst []int, x []T, n int) {
	for r := range dst {
		row := x[r*n : (r+1)*n]
		best := 0
		for i, v := range row {
			if v > row[best] {
				best = i
			}
		}
		dst[r] = best
	}
}
