package crossval_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"pgregory.net/rapid"
)

// drawLabels draws class labels of which each that occurs has k rows or more.
func drawLabels(t *rapid.T, k int) []int {
	var labels []int
	for c := range rapid.IntRange(1, 4).Draw(t, "classes") {
		for range rapid.IntRange(k, 4*k).Draw(t, "rows") {
			labels = append(labels, c)
		}
	}
	return rapid.Permutation(labels).Draw(t, "labels")
}

// partition checks that the folds of one repeat take every row once, and that
// their sizes differ by at most 1.
func partition(folds [][]int, n int) error {
	seen := make([]bool, n)
	least, most, total := n, 0, 0
	for i, f := range folds {
		for _, r := range f {
			if r < 0 || r >= n || seen[r] {
				return fmt.Errorf("fold %d: row %d is out of range or taken", i, r)
			}
			seen[r] = true
		}
		least, most, total = min(least, len(f)), max(most, len(f)), total+len(f)
	}
	if total != n {
		return fmt.Errorf("%d of %d rows are tested", total, n)
	}
	if most-least > 1 {
		return fmt.Errorf("folds have %d to %d rows", least, most)
	}
	return nil
}

// balanced checks that the counts of every class differ by at most 1.
func balanced(folds [][]int, labels []int) error {
	for c := range 4 {
		least, most := len(labels), 0
		for _, f := range folds {
			n := 0
			for _, r := range f {
				if labels[r] == c {
					n++
				}
			}
			least, most = min(least, n), max(most, n)
		}
		if most-least > 1 {
			return fmt.Errorf("class %d has %d to %d rows in a fold", c, least, most)
		}
	}
	return nil
}

func TestFoldsPartitionTheRows(t *testing.T) {
	for _, c := range []struct {
		name       string
		make       func(k, repeats int, seed uint64) crossval.Splitter
		repeated   bool
		stratified bool
	}{
		{name: "KFold", make: func(k, _ int, _ uint64) crossval.Splitter { return crossval.KFold{K: k} }},
		{name: "KFold shuffled", make: func(k, _ int, s uint64) crossval.Splitter { return crossval.KFold{K: k, Shuffle: true, Seed: s} }},
		{name: "RepeatedKFold", repeated: true, make: func(k, r int, s uint64) crossval.Splitter {
			return crossval.RepeatedKFold{K: k, Repeats: r, Seed: s}
		}},
		{name: "StratifiedKFold", stratified: true, make: func(k, _ int, _ uint64) crossval.Splitter { return crossval.StratifiedKFold{K: k} }},
		{name: "StratifiedKFold shuffled", stratified: true, make: func(k, _ int, s uint64) crossval.Splitter {
			return crossval.StratifiedKFold{K: k, Shuffle: true, Seed: s}
		}},
		{name: "RepeatedStratifiedKFold", stratified: true, repeated: true, make: func(k, r int, s uint64) crossval.Splitter {
			return crossval.RepeatedStratifiedKFold{K: k, Repeats: r, Seed: s}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				k := rapid.IntRange(2, 7).Draw(rt, "k")
				repeats := 1
				if c.repeated {
					repeats = rapid.IntRange(1, 4).Draw(rt, "repeats")
				}
				labels := drawLabels(rt, k)
				set := classSet(t, labels)
				sp := c.make(k, repeats, rapid.Uint64().Draw(rt, "seed"))
				splits, err := crossval.Splits(set, sp)
				if err != nil {
					rt.Fatal(err)
				}
				if len(splits) != k*repeats {
					rt.Fatalf("%d folds, want %d times %d", len(splits), repeats, k)
				}
				for r := range repeats {
					var folds [][]int
					for f, s := range splits[r*k : (r+1)*k] {
						if s.Repeat != r || s.Fold != f {
							rt.Fatalf("repeat %d, fold %d is named %d, %d", r, f, s.Repeat, s.Fold)
						}
						all := slices.Concat(s.Train, s.Test)
						slices.Sort(all)
						if len(slices.Compact(all)) != len(labels) || len(s.Train)+len(s.Test) != len(labels) {
							rt.Fatalf("train and test rows are not the complement of each other")
						}
						folds = append(folds, s.Test)
					}
					if err := partition(folds, len(labels)); err != nil {
						rt.Fatal(err)
					}
					if c.stratified {
						if err := balanced(folds, labels); err != nil {
							rt.Fatal(err)
						}
					}
				}
				again, err := crossval.Splits(set, sp)
				if err != nil || !reflect.DeepEqual(splits, again) {
					rt.Fatalf("not the same a second time (%v)", err)
				}
			})
		})
	}
}

