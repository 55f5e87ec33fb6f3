package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Friedman tests whether k models are equally good on n data sets (or folds, or subjects) by
// ranks: Friedman, "The use of ranks to avoid the assumption of normality" (Journal of the
// American Statistical Association 32, 1937), recommended for classifiers by Demsar (2006).
// scores[i][j] is the score of model j on data set i, of which greater is better; scores of
// which less is better are to be negated. Ties have mean ranks. With R_j the sum of ranks of
// model j and t the sizes of the groups of ties:
//
//	χ² = 12 Σ_j (R_j - n(k+1)/2)² / (n·k·(k+1) - Σ(t³-t)/(k-1)),  k-1 degrees of freedom
//
// The effect size is Kendall's W, χ²/(n(k-1)). The estimate is the largest difference of mean
// ranks; its interval is simultaneous for all pairs, from [Nemenyi]'s critical difference.
// Confidence of 0 is 0.95.
//
// If all models are equal on every data set, Constant is set and P is 1. It is an error if there
// are fewer than 2 data sets or 2 models, more than 1000 models, rows of unequal length, or a
// score that is not finite.
func Friedman(scores [][]float64, confidence float64) (Test, error) {
	r, err := rankRows(scores, confidence)
	if err != nil {
		return Test{}, err
	}
	t := r.test("Friedman test", confidence)
	t.Symbol, t.DF = "chi2", float64(r.k-1)
	if t.Constant {
		return t, nil
	}
	t.Statistic = r.chi2
	t.P = survivalChi2(t.Statistic, t.DF)
	t.Notes = append(t.Notes, "The chi-squared approximation is conservative with few data sets; Iman & Davenport's F is less so.")
	return t, nil
}

// ImanDavenport is the F-test on the ranks of [Friedman], which is less conservative: Iman &
// Davenport, "Approximations of the critical region of the Friedman statistic" (Communications
// in Statistics A 9, 1980).
//
//	F = (n-1)·χ² / (n(k-1) - χ²),  k-1 and (k-1)(n-1) degrees of freedom
//
// If all data sets rank the models alike, F is infinite, and P is the exact permutation
// probability of that, (1/k!)^(n-1) without ties. Effect size, interval and errors are as in
// Friedman.
func ImanDavenport(scores [][]float64, confidence float64) (Test, error) {
	r, err := rankRows(scores, confidence)
	if err != nil {
		return Test{}, err
	}
	t := r.test("Iman-Davenport test", confidence)
	t.Symbol, t.DF, t.DF2 = "F", float64(r.k-1), float64((r.k-1)*(r.n-1))
	if t.Constant {
		return t, nil
	}
	if most := float64(r.n * (r.k - 1)); r.alike {
		t.Statistic = math.Inf(1)
		t.P = math.Exp(-float64(r.n-1) * r.logOrders)
		t.Notes = append(t.Notes, "All data sets rank the models alike: P is the exact permutation probability.")
	} else {
		t.Statistic = float64(r.n-1) * r.chi2 / (most - r.chi2)
		t.P = survivalF(t.Statistic, t.DF, t.DF2)
	}
	return t, nil
}

// Ranking is the result of [Nemenyi]: what a critical-difference diagram draws.
type Ranking struct {
	Mean       []float64 // mean rank of every model; 1 is best
	Critical   float64   // mean ranks that differ by more are different at 1 - Confidence
	Confidence float64   // 0.95 for a level of 0.05
	Pairs      []Pair    // all pairs of models, in order
}

// Pair is the test of one pair of models among several.
type Pair struct {
	First, Second int // which models, from 0
	Test
}

// String returns the test on one line, after the numbers of the models:
//
//	1 and 2: Nemenyi test: q = 2.887, 6 data sets, p = 0.011; difference of mean ranks -1.667, ...
func (p Pair) String() string {
	return fmt.Sprintf("%d and %d: %s", p.First, p.Second, p.Test.String())
}

