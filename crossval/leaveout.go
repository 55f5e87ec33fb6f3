package crossval

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// LeaveOneOut tests each row by itself: as many folds as rows. The scores of single rows
// vary much and depend on each other; it is for sets of a few dozen rows.
type LeaveOneOut struct{}

// Split returns a fold for each row. It is an error if there are fewer than 2 rows.
func (l LeaveOneOut) Split(s *data.Set) ([]Split, error) { return leaveOut(l.String(), s, 1) }

// String returns "leave one out".
func (LeaveOneOut) String() string { return "leave one out" }

// LeavePOut tests every choice of P rows, n!/(P!·(n−P)!) folds in lexicographic order.
type LeavePOut struct {
	P int // 0: 2
}

// Split returns the folds. It is an error if P is less than 1 or leaves no row to train
// on, or if there are more than 65,536 folds.
func (l LeavePOut) Split(s *data.Set) ([]Split, error) { return leaveOut(l.String(), s, l.p()) }

func (l LeavePOut) p() int {
	if l.P == 0 {
		return 2
	}
	return l.P
}

// String returns "leave 2 out".
func (l LeavePOut) String() string { return fmt.Sprintf("leave %d out", l.p()) }

// mostFolds is how many folds a splitter makes at most.
const mostFolds = 1 << 16

// leaveOut returns every choice of p rows.
func leaveOut(what string, s *data.Set, p int) ([]Split, error) {
	n, err := rowsOf(s, what)
	if err != nil {
		return nil, err
	}
	if p < 1 || p >= n {
		return nil, fmt.Errorf("crossval: %s: %d of %d rows: want at least 1, and 1 to train on", what, p, n)
	}
	folds := 1 // n choose p, built up without a remainder
	for i := 1; i <= min(p, n-p); i++ {
		if folds = folds * (n - i + 1) / i; folds > mostFolds {
			return nil, fmt.Errorf("crossval: %s of %d rows: more than %d folds", what, n, mostFolds)
		}
	}
	out := make([]Split, 0, folds)
	chosen := blocks(p, 1, nil)[0]
	for {
		out = append(out, Split{Test: slices.Clone(chosen)})
		i := p - 1
		for i >= 0 && chosen[i] == n-p+i {
			i--
		}
		if i < 0 {
			return out, nil
		}
		chosen[i]++
		for j := i + 1; j < p; j++ {
			chosen[j] = chosen[j-1] + 1
		}
	}
}

// LeaveOneGroupOut tests each group (Set.Groups) by itself, in the order of their numbers:
// what a model is worth for a patient, a machine or a site that it has never seen.
type LeaveOneGroupOut struct{}

// Split returns a fold for each group, rows ascending. It is an error if the set has no
// groups, or one alone.
func (l LeaveOneGroupOut) Split(s *data.Set) ([]Split, error) {
	byGroup, err := rowsByGroup(l.String(), s)
	if err != nil {
		return nil, err
	}
	if len(byGroup) < 2 {
		return nil, fmt.Errorf("crossval: %s: all %d rows are of one group", l, s.Len())
	}
	if len(byGroup) > mostFolds {
		return nil, fmt.Errorf("crossval: %s: %d groups: want at most %d", l, len(byGroup), mostFolds)
	}
	return TestSplits(byGroup), nil
}

// String returns "leave one group out".
func (LeaveOneGroupOut) String() string { return "leave one group out" }

// rowsByGroup returns the rows of each group, in the order of the groups' numbers.
func rowsByGroup(what string, s *data.Set) ([][]int, error) {
	n, err := rowsOf(s, what)
	if err != nil {
		return nil, err
	}
	if len(s.Groups) != n {
		return nil, fmt.Errorf("crossval: %s: want a group for each of %d rows, have %d", what, n, len(s.Groups))
	}
	names := slices.Compact(slices.Sorted(slices.Values(s.Groups)))
	place := make(map[int]int, len(names))
	for k, g := range names {
		place[g] = k
	}
	out := make([][]int, len(names))
	for r, g := range s.Groups {
		k := place[g]
		out[k] = append(out[k], r)
	}
	return out, nil
}

// Predefined tests the folds that are given, such as those of a benchmark or a published
// split: each row belongs to the fold of its number, and rows with a number below 0 are in
// no test, only trained on.
type Predefined struct {
	Fold []int // of each row
}

// Split returns a fold for each number, ascending. It is an error if there is not a number
// for each row, or none is 0 or more.
func (p Predefined) Split(s *data.Set) ([]Split, error) {
	n, err := rowsOf(s, "predefined folds")
	if err != nil {
		return nil, err
	}
	if len(p.Fold) != n {
		return nil, fmt.Errorf("crossval: predefined folds: %d numbers for %d rows", len(p.Fold), n)
	}
	byFold := map[int][]int{}
	for r, f := range p.Fold {
		if f >= 0 {
			byFold[f] = append(byFold[f], r)
		}
	}
	if len(byFold) == 0 {
		return nil, fmt.Errorf("crossval: predefined folds: no row is tested")
	}
	var folds [][]int
	for _, f := range slices.Sorted(slices.Values(p.Fold)) {
		if rows := byFold[f]; rows != nil {
			folds = append(folds, rows)
			delete(byFold, f)
		}
	}
	return TestSplits(folds), nil
}

// String returns "predefined folds".
func (p Predefined) String() string { return "predefined folds" }