func TestHoldoutTakesItsPart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		labels := drawLabels(rt, 3)
		h := crossval.Holdout{
			Fraction: rapid.Float64Range(0.1, 0.6).Draw(rt, "fraction"), Stratified: rapid.Bool().Draw(rt, "stratified"),
			Repeats: rapid.IntRange(1, 3).Draw(rt, "repeats"), Seed: rapid.Uint64().Draw(rt, "seed"),
		}
		splits, err := crossval.Splits(classSet(t, labels), h)
		if err != nil {
			rt.Fatal(err)
		}
		for _, s := range splits {
			if d := float64(len(s.Test)) - h.Fraction*float64(len(labels)); d > 1 || d < -0.5 {
				rt.Fatalf("%d of %d rows are tested, want %v of them", len(s.Test), len(labels), h.Fraction)
			}
			if !h.Stratified {
				continue
			}
			for c := range 4 {
				all, test := count(labels, nil, c), count(labels, s.Test, c)
				share := float64(len(s.Test)) * float64(all) / float64(len(labels))
				if d := float64(test) - share; d >= 1 || d <= -1 {
					rt.Fatalf("class %d has %d test rows, its share is %v", c, test, share)
				}
			}
		}
	})
}

func count(labels, rows []int, class int) int {
	n := 0
	if rows == nil {
		for _, c := range labels {
			if c == class {
				n++
			}
		}
	}
	for _, r := range rows {
		if labels[r] == class {
			n++
		}
	}
	return n
}

func TestSeedsAndRepeatsDiffer(t *testing.T) {
	s := classSet(t, make([]int, 40))
	folds := func(sp crossval.Splitter) []crossval.Split {
		f, err := sp.Split(s)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	one := folds(crossval.RepeatedStratifiedKFold{K: 2, Repeats: 2, Seed: 1})
	two := folds(crossval.RepeatedStratifiedKFold{K: 2, Repeats: 2, Seed: 2})
	if reflect.DeepEqual(one, two) {
		t.Error("seeds 1 and 2 give the same folds")
	}
	if reflect.DeepEqual(one[:2], one[2:]) {
		t.Error("both repeats have the same folds")
	}
	if !reflect.DeepEqual(one[:2], folds(crossval.StratifiedKFold{K: 2, Shuffle: true, Seed: 1})) {
		t.Error("the first repeat is not the shuffled StratifiedKFold of that seed")
	}
}

func TestGroupsStayTogether(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.IntRange(2, 4).Draw(rt, "k")
		groups := rapid.SliceOfN(rapid.IntRange(0, 9), 20, 60).Draw(rt, "groups")
		for g := range k {
			groups = append(groups, g)
		}
		s := classSet(t, make([]int, len(groups)))
		s.Groups = groups
		splits, err := crossval.Splits(s, crossval.GroupKFold{K: k})
		if err != nil {
			rt.Fatal(err)
		}
		again, err := crossval.Splits(s, crossval.RepeatedGroupKFold{K: k, Repeats: 3, Seed: 1})
		if err != nil || len(again) != 3*k {
			rt.Fatalf("%d splits, %v", len(again), err)
		}
		size, largest := map[int]int{}, 0
		for _, g := range groups {
			size[g]++
			largest = max(largest, size[g])
		}
		for r := range 3 {
			seen, least, most := 0, len(groups), 0
			for _, split := range again[r*k : (r+1)*k] {
				n := len(split.Test)
				seen, least, most = seen+n, min(least, n), max(most, n)
			}
			if seen != len(groups) || most-least > largest {
				rt.Fatalf("repeat %d: folds of %d to %d rows, %d in all; the largest group has %d", r, least, most, seen, largest)
			}
		}
		splits = append(splits, again...)
		for _, split := range splits {
			in := map[int]bool{}
			for _, r := range split.Test {
				in[groups[r]] = true
			}
			for _, r := range split.Train {
				if in[groups[r]] {
					rt.Fatalf("group %d is on both sides", groups[r])
				}
			}
		}
	})
}

