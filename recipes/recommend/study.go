// Package recommend compares ways to recommend items on the same held-out ones: models and baselines, each
// with settings that are chosen on validation items, their scores with intervals over users, and paired tests.
package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	models "github.com/seed732fc211/aegis/models/recommend"
)

// Study compares ways to recommend on items that are held out of each user. The training rows are divided again in the
// same way, into those to fit and items to validate on; of the settings of a candidate the best there are taken, fitted to all
// training rows and tested. All items of the catalogue are ranked but for those that the user has in the training
// rows, none is sampled.
type Study struct {
	Rows  *data.Interactions
	Split data.InteractionSplitter // nil: LeaveLast where times are known, otherwise RandomShare
	K     int                      // items that are recommended; 0: 10
	Seed  uint64

	made             bool
	test, validation part
}

// part is what is fitted to and what is held out of it.
type part struct {
	split *data.InteractionSplit
	seen  *data.Histories
	users []models.User // with held-out items
}

// Candidate is a way to recommend with settings to choose from.
type Candidate struct {
	Name     string
	Learners []models.Learner
}

// Candidates returns the ways to recommend that are compared by default, with a few settings each: popularity, item-knn,
// ease, als, bpr, two-tower, neural-cf, which is slow, and sasrec, which is for rows with times. features are those of the
// items, as TwoTower has them; nil: none.
func Candidates(features [][]int) []Candidate {
	var knn, ease, als, bpr []models.Learner
	for _, n := range []int{20, 100, 400} {
		for _, shrink := range []float64{0, 10} {
			knn = append(knn, models.ItemKNN{Neighbours: n, Shrink: shrink})
		}
	}
	for _, lambda := range []float64{10, 100, 500} {
		ease = append(ease, models.EASE{Lambda: lambda})
	}
	for _, c := range [][2]float64{{2, 1}, {10, 10}, {50, 50}, {100, 100}, {200, 200}, {10, 100}} {
		als = append(als, models.ALS{Alpha: c[0], Lambda: c[1]})
	}
	for _, m := range []models.BPR{{LearningRate: 0.1, Lambda: 0.0005, Epochs: 200}, {LearningRate: 0.1, Lambda: 0.005}, {LearningRate: 0.05, Lambda: 0.02}} {
		bpr = append(bpr, m)
	}
	return []Candidate{
		{"popularity", []models.Learner{models.Popularity{}}}, {"item-knn", knn}, {"ease", ease}, {"als", als}, {"bpr", bpr},
		{"two-tower", []models.Learner{TwoTower{Features: features}}}, {Slow, []models.Learner{Neural{}}}, {Sequences, []models.Learner{Sequential{}}},
	}
}

// The names of candidates that not every comparison has.
const (
	Sequences = "sasrec"    // for rows with times
	Slow      = "neural-cf" // scores each item by a network
)

// Prepare divides the rows. The other methods call it.
func (s *Study) Prepare() error {
	if s == nil || s.Rows.Len() == 0 {
		return fmt.Errorf("recommend: study: %w", data.ErrEmpty)
	}
	if s.made {
		return nil
	}
	if s.K < 0 || s.K > len(s.Rows.Items) {
		return fmt.Errorf("recommend: study: the first %d of %d items: want 1 or more, or 0 for 10", s.K, len(s.Rows.Items))
	}
	if s.K == 0 {
		s.K = min(10, len(s.Rows.Items))
	}
	split := s.Split
	if split == nil {
		split = data.RandomShare{}
		if s.Rows.Time != nil {
			split = data.LeaveLast{}
		}
	}
	var err error
	if s.test, err = divide(split, s.Rows, s.Seed); err != nil {
		return fmt.Errorf("recommend: study: to test: %w", err)
	}
	if s.validation, err = divide(split, s.test.split.Train, s.Seed+1); err != nil {
		return fmt.Errorf("recommend: study: to validate: %w", err)
	}
	s.made = true
	return nil
}

