package crossval_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"pgregory.net/rapid"
)

// TestSplittersOfScikit compares folds with those of scikit-learn 1.2.1, which
// testdata/splitters.py has written down.
func TestSplittersOfScikit(t *testing.T) {
	text, err := os.ReadFile("testdata/splitters.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Kind                       string
		N, K, P, Test, Gap, Window int
		Labels, Groups, Fold       []int
		Folds                      []struct{ Train, Test []int }
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for i, c := range cases {
		set := classSet(t, c.Labels)
		set.Groups = c.Groups
		var sp crossval.Splitter
		switch c.Kind {
		case "time":
			sp = crossval.TimeSeries{K: c.K, Test: c.Test, Gap: c.Gap, Window: c.Window}
		case "out":
			sp = crossval.LeavePOut{P: c.P}
			if c.P == 1 {
				sp = crossval.LeaveOneOut{}
			}
		case "group out":
			sp = crossval.LeaveOneGroupOut{}
		case "predefined":
			sp = crossval.Predefined{Fold: c.Fold}
		case "stratified group":
			sp = crossval.StratifiedGroupKFold{K: c.K}
		}
		splits, err := crossval.Splits(set, sp)
		if err != nil {
			t.Errorf("case %d, %v: %v", i, sp, err)
			continue
		}
		if len(splits) != len(c.Folds) {
			t.Errorf("case %d, %v: %d folds, want %d", i, sp, len(splits), len(c.Folds))
			continue
		}
		for f, want := range c.Folds {
			if !reflect.DeepEqual(splits[f].Train, want.Train) || !reflect.DeepEqual(splits[f].Test, want.Test) {
				t.Errorf("case %d, %v, fold %d: trained on %v, tested on %v, want %v and %v", i, sp, f, splits[f].Train, splits[f].Test, want.Train, want.Test)
				break
			}
		}
		counts[c.Kind]++
	}
	if len(counts) != 5 || counts["stratified group"] < 100 {
		t.Errorf("compared %v", counts)
	}
}

// TestTimeSeriesNeverLooksAhead: whatever the order of the rows, training rows are earlier
// than test rows by the column of times, and as many as the settings allow.
func TestTimeSeriesNeverLooksAhead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		times := rapid.SliceOfN(rapid.IntRange(0, 40), 20, 60).Draw(rt, "times")
		set := timed(t, times)
		sp := crossval.TimeSeries{
			K: rapid.IntRange(2, 5).Draw(rt, "k"), Gap: rapid.IntRange(0, 3).Draw(rt, "gap"), Window: rapid.IntRange(0, 9).Draw(rt, "window"), Column: "when",
		}
		splits, err := crossval.Splits(set, sp)
		if err != nil {
			if !strings.Contains(err.Error(), "no row is earlier than its test rows") {
				rt.Fatal(err)
			}
			return
		}
		latest := -1
		for _, s := range splits {
			first := times[s.Test[0]]
			for _, r := range s.Test {
				if times[r] < latest || times[r] < first {
					rt.Fatalf("test rows %v of times %v are not in order", s.Test, times)
				}
				latest = times[r]
			}
			for _, r := range s.Train {
				if times[r] >= first {
					rt.Fatalf("row %d of time %d is trained on, the test begins at %d", r, times[r], first)
				}
			}
			if sp.Window > 0 && len(s.Train) > sp.Window {
				rt.Fatalf("%d training rows, window %d", len(s.Train), sp.Window)
			}
		}
	})
}