// TestRareClasses: classes of fewer rows than folds are dealt like the others, as by
// sklearn.model_selection.StratifiedKFold(4) of scikit-learn 1.2.1, and a result says so.
func TestRareClasses(t *testing.T) {
	set := classSet(t, []int{0, 1, 0, 2, 0, 1, 0, 0, 1, 0, 0, 3, 1, 0})
	have, err := crossval.StratifiedKFold{K: 4, Rare: true}.Split(set)
	want := [][]int{{0, 1, 2, 3}, {4, 5, 6, 11}, {7, 8, 9}, {10, 12, 13}}
	if err != nil || !reflect.DeepEqual(have, crossval.TestSplits(want)) {
		t.Errorf("folds %v, %v; want %v", have, err, want)
	}
	if _, err := (crossval.RepeatedStratifiedKFold{K: 10, Rare: true}).Split(set); err == nil || !strings.Contains(err.Error(), "every class needs 10 rows or more") {
		t.Errorf("every class is rare: %v", err)
	}
	labels, err := set.Labels()
	if err != nil {
		t.Fatal(err)
	}
	r := &crossval.Result{Data: crossval.DataInfo{Rows: len(labels), Classes: set.Classes, Labels: labels}}
	for i, test := range want {
		r.Splits = append(r.Splits, crossval.Split{Fold: i, Test: test})
	}
	if said := strings.Join(r.Caveats(), "\n"); !strings.Contains(said, "Classes with fewer rows than the 4 folds, which some of these do not test: c (1), d (1).") {
		t.Errorf("caveats %q", said)
	}
}

