package plots_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/trees"
	"pgregory.net/rapid"
)

// ranking compares k made-up models on some data sets; of each three models two are equal.
func ranking(k, sets int, skill float64) stats.Ranking {
	r := rand.New(rand.NewPCG(6, uint64(k)))
	scores := make([][]float64, sets)
	for i := range scores {
		scores[i] = make([]float64, k)
		for j := range scores[i] {
			scores[i][j] = -skill*float64(j-j%3%2) + r.NormFloat64()
		}
	}
	out, err := stats.Nemenyi(scores, 0)
	if err != nil {
		panic(err)
	}
	return out
}

// conditional is a search of two kinds of models, each with settings of its own.
func conditional(trials int) search.Search {
	of := func(name string) []search.Condition {
		return []search.Condition{{Setting: "model", Is: []string{name}}}
	}
	return search.Search{
		Trials: trials, Folds: 4, Workers: 2, Seed: 2, Round: 8,
		Space: search.Space{
			Base: baselines.Prepared{Estimator: baselines.KNN{K: 30}},
			Settings: []search.Setting{
				{Path: "Estimator", Name: "model", Domain: search.Choice{
					Names: []string{"neighbours", "boosted trees"}, Values: []any{baselines.KNN{}, baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 12, Threads: 1}}},
				}},
				{Path: "Estimator.K", Name: "number of neighbours", Domain: search.Int{Low: 1, High: 50, Log: true}, When: of("neighbours")},
				{Path: "Estimator.Settings.LearningRate", Domain: search.LogUniform{Low: 0.01, High: 1}, When: of("boosted trees")},
				{Path: "Estimator.Settings.Leaves", Name: "leaves", Domain: search.Int{Low: 2, High: 9}, When: of("boosted trees")},
				{Path: "Estimator.Settings.Columns", Name: "columns", Domain: search.Uniform{Low: 0.2, High: 1}, When: of("boosted trees")},
			},
		},
	}
}

