package crossval

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/seed732fc211/aegis/data"
)

// TimeSeries tests on the last rows in K consecutive blocks, and trains each fold on rows
// before its block alone. The folds are those of scikit-learn's TimeSeriesSplit, whose
// n_splits, test_size, gap and max_train_size are K, Test, Gap and Window.
type TimeSeries struct {
	K      int    // number of folds; 0: 5
	Test   int    // rows of a test block; 0: rows/(K+1)
	Gap    int    // rows left out between training and test rows
	Window int    // most training rows, the latest ones; 0: all before the gap, a window that grows
	Column string // column whose values put the rows in order, numbers or times; "": they are in order
}

// Split returns K folds, the earliest first. Rows with equal values in Column keep their
// order, and training rows as late as the first test row are left out.
//
// It is an error if there are too few rows for the folds and the gap, or if Column is
// missing, has gaps, or is not in memory.
func (t TimeSeries) Split(s *data.Set) ([]Split, error) {
	k := orFive(t.K)
	n, err := rowsOf(s, t.String())
	if err != nil {
		return nil, err
	}
	order, when, err := inTime(s, t.Column)
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", t, err)
	}
	w, err := walk{k: k, test: t.Test, gap: t.Gap, window: t.Window}.over(n, "rows")
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", t, err)
	}
	out := make([]Split, len(w))
	for i, span := range w {
		train := order[span.train:span.gap]
		if when != nil {
			first := when[order[span.test]]
			train = train[:sort.Search(len(train), func(j int) bool { return when[train[j]] >= first })]
			if len(train) == 0 {
				return nil, fmt.Errorf("crossval: %s: fold %d: no row is earlier than its test rows", t, i+1)
			}
		}
		out[i] = Split{Train: slices.Clone(train), Test: slices.Clone(order[span.test:span.end])}
	}
	return out, nil
}

// String returns such as "5-fold through time, test blocks of 20, gap 3, window 100, by date".
func (t TimeSeries) String() string {
	return fmt.Sprintf("%d-fold through time", orFive(t.K)) +
		given("test blocks of", t.Test) + given("gap", t.Gap) + given("window", t.Window) + by(t.Column)
}

// PurgedTimeSeries is [TimeSeries] over groups, spans of time such as days (Set.Groups),
// which are tested and trained on whole. Purge groups between training and test are left
// out: as many as a label looks ahead, or a feature back, so that no training row knows
// what happens in the test.
//
// Groups are in the order of their first rows. Embargo is for folds that train on later
// groups, too, which Both turns on: it is how many groups after the test are left out
// before training goes on. Purging and embargo are those of López de Prado, "Advances in
// Financial Machine Learning" (2018), chapter 7, with whole groups for spans of time.
type PurgedTimeSeries struct {
	K       int    // number of folds; 0: 5
	Test    int    // groups of a test block; 0: groups/(K+1), with Both groups/K
	Purge   int    // groups left out before a test block, with Both on its other side, too
	Embargo int    // further groups left out after a test block; wants Both
	Window  int    // most training groups before the test, the latest ones; 0: all
	Both    bool   // train on later groups, too; every group is tested once
	Column  string // as of TimeSeries
}

// Split returns K folds, the earliest first, rows ascending.
//
// It is an error if the set has no groups, if they overlap in time, if there are too few
// for the folds and what is left out, or for Column as in [TimeSeries].
func (p PurgedTimeSeries) Split(s *data.Set) ([]Split, error) {
	n, err := rowsOf(s, p.String())
	if err != nil {
		return nil, err
	}
	out, err := p.split(s, n)
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", p, err)
	}
	return out, nil
}

func (p PurgedTimeSeries) split(s *data.Set, n int) ([]Split, error) {
	if len(s.Groups) != n {
		return nil, fmt.Errorf("want a group for each of %d rows, have %d", n, len(s.Groups))
	}
	if p.Embargo != 0 && !p.Both {
		return nil, errors.New("an embargo is for training after the test: set Both")
	}
	if p.Purge < 0 || p.Embargo < 0 {
		return nil, fmt.Errorf("purge %d and embargo %d: want 0 or more", p.Purge, p.Embargo)
	}
	spans, err := timeSpans(s, p.Column)
	if err != nil {
		return nil, err
	}
	k := orFive(p.K)
	if p.Both {
		return p.bothSides(spans, k)
	}
	w, err := walk{k: k, test: p.Test, gap: p.Purge, window: p.Window}.over(len(spans), "groups")
	if err != nil {
		return nil, err
	}
	out := make([]Split, len(w))
	for i, span := range w {
		out[i] = Split{Train: sorted(spans[span.train:span.gap]), Test: sorted(spans[span.test:span.end])}
	}
	return out, nil
}

