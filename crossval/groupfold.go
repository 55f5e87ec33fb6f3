package crossval

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// GroupKFold cuts the rows into K folds so that rows of one group (Set.Groups)
// are in the same fold. The largest group not yet placed goes to the fold with
// the fewest rows, as in scikit-learn's GroupKFold.
type GroupKFold struct {
	K int // number of folds; 0: 10
}

// TestRows returns the test rows of K folds, ascending within a fold. It is an
// error if the set has no groups, or fewer groups than K.
func (f GroupKFold) TestRows(s *data.Set) ([][]int, error) {
	k, err := checkK(f.String(), f.K, s)
	if err != nil {
		return nil, err
	}
	if len(s.Groups) != s.Len() {
		return nil, fmt.Errorf("crossval: %s: want a group for each of %d rows, have %d", f, s.Len(), len(s.Groups))
	}
	size := map[int]int{}
	for _, g := range s.Groups {
		size[g]++
	}
	if len(size) < k {
		return nil, fmt.Errorf("crossval: %s: %d groups cannot make %d folds", f, len(size), k)
	}
	groups := make([]int, 0, len(size))
	for g := range size {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b int) int {
		if size[a] != size[b] {
			return size[b] - size[a]
		}
		return b - a // the order of scikit-learn's reversed argsort
	})
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

// String returns "10-fold by group".
func (f GroupKFold) String() string { return fmt.Sprintf("%d-fold by group", orTen(f.K)) }
