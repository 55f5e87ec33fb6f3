package crossval

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// GroupKFold divides the rows into K folds such that rows of one group (Set.Groups) are in
// the same fold. Groups are placed in order of size, the largest first, each into the fold
// with the fewest rows, as in scikit-learn's GroupKFold.
type GroupKFold struct {
	K int // number of folds; 0: 10
}

// Split returns the test rows of K folds, ascending within a fold. It is an
// error if the set has no groups, or fewer groups than K.
func (f GroupKFold) Split(s *data.Set) ([]Split, error) {
	return splitsOf(dealGroups(f.String(), s, f.K, nil))
}

// String returns "10-fold by group".
func (f GroupKFold) String() string { return fmt.Sprintf("%d-fold by group", orTen(f.K)) }

// RepeatedGroupKFold divides the rows into K folds by group, several times. Each time the
// groups are placed in another random order, each into the fold with the fewest rows, so the
// sizes of two folds differ by at most the size of the largest group.
type RepeatedGroupKFold struct {
	K       int // number of folds; 0: 10
	Repeats int // number of repeats; 0: 10
	Seed    uint64
}

// Split returns the test rows of K times Repeats folds, repeat by repeat. Its errors are
// those of [GroupKFold].
func (f RepeatedGroupKFold) Split(s *data.Set) ([]Split, error) {
	return repeated(f.String(), f.Repeats, f.Seed, func(g *rand.Rand) ([][]int, error) {
		return dealGroups(f.String(), s, f.K, g)
	})
}

// String returns "10 times 10-fold by group, shuffled with seed 0".
func (f RepeatedGroupKFold) String() string {
	return times(orTen(f.Repeats)) + fmt.Sprintf("%d-fold by group%s", orTen(f.K), shuffled(true, f.Seed))
}

// dealGroups deals groups to k folds, each to the fold with the fewest rows: the largest
// first, or in random order.
func dealGroups(what string, s *data.Set, k int, random *rand.Rand) ([][]int, error) {
	k, err := checkK(what, k, s)
	if err != nil {
		return nil, err
	}
	if len(s.Groups) != s.Len() {
		return nil, fmt.Errorf("crossval: %s: want a group for each of %d rows, have %d", what, s.Len(), len(s.Groups))
	}
	size := map[int]int{}
	for _, g := range s.Groups {
		size[g]++
	}
	if len(size) < k {
		return nil, fmt.Errorf("crossval: %s: %d groups cannot make %d folds", what, len(size), k)
	}
	groups := slices.SortedFunc(maps.Keys(size), func(a, b int) int {
		if random == nil && size[a] != size[b] {
			return size[b] - size[a]
		}
		return b - a // the order of scikit-learn's reversed argsort
	})
	if random != nil {
		random.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	}
	load := make([]int, k)
	fold := make(map[int]int, len(groups))
	for _, g := range groups {
		lightest := 0
		for i := range load {
			if load[i] < load[lightest] {
				lightest = i
			}
		}
		fold[g] = lightest
		load[lightest] += size[g]
	}
	out := make([][]int, k)
	for r, g := range s.Groups {
		out[fold[g]] = append(out[fold[g]], r)
	}
	return out, nil
}