// searched runs the search on a table, without times, and lets one trial fail.
func searched(t interface{ Fatal(...any) }, load func() (*data.Set, error), trials int) *search.Outcome {
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	o, err := conditional(trials).Run(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	o.Elapsed = 0
	for i := range o.Trials {
		o.Trials[i].Fit = 0
	}
	for i := len(o.Trials) - 1; i > 0; i-- {
		if o.Trials[i].Dropped != "" {
			o.Trials[i].Failed, o.Trials[i].Dropped = "out of luck", ""
			break
		}
	}
	return o
}

// compared returns comparisons of all kinds: one that is equal in every fold, one that is ahead
// by the same amount, one without an interval, one that is far off.
func compared(t *testing.T) []crossval.Comparison {
	t.Helper()
	res := manyResult(t, 3)
	list, err := crossval.Compare(res, "net", "")
	if err != nil {
		t.Fatal(err)
	}
	base := list[0]
	of := func(name string, estimate, half, p float64) crossval.Comparison {
		c := base
		c.Other, c.Estimate, c.Low, c.High, c.PHolm, c.P, c.Size, c.Tests = name, estimate, estimate-half, estimate+half, p, p/7, estimate/half, 7
		return c
	}
	same := of("equal twin", 0, 0, math.NaN())
	same.Constant = true
	ahead := of("a step ahead", -0.02, 0, math.NaN())
	ahead.Constant = true
	open := of("one split, no interval", 0.03, 0, math.NaN())
	open.Low, open.High, open.P, open.Size = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	return []crossval.Comparison{
		of("forest of a great many trees with a long name", -0.04, 0.03, 0.013), of("tree", 0.05, 0.04, 0.02), of("ridge", 0.01, 0.06, 0.8),
		same, ahead, open, of("majority", 0.6, 0.05, 0.0000001),
	}
}

func curvesOverRows() []crossval.LearningCurve {
	at := func(rows int, score, half float64) crossval.LearningPoint {
		p := crossval.LearningPoint{Rows: rows}
		p.Test.Estimate, p.Test.Low, p.Test.High = score, score-half, score+half
		return p
	}
	accuracy := data.Metric{Name: "accuracy", Greater: true}
	return []crossval.LearningCurve{
		{Candidate: "net", Metric: accuracy, Points: []crossval.LearningPoint{{Rows: 20, Failed: "too few"}, at(60, 0.71, 0.09), at(120, 0.82, 0.06), at(180, 0.88, 0.05), at(240, 0.9, 0.04)}},
		{Candidate: "forest", Metric: accuracy, Points: []crossval.LearningPoint{at(20, 0.6, 0.1), at(60, 0.75, 0.07), at(120, 0.81, 0.06), at(180, 0.83, 0.05), at(240, 0.835, 0.05)}},
	}
}

func permuted() *crossval.Permuted {
	p := &crossval.Permuted{Candidate: "net", Metric: data.Metric{Name: "accuracy", Greater: true}, Score: 0.83, P: 1. / 200}
	r := rand.New(rand.NewPCG(9, 1))
	for range 199 {
		p.Scores = append(p.Scores, 0.5+0.05*r.NormFloat64())
	}
	return p
}

func statisticsFigures(t *testing.T, must func(*plots.Figure, error) *plots.Figure) map[string]*plots.Figure {
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("model %c with a name that is long", 'a'+i)
		if i%4 == 0 {
			names[i] = fmt.Sprintf("m%d", i)
		}
	}
	signed, err := stats.BayesSignedRank([]float64{0.01, 0.03, -0.004, 0.02, 0.001, 0.015, -0.02, 0.04, 0.006, 0.011}, 0.01, stats.SignedRankOptions{Draws: 20000, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	mean, err := stats.BayesCorrelatedT([]float64{0.01, 0.03, -0.02, 0.02, 0.01, 0.025, -0.01, 0.03, 0.006, 0.011}, 1./9, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	sure, err := stats.BayesCorrelatedT([]float64{4.1, 4.3, 4.2, 3.9}, 1./3, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	found := searched(t, data.Wine, 40)
	less, err := crossval.Compare(result(t, data.Diabetes), "net", "")
	if err != nil {
		t.Fatal(err)
	}
	shares, err := found.Importance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*plots.Figure{
		"critical_difference":      must(plots.CriticalDifference(plots.Ranks{Models: []string{"net", "forest", "tree", "ridge", "neighbours", "majority"}, Ranking: ranking(6, 20, 0.6)})),
		"critical_difference_many": must(plots.CriticalDifference(plots.Ranks{Models: names, Ranking: ranking(20, 60, 0.12)})),
		"critical_difference_none": must(plots.CriticalDifference(plots.Ranks{Models: []string{"net", "tree"}, Ranking: ranking(2, 3, 0)})),
		"posterior":                must(plots.Posterior(plots.Difference{First: "net", Second: "forest", Metric: "accuracy", Greater: true, Belief: mean})),
		"posterior_sure":           must(plots.Posterior(plots.Difference{First: "a net with a name that is long", Second: "forest of a great many trees", Metric: "RMSE", Belief: sure})),
		"posterior_triangle":       must(plots.Posterior(plots.Difference{First: "net", Second: "forest", Metric: "accuracy", Greater: true, Belief: signed})),
		"forest":                   must(plots.Forest(plots.Differences{List: compared(t)})),
		"forest_less":              must(plots.Forest(plots.Differences{List: less})),
		"search_history":           must(plots.SearchHistory(plots.Trials{Outcome: found})),
		"parallel":                 must(plots.ParallelCoordinates(plots.Trials{Outcome: found})),
		"setting_importance":       must(plots.SettingImportance(plots.SettingShares{Metric: "accuracy", Shares: shares})),
		"search":                   must(plots.Search(plots.SearchReport{Outcome: found, Importance: shares, Facts: []plots.Fact{{Name: "versions", Value: "aegis"}}})),
		"search_regression":        must(plots.Search(plots.SearchReport{Outcome: searched(t, data.Diabetes, 9)})),
		"row_curves":               must(plots.RowCurves(plots.RowScores{Curves: curvesOverRows()})),
		"permutations":             must(plots.PermutationHistogram(plots.Permutations{Test: permuted()})),
	}
}

// texts returns what a figure writes, as one text.
func texts(f *plots.Figure) string {
	all := strings.Join(regexp.MustCompile(`>[^<]+</text>`).FindAllString(string(f.SVG()), -1), "\n")
	return html.UnescapeString(strings.ReplaceAll(strings.ReplaceAll(all, "</text>", ""), ">", ""))
}

// TestForestSaysWhatVerdictsSay: the numbers of a forest plot are those of the verdicts and of
// the JSON, and its findings those of the verdicts.
func TestForestSaysWhatVerdictsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := scored(t)
		metric := rapid.SampledFrom([]string{"R2", "RMSE"}).Draw(t, "metric")
		list, err := crossval.Compare(r, r.Candidates[0].Name, metric)
		if err != nil {
			return
		}
		f, err := plots.Forest(plots.Differences{List: list})
		if err != nil {
			t.Fatal(err)
		}
		said := texts(f)
		for i := range list {
			c := &list[i]
			var j struct {
				Difference, Low, High *float64
				P                     *float64 `json:"p_holm"`
			}
			text, err := json.Marshal(c)
			if err == nil {
				err = json.Unmarshal(text, &j)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{c.DifferenceText(), c.IntervalText(), c.EffectText(), c.AdjustedText()} {
				if !strings.Contains(said, part) {
					t.Fatalf("the figure lacks %q of %s:\n%s", part, c.Verdict(), said)
				}
				if sign := strings.NewReplacer("+", "", "-", ""); !c.Constant && c.Better() != c.Other && !strings.Contains(sign.Replace(c.Verdict()), sign.Replace(part)) {
					t.Fatalf("the verdict %q lacks %q", c.Verdict(), part)
				}
			}
			var shown float64
			if _, err := fmt.Sscan(c.DifferenceText(), &shown); err != nil || math.Abs(shown-*j.Difference) > 0.0005*math.Max(1, math.Abs(*j.Difference)) {
				t.Fatalf("%s for a difference of %v", c.DifferenceText(), *j.Difference)
			}
			finding := "no evidence"
			switch {
			case c.Constant:
				finding = "in every fold"
			case c.Better() == c.Reference:
				finding = c.Reference + " better"
			case c.Better() == c.Other:
				finding = c.Reference + " worse"
			}
			if !strings.Contains(said, finding) {
				t.Fatalf("the figure lacks %q of %s", finding, c.Verdict())
			}
		}
	})
}

// TestPosteriorSaysWhatPracticalSays: the three probabilities are those in words, for the model
// that they belong to.
func TestPosteriorSaysWhatPracticalSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := scored(t)
		list, err := crossval.Compare(r, r.Candidates[0].Name, rapid.SampledFrom([]string{"R2", "RMSE"}).Draw(t, "metric"))
		if err != nil {
			return
		}
		for i := range list {
			c := &list[i]
			if c.Belief == nil || c.Belief.Constant {
				continue
			}
			f, err := plots.Posterior(plots.Difference{First: c.Reference, Second: c.Other, Metric: c.Metric, Greater: c.Greater, Belief: *c.Belief})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			lines := strings.Split(texts(f), "\n")
			for k, l := range lines {
				if k > 0 && (strings.HasSuffix(l, " better") || l == "practically equal") {
					got[l] = lines[k-1]
				}
			}
			for _, want := range []struct{ who, text string }{
				{c.Reference + " better", "with probability " + got[c.Reference+" better"]}, {c.Other + " better", "worse with " + got[c.Other+" better"]},
				{"practically equal", "with " + got["practically equal"] + ", worse"},
			} {
				if got[want.who] == "" || !strings.Contains(c.Practical(), want.text) {
					t.Fatalf("the figure says %v, the words are %q", got, c.Practical())
				}
			}
		}
	})
}

