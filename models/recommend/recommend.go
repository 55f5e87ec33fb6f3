// Package recommend holds models that recommend items to users by what these had to do with items before:
// popularity, neighbours of items, EASE, matrix factorization by alternating least squares and by
// pairwise ranking, with exact top-k search and files of what was fitted.
package recommend

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
)

// User is whom items are recommended to.
type User struct {
	Number  int       // of the users that were trained on; below 0: none of them
	Items   []int     // what it had to do with before, in order of time where that is known
	Weights []float64 // of each item; nil: all 1
}

// Scorer scores items for users.
type Scorer interface {
	// Scores sets scores, row by row (users, items), to the score of each item of the catalogue for each
	// user; the higher, the sooner it should be recommended. Items that the user has are scored, too.
	// It is called by several goroutines at once. What it sets for a user must not depend on the others.
	Scores(users []User, scores []float32) error
}

// Learner fits a Scorer to the items of users. The same seed gives the same bits with any number of workers.
type Learner interface {
	Fit(ctx context.Context, seen *data.Histories, seed uint64) (Scorer, error)
}

// UsersOf returns the users of histories, with their items.
func UsersOf(seen *data.Histories) ([]User, error) {
	if err := seen.Check(); err != nil {
		return nil, err
	}
	users := make([]User, seen.Users())
	for u := range users {
		users[u].Number = u
		users[u].Items, users[u].Weights = seen.Of(u)
	}
	return users, nil
}

// mostSize bounds numbers of factors and the like.
const mostSize = 1 << 16

// checkUsers returns what is wrong with the arguments of Scores.
func checkUsers(name string, users []User, scores []float32, trained, items int) error {
	if len(scores) != len(users)*items {
		return fmt.Errorf("recommend: %s: %d scores for %d users and %d items", name, len(scores), len(users), items)
	}
	for i, u := range users {
		if u.Number >= trained {
			return fmt.Errorf("recommend: %s: user %d: number %d of %d that were trained on", name, i, u.Number, trained)
		}
		if err := u.check(items); err != nil {
			return fmt.Errorf("recommend: %s: user %d: %w", name, i, err)
		}
	}
	return nil
}

// check returns what is wrong with a user's items.
func (u User) check(items int) error {
	if u.Weights != nil && len(u.Weights) != len(u.Items) {
		return fmt.Errorf("%d items and %d weights", len(u.Items), len(u.Weights))
	}
	for k, v := range u.Items {
		if v < 0 || v >= items {
			return fmt.Errorf("item %d of a catalogue of %d", v, items)
		}
		if w := u.weight(k); !(w > 0) || math.IsInf(w, 0) {
			return fmt.Errorf("item %d has a weight of %v: want a finite number above 0", v, w)
		}
	}
	return nil
}

// weight is the weight of the user's k-th item.
func (u User) weight(k int) float64 {
	if u.Weights == nil {
		return 1
	}
	return u.Weights[k]
}

// begin checks what Fit is given.
func begin(ctx context.Context, name string, seen *data.Histories) error {
	if err := seen.Check(); err != nil {
		return fmt.Errorf("recommend: %s: %w", name, err)
	}
	if len(seen.Item) == 0 {
		return fmt.Errorf("recommend: %s: the histories are empty", name)
	}
	return ctx.Err()
}

// inParts calls do for parts of n things, each of the given size but the last, on as many goroutines as compute
// at most. What a part is does not depend on their number.
func inParts(ctx context.Context, n, size int, do func(from, to int) error) error {
	workers := min(kernel.Threads(), (n+size-1)/size)
	errs := make([]error, workers)
	var next atomic.Int64
	var wait sync.WaitGroup
	work := func() (err error) {
		kernel.Enter()
		defer kernel.Leave()
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("recommend: internal error: %v", r)
			}
		}()
		for {
			from := int(next.Add(int64(size))) - size
			if from >= n {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(from, min(n, from+size)); err != nil {
				next.Store(int64(n))
				return err
			}
		}
	}
	for w := range workers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[w] = work()
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