// divide divides rows.
func divide(by data.InteractionSplitter, x *data.Interactions, seed uint64) (p part, err error) {
	if p.split, err = by.Split(x, seed); err != nil {
		return p, err
	}
	if p.split == nil || len(p.split.Relevant) != len(x.Users) {
		return p, errors.New("the split is not of the users of the rows")
	}
	if p.seen, err = p.split.Train.Histories(); err != nil {
		return p, err
	}
	all, err := models.UsersOf(p.seen)
	if err != nil {
		return p, err
	}
	for u, items := range p.split.Relevant {
		if len(items) > 0 {
			p.users = append(p.users, all[u])
		}
	}
	if len(p.users) < 2 {
		return p, fmt.Errorf("%d users have held-out items: want at least 2", len(p.users))
	}
	return p, nil
}

// String says what is compared on what.
func (s *Study) String() string {
	if err := s.Prepare(); err != nil {
		return err.Error()
	}
	c, err := s.Rows.Counts()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%v; %v; settings chosen on %d pairs of %d users that are held out of the rows to train in the same way", c, s.test.split, s.validation.split.Pairs, s.validation.split.Tested)
}

// Score is what a candidate is worth on the test items. Scores are those of metrics.ScoreList, means over the
// users that have held-out items, with 95% bootstrap intervals over users.
type Score struct {
	Name                        string
	Learner                     models.Learner // the settings that were chosen
	Scorer                      models.Scorer  // fitted to the training rows
	NDCG, Recall, MAP, MRR, Hit stats.Test
	Coverage                    float64       // share of the catalogue that is recommended to at least one user
	Curve                       []float64     // recall of the first 1, 2, ... K items
	Validation                  []float64     // NDCG of each setting on the validation items
	FitTime, SearchTime         time.Duration // of the last fit, and of a user's list
	lists                       [][]models.Hit
	ndcg                        []float64 // of each user
}

// Score chooses the settings of a candidate by the NDCG of the validation items, the first of equals, fits it and tests it.
func (s *Study) Score(ctx context.Context, c Candidate) (*Score, error) {
	if err := s.Prepare(); err != nil {
		return nil, err
	}
	if len(c.Learners) == 0 || slices.Contains(c.Learners, nil) {
		return nil, fmt.Errorf("recommend: study: %s: there are no settings to choose from, or they are nil", c.Name)
	}
	fail := func(err error) (*Score, error) { return nil, fmt.Errorf("recommend: study: %s: %w", c.Name, err) }
	out := &Score{Name: c.Name, Learner: c.Learners[0]}
	best := math.Inf(-1)
	for _, l := range c.Learners {
		v, err := s.validate(ctx, l)
		if err != nil {
			return fail(err)
		}
		if out.Validation = append(out.Validation, v); v > best {
			best, out.Learner = v, l
		}
	}
	begin := time.Now()
	var err error
	if out.Scorer, err = out.Learner.Fit(ctx, s.test.seen, s.Seed); err != nil {
		return fail(err)
	}
	out.FitTime = time.Since(begin)
	return s.score(ctx, out)
}

// ScoreOf tests a scorer that is given, such as one that knows the truth of made-up rows. Users are numbered as in the rows of the study.
func (s *Study) ScoreOf(ctx context.Context, name string, scorer models.Scorer) (*Score, error) {
	if err := s.Prepare(); err != nil {
		return nil, err
	}
	return s.score(ctx, &Score{Name: name, Scorer: scorer})
}

func (s *Study) score(ctx context.Context, out *Score) (*Score, error) {
	begin := time.Now()
	var err error
	if out.lists, err = models.TopK(ctx, out.Scorer, s.test.users, s.test.seen.Items, s.K); err != nil {
		return nil, fmt.Errorf("recommend: study: %s: %w", out.Name, err)
	}
	out.SearchTime = time.Since(begin) / time.Duration(len(s.test.users))
	if err := s.measure(out); err != nil {
		return nil, fmt.Errorf("recommend: study: %s: %w", out.Name, err)
	}
	return out, nil
}

