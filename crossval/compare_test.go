package crossval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"pgregory.net/rapid"
)

// scored makes a result of candidates whose score in a fold is given.
func scored(t testing.TB, greater bool, scores map[string][]float64, names ...string) *crossval.Result {
	t.Helper()
	folds := len(scores[names[0]])
	set := classSet(t, make([]int, 10*folds), "a", "b")
	var candidates []crossval.Candidate
	for _, name := range names {
		byTag := map[uint64]float64{}
		for i, s := range scores[name] {
			byTag[crossval.JobSeed(0, name, i)] = s
		}
		candidates = append(candidates, crossval.Candidate{Name: name, Estimator: crossval.EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
			return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
				p := byTag[seed]
				return &data.Prediction{Proba: slices.Repeat([]float64{p, 1 - p}, rows.Len())}, nil
			}}, nil
		})})
	}
	r, err := crossval.Validate(t.Context(), set, crossval.KFold{K: folds}, candidates, crossval.Options{Metrics: []data.Metric{{
		Name: "score", Greater: greater,
		Score: func(_ *data.Set, p *data.Prediction) (float64, error) {
			if p.Proba[0] == 1 {
				return 0, data.ErrUndefined
			}
			return p.Proba[0], nil
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The numbers are SciPy's, for the differences d of each row with 10 test and 30
// training rows a fold:
//
//	se = sqrt((1/4 + 1/3) * var(d, ddof=1)); t.interval(.95, 3, mean(d), se); 2 * t.sf(abs(mean(d)/se), 3)
func TestVerdicts(t *testing.T) {
	scores := map[string][]float64{
		"net":    {0.90, 0.92, 0.91, 0.93},
		"tree":   {0.80, 0.81, 0.82, 0.81},
		"forest": {0.91, 0.90, 0.92, 0.92},
		"twin":   {0.90, 0.92, 0.91, 0.93},
		"shift":  {0.80, 0.82, 0.81, 0.83},
		"none":   {1, 0.9, 0.9, 0.9},
	}
	for _, c := range []struct {
		name      string
		greater   bool
		reference string
		others    []string
		better    []string
		verdicts  []string
	}{
		{"better", true, "net", []string{"tree"}, []string{"net"},
			[]string{"net is better than tree (+0.105 score, 95% CI 0.074 to 0.136, d = 5.32, p = 0.0018)"}},
		{"the other is better", true, "tree", []string{"net"}, []string{"net"},
			[]string{"net is better than tree (+0.105 score, 95% CI 0.074 to 0.136, d = 5.32, p = 0.0018)"}},
		{"smaller is better", false, "net", []string{"tree"}, []string{"tree"},
			[]string{"tree is better than net (-0.105 score, 95% CI -0.136 to -0.074, d = -5.32, p = 0.0018)"}},
		{"no evidence", true, "net", []string{"forest"}, []string{""},
			[]string{"net and forest: no evidence that they differ (+0.003 score, 95% CI -0.034 to 0.039, d = 0.11, p = 0.84)"}},
		{"equal", true, "net", []string{"twin"}, []string{""}, []string{"net and twin: equal score in every fold"}},
		{"constant", true, "shift", []string{"net"}, []string{""},
			[]string{"net is ahead of shift by the same amount in every fold (0.100 score): without variance there is no test"}},
		{"several, one undefined", true, "net", []string{"tree", "none", "forest"}, []string{"net", ""},
			[]string{
				"net is better than tree (+0.105 score, 95% CI 0.074 to 0.136, d = 5.32, p = 0.0018, Holm-adjusted for 2 tests p = 0.0035)",
				"net and forest: no evidence that they differ (+0.003 score, 95% CI -0.034 to 0.039, d = 0.11, p = 0.84, Holm-adjusted for 2 tests p = 0.84)",
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := scored(t, c.greater, scores, append([]string{c.reference}, c.others...)...)
			all, err := crossval.Compare(r, c.reference, "")
			if err != nil {
				t.Fatal(err)
			}
			if len(all) != len(c.verdicts) {
				t.Fatalf("%d comparisons, want %d", len(all), len(c.verdicts))
			}
			for i := range all {
				if have := all[i].Verdict(); have != c.verdicts[i] {
					t.Errorf("have %q, want %q", have, c.verdicts[i])
				}
				if have := all[i].Better(); have != c.better[i] {
					t.Errorf("%q is better, want %q", have, c.better[i])
				}
			}
		})
	}
}

// TestCaveats: what the test's calibration is like where it is worst is said there, and
// nowhere else.
func TestCaveats(t *testing.T) {
	for _, c := range []struct {
		name                 string
		repeats, folds, rows int
		said                 string
	}{
		{"10 x 10 on 60 rows", 10, 10, 60, "7 to 9%"}, {"3 x 10 on 60 rows", 3, 10, 60, "4 to 6%"}, {"5 x 2 on 60 rows", 5, 2, 60, "8%"},
		{"1 x 10 on 60 rows", 1, 10, 60, ""}, {"10 x 10 on 200 rows", 10, 10, 200, ""}, {"3 x 10 on 150 rows", 3, 10, 150, ""}, {"5 x 2 on 200 rows", 5, 2, 200, ""},
	} {
		r := &crossval.Result{Data: crossval.DataInfo{Rows: c.rows}}
		for i := range c.repeats * c.folds {
			r.Splits = append(r.Splits, crossval.Split{Repeat: i / c.folds, Fold: i % c.folds})
		}
		if have := strings.Join(r.Caveats(), " "); c.said == "" && have != "" || !strings.Contains(have, c.said) {
			t.Errorf("%s: %q", c.name, have)
		}
	}
	if (*crossval.Result)(nil).Caveats() != nil {
		t.Error("a nil result has caveats")
	}
}

func TestCompareRefuses(t *testing.T) {
	r := scored(t, true, map[string][]float64{"a": {0.1, 0.2}, "b": {0.3, 0.4}, "u": {1, 0.1}}, "a", "b", "u")
	broken := scored(t, true, map[string][]float64{"a": {0.1, 0.2}, "b": {0.3, 0.4}}, "a", "b")
	broken.Runs = broken.Runs[1:]
	alone := scored(t, true, map[string][]float64{"a": {0.1, 0.2}}, "a")
	for _, c := range []struct {
		name              string
		r                 *crossval.Result
		reference, metric string
		want              string
	}{
		{"result", nil, "a", "", "the result is nil"},
		{"reference", r, "x", "", `no candidate "x"; there are a, b, u`},
		{"a fold", broken, "a", "", `candidate "a" does not have a run for each of 2 folds`},
		{"metric", r, "a", "x", `no metric "x"`},
		{"undefined", r, "u", "", "the score of u is not defined in every fold"},
		{"alone", alone, "a", "", "no other candidate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := crossval.Compare(c.r, c.reference, c.metric); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
}

// The interval of a mean, by hand: x̄ 0.915, s² 1/6000, 4 folds of 10 test and 30
// training rows; t(0.975, 3) = 3.182446305284263 (scipy.stats.t.ppf).
func TestIntervalOfAMean(t *testing.T) {
	r := scored(t, true, map[string][]float64{"net": {0.90, 0.92, 0.91, 0.93}}, "net")
	in, err := r.Interval("net", "score")
	half := 3.182446305284263 * math.Sqrt((0.25+1.0/3)/6000)
	if err != nil || !near(in.Estimate, 0.915) || !near(in.High-in.Estimate, half) || !near(in.Estimate-in.Low, half) {
		t.Errorf("have %+v, %v, want 0.915 ± %v", in, err, half)
	}
	if _, err := r.Interval("nobody", ""); err == nil {
		t.Error("an interval of nobody")
	}
}

// TestTestOfTheDesign: the test is the one that the folds allow, and says so.
func TestTestOfTheDesign(t *testing.T) {
	set := table(t, 60)
	candidates := []crossval.Candidate{{Name: "a", Estimator: knn(1)}, {Name: "b", Estimator: knn(15)}}
	for _, c := range []struct {
		name, metric, method, why string
		sp                        crossval.Splitter
		noP                       bool
	}{
		{"folds", "accuracy", "corrected resampled t-test", "Nadeau", crossval.StratifiedKFold{K: 5}, false},
		{"2 times 5 folds", "log loss", "corrected resampled t-test", "Nadeau", crossval.RepeatedStratifiedKFold{K: 5, Repeats: 2}, false},
		{"5 times 2 folds", "accuracy", "5x2cv F-test", "Alpaydin", crossval.RepeatedStratifiedKFold{K: 2, Repeats: 5}, false},
		{"5 holdouts of half", "accuracy", "corrected resampled t-test", "Nadeau", crossval.Holdout{Fraction: 0.5, Repeats: 10}, false},
		{"one split, accuracy", "accuracy", "McNemar's test, mid-p", "one split", crossval.Holdout{Fraction: 0.5}, false},
		{"one split, AUC", "ROC AUC", "DeLong", "ranks", crossval.Holdout{Fraction: 0.5}, false},
		{"one split, log loss", "log loss", "BCa", "drawn again", crossval.Holdout{Fraction: 0.5}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := crossval.Validate(t.Context(), set, c.sp, candidates, crossval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			list, err := crossval.Compare(r, "a", c.metric)
			if err != nil {
				t.Fatal(err)
			}
			if one := &list[0]; !strings.Contains(one.Method, c.method) || !strings.Contains(one.Why, c.why) || math.IsNaN(one.P) != c.noP {
				t.Errorf("%s (%s), p %v", one.Method, one.Why, one.P)
			}
			if title := crossval.Title(list); !strings.Contains(title, c.why) {
				t.Errorf("title %q", title)
			}
			t.Log(list[0].Verdict(), "|", list[0].Practical())
		})
	}
}

// TestOneSourceOfNumbers: words and file say the numbers of the struct, for any scores.
func TestOneSourceOfNumbers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folds := rapid.IntRange(2, 12).Draw(rt, "folds")
		draw := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(0, 0.99), folds, folds).Draw(rt, name)
		}
		greater := rapid.Bool().Draw(rt, "greater")
		r := scored(t, greater, map[string][]float64{"a": draw("a"), "b": draw("b"), "c": draw("c")}, "a", "b", "c")
		list, err := crossval.CompareWith(r, "a", crossval.CompareOptions{Margin: 0.05})
		if err != nil {
			rt.Fatal(err)
		}
		for i := range list {
			c := &list[i]
			text, err := json.Marshal(c)
			if err != nil {
				rt.Fatal(err)
			}
			var file struct {
				Difference, Low, High, P, P_holm *float64
				Effect_size                      *float64
				Probability                      *struct{ Better, Same, Worse float64 }
				Verdict                          string
			}
			if err := json.Unmarshal(text, &file); err != nil {
				rt.Fatal(err)
			}
			if file.Verdict != c.Verdict() || *file.Difference != c.Estimate || c.Constant != (file.P == nil && c.Estimate != 0 || c.Estimate == 0 && c.StdErr == 0) {
				rt.Errorf("file %s, struct %+v", text, c)
			}
			if c.Constant {
				continue
			}
			// The words name the better candidate first, so that signs may turn.
			var first string
			var low, high float64
			words := c.Verdict()
			if _, err := fmt.Sscanf(words[strings.Index(words, "(")+1:], "%s score, 95%% CI %f to %f", &first, &low, &high); err != nil {
				rt.Fatalf("%q: %v", words, err)
			}
			sign := 1.0
			if c.Better() == c.Other {
				sign, low, high = -1, -high, -low
			}
			mean, err := strconv.ParseFloat(first, 64)
			if err != nil {
				rt.Fatal(err)
			}
			for _, n := range [][2]float64{{sign * mean, *file.Difference}, {low, *file.Low}, {high, *file.High}} {
				if math.Abs(n[0]-n[1]) > 0.0006*max(1, math.Abs(n[1])) {
					rt.Errorf("%q says %v, the file %v", words, n[0], n[1])
				}
			}
			decided := strings.Contains(words, "is better than")
			if decided != (*file.P_holm < crossval.Level) || *file.P_holm < *file.P {
				rt.Errorf("%q, p %v, adjusted %v", words, *file.P, *file.P_holm)
			}
			if b := file.Probability; b == nil || math.Abs(b.Better+b.Same+b.Worse-1) > 1e-9 || (b.Better > b.Worse) != ((c.Estimate > 0) == greater) && math.Abs(b.Better-b.Worse) > 1e-9 {
				rt.Errorf("probabilities %+v of a difference of %v", b, c.Estimate)
			}
		}
	})
}

// knn returns k-nearest neighbours.
func knn(k int) crossval.Estimator { return baselines.KNN{K: k} }

// table returns rows of two classes that overlap.
func table(t *testing.T, n int) *data.Set {
	t.Helper()
	g := rand.New(rand.NewPCG(4, 2))
	rows, labels := make([][]float64, n), make([]int, n)
	for i := range rows {
		labels[i] = i % 2
		rows[i] = []float64{g.NormFloat64() + float64(labels[i]), g.NormFloat64()}
	}
	set, err := data.FromLabels("overlapping", rows, labels, []string{"no", "yes"})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestHalvesThatAgree: where the halves of each of five repeats differ by the same, but repeats
// do not, the verdict is that of the corrected t-test. By hand: differences 0, 0, .1, .1, ... .4,
// .4 have the mean .2 and the variance .02·10/9; with as many test rows as training rows
// t = .2/sqrt(1.1·.0222...) = 1.279 on 9 degrees of freedom (P = 0.2328, scipy.stats.t.sf).
func TestHalvesThatAgree(t *testing.T) {
	r := fiveByTwo(t, func(repeat, half int) float64 { return 0.1 * float64(repeat) })
	list, err := crossval.Compare(r, "a", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &list[0]
	if c.Constant || math.Abs(c.P-0.2328) > 1e-3 || strings.Contains(c.Verdict(), "every fold") {
		t.Errorf("P %v: %s", c.P, c.Verdict())
	}
}

// TestNoDirection: an F-test that rejects while the interval of the mean holds 0 names no winner.
func TestNoDirection(t *testing.T) {
	r := fiveByTwo(t, func(repeat, half int) float64 {
		return 0.2*float64(1-2*(repeat%2)) + 0.001*float64(half) - 0.04
	})
	list, err := crossval.Compare(r, "a", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &list[0]
	if c.P > 0.01 || c.Better() != "" || !strings.Contains(c.Verdict(), "in no one direction") {
		t.Errorf("P %v, better %q: %s", c.P, c.Better(), c.Verdict())
	}
}

// fiveByTwo is a result of 5 times 2 folds on which a is ahead of b by what is given.
func fiveByTwo(t *testing.T, ahead func(repeat, half int) float64) *crossval.Result {
	t.Helper()
	seeds := map[uint64]float64{}
	for i := range 10 {
		seeds[crossval.JobSeed(0, "a", i)], seeds[crossval.JobSeed(0, "b", i)] = 0.5+ahead(i/2, i%2)/2, 0.5-ahead(i/2, i%2)/2
	}
	e := crossval.EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Proba: slices.Repeat([]float64{seeds[seed], 1 - seeds[seed]}, rows.Len())}, nil
		}}, nil
	})
	score := data.Metric{Name: "score", Greater: true, Score: func(_ *data.Set, p *data.Prediction) (float64, error) { return p.Proba[0], nil }}
	r, err := crossval.Validate(t.Context(), classSet(t, make([]int, 40), "x", "y"), crossval.RepeatedKFold{K: 2, Repeats: 5},
		[]crossval.Candidate{{Name: "a", Estimator: e}, {Name: "b", Estimator: e}}, crossval.Options{Metrics: []data.Metric{score}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestResultsWithoutPredictions: a result that was put together by hand, without what a test
// needs, is an error and no panic.
func TestResultsWithoutPredictions(t *testing.T) {
	r := &crossval.Result{
		Data:       crossval.DataInfo{Rows: 4, Classes: []string{"x", "y"}, Labels: []int{0, 1, 0, 1}, Features: []string{"f", "g"}},
		Metrics:    []data.Metric{{Name: data.Accuracy.Name, Greater: true}},
		Candidates: []crossval.CandidateInfo{{Name: "a"}, {Name: "b"}},
		Splits:     []crossval.Split{{Test: []int{2, 3}}},
		Runs:       []crossval.Run{{Candidate: "a", Scores: []float64{1}, Importance: []float64{1}}, {Candidate: "b", Scores: []float64{0.5}, Split: 9}},
	}
	if _, err := crossval.Compare(r, "a", ""); err == nil {
		t.Error("compared")
	}
	r.Metrics[0] = data.Metric{Name: data.ROCAUC.Name, Greater: true}
	if _, err := r.Interval("b", ""); err == nil {
		t.Error("an interval")
	}
	if r.Importances("a") != nil {
		t.Error("importances")
	}
}
