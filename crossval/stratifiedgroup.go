package crossval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// StratifiedGroupKFold cuts the rows into K folds so that rows of one group (Set.Groups) are
// in the same fold, and the folds have as equal shares of every class as that allows. Groups
// are placed one by one, the most lopsided first, each in the fold where it leaves the
// shares most alike. Without Shuffle the folds are those of scikit-learn's
// StratifiedGroupKFold.
type StratifiedGroupKFold struct {
	K       int  // number of folds; 0: 10
	Shuffle bool // groups that are as lopsided come in random order
	Seed    uint64
}

// Split returns the test rows of K folds, ascending within a fold. It is an error if the set
// has no groups or no class labels, if there are fewer groups than folds, or if every class
// has fewer rows than folds.
func (f StratifiedGroupKFold) Split(s *data.Set) ([]Split, error) {
	var g *rand.Rand
	if f.Shuffle {
		g = generator(f.Seed, "fold", 0)
	}
	return splitsOf(stratifyGroups(f.String(), s, f.K, g))
}

// String returns "stratified 10-fold by group", and how it is shuffled.
func (f StratifiedGroupKFold) String() string {
	return fmt.Sprintf("stratified %d-fold by group%s", orTen(f.K), shuffled(f.Shuffle, f.Seed))
}

// RepeatedStratifiedGroupKFold is a shuffled [StratifiedGroupKFold] done several times.
type RepeatedStratifiedGroupKFold struct {
	K       int // number of folds; 0: 10
	Repeats int // number of repeats; 0: 10
	Seed    uint64
}

// Split returns the test rows of K times Repeats folds, repeat by repeat, with the errors
// of [StratifiedGroupKFold].
func (f RepeatedStratifiedGroupKFold) Split(s *data.Set) ([]Split, error) {
	return repeated(f.String(), f.Repeats, f.Seed, func(g *rand.Rand) ([][]int, error) {
		return stratifyGroups(f.String(), s, f.K, g)
	})
}

// String returns "10 times stratified 10-fold by group, shuffled with seed 0".
func (f RepeatedStratifiedGroupKFold) String() string {
	return times(orTen(f.Repeats)) + fmt.Sprintf("stratified %d-fold by group%s", orTen(f.K), shuffled(true, f.Seed))
}

func stratifyGroups(what string, s *data.Set, k int, g *rand.Rand) ([][]int, error) {
	k, err := checkK(what, k, s)
	if err != nil {
		return nil, err
	}
	byGroup, err := rowsByGroup(what, s)
	if err != nil {
		return nil, err
	}
	if len(byGroup) < k {
		return nil, fmt.Errorf("crossval: %s: %d groups cannot make %d folds", what, len(byGroup), k)
	}
	labels, err := s.Labels()
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", what, err)
	}
	byClass, order, err := rowsByClass(labels, s.Classes)
	if err == nil {
		err = enough(byClass, order, s.Classes, k, true)
	}
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w; take fewer folds", what, err)
	}
	slices.Sort(order)
	place := make([]int, len(byClass)) // of a class among those that occur
	total := make([]float64, len(order))
	for j, c := range order {
		place[c], total[j] = j, float64(len(byClass[c]))
	}
	counts := make([][]float64, len(byGroup)) // rows of every class
	spread := make([]float64, len(byGroup))
	for i, rows := range byGroup {
		counts[i] = make([]float64, len(order))
		for _, r := range rows {
			counts[i][place[labels[r]]]++
		}
		spread[i] = deviation(counts[i])
	}
	turn := blocks(len(byGroup), 1, g)[0]
	slices.SortStableFunc(turn, func(a, b int) int {
		switch {
		case spread[a] > spread[b]:
			return -1
		case spread[a] < spread[b]:
			return 1
		}
		return 0
	})
	folds := make([][]int, k)
	inFold := make([][]float64, k) // rows of every class
	for i := range inFold {
		inFold[i] = make([]float64, len(order))
	}
	shares := make([]float64, k)
	for _, i := range turn {
		best, least := 0, math.Inf(1)
		for f := range folds {
			unequal := 0.0
			for c := range total {
				for j := range shares {
					shares[j] = inFold[j][c] / total[c]
				}
				shares[f] = (inFold[f][c] + counts[i][c]) / total[c]
				unequal += deviation(shares)
			}
			unequal /= float64(len(total))
			alike := math.Abs(unequal-least) <= 1e-8+1e-5*least
			if unequal < least || alike && len(folds[f]) < len(folds[best]) {
				best, least = f, unequal
			}
		}
		for c, v := range counts[i] {
			inFold[best][c] += v
		}
		folds[best] = append(folds[best], byGroup[i]...)
	}
	for f := range folds {
		slices.Sort(folds[f])
	}
	return folds, nil
}

// deviation is the population standard deviation, summed in the order of NumPy: which fold
// is the best of almost equal ones hangs on the last bit, as in scikit-learn.
func deviation(x []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(x)))
}
