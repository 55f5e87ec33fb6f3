package baselines

import (
	"slices"
	"sort"
)

// binning maps the values of each column to the number of edges below them. Edges lie
// half-way between neighbouring values of the training rows, so a split between bins is a
// split that a tree could make on the values.
type binning [][]float64

// fitBins divides each column of the rows into at most bins bins with about equally many
// rows. A column with no more distinct values than that gets one bin per value, which loses
// nothing.
func fitBins(x *matrix, bins int) binning {
	b := make(binning, x.columns)
	column := make([]float64, x.rows)
	for j := range b {
		for i := range column {
			column[i] = x.x[i*x.columns+j]
		}
		slices.Sort(column)
		b[j] = edges(column, bins)
	}
	return b
}

func edges(sorted []float64, bins int) []float64 {
	var all []float64 // the midpoints between distinct neighbours
	var below []int   // how many values lie below each
	for i := 1; i < len(sorted); i++ {
		if sorted[i] != sorted[i-1] {
			all = append(all, sorted[i-1]+(sorted[i]-sorted[i-1])/2)
			below = append(below, i)
		}
	}
	if len(all) < bins {
		return all
	}
	out := make([]float64, 0, bins-1)
	last := -1
	for b := 1; b < bins; b++ {
		want := float64(b) * float64(len(sorted)) / float64(bins)
		i := sort.Search(len(below), func(i int) bool { return float64(below[i]) >= want })
		if i > 0 && (i == len(below) || want-float64(below[i-1]) < float64(below[i])-want) {
			i--
		}
		if i > last {
			out = append(out, all[i])
			last = i
		}
	}
	return out
}

// apply returns the bins of a row as numbers.
func (b binning) apply(row []float64) []float64 {
	out := make([]float64, len(row))
	for j, v := range row {
		out[j] = float64(sort.Search(len(b[j]), func(i int) bool { return b[j][i] >= v }))
	}
	return out
}

// table returns the bins of all rows.
func (b binning) table(x *matrix) [][]float64 {
	out := make([][]float64, x.rows)
	for i := range out {
		out[i] = b.apply(x.row(i))
	}
	return out
}
