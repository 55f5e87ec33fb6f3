package recommend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Hit is a recommended item.
type Hit struct {
	Item  int
	Score float64
}

// batchUsers is the number of users that are scored at once.
const batchUsers = 32

// TopK returns, for each user, the k items of a catalogue with the highest scores, best first, of those that
// the user does not have. Of equal scores the smaller number comes first: data.Interactions numbers items
// by name, so ties are decided in alphabetical order, whatever their frequency. All items are scored, none is left out
// by a bound. There are fewer hits where there are fewer items, and none of a score that is NaN.
func TopK(ctx context.Context, s Scorer, users []User, items, k int) ([][]Hit, error) {
	switch {
	case s == nil:
		return nil, errors.New("recommend: top-k: the scorer is nil")
	case k < 1:
		return nil, fmt.Errorf("recommend: the best %d items: want 1 or more", k)
	case items < 1 || items > mostItems:
		return nil, fmt.Errorf("recommend: the best of %d items: want 1 to %d", items, mostItems)
	}
	for i, u := range users {
		if err := u.check(items); err != nil {
			return nil, fmt.Errorf("recommend: top-k: user %d: %w", i, err)
		}
	}
	out := make([][]Hit, len(users))
	var spaces sync.Pool // of the scores of a batch
	err := inParts(ctx, len(users), batchUsers, func(from, to int) error {
		scores, _ := spaces.Get().(*[]float32)
		if scores == nil {
			list := make([]float32, min(batchUsers, len(users))*items)
			scores = &list
		}
		defer spaces.Put(scores)
		part := (*scores)[:(to-from)*items]
		if err := s.Scores(users[from:to], part); err != nil {
			return err
		}
		for i := from; i < to; i++ {
			out[i] = best(part[(i-from)*items:(i-from+1)*items], users[i].Items, k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// mostItems bounds the catalogue, so that the scores of a batch fit a 32-bit int.
const mostItems = 1 << 23

// before is negative if a hit comes before another.
func before(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Item, b.Item))
}

// best returns the k items with the highest scores that are not among those seen.
func best(scores []float32, seen []int, k int) []Hit {
	seen = slices.Sorted(slices.Values(seen))
	h := make(heap, 0, min(k, len(scores)))
	from := 0
	for _, v := range append(seen, len(scores)) {
		for item := from; item < v; item++ {
			if s := scores[item]; len(h) < k {
				if s == s {
					h.push(Hit{item, float64(s)})
				}
			} else if float64(s) > h[0].Score { // a later item of the same score comes after
				h[0] = Hit{item, float64(s)}
				h.down()
			}
		}
		from = max(from, v+1)
	}
	slices.SortFunc(h, before)
	return h
}

// heap holds the best hits, the last of them at the front.
type heap []Hit

func (h *heap) push(x Hit) {
	*h = append(*h, x)
	for i := len(*h) - 1; i > 0; {
		up := (i - 1) / 2
		if before((*h)[i], (*h)[up]) < 0 {
			return
		}
		(*h)[i], (*h)[up] = (*h)[up], (*h)[i]
		i = up
	}
}

// down moves the front to its place.
func (h heap) down() {
	for i := 0; ; {
		last := 2*i + 1
		if last >= len(h) {
			return
		}
		if last+1 < len(h) && before(h[last+1], h[last]) > 0 {
			last++
		}
		if before(h[last], h[i]) < 0 {
			return
		}
		h[i], h[last] = h[last], h[i]
		i = last
	}
}
