package kernel

import (
	"math"
	"unsafe"
)

// Norm is a normalisation of x (rows, N): BatchNorm of its columns by their
// moments, LayerNorm of its rows by their own. Gamma and beta (N) may be nil.
type Norm struct {
	N       int
	Epsilon float64
	RMS     bool // LayerNorm takes the mean for 0: Zhang & Sennrich (2019), arXiv:1910.07467
}

// columns is an argument of the assembly for column-wise loops, which relies on its
// layout.
type columns struct {
	to, x, g, mean, a, b, c unsafe.Pointer
	rows                    int
	row                     int // bytes from row to row
	count                   int // registers' width of columns
}

// begin sets the argument for rows of n elements of T, and returns how many columns fill
// whole registers.
func begin[T Float](k *columns, rows, n int) (done int) {
	if done = inRegisters[T](n); done > 0 {
		size := bytesOf[T]()
		k.rows, k.row, k.count = rows, n*size, done*size/registerBytes
	}
	return done
}

// squareBlock sets dst to Σ (x − mean)² of every column.
func squareBlock[T Float](dst, x, mean []T, rows int) {
	n := len(dst)
	x, mean = x[:rows*n], mean[:n]
	var k columns
	done := begin[T](&k, rows, n)
	if done > 0 {
		k.x, k.mean, k.to = first(x), first(mean), first(dst)
		squareRowsVector[T](&k)
	}
	for j := done; j < n; j++ {
		var s T
		for at := j; at < rows*n; at += n {
			d := x[at] - mean[j]
			s += d * d
		}
		dst[j] = s
	}
}

// dotBlock sets dst to Σ g·(x − mean) of every column.
func dotBlock[T Float](dst, x, g, mean []T, rows int) {
	n := len(dst)
	x, g, mean = x[:rows*n], g[:rows*n], mean[:n]
	var k columns
	done := begin[T](&k, rows, n)
	if done > 0 {
		k.x, k.g, k.mean, k.to = first(x), first(g), first(mean), first(dst)
		dotRowsVector[T](&k)
	}
	for j := done; j < n; j++ {
		var s T
		for at := j; at < rows*n; at += n {
			s += g[at] * (x[at] - mean[j])
		}
		dst[j] = s
	}
}

// normalizeBlock sets dst to (x − mean)·a + b.
func normalizeBlock[T Float](dst, x, mean, a, b []T, rows int) {
	n := len(mean)
	dst, x, a, b = dst[:rows*n], x[:rows*n], a[:n], b[:n]
	var k columns
	done := begin[T](&k, rows, n)
	if done > 0 {
		k.to, k.x, k.mean, k.a, k.b = first(dst), first(x), first(mean), first(a), first(b)
		normalizeRowsVector[T](&k)
	}
	for j := done; j < n; j++ {
		for at := j; at < rows*n; at += n {
			dst[at] = (x[at]-mean[j])*a[j] + b[j]
		}
	}
}

// blendBlock sets dst to g·a + (x − mean)·b + c.
func blendBlock[T Float](dst, x, g, mean, a, b, c []T, rows int) {
	n := len(mean)
	dst, x, g, a, b, c = dst[:rows*n], x[:rows*n], g[:rows*n], a[:n], b[:n], c[:n]
	var k columns
	done := begin[T](&k, rows, n)
	if done > 0 {
		k.to, k.x, k.g, k.mean, k.a, k.b, k.c = first(dst), first(x), first(g), first(mean), first(a), first(b), first(c)
		blendRowsVector[T](&k)
	}
	for j := done; j < n; j++ {
		for at := j; at < rows*n; at += n {
			dst[at] = g[at]*a[j] + (x[at]-mean[j])*b[j] + c[j]
		}
	}
}

type normKind uint8

const (
	normalizeColumns normKind = iota
	blendColumns
	normalizeRows
	rowsGrad
	rowsSums
)

// normTask is a pass over x in blocks of rows.
type normTask[T Float] struct {
	job                  job
	kind                 normKind
	norm                 Norm
	rows, block          int
	dst, x, g, mean      []T
	a, b, c              []T // a and b are γ and β of rows
	columns, partial     []T
	columnsMem, partsMem []T // memory of the above
}

