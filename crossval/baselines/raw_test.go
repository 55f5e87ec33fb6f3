package baselines_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// dirty draws a raw table: a number with gaps, a category, a constant column, a column
// without a value, and a category of one level with gaps.
func dirty(t testing.TB, n int, task data.Task, seed uint64) *data.Set {
	t.Helper()
	g := rand.New(rand.NewPCG(seed, 0))
	x, y, labels := make([][]float64, n), make([]float64, n), make([]int, n)
	for i := range x {
		city, size := float64(g.IntN(4)), g.NormFloat64()
		y[i] = 3*size + []float64{0, 5, -5, 2}[int(city)] + 0.3*g.NormFloat64()
		if y[i] > 1 {
			labels[i] = 1
		}
		x[i] = []float64{size, city, 7, math.NaN(), 0}
		for _, j := range []int{0, 1, 4} {
			if g.IntN(10) == 0 {
				x[i][j] = math.NaN()
			}
		}
		if g.IntN(20) == 0 {
			x[i][1] = -1
		}
	}
	s := valued(t, x, y)
	if task == (data.Classify{}) {
		s = labelled(t, x, labels, "low", "high")
	}
	s.Features = []data.Feature{{Name: "size"}, {Name: "city", Levels: []string{"a", "b", "c", "d", "never"}}, {Name: "fixed"}, {Name: "empty"}, {Name: "one", Levels: []string{"yes"}}}
	return s
}

// Every default takes a table as it stands, and learns from it.
func TestDefaultsTakeRawTables(t *testing.T) {
	for _, task := range []data.Task{data.Classify{}, data.Regress{}} {
		set := dirty(t, 300, task, 1)
		fresh := dirty(t, 200, task, 2)
		fresh.Features[1].Levels = append(slices.Clone(set.Features[1].Levels), "new")
		v, p, err := fresh.Table()
		if err != nil {
			t.Fatal(err)
		}
		v[1], v[p+1] = -1, 4 // unknown; a level that did not occur
		for _, c := range baselines.Default(task) {
			t.Run(c.Name, func(t *testing.T) {
				prediction, err := fitPredict(t, c.Estimator, set, fresh.Without())
				if err != nil {
					t.Fatal(err)
				}
				score := 0.0
				if task == (data.Regress{}) {
					want, err := fresh.Values()
					if err != nil {
						t.Fatal(err)
					}
					score = determination(prediction.Values, want)
				} else {
					want, err := fresh.Labels()
					if err != nil {
						t.Fatal(err)
					}
					for i, l := range prediction.Labels {
						if l == want[i] {
							score += 1.0 / 200
						}
					}
				}
				most := map[string]float64{"mean": 0, "majority": 0.4, "golearn ID3": 0.7, "golearn tree": 0.7}
				least, ok := most[c.Name]
				if !ok {
					least = 0.75
				}
				if c.Name == "mean" && score > 0.01 || c.Name != "mean" && score < least {
					t.Errorf("score %v, want %v", score, least)
				}
			})
		}
	}
}

func determination(have, want []float64) float64 {
	mean, left, all := 0.0, 0.0, 0.0
	for _, v := range want {
		mean += v / float64(len(want))
	}
	for i, v := range want {
		left += (v - have[i]) * (v - have[i])
		all += (v - mean) * (v - mean)
	}
	return 1 - left/all
}

// A table in which nothing varies, and training rows of one class, are no error.
func TestNothingToLearn(t *testing.T) {
	constant := [][]float64{{1, 2}, {1, 2}, {1, 2}, {1, 2}, {1, 2}, {1, 2}}
	for _, c := range []struct {
		task data.Task
		set  *data.Set
	}{
		{data.Regress{}, valued(t, constant, []float64{1, 2, 3, 1, 2, 3})},
		{data.Classify{}, labelled(t, constant, []int{0, 1, 0, 1, 0, 1}, "a", "b")},
		{data.Classify{}, labelled(t, [][]float64{{1, 2}, {2, 1}, {3, 3}, {4, 2}, {5, 5}, {6, 1}}, []int{1, 1, 1, 1, 1, 1}, "a", "b")},
	} {
		for _, m := range baselines.Default(c.task) {
			p, err := fitPredict(t, m.Estimator, c.set, c.set.Without())
			if err != nil {
				t.Errorf("%s: %v", m.Name, err)
				continue
			}
			if c.task == (data.Regress{}) && math.Abs(p.Values[0]-2) > 0.5 {
				t.Errorf("%s: %v", m.Name, p.Values)
			}
			if c.task == (data.Classify{}) && len(p.Labels) != 6 {
				t.Errorf("%s: %v", m.Name, p.Labels)
			}
		}
	}
}

