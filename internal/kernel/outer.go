package kernel

// outer is a walk whose outermost axis is split among workers. Results for different indices
// of it are independent, so the number of workers changes no bit.
type outer[T Float] struct {
	spans  Spans
	sum    bool    // the elements of x are added to dst, not copied
	inner  Strided // of one index of the axis
	dst, x []T
	to, by int // from index to index, in dst and x
	each   int // elements of the walk for one index
}

var outerPool workspaces

// shareOuter adds up or copies, for every index of the outermost axis, along the other
// axes, of which there is at least one.
func shareOuter[T Float](sum bool, dst, x []T, s *Strided, to, by, each int) {
	o := take[T, outer[T]](&outerPool)
	o.sum, o.dst, o.x, o.to, o.by, o.each = sum, dst, x, to, by, each
	o.inner = Strided{dims: s.dims - 1}
	copy(o.inner.shape[:], s.shape[1:])
	copy(o.inner.sa[:], s.sa[1:])
	copy(o.inner.sb[:], s.sb[1:])
	o.spans.Do(o, s.shape[0]*each)
	o.dst, o.x = nil, nil
	give[T](&outerPool, o)
}

// Span implements Spanned: it does the indices that begin in the span.
func (o *outer[T]) Span(from, to int) {
	for i := (from + o.each - 1) / o.each; i*o.each < to; i++ {
		if dst, x := o.dst[i*o.to:], o.x[i*o.by:]; o.sum {
			addUp(dst, x, &o.inner)
		} else {
			copyWalk(dst, x, &o.inner)
		}
	}
}

// size is the number of elements of a walk.
func (s *Strided) size() int {
	n := 1
	for _, d := range s.shape[:s.dims] {
		n *= d
	}
	return n
}

// apart reports whether the second operand's elements of each index of the outermost axis
// come before those of the next.
func (s *Strided) apart() bool {
	end := 1
	for d := 1; d < s.dims; d++ {
		end += (s.shape[d] - 1) * s.sb[d]
	}
	return s.sb[0] >= end
}
