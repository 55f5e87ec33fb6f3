package draw_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/internal/draw"
	"pgregory.net/rapid"
)

func TestQuotas(t *testing.T) {
	for _, c := range []struct {
		sizes, whole []int
		rest         []float64
		total        int
		want         []int
	}{
		{[]int{50, 50, 50}, []int{12, 12, 12}, []float64{.5, .5, .5}, 37, []int{13, 12, 12}},
		{[]int{10, 1, 5}, []int{2, 0, 1}, []float64{.5, .25, .75}, 4, []int{2, 0, 2}},
		{[]int{1, 10}, []int{1, 2}, []float64{.9, 0}, 5, []int{1, 4}},
		{[]int{1, 1}, []int{1, 1}, []float64{0, 0}, 5, []int{1, 1}}, // more than there are
	} {
		if got := draw.Quotas(c.sizes, c.whole, c.rest, c.total); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestRows: as many rows of every stratum as its quota, none twice, ascending.
func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 8), 1, 5).Draw(t, "sizes")
		strata, quota, of := make([][]int, len(sizes)), make([]int, len(sizes)), map[int]int{}
		for k, n := range sizes {
			for range n {
				row := len(of)
				strata[k], of[row] = append(strata[k], row), k
			}
			quota[k] = rapid.IntRange(0, n).Draw(t, "quota")
		}
		rows := draw.Rows(strata, quota, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		counts := make([]int, len(sizes))
		for _, r := range rows {
			counts[of[r]]++
		}
		if !slices.Equal(counts, quota) || !slices.IsSorted(rows) || len(slices.Compact(slices.Clone(rows))) != len(rows) {
			t.Errorf("rows %v of %v for quotas %v", rows, strata, quota)
		}
	})
}
