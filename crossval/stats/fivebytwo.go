package stats

import (
	"fmt"
	"math"
)

// CV5x2T is the 5x2cv paired t-test of Dietterich, "Approximate Statistical Tests for Comparing
// Supervised Classification Learning Algorithms" (Neural Computation 10, 1998). d[i] holds the
// differences of scores in the two halves of replication i of five:
//
//	t = d[0][0] / sqrt(mean of s_i²),  s_i² = (d[i][0] - d[i][1])² / 2,  5 degrees of freedom
//
// The numerator is the first of ten differences alone, so that the order of replications
// matters; [CV5x2F] does without. The interval is for that first difference, d[0][0] ±
// quantile · sqrt(mean of s_i²). The effect size is the mean of all ten differences divided by
// sqrt(mean of s_i²). Confidence of 0 is 0.95.
//
// If the halves agree in every replication, Constant is set; P is 1 if all differences are 0
// and NaN otherwise. It is an error if there are not five replications, or if a difference is
// not finite.
func CV5x2T(d [][2]float64, confidence float64) (Test, error) {
	t, all, s, err := fiveByTwo(d, confidence)
	if err != nil {
		return Test{}, err
	}
	t.Method, t.Symbol, t.DF = "5x2cv paired t-test", "t", 5
	t.Of, t.Estimate = "difference in the first fold", d[0][0]
	if t.Constant {
		t.constantHalves(all)
		return t, nil
	}
	t.StdErr = s
	t.Statistic = d[0][0] / s
	t.P = min(1, 2*StudentT{DF: 5}.CDF(-math.Abs(t.Statistic)))
	half := upperT((1-t.Confidence)/2, 5) * s
	t.Low, t.High = t.Estimate-half, t.Estimate+half
	return t, nil
}

// CV5x2F is the combined 5x2cv F-test of Alpaydin, "Combined 5x2cv F Test for Comparing
// Supervised Classification Learning Algorithms" (Neural Computation 11, 1999). d[i] holds the
// differences of scores in the two halves of replication i of five:
//
//	F = Σ_i Σ_j d[i][j]² / (2 Σ_i s_i²),  s_i² = (d[i][0] - d[i][1])² / 2,  10 and 5 degrees of freedom
//
// F says nothing of a mean. The interval beside it is that of [CorrectedTTest] on the ten
// differences with as many test rows as training rows. The effect size is the mean of the ten
// differences divided by sqrt(mean of s_i²). Confidence of 0 is 0.95. Constant differences and
// errors are as in [CV5x2T].
func CV5x2F(d [][2]float64, confidence float64) (Test, error) {
	t, all, s, err := fiveByTwo(d, confidence)
	if err != nil {
		return Test{}, err
	}
	t.Method, t.Symbol, t.DF, t.DF2 = "combined 5x2cv F-test", "F", 10, 5
	t.Of = "mean difference"
	t.Estimate, _ = meanStd(all)
	if t.Constant {
		t.constantHalves(all)
		return t, nil
	}
	sum := 0.0
	for _, v := range all {
		sum += v / s * (v / s)
	}
	t.Statistic = sum / 10
	t.P = survivalF(t.Statistic, 10, 5)
	interval, err := CorrectedTTest(all, 1, t.Confidence)
	if err != nil {
		return Test{}, err
	}
	t.StdErr, t.Low, t.High = interval.StdErr, interval.Low, interval.High
	t.Notes = append(t.Notes, "The interval is that of the corrected resampled t-test: F has none for a mean.")
	return t, nil
}

// fiveByTwo checks the differences and returns what both tests have in common: all ten
// differences, and the root of the mean variance within replications.
func fiveByTwo(d [][2]float64, confidence float64) (t Test, all []float64, s float64, err error) {
	if confidence, err = level(confidence); err != nil {
		return Test{}, nil, 0, err
	}
	if len(d) != 5 {
		return Test{}, nil, 0, fmt.Errorf("stats: a 5x2cv test needs 5 replications of 2 folds, have %d", len(d))
	}
	var within []float64
	for _, pair := range d {
		all = append(all, pair[0], pair[1])
		within = append(within, pair[0]/2-pair[1]/2)
	}
	if err := finite("fold", all); err != nil {
		return Test{}, nil, 0, err
	}
	t = blank("", len(all), "folds")
	t.Confidence, t.Effect = confidence, "mean difference in standard deviations of a fold"
	scale := largest(all)
	if largest(within) <= rounding*scale {
		t.Constant = true
		return t, all, 0, nil
	}
	sum := 0.0
	for _, v := range within {
		sum += v / scale * (v / scale)
	}
	s = scale * math.Sqrt(2*sum/5)
	mean, _ := meanStd(all)
	t.Size = mean / s
	return t, all, s, nil
}

// constantHalves completes a test without variance within replications.
func (t *Test) constantHalves(all []float64) {
	t.StdErr, t.Low, t.High = 0, t.Estimate, t.Estimate
	if largest(all) == 0 {
		t.Statistic, t.P, t.Size = 0, 1, 0
		t.Notes = append(t.Notes, "All differences are 0.")
		return
	}
	t.Notes = append(t.Notes, "Both halves of every replication agree: without variance no test is possible.")
}
