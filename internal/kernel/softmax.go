package kernel

import "math"

// Softmax sets every row of dst to exp x / Σ exp x of the row of x (rows, n).
// dst may be x.
func Softmax[T Float](dst, x []T, n int) {
	t := getRows[T](rowsSoftmax, n)
	t.dst, t.a = dst, x
	t.do()
}

// LogSoftmax sets every row of dst to x − log Σ exp x. dst may be x.
func LogSoftmax[T Float](dst, x []T, n int) {
	t := getRows[T](rowsLogSoftmax, n)
	t.dst, t.a = dst, x
	t.do()
}

// SoftmaxGrad sets dst to y·(g − Σ g·y) row by row, where y is the softmax. dst may
// be y or g.
func SoftmaxGrad[T Float](dst, y, g []T, n int) {
	t := getRows[T](rowsSoftmaxGrad, n)
	t.dst, t.a, t.b = dst, y, g
	t.do()
}

// LogSoftmaxGrad sets dst to g − exp(y)·Σ g row by row, where y is the log-softmax.
// dst may be y or g.
func LogSoftmaxGrad[T Float](dst, y, g []T, n int) {
	t := getRows[T](rowsLogSoftmaxGrad, n)
	t.dst, t.a, t.b = dst, y, g
	t.do()
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
	t := getRows[T](rowsCrossEntropy, n)
	t.dst, t.a, t.want, t.eps = dst, z[:len(want)*n], want, eps
	t.do()
	return -1
}

// MaskedCrossEntropy is CrossEntropy, but that rows whose class is ignore give 0,
// whatever their logits are.
func MaskedCrossEntropy[T Float](dst, z []T, want []int, n int, eps float64, ignore int) int {
	for r, w := range want {
		if w != ignore && (w < 0 || w >= n) {
			return r
		}
	}
	t := getRows[T](rowsCrossEntropy, n)
	t.dst, t.a, t.want, t.eps, t.masked, t.ignore = dst, z[:len(want)*n], want, eps, true, ignore
	t.do()
	return -1
}

// MaskedCrossEntropyGrad is CrossEntropyGrad, but that rows whose class is ignore are 0.
func MaskedCrossEntropyGrad[T Float](dst, z []T, want []int, g []T, n int, eps float64, ignore int) {
	t := getRows[T](rowsCrossEntropyGrad, n)
	t.dst, t.a, t.want, t.g, t.eps, t.masked, t.ignore = dst, z[:len(want)*n], want, g, eps, true, ignore
	t.do()
}

// CrossEntropyGrad sets dst to g[r]·(softmax(z) − q), q being the smoothed
// one-hot target of row r. dst may be z. Tiny values are 0; see dropTiny.
func CrossEntropyGrad[T Float](dst, z []T, want []int, g []T, n int, eps float64) {
	t := getRows[T](rowsCrossEntropyGrad, n)
	t.dst, t.a, t.want, t.g, t.eps = dst, z[:len(want)*n], want, g, eps
	t.do()
}

// SoftCrossEntropy sets dst[r] to Σ q·(lse − z) over row r, where q is the row
// of want, smoothed to (1−eps)·want + eps/n.
func SoftCrossEntropy[T Float](dst, z, want []T, n int, eps float64) {
	t := getRows[T](rowsSoftCrossEntropy, n)
	t.dst, t.a, t.b, t.eps = dst, z[:len(dst)*n], want, eps
	t.do()
}

// SoftCrossEntropyGrad sets dst to g[r]·(softmax(z)·Σq − q). dst may be z. Tiny values are
// 0; see dropTiny.
func SoftCrossEntropyGrad[T Float](dst, z, want, g []T, n int, eps float64) {
	t := getRows[T](rowsSoftCrossEntropyGrad, n)
	t.dst, t.a, t.b, t.g, t.eps = dst, z[:len(g)*n], want, g, eps
	t.do()
}

type rowsKind uint8

const (
	rowsSoftmax rowsKind = iota
	rowsLogSoftmax
	rowsSoftmaxGrad
	rowsLogSoftmaxGrad
	rowsCrossEntropy
	rowsCrossEntropyGrad
	rowsSoftCrossEntropy
	rowsSoftCrossEntropyGrad
)

// rowsTask is a row-wise operation on matrices; a part has about a span's elements.
type rowsTask[T Float] struct {
	job          job
	kind         rowsKind
	n            int // elements of a row
	each         int // rows of a part
	dst, a, b, g []T // a has all rows; g, one number a row
	want         []int
	eps          float64
	masked       bool // rows whose class is ignore are skipped
	ignore       int
}

// skips reports whether a row is ignored.
func (t *rowsTask[T]) skips(r int) bool { return t.masked && t.want[r] == t.ignore }

var rowsTaskPool workspaces

func getRows[T Float](kind rowsKind, n int) *rowsTask[T] {
	t := take[T, rowsTask[T]](&rowsTaskPool)
	t.kind, t.n = kind, n
	return t
}

// do runs the task and returns t to the pool.
func (t *rowsTask[T]) do() {
	if t.n > 0 {
		t.each = max(1, spanSize/t.n)
		parts := (len(t.a)/t.n + t.each - 1) / t.each
		if len(t.a) >= longMath {
			parallel(&t.job, t, parts)
		} else {
			for i := range parts {
				t.part(i)
			}
		}
	}
	t.dst, t.a, t.b, t.g, t.want, t.masked = nil, nil, nil, nil, nil, false
	give[T](&rowsTaskPool, t)
}

