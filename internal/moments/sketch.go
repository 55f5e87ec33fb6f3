package moments

import (
	"math"
	"slices"
)

// Sketch summarises a column of any length in bounded memory. Up to Exact values it
// keeps them all. Of more it keeps, after Munro and Paterson (1980), "Selection and
// sorting with limited storage", sorted buffers of bufferSize values: two buffers that
// stand for equally many values become one of every other value of both, from the first
// and from the second in turn. No random number takes part. Of n values the rank of a
// quantile is off by at most n·log2(n/bufferSize)/(2·bufferSize), 3 in 10,000 for 20
// million.
type Sketch struct {
	n         int
	values    []float64   // all of them, or of the buffer that is being filled
	levels    [][]float64 // a buffer on level l stands for 2^l values each; nil: there is none
	odd       []bool      // which values the next merging on a level keeps
	low, high float64
	mean, m2  float64 // Welford's, in the order of the values
}

// Exact is how many values a Sketch keeps as they are.
const Exact = 1 << 18

const (
	bufferSize = 1 << 14
	summary    = 1 << 16 // values that stand for all
)

// Add takes in a finite value.
func (s *Sketch) Add(x float64) {
	if s.n == 0 || x < s.low {
		s.low = x
	}
	if s.n == 0 || x > s.high {
		s.high = x
	}
	s.n++
	d := x - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (x - s.mean)
	s.values = append(s.values, x)
	if s.levels != nil && len(s.values) == bufferSize || len(s.values) == Exact {
		s.flush()
	}
}

// flush moves the values to buffers.
func (s *Sketch) flush() {
	for len(s.values) >= bufferSize {
		buffer := slices.Clone(s.values[:bufferSize])
		s.values = s.values[bufferSize:]
		slices.Sort(buffer)
		s.push(0, buffer)
	}
	s.values = slices.Grow([]float64(nil), bufferSize)
}

func (s *Sketch) push(level int, buffer []float64) {
	if level == len(s.levels) {
		s.levels, s.odd = append(s.levels, nil), append(s.odd, false)
	}
	if s.levels[level] == nil {
		s.levels[level] = buffer
		return
	}
	merged := half(s.levels[level], buffer, s.odd[level])
	s.levels[level], s.odd[level] = nil, !s.odd[level]
	s.push(level+1, merged)
}

// half merges two sorted buffers and keeps every other value.
func half(a, b []float64, odd bool) []float64 {
	out := make([]float64, 0, (len(a)+len(b))/2)
	keep := odd
	for len(a) > 0 || len(b) > 0 {
		var x float64
		if len(b) == 0 || len(a) > 0 && a[0] <= b[0] {
			x, a = a[0], a[1:]
		} else {
			x, b = b[0], b[1:]
		}
		if keep {
			out = append(out, x)
		}
		keep = !keep
	}
	return out
}

// Len returns the number of values.
func (s *Sketch) Len() int { return s.n }

// Sorted returns the values in ascending order: all of them up to Exact, of more 65,536
// that stand for equal shares, the least and the greatest among them.
func (s *Sketch) Sorted() []float64 {
	if s.levels == nil {
		out := slices.Clone(s.values)
		slices.Sort(out)
		return out
	}
	type weighted struct {
		value  float64
		weight int
	}
	var all []weighted
	for _, x := range s.values {
		all = append(all, weighted{x, 1})
	}
	for l, buffer := range s.levels {
		for _, x := range buffer {
			all = append(all, weighted{x, 1 << l})
		}
	}
	slices.SortStableFunc(all, func(a, b weighted) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	total := 0
	for _, w := range all {
		total += w.weight
	}
	out := make([]float64, summary)
	at, upTo := 0, all[0].weight // values stand for the ranks before upTo
	for i := range out {
		rank := int(float64(i) / (summary - 1) * float64(total-1))
		for rank >= upTo {
			at++
			upTo += all[at].weight
		}
		out[i] = all[at].value
	}
	out[0], out[summary-1] = s.low, s.high
	return out
}

// MeanStd returns what the function MeanStd does of the sorted values up to Exact; of
// more the moments of all values in the order in which they came.
func (s *Sketch) MeanStd() (mean, std float64) {
	largest := max(math.Abs(s.low), math.Abs(s.high))
	if s.levels == nil || largest > 0x1p400 || largest < 0x1p-400 || s.low == s.high {
		return MeanStd(s.Sorted())
	}
	return s.mean, math.Sqrt(s.m2 / float64(s.n))
}
