package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/internal/draw"
)

// Split divides the rows at random; the given fraction of them, at least one row, goes to
// the second set. For a classification, every class is divided in this way. If the set has
// Groups, rows of one group stay together and the fraction is met as closely as whole
// groups allow; a single group cannot be split. The order of rows is kept. The same seed
// gives the same split.
func (s *Set) Split(fraction float64, seed uint64) (rest, part *Set, err error) {
	a, b, err := s.SplitRows(fraction, seed)
	if err != nil {
		return nil, nil, err
	}
	if rest, err = s.Rows(a); err != nil {
		return nil, nil, err
	}
	part, err = s.Rows(b)
	return rest, part, err
}

// SplitRows returns the row numbers of the two sets that Split returns.
func (s *Set) SplitRows(fraction float64, seed uint64) (rest, part []int, err error) {
	if s == nil {
		return nil, nil, ErrEmpty
	}
	n := s.Len()
	if n < 2 {
		return nil, nil, fmt.Errorf("data: %s: %d rows cannot be split", s.Name, n)
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("data: %s: fraction %v is not in (0, 1)", s.Name, fraction)
	}
	if s.Groups != nil && len(s.Groups) != n {
		return nil, nil, fmt.Errorf("data: %s: %d groups for %d rows", s.Name, len(s.Groups), n)
	}
	strata, err := s.strata()
	if err != nil {
		return nil, nil, err
	}
	r := rand.New(rand.NewPCG(seed, 0x5b117))
	var chosen []bool
	if s.Groups == nil {
		chosen = choose(strata, fraction, n, r)
	} else if chosen, err = chooseGroups(s.Groups, strata, fraction, r); err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", s.Name, err)
	}
	for i := range n {
		if chosen[i] {
			part = append(part, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, part, nil
}

// strata returns the rows of every class or, for a regression, all rows.
func (s *Set) strata() ([][]int, error) {
	if s.Classes == nil || len(s.Targets) == 0 || s.steps() {
		all := make([]int, s.Len())
		for i := range all {
			all[i] = i
		}
		return [][]int{all}, nil
	}
	labels, err := s.Labels()
	if err != nil {
		return nil, err
	}
	if _, err := s.ClassCounts(); err != nil {
		return nil, err
	}
	out := make([][]int, len(s.Classes))
	for i, l := range labels {
		out[l] = append(out[l], i)
	}
	return out, nil
}

// chooseGroups marks the rows of the part, group by group in random order: a group is
// taken if that brings the part closer to its fraction of every stratum.
func chooseGroups(groups []int, strata [][]int, fraction float64, r *rand.Rand) ([]bool, error) {
	n := len(groups)
	of := map[int][]int{} // rows by group
	var order []int
	for i, g := range groups {
		if of[g] == nil {
			order = append(order, g)
		}
		of[g] = append(of[g], i)
	}
	if len(order) < 2 {
		return nil, errors.New("all rows are of one group, which cannot be split")
	}
	stratum := make([]int, n)
	missing := make([]float64, len(strata)) // number of rows still missing from the part
	for k, rows := range strata {
		missing[k] = fraction * float64(len(rows))
		for _, i := range rows {
			stratum[i] = k
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	counts := make([]float64, len(strata))
	gain := func(g int) float64 { // decrease of the squared distance to the target
		clear(counts)
		for _, i := range of[g] {
			counts[stratum[i]]++
		}
		sum := 0.0
		for k, c := range counts {
			sum += c * (2*missing[k] - c) / float64(max(1, len(strata[k])))
		}
		return sum
	}
	chosen := make([]bool, n)
	taken := 0
	take := func(g int) {
		taken++
		for _, i := range of[g] {
			chosen[i] = true
			missing[stratum[i]]--
		}
	}
	for _, g := range order {
		if taken < len(order)-1 && gain(g) > 0 {
			take(g)
		}
	}
	if taken == 0 { // every group is too large: take the best of them
		take(slices.MaxFunc(order, func(a, b int) int { return cmp.Compare(gain(a), gain(b)) }))
	}
	return chosen, nil
}

// choose marks the rows of the part: the fraction of every stratum, with rows left over by
// rounding assigned to the strata with the largest remainders.
func choose(strata [][]int, fraction float64, n int, r *rand.Rand) []bool {
	total := min(max(int(math.Round(fraction*float64(n))), 1), n-1)
	whole, rest := make([]int, len(strata)), make([]float64, len(strata))
	for k, rows := range strata {
		share := fraction * float64(len(rows))
		whole[k] = int(share)
		rest[k] = share - float64(whole[k])
	}
	chosen := make([]bool, n)
	for _, i := range draw.Rows(strata, draw.Quotas(draw.Sizes(strata), whole, rest, total), r) {
		chosen[i] = true
	}
	return chosen
}
