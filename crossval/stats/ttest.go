package stats

import (
	"fmt"
	"math"
)

// CorrectedTTest is the corrected resampled t-test of Nadeau & Bengio, "Inference for the
// Generalization Error" (Machine Learning 52, 2003), which Bouckaert & Frank (2004) apply to
// repeated k-fold cross-validation. x holds one number for each of J folds, usually the
// difference of two models' scores, and testOverTrain is the number of test rows of a fold
// divided by that of its training rows:
//
//	t = mean(x) / sqrt((1/J + testOverTrain) · var(x)),  J-1 degrees of freedom
//
// where var has J-1 in its denominator. The term testOverTrain corrects for the overlap of
// training sets, because of which folds are not independent and an ordinary t-test finds
// differences that do not exist. The effect size is Cohen's d with the corrected standard
// deviation, t/sqrt(J). Confidence of 0 is 0.95.
//
// If all x are equal, Constant is set and the interval has no width; P is 1 if all are 0 and
// NaN otherwise. It is an error if J is less than 2, if an x is not finite, if testOverTrain is
// negative, or if the confidence is not between 0 and 1.
func CorrectedTTest(x []float64, testOverTrain, confidence float64) (Test, error) {
	confidence, err := level(confidence)
	if err != nil {
		return Test{}, err
	}
	if err := folds(x, testOverTrain); err != nil {
		return Test{}, err
	}
	n := float64(len(x))
	t := blank("corrected resampled t-test", len(x), "folds")
	t.Symbol, t.DF, t.Confidence = "t", n-1, confidence
	t.Of, t.Effect = "mean difference", "Cohen's d (corrected)"
	mean, std := meanStd(x)
	t.Estimate = mean
	if std <= rounding*largest(x) {
		t.constant()
		return t, nil
	}
	t.StdErr = math.Sqrt(1/n+testOverTrain) * std
	t.Statistic = mean / t.StdErr
	t.Size = t.Statistic / math.Sqrt(n)
	d := StudentT{DF: t.DF}
	t.P = min(1, 2*d.CDF(-math.Abs(t.Statistic)))
	half := upperT((1-confidence)/2, t.DF) * t.StdErr
	t.Low, t.High = mean-half, mean+half
	return t, nil
}

// constant completes a test on values that are all equal to its estimate.
func (t *Test) constant() {
	t.Constant = true
	t.StdErr, t.Low, t.High = 0, t.Estimate, t.Estimate
	if t.Estimate == 0 {
		t.Statistic, t.P, t.Size = 0, 1, 0
		t.Notes = append(t.Notes, "All differences are 0.")
		return
	}
	t.Notes = append(t.Notes, "All differences are equal: without variance no test is possible.")
}

// folds returns an error for values of folds that cannot be tested.
func folds(x []float64, testOverTrain float64) error {
	if len(x) < 2 {
		return fmt.Errorf("stats: the test needs 2 folds or more, have %d", len(x))
	}
	if !(testOverTrain >= 0) || math.IsInf(testOverTrain, 0) {
		return fmt.Errorf("stats: want test rows over training rows, have %v", testOverTrain)
	}
	return finite("fold", x)
}

// NonInferiority tests by [CorrectedTTest] whether a model is worse than another by less than a
// margin. x holds the differences of scores, of which greater is better, fold by fold:
//
//	H0: mean <= -margin,  t = (mean(x) + margin) / se
//
// P is one-sided: a small P says that the model is not worse by margin or more. The interval
// has both sides and the confidence 2·confidence - 1, so that its lower bound is above -margin
// exactly where P < 1 - confidence. Confidence of 0 is 0.95, for an interval of 90%.
//
// The margin is positive and chosen before the data are seen. If all x are equal, P is NaN.
// Errors are those of [CorrectedTTest], and a margin that is not positive and finite or a
// confidence of 1/2 or less.
func NonInferiority(x []float64, testOverTrain, margin, confidence float64) (Test, error) {
	t, err := againstMargin(x, testOverTrain, margin, confidence)
	if err != nil {
		return Test{}, err
	}
	t.Method = fmt.Sprintf("non-inferiority by the corrected resampled t-test, one-sided, margin %.4g", margin)
	if t.Constant {
		return t, nil
	}
	t.Statistic = (t.Estimate + margin) / t.StdErr
	t.P = StudentT{DF: t.DF}.Survival(t.Statistic)
	return t, nil
}

// Equivalence tests by two one-sided tests (Schuirmann 1987) of the kind of [CorrectedTTest]
// whether two models differ by less than a margin:
//
//	H0: |mean| >= margin,  P = max(P(T > (mean + margin)/se), P(T < (mean - margin)/se))
//
// A small P says that the models are equivalent up to margin. The statistic is that of the
// larger P. The interval has the confidence 2·confidence - 1: it lies within ±margin exactly
// where P < 1 - confidence. Confidence of 0 is 0.95, for an interval of 90%.
//
// The margin is positive and chosen before the data are seen. If all x are equal, P is NaN.
// Errors are those of [NonInferiority].
func Equivalence(x []float64, testOverTrain, margin, confidence float64) (Test, error) {
	t, err := againstMargin(x, testOverTrain, margin, confidence)
	if err != nil {
		return Test{}, err
	}
	t.Method = fmt.Sprintf("equivalence by two one-sided corrected resampled t-tests, margin %.4g", margin)
	if t.Constant {
		return t, nil
	}
	d := StudentT{DF: t.DF}
	low, high := (t.Estimate+margin)/t.StdErr, (t.Estimate-margin)/t.StdErr
	t.Statistic, t.P = low, d.Survival(low)
	if p := d.CDF(high); p > t.P {
		t.Statistic, t.P = high, p
	}
	return t, nil
}

// againstMargin returns the corrected t-test with the interval of one-sided tests.
func againstMargin(x []float64, testOverTrain, margin, confidence float64) (Test, error) {
	confidence, err := level(confidence)
	if err != nil {
		return Test{}, err
	}
	if confidence <= 0.5 {
		return Test{}, fmt.Errorf("stats: want a confidence above 0.5, have %v", confidence)
	}
	if !(margin > 0) || math.IsInf(margin, 0) {
		return Test{}, fmt.Errorf("stats: want a margin above 0, have %v", margin)
	}
	t, err := CorrectedTTest(x, testOverTrain, 2*confidence-1)
	if err != nil {
		return Test{}, err
	}
	if t.Constant {
		t.Statistic, t.P = math.NaN(), math.NaN()
		t.Notes = []string{"All differences are equal: without variance no test is possible."}
	}
	return t, nil
}
