package recommend

import (
	"context"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
)

// Popularity recommends to everyone the items that most users have: the baseline that knows nothing of the
// user. The score of an item is its number of users.
type Popularity struct{}

// Fit implements Learner.
func (Popularity) Fit(ctx context.Context, seen *data.Histories, _ uint64) (Scorer, error) {
	if err := begin(ctx, "popularity", seen); err != nil {
		return nil, err
	}
	p := &popular{trained: seen.Users(), counts: make([]float32, seen.Items)}
	for _, v := range seen.Item {
		p.counts[v]++
	}
	return p, nil
}

// popular is a fitted Popularity.
type popular struct {
	trained int
	counts  []float32
}

// Scores implements Scorer.
func (p *popular) Scores(users []User, scores []float32) error {
	n := len(p.counts)
	if err := checkUsers("popularity", users, scores, p.trained, n); err != nil {
		return err
	}
	for i := range users {
		copy(scores[i*n:], p.counts)
	}
	return nil
}

func init() { builtin.Register(Popularity{}) }
