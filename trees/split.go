package trees

import (
	"cmp"
	"math"
	"slices"
)

// minHessian is the least sum of hessians of a child.
const minHessian = 1e-3

// categorySupport is the number of rows that a category needs for a place among
// the sorted ones, and what its hessian is smoothed with, as in LightGBM.
const categorySupport = 10

// split is a way to divide the rows of a node.
type split struct {
	gain        float64 // decrease of twice the loss, by its second-order expansion
	column      int
	bin         int // of numbers: bins up to this one go left
	categorical bool
	set         [4]uint64 // of categories: the bins that go left, the one for missing values aside
	missingLeft bool
	left        cell // sum over the rows that go left
}

// goesLeft returns for every bin of a column whether its rows go left.
func (s *split) goesLeft(b *binner) *[256]uint8 {
	var out [256]uint8
	for bin := range b.bins {
		left := bin <= s.bin
		if s.categorical {
			left = s.set[bin/64]>>(bin%64)&1 != 0
		}
		if left {
			out[bin] = 1
		}
	}
	if s.missingLeft {
		out[b.bins] = 1
	}
	return &out
}

// splitter finds the best splits of histograms.
type splitter struct {
	scale
	l2      float64
	minRows int
	sorted  []category // scratch
}

// score is the decrease of twice the loss that a leaf's best value brings.
func (s *splitter) score(c cell) float64 {
	g, h := s.gradient(c), s.hessian(c)+s.l2
	if h <= 0 {
		return 0
	}
	return g * g / h
}

// best improves on the split given with what a column offers. cells is its
// histogram, of which total is the sum.
func (s *splitter) best(column int, b *binner, cells []cell, total cell, best *split) {
	cells = cells[:b.bins+1]
	if b.categorical() {
		s.bestSet(column, b, cells, total, best)
		return
	}
	parent := s.score(total)
	s.scan(column, cells[:b.bins], total, parent, best)
	if missing := cells[b.bins]; missing.hc != 0 {
		s.try(split{column: column, bin: b.bins - 1, left: cell{total.g - missing.g, total.hc - missing.hc}}, total, parent, best)
		s.scanBack(column, cells[:b.bins], total, parent, best)
	}
}

// scan tries all thresholds of a column of numbers, with missing values on the right.
func (s *splitter) scan(column int, cells []cell, total cell, parent float64, best *split) {
	var left, at cell
	n := s.count(total)
	top, found := best.gain+parent, -1
	for bin := range cells {
		c := &cells[bin]
		if c.hc == 0 {
			continue
		}
		left.g += c.g
		left.hc += c.hc
		rows := s.count(left)
		if rows < s.minRows {
			continue
		}
		if n-rows < s.minRows {
			break
		}
		if score := s.pair(left, cell{total.g - left.g, total.hc - left.hc}); score > top {
			top, found, at = score, bin, left
		}
	}
	if found >= 0 && top-parent > best.gain {
		*best = split{gain: top - parent, column: column, bin: found, left: at}
	}
}

// scanBack tries all thresholds with missing values on the left.
func (s *splitter) scanBack(column int, cells []cell, total cell, parent float64, best *split) {
	var right, at cell
	n := s.count(total)
	top, found := best.gain+parent, -1
	for bin := len(cells) - 1; bin > 0; bin-- {
		c := &cells[bin]
		if c.hc == 0 {
			continue
		}
		right.g += c.g
		right.hc += c.hc
		rows := s.count(right)
		if rows < s.minRows {
			continue
		}
		if n-rows < s.minRows {
			break
		}
		left := cell{total.g - right.g, total.hc - right.hc}
		if score := s.pair(left, right); score > top {
			top, found, at = score, bin-1, left
		}
	}
	if found >= 0 && top-parent > best.gain {
		*best = split{gain: top - parent, column: column, bin: found, missingLeft: true, left: at}
	}
}

// pair is the score of two children, 0 if one has too small a hessian.
func (s *splitter) pair(left, right cell) float64 {
	hl, hr := s.hessian(left), s.hessian(right)
	if hl < minHessian || hr < minHessian {
		return 0
	}
	gl, gr := s.gradient(left), s.gradient(right)
	return gl*gl/(hl+s.l2) + gr*gr/(hr+s.l2)
}

// try takes a split if it is valid and better than the best.
func (s *splitter) try(c split, total cell, parent float64, best *split) {
	right := cell{total.g - c.left.g, total.hc - c.left.hc}
	if s.count(c.left) < s.minRows || s.count(right) < s.minRows || s.hessian(c.left) < minHessian || s.hessian(right) < minHessian {
		return
	}
	if c.gain = s.score(c.left) + s.score(right) - parent; c.gain > best.gain {
		*best = c
	}
}

// category is a bin of a categorical column and what its rows say.
type category struct {
	bin   int
	cell  cell
	order float64
}

// bestSet tries the sets of categories that are neighbours when sorted by gradient
// over hessian, which hold the best of all sets for a squared loss (Fisher, "On
// Grouping for Maximum Homogeneity", 1958). Categories with little support go
// right; missing values are a category of their own. Each end of the order is tried
// up to the middle, as scikit-learn does.
func (s *splitter) bestSet(column int, b *binner, cells []cell, total cell, best *split) {
	h := s.hessian(total)
	if h <= 0 {
		return
	}
	s.sorted = s.sorted[:0]
	perHessian := float64(s.count(total)) / h
	for bin, c := range cells {
		hess := s.hessian(c)
		if c.hc != 0 && hess*perHessian >= categorySupport {
			s.sorted = append(s.sorted, category{bin, c, s.gradient(c) / (hess + categorySupport)})
		}
	}
	if len(s.sorted) < 2 {
		return
	}
	slices.SortFunc(s.sorted, func(a, b category) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.bin, b.bin))
	})
	n := len(s.sorted)
	s.scanSets(column, b, (n+1)/2, total, best)
	slices.Reverse(s.sorted)
	s.scanSets(column, b, (n-1)/2, total, best)
}

// scanSets tries the sets that begin the order, with up to the given number of
// categories.
func (s *splitter) scanSets(column int, b *binner, most int, total cell, best *split) {
	parent := s.score(total)
	var left cell
	found, n := -1, s.count(total)
	top := *best
	for i := range most {
		left.g += s.sorted[i].cell.g
		left.hc += s.sorted[i].cell.hc
		if n-s.count(left) < s.minRows {
			break
		}
		before := top.gain
		s.try(split{column: column, categorical: true, left: left}, total, parent, &top)
		if top.gain > before {
			found = i
		}
	}
	if found < 0 {
		return
	}
	*best = top
	for _, c := range s.sorted[:found+1] {
		if c.bin == b.bins {
			best.missingLeft = true
		} else {
			best.set[c.bin/64] |= 1 << (c.bin % 64)
		}
	}
}

// leafValue is the value that lowers the loss most, by its second-order expansion.
func (s *splitter) leafValue(c cell) float64 {
	h := s.hessian(c) + s.l2
	if h <= 0 || math.IsInf(h, 0) {
		return 0
	}
	return -s.gradient(c) / h
}
