package recommend_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	models "github.com/seed732fc211/aegis/models/recommend"
	"github.com/seed732fc211/aegis/recipes/recommend"
)

// few are candidates that are fitted in no time.
var few = []recommend.Candidate{
	{Name: "popularity", Learners: []models.Learner{models.Popularity{}}},
	{Name: "item-knn", Learners: []models.Learner{models.ItemKNN{Neighbours: 1}, models.ItemKNN{Neighbours: 50}}},
	{Name: "als", Learners: []models.Learner{models.ALS{Factors: 16, Iterations: 8}}},
}

func scored(t *testing.T, s *recommend.Study, list []recommend.Candidate) []*recommend.Score {
	t.Helper()
	var out []*recommend.Score
	for _, c := range list {
		x, err := s.Score(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		x.FitTime, x.SearchTime = 0, 0
		out = append(out, x)
	}
	return out
}

// TestStudy: on rows of which the truth is known, the truth is best, models that look at the user are better than popularity, the
// better setting is chosen, and all is the same again.
func TestStudy(t *testing.T) {
	x, truth, err := models.Made{Users: 800, Items: 120, Length: 15}.Make(4)
	if err != nil {
		t.Fatal(err)
	}
	s := &recommend.Study{Rows: x, K: 5, Seed: 2}
	if want := "12000 pairs of 800 users and 120 items (12.5% of all); the last new item of each user is held out: 11200 rows to train, 800 held-out pairs of 800 users; settings chosen on 800 pairs of 800 users"; !strings.HasPrefix(s.String(), want) {
		t.Errorf("%q, want %q", s, want)
	}
	scores := scored(t, s, few)
	best, err := s.ScoreOf(context.Background(), "truth", truth)
	if err != nil {
		t.Fatal(err)
	}
	knn := scores[1]
	if len(knn.Validation) != 2 || !(knn.Validation[1] > knn.Validation[0]) || !reflect.DeepEqual(knn.Learner, few[1].Learners[1]) {
		t.Errorf("of %v, %+v is chosen", knn.Validation, knn.Learner)
	}
	for _, v := range scores {
		if !(v.NDCG.Low < v.NDCG.Estimate && v.NDCG.Estimate < v.NDCG.High) || v.NDCG.N != 800 || len(v.Curve) != 5 || math.Abs(v.Curve[4]-v.Recall.Estimate) > 1e-12 || math.Abs(v.Curve[0]-v.MRR.Estimate) > v.MRR.Estimate {
			t.Errorf("%+v", v)
		}
		for k := 1; k < 5; k++ {
			if v.Curve[k] < v.Curve[k-1] {
				t.Errorf("%s: the recall falls: %v", v.Name, v.Curve)
			}
		}
		// One item is held out of each user: recall is the hit rate, MAP is MRR.
		if math.Abs(v.Recall.Estimate-v.Hit.Estimate) > 1e-12 || math.Abs(v.MAP.Estimate-v.MRR.Estimate) > 1e-12 {
			t.Errorf("%+v", v)
		}
	}
	if got := recommend.Chosen(append([]*recommend.Score{best, nil}, scores...)); got != knn && got != scores[2] {
		t.Errorf("%s is chosen", got.Name)
	}
	list, err := s.Compare(best, append(scores, best))
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for _, c := range list {
		if !(c.P < 0.05) || c.P < c.Test.P || !strings.HasPrefix(c.Verdict(), "truth is better than "+c.Second+" (NDCG +0.") {
			t.Errorf("%s", c.Verdict())
		}
	}
	if scores[0].Coverage >= knn.Coverage {
		t.Errorf("popularity covers %v, item-knn %v", scores[0].Coverage, knn.Coverage)
	}
	for k, v := range scored(t, &recommend.Study{Rows: x, K: 5, Seed: 2}, few) {
		a, b := *v, *scores[k]
		if !reflect.DeepEqual(a.Scorer, b.Scorer) {
			t.Errorf("%s: the same seed fits something else", a.Name)
		}
		a.Scorer, b.Scorer = nil, nil
		if x, y := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); x != y { // P is NaN
			t.Errorf("the same seed gives\n%s\nand\n%s", x, y)
		}
	}
	e := s.Examples(knn, 3)
	if len(e) != 3 || len(e[0].Shown) != 5 || len(e[0].Has) != 10 || len(e[0].Held) != 1 || !strings.HasPrefix(e[0].String(), "user 0000000 has item ") {
		t.Errorf("%v", e)
	}
	r, err := s.Fit(context.Background(), knn)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Seen.Item); n != 12000 {
		t.Errorf("fitted to %d pairs", n)
	}
	if hits, err := r.ForUser("user 0000007", 3); err != nil || len(hits) != 3 {
		t.Errorf("%v, %v", hits, err)
	}
}

