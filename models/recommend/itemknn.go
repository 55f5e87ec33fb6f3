package recommend

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
)

// ItemKNN recommends items whose users are those of the user's items (Sarwar et al. 2001, "Item-based
// collaborative filtering recommendation algorithms"; Deshpande & Karypis 2004). With nᵢ the users of item i and nᵢⱼ those
// of both i and j, the similarity and the score are
//
//	s(i, j) = nᵢⱼ / (√(nᵢ·nⱼ) + Shrink)
//	score(u, j) = Σ s(i, j) over the items i of u that are among the Neighbours most similar items of j
//
// Equally similar items come in the order of their numbers. Weights do not count. A user that was not trained on
// is scored by its items as well.
type ItemKNN struct {
	Neighbours int     // of each item; 0: 100
	Shrink     float64 // 0: none, the cosine
}

// Fit implements Learner.
func (m ItemKNN) Fit(ctx context.Context, seen *data.Histories, _ uint64) (Scorer, error) {
	if err := begin(ctx, "item-knn", seen); err != nil {
		return nil, err
	}
	if m.Neighbours < 0 || m.Neighbours > mostSize || !(m.Shrink >= 0) || math.IsInf(m.Shrink, 0) {
		return nil, fmt.Errorf("recommend: item-knn: %d neighbours, a shrinkage of %v: want 1 to %d, or 0 for 100, and a number of at least 0", m.Neighbours, m.Shrink, mostSize)
	}
	if m.Neighbours == 0 {
		m.Neighbours = 100
	}
	users, err := seen.Transpose()
	if err != nil {
		return nil, err
	}
	near := make([][]Hit, seen.Items) // the neighbours of each item
	err = inParts(ctx, seen.Items, 64, func(from, to int) error {
		both := make([]int32, seen.Items)
		var found []int
		for j := from; j < to; j++ {
			of, _ := users.Of(j)
			for _, u := range of {
				items, _ := seen.Of(u)
				for _, i := range items {
					if both[i] == 0 {
						found = append(found, i)
					}
					both[i]++
				}
			}
			hits := make([]Hit, 0, len(found))
			for _, i := range found {
				if i != j {
					n, _ := users.Of(i)
					hits = append(hits, Hit{i, float64(both[i]) / (math.Sqrt(float64(len(n))*float64(len(of))) + m.Shrink)})
				}
				both[i] = 0
			}
			found = found[:0]
			slices.SortFunc(hits, before)
			near[j] = slices.Clone(hits[:min(len(hits), m.Neighbours)])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newNeighbours(seen.Users(), near), nil
}

// neighbours is a fitted ItemKNN: for each item i those that have it as a neighbour, in ascending
// order, with their similarities.
type neighbours struct {
	trained int
	start   []int
	item    []int
	by      []float32
}

// newNeighbours turns the neighbours of each item round.
func newNeighbours(trained int, near [][]Hit) *neighbours {
	x := &neighbours{trained: trained, start: make([]int, len(near)+1)}
	for _, hits := range near {
		for _, h := range hits {
			x.start[h.Item+1]++
		}
	}
	for i := range near {
		x.start[i+1] += x.start[i]
	}
	x.item, x.by = make([]int, x.start[len(near)]), make([]float32, x.start[len(near)])
	at := slices.Clone(x.start)
	for j, hits := range near {
		for _, h := range hits {
			x.item[at[h.Item]], x.by[at[h.Item]] = j, float32(h.Score)
			at[h.Item]++
		}
	}
	return x
}

// Scores implements Scorer.
func (x *neighbours) Scores(users []User, scores []float32) error {
	n := len(x.start) - 1
	if err := checkUsers("item-knn", users, scores, x.trained, n); err != nil {
		return err
	}
	clear(scores)
	for k, u := range users {
		row := scores[k*n : (k+1)*n]
		for _, i := range u.Items {
			for at := x.start[i]; at < x.start[i+1]; at++ {
				row[x.item[at]] += x.by[at]
			}
		}
	}
	return nil
}

func init() { builtin.Register(ItemKNN{}) }
