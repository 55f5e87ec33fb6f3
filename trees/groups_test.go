package trees

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestGroupsAreKeptWhole: no group is both trained on and kept for early stopping, and
// about the share is kept.
func TestGroupsAreKeptWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(-3, 30), 2, 300).Draw(t, "groups")
		labels := make([]int, len(groups))
		f := booster{
			Boosting: Boosting{Stopping: StopAlways, Validation: 0.2}, labels: labels, random: rand.New(rand.NewPCG(1, 2)),
			t: Table{Columns: []Column{{Values: make([]float64, len(groups))}}, Groups: groups},
		}
		f.divideRows()
		inTraining, largest, size := map[int]bool{}, 0, map[int]int{}
		for _, r := range f.train {
			inTraining[groups[r]] = true
		}
		for _, g := range groups {
			size[g]++
			largest = max(largest, size[g])
		}
		for _, r := range f.held {
			if inTraining[groups[r]] {
				t.Fatalf("group %d is on both sides", groups[r])
			}
		}
		if len(f.train) == 0 || len(f.train)+len(f.held) != len(groups) || float64(len(f.held)) > 0.2*float64(len(groups))+float64(largest) {
			t.Errorf("%d rows of %d are trained on, %d kept", len(f.train), len(groups), len(f.held))
		}
	})
	if _, err := (Boosting{}).FitValues(t.Context(), Table{Columns: []Column{{Values: []float64{1, 2}}}, Groups: []int{1}}, []float64{1, 2}); err == nil {
		t.Error("one group for two rows is no error")
	}
}
