package recommend

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// TestSaveLoad: what is read recommends the same, with the same scores, for known users, and for others where it
// does before.
func TestSaveLoad(t *testing.T) {
	x, _, err := Made{Users: 50, Items: 30, Length: 6}.Make(1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.User {
		x.Weight = append(x.Weight, float64(i%3)+0.5)
	}
	for name, l := range learners {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		r, err := Fit(context.Background(), l, x, 4)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, r) {
			t.Errorf("%s: read %+v, want %+v", name, again, r)
		}
		for _, user := range []string{"user 0000000", "user 0000049"} {
			want, err := r.ForUser(user, 5)
			if err != nil || len(want) != 5 {
				t.Fatal(want, err)
			}
			if got, err := again.ForUser(user, 5); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, %v, want %v", name, got, err, want)
			}
		}
		items := []string{"item 0000003", "item 0000001", "item 0000003"}
		want, err := r.ForItems(items, 28)
		if (err != nil) != (name == "bpr") {
			t.Errorf("%s: a user that was not trained on: %v", name, err)
		}
		if got, err := again.ForItems(items, 28); err == nil && (len(got) != 28 || !slices.Equal(got, want)) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		// A file with any byte changed is not read as something else.
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 9; at < len(raw); at += 1 + len(raw)/40 {
			raw[at] ^= 4
			if err := os.WriteFile(path, raw, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(path); err == nil {
				t.Errorf("%s: read with byte %d changed", name, at)
			}
			raw[at] ^= 4
		}
	}
}

func TestRecommenderMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	x, truth, err := Made{Users: 10, Items: 20, Length: 6}.Make(1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Fit(context.Background(), Popularity{}, x, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("text", []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	user := func(r *Recommender, name string, k int) error { _, err := r.ForUser(name, k); return err }
	items := func(r *Recommender, names ...string) error { _, err := r.ForItems(names, 3); return err }
	load := func(path string) error { _, err := Load(path); return err }
	for _, c := range []struct {
		want    string
		err     error
		unknown bool
	}{
		{`there is no user "bob"`, user(r, "bob", 3), true},
		{`there is no item "tea"`, items(r, "item 0000001", "tea"), true},
		{"the best 0 items", user(r, "user 0000001", 0), false},
		{"there is no scorer", user(nil, "bob", 3), false},
		{"there is no scorer", (&Recommender{}).Save("x"), false},
		{"0 names of users", user(&Recommender{Scorer: truth, Seen: r.Seen}, "a", 1), false},
		{"names are not in order", user(&Recommender{Scorer: truth, Seen: &data.Histories{Items: 2, Start: []int{0, 0}}, Users: []string{"a"}, Items: []string{"b", "a"}}, "a", 1), false},
		{"histories of 0 users", user(&Recommender{Scorer: truth}, "a", 1), false},
		{"without its learner", (&Recommender{Scorer: r.Scorer, Seen: r.Seen, Users: r.Users, Items: r.Items}).Save("x"), false},
		{"*recommend.truth cannot be saved", (&Recommender{Learner: Popularity{}, Scorer: truth, Seen: r.Seen, Users: r.Users, Items: r.Items}).Save("x"), false},
		{"the taste of a user that was not made", items(&Recommender{Scorer: truth, Seen: r.Seen, Users: r.Users, Items: r.Items}, "item 0000001"), false},
		{"no such file", load("none"), false},
		{"text: safetensors", load("text"), false},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || errors.Is(c.err, ErrUnknown) != c.unknown {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
	if _, err := Fit(context.Background(), nil, x, 1); err == nil {
		t.Error("a learner that is nil fits")
	}
	if _, err := Fit(context.Background(), Popularity{}, nil, 1); err == nil {
		t.Error("interactions that are nil are fitted to")
	}
}

// TestMadeIsFrozen: the rows of a seed are those of this generator's first version.
func TestMadeIsFrozen(t *testing.T) {
	x, _, err := Made{}.Make(1)
	if err != nil {
		t.Fatal(err)
	}
	h := fnv.New64a()
	for i, u := range x.User {
		fmt.Fprintf(h, "%d %d %.6f\n", u, x.Item[i], x.Time[i])
	}
	if got, want := h.Sum64(), uint64(3734267025630232745); got != want {
		t.Errorf("rows with the sum %d, want %d", got, want)
	}
}

// TestMadeTruth: items follow as often as the truth says, and no model recommends the next item better than
// the truth.
func TestMadeTruth(t *testing.T) {
	x, truth, err := Made{Users: 3000, Items: 60, Length: 8, Follow: 0.4}.Make(2)
	if err != nil {
		t.Fatal(err)
	}
	split, err := data.LeaveLast{}.Split(x, 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := split.Train.Histories()
	if err != nil {
		t.Fatal(err)
	}
	all, err := UsersOf(h)
	if err != nil {
		t.Fatal(err)
	}
	var users []User
	var want []int
	for u, items := range split.Relevant {
		if len(items) == 1 {
			users, want = append(users, all[u]), append(want, items[0])
		}
	}
	first := func(s Scorer) (share float64) {
		hits, err := TopK(context.Background(), s, users, h.Items, 1)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if hits[k][0].Item == v {
				share += 1 / float64(len(want))
			}
		}
		return share
	}
	// Its probability that the first item is the next one, over items that the user does not have.
	scores := make([]float32, len(users)*h.Items)
	if err := truth.Scores(users, scores); err != nil {
		t.Fatal(err)
	}
	expected, variance := 0.0, 0.0
	for k, u := range users {
		row := scores[k*h.Items : (k+1)*h.Items]
		for _, i := range u.Items {
			row[i] = 0
		}
		sum := 0.0
		for _, v := range row {
			sum += float64(v)
		}
		p := float64(slices.Max(row)) / sum
		expected += p / float64(len(users))
		variance += p * (1 - p) / float64(len(users)) / float64(len(users))
	}
	best := first(truth)
	if math.Abs(best-expected) > 4*math.Sqrt(variance) {
		t.Errorf("the first item is the next one with %v, expected %v ± %v", best, expected, math.Sqrt(variance))
	}
	for name, l := range learners {
		s, err := l.Fit(context.Background(), h, 3)
		if err != nil {
			t.Fatal(err)
		}
		if got := first(s); got >= best {
			t.Errorf("%s finds %v, the truth %v", name, got, best)
		}
	}
}

func TestMadeMistakes(t *testing.T) {
	for want, m := range map[string]Made{
		"-1 users": {Users: -1}, "among 3": {Items: 3}, "of 300 items among 300": {Length: 300}, "0.5 rows": {}, "probability 1": {Follow: 1}, "probability NaN": {Follow: math.NaN()},
		"2000000 tastes": {Tastes: 2000000}, "2000000000 users": {Users: 2000000000},
	} {
		if _, _, err := m.Make(1); (err == nil) != (m == Made{}) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", m, err, want)
		}
	}
}
