package baselines

import (
	"testing"

	"pgregory.net/rapid"
)

// TestInnerFolds: the folds by which a strength is chosen have their share of every
// class, and hold groups whole.
func TestInnerFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		labels := rapid.SliceOfN(rapid.IntRange(0, 2), n, n).Draw(t, "labels")
		groups := rapid.SliceOfN(rapid.IntRange(0, 9), n, n).Draw(t, "groups")
		of := map[int]int{}
		for r, f := range foldsOf(n, labels, groups, 1) {
			if g, seen := of[groups[r]]; f < 0 || f >= innerFolds || seen && g != f {
				t.Fatalf("row %d of group %d is in fold %d, its group in %d", r, groups[r], f, g)
			}
			of[groups[r]] = f
		}
		var counts [3][innerFolds]int
		for r, f := range foldsOf(n, labels, nil, 1) {
			counts[labels[r]][f]++
		}
		for c, folds := range counts {
			for _, k := range folds {
				if k < folds[innerFolds-1] || k > folds[0] || folds[0]-folds[innerFolds-1] > 1 {
					t.Fatalf("class %d in the folds: %v", c, folds)
				}
			}
		}
	})
}