var normTaskPool workspaces

func getNorm[T Float](kind normKind, norm Norm) *normTask[T] {
	t := take[T, normTask[T]](&normTaskPool)
	t.kind, t.norm = kind, norm
	return t
}

func (t *normTask[T]) put() {
	t.dst, t.x, t.g, t.mean, t.a, t.b, t.c, t.partial, t.columns = nil, nil, nil, nil, nil, nil, nil, nil, nil
	give[T](&normTaskPool, t)
}

// do works on all rows, block by block.
func (t *normTask[T]) do() {
	t.rows = len(t.x) / t.norm.N
	t.block = max(1, spanSize/t.norm.N)
	count := (t.rows + t.block - 1) / t.block
	if t.kind == rowsSums {
		t.partial = grown(&t.partsMem, count*2*t.norm.N)
	}
	if len(t.x) >= longCopy {
		parallel(&t.job, t, count)
		return
	}
	for i := range count {
		t.part(i)
	}
}

func (t *normTask[T]) part(i int) {
	n := t.norm.N
	from, to := i*t.block, min((i+1)*t.block, t.rows)
	of := func(x []T) []T {
		if x == nil {
			return nil
		}
		return x[from*n : to*n]
	}
	switch t.kind {
	case normalizeColumns:
		normalizeBlock(of(t.dst), of(t.x), t.mean, t.a, t.b, to-from)
	case blendColumns:
		blendBlock(of(t.dst), of(t.x), of(t.g), t.mean, t.a, t.b, t.c, to-from)
	case normalizeRows:
		t.rowsForward(of(t.dst), of(t.x))
	case rowsGrad:
		t.rowsBackward(of(t.dst), of(t.x), of(t.g))
	case rowsSums:
		t.rowsColumns(t.partial[i*2*n:(i+1)*2*n], of(t.x), of(t.g))
	}
}

// Moments sets m (2, n) to the means and the variances, by the number of rows, of
// the columns of x.
func Moments[T Float](n int, x, m []T) {
	rows := len(x) / n
	mean, variance := m[:n], m[n:2*n]
	sumRows(mean, x, rows)
	axpb(mean, T(1/float64(rows)), mean, 0)
	columnSums(sumOfSquares, variance, x, nil, mean, rows)
	axpb(variance, T(1/float64(rows)), variance, 0)
}

// scales returns the per-column coefficients as three rows of n.
func (t *normTask[T]) scales(n int) (a, b, c []T) {
	t.columns = grown(&t.columnsMem, 3*n)
	return t.columns[:n], t.columns[n : 2*n], t.columns[2*n:]
}

func (n Norm) root(variance float64) float64 { return 1 / math.Sqrt(variance+n.Epsilon) }

// BatchNorm sets y to γ·(x − μ)/√(σ² + ε) + β with the moments m (2, N).
func BatchNorm[T Float](norm Norm, x, m, gamma, beta, y []T) {
	n := norm.N
	t := getNorm[T](normalizeColumns, norm)
	a, b, _ := t.scales(n)
	for j := range a {
		r := norm.root(float64(m[n+j]))
		if gamma != nil {
			r *= float64(gamma[j])
		}
		a[j], b[j] = T(r), 0
	}
	if beta != nil {
		copy(b, beta)
	}
	t.dst, t.x, t.mean, t.a, t.b = y, x, m[:n], a, b
	t.do()
	t.put()
}

// BatchNormSums sets s (2, N) to Σ g·(x − μ)/√(σ² + ε) and Σ g, which are the
// gradients of γ and of β.
func BatchNormSums[T Float](norm Norm, x, m, g, s []T) {
	n := norm.N
	rows := len(x) / n
	columnSums(sumOfDots, s[:n], x, g, m[:n], rows)
	for j := range n {
		s[j] = T(float64(s[j]) * norm.root(float64(m[n+j])))
	}
	sumRows(s[n:2*n], g, rows)
}