// bothSides cuts the groups into k blocks, and trains on those before and after each.
func (p PurgedTimeSeries) bothSides(spans [][]int, k int) ([]Split, error) {
	n := len(spans)
	switch {
	case p.Test != 0:
		return nil, errors.New("with Both the K blocks are all groups: Test does not go with it")
	case k < 2:
		return nil, fmt.Errorf("want 2 folds or more, have %d", k)
	case n < k:
		return nil, fmt.Errorf("%d groups cannot make %d folds", n, k)
	case p.Window < 0:
		return nil, fmt.Errorf("window %d: want 0 or more", p.Window)
	}
	var out []Split
	first := 0
	for i, block := range blocks(n, k, nil) {
		end := first + len(block)
		before := max(0, first-p.Purge)
		from := 0
		if p.Window > 0 {
			from = max(0, before-p.Window)
		}
		after := min(n, end+p.Purge+p.Embargo)
		train := sorted(slices.Concat(spans[from:before], spans[after:]))
		if len(train) == 0 {
			return nil, fmt.Errorf("fold %d: nothing is left to train on of %d groups", i+1, n)
		}
		out = append(out, Split{Train: train, Test: sorted(spans[first:end])})
		first = end
	}
	return out, nil
}

// String returns such as "5-fold through time by group, purge 2, on both sides, embargo 1".
func (p PurgedTimeSeries) String() string {
	sides := ""
	if p.Both {
		sides = ", on both sides"
	}
	return fmt.Sprintf("%d-fold through time by group", orFive(p.K)) + given("test blocks of", p.Test) + given("purge", p.Purge) +
		given("window", p.Window) + sides + given("embargo", p.Embargo) + by(p.Column)
}

// given describes a setting that is not its default.
func given(name string, value int) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf(", %s %d", name, value)
}

func by(column string) string {
	if column == "" {
		return ""
	}
	return ", by " + column
}

// walk goes forward through time.
type walk struct{ k, test, gap, window int }

// span is a fold of a walk: training from train up to gap, test from test up to end.
type span struct{ train, gap, test, end int }

// over returns the folds of n units.
func (w walk) over(n int, units string) ([]span, error) {
	switch {
	case w.k < 2:
		return nil, fmt.Errorf("want 2 folds or more, have %d", w.k)
	case w.test < 0 || w.gap < 0 || w.window < 0:
		return nil, fmt.Errorf("test %d, gap %d and window %d: want 0 or more", w.test, w.gap, w.window)
	case w.k >= n:
		return nil, fmt.Errorf("%d %s cannot make %d folds and what the first trains on", n, units, w.k)
	}
	test := w.test
	if test == 0 {
		test = n / (w.k + 1)
	}
	if w.gap >= n || test > (n-w.gap-1)/w.k {
		return nil, fmt.Errorf("%d test blocks of %d %s and a gap of %d leave nothing to train on of %d", w.k, test, units, w.gap, n)
	}
	out := make([]span, w.k)
	for i := range out {
		begin := n - (w.k-i)*test
		f := span{gap: begin - w.gap, test: begin, end: begin + test}
		if w.window > 0 {
			f.train = max(0, f.gap-w.window)
		}
		out[i] = f
	}
	return out, nil
}

// inTime returns the rows in the order of a column, and its values; in their own order and
// nil if there is no column.
func inTime(s *data.Set, column string) (order []int, when []float64, err error) {
	order = blocks(s.Len(), 1, nil)[0]
	if column == "" {
		return order, nil, nil
	}
	if len(s.Inputs) == 0 {
		return nil, nil, fmt.Errorf("column %q: the rows are not in memory: put them in order and name no column", column)
	}
	x, columns, err := s.Table()
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(s.Features, func(f data.Feature) bool { return f.Name == column })
	if at < 0 {
		return nil, nil, fmt.Errorf("there is no column %q", column)
	}
	if s.Features[at].Levels != nil {
		return nil, nil, fmt.Errorf("column %q is of categories, which have no order in time", column)
	}
	when = make([]float64, s.Len())
	for i := range when {
		if when[i] = x[i*columns+at]; math.IsNaN(when[i]) {
			return nil, nil, fmt.Errorf("column %q: row %d has no value", column, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case when[a] < when[b]:
			return -1
		case when[a] > when[b]:
			return 1
		}
		return 0
	})
	return order, when, nil
}

// timeSpans returns the rows of each group, in the order of the groups' first rows. Groups
// that overlap in time are an error.
func timeSpans(s *data.Set, column string) ([][]int, error) {
	order, when, err := inTime(s, column)
	if err != nil {
		return nil, err
	}
	place := map[int]int{}
	var out [][]int
	for i, r := range order {
		g := s.Groups[r]
		k, seen := place[g]
		switch {
		case !seen:
			if i > 0 && when != nil && when[order[i-1]] == when[r] {
				return nil, fmt.Errorf("groups %d and %d have rows of the same time: groups of a time series follow each other", s.Groups[order[i-1]], g)
			}
			place[g] = len(out)
			out = append(out, []int{r})
			continue
		case k != len(out)-1:
			return nil, fmt.Errorf("group %d goes on after group %d has begun: groups of a time series follow each other, as days do", g, s.Groups[out[len(out)-1][0]])
		}
		out[k] = append(out[k], r)
	}
	return out, nil
}

// sorted joins lists of rows, ascending.
func sorted(lists [][]int) []int {
	rows := slices.Concat(lists...)
	slices.Sort(rows)
	return rows
}

// rowsOf returns how many rows a set has, none being an error.
func rowsOf(s *data.Set, what string) (int, error) {
	if s == nil || s.Len() == 0 {
		return 0, fmt.Errorf("crossval: %s: %w", what, data.ErrEmpty)
	}
	return s.Len(), nil
}

// orFive replaces 0 by 5.
func orFive(k int) int {
	if k == 0 {
		return 5
	}
	return k
}
