package stats

import (
	"math"
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	ok := []float64{1, 2, 3}
	pairs := [][2]float64{{1, 2}, {1, 3}, {2, 1}, {0, 1}, {1, 1}}
	table := [][]float64{{1, 2}, {2, 1}, {1, 3}}
	labels := []bool{true, false, true, false}
	scores := []float64{1, 2, 3, 4}
	first := func(_ any, err error) error { return err }
	average := func([]int) float64 { return 1 }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"t: one fold", first(CorrectedTTest(ok[:1], 0.1, 0)), "2 folds"},
		{"t: NaN", first(CorrectedTTest([]float64{1, nan}, 0.1, 0)), "fold 1 is NaN"},
		{"t: infinite", first(CorrectedTTest([]float64{1, inf}, 0.1, 0)), "fold 1 is +Inf"},
		{"t: ratio", first(CorrectedTTest(ok, -0.1, 0)), "-0.1"},
		{"t: ratio NaN", first(CorrectedTTest(ok, nan, 0)), "NaN"},
		{"t: confidence", first(CorrectedTTest(ok, 0.1, 1)), "confidence"},
		{"t: confidence NaN", first(CorrectedTTest(ok, 0.1, nan)), "confidence"},
		{"margin", first(NonInferiority(ok, 0.1, 0, 0)), "margin"},
		{"margin infinite", first(Equivalence(ok, 0.1, inf, 0)), "margin"},
		{"margin confidence", first(Equivalence(ok, 0.1, 1, 0.5)), "above 0.5"},
		{"5x2: four", first(CV5x2T(pairs[:4], 0)), "5 replications"},
		{"5x2: NaN", first(CV5x2F(append(pairs[:4:4], [2]float64{nan, 0}), 0)), "fold 8 is NaN"},
		{"Holm", first(Holm([]float64{0.5, 1.2})), "p-value 1 is 1.2"},
		{"BH", first(BenjaminiHochberg([]float64{-0.1})), "p-value 0"},
		{"Wilcoxon: none", first(Wilcoxon(nil, WilcoxonOptions{})), "none"},
		{"Wilcoxon: NaN", first(Wilcoxon([]float64{nan}, WilcoxonOptions{})), "difference 0 is NaN"},
		{"Wilcoxon: zeros", first(Wilcoxon(ok, WilcoxonOptions{Zeros: 7})), "treatment 7"},
		{"Wilcoxon: distribution", first(Wilcoxon(ok, WilcoxonOptions{Distribution: -1})), "distribution -1"},
		{"Wilcoxon: exact", first(Wilcoxon(repeated(1, 1001), WilcoxonOptions{Distribution: Exact})), "up to 1000"},
		{"McNemar: lengths", first(McNemar(labels, labels[:2], McNemarExact, 0)), "4 and 2"},
		{"McNemar: none", first(McNemar(nil, nil, McNemarExact, 0)), "none"},
		{"McNemar: negative", first(McNemarCounts(1, -1, 0, 0, McNemarExact, 0)), "-1"},
		{"McNemar: method", first(McNemarCounts(1, 1, 0, 0, 9, 0)), "method 9"},
		{"Cochran: none", first(CochranQ(nil, 0)), "none"},
		{"Cochran: one", first(CochranQ([][]bool{{true}}, 0)), "have 1"},
		{"Cochran: ragged", first(CochranQ([][]bool{labels, labels[:2]}, 0)), "row 1 has 2"},
		{"Friedman: one", first(Friedman(table[:1], 0)), "2 data sets"},
		{"Friedman: one model", first(Friedman([][]float64{{1}, {2}}, 0)), "have 1"},
		{"Friedman: ragged", first(Friedman([][]float64{{1, 2}, {2}}, 0)), "data set 1 has 1"},
		{"Nemenyi: NaN", first(Nemenyi([][]float64{{1, 2}, {2, nan}}, 0)), "data set 1: score 1 is NaN"},
		{"Iman: confidence", first(ImanDavenport(table, 2)), "confidence"},
		{"DeLong: lengths", first(DeLong(labels, scores, scores[:2], 0)), "4 labels for 2"},
		{"DeLong: one class", first(DeLong([]bool{true, true, true, true}, scores, scores, 0)), "4 and 0"},
		{"DeLong: NaN", first(DeLongUnpaired(labels, scores, labels, []float64{1, 2, nan, 3}, 0)), "score 2 is NaN"},
		{"AUC: none", first(CrossValidatedAUC(nil, nil, 0)), "0 folds"},
		{"AUC: lengths", first(CrossValidatedAUC([][]bool{labels}, [][]float64{scores[:3]}, 0)), "fold 0"},
		{"AUC: one class", first(CrossValidatedAUC([][]bool{{true}}, [][]float64{{1}}, 0)), "1 positives among 1"},
		{"bootstrap: nil", first(Bootstrap(4, nil, BootstrapOptions{})), "nil"},
		{"bootstrap: rows", first(Bootstrap(1, average, BootstrapOptions{})), "have 1"},
		{"bootstrap: resamples", first(Bootstrap(4, average, BootstrapOptions{Resamples: -1})), "-1"},
		{"bootstrap: kind", first(Bootstrap(4, average, BootstrapOptions{Kind: 5})), "kind 5"},
		{"bootstrap: NaN", first(Bootstrap(4, func([]int) float64 { return nan }, BootstrapOptions{})), "NaN"},
		{"replicates: few", first(BootstrapReplicates(1, ok[:1], nil, BootstrapOptions{})), "1 of 1"},
		{"replicates: jackknife", first(BootstrapReplicates(2, ok, nil, BootstrapOptions{})), "jackknife"},
		{"replicates: one side", first(BootstrapReplicates(0, ok, ok, BootstrapOptions{})), "one side"},
		{"Bayes: region", first(BayesCorrelatedT(ok, 0.1, -1)), "region"},
		{"Bayes: folds", first(BayesCorrelatedT(ok[:1], 0.1, 0)), "2 folds"},
		{"signed rank: none", first(BayesSignedRank(nil, 0, SignedRankOptions{})), "have 0"},
		{"signed rank: strength", first(BayesSignedRank(ok, 0, SignedRankOptions{Strength: -1})), "strength"},
		{"signed rank: draws", first(BayesSignedRank(ok, 0, SignedRankOptions{Draws: 1 << 30})), "draws"},
		{"power: std", first(Power(0, 10, 0.1, 1, 0)), "standard deviation"},
		{"power: folds", first(Power(1, 1, 0.1, 1, 0)), "2 to 1e6 folds"},
		{"power: difference", first(Power(1, 10, 0.1, nan, 0)), "NaN"},
		{"difference: power", first(DetectableDifference(1, 10, 0.1, 0.01, 0)), "power between 0.05"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), "stats: ") || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, c.err, c.want)
		}
	}
}