// TestPurgedTimeSeries: between training and test stand as many groups as are asked for, on
// both sides where training goes on after the test, and every other group is trained on.
func TestPurgedTimeSeries(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var groups []int
		n := rapid.IntRange(12, 30).Draw(rt, "groups")
		for g := range n {
			for range rapid.IntRange(1, 4).Draw(rt, "rows") {
				groups = append(groups, 7*g%31) // numbers say nothing about time
			}
		}
		place := map[int]int{}
		for _, g := range groups {
			if _, ok := place[g]; !ok {
				place[g] = len(place)
			}
		}
		sp := crossval.PurgedTimeSeries{K: rapid.IntRange(2, 4).Draw(rt, "k"), Purge: rapid.IntRange(0, 2).Draw(rt, "purge"), Both: rapid.Bool().Draw(rt, "both")}
		if sp.Both {
			sp.Embargo = rapid.IntRange(0, 2).Draw(rt, "embargo")
		}
		set := classSet(t, make([]int, len(groups)))
		set.Groups = groups
		splits, err := crossval.Splits(set, sp)
		if err != nil {
			rt.Fatal(err)
		}
		if len(splits) != sp.K {
			rt.Fatalf("%d folds", len(splits))
		}
		tested := 0
		for _, s := range splits {
			low, high := len(place), 0
			in := map[int]bool{}
			for _, r := range s.Test {
				g := place[groups[r]]
				low, high, in[g] = min(low, g), max(high, g), true
			}
			if tested += len(in); len(in) != high-low+1 {
				rt.Fatalf("the test rows %v are no block of groups", s.Test)
			}
			trained := map[int]bool{}
			for _, r := range s.Train {
				trained[place[groups[r]]] = true
			}
			for g := range n {
				want := g < low-sp.Purge || sp.Both && g > high+sp.Purge+sp.Embargo
				if trained[g] != want {
					rt.Fatalf("%v: test of groups %d to %d: group %d is trained on: %v", sp, low, high, g, trained[g])
				}
			}
		}
		if sp.Both && tested != n {
			rt.Fatalf("%d of %d groups are tested", tested, n)
		}
	})
}

// TestGroupedHoldout: whole groups are drawn, as many as the fraction says.
func TestGroupedHoldout(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(-4, 4), 10, 40).Draw(rt, "groups")
		groups = append(groups, -5, 5, 6)
		set := classSet(t, make([]int, len(groups)))
		set.Groups = groups
		names := map[int]bool{}
		for _, g := range groups {
			names[g] = true
		}
		sp := crossval.Holdout{Fraction: rapid.Float64Range(0.1, 0.6).Draw(rt, "fraction"), Grouped: true, Repeats: 3, Seed: rapid.Uint64().Draw(rt, "seed")}
		splits, err := crossval.Splits(set, sp)
		if err != nil {
			rt.Fatal(err)
		}
		for _, s := range splits {
			in := map[int]bool{}
			for _, r := range s.Test {
				in[groups[r]] = true
			}
			for _, r := range s.Train {
				if in[groups[r]] {
					rt.Fatalf("group %d is on both sides", groups[r])
				}
			}
			if d := float64(len(in)) - sp.Fraction*float64(len(names)); math.Abs(d) > 0.5+1e-9 && len(in) != 1 {
				rt.Fatalf("%d of %d groups are tested, want %v of them", len(in), len(names), sp.Fraction)
			}
		}
	})
}