func TestSplitErrors(t *testing.T) {
	function := func(folds ...[]int) crossval.Splitter {
		return crossval.SplitterFunc(func(*data.Set) ([]crossval.Split, error) { return crossval.TestSplits(folds), nil })
	}
	trained := func(train ...int) crossval.Splitter {
		return crossval.SplitterFunc(func(*data.Set) ([]crossval.Split, error) {
			return []crossval.Split{{Train: train, Test: []int{3}}}, nil
		})
	}
	for _, c := range []struct {
		name   string
		labels []int
		sp     crossval.Splitter
		want   string
	}{
		{"one fold", []int{0, 0, 1, 1}, crossval.KFold{K: 1}, "want 2 folds or more, have 1"},
		{"negative", []int{0, 0, 1, 1}, crossval.StratifiedKFold{K: -1}, "want 2 folds or more, have -1"},
		{"too few rows", []int{0, 0, 1, 1}, crossval.KFold{}, "4 rows cannot make 10 folds"},
		{"small class", []int{0, 0, 0, 1, 0}, crossval.StratifiedKFold{K: 2}, `every class needs 2 rows or more: class "b" has 1 rows`},
		{"small classes", []int{0, 0, 2, 1, 0}, crossval.RepeatedStratifiedKFold{K: 3}, `class "b" has 1 rows, class "c" has 1 rows`},
		{"negative repeats", []int{0, 0, 1, 1}, crossval.RepeatedKFold{K: 2, Repeats: -1}, "want 1 repeat or more, have -1"},
		{"fraction", []int{0, 0, 1, 1}, crossval.Holdout{Fraction: 1.5}, "between 0 and 1, have 1.5"},
		{"nothing to train on", []int{0, 0, 1, 1}, crossval.Holdout{Fraction: 0.9}, "leaves none to train on"},
		{"small stratum", []int{0, 0, 1, 0}, crossval.Holdout{Stratified: true}, `class "b" has 1 rows`},
		{"no groups", []int{0, 0, 1, 1}, crossval.GroupKFold{K: 2}, "want a group for each of 4 rows, have 0"},
		{"no groups, repeated", []int{0, 0, 1, 1}, crossval.RepeatedGroupKFold{K: 2}, "10 times 2-fold by group, shuffled with seed 0: want a group for each of 4 rows, have 0"},
		{"no splitter", []int{0, 0}, nil, "the splitter is nil"},
		{"no folds", []int{0, 0}, function(), "gave no folds"},
		{"empty fold", []int{0, 0}, function([]int{0}, nil), "fold 2 of 2: no test rows"},
		{"out of range", []int{0, 0}, function([]int{2}), "row 2 is out of range [0, 2)"},
		{"twice", []int{0, 0, 0}, function([]int{1, 1}), "row 1 is there twice"},
		{"no training rows", []int{0, 0, 1, 1}, trained([]int{}...), "fold 1 of 1: no training rows"},
		{"training row out of range", []int{0, 0, 1, 1}, trained(0, 4), "training row 4 is out of range [0, 4)"},
		{"negative training row", []int{0, 0, 1, 1}, trained(0, -1), "training row -1 is out of range [0, 4)"},
		{"training row twice", []int{0, 0, 1, 1}, trained(2, 0, 2), "training row 2 is there twice"},
		{"training and test row", []int{0, 0, 1, 1}, trained(2, 3), "row 3 is a training row and a test row"},
		{"all rows", []int{0, 0}, function([]int{1, 0}), "none is left to train on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := crossval.Splits(classSet(t, c.labels), c.sp)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
	t.Run("regression", func(t *testing.T) {
		_, err := crossval.Splits(realSet(t, []float64{1, 2, 3}), crossval.StratifiedKFold{K: 2})
		if err == nil || !strings.Contains(err.Error(), "want int class labels") {
			t.Errorf("have error %v", err)
		}
	})
	t.Run("no rows", func(t *testing.T) {
		for _, s := range []*data.Set{nil, {}} {
			for _, sp := range []crossval.Splitter{crossval.KFold{}, crossval.StratifiedKFold{}, crossval.Holdout{}, crossval.GroupKFold{}, crossval.RepeatedKFold{}} {
				if _, err := sp.Split(s); err == nil {
					t.Errorf("%v: no error", sp)
				}
			}
		}
	})
}

// TestTrainingRows: a splitter that gives training rows, here those before the test rows
// but for a gap, has its models fitted on these alone, and the result keeps them.
func TestTrainingRows(t *testing.T) {
	growing := crossval.SplitterFunc(func(s *data.Set) ([]crossval.Split, error) {
		return []crossval.Split{{Train: []int{1, 0}, Test: []int{3}}, {Train: []int{2, 0, 1}, Test: []int{5, 4}}, {Test: []int{6, 7}}}, nil
	})
	set := realSet(t, []float64{0, 1, 2, 3, 4, 5, 6, 7})
	var mu sync.Mutex
	fitted := map[uint64][]float64{}
	watch := crossval.EstimatorFunc(func(ctx context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
		y, err := train.Values()
		if err != nil {
			return nil, err
		}
		mu.Lock()
		fitted[seed] = y
		mu.Unlock()
		return noisy(ctx, train, seed)
	})
	r, err := crossval.Validate(t.Context(), set, growing, []crossval.Candidate{{Name: "n", Estimator: watch}}, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{0, 1}, {0, 1, 2}, {0, 1, 2, 3, 4, 5}} {
		if got := fitted[crossval.JobSeed(0, "n", i)]; !slices.Equal(got, want) {
			t.Errorf("fold %d was fitted on %v, want %v", i, got, want)
		}
	}
	want := []crossval.Split{{Fold: 0, Train: []int{0, 1}, Test: []int{3}}, {Fold: 1, Train: []int{0, 1, 2}, Test: []int{5, 4}}, {Fold: 2, Test: []int{6, 7}}}
	if !reflect.DeepEqual(r.Splits, want) {
		t.Errorf("splits %+v, want %+v", r.Splits, want)
	}
	again, err := crossval.ReadResult(bytes.NewReader(writeJSON(t, r)))
	if err != nil || !reflect.DeepEqual(again.Splits, want) {
		t.Errorf("read again %+v (%v), want %+v", again, err, want)
	}
}

func TestJobSeedDiffers(t *testing.T) {
	seen := map[uint64]string{}
	for _, name := range []string{"", "a", "b", "net", "net2"} {
		for seed := range uint64(3) {
			for fold := range 40 {
				s := crossval.JobSeed(seed, name, fold)
				what := fmt.Sprint(seed, name, fold)
				if old, ok := seen[s]; ok {
					t.Errorf("%s and %s have the same seed", what, old)
				}
				seen[s] = what
			}
		}
	}
}