func (t *rowsTask[T]) part(i int) {
	n := t.n
	first, end := i*t.each, min((i+1)*t.each, len(t.a)/n)
	of := func(x []T) []T { return x[first*n : end*n] }
	s := getScratch[T]()
	switch t.kind {
	case rowsSoftmax:
		softmax(of(t.dst), of(t.a), n)
	case rowsLogSoftmax:
		t.logSumExps(s, of(t.a), func(r int, peak, rest float64) {
			d := t.dst[(first+r)*n:][:n]
			axpb(d, 1, t.a[(first+r)*n:][:n], T(-peak))
			axpb(d, 1, d, T(-rest))
		})
	case rowsSoftmaxGrad, rowsLogSoftmaxGrad:
		memory := grown(&s.result, n)
		for r := first; r < end; r++ {
			d, y, g := t.dst[r*n:][:n], t.a[r*n:][:n], t.b[r*n:][:n]
			if t.kind == rowsSoftmaxGrad {
				axpb(memory, 1, g, T(-dot(y, g)))
				mulVV(d, y, memory)
			} else {
				unary(Exp, 0, memory, y)
				axpb(memory, T(-sum(g)), memory, 0)
				addVV(d, g, memory)
			}
		}
	case rowsCrossEntropy:
		t.logSumExps(s, of(t.a), func(r int, peak, rest float64) {
			if t.skips(first + r) {
				t.dst[first+r] = 0
				return
			}
			row, lse := t.a[(first+r)*n:][:n], peak+rest
			loss := (1 - t.eps) * (lse - float64(row[t.want[first+r]]))
			if t.eps != 0 {
				loss += t.eps * (lse - sum(row)/float64(n))
			}
			t.dst[first+r] = T(loss)
		})
	case rowsCrossEntropyGrad:
		softmax(of(t.dst), of(t.a), n)
		q, whole := t.eps/float64(n), T(1-t.eps)
		for r := first; r < end; r++ {
			d, g := t.dst[r*n:][:n], t.g[r]
			if t.skips(r) {
				clear(d)
				continue
			}
			d[t.want[r]] -= whole
			axpb(d, g, d, T(-float64(g)*q))
			dropTiny(d)
		}
	case rowsSoftCrossEntropy:
		t.logSumExps(s, of(t.a), func(r int, peak, rest float64) {
			row, want, lse := t.a[(first+r)*n:][:n], t.b[(first+r)*n:][:n], peak+rest
			loss := 0.0
			for i, v := range row {
				if q := (1-t.eps)*float64(want[i]) + t.eps/float64(n); q != 0 {
					loss += q * (lse - float64(v))
				}
			}
			t.dst[first+r] = T(loss)
		})
	case rowsSoftCrossEntropyGrad:
		softmax(of(t.dst), of(t.a), n)
		for r := first; r < end; r++ {
			d, want, g := t.dst[r*n:][:n], t.b[r*n:][:n], float64(t.g[r])
			total := (1-t.eps)*sum(want) + t.eps
			for i, p := range d {
				d[i] = T(g * (float64(p)*total - (1-t.eps)*float64(want[i]) - t.eps/float64(n)))
			}
			dropTiny(d)
		}
	}
	s.put()
}

// softmax computes rows.
func softmax[T Float](dst, x []T, n int) {
	for at := 0; at < len(x); at += n {
		shift(dst[at:at+n], x[at:at+n])
	}
	unary(Exp, 0, dst, dst)
	for at := 0; at < len(x); at += n {
		axpb(dst[at:at+n], T(1/sum(dst[at:at+n])), dst[at:at+n], 0)
	}
}

// logSumExps calls f with the largest element of every row of x and with
// log Σ exp x less that, which is 0 if that is infinite.
func (t *rowsTask[T]) logSumExps(s *scratch[T], x []T, f func(r int, peak, rest float64)) {
	n := t.n
	e, peaks := grown(&s.result, len(x)), grown(&s.columns, len(x)/n)
	for i := range peaks {
		peaks[i] = shift(e[i*n:(i+1)*n], x[i*n:(i+1)*n])
	}
	unary(Exp, 0, e, e)
	for i, p := range peaks {
		peak, rest := float64(p), 0.0
		if !math.IsInf(peak, 0) {
			rest = math.Log(sum(e[i*n : (i+1)*n]))
		}
		f(i, peak, rest)
	}
}

// shift sets dst to x minus its maximum, and returns the maximum.
func shift[T Float](dst, x []T) T {
	p := peak(x)
	axpb(dst, 1, x, -p)
	return p
}

// peak returns the maximum; NaN propagates.
func peak[T Float](x []T) T {
	most := x[0]
	if full := lanes[T](); len(x) >= 2*full {
		var peaks [16]T
		done := peakVector(peaks[:], x)
		for _, v := range peaks[:min(full, done)] {
			most = max(most, v)
		}
		x = x[done:]
	}
	for _, v := range x {
		most = max(most, v)
	}
	return most
}