// Nemenyi compares all pairs of k models on n data sets by mean ranks, adjusted for all pairs:
// Nemenyi, "Distribution-free Multiple Comparisons" (1963), in the form of Demsar, "Statistical
// Comparisons of Classifiers over Multiple Data Sets" (Journal of Machine Learning Research 7,
// 2006):
//
//	q = |R_i - R_j| / sqrt(k(k+1)/(6n)),  P = P(Q > q·√2)
//
// where Q is a [StudentizedRange] of k groups with infinite degrees of freedom. Scores are as
// in [Friedman]. The estimate of a pair is the difference of mean ranks, first minus second,
// negative if the first is better; its interval adds ± the critical difference. The effect size
// is the share of data sets on which the first is better, with half of the ties.
//
// The p-values of pairs depend on which other models are compared (Benavoli, Corani & Mangili
// 2016): [Wilcoxon] with [Holm] does not have this defect. Constant is set for models that are
// equal on every data set. Errors are those of Friedman.
func Nemenyi(scores [][]float64, confidence float64) (Ranking, error) {
	r, err := rankRows(scores, confidence)
	if err != nil {
		return Ranking{}, err
	}
	confidence, err = level(confidence)
	if err != nil {
		return Ranking{}, err
	}
	out := Ranking{Mean: r.mean, Critical: r.critical, Confidence: confidence}
	dist := StudentizedRange{Groups: r.k, DF: math.Inf(1)}
	for i := range r.k {
		for j := i + 1; j < r.k; j++ {
			t := blank("Nemenyi test", r.n, "data sets")
			t.Symbol, t.Confidence, t.StdErr = "q", confidence, r.stdErr
			t.Of, t.Estimate = "difference of mean ranks", r.mean[i]-r.mean[j]
			t.Statistic = math.Abs(t.Estimate) / r.stdErr
			t.P = dist.Survival(t.Statistic * math.Sqrt2)
			t.Low, t.High = t.Estimate-r.critical, t.Estimate+r.critical
			wins, equal := 0.0, 0
			for _, row := range scores {
				switch {
				case row[i] > row[j]:
					wins++
				case row[i] == row[j]:
					wins += 0.5
					equal++
				}
			}
			t.Effect, t.Size = "probability of superiority", wins/float64(r.n)
			t.Constant = equal == r.n
			out.Pairs = append(out.Pairs, Pair{First: i, Second: j, Test: t})
		}
	}
	return out, nil
}

// ranked is what the tests on ranks have in common.
type ranked struct {
	n, k      int
	mean      []float64 // ranks
	chi2      float64   // 0 if constant
	constant  bool
	alike     bool    // all rows have the same ranks
	logOrders float64 // log of the number of orders of a row's ranks, if alike
	stdErr    float64 // of a difference of mean ranks
	critical  float64
}

func rankRows(scores [][]float64, confidence float64) (*ranked, error) {
	confidence, err := level(confidence)
	if err != nil {
		return nil, err
	}
	if len(scores) < 2 {
		return nil, fmt.Errorf("stats: a test on ranks needs 2 data sets or more, have %d", len(scores))
	}
	r := &ranked{n: len(scores), k: len(scores[0]), alike: true}
	if r.k < 2 || r.k > 1000 {
		return nil, fmt.Errorf("stats: a test on ranks compares 2 to 1000 models, have %d", r.k)
	}
	sums := make([]float64, r.k)
	ties := 0.0 // Σ(t³-t)
	var first []float64
	for i, row := range scores {
		if len(row) != r.k {
			return nil, fmt.Errorf("stats: data set %d has %d scores, data set 0 %d", i, len(row), r.k)
		}
		if err := finite(fmt.Sprintf("data set %d: score", i), row); err != nil {
			return nil, err
		}
		ranks, t, logTied := meanRanks(row)
		ties += t
		for j, v := range ranks {
			sums[j] += v
		}
		if i == 0 {
			first = ranks
			all, _ := math.Lgamma(float64(r.k + 1))
			r.logOrders = all - logTied
		} else if !slices.Equal(ranks, first) {
			r.alike = false
		}
	}
	n, k := float64(r.n), float64(r.k)
	spread := 0.0
	for _, v := range sums {
		r.mean = append(r.mean, v/n)
		spread += (v - n*(k+1)/2) * (v - n*(k+1)/2)
	}
	if all := n*k*(k+1) - ties/(k-1); all <= rounding*n*k*(k+1) {
		r.constant = true
	} else {
		r.chi2 = 12 * spread / all
	}
	r.stdErr = math.Sqrt(k * (k + 1) / (6 * n))
	r.critical = StudentizedRange{Groups: r.k, DF: math.Inf(1)}.Quantile(confidence) / math.Sqrt2 * r.stdErr
	return r, nil
}

