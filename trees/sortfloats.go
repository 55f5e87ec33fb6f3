package trees

import (
	"math"
	"slices"
)

// sortFloats sorts finite numbers: many of them by radix on their bits, which takes a
// tenth of the time that comparing takes.
func sortFloats(v []float64) {
	if len(v) < 1000 {
		slices.Sort(v)
		return
	}
	const digits = 6 // of 11 bits
	keys, scratch := make([]uint64, len(v)), make([]uint64, len(v))
	var counts [digits][1 << 11]int32
	for i, x := range v {
		k := orderedBits(x)
		keys[i] = k
		for d := range digits {
			counts[d][k>>(11*d)&(1<<11-1)]++
		}
	}
	for d := range digits {
		at := &counts[d]
		if at[keys[0]>>(11*d)&(1<<11-1)] == int32(len(v)) {
			continue // all have the same digit
		}
		sum := int32(0)
		for i, c := range at {
			at[i] = sum
			sum += c
		}
		for _, k := range keys {
			b := k >> (11 * d) & (1<<11 - 1)
			scratch[at[b]] = k
			at[b]++
		}
		keys, scratch = scratch, keys
	}
	for i, k := range keys {
		v[i] = fromOrderedBits(k)
	}
}

// orderedBits returns an integer that goes up as x does. Both zeros have the same.
func orderedBits(x float64) uint64 {
	b := math.Float64bits(x + 0)
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

func fromOrderedBits(k uint64) float64 {
	if k>>63 != 0 {
		return math.Float64frombits(k &^ (1 << 63))
	}
	return math.Float64frombits(^k)
}
