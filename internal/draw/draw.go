// Package draw draws rows at random, stratum by stratum.
package draw

import (
	"math/rand/v2"
	"slices"
)

// Quotas divides total rows among strata of the given sizes by largest remainder: each
// gets whole[k], and what is left goes to those with the largest rest, the first of equals
// first, round by round, but never beyond a stratum's size.
func Quotas(sizes, whole []int, rest []float64, total int) []int {
	quota := slices.Clone(whole)
	order := make([]int, len(sizes))
	left := total
	for k := range order {
		order[k] = k
		left -= quota[k]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rest[a] > rest[b]:
			return -1
		case rest[a] < rest[b]:
			return 1
		}
		return 0
	})
	for given := true; left > 0 && given; {
		given = false
		for _, k := range order {
			if left > 0 && quota[k] < sizes[k] {
				quota[k]++
				left--
				given = true
			}
		}
	}
	return quota
}

// Rows draws quota[k] rows of every stratum and returns them in ascending order.
func Rows(strata [][]int, quota []int, r *rand.Rand) []int {
	var rows []int
	for k, stratum := range strata {
		for _, p := range r.Perm(len(stratum))[:quota[k]] {
			rows = append(rows, stratum[p])
		}
	}
	slices.Sort(rows)
	return rows
}

// Sizes returns the number of rows of every stratum.
func Sizes(strata [][]int) []int {
	sizes := make([]int, len(strata))
	for k, rows := range strata {
		sizes[k] = len(rows)
	}
	return sizes
}
