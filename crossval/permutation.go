package crossval

import (
	"context"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
)

// Permuted is the outcome of a permutation test.
type Permuted struct {
	Candidate string
	Metric    data.Metric // without its function
	Score     float64     // mean over the folds
	Scores    []float64   // the same with permuted targets, one for each permutation
	P         float64     // (1 + number of Scores as good as Score or better) / (1 + number of Scores)
}

// PermutationTest says whether a candidate has learned anything: it validates the candidate on
// the rows as they are and with their targets permuted, and P is the share of permutations
// that score as well (Ojala & Garriga, "Permutation Tests for Studying Classifier Performance",
// 2010, test 1). A small P says that the inputs tell of the target; a large one, that the
// score could be chance. The smallest P is 1/(1+permutations). Targets of a group stay in the
// group. The metric is the first of the options.
//
// The rows are taken to memory. It is an error if permutations is less than 1, if there are
// several targets or steps, if a fit fails, or if the metric is not defined in a fold, of the
// rows as they are or of permuted ones; see [Validate] for the rest.
func PermutationTest(ctx context.Context, src data.Source, sp Splitter, c Candidate, permutations int, o Options) (*Permuted, error) {
	if permutations < 1 {
		return nil, fmt.Errorf("crossval: a permutation test of %d permutations: want 1 or more", permutations)
	}
	if src == nil {
		return nil, data.ErrEmpty
	}
	set, err := data.Collect(src)
	if err != nil {
		return nil, fmt.Errorf("crossval: permutation test: %w", err)
	}
	if len(set.Targets) != 1 {
		return nil, fmt.Errorf("crossval: permutation test: %d targets, want 1", len(set.Targets))
	}
	o.Log, o.Importance, o.noLeaks = "", nil, true
	score := func(set *data.Set) (float64, data.Metric, error) {
		res, err := Validate(ctx, set, sp, []Candidate{c}, o)
		if err != nil {
			return 0, data.Metric{}, err
		}
		if len(res.Failed) > 0 {
			return 0, data.Metric{}, fmt.Errorf("crossval: permutation test: %s: %s", c.Name, res.Failed[0].Message)
		}
		v, m := res.Mean(c.Name, ""), res.Metrics[0]
		if math.IsNaN(v) {
			return 0, m, fmt.Errorf("crossval: permutation test: the %s of %s is not defined in every fold", m.Name, c.Name)
		}
		return v, m, nil
	}
	out := &Permuted{Candidate: c.Name}
	if out.Score, out.Metric, err = score(set); err != nil {
		return nil, err
	}
	as := 1
	for i := range permutations {
		order, err := permutation(set, JobSeed(o.Seed, "permutation", i))
		if err != nil {
			return nil, err
		}
		permuted, err := set.Rows(order)
		if err != nil {
			return nil, fmt.Errorf("crossval: permutation test: %w", err)
		}
		other := *set
		other.Targets = permuted.Targets
		v, _, err := score(&other)
		if err != nil {
			return nil, err
		}
		out.Scores = append(out.Scores, v)
		if v == out.Score || (v > out.Score) == out.Metric.Greater {
			as++
		}
	}
	out.P = float64(as) / float64(1+permutations)
	return out, nil
}

// permutation returns the rows in a random order, within their groups if there are any.
func permutation(set *data.Set, seed uint64) ([]int, error) {
	r := generator(seed, "permutation", 0)
	if set.Groups == nil {
		return r.Perm(set.Len()), nil
	}
	byGroup, err := rowsByGroup("permutation test", set)
	out := make([]int, set.Len())
	for _, rows := range byGroup {
		for k, j := range r.Perm(len(rows)) {
			out[rows[k]] = rows[j]
		}
	}
	return out, err
}