// test returns the part of a test that Friedman's and Iman & Davenport's share.
func (r *ranked) test(method string, confidence float64) Test {
	t := blank(method, r.n, "data sets")
	t.Confidence, _ = level(confidence)
	t.Effect, t.Size = "Kendall's W", r.chi2/float64(r.n*(r.k-1))
	t.Of, t.Estimate = "largest difference of mean ranks", slices.Max(r.mean)-slices.Min(r.mean)
	t.StdErr, t.Low, t.High = r.stdErr, max(0, t.Estimate-r.critical), t.Estimate+r.critical
	if r.constant {
		t.Constant, t.Statistic, t.P = true, 0, 1
		t.Notes = append(t.Notes, "All models are equal on every data set.")
	}
	return t
}

// meanRanks returns the ranks of a row, of which the greatest has rank 1, with mean ranks for
// ties; Σ(t³-t) over the groups of ties; and log Π t!.
func meanRanks(x []float64) (ranks []float64, ties, logTied float64) {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	ranks = make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			ranks[k] = float64(i+j+1) / 2
		}
		t := float64(j - i)
		ties += t*t*t - t
		g, _ := math.Lgamma(t + 1)
		logTied += g
		i = j
	}
	return ranks, ties, logTied
}

// CochranQ tests whether k classifiers are right equally often on the same rows, as [McNemar]
// does for two: Cochran, "The comparison of percentages in matched samples" (Biometrika 37,
// 1950). right[i][j] says whether classifier j is right on row i. With G_j the number of rows on
// which classifier j is right and u_i the number of classifiers that are right on row i:
//
//	Q = (k-1)·(k·Σ G_j² - (Σ G_j)²) / (k·Σ u_i - Σ u_i²),  χ² with k-1 degrees of freedom
//
// The effect size is Q/(n(k-1)), the share of its largest value (Serlin, Carr & Marascuilo
// 1982). The estimate is the largest difference of accuracy; its interval is simultaneous for
// all pairs, by the studentized range with the variance under equal accuracy.
// Confidence of 0 is 0.95.
//
// If on every row all classifiers are right, or none is, Constant is set and P is 1. It is an
// error if there are no rows, fewer than 2 classifiers or more than 1000, or rows of unequal
// length.
func CochranQ(right [][]bool, confidence float64) (Test, error) {
	confidence, err := level(confidence)
	if err != nil {
		return Test{}, err
	}
	if len(right) == 0 {
		return Test{}, fmt.Errorf("stats: Cochran's Q needs rows, have none")
	}
	k := len(right[0])
	if k < 2 || k > 1000 {
		return Test{}, fmt.Errorf("stats: Cochran's Q compares 2 to 1000 classifiers, have %d", k)
	}
	columns := make([]float64, k)
	total, inner := 0.0, 0.0 // Σu, Σu(k-u)
	for i, row := range right {
		if len(row) != k {
			return Test{}, fmt.Errorf("stats: Cochran's Q: row %d has %d classifiers, row 0 %d", i, len(row), k)
		}
		u := 0.0
		for j, v := range row {
			if v {
				columns[j]++
				u++
			}
		}
		total += u
		inner += u * (float64(k) - u)
	}
	n, f := float64(len(right)), float64(k)
	spread := 0.0
	for _, g := range columns {
		spread += (g - total/f) * (g - total/f)
	}
	t := blank("Cochran's Q test", len(right), "rows")
	t.Symbol, t.DF, t.Confidence = "Q", f-1, confidence
	t.Effect, t.Of = "eta squared of Q", "largest difference of accuracy"
	t.Estimate = (slices.Max(columns) - slices.Min(columns)) / n
	if inner == 0 {
		t.Constant, t.Statistic, t.P, t.Size = true, 0, 1, 0
		t.StdErr, t.Low, t.High = 0, t.Estimate, t.Estimate
		t.Notes = append(t.Notes, "All classifiers are right on the same rows.")
		return t, nil
	}
	t.Statistic = f * (f - 1) * spread / inner
	t.P = survivalChi2(t.Statistic, t.DF)
	t.Size = t.Statistic / (n * (f - 1))
	t.StdErr = math.Sqrt(2*inner/(f*(f-1))) / n
	half := StudentizedRange{Groups: k, DF: math.Inf(1)}.Quantile(confidence) / math.Sqrt2 * t.StdErr
	t.Low, t.High = max(0, t.Estimate-half), min(1, t.Estimate+half)
	return t, nil
}
