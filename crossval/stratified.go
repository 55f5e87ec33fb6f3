package crossval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/check"
)

// StratifiedKFold divides the rows into K folds, each with its share of every class: the
// counts of a class in two folds differ by at most 1, and so do the sizes of the folds.
// Without Shuffle the folds are those of scikit-learn's StratifiedKFold.
type StratifiedKFold struct {
	K       int  // number of folds; 0: 10
	Shuffle bool // false: rows of a class go to the folds in order
	Seed    uint64
	// Rare allows classes with fewer than K rows, which are then absent from some folds.
	Rare bool
}

// Split returns the test rows of K folds, ascending within a fold. It is an error if the set
// has no class labels, or if a class that occurs has fewer than K rows; with Rare, as in
// scikit-learn, only if all of them do.
func (f StratifiedKFold) Split(s *data.Set) ([]Split, error) {
	var g *rand.Rand
	if f.Shuffle {
		g = generator(f.Seed, "fold", 0)
	}
	return splitsOf(stratify(f.String(), s, f.K, f.Rare, g))
}

// String returns "stratified 10-fold", followed by how it is shuffled.
func (f StratifiedKFold) String() string {
	return fmt.Sprintf("stratified %d-fold%s", orTen(f.K), shuffled(f.Shuffle, f.Seed))
}

// RepeatedStratifiedKFold repeats a shuffled [StratifiedKFold], each time with another order
// of the rows. On few rows, many repeats make the test of [Compare] find too many
// differences: see [Result.Caveats].
type RepeatedStratifiedKFold struct {
	K       int // number of folds; 0: 10
	Repeats int // number of repeats; 0: 10, as Bouckaert & Frank (2004) advise
	Seed    uint64
	Rare    bool // see [StratifiedKFold]
}

// Split returns the test rows of K times Repeats folds, repeat by repeat. Its errors are
// those of [StratifiedKFold].
func (f RepeatedStratifiedKFold) Split(s *data.Set) ([]Split, error) {
	return repeated(f.String(), f.Repeats, f.Seed, func(g *rand.Rand) ([][]int, error) {
		return stratify(f.String(), s, f.K, f.Rare, g)
	})
}

// String returns "10 times stratified 10-fold, shuffled with seed 0".
func (f RepeatedStratifiedKFold) String() string {
	return times(orTen(f.Repeats)) + fmt.Sprintf("stratified %d-fold%s", orTen(f.K), shuffled(true, f.Seed))
}

// stratify deals the rows, sorted by class, to the folds like cards: fold i gets positions
// i, i+k, i+2k, ... of the sorted rows. This fixes how many rows of a class a fold has;
// which ones depends on the order of the rows, or on chance.
func stratify(what string, s *data.Set, k int, rare bool, g *rand.Rand) ([][]int, error) {
	k, err := checkK(what, k, s)
	if err != nil {
		return nil, err
	}
	labels, err := s.Labels()
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", what, err)
	}
	byClass, order, err := rowsByClass(labels, s.Classes)
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", what, err)
	}
	if err := enough(byClass, order, s.Classes, k, rare); err != nil {
		return nil, fmt.Errorf("crossval: %s: %w; take fewer folds", what, err)
	}
	fold := make([]int, len(labels))
	place := 0
	for _, c := range order {
		rows := byClass[c]
		allocation := make([]int, k)
		for range rows {
			allocation[place%k]++
			place++
		}
		folds := make([]int, 0, len(rows))
		for i, count := range allocation {
			for range count {
				folds = append(folds, i)
			}
		}
		if g != nil {
			g.Shuffle(len(folds), func(i, j int) { folds[i], folds[j] = folds[j], folds[i] })
		}
		for i, r := range rows {
			fold[r] = folds[i]
		}
	}
	out := make([][]int, k)
	for r, f := range fold {
		out[f] = append(out[f], r)
	}
	return out, nil
}

// rowsByClass lists the rows of every class, and the classes in the order of their first
// rows.
func rowsByClass(labels []int, classes []string) (byClass [][]int, order []int, err error) {
	byClass = make([][]int, len(classes))
	if err := check.Classes(labels, len(classes)); err != nil {
		return nil, nil, err
	}
	for r, c := range labels {
		if byClass[c] == nil {
			order = append(order, c)
		}
		byClass[c] = append(byClass[c], r)
	}
	return byClass, order, nil
}

// enough returns an error if a class has fewer than k rows or, with rare, if all of them do.
func enough(byClass [][]int, order []int, classes []string, k int, rare bool) error {
	var few []string
	for _, c := range order {
		if len(byClass[c]) < k {
			few = append(few, fmt.Sprintf("class %q has %d rows", classes[c], len(byClass[c])))
		}
	}
	if few == nil || rare && len(few) < len(order) {
		return nil
	}
	slices.Sort(few)
	return fmt.Errorf("every class needs %d rows or more: %s", k, strings.Join(few, ", "))
}