// TestSearchPageSaysWhatTheTableSays: counts, estimates and trials are those of Outcome.Table.
func TestSearchPageSaysWhatTheTableSays(t *testing.T) {
	o := searched(t, data.Wine, 24)
	f, err := plots.Search(plots.SearchReport{Outcome: o})
	if err != nil {
		t.Fatal(err)
	}
	page := html.UnescapeString(string(f.Document()))
	for _, line := range append(o.Estimates(), o.Counts(), o.EnsembleText()) {
		if len(line) > 1 && !strings.Contains(page, line[1:]) {
			t.Errorf("the page lacks %q", line)
		}
	}
	for _, i := range o.Ranked() {
		for _, part := range []string{o.Trials[i].ScoreText(), o.Trials[i].SettingsText(), o.Trials[i].Dropped, o.Trials[i].Failed} {
			if !strings.Contains(page, part) {
				t.Errorf("the page lacks %q of trial %d", part, i)
			}
		}
	}
	harmless(t, string(f.Document()))
}

func TestStatisticsMistakes(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	fine := compared(t)
	change := func(f func(c *crossval.Comparison)) []crossval.Comparison {
		list := append([]crossval.Comparison{}, fine...)
		f(&list[1])
		return list
	}
	belief := stats.Belief{Less: 0.2, Same: 0.3, Greater: 0.5, Region: 0.1, Mean: stats.StudentT{DF: 4, Scale: 1}}
	believe := func(f func(b *stats.Belief)) plots.Difference {
		b := belief
		f(&b)
		return plots.Difference{First: "a", Second: "b", Belief: b}
	}
	good := stats.Ranking{Mean: []float64{1.5, 1.5}, Critical: 1, Confidence: 0.95}
	rank := func(f func(r *stats.Ranking)) plots.Ranks {
		r := good
		r.Mean = []float64{1.5, 1.5}
		f(&r)
		return plots.Ranks{Models: []string{"a", "b"}, Ranking: r}
	}
	o := searched(t, data.Wine, 12)
	alone := *o
	alone.Trials = o.Trials[:1]
	none := *o
	none.Trials = append([]search.Trial{}, o.Trials...)
	for i := range none.Trials {
		none.Trials[i].Score = nan
	}
	lost := *o
	lost.Weights = []search.Weight{{Trial: 99, Weight: 1}}
	p := permuted()
	for _, c := range []struct {
		name string
		draw func() (*plots.Figure, error)
		want string
	}{
		{"no models", func() (*plots.Figure, error) { return plots.CriticalDifference(plots.Ranks{}) }, "0 names for 0 mean ranks"},
		{"names", func() (*plots.Figure, error) {
			return plots.CriticalDifference(plots.Ranks{Models: []string{"a", "b", "c"}, Ranking: good})
		}, "3 names for 2 mean ranks"},
		{"rank NaN", func() (*plots.Figure, error) {
			return plots.CriticalDifference(rank(func(r *stats.Ranking) { r.Mean[1] = nan }))
		}, "mean rank of b is NaN"},
		{"rank 3 of 2", func() (*plots.Figure, error) {
			return plots.CriticalDifference(rank(func(r *stats.Ranking) { r.Mean[0] = 3 }))
		}, "mean rank of a is 3"},
		{"critical", func() (*plots.Figure, error) {
			return plots.CriticalDifference(rank(func(r *stats.Ranking) { r.Critical = inf }))
		}, "critical difference of +Inf"},
		{"confidence", func() (*plots.Figure, error) {
			return plots.CriticalDifference(rank(func(r *stats.Ranking) { r.Confidence = 0 }))
		}, "confidence of 0"},
		{"point", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Constant = true }))
		}, "the posterior is a point"},
		{"probability", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Same = 2 }))
		}, "probabilities 0.2, 2 and 0.5"},
		{"region", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Region = nan }))
		}, "a region of NaN"},
		{"no posterior", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Mean = stats.StudentT{} }))
		}, "0 degrees of freedom"},
		{"draw", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Samples = [][3]float64{{1, 0, 0}, {0, nan, 1}} }))
		}, "draw 1 of the posterior holds NaN"},
		{"draw sum", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Samples = [][3]float64{{1, 0, 1}} }))
		}, "draw 0 of the posterior sums to 2"},
		{"no draws", func() (*plots.Figure, error) {
			return plots.Posterior(believe(func(b *stats.Belief) { b.Samples = [][3]float64{} }))
		}, "nothing to draw"},
		{"no comparisons", func() (*plots.Figure, error) { return plots.Forest(plots.Differences{}) }, "nothing to draw"},
		{"two references", func() (*plots.Figure, error) {
			return plots.Forest(plots.Differences{List: change(func(c *crossval.Comparison) { c.Reference = "other" })})
		}, "comparison 1 is of other"},
		{"difference", func() (*plots.Figure, error) {
			return plots.Forest(plots.Differences{List: change(func(c *crossval.Comparison) { c.Estimate = nan })})
		}, "a difference of NaN"},
		{"comparisons of another reference", func() (*plots.Figure, error) {
			return plots.CrossValidation(plots.Report{Result: manyResult(t, 3), Reference: "forest", Comparisons: fine})
		}, `comparisons of "net" in a report of "forest"`},
		{"region of a comparison", func() (*plots.Figure, error) {
			return plots.Forest(plots.Differences{List: change(func(c *crossval.Comparison) { c.Region = -1 })})
		}, "a region of -1"},
		{"no outcome", func() (*plots.Figure, error) { return plots.SearchHistory(plots.Trials{}) }, "the outcome of the search is nil"},
		{"no outcome, parallel", func() (*plots.Figure, error) { return plots.ParallelCoordinates(plots.Trials{}) }, "the outcome of the search is nil"},
		{"no scores", func() (*plots.Figure, error) { return plots.SearchHistory(plots.Trials{Outcome: &none}) }, "nothing to draw"},
		{"the base alone", func() (*plots.Figure, error) { return plots.ParallelCoordinates(plots.Trials{Outcome: &alone}) }, "nothing to draw"},
		{"no report", func() (*plots.Figure, error) { return plots.Search(plots.SearchReport{}) }, "no outcome of a search"},
		{"empty outcome", func() (*plots.Figure, error) {
			return plots.Search(plots.SearchReport{Outcome: &search.Outcome{}})
		}, "no outcome of a search"},
		{"ensemble", func() (*plots.Figure, error) { return plots.Search(plots.SearchReport{Outcome: &lost}) }, "the ensemble has trial 99 of 12"},
		{"no settings", func() (*plots.Figure, error) { return plots.SettingImportance(plots.SettingShares{}) }, "nothing to draw"},
		{"share", func() (*plots.Figure, error) {
			return plots.SettingImportance(plots.SettingShares{Shares: []search.Importance{{Setting: "rate", Share: nan}}})
		}, "importance of rate: NaN"},
		{"no curves", func() (*plots.Figure, error) { return plots.RowCurves(plots.RowScores{}) }, "nothing to draw"},
		{"no points", func() (*plots.Figure, error) {
			return plots.RowCurves(plots.RowScores{Curves: make([]crossval.LearningCurve, 1)})
		}, "nothing to draw"},
		{"many curves", func() (*plots.Figure, error) {
			return plots.RowCurves(plots.RowScores{Curves: make([]crossval.LearningCurve, 11)})
		}, "11 curves"},
		{"two metrics", func() (*plots.Figure, error) {
			list := curvesOverRows()
			list[1].Metric.Name = "RMSE"
			return plots.RowCurves(plots.RowScores{Curves: list})
		}, "a curve of accuracy and one of RMSE"},
		{"no test", func() (*plots.Figure, error) { return plots.PermutationHistogram(plots.Permutations{}) }, "no permutation test"},
		{"no permutations", func() (*plots.Figure, error) {
			return plots.PermutationHistogram(plots.Permutations{Test: &crossval.Permuted{}})
		}, "nothing to draw"},
		{"score NaN", func() (*plots.Figure, error) {
			return plots.PermutationHistogram(plots.Permutations{Test: &crossval.Permuted{P: 1, Scores: []float64{nan}}})
		}, "not finite"},
		{"p", func() (*plots.Figure, error) {
			return plots.PermutationHistogram(plots.Permutations{Test: &crossval.Permuted{Scores: p.Scores}})
		}, "p = 0"},
	} {
		_, err := c.draw()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}

