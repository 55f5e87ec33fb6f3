package trees

import (
	"math"
	"math/bits"
)

// cell is a bin of a histogram, or any sum over rows, in fixed point: sums of
// integers do not depend on their order, so that rows and children can be added and
// subtracted in whatever way is fastest. hc holds the hessians, shifted up by
// scale.countBits, and below them the number of rows.
type cell struct {
	g  int64
	hc uint64
}

// scale turns gradients and hessians into integers and back. Sums over all rows fit
// by construction: a million rows leave a gradient 42 bits and a hessian 23, about
// what a float32 has; 16 million rows leave a hessian 13.
type scale struct {
	countBits    int
	mask         uint64
	g, h         float64 // powers of two
	overG, overH float64
}

// newScale returns the scale for so many rows and bounds on the derivatives' size.
func newScale(rows int, g, h float64) scale {
	rowBits := bits.Len(uint(rows))
	s := scale{countBits: rowBits, mask: 1<<rowBits - 1}
	s.g, s.overG = power(62-rowBits, g)
	s.h, s.overH = power(63-2*rowBits, h)
	return s
}

// power returns the power of two that takes numbers up to the bound below 2^bits,
// and its inverse.
func power(bits int, bound float64) (up, down float64) {
	if bound == 0 {
		return 1, 1
	}
	_, e := math.Frexp(bound)
	e = max(-900, min(900, bits-e))
	return math.Ldexp(1, e), math.Ldexp(1, -e)
}

// cell returns the cell of one row. The half makes the conversion round a hessian,
// which is not negative.
func (s *scale) cell(g, h float64) cell {
	return cell{int64(g * s.g), uint64(h*s.h+0.5)<<s.countBits | 1}
}

func (s *scale) gradient(c cell) float64 { return float64(c.g) * s.overG }
func (s *scale) hessian(c cell) float64  { return float64(c.hc>>s.countBits) * s.overH }
func (s *scale) count(c cell) int        { return int(c.hc & s.mask) }

// add adds rows to the histograms of a block's columns, which must be zero.
// offsets are those of its columns among the cells.
func (b *block) add(cells []cell, offsets []int, rows []int32, of []cell) {
	window := func(j int) *[256]cell {
		o := offsets[b.first+j]
		return (*[256]cell)(cells[o : o+256])
	}
	if b.columns == 4 {
		add4(window(0), window(1), window(2), window(3), b.words, rows, of)
		return
	}
	for j := range b.columns {
		add1(window(j), 8*j, b.words, rows, of)
	}
}

func add4(h0, h1, h2, h3 *[256]cell, words []uint32, rows []int32, of []cell) {
	for _, r := range rows {
		w, c := words[r], of[r]
		p := &h0[uint8(w)]
		p.g += c.g
		p.hc += c.hc
		p = &h1[uint8(w>>8)]
		p.g += c.g
		p.hc += c.hc
		p = &h2[uint8(w>>16)]
		p.g += c.g
		p.hc += c.hc
		p = &h3[uint8(w>>24)]
		p.g += c.g
		p.hc += c.hc
	}
}

// add1 adds rows to the histogram of the column whose bins are at the given bit of
// the words.
func add1(h *[256]cell, bit int, words []uint32, rows []int32, of []cell) {
	for _, r := range rows {
		p, c := &h[uint8(words[r]>>(bit&31))], of[r]
		p.g += c.g
		p.hc += c.hc
	}
}

// subtract leaves the histogram of one child in that of the parent, given that of
// the other child.
func subtract(parent, child []cell) {
	child = child[:len(parent)]
	for i := range parent {
		parent[i].g -= child[i].g
		parent[i].hc -= child[i].hc
	}
}