// timed is a set whose rows have the given times in its column "when".
func timed(t *testing.T, times []int) *data.Set {
	t.Helper()
	rows, labels := make([][]float64, len(times)), make([]int, len(times))
	for i, v := range times {
		rows[i] = []float64{0, float64(v)}
	}
	set, err := data.FromLabels("timed", rows, labels, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	set.Features = []data.Feature{{Name: "x"}, {Name: "when"}}
	return set
}

func TestNewSplitterErrors(t *testing.T) {
	ten := classSet(t, []int{0, 1, 0, 1, 0, 1, 0, 1, 0, 1})
	grouped := func(groups ...int) *data.Set {
		s := *ten
		s.Groups = groups
		return &s
	}
	days := grouped(1, 1, 2, 2, 3, 3, 4, 4, 5, 5)
	gap := timed(t, []int{1, 2, 3, 4, 5, 6, 7, 8})
	gap.Inputs[0].Data().([]float64)[2*3+1] = math.NaN()
	for _, c := range []struct {
		set  *data.Set
		sp   crossval.Splitter
		want string
	}{
		{ten, crossval.TimeSeries{K: 1}, "want 2 folds or more, have 1"},
		{ten, crossval.TimeSeries{K: 10}, "10 rows cannot make 10 folds and what the first trains on"},
		{ten, crossval.TimeSeries{K: 3, Test: 3, Gap: 1}, "leave nothing to train on of 10"},
		{ten, crossval.TimeSeries{Gap: -1}, "gap -1"},
		{ten, crossval.TimeSeries{Test: math.MaxInt}, "leave nothing to train on"},
		{ten, crossval.TimeSeries{Gap: math.MaxInt}, "leave nothing to train on"},
		{ten, crossval.TimeSeries{Column: "day"}, `there is no column "day"`},
		{gap, crossval.TimeSeries{K: 2, Column: "when"}, `column "when": row 3 has no value`},
		{timed(t, []int{4, 4, 4, 4, 4, 4}), crossval.TimeSeries{K: 2, Column: "when"}, "fold 1: no row is earlier than its test rows"},
		{&data.Set{Targets: ten.Targets, Classes: ten.Classes}, crossval.TimeSeries{K: 2, Column: "when"}, "the rows are not in memory"},
		{ten, crossval.PurgedTimeSeries{}, "want a group for each of 10 rows, have 0"},
		{days, crossval.PurgedTimeSeries{K: 5}, "5 groups cannot make 5 folds"},
		{days, crossval.PurgedTimeSeries{K: 2, Purge: 3}, "leave nothing to train on of 5"},
		{days, crossval.PurgedTimeSeries{K: 2, Embargo: 1}, "an embargo is for training after the test"},
		{days, crossval.PurgedTimeSeries{K: 2, Purge: -1}, "want 0 or more"},
		{days, crossval.PurgedTimeSeries{K: 2, Both: true, Purge: 4}, "fold 1: nothing is left to train on of 5 groups"},
		{days, crossval.PurgedTimeSeries{K: 6, Both: true}, "5 groups cannot make 6 folds"},
		{days, crossval.PurgedTimeSeries{K: 2, Both: true, Test: 1}, "Test does not go with it"},
		{grouped(1, 1, 2, 2, 1, 3, 3, 4, 4, 5), crossval.PurgedTimeSeries{K: 2}, "group 1 goes on after group 2 has begun"},
		{ten, crossval.LeavePOut{P: 10}, "10 of 10 rows"},
		{ten, crossval.LeavePOut{P: -1}, "-1 of 10 rows"},
		{classSet(t, make([]int, 500)), crossval.LeavePOut{P: 3}, "more than 65536 folds"},
		{classSet(t, make([]int, 500)), crossval.LeavePOut{P: 250}, "more than 65536 folds"},
		{ten, crossval.LeaveOneGroupOut{}, "want a group for each of 10 rows"},
		{grouped(make([]int, 10)...), crossval.LeaveOneGroupOut{}, "all 10 rows are of one group"},
		{ten, crossval.Predefined{Fold: []int{1}}, "1 numbers for 10 rows"},
		{ten, crossval.Predefined{Fold: []int{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}}, "no row is tested"},
		{ten, crossval.StratifiedGroupKFold{K: 2}, "want a group for each of 10 rows"},
		{days, crossval.StratifiedGroupKFold{K: 6}, "5 groups cannot make 6 folds"},
		{days, crossval.RepeatedStratifiedGroupKFold{K: 2, Repeats: -1}, "want 1 repeat or more"},
		{days, crossval.Holdout{Grouped: true, Stratified: true}, "exclude each other"},
		{ten, crossval.Holdout{Grouped: true}, "want a group for each of 10 rows"},
		{grouped(1, 1, 1, 1, 1, 2, 2, 2, 2, 2), crossval.Holdout{Grouped: true, Fraction: 0.9}, "0.9 of 2 groups leaves none to train on"},
	} {
		if _, err := crossval.Splits(c.set, c.sp); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want one with %q", c.sp, err, c.want)
		}
	}
	for _, sp := range []crossval.Splitter{
		crossval.TimeSeries{}, crossval.PurgedTimeSeries{}, crossval.LeaveOneOut{}, crossval.LeavePOut{}, crossval.LeaveOneGroupOut{},
		crossval.Predefined{}, crossval.StratifiedGroupKFold{}, crossval.RepeatedStratifiedGroupKFold{}, crossval.Holdout{Grouped: true},
	} {
		for _, s := range []*data.Set{nil, {}} {
			if _, err := sp.Split(s); !errors.Is(err, data.ErrEmpty) {
				t.Errorf("%v of no rows: %v", sp, err)
			}
		}
	}
}