// Without variance there is no test: P is 1 where nothing differs, and NaN where all differ alike.
func TestConstant(t *testing.T) {
	same := repeated(0.25, 6)
	zero := make([]float64, 6)
	halves := func(v float64) [][2]float64 { return [][2]float64{{v, v}, {v, v}, {v, v}, {v, v}, {v, v}} }
	for _, c := range []struct {
		name string
		test Test
		p    float64
	}{
		{"t", must(CorrectedTTest(same, 0.1, 0)), math.NaN()},
		{"t of 0", must(CorrectedTTest(zero, 0.1, 0)), 1},
		{"t of rounding errors", must(CorrectedTTest([]float64{0.1, 0.3 - 0.2, 0.1}, 0.1, 0)), math.NaN()},
		{"non-inferiority", must(NonInferiority(same, 0.1, 1, 0)), math.NaN()},
		{"equivalence of 0", must(Equivalence(zero, 0.1, 1, 0)), math.NaN()},
		{"5x2 t", must(CV5x2T(halves(0.5), 0)), math.NaN()},
		{"5x2 t of 0", must(CV5x2T(halves(0), 0)), 1},
		{"5x2 F", must(CV5x2F(halves(0.5), 0)), math.NaN()},
		{"5x2 F of 0", must(CV5x2F(halves(0), 0)), 1},
		{"Wilcoxon of 0", must(Wilcoxon(zero, WilcoxonOptions{})), 1},
		{"Wilcoxon of 0, Pratt", must(Wilcoxon(zero, WilcoxonOptions{Zeros: PrattZeros, Distribution: Normal})), 1},
		{"Friedman", must(Friedman([][]float64{{1, 1}, {2, 2}}, 0)), 1},
		{"Iman-Davenport", must(ImanDavenport([][]float64{{1, 1}, {2, 2}}, 0)), 1},
		{"Cochran", must(CochranQ([][]bool{{true, true}, {false, false}}, 0)), 1},
		{"AUC", must(CrossValidatedAUC([][]bool{{true, false}, {false, true}}, [][]float64{{2, 1}, {1, 2}}, 0)), math.NaN()},
		{"AUC of equal scores", must(CrossValidatedAUC([][]bool{{true, false}, {false, true}}, [][]float64{{1, 1}, {1, 1}}, 0)), 1},
	} {
		if !c.test.Constant || !(c.test.P == c.p || math.IsNaN(c.test.P) && math.IsNaN(c.p)) || len(c.test.Notes) == 0 {
			t.Errorf("%s: %+v, want p %v", c.name, c.test, c.p)
		}
		if !math.IsNaN(c.p) && c.test.Estimate != 0 && !strings.HasPrefix(c.name, "AUC") {
			t.Errorf("%s: estimate %v", c.name, c.test.Estimate)
		}
	}
}