func TestTooLargeIsSkipped(t *testing.T) {
	const n = 60_000
	x, y := make([][]float64, n), make([]float64, n)
	for i := range x {
		x[i] = []float64{float64(i % 7), float64(i % 11), float64(i % 13), float64(i % 17)}
		y[i] = float64(i % 3)
	}
	set := valued(t, x, y)
	skipped := map[string]bool{"k-nearest neighbours": true, "golearn tree": true, "golearn forest": true}
	for _, c := range baselines.Default(data.Regress{}) {
		if c.Name == "random forest" {
			continue // slow, and not skipped by any rule
		}
		_, err := fitPredict(t, c.Estimator, set, rows(t, x[:2]...))
		switch {
		case skipped[c.Name] && (!errors.Is(err, crossval.ErrSkipped) || !strings.Contains(err.Error(), "not run: too large: 60000 rows x 4 columns")):
			t.Errorf("%s: error %v", c.Name, err)
		case !skipped[c.Name] && err != nil:
			t.Errorf("%s: error %v", c.Name, err)
		}
	}
}

func TestSelect(t *testing.T) {
	all := baselines.Names(data.Classify{})
	if len(all) != 8 || !slices.Contains(all, "boosted trees") {
		t.Errorf("have %v", all)
	}
	some, err := baselines.Select(data.Regress{}, []string{"boosted trees", "mean"})
	if err != nil || len(some) != 2 || some[0].Name != "boosted trees" || some[1].Name != "mean" {
		t.Errorf("have %v, error %v", some, err)
	}
	if _, err := baselines.Select(data.Regress{}, []string{"majority"}); err == nil || !strings.Contains(err.Error(), `no "majority" to regress with: have mean, linear`) {
		t.Errorf("error %v", err)
	}
}

// The penalties that inner folds choose are near those that make data like these.
func TestStrengthsAreChosen(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 0))
	x, y, labels := make([][]float64, 120), make([]float64, 120), make([]int, 120)
	for i := range x {
		x[i] = make([]float64, 40)
		for j := range x[i] {
			x[i][j] = g.NormFloat64()
		}
		y[i] = x[i][0] + 2*g.NormFloat64()
		if y[i] > 0 {
			labels[i] = 1
		}
	}
	for name, c := range map[string]struct {
		new  crossval.Estimator
		set  *data.Set
		note string
	}{
		"ridge":    {baselines.Ridge{}, valued(t, x, y), "strength"},
		"net":      {baselines.ElasticNet{}, valued(t, x, y), "ratio"},
		"logistic": {baselines.LogisticRegression{}, labelled(t, x, labels, "a", "b"), "C"},
	} {
		p, err := c.new.Fit(t.Context(), c.set, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Notes) != 1 || !strings.Contains(p.Notes[0], c.note) || strings.Contains(p.Notes[0], "at the end") {
			t.Errorf("%s: notes %q", name, p.Notes)
		}
	}
}

// TestBaselinesSeeWeekdays holds the candidates to a target that depends on the day of
// the week, which no threshold on seconds since 1970 tells.
func TestBaselinesSeeWeekdays(t *testing.T) {
	const days = 420
	x, y := make([][]float64, days), make([]int, days)
	for i := range x {
		at := time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC)
		x[i] = []float64{float64(at.Unix())}
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			y[i] = 1
		}
	}
	set, err := data.FromLabels("days", x, y, []string{"work", "rest"})
	if err != nil {
		t.Fatal(err)
	}
	set.Features = []data.Feature{{Name: "day", Time: "2006-01-02"}}
	candidates, err := baselines.Select(data.Classify{}, []string{"random forest", "boosted trees", "golearn tree"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := crossval.Validate(t.Context(), set, crossval.KFold{K: 5}, candidates, crossval.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range candidates {
		if got := r.Mean(c.Name, "accuracy"); !(got > 0.99) {
			t.Errorf("%s: accuracy %.3f: it does not see the weekday", c.Name, got)
		}
	}
}
