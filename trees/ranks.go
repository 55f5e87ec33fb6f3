package trees

import (
	"context"
	"math/bits"
	"slices"
	"sync/atomic"
)

// ranked is a column by ranks: equal values have the same rank, and ranks go up
// with values, so that a tree sorts and compares integers.
type ranked struct {
	ranks  []uint32 // by row
	sorted []uint64 // rank<<32 | row, increasing
	values []float64
}

func rankTable(ctx context.Context, t Table, threads int) ([]ranked, error) {
	out := make([]ranked, len(t.Columns))
	var stopped atomic.Bool
	parallel(threads, len(out), func(j int) {
		if stopped.Load() || ctx.Err() != nil {
			stopped.Store(true)
			return
		}
		out[j] = rankColumn(t.Columns[j].Values)
	})
	if stopped.Load() {
		return nil, ctx.Err()
	}
	return out, nil
}

func rankColumn(v []float64) ranked {
	values := slices.Clone(v)
	sortFloats(values)
	values = slices.Compact(values)
	r := ranked{ranks: make([]uint32, len(v)), sorted: make([]uint64, len(v)), values: slices.Clip(values)}
	for i, x := range v {
		at := searchFloats(values, x)
		r.ranks[i] = uint32(at)
		r.sorted[i] = uint64(at)<<32 | uint64(i)
	}
	sortKeys(r.sorted, make([]uint64, len(v)), bits.Len(uint(len(values)-1)))
	return r
}

// searchFloats returns the place of x among increasing values that hold it.
func searchFloats(values []float64, x float64) int {
	base := 0
	for n := len(values); n > 1; {
		half := n / 2
		if values[base+half] <= x {
			base += half
		}
		n -= half
	}
	return base
}

// sortKeys sorts keys rank<<32 | row, in which rows are increasing. rankBits is the
// number of bits of the greatest rank. scratch is as long as keys.
func sortKeys(keys, scratch []uint64, rankBits int) {
	n := len(keys)
	switch {
	case n <= 24:
		insertionSort(keys)
	case n <= 160 && rankBits > 8:
		slices.Sort(keys)
	default:
		radixSort(keys, scratch, rankBits)
	}
}

func insertionSort(keys []uint64) {
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		j := i
		for ; j > 0 && keys[j-1] > k; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
	}
}

// radixSort sorts by rank, the least significant bits first, and keeps the order of
// equals.
func radixSort(keys, scratch []uint64, rankBits int) {
	from, to := keys, scratch[:len(keys)]
	for shift := 32; shift < 32+rankBits; shift += 8 {
		var at [256]int32
		for _, k := range from {
			at[uint8(k>>(shift&63))]++
		}
		sum := int32(0)
		for i, c := range at {
			at[i] = sum
			sum += c
		}
		for _, k := range from {
			b := uint8(k >> (shift & 63))
			to[at[b]] = k
			at[b]++
		}
		from, to = to, from
	}
	if len(keys) > 0 && &from[0] != &keys[0] {
		copy(keys, from)
	}
}
