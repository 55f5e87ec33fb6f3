package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// checkRanking checks relevances, scores and groups, and returns the rows of each group, in
// the order of their first.
func checkRanking(relevance, scores []float64, groups []int) ([][]int, error) {
	if err := checkValues(relevance, scores); err != nil {
		return nil, err
	}
	if len(groups) != len(relevance) {
		return nil, fmt.Errorf("metrics: %d groups for %d rows", len(groups), len(relevance))
	}
	at := map[int]int{}
	var rows [][]int
	for i, g := range groups {
		if relevance[i] < 0 {
			return nil, fmt.Errorf("metrics: row %d: relevance %v: want a number of at least 0", i, relevance[i])
		}
		k, ok := at[g]
		if !ok {
			k = len(rows)
			at[g], rows = k, append(rows, nil)
		}
		rows[k] = append(rows[k], i)
	}
	return rows, nil
}

// NDCG is the normalised discounted cumulative gain of the first k rows of each group by
// score, the mean over the groups: Σ relevance/log₂(1 + place), over what the best order
// gives. Rows of equal scores share the mean of their gains, and a group without relevant
// rows has 0, both as in scikit-learn. Järvelin & Kekäläinen (2002).
func NDCG(relevance, scores []float64, groups []int, k int) (float64, error) {
	rows, err := checkRanking(relevance, scores, groups)
	if err != nil {
		return 0, err
	}
	if k < 1 {
		return 0, fmt.Errorf("metrics: NDCG of the first %d: want at least 1", k)
	}
	return mean(len(rows), func(g int) float64 {
		best := dcg(rows[g], relevance, relevance, k)
		return ratio(dcg(rows[g], relevance, scores, k), best)
	}), nil
}

// dcg is the discounted cumulative gain of rows in the order of their scores.
func dcg(rows []int, relevance, scores []float64, k int) float64 {
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	sum := 0.0
	for from := 0; from < min(k, len(order)); {
		to, gain, discount := from, 0.0, 0.0
		for ; to < len(order) && scores[order[to]] == scores[order[from]]; to++ {
			gain += relevance[order[to]]
			if to < k {
				discount += 1 / math.Log2(float64(to)+2)
			}
		}
		sum += gain / float64(to-from) * discount
		from = to
	}
	return sum
}

// MRR is the mean reciprocal rank: over the groups, the mean of 1 over the place, by score,
// of the first relevant row, one of a relevance above 0. Rows that are not relevant and have
// its score come before it; a group without relevant rows has 0.
func MRR(relevance, scores []float64, groups []int) (float64, error) {
	ranks, err := ReciprocalRanks(relevance, scores, groups)
	if err != nil {
		return 0, err
	}
	return mean(len(ranks), func(g int) float64 { return ranks[g] }), nil
}

// ReciprocalRanks returns what [MRR] is the mean of, one for each group, in the order in which the
// groups first occur.
func ReciprocalRanks(relevance, scores []float64, groups []int) ([]float64, error) {
	rows, err := checkRanking(relevance, scores, groups)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(rows))
	for g, of := range rows {
		out[g] = reciprocalRank(of, relevance, scores)
	}
	return out, nil
}

// reciprocalRank is 1 over the place of the first relevant row.
func reciprocalRank(rows []int, relevance, scores []float64) float64 {
	best := math.Inf(-1)
	for _, i := range rows {
		if relevance[i] > 0 {
			best = max(best, scores[i])
		}
	}
	if math.IsInf(best, -1) {
		return 0
	}
	place := 1.0
	for _, i := range rows {
		if relevance[i] == 0 && scores[i] >= best {
			place++
		}
	}
	return 1 / place
}

// RecallAt is the share of the relevant rows, those of a relevance above 0, that are among the
// first k of their group by score, the mean over the groups. Rows of equal scores share their
// places, and a group without relevant rows has 0.
func RecallAt(relevance, scores []float64, groups []int, k int) (float64, error) {
	recalls, err := RecallsAt(relevance, scores, groups, k)
	if err != nil {
		return 0, err
	}
	return mean(len(recalls), func(g int) float64 { return recalls[g] }), nil
}

// RecallsAt returns what [RecallAt] is the mean of, one for each group, in the order in which the
// groups first occur.
func RecallsAt(relevance, scores []float64, groups []int, k int) ([]float64, error) {
	rows, err := checkRanking(relevance, scores, groups)
	if err != nil {
		return nil, err
	}
	if k < 1 {
		return nil, fmt.Errorf("metrics: recall at the first %d: want at least 1", k)
	}
	out := make([]float64, len(rows))
	for g, of := range rows {
		out[g] = recallAt(of, relevance, scores, k)
	}
	return out, nil
}

// recallAt is the share of the relevant rows among the first k.
func recallAt(rows []int, relevance, scores []float64, k int) float64 {
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	found, all := 0.0, 0.0
	for from := 0; from < len(order); {
		to, relevant := from, 0.0
		for ; to < len(order) && scores[order[to]] == scores[order[from]]; to++ {
			if relevance[order[to]] > 0 {
				relevant++
			}
		}
		places := float64(max(0, min(k, to)-from))
		found += relevant * places / float64(to-from)
		all += relevant
		from = to
	}
	return ratio(found, all)
}
