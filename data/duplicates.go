package data

import (
	"math"
	"slices"
)

// duplicates returns the number of kept rows that equal an earlier one in every feature,
// every text that is an input, and the target. Rows are compared by 64-bit hashes.
func (p *planner) duplicates(kept []int) int {
	var columns []int
	for j := range p.plans {
		if q := &p.plans[j]; q.role == roleFeature || q.role == roleTarget || q.isText() {
			columns = append(columns, j)
		}
	}
	n := p.t.rows
	if kept != nil {
		n = len(kept)
	}
	hashes := make([]uint64, n)
	const part = 1 << 14
	parallel((n+part-1)/part, func(k int) {
		for i := k * part; i < min(k*part+part, n); i++ {
			row := i
			if kept != nil {
				row = kept[i]
			}
			hashes[i] = p.t.hash(row, columns)
		}
	})
	slices.Sort(hashes)
	same := 0
	for i := 1; i < n; i++ {
		if hashes[i] == hashes[i-1] {
			same++
		}
	}
	return same
}

func (t *table) hash(row int, columns []int) uint64 {
	at := row * t.width()
	h := uint64(len(columns))
	for _, j := range columns {
		bits := math.Float64bits(t.values[at+j])
		if t.forms[at+j] == formText {
			bits = ^bits
		}
		h = (h ^ bits) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}
