package crossval_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

func TestCorrectedTTestDegenerate(t *testing.T) {
	third := 1.0 / 3
	for _, c := range []struct {
		name         string
		x            []float64
		mean, tt, p  float64
		constant     bool
		want         string // of the error
		ratio, level float64
	}{
		{name: "all zero", x: []float64{0, 0, 0}, p: 1, constant: true},
		{name: "constant", x: []float64{0.5, 0.5}, mean: 0.5, tt: math.Inf(1), constant: true},
		{name: "constant below", x: []float64{-0.5, -0.5}, mean: -0.5, tt: math.Inf(-1), constant: true},
		{name: "constant but for rounding", x: []float64{third, 1 - 2*third, 0.5 - third/2}, mean: third, tt: math.Inf(1), constant: true},
		{name: "one fold", x: []float64{1}, want: "needs 2 folds or more, have 1"},
		{name: "none", want: "needs 2 folds or more, have 0"},
		{name: "not a number", x: []float64{1, math.NaN()}, want: "fold 1: the score is NaN"},
		{name: "infinite", x: []float64{math.Inf(1), 1}, want: "fold 0: the score is +Inf"},
		{name: "ratio", x: []float64{1, 2}, ratio: -1, want: "have -1"},
		{name: "confidence", x: []float64{1, 2}, level: 1, want: "confidence between 0 and 1, have 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := crossval.CorrectedTTest(c.x, c.ratio, c.level)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("have error %v, want one with %q", err, c.want)
				}
				return
			}
			if err != nil || !near(in.Mean, c.mean) || in.T != c.tt || in.P != c.p || in.Constant != c.constant {
				t.Errorf("have %+v, %v", in, err)
			}
		})
	}
}

// TestVastScores: the spread of scores whose squares overflow or vanish.
func TestVastScores(t *testing.T) {
	for _, size := range []float64{1, 1e200, 1e-200} {
		in, err := crossval.CorrectedTTest([]float64{1 * size, 2 * size, 4 * size}, 0.5, 0)
		// sqrt((1/3 + 1/2) · 7/3) = 1.3944333775567928
		if err != nil || math.Abs(in.StdErr/size-1.3944333775567928) > 1e-12 || math.Abs(in.Mean/size-7./3) > 1e-12 {
			t.Errorf("size %v: %+v, %v", size, in, err)
		}
	}
}

func TestHolm(t *testing.T) {
	for _, c := range []struct {
		name    string
		p, want []float64
	}{
		// R: p.adjust(c(.01, .04, .03, .005), "holm")
		{"four", []float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}},
		{"one", []float64{0.2}, []float64{0.2}},
		{"no more than 1", []float64{0.9, 0.6}, []float64{1, 1}},
		{"equal", []float64{0.02, 0.02, 0.02}, []float64{0.06, 0.06, 0.06}},
		{"none", nil, []float64{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			have, err := crossval.Holm(c.p)
			if err != nil || !slices.EqualFunc(have, c.want, near) {
				t.Errorf("have %v, %v, want %v", have, err, c.want)
			}
		})
	}
	if _, err := crossval.Holm([]float64{0.1, math.NaN()}); err == nil {
		t.Error("no error for NaN")
	}
}

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
			[]string{"net is better than tree (+0.105 score, 95% CI 0.074 to 0.136, p = 0.0018)"}},
		{"the other is better", true, "tree", []string{"net"}, []string{"net"},
			[]string{"net is better than tree (+0.105 score, 95% CI 0.074 to 0.136, p = 0.0018)"}},
		{"smaller is better", false, "net", []string{"tree"}, []string{"tree"},
			[]string{"tree is better than net (-0.105 score, 95% CI -0.136 to -0.074, p = 0.0018)"}},
		{"no evidence", true, "net", []string{"forest"}, []string{""},
			[]string{"net and forest: no evidence that they differ (+0.003 score, 95% CI -0.034 to 0.039, p = 0.84)"}},
		{"equal", true, "net", []string{"twin"}, []string{""}, []string{"net and twin: equal score in every fold"}},
		{"constant", true, "shift", []string{"net"}, []string{""},
			[]string{"net is ahead of shift by the same amount in every fold (0.100 score): without variance there is no test"}},
		{"several, one undefined", true, "net", []string{"tree", "none", "forest"}, []string{"net", ""},
			[]string{
				"net is better than tree (+0.105 score, 95% CI 0.074 to 0.136, p = 0.0018, Holm-adjusted for 2 tests p = 0.0035)",
				"net and forest: no evidence that they differ (+0.003 score, 95% CI -0.034 to 0.039, p = 0.84, Holm-adjusted for 2 tests p = 0.84)",
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
		name          string
		repeats, rows int
		said          bool
	}{{"10 x 10 on 60 rows", 10, 60, true}, {"3 x 10 on 60 rows", 3, 60, false}, {"10 x 10 on 200 rows", 10, 200, false}} {
		r := &crossval.Result{Data: crossval.DataInfo{Rows: c.rows}}
		for i := range c.repeats * 10 {
			r.Splits = append(r.Splits, crossval.Split{Repeat: i / 10, Fold: i % 10})
		}
		if have := strings.Join(r.Caveats(), " "); strings.Contains(have, "7 to 9%") != c.said || !c.said && have != "" {
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
	if err != nil || !near(in.Mean, 0.915) || !near(in.High-in.Mean, half) || !near(in.Mean-in.Low, half) {
		t.Errorf("have %+v, %v, want 0.915 ± %v", in, err, half)
	}
	if _, err := r.Interval("nobody", ""); err == nil {
		t.Error("an interval of nobody")
	}
}