// TestVerdict has differences of either sign and none.
func TestVerdict(t *testing.T) {
	c := recommend.Compared{First: "a", Second: "b", P: 0.01}
	c.Test.Estimate, c.Test.Low, c.Test.High, c.Test.N = -0.1, -0.15, -0.05, 40
	if got, want := c.Verdict(), "b is better than a (NDCG +0.1000, 95% interval 0.0500 to 0.1500, p = 0.01, paired bootstrap over 40 users)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.P = 0.2
	if got := c.Verdict(); !strings.HasPrefix(got, "b and a: no evidence that they differ (") {
		t.Errorf("%q", got)
	}
	c.P = math.NaN()
	if got := c.Verdict(); !strings.HasPrefix(got, "b and a: no evidence that they differ (") {
		t.Errorf("%q", got)
	}
}

// fails is a splitter without a test.
type fails struct{}

func (fails) Split(*data.Interactions, uint64) (*data.InteractionSplit, error) {
	return &data.InteractionSplit{}, nil
}

func TestStudyMistakes(t *testing.T) {
	x, _, err := models.Made{Users: 30, Items: 20, Length: 5}.Make(1)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	score := func(s *recommend.Study, l ...models.Learner) error {
		_, err := s.Score(ctx, recommend.Candidate{Name: "a", Learners: l})
		return err
	}
	good := &recommend.Study{Rows: x}
	if err := good.Prepare(); err != nil {
		t.Fatal(err)
	}
	other := &recommend.Study{Rows: x, Split: data.SplitByTime{}}
	first, err := other.Score(ctx, few[0])
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		want string
		err  error
	}{
		{"no rows", score(nil)},
		{"no rows", score(&recommend.Study{}, models.Popularity{})},
		{"the first 21 of 20 items", score(&recommend.Study{Rows: x, K: 21}, models.Popularity{})},
		{"to test: data: random share", score(&recommend.Study{Rows: x, Split: data.RandomShare{Least: -1}}, models.Popularity{})},
		{"to test: data: made up: the last", score(&recommend.Study{Rows: x, Split: data.LeaveLast{Least: 9}}, models.Popularity{})},
		{"to validate: ", score(&recommend.Study{Rows: x, Split: data.LeaveLast{Least: 5}}, models.Popularity{})},
		{"not of the users", score(&recommend.Study{Rows: x, Split: fails{}}, models.Popularity{})},
		{"a: there are no settings", score(good)},
		{"or they are nil", score(good, nil)},
		{"a: recommend: als: -1 factors", score(good, models.ALS{Factors: -1})},
		{"no score of this study", func() error { _, err := good.Compare(first, nil); return err }()},
		{"of other users", func() error { _, err := other.Compare(first, []*recommend.Score{nil}); return err }()},
		{"no score of a candidate", func() error { _, err := good.Fit(ctx, nil); return err }()},
		{"canceled", func() error { _, err := good.Score(gone, few[0]); return err }()},
		{"the scorer is nil", func() error { _, err := good.ScoreOf(ctx, "x", nil); return err }()},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
	if got := recommend.Chosen(nil); got != nil {
		t.Errorf("%v is chosen of none", got)
	}
	if got := good.Examples(first, 3); got != nil {
		t.Errorf("examples of another study: %v", got)
	}
	if err := score(&recommend.Study{Rows: x}, models.EASE{MaxItems: 10}); !errors.Is(err, models.ErrTooLarge) {
		t.Errorf("%v: want the cause ErrTooLarge", err)
	}
}

// Two models on the last purchase of each customer.
func ExampleStudy() {
	x, _, err := models.Made{Users: 400, Items: 60, Length: 10}.Make(1)
	if err != nil {
		log.Fatal(err)
	}
	s := &recommend.Study{Rows: x, Seed: 1}
	var scores []*recommend.Score
	for _, c := range few[:2] {
		v, err := s.Score(context.Background(), c)
		if err != nil {
			log.Fatal(err)
		}
		scores = append(scores, v)
	}
	list, err := s.Compare(recommend.Chosen(scores), scores)
	if err != nil {
		log.Fatal(err)
	}
	verdict, _, _ := strings.Cut(list[0].Verdict(), " (")
	fmt.Println(verdict)
	// Output: item-knn is better than popularity
}
