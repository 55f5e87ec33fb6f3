package kernel

const (
	digitBits = 11 // of a row number, sorted in one pass
	digits    = 1 << digitBits
)

// GroupRows groups the positions of an index by the row that they name, for the
// gradient of a lookup, and returns the number of rows. order gets the positions by
// row, those of one row ascending; rows the rows ascending, each once, then −1; ends
// where in order the positions of each row end. All have the length of index, whose
// rows are from 0 to 2^31; keys is work space of twice that length.
func GroupRows(index, rows, ends, order []int, keys []uint64) int {
	n := 0
	for i, key := range sortRows(index, keys[:len(index)], keys[len(index):]) {
		if r := int(key >> 32); n == 0 || r != rows[n-1] {
			rows[n] = r
			n++
		}
		order[i] = int(uint32(key))
		ends[n-1] = i + 1
	}
	for i := n; i < len(rows); i++ {
		rows[i] = -1
	}
	return n
}

// sortRows returns rows and positions in the upper and lower halves of sorted keys: a
// stable sort, digit by digit.
func sortRows(index []int, from, to []uint64) []uint64 {
	var counts [3][digits]uint32 // of each digit; 33 bits in all
	most := uint64(0)
	to = to[:len(from)]
	for i, r := range index {
		row := uint64(r)
		from[i] = row<<32 | uint64(i)
		most = max(most, row)
		counts[0][row%digits]++
		counts[1][row>>digitBits%digits]++
		counts[2][row>>(2*digitBits)%digits]++
	}
	for k := 0; k < len(counts) && most>>(k*digitBits) > 0; k++ {
		place := &counts[k] // from here on of the next key with a digit
		sum := uint32(0)
		for d, n := range place {
			place[d] = sum
			sum += n
		}
		shift := 32 + k*digitBits
		for _, key := range from {
			d := key >> shift % digits
			to[place[d]] = key
			place[d]++
		}
		from, to = to, from
	}
	return from
}

// groupSums is a SumGroups in flight.
type groupSums[T Float] struct {
	spans       Spans
	ends, order []int
	w           int
	dst, src    []T
}

var groupSumsPool workspaces

// SumGroups adds up the rows of src, w elements each, of each group that GroupRows has
// made: row i of dst is the sum over the positions of row i, in their order. ends has
// the length of the rows.
func SumGroups[T Float](dst, src []T, ends, order []int, w int) {
	s := take[T, groupSums[T]](&groupSumsPool)
	s.ends, s.order, s.w, s.dst, s.src = ends, order, w, dst, src
	s.spans.Do(s, len(ends)*w)
	s.ends, s.order, s.dst, s.src = nil, nil, nil, nil
	give[T](&groupSumsPool, s)
}

// Span implements Spanned: it sums the rows that begin in the span.
func (s *groupSums[T]) Span(from, to int) {
	w := s.w
	for i := (from + w - 1) / w; i*w < to; i++ {
		begin := 0
		if i > 0 {
			begin = s.ends[i-1]
		}
		sum := s.dst[i*w : (i+1)*w]
		for k, p := range s.order[begin:s.ends[i]] {
			row := s.src[p*w : (p+1)*w]
			if k == 0 {
				copy(sum, row)
			} else {
				addVV(sum, sum, row)
			}
		}
	}
}
