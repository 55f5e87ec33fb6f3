package metrics

import (
	"errors"
	"fmt"
	"math"
)

// ListScores is what the first k items of a list of recommendations are worth to one user. Relevant are
// the items that were held out. All scores are between 0 and 1, 1 being best. With hit(p) 1 if the item at
// place p, counted from 1, is relevant and n the number of relevant items:
//
//	Recall     Σ hit(p) / n
//	Precision  Σ hit(p) / k
//	NDCG       Σ hit(p)/log₂(1+p) over Σ 1/log₂(1+p) of the first min(k, n) places
//	AP         Σ hit(p)·(hits up to p)/p / min(k, n)
//	RR         1/p of the first hit, 0 without one
//	Hit        1 with a hit, 0 without
//
// with sums over the places up to k. The means over users are recall@k, NDCG@k, MAP@k, MRR@k and the hit
// rate. Recall is over all relevant items, so that of a user with more than k is below 1 whatever the
// list; some programs divide by min(k, n).
type ListScores struct {
	Recall, Precision, NDCG, AP, RR, Hit float64
}

// ScoreList scores the first k items of a list, best first. A list is an order: what decides ties between
// equal scores is whoever made it, and models/recommend does so by the number of the item. A list of
// fewer than k items is scored as one that goes on with items that are not relevant.
//
// It is an error if k is below 1, if nothing is relevant, or if an item occurs twice in the first k of
// the list or among the relevant ones.
func ScoreList(list, relevant []int, k int) (ListScores, error) {
	switch {
	case k < 1:
		return ListScores{}, fmt.Errorf("metrics: scores of the first %d items: want at least 1", k)
	case len(relevant) == 0:
		return ListScores{}, errors.New("metrics: scores of a list: no item is relevant")
	}
	wanted := make(map[int]bool, len(relevant)) // false: found in the list already
	for _, item := range relevant {
		if wanted[item] {
			return ListScores{}, fmt.Errorf("metrics: item %d is relevant twice", item)
		}
		wanted[item] = true
	}
	list = list[:min(k, len(list))]
	if err := distinct(list); err != nil {
		return ListScores{}, err
	}
	var s ListScores
	found := 0.0
	for i, item := range list {
		if !wanted[item] {
			continue
		}
		place := float64(i + 1)
		found++
		s.NDCG += 1 / math.Log2(1+place)
		s.AP += found / place
		if s.Hit == 0 {
			s.RR, s.Hit = 1/place, 1
		}
	}
	best, most := 0.0, min(k, len(relevant))
	for p := 1; p <= most; p++ {
		best += 1 / math.Log2(1+float64(p))
	}
	s.Recall, s.Precision = found/float64(len(relevant)), found/float64(k)
	s.NDCG /= best
	s.AP /= float64(most)
	return s, nil
}

// distinct returns an error if an item occurs twice in a list.
func distinct(list []int) error {
	seen := make(map[int]bool, len(list))
	for i, item := range list {
		if seen[item] {
			return fmt.Errorf("metrics: place %d of a list: item %d is there before", i+1, item)
		}
		seen[item] = true
	}
	return nil
}

// CatalogueCoverage is the share of a catalogue of items, numbered from 0, that is among the first k of
// at least one list (Herlocker et al. 2004, "Evaluating collaborative filtering recommender systems",
// section 4.1, of lists in place of predictions). It grows with the number of lists.
//
// It is an error if there are no lists or items, if k is below 1, or if an item is not of the catalogue.
func CatalogueCoverage(lists [][]int, k, items int) (float64, error) {
	switch {
	case len(lists) == 0:
		return 0, ErrEmpty
	case k < 1 || items < 1:
		return 0, fmt.Errorf("metrics: coverage of %d items by the first %d: want at least 1 of both", items, k)
	}
	shown := map[int]bool{}
	for i, list := range lists {
		for _, item := range list[:min(k, len(list))] {
			if item < 0 || item >= items {
				return 0, fmt.Errorf("metrics: coverage: list %d: item %d of a catalogue of %d", i, item, items)
			}
			shown[item] = true
		}
	}
	return float64(len(shown)) / float64(items), nil
}