// TestHostileNames: names of models, metrics and settings are text in a document, and no name
// makes a figure fail.
func TestHostileNames(t *testing.T) {
	o := searched(t, data.Wine, 12)
	o.Metric.Name = hostile
	for i, names := range [][2]string{{hostile, ""}, {"", "\x00\n"}, {"تفاحة", hostile + "2"}, {"\xff\u2028", strings.Repeat("wide ", 90)}} {
		one, two := names[0], names[1]
		list := []crossval.Comparison{{Reference: one, Other: two, Metric: hostile, Region: 1e-300}, {Reference: one, Other: strings.Repeat(two, 9), Metric: hostile}}
		list[0].Estimate, list[0].Low, list[0].High = []float64{-1e300, 0, 1e-300, 1e300}[i], -1e300, 1e300
		belief := stats.Belief{Less: 0.2, Same: 0.3, Greater: 0.5, Mean: stats.StudentT{DF: []float64{0.01, 1, 30, 1e9}[i], Scale: 1e-9, Location: 1}, Region: 1e-3}
		for _, f := range []func() (*plots.Figure, error){
			func() (*plots.Figure, error) {
				return plots.CriticalDifference(plots.Ranks{Models: []string{one, two}, Ranking: ranking(2, 9, 0.5)})
			},
			func() (*plots.Figure, error) { return plots.Forest(plots.Differences{List: list}) },
			func() (*plots.Figure, error) {
				return plots.Posterior(plots.Difference{Title: two, First: one, Second: two, Metric: hostile, Belief: belief})
			},
			func() (*plots.Figure, error) { return plots.SearchHistory(plots.Trials{Title: two, Outcome: o}) },
			func() (*plots.Figure, error) { return plots.ParallelCoordinates(plots.Trials{Title: one, Outcome: o}) },
			func() (*plots.Figure, error) {
				return plots.SettingImportance(plots.SettingShares{Metric: one, Shares: []search.Importance{{Setting: two, Share: 0.1}, {Setting: one}}})
			},
		} {
			drawn, err := f()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(drawn.SVG(), []byte("<img")) || bytes.Contains(drawn.SVG(), []byte("NaN")) {
				t.Fatalf("%.2000s", drawn.SVG())
			}
			d := xml.NewDecoder(bytes.NewReader(drawn.SVG()))
			for {
				if _, err := d.Token(); err != nil {
					if err.Error() != "EOF" {
						t.Fatal(err)
					}
					break
				}
			}
		}
	}
}
