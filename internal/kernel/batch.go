package kernel

// batch is a batch of equally shaped products whose matrices are stored back to back. A
// part is several whole products, or a slice of one when there are few large ones. Each
// part packs its operands into its own buffer.
type batch[T Float] struct {
	job     job
	split   splitProduct[T] // the first product, and the pieces of each
	count   int             // products
	each    int             // products of a part, if they are not in pieces
	a, b, c []T             // of all products
}

var batchPool workspaces

const (
	partFLOP     = 1 << 19 // per part, to amortise the cost of claiming it
	partsOfShare = 4       // minimum parts per goroutine, for load balance
)

// GemmBatch computes C = op(A)·op(B) for each of count matrices A, B and C that lie
// one after the other in a, b and c; op transposes its argument if asked to. op(A)
// is m×k, op(B) is k×n and C is m×n. Every product has the bits of Gemm.
func GemmBatch[T Float](transA, transB bool, count, m, n, k int, a, b, c []T) {
	p := newProduct(transA, transB, m, n, k, a, b, c)
	if count <= 1 || m == 0 || n == 0 || k == 0 || p.long() || single[T]() && otherBLAS.Load() != nil {
		for i := range count {
			Gemm(transA, transB, m, n, k, a[i*m*k:(i+1)*m*k], b[i*k*n:(i+1)*k*n], 0, c[i*m*n:(i+1)*m*n])
		}
		return
	}
	s := take[T, batch[T]](&batchPool)
	s.split.product, s.count, s.a, s.b, s.c = p, count, a, b, c
	shareOut(&s.job, s, s.divide(helpers()+1), 2*count*m*n*k)
	s.split.product, s.a, s.b, s.c = product[T]{}, nil, nil, nil
	give[T](&batchPool, s)
}

// divide chooses the parts for the given number of goroutines and returns their count.
func (s *batch[T]) divide(workers int) int {
	p := &s.split.product
	flop := 2 * p.m * p.n * p.k
	s.split.count = 1
	if pieces := (partsOfShare*workers + s.count - 1) / s.count; assembly && workers > 1 && pieces > 1 && flop >= parallelFLOP {
		s.split.pieces(min(pieces, workers))
	}
	if s.split.count > 1 {
		return s.count * s.split.count
	}
	s.each = max(1, min(partFLOP/flop, s.count/(partsOfShare*workers)))
	return (s.count + s.each - 1) / s.each
}

func (s *batch[T]) part(i int) {
	if !assembly {
		for item := i * s.each; item < min((i+1)*s.each, s.count); item++ {
			p := s.item(item)
			p.inTiles(0)
		}
		return
	}
	w := take[T, buffers[T]](&buffersPool)
	defer give[T](&buffersPool, w)
	if pieces := s.split.count; pieces > 1 {
		p := s.split.cut(s.item(i/pieces), i%pieces)
		p.computeIn(w)
		return
	}
	for item := i * s.each; item < min((i+1)*s.each, s.count); item++ {
		p := s.item(item)
		p.computeIn(w)
	}
}

// item returns one of the products.
func (s *batch[T]) item(i int) product[T] {
	p := s.split.product
	p.a = s.a[i*p.m*p.k : (i+1)*p.m*p.k]
	p.b = s.b[i*p.k*p.n : (i+1)*p.k*p.n]
	p.c = s.c[i*p.m*p.n : (i+1)*p.m*p.n]
	return p
}
