package kernel

import "unsafe"

// Long arrays are split into spans that workers share. A span starts at a multiple of
// spanSize, so an element's lane in a vector register is fixed, and sums are accumulated
// span by span: results do not depend on the number of workers.
const (
	spanSize = 1 << 13 // elements
	longCopy = 1 << 15 // elements worth waking helpers for, if memory-bound
	longMath = 1 << 13 // the same for expensive functions
)

type spanKind uint8

const (
	spanUnary spanKind = iota
	spanUnaryGrad
	spanBinary
	spanAxpb
	spanDropout
	spanUniform
	spanNormal
	spanBernoulli
	spanGather
	spanSquares
	spanSum
)

// spans is an element-wise operation in flight: its operands and the kernel to run.
type spans[T Float] struct {
	job         job
	kind        spanKind
	unary       UnaryFn
	binary      BinaryFn
	alpha, beta float64
	stream      uint64
	dst, a, b   []T
	sums        []float64
	rows        []int // of a gathering
}

var spansPool workspaces

func getSpans[T Float](kind spanKind) *spans[T] {
	s := take[T, spans[T]](&spansPool)
	s.kind = kind
	return s
}

// do processes n elements and returns s to the pool.
func (s *spans[T]) do(n int) {
	parallel(&s.job, s, (n+spanSize-1)/spanSize)
	s.put()
}

func (s *spans[T]) put() {
	s.dst, s.a, s.b, s.rows = nil, nil, nil, nil
	give[T](&spansPool, s)
}

func (s *spans[T]) part(i int) {
	if s.kind == spanGather {
		s.gather(i)
		return
	}
	from := i * spanSize
	of := func(x []T) []T {
		if x == nil {
			return nil
		}
		return x[from:min(from+spanSize, len(x))]
	}
	dst, a, b := of(s.dst), of(s.a), of(s.b)
	switch s.kind {
	case spanUnary:
		unary(s.unary, s.alpha, dst, a)
	case spanUnaryGrad:
		unaryGrad(s.unary, s.alpha, dst, a, b)
	case spanBinary:
		binaryVV(s.binary, dst, a, b)
	case spanAxpb:
		axpb(dst, T(s.alpha), a, T(s.beta))
	case spanDropout:
		dropout(dst, a, s.alpha, s.stream, from)
	case spanUniform:
		uniformNoise(dst, s.stream, from)
	case spanNormal:
		normalNoise(dst, s.stream, from)
	case spanBernoulli:
		bernoulliNoise(dst, s.alpha, s.stream, from)
	case spanSquares:
		s.sums[i] = sumSquares(a)
	case spanSum:
		s.sums[i] = sum(a)
	}
}

// total adds up one number for each span of x.
func total[T Float](kind spanKind, x []T) float64 {
	s := getSpans[T](kind)
	n := (len(x) + spanSize - 1) / spanSize
	if cap(s.sums) < n {
		s.sums = make([]float64, n)
	}
	s.a, s.sums = x, s.sums[:n]
	if len(x) >= longCopy {
		parallel(&s.job, s, n)
	} else {
		for i := range n {
			s.part(i)
		}
	}
	t := 0.0
	for _, v := range s.sums {
		t += v
	}
	s.put()
	return t
}

// Spanned is array work that can be split into spans and run in any order or concurrently:
// the result of a span does not depend on the split.
type Spanned interface{ Span(from, to int) }

// Spans runs such work. The caller keeps its memory.
type Spans struct {
	job  job
	work Spanned
	n    int
}

// Do processes n elements, with helpers if there are enough.
func (s *Spans) Do(work Spanned, n int) {
	if n < longCopy {
		work.Span(0, n)
		return
	}
	s.work, s.n = work, n
	parallel(&s.job, s, (n+spanSize-1)/spanSize)
	s.work = nil
}

func (s *Spans) part(i int) { s.work.Span(i*spanSize, min((i+1)*spanSize, s.n)) }

// Gather copies rows of src, w elements each, one after the other to dst.
func Gather[T Float](dst, src []T, rows []int, w int) {
	dst = dst[:len(rows)*w]
	if len(dst) < longCopy {
		gather(dst, src, rows, w)
		return
	}
	s := getSpans[T](spanGather)
	s.dst, s.a, s.rows = dst, src, rows
	each := s.rowsOfPart()
	parallel(&s.job, s, (len(rows)+each-1)/each)
	s.put()
}

// rowsOfPart is the number of rows in a span, at least 1.
func (s *spans[T]) rowsOfPart() int { return max(1, spanSize/(len(s.dst)/len(s.rows))) }

func (s *spans[T]) gather(i int) {
	w, each := len(s.dst)/len(s.rows), s.rowsOfPart()
	rows := s.rows[i*each : min((i+1)*each, len(s.rows))]
	gather(s.dst[i*each*w:], s.a, rows, w)
}

func gather[T Float](dst, src []T, rows []int, w int) {
	for i, r := range rows {
		if i+rowsAhead < len(rows) {
			prefetchRow(src, rows[i+rowsAhead], w)
		}
		copy(dst[i*w:(i+1)*w], src[r*w:(r+1)*w])
	}
}

// rowsAhead is how many rows ahead of its use a row is prefetched, so that several cache
// misses are in flight.
const rowsAhead = 16

// prefetchRow prefetches row r of x, w elements each.
func prefetchRow[T Float](x []T, r, w int) {
	if row := x[r*w : (r+1)*w]; len(row) > 0 {
		prefetchLines((*byte)(unsafe.Pointer(&row[0])), (len(row)*bytesOf[T]()+63)/64)
	}
}
