package moments

import (
	"math"
	"slices"
)

// Sketch summarises a column of any length in bounded memory. It keeps up to Exact values
// exactly. Beyond that it keeps sorted buffers of bufferSize values, as Munro and Paterson
// (1980), "Selection and sorting with limited storage": two buffers of equal weight are
// merged into one by keeping every other value, alternating between even and odd
// positions. It is deterministic. The rank error of a quantile of n values is at most
// n·log2(n/bufferSize)/(2·bufferSize), 0.03% for 20 million values.
type Sketch struct {
	// NoQuantiles forgets the values when there are more than Exact, which is faster. See
	// Incomplete.
	NoQuantiles bool

	n         int
	values    []float64   // all values, or the buffer being filled
	levels    [][]float64 // each value at level l represents 2^l values; nil: empty
	odd       []bool      // whether the next merge at a level keeps odd positions
	low, high float64
	mean, m2  float64 // Welford's method, in order of arrival
}

// Exact is the number of values a Sketch keeps exactly.
const Exact = 1 << 18

const (
	bufferSize = 1 << 14
	summary    = 1 << 16 // length of a sample of many values
)

// Add adds a finite value.
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
	if s.NoQuantiles && s.n >= Exact {
		s.values = nil
		return
	}
	s.values = append(s.values, x)
	if s.levels != nil && len(s.values) == bufferSize || len(s.values) == Exact {
		s.flush()
	}
}

// flush moves values to buffers.
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

// Incomplete reports whether a Sketch with NoQuantiles cannot say what is asked of it:
// the running sums of its values may have overflowed or underflowed, and the values
// themselves are gone.
func (s *Sketch) Incomplete() bool {
	return s.NoQuantiles && s.n >= Exact && s.low != s.high && !s.summed()
}

// summed reports whether the running sums are exact up to rounding.
func (s *Sketch) summed() bool {
	largest := max(math.Abs(s.low), math.Abs(s.high))
	return largest <= 0x1p400 && largest >= 0x1p-400
}

// Len returns the number of values.
func (s *Sketch) Len() int { return s.n }

// Sorted returns the values in ascending order: all of them up to Exact, otherwise 65,536
// evenly spaced quantiles including the minimum and the maximum; with NoQuantiles, these
// two alone.
func (s *Sketch) Sorted() []float64 {
	if s.NoQuantiles && s.n >= Exact {
		return []float64{s.low, s.high}
	}
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
	at, upTo := 0, all[0].weight // all[at] covers the ranks before upTo
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

// MeanStd returns mean and population standard deviation: those of the sorted values up to
// Exact, otherwise accumulated over all values in order of arrival.
func (s *Sketch) MeanStd() (mean, std float64) {
	if s.n < Exact || !s.summed() || s.low == s.high {
		return MeanStd(s.Sorted())
	}
	return s.mean, math.Sqrt(s.m2 / float64(s.n))
}
