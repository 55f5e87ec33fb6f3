package stats_test

import (
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/metrics"
)

// differences of accuracy in 10 folds, each with a ninth of the rows it was trained on to test on.
var differences = []float64{0.02, 0.01, 0.03, 0, 0.02, -0.01, 0.02, 0.01, 0.03, 0.01}

func ExampleCorrectedTTest() {
	t, err := stats.CorrectedTTest(differences, 1.0/9, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f, 95%% CI %.3f to %.3f, p = %.3f\n", t.Estimate, t.Low, t.High, t.P)
	fmt.Println(t)
	// Output:
	// 0.014, 95% CI 0.001 to 0.027, p = 0.039
	// corrected resampled t-test: t(9) = 2.409, 10 folds, p = 0.039; mean difference 0.014, 95% CI 0.0008526 to 0.02715; Cohen's d (corrected) 0.762
}

func ExampleTest_String() {
	// Both models have the same lead in every fold.
	t, err := stats.CorrectedTTest([]float64{0.5, 0.5, 0.5}, 0.5, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t)
	// Output:
	// corrected resampled t-test: 3 folds, no variance, so no test; mean difference 0.5, 95% CI 0.5 to 0.5
}

func ExampleNonInferiority() {
	// The small model may lose one point of accuracy against the large one.
	t, err := stats.NonInferiority(differences, 1.0/9, 0.01, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("p = %.4f, lower bound %.3f above -0.01\n", t.P, t.Low)
	// Output:
	// p = 0.0013, lower bound 0.003 above -0.01
}

func ExampleEquivalence() {
	for _, margin := range []float64{0.01, 0.03} {
		t, err := stats.Equivalence(differences, 1.0/9, margin, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("within ±%.2f: p = %.3f, 90%% CI %.3f to %.3f\n", margin, t.P, t.Low, t.High)
	}
	// Output:
	// within ±0.01: p = 0.746, 90% CI 0.003 to 0.025
	// within ±0.03: p = 0.011, 90% CI 0.003 to 0.025
}

func ExampleCV5x2T() {
	d := [][2]float64{{0.02, 0.01}, {0.03, -0.01}, {0, 0.02}, {0.04, 0.01}, {0.01, 0.03}}
	t, err := stats.CV5x2T(d, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("t = %.3f, p = %.3f\n", t.Statistic, t.P)
	// Output:
	// t = 1.085, p = 0.328
}

func ExampleCV5x2F() {
	d := [][2]float64{{0.02, 0.01}, {0.03, -0.01}, {0, 0.02}, {0.04, 0.01}, {0.01, 0.03}}
	t, err := stats.CV5x2F(d, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("F(%v, %v) = %.3f, p = %.3f\n", t.DF, t.DF2, t.Statistic, t.P)
	// Output:
	// F(10, 5) = 1.353, p = 0.389
}

func ExampleMcNemarCounts() {
	// Of 52 rows, 12 are right by the first model alone and 5 by the second alone.
	for _, method := range []stats.McNemarMethod{stats.McNemarExact, stats.McNemarMidP, stats.McNemarChi2, stats.McNemarChi2Corrected} {
		t, err := stats.McNemarCounts(20, 12, 5, 15, method, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: p = %.3f\n", t.Method, t.P)
	}
	// Output:
	// McNemar's test, exact: p = 0.143
	// McNemar's test, mid-p: p = 0.096
	// McNemar's test, chi-squared: p = 0.090
	// McNemar's test, chi-squared with continuity correction: p = 0.146
}

func ExampleMcNemar() {
	first := []bool{true, true, true, true, true, true, false, false}
	second := []bool{true, false, false, false, false, false, false, false}
	t, err := stats.McNemar(first, second, stats.McNemarExact, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("difference of accuracy %.3f, 95%% CI %.2f to %.2f, p = %.4f\n", t.Estimate, t.Low, t.High, t.P)
	// Output:
	// difference of accuracy 0.625, 95% CI 0.14 to 0.83, p = 0.0625
}

func ExampleCochranQ() {
	right := [][]bool{{true, true, false}, {true, true, true}, {false, true, false}, {true, true, false}, {true, false, false}, {true, true, false}}
	t, err := stats.CochranQ(right, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Q(%v) = %.2f, p = %.3f\n", t.DF, t.Statistic, t.P)
	// Output:
	// Q(2) = 6.40, p = 0.041
}

func ExampleWilcoxon() {
	// With ties and a zero the p-value is exact all the same.
	d := []float64{1, -1, 2, 2, -3, 3, 1, 4, -2, 5, 0}
	for _, zeros := range []stats.Zeros{stats.DropZeros, stats.PrattZeros} {
		t, err := stats.Wilcoxon(d, stats.WilcoxonOptions{Zeros: zeros})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("V = %v, p = %.4f, pseudomedian %v\n", t.Statistic, t.P, t.Estimate)
	}
	// Output:
	// V = 40.5, p = 0.2148, pseudomedian 1
	// V = 47.5, p = 0.2051, pseudomedian 1
}

// accuracies of three models on six data sets.
var accuracies = [][]float64{{.80, .82, .79}, {.75, .78, .70}, {.90, .91, .89}, {.60, .66, .61}, {.71, .70, .69}, {.88, .90, .84}}

func ExampleFriedman() {
	t, err := stats.Friedman(accuracies, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("chi2(%v) = %.2f, p = %.4f, Kendall's W %.2f\n", t.DF, t.Statistic, t.P, t.Size)
	// Output:
	// chi2(2) = 8.33, p = 0.0155, Kendall's W 0.69
}

func ExampleImanDavenport() {
	t, err := stats.ImanDavenport(accuracies, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("F(%v, %v) = %.2f, p = %.4f\n", t.DF, t.DF2, t.Statistic, t.P)
	// Output:
	// F(2, 10) = 11.36, p = 0.0027
}

func ExampleNemenyi() {
	r, err := stats.Nemenyi(accuracies, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("mean ranks %.2f, critical difference %.2f\n", r.Mean, r.Critical)
	for _, p := range r.Pairs {
		fmt.Printf("%d and %d: p = %.3f\n", p.First, p.Second, p.P)
	}
	// Output:
	// mean ranks [2.00 1.17 2.83], critical difference 1.35
	// 0 and 1: p = 0.319
	// 0 and 2: p = 0.319
	// 1 and 2: p = 0.011
}

func ExamplePair_String() {
	r, err := stats.Nemenyi(accuracies, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Pairs[2])
	// Output:
	// 1 and 2: Nemenyi test: q = 2.887, 6 data sets, p = 0.011; difference of mean ranks -1.667, 95% CI -3.02 to -0.3135; probability of superiority 1
}

func ExampleHolm() {
	p := []float64{0.01, 0.04, math.NaN(), 0.03, 0.005}
	holm, err := stats.Holm(p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", holm) // the NaN does not count: four tests
	// Output:
	// [0.03 0.06 NaN 0.06 0.02]
}

func ExampleHochberg() {
	p, err := stats.Hochberg([]float64{0.01, 0.04, 0.03, 0.005})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", p)
	// Output:
	// [0.03 0.04 0.04 0.02]
}

func ExampleBenjaminiHochberg() {
	p := []float64{0.01, 0.04, 0.03, 0.005, 0.5, 0.03}
	dependent, err := stats.BenjaminiYekutieli(p) // of tests with any dependence
	if err != nil {
		log.Fatal(err)
	}
	independent, err := stats.BenjaminiHochberg(p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n%.3f\n", independent, dependent)
	// Output:
	// [0.030 0.048 0.045 0.030 0.500 0.045]
	// [0.074 0.118 0.110 0.074 1.000 0.110]
}

func ExampleDeLong() {
	positive := []bool{false, false, false, false, false, false, true, true, true, true, true, true, true, false, true, false}
	first := []float64{.1, .2, .35, .3, .6, .5, .55, .7, .8, .9, .65, .4, .75, .45, .95, .15}
	second := []float64{.3, .1, .5, .4, .7, .2, .6, .5, .6, .9, .5, .3, .8, .5, .7, .4}
	a, err := stats.DeLong(positive, first, second, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Difference)
	fmt.Printf("%.4f (%.2f to %.2f), covariance %.4f\n", a.First.Estimate, a.First.Low, a.First.High, a.Covariance)
	// Output:
	// DeLong's test of two areas under ROC curves, paired: z = 1.673, 16 rows, p = 0.094; difference of AUC 0.125, 95% CI -0.02141 to 0.2714; difference of Somers' D 0.25
	// 0.9375 (0.82 to 1.00), covariance 0.0052
}

func ExampleDeLongUnpaired() {
	a, err := stats.DeLongUnpaired(
		[]bool{false, false, true, false, true, true}, []float64{1, 2, 3, 4, 5, 6},
		[]bool{true, false, true, false, false, true}, []float64{1, 2, 3, 4, 5, 6}, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f and %.2f, p = %.2f\n", a.First.Estimate, a.Second.Estimate, a.Difference.P)
	// Output:
	// 0.89 and 0.44, p = 0.24
}

func ExampleCrossValidatedAUC() {
	positive := [][]bool{{true, false, true, false, false}, {false, true, true, false, true}}
	scores := [][]float64{{0.9, 0.4, 0.6, 0.7, 0.1}, {1.2, 3.4, 0.8, 0.5, 2.2}}
	t, err := stats.CrossValidatedAUC(positive, scores, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f, standard error %.3f, 95%% CI %.2f to %.2f\n", t.Estimate, t.StdErr, t.Low, t.High)
	// Output:
	// 0.833, standard error 0.133, 95% CI 0.57 to 1.00
}

func ExampleBootstrap() {
	errors := []float64{2.1, 3.4, 1.9, 5.6, 4.4, 8.1, 2.2, 3.9, 10.4, 2.8}
	t, err := stats.Bootstrap(len(errors), func(rows []int) float64 {
		sum := 0.0
		for _, i := range rows {
			sum += errors[i]
		}
		return sum / float64(len(rows))
	}, stats.BootstrapOptions{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("mean error %.2f, 95%% CI %.1f to %.1f\n", t.Estimate, t.Low, t.High)
	// Output:
	// mean error 4.48, 95% CI 3.1 to 6.6
}

// Translations of two systems, and what they should be.
var (
	wanted = [][]string{
		{"the light of the sun is white"}, {"each ray is bent by the glass"}, {"a prism shows all the colours"}, {"the rays of red are bent least"},
		{"the colours of a prism are simple"}, {"no glass can change them again"}, {"the eye sees the light of all"}, {"white is the sum of the colours"},
	}
	one = []string{
		"the light of the sun is white", "each ray is bent by the glass", "a prism shows the colours", "the rays of red are bent least",
		"the colours of the prism are simple", "no glass can change them", "the eye sees the light of all", "white is the sum of colours",
	}
	other = []string{
		"the light of sun is white", "each ray is bent by a glass", "a prism shows the colours", "the rays of red are bent less",
		"the colours of the prism are simple", "no glass can change that", "the eye sees light of all", "white is sum of the colours",
	}
)

func ExampleBootstrapSums() {
	s, err := metrics.BLEUSums(one, wanted)
	if err != nil {
		log.Fatal(err)
	}
	t, err := stats.BootstrapSums(s.Rows, s.Score, stats.SumsOptions{Seed: 1, Clusters: []int{0, 0, 1, 1, 2, 2, 3, 3}}) // paragraphs
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("BLEU %.1f, %d %s, 95%% CI %.0f to %.0f\n", t.Estimate, t.N, t.Counted, t.Low, t.High)
	// Output:
	// BLEU 81.0, 4 clusters, 95% CI 66 to 96
}

func ExamplePairedBootstrap() {
	a, err := metrics.BLEUSums(one, wanted)
	if err != nil {
		log.Fatal(err)
	}
	b, err := metrics.BLEUSums(other, wanted)
	if err != nil {
		log.Fatal(err)
	}
	t, err := stats.PairedBootstrap(a.Rows, b.Rows, a.Score, stats.SumsOptions{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t)
	// Output:
	// paired bootstrap, BCa: 8 rows, p = 0.0015; difference of scores 29.51, 95% CI 14.73 to 47.54; share of resamples won 1
}

func ExampleApproximateRandomization() {
	a, err := metrics.BLEUSums(one, wanted)
	if err != nil {
		log.Fatal(err)
	}
	b, err := metrics.BLEUSums(other, wanted)
	if err != nil {
		log.Fatal(err)
	}
	t, err := stats.ApproximateRandomization(a.Rows, b.Rows, a.Score, stats.SumsOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t) // 2^8 exchanges: each is taken
	// Output:
	// approximate randomization, exact: 8 rows, p = 0.031; difference of scores 29.51
}

func ExampleBootstrapReplicates() {
	replicates := make([]float64, 999) // of a statistic that is 500 on all rows
	for i := range replicates {
		replicates[i] = float64(i + 1)
	}
	t, err := stats.BootstrapReplicates(500, replicates, nil, stats.BootstrapOptions{Kind: stats.Percentile})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.Low, t.High)
	// Output:
	// 25 975
}

func ExampleBayesCorrelatedT() {
	b, err := stats.BayesCorrelatedT(differences, 1.0/9, 0.01)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(b)
	fmt.Printf("posterior: location %.3f, scale %.4f, %v degrees of freedom\n", b.Mean.Location, b.Mean.Scale, b.Mean.DF)
	// Output:
	// Bayesian correlated t-test: P(less) = 0.001, P(within ±0.01) = 0.253, P(greater) = 0.746
	// posterior: location 0.014, scale 0.0058, 9 degrees of freedom
}

func ExampleBayesSignedRank() {
	b, err := stats.BayesSignedRank([]float64{0.02, 0.03, -0.01, 0.05, 0.04, 0.02}, 0.01, stats.SignedRankOptions{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("greater %.1f, of %d draws\n", b.Greater, len(b.Samples))
	// Output:
	// greater 0.9, of 50000 draws
}

func ExamplePower() {
	// Folds whose differences have a standard deviation of 0.02, and a true difference of 0.02.
	for _, folds := range []int{10, 100} {
		p, err := stats.Power(0.02, folds, 1.0/9, 0.02, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d folds: %.2f\n", folds, p)
	}
	// Output:
	// 10 folds: 0.49
	// 100 folds: 0.81
}

func ExampleDetectableDifference() {
	d, err := stats.DetectableDifference(0.02, 10, 1.0/9, 0.8, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", d)
	// Output:
	// 0.0289
}

func ExampleStudentT() {
	t := stats.StudentT{DF: 9, Location: 0.014, Scale: 0.0058}
	fmt.Printf("P(X <= 0) = %.3f, 97.5%% quantile %.4f\n", t.CDF(0), t.Quantile(0.975))
	// Output:
	// P(X <= 0) = 0.020, 97.5% quantile 0.0271
}

func ExampleStudentizedRange() {
	q := stats.StudentizedRange{Groups: 3, DF: math.Inf(1)}
	fmt.Printf("%.3f\n", q.Quantile(0.95)/math.Sqrt2) // Demsar (2006), table 5a: 2.343
	// Output:
	// 2.344
}
