package crossval

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/draw"
)

// Holdout tests on a random part of the rows, once or several times. Several times is the
// random subsampling for which Nadeau & Bengio (2003) derived their corrected test. It is
// scikit-learn's ShuffleSplit, StratifiedShuffleSplit and, with Grouped, GroupShuffleSplit.
type Holdout struct {
	Fraction   float64 // share of rows to test on, with Grouped of groups; 0: 0.25
	Stratified bool    // take that share of every class
	Grouped    bool    // draw whole groups (Set.Groups)
	Repeats    int     // 0: 1
	Seed       uint64
}

// Split returns one fold per repeat, with ascending rows. The number of test rows is
// Fraction times the number of rows, rounded, and at least 1. If stratified, it is
// distributed over the classes in proportion, by largest remainder.
//
// With Grouped the same applies to groups instead of rows.
//
// It is an error if Fraction is not between 0 and 1, if no training row is left, if
// Stratified is set and a class has fewer than 2 rows, if Grouped is set and the set has no
// groups, or if both are set.
func (h Holdout) Split(s *data.Set) ([]Split, error) {
	fraction, repeats := h.defaults()
	if !(fraction > 0 && fraction < 1) {
		return nil, fmt.Errorf("crossval: holdout: want a fraction between 0 and 1, have %v", fraction)
	}
	if repeats < 1 {
		return nil, fmt.Errorf("crossval: holdout: want 1 repeat or more, have %d", repeats)
	}
	if s == nil || s.Len() == 0 {
		return nil, fmt.Errorf("crossval: holdout: %w", data.ErrEmpty)
	}
	if repeats > mostRepeats {
		return nil, fmt.Errorf("crossval: holdout: %d repeats: want at most %d", repeats, mostRepeats)
	}
	if h.Grouped {
		return h.groups(s, fraction, repeats)
	}
	n := s.Len()
	test := max(1, int(math.Round(fraction*float64(n))))
	if test >= n {
		return nil, fmt.Errorf("crossval: holdout: %v of %d rows leaves none to train on", fraction, n)
	}
	strata, err := h.strata(s)
	if err != nil {
		return nil, err
	}
	quota := shares(strata, test)
	folds := make([][]int, repeats)
	for r := range folds {
		folds[r] = draw.Rows(strata, quota, generator(h.Seed, "holdout", r))
	}
	return TestSplits(folds), nil
}

// groups draws whole groups.
func (h Holdout) groups(s *data.Set, fraction float64, repeats int) ([]Split, error) {
	if h.Stratified {
		return nil, errors.New("crossval: holdout: Stratified and Grouped exclude each other: see StratifiedGroupKFold")
	}
	byGroup, err := rowsByGroup("holdout", s)
	if err != nil {
		return nil, err
	}
	n := len(byGroup)
	test := max(1, int(math.Round(fraction*float64(n))))
	if test >= n {
		return nil, fmt.Errorf("crossval: holdout: %v of %d groups leaves none to train on", fraction, n)
	}
	all := blocks(n, 1, nil)
	folds := make([][]int, repeats)
	for r := range folds {
		for _, g := range draw.Rows(all, []int{test}, generator(h.Seed, "holdout", r)) {
			folds[r] = append(folds[r], byGroup[g]...)
		}
		slices.Sort(folds[r])
	}
	return TestSplits(folds), nil
}

// mostRepeats bounds the number of repeats.
const mostRepeats = 1 << 16

func (h Holdout) defaults() (fraction float64, repeats int) {
	fraction, repeats = h.Fraction, h.Repeats
	if fraction == 0 {
		fraction = 0.25
	}
	if repeats == 0 {
		repeats = 1
	}
	return fraction, repeats
}

// String returns "holdout of 0.25, shuffled with seed 0".
func (h Holdout) String() string {
	fraction, repeats := h.defaults()
	text := fmt.Sprintf("holdout of %v%s", fraction, shuffled(true, h.Seed))
	if h.Stratified {
		text = "stratified " + text
	}
	if h.Grouped {
		text = fmt.Sprintf("holdout of %v of the groups%s", fraction, shuffled(true, h.Seed))
	}
	if repeats != 1 {
		text = fmt.Sprintf("%d times %s", repeats, text)
	}
	return text
}

// strata returns the groups of rows to draw from.
func (h Holdout) strata(s *data.Set) ([][]int, error) {
	if !h.Stratified {
		return blocks(s.Len(), 1, nil), nil
	}
	labels, err := s.Labels()
	if err != nil {
		return nil, fmt.Errorf("crossval: stratified holdout: %w", err)
	}
	byClass, order, err := rowsByClass(labels, s.Classes)
	if err == nil {
		err = enough(byClass, order, s.Classes, 2, false)
	}
	if err != nil {
		return nil, fmt.Errorf("crossval: stratified holdout: %w", err)
	}
	strata := make([][]int, len(order))
	for i, c := range order {
		strata[i] = byClass[c]
	}
	return strata, nil
}

// shares divides total among the strata in proportion to their size, by largest remainder;
// ties go to the first.
func shares(strata [][]int, total int) []int {
	sizes, n := draw.Sizes(strata), 0
	for _, size := range sizes {
		n += size
	}
	whole, rest := make([]int, len(sizes)), make([]float64, len(sizes))
	for k, size := range sizes {
		whole[k] = total * size / n
		rest[k] = float64(total * size % n)
	}
	return draw.Quotas(sizes, whole, rest, total)
}
