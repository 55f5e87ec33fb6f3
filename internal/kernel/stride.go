package kernel

// MaxDims is the highest rank that strided kernels accept after adjacent axes
// were merged.
const MaxDims = 8

// Strided walks two operands along the axes of a common shape. It serves
// broadcasting (an operand's stride is 0 along an axis that it is repeated on)
// and reductions (the result's stride is 0 along an axis that is reduced).
type Strided struct {
	dims   int
	shape  [MaxDims]int
	sa, sb [MaxDims]int
}

// NewStrided makes the walk over shape; stride 0 stands for repetition. Axes
// of size 1 are dropped and neighbours that are contiguous in both operands
// are merged. ok is false if more than MaxDims axes are left.
func NewStrided(shape, sa, sb []int) (s Strided, ok bool) {
	for i, n := range shape {
		if n == 1 {
			continue
		}
		if d := s.dims - 1; d >= 0 && s.sa[d] == sa[i]*n && s.sb[d] == sb[i]*n {
			s.shape[d] *= n
			s.sa[d], s.sb[d] = sa[i], sb[i]
			continue
		}
		if s.dims == MaxDims {
			return s, false
		}
		s.shape[s.dims], s.sa[s.dims], s.sb[s.dims] = n, sa[i], sb[i]
		s.dims++
	}
	if s.dims == 0 {
		s.shape[0], s.dims = 1, 1
	}
	return s, true
}

// inner returns the length of the innermost axis and both strides along it.
func (s *Strided) inner() (n, sa, sb int) {
	d := s.dims - 1
	return s.shape[d], s.sa[d], s.sb[d]
}

// odometer counts through the outer axes of a Strided.
type odometer struct {
	at   [MaxDims]int
	a, b int // offsets of the operands
}

// next moves on to the next innermost run; false when there is none.
func (o *odometer) next(s *Strided) bool {
	for d := s.dims - 2; d >= 0; d-- {
		o.at[d]++
		o.a += s.sa[d]
		o.b += s.sb[d]
		if o.at[d] < s.shape[d] {
			return true
		}
		o.a -= s.shape[d] * s.sa[d]
		o.b -= s.shape[d] * s.sb[d]
		o.at[d] = 0
	}
	return false
}

// Copy sets dst, dense over the walk's shape, to a read with the first strides.
func Copy[T Float](dst, a []T, s *Strided) {
	if s.dims > 1 && len(dst) >= longCopy {
		each := s.size() / s.shape[0]
		shareOuter(false, dst, a, s, each, s.sa[0], each)
		return
	}
	copyWalk(dst, a, s)
}

// CopyInts is Copy of ints.
func CopyInts(dst, a []int, s *Strided) { copyWalk(dst, a, s) }

func copyWalk[T any](dst, a []T, s *Strided) {
	n, sa, _ := s.inner()
	var o odometer
	for at := 0; ; at += n {
		d := dst[at : at+n]
		switch sa {
		case 1:
			copy(d, a[o.a:o.a+n])
		case 0:
			v := a[o.a]
			for i := range d {
				d[i] = v
			}
		default:
			for i, j := 0, o.a; i < n; i, j = i+1, j+sa {
				d[i] = a[j]
			}
		}
		if !o.next(s) {
			return
		}
	}
}

// Blocks copies runs between two dense arrays: for each of outer steps, n
// elements from src[srcAt:] to dst[dstAt:], both then moved on by their step.
func Blocks[T any](dst, src []T, outer, n, dstAt, dstStep, srcAt, srcStep int) {
	for ; outer > 0; outer-- {
		copy(dst[dstAt:dstAt+n], src[srcAt:srcAt+n])
		dstAt += dstStep
		srcAt += srcStep
	}
}