// validate returns the NDCG of settings on the validation items.
func (s *Study) validate(ctx context.Context, l models.Learner) (float64, error) {
	scorer, err := l.Fit(ctx, s.validation.seen, s.Seed)
	if err != nil {
		return 0, err
	}
	lists, err := models.TopK(ctx, scorer, s.validation.users, s.validation.seen.Items, s.K)
	if err != nil {
		return 0, err
	}
	scores, err := s.validation.scores(lists, s.K)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, v := range scores {
		sum += v.NDCG
	}
	return sum / float64(len(scores)), nil
}

// scores scores the lists of the users.
func (p *part) scores(lists [][]models.Hit, k int) ([]metrics.ListScores, error) {
	out := make([]metrics.ListScores, len(lists))
	for i, hits := range lists {
		var err error
		if out[i], err = metrics.ScoreList(itemsOf(hits), p.split.Relevant[p.users[i].Number], k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func itemsOf(hits []models.Hit) []int {
	out := make([]int, len(hits))
	for i, h := range hits {
		out[i] = h.Item
	}
	return out
}

// measure fills in the scores of lists.
func (s *Study) measure(out *Score) error {
	scores, err := s.test.scores(out.lists, s.K)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		to *stats.Test
		of func(v metrics.ListScores) float64
	}{
		{&out.NDCG, func(v metrics.ListScores) float64 { return v.NDCG }}, {&out.Recall, func(v metrics.ListScores) float64 { return v.Recall }},
		{&out.MAP, func(v metrics.ListScores) float64 { return v.AP }}, {&out.MRR, func(v metrics.ListScores) float64 { return v.RR }},
		{&out.Hit, func(v metrics.ListScores) float64 { return v.Hit }},
	} {
		values := make([]float64, len(scores))
		for i, v := range scores {
			values[i] = m.of(v)
		}
		if out.ndcg == nil {
			out.ndcg = values
		}
		sums, err := metrics.MeanSums(values)
		if err != nil {
			return err
		}
		// Percentile, which has an interval of scores that are all 0 or 1, too.
		if *m.to, err = stats.BootstrapSums(sums.Rows, sums.Score, stats.SumsOptions{Seed: s.Seed, Kind: stats.Percentile}); err != nil {
			return err
		}
	}
	out.Curve = make([]float64, s.K)
	shown := make([][]int, len(out.lists))
	for i, hits := range out.lists {
		shown[i] = itemsOf(hits)
		relevant := s.test.split.Relevant[s.test.users[i].Number]
		found := 0.0
		for k := range out.Curve {
			if k < len(shown[i]) {
				if _, ok := slices.BinarySearch(relevant, shown[i][k]); ok {
					found++
				}
			}
			out.Curve[k] += found / float64(len(relevant)) / float64(len(out.lists))
		}
	}
	out.Coverage, err = metrics.CatalogueCoverage(shown, s.K, s.test.seen.Items)
	return err
}

// Chosen returns the score of the candidate with the highest NDCG on the validation items, the first of equals: what is chosen
// without a look at the test items. Scores of ScoreOf are left out. It is nil if there is none.
func Chosen(scores []*Score) *Score {
	var best *Score
	top := math.Inf(-1)
	for _, s := range scores {
		if s == nil || len(s.Validation) == 0 {
			continue
		}
		if v := slices.Max(s.Validation); v > top {
			best, top = s, v
		}
	}
	return best
}

// Compared is a comparison of two candidates on the same users.
type Compared struct {
	First, Second string
	Test          stats.Test // of the NDCG of the first less that of the second: a paired bootstrap over users
	P             float64    // adjusted for all comparisons that were made together (Holm)
}

// Compare compares a candidate with each of the others by the NDCG of the same users.
func (s *Study) Compare(first *Score, others []*Score) ([]Compared, error) {
	if s == nil || !s.made || first == nil || len(first.ndcg) != len(s.test.users) {
		return nil, errors.New("recommend: study: there is no score of this study: Score makes one")
	}
	var out []Compared
	var p []float64
	for _, o := range others {
		if o == first {
			continue
		}
		if o == nil || len(o.ndcg) != len(first.ndcg) {
			return nil, errors.New("recommend: study: scores are of other users")
		}
		a, err := metrics.MeanSums(first.ndcg)
		if err != nil {
			return nil, err
		}
		b, err := metrics.MeanSums(o.ndcg)
		if err != nil {
			return nil, err
		}
		t, err := stats.PairedBootstrap(a.Rows, b.Rows, a.Score, stats.SumsOptions{Seed: s.Seed, Kind: stats.Percentile})
		if err != nil {
			return nil, fmt.Errorf("recommend: study: %s and %s: %w", first.Name, o.Name, err)
		}
		out, p = append(out, Compared{First: first.Name, Second: o.Name, Test: t}), append(p, t.P)
	}
	adjusted, err := stats.Holm(p)
	if err != nil && len(p) > 0 {
		return nil, err
	}
	for i := range out {
		out[i].P = adjusted[i]
	}
	return out, nil
}

// Verdict says which of two candidates is better, by a level of 0.05 of the adjusted p-value.
func (c Compared) Verdict() string {
	first, second, d, low, high := c.First, c.Second, c.Test.Estimate, c.Test.Low, c.Test.High
	if d < 0 {
		first, second, d, low, high = second, first, -d, -high, -low
	}
	how := fmt.Sprintf("NDCG %+.4f, 95%% interval %.4f to %.4f, p = %.2g, paired bootstrap over %d users", d, low, high, c.P, c.Test.N)
	if !(c.P < 0.05) {
		return fmt.Sprintf("%s and %s: no evidence that they differ (%s)", first, second, how)
	}
	return fmt.Sprintf("%s is better than %s (%s)", first, second, how)
}

// Fit fits the chosen settings of a score to all rows of the study, those held out included, for use.
func (s *Study) Fit(ctx context.Context, score *Score) (*models.Recommender, error) {
	if err := s.Prepare(); err != nil {
		return nil, err
	}
	if score == nil || score.Learner == nil {
		return nil, errors.New("recommend: study: there is no score of a candidate: Score makes one")
	}
	return models.Fit(ctx, score.Learner, s.Rows, s.Seed)
}

// Example is what is recommended to a test user.
type Example struct {
	User      string
	Has, Held []string // its items in the training rows, up to ten of the last ones, and the held-out ones
	Shown     []string // what is recommended
	Right     []bool   // whether it is held out
}

// String says it in a line; held-out items that are recommended are marked by a star.
func (e Example) String() string {
	var shown []string
	for i, name := range e.Shown {
		if i < len(e.Right) && e.Right[i] {
			name += "*"
		}
		shown = append(shown, name)
	}
	return fmt.Sprintf("%s has %s; held out: %s; recommended: %s", e.User, strings.Join(e.Has, ", "), strings.Join(e.Held, ", "), strings.Join(shown, ", "))
}

// Examples returns what a candidate recommends to n test users, at equal distances among all of them.
func (s *Study) Examples(score *Score, n int) (out []Example) {
	if s == nil || !s.made || score == nil || len(score.lists) != len(s.test.users) {
		return nil
	}
	n = min(n, len(s.test.users))
	for k := range n {
		at := k * len(s.test.users) / n
		u := s.test.users[at]
		e := Example{User: s.Rows.Users[u.Number]}
		for _, i := range u.Items[max(0, len(u.Items)-10):] {
			e.Has = append(e.Has, s.Rows.Items[i])
		}
		relevant := s.test.split.Relevant[u.Number]
		for _, i := range relevant {
			e.Held = append(e.Held, s.Rows.Items[i])
		}
		for _, h := range score.lists[at] {
			_, right := slices.BinarySearch(relevant, h.Item)
			e.Shown, e.Right = append(e.Shown, s.Rows.Items[h.Item]), append(e.Right, right)
		}
		out = append(out, e)
	}
	return out
}
