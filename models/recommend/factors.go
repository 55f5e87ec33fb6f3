package recommend

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
)

// factors is a fitted factorization: a vector of each user and each item, whose product is the score.
type factors struct {
	name         string
	dim          int
	users, items []float32 // row by row
	als          *ALS      // by which users that were not trained on are solved for; nil: they are an error
}

// newFactors returns random vectors, normal with a standard deviation of 0.1/√dim, so that the first scores are near 0.
func newFactors(name string, seen *data.Histories, dim int, seed uint64) (*factors, error) {
	users, items := seen.Users(), seen.Items
	if int64(max(users, items))*int64(dim) > mostNumbers {
		return nil, fmt.Errorf("recommend: %s: vectors of %d numbers for %d users and %d items are too many", name, dim, users, items)
	}
	f := &factors{name: name, dim: dim, users: make([]float32, users*dim), items: make([]float32, items*dim)}
	for k, v := range [][]float32{f.users, f.items} {
		kernel.Normal(v, kernel.StreamAt(seed, k))
		scale := float32(0.1 / math.Sqrt(float64(dim)))
		for i := range v {
			v[i] *= scale
		}
	}
	return f, nil
}

// mostNumbers bounds the numbers of a table of vectors.
const mostNumbers = math.MaxInt32

// finite returns an error if a number is not finite.
func (f *factors) finite() error {
	for _, list := range [][]float32{f.users, f.items} {
		for _, v := range list {
			if v-v != 0 {
				return fmt.Errorf("recommend: %s: the numbers grow beyond all bounds: want a smaller learning rate or more regularization", f.name)
			}
		}
	}
	return nil
}

// Scores implements Scorer.
func (f *factors) Scores(users []User, scores []float32) error {
	d, n := f.dim, len(f.items)/f.dim
	if err := checkUsers(f.name, users, scores, len(f.users)/d, n); err != nil {
		return err
	}
	x := make([]float32, len(users)*d)
	var unknown []int
	for i, u := range users {
		if u.Number < 0 {
			unknown = append(unknown, i)
			continue
		}
		copy(x[i*d:], f.users[u.Number*d:(u.Number+1)*d])
	}
	if err := f.foldIn(users, unknown, x); err != nil {
		return err
	}
	kernel.Gemm(false, true, len(users), n, d, x, f.items, 0, scores)
	return nil
}

// foldIn sets the vectors of users that were not trained on.
func (f *factors) foldIn(users []User, unknown []int, x []float32) error {
	if len(unknown) == 0 {
		return nil
	}
	if f.als == nil {
		return fmt.Errorf("recommend: %s: user %d was not trained on, and this model knows others by nothing", f.name, unknown[0])
	}
	m := *f.als
	m.Steps = max(m.Steps, foldInSteps)
	g, s := m.gram(f.items), newSystems(1, f.dim)
	for _, i := range unknown {
		u := users[i]
		weights := u.Weights
		if weights == nil {
			weights = slices.Repeat([]float64{1}, len(u.Items))
		}
		s.solve(m, g, f.items, x[i*f.dim:(i+1)*f.dim], &data.Histories{Items: len(f.items) / f.dim, Start: []int{0, len(u.Items)}, Item: u.Items, Weight: weights}, 0)
	}
	return nil
}

// foldInSteps solve a system about as exactly as float32 allows.
const foldInSteps = 30
