package recommend

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// Recommender recommends items by name. It knows what each user that it was fitted to has.
type Recommender struct {
	Learner Learner // how the scorer was fitted
	Scorer  Scorer
	Users   []string        // by number, in order
	Items   []string        // by number, in order
	Seen    *data.Histories // what users have
}

// Recommendation is a recommended item by name.
type Recommendation struct {
	Item  string
	Score float64
}

// ErrUnknown is the cause of errors about names of users and items that a recommender does not know.
var ErrUnknown = errors.New("recommend: the name is not known")

// Fit fits a learner to all rows of interactions.
func Fit(ctx context.Context, l Learner, x *data.Interactions, seed uint64) (*Recommender, error) {
	if l == nil {
		return nil, errors.New("recommend: the learner is nil")
	}
	seen, err := x.Histories()
	if err != nil {
		return nil, err
	}
	s, err := l.Fit(ctx, seen, seed)
	if err != nil {
		return nil, err
	}
	r := &Recommender{Learner: l, Scorer: s, Users: x.Users, Items: x.Items, Seen: seen}
	return r, r.check()
}

// check returns what is wrong with a recommender, whose fields anyone may set.
func (r *Recommender) check() error {
	switch {
	case r == nil || r.Scorer == nil:
		return errors.New("recommend: there is no scorer: Fit makes one")
	case len(r.Users) != r.Seen.Users() || r.Seen == nil || len(r.Items) != r.Seen.Items:
		return fmt.Errorf("recommend: %d names of users and %d of items for histories of %d users", len(r.Users), len(r.Items), r.Seen.Users())
	case !slices.IsSorted(r.Users) || !slices.IsSorted(r.Items):
		return errors.New("recommend: names are not in order")
	}
	return r.Seen.Check()
}

// ForUser returns the k best items that a user does not have, best first. It is an error with the cause ErrUnknown
// if no user has the name.
func (r *Recommender) ForUser(name string, k int) ([]Recommendation, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	u, ok := slices.BinarySearch(r.Users, name)
	if !ok {
		return nil, fmt.Errorf("%w: there is no user %q", ErrUnknown, name)
	}
	user := User{Number: u}
	user.Items, user.Weights = r.Seen.Of(u)
	return r.recommend(user, k)
}

// ForItems returns the k best items for someone who has the given ones, in order of time, best first. It is
// an error with the cause ErrUnknown if an item is not known, and if the scorer knows only users that it was
// trained on.
func (r *Recommender) ForItems(items []string, k int) ([]Recommendation, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	user := User{Number: -1}
	for _, name := range items {
		i, ok := slices.BinarySearch(r.Items, name)
		if !ok {
			return nil, fmt.Errorf("%w: there is no item %q", ErrUnknown, name)
		}
		if !slices.Contains(user.Items, i) {
			user.Items = append(user.Items, i)
		}
	}
	return r.recommend(user, k)
}

func (r *Recommender) recommend(user User, k int) ([]Recommendation, error) {
	hits, err := TopK(context.Background(), r.Scorer, []User{user}, len(r.Items), k)
	if err != nil {
		return nil, err
	}
	var out []Recommendation
	for _, h := range hits[0] {
		out = append(out, Recommendation{r.Items[h.Item], h.Score})
	}
	return out, nil
}