// BatchNormGrad sets dx to the gradient with respect to x, s being what BatchNormSums gives if m
// are the moments of x itself, nil if they do not depend on x.
func BatchNormGrad[T Float](norm Norm, x, m, gamma, g, s, dx []T) {
	n := norm.N
	t := getNorm[T](blendColumns, norm)
	a, b, c := t.scales(n)
	rows := float64(len(x) / n)
	for j := range a {
		r := norm.root(float64(m[n+j]))
		k := r
		if gamma != nil {
			k *= float64(gamma[j])
		}
		a[j], b[j], c[j] = T(k), 0, 0
		if s != nil {
			b[j], c[j] = T(-k*r*float64(s[j])/rows), T(-k*float64(s[n+j])/rows)
		}
	}
	t.dst, t.x, t.g, t.mean, t.a, t.b, t.c = dx, x, g, m[:n], a, b, c
	t.do()
	t.put()
}

// LayerNorm sets every row of y to γ·(x − μ)/√(σ² + ε) + β with the row's own moments.
func LayerNorm[T Float](norm Norm, x, gamma, beta, y []T) {
	t := getNorm[T](normalizeRows, norm)
	t.dst, t.x, t.a, t.b = y, x, gamma, beta
	t.do()
	t.put()
}

// LayerNormGrad sets dx to the gradient with respect to x.
func LayerNormGrad[T Float](norm Norm, x, gamma, g, dx []T) {
	t := getNorm[T](rowsGrad, norm)
	t.dst, t.x, t.a, t.g = dx, x, gamma, g
	t.do()
	t.put()
}

// LayerNormSums sets s (2, N) to the gradients of γ and of β.
func LayerNormSums[T Float](norm Norm, x, g, s []T) {
	t := getNorm[T](rowsSums, norm)
	t.x, t.g = x, g
	t.do()
	sumRows(s[:2*norm.N], t.partial, len(t.partial)/(2*norm.N))
	t.put()
}

// standardize sets dst to (x − μ)/√(σ² + ε) of one row and returns 1/√(σ² + ε).
func standardize[T Float](n Norm, dst, x []T) (r float64) {
	if n.RMS {
		r = n.root(sumSquares(x) / float64(n.N))
		axpb(dst, T(r), x, 0)
		return r
	}
	axpb(dst, 1, x, T(-sum(x)/float64(n.N)))
	r = n.root(sumSquares(dst) / float64(n.N))
	axpb(dst, T(r), dst, 0)
	return r
}

func (t *normTask[T]) rowsForward(y, x []T) {
	n := t.norm.N
	for at := 0; at < len(x); at += n {
		d := y[at : at+n]
		standardize(t.norm, d, x[at:at+n])
		if t.a != nil {
			mulVV(d, d, t.a)
		}
		if t.b != nil {
			addVV(d, d, t.b)
		}
	}
}

// rowsBackward: with h = γ·g and x̂ the standardised row,
// dx = (h − Σh/n − x̂·Σ(h·x̂)/n)/√(σ² + ε), without Σh/n if the mean is not subtracted.
func (t *normTask[T]) rowsBackward(dx, x, g []T) {
	n := t.norm.N
	s := getScratch[T]()
	h := grown(&s.result, n)
	for at := 0; at < len(x); at += n {
		d := dx[at : at+n]
		r := standardize(t.norm, d, x[at:at+n])
		if t.a != nil {
			mulVV(h, g[at:at+n], t.a)
		} else {
			copy(h, g[at:at+n])
		}
		total := 0.0
		if !t.norm.RMS {
			total = sum(h)
		}
		axpb(d, T(-r*dot(h, d)/float64(n)), d, T(-r*total/float64(n)))
		Axpy(T(r), h, d)
	}
	s.put()
}

// rowsColumns adds up the gradients of γ and β over some rows.
func (t *normTask[T]) rowsColumns(to, x, g []T) {
	n := t.norm.N
	s := getScratch[T]()
	h := grown(&s.result, n)
	clear(to[:n])
	for at := 0; at < len(x); at += n {
		standardize(t.norm, h, x[at:at+n])
		mulVV(h, h, g[at:at+n])
		addVV(to[:n], to[:n], h)
	}
	sumBlock(to[n:], g, len(g)/n)
	s.put()
}
