package kernel

import "math"

// Sum sets dst to the sums of x along the axes on which the walk's second
// stride, that of dst, is 0. Sums of consecutive elements are formed in float64.
func Sum[T Float](dst, x []T, s *Strided) {
	n, _, sd := s.inner()
	switch {
	case s.dims == 1 && sd == 0:
		dst[0] = T(total(spanSum, x[:n]))
		return
	case s.dims == 2 && sd == 1 && s.sb[0] == 0:
		sumRows(dst[:n], x, s.shape[0])
		return
	}
	clear(dst)
	if size := s.size(); s.dims > 1 && size >= longCopy && s.apart() {
		shareOuter(true, dst, x, s, s.sb[0], size/s.shape[0], size/s.shape[0])
		return
	}
	addUp(dst, x, s)
}

// addUp adds the elements of x to dst.
func addUp[T Float](dst, x []T, s *Strided) {
	n, _, sd := s.inner()
	var o odometer
	for at := 0; ; at += n {
		v := x[at : at+n]
		switch sd {
		case 0:
			dst[o.b] += T(sum(v))
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

// sum returns Σ x in float64.
func sum[T Float](x []T) float64 {
	s, done := sumVector(x)
	for _, v := range x[done:] {
		s += float64(v)
	}
	return s
}

// sumRows sets dst to the sum of the rows of x: first of blocks of rows, then of
// these.
func sumRows[T Float](dst, x []T, rows int) { columnSums(sumOfX, dst, x, nil, nil, rows) }

// columnSum selects the terms of a column sum.
type columnSum uint8

const (
	sumOfX       columnSum = iota
	sumOfSquares           // (x − mean)²
	sumOfDots              // g·(x − mean)
)

func columnSums[T Float](kind columnSum, dst, x, g, mean []T, rows int) {
	n := len(dst)
	block := max(1, spanSize/n)
	if rows <= block {
		columnBlock(kind, dst, x, g, mean, rows)
		return
	}
	t := take[T, rowSums[T]](&rowSumsPool)
	count := (rows + block - 1) / block
	t.kind, t.x, t.g, t.mean, t.n, t.rows, t.block = kind, x, g, mean, n, rows, block
	t.partial = grown(&t.memory, count*n)
	if rows*n >= longCopy {
		parallel(&t.job, t, count)
	} else {
		for i := range count {
			t.part(i)
		}
	}
	sumBlock(dst, t.partial, count)
	t.x, t.g, t.mean = nil, nil, nil
	give[T](&rowSumsPool, t)
}

// rowSums is a sum of rows in parts.
type rowSums[T Float] struct {
	job                 job
	kind                columnSum
	x, g, mean, partial []T
	memory              []T
	n, rows, block      int
}

var rowSumsPool workspaces

func (t *rowSums[T]) part(i int) {
	from, to := i*t.block, min((i+1)*t.block, t.rows)
	g := t.g
	if g != nil {
		g = g[from*t.n : to*t.n]
	}
	columnBlock(t.kind, t.partial[i*t.n:(i+1)*t.n], t.x[from*t.n:to*t.n], g, t.mean, to-from)
}

func columnBlock[T Float](kind columnSum, dst, x, g, mean []T, rows int) {
	switch kind {
	case sumOfSquares:
		squareBlock(dst, x, mean, rows)
	case sumOfDots:
		dotBlock(dst, x, g, mean, rows)
	default:
		sumBlock(dst, x, rows)
	}
}

// sumBlock sets dst to the sum of some rows.
func sumBlock[T Float](dst, x []T, rows int) {
	n := len(dst)
	for j := sumRowsVector(dst, x[:rows*n], rows, n*bytesOf[T]()); j < n; j++ {
		var s T
		for at := j; at < rows*n; at += n {
			s += x[at]
		}
		dst[j] = s
	}
}

// Largest sets dst to the maxima of x along the axes on which the stride of
// dst is 0. NaN propagates.
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