func TestPerfectAgreement(t *testing.T) {
	// Four data sets that rank three models alike: (3!)^-3.
	test := must(ImanDavenport([][]float64{{1, 2, 3}, {4, 5, 6}, {1, 3, 4}, {0, 1, 5}}, 0))
	near(t, "p", test.P, 1./216, 1e-14)
	if !math.IsInf(test.Statistic, 1) || test.Size != 1 {
		t.Errorf("%+v", test)
	}
	// With a tie of two in each: 3!/2! orders.
	near(t, "p with ties", must(ImanDavenport([][]float64{{1, 1, 3}, {4, 4, 6}, {1, 1, 4}}, 0)).P, 1./9, 1e-14)
}

func TestString(t *testing.T) {
	x := []float64{0.02, 0.01, 0.03, 0, 0.02, -0.01, 0.02, 0.01, 0.03, 0.01}
	for _, c := range []struct{ have, want string }{
		{must(CorrectedTTest(x, 1./9, 0)).String(), "corrected resampled t-test: t(9) = 2.409, 10 folds, p = 0.039; mean difference 0.014, 95% CI 0.0008526 to 0.02715; Cohen's d (corrected) 0.762"},
		{must(CorrectedTTest([]float64{1, 1}, 0.1, 0.9)).String(), "corrected resampled t-test: 2 folds, no variance, so no test; mean difference 1, 90% CI 1 to 1"},
		{must(Wilcoxon([]float64{1.1, -.4, 2.3, .7, -1.5, 3.1, .2, 1.9, -.9, 2.6}, WilcoxonOptions{})).String(), "Wilcoxon signed rank test, exact: V = 43, 10 differences, p = 0.13; pseudomedian (Hodges-Lehmann) 0.9, 95% CI -0.35 to 2.1; rank-biserial correlation 0.564"},
		{must(McNemarCounts(0, 40, 1, 0, McNemarChi2, 0)).String(), "McNemar's test, chi-squared: chi2(1) = 37.1, 41 rows, p = 1.12e-09; difference of accuracy 0.9512, 95% CI 0.7481 to 0.9914; odds ratio of discordant pairs 40"},
		{Test{Method: "none", Statistic: math.NaN(), P: math.NaN(), Size: math.NaN(), Estimate: math.NaN()}.String(), "none"},
	} {
		if c.have != c.want {
			t.Errorf("%s\nwant %s", c.have, c.want)
		}
	}
}
