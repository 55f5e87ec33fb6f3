package data_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// TestBatchesTogether: rows of a group follow one another, every row comes once, groups are
// in another order in another epoch, and the same seed gives the same order.
func TestBatchesTogether(t *testing.T) {
	groups := []int{5, 3, 5, 9, 3, 5, 9, 9, 1, 3}
	orders := map[bool][][]int{}
	for _, shuffle := range []bool{false, true} {
		for range 2 {
			b, err := data.NewBatches(len(groups), 4, shuffle, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Together(groups); err != nil {
				t.Fatal(err)
			}
			for epoch := 1; epoch <= 2; epoch++ {
				b.Epoch(epoch)
				var all, runs []int
				for rows := b.Next(); rows != nil; rows = b.Next() {
					all = append(all, rows...)
				}
				for i, row := range all {
					if i == 0 || groups[row] != groups[all[i-1]] {
						runs = append(runs, groups[row])
					}
				}
				if slices.Sort(runs); !slices.Equal(runs, []int{1, 3, 5, 9}) {
					t.Errorf("groups are divided: %v", all)
				}
				orders[shuffle] = append(orders[shuffle], all)
				if once := slices.Sorted(slices.Values(all)); len(once) != 10 || once[0] != 0 || once[9] != 9 || len(slices.Compact(once)) != 10 {
					t.Errorf("rows %v", all)
				}
			}
		}
		if o := orders[shuffle]; !slices.Equal(o[0], o[2]) || !slices.Equal(o[1], o[3]) || slices.Equal(o[0], o[1]) == shuffle {
			t.Errorf("shuffled %v: %v", shuffle, o)
		}
	}
	b, err := data.NewBatches(3, 2, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Together([]int{1, 2}); err == nil || !strings.Contains(err.Error(), "2 groups for 3 rows") {
		t.Errorf("error %v", err)
	}
}
