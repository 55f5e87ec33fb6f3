package trees

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// binSample is the number of rows beyond which quantiles are taken of a sample.
const binSample = 200_000

// binner puts the values of a column into bins 0 to bins-1. Missing values have a
// bin of their own, number bins.
type binner struct {
	// thresholds are of numbers, increasing: bin b has the values above
	// thresholds[b-1] and up to thresholds[b].
	thresholds []float64
	codes      []int16 // of categories: the bin of each code, -1 if it did not occur
	bins       int     // without the one for missing values
	missing    bool    // whether a training value is missing
}

func (b *binner) categorical() bool { return b.codes != nil }

// fitBins returns the bins of a column. sample lists the rows that quantiles are
// taken of, nil for all.
func fitBins(c Column, most int, sample []int32) *binner {
	if c.Levels > 0 {
		return fitCategories(c, most)
	}
	b := &binner{}
	values := make([]float64, 0, len(c.Values))
	for _, v := range c.Values {
		if v != v {
			b.missing = true
		} else if sample == nil {
			values = append(values, v)
		}
	}
	for _, r := range sample {
		if v := c.Values[r]; v == v {
			values = append(values, v)
		}
	}
	sortFloats(values)
	b.thresholds = cuts(values, most)
	b.bins = len(b.thresholds) + 1
	return b
}

// cuts returns the thresholds between the distinct values if there are at most so
// many, otherwise the quantiles of the sorted values at 1/most, 2/most, ..., each
// the midpoint of its two neighbours.
func cuts(sorted []float64, most int) []float64 {
	var thresholds, distinct []float64
	for i, v := range sorted {
		if i > 0 && v == sorted[i-1] {
			continue
		}
		if distinct = append(distinct, v); len(distinct) > most {
			break
		}
	}
	if len(distinct) <= most {
		for i := 1; i < len(distinct); i++ {
			thresholds = append(thresholds, midpoint(distinct[i-1], distinct[i]))
		}
		return thresholds
	}
	last := float64(len(sorted) - 1)
	for q := 1; q < most; q++ {
		at := float64(q) / float64(most) * last
		t := midpoint(sorted[int(math.Floor(at))], sorted[int(math.Ceil(at))])
		if len(thresholds) == 0 || t > thresholds[len(thresholds)-1] {
			thresholds = append(thresholds, t)
		}
	}
	return thresholds
}

// midpoint returns a number t with a <= t < b, halfway if there is one, for a < b,
// and a for a = b.
func midpoint(a, b float64) float64 {
	if m := a/2 + b/2; m > a && m < b {
		return m
	}
	return a
}

// fitCategories gives each code that occurs a bin. Beyond the most bins, the codes
// that are rarest share the last one.
func fitCategories(c Column, most int) *binner {
	b := &binner{codes: make([]int16, c.Levels)}
	counts := make([]int, c.Levels)
	for _, v := range c.Values {
		if v >= 0 {
			counts[int(v)]++
		} else {
			b.missing = true
		}
	}
	var present []int
	for code, n := range counts {
		b.codes[code] = -1
		if n > 0 {
			present = append(present, code)
		}
	}
	b.bins = min(len(present), most)
	own := present
	if len(present) > most {
		own = slices.Clone(present)
		slices.SortStableFunc(own, func(i, j int) int { return cmp.Compare(counts[j], counts[i]) })
		for _, code := range own[most-1:] {
			b.codes[code] = int16(most - 1)
		}
		own = own[:most-1]
		slices.Sort(own)
	}
	for i, code := range own {
		b.codes[code] = int16(i)
	}
	b.bins = max(1, b.bins)
	return b
}

// bin returns the bin of a value; a code that did not occur in training is missing.
func (b *binner) bin(v float64) uint8 {
	if b.codes != nil {
		if v >= 0 && v < float64(len(b.codes)) {
			if c := b.codes[int(v)]; c >= 0 {
				return uint8(c)
			}
		}
		return uint8(b.bins)
	}
	if v != v {
		return uint8(b.bins)
	}
	// The first threshold that is not below v, by halving without a branch.
	t := b.thresholds
	base := 0
	for n := len(t); n > 0; {
		half := (n + 1) / 2
		if t[base+half-1] < v {
			base += half
		}
		n -= half
	}
	return uint8(base)
}

// binned is a table put into bins. Columns are kept in blocks of up to four, whose
// bins of one row share a word, so that a pass over a node's rows adds to four
// histograms.
type binned struct {
	columns []*binner
	offsets []int // of each column's histogram among the cells
	cells   int
	blocks  []block
	rows    int
}

type block struct {
	first, columns int
	words          []uint32 // of each row
}

// slack is the number of cells after the last histogram that let each be addressed
// as an array of 256.
const slack = 256

func binTable(ctx context.Context, t Table, most, threads int, seed uint64) (*binned, error) {
	n, p := t.Len(), len(t.Columns)
	b := &binned{columns: make([]*binner, p), offsets: make([]int, p+1), rows: n}
	var sample []int32
	if n > binSample {
		sample = sampleRows(n, binSample, seed)
	}
	parallel(threads, p, func(j int) {
		if ctx.Err() == nil {
			b.columns[j] = fitBins(t.Columns[j], most, sample)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for j, c := range b.columns {
		b.offsets[j+1] = b.offsets[j] + c.bins + 1
	}
	b.cells = b.offsets[p] + slack
	b.blocks = blocksOf(p, threads)
	parallel(threads, len(b.blocks), func(i int) {
		if ctx.Err() == nil {
			b.blocks[i].words = b.pack(t, b.blocks[i])
		}
	})
	return b, ctx.Err()
}

// blocksOf divides columns into blocks of equal size, as many as keep all threads
// busy.
func blocksOf(columns, threads int) []block {
	count := (columns + 3) / 4
	if r := count % threads; r != 0 && count < 8*threads {
		count = min(columns, count+threads-r)
	}
	blocks := make([]block, count)
	for i := range blocks {
		first := i * columns / count
		blocks[i] = block{first: first, columns: (i+1)*columns/count - first}
	}
	return blocks
}

func (b *binned) pack(t Table, of block) []uint32 {
	words := make([]uint32, t.Len())
	for j := range of.columns {
		c := b.columns[of.first+j]
		shift := 8 * j
		for i, v := range t.Columns[of.first+j].Values {
			words[i] |= uint32(c.bin(v)) << shift
		}
	}
	return words
}

// blockOf returns the block of a column and the shift of its bins in a word.
func (b *binned) blockOf(column int) (words []uint32, shift int) {
	i := sort.Search(len(b.blocks), func(i int) bool { return b.blocks[i].first > column }) - 1
	return b.blocks[i].words, 8 * (column - b.blocks[i].first)
}

// sampleRows draws rows without replacement, in increasing order.
func sampleRows(n, want int, seed uint64) []int32 {
	g := rand.New(rand.NewPCG(seed, 0x62696e73))
	out := make([]int32, 0, want)
	for i := range n {
		if g.IntN(n-i) < want-len(out) {
			out = append(out, int32(i))
		}
	}
	return out
}
