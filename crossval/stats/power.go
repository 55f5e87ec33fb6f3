package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Power returns the probability that [CorrectedTTest] finds a difference: that its two-sided P
// is below 1 - confidence, if the true mean difference is difference and the differences of
// folds have standard deviation std.
//
//	power = P(|T| > t),  T noncentral t with ncp = difference / (std·sqrt(1/folds + testOverTrain))
//
// with folds-1 degrees of freedom and t the quantile of the central distribution. The noncentral
// distribution is the normal one averaged over the distribution of the estimated standard
// deviation, a sum over equal steps. That is the power if the test's model of the correlation
// of folds is right; it is a plan, not a promise. Confidence of 0 is 0.95.
//
// It is an error if std is not positive and finite, if difference is not finite, and for folds,
// testOverTrain and confidence as in CorrectedTTest; above 1e6 folds, too.
func Power(std float64, folds int, testOverTrain, difference, confidence float64) (float64, error) {
	se, df, critical, err := plan(std, folds, testOverTrain, confidence)
	if err != nil {
		return 0, err
	}
	if math.IsNaN(difference) || math.IsInf(difference, 0) {
		return 0, fmt.Errorf("stats: power: the difference is %v", difference)
	}
	return beyond(critical, math.Abs(difference/se), df), nil
}

// DetectableDifference returns the smallest true mean difference that [CorrectedTTest] finds
// with the given power, 0 being 0.8: the inverse of [Power]. Errors are those of Power, and a
// power that is not above 1 - confidence and below 1.
func DetectableDifference(std float64, folds int, testOverTrain, power, confidence float64) (float64, error) {
	se, df, critical, err := plan(std, folds, testOverTrain, confidence)
	if err != nil {
		return 0, err
	}
	if power == 0 {
		power = 0.8
	}
	confidence, err = level(confidence)
	if err != nil {
		return 0, err
	}
	if !(power > 1-confidence && power < 1) {
		return 0, fmt.Errorf("stats: want a power between %.4g and 1, have %v", 1-confidence, power)
	}
	low, high := 0.0, 1.0
	for beyond(critical, high, df) < power {
		if low, high = high, 2*high; high > 1e15 {
			return 0, fmt.Errorf("stats: no difference is found with a power of %v", power)
		}
	}
	for range 200 {
		mid := low + (high-low)/2
		if mid == low || mid == high {
			break
		}
		if beyond(critical, mid, df) < power {
			low = mid
		} else {
			high = mid
		}
	}
	return high * se, nil
}

// plan returns the standard error of the mean, the degrees of freedom and the critical value.
func plan(std float64, folds int, testOverTrain, confidence float64) (se, df, critical float64, err error) {
	if confidence, err = level(confidence); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case !(std > 0) || math.IsInf(std, 0):
		return 0, 0, 0, fmt.Errorf("stats: power: want a standard deviation above 0, have %v", std)
	case folds < 2 || folds > 1e6:
		return 0, 0, 0, fmt.Errorf("stats: power: want 2 to 1e6 folds, have %d", folds)
	case !(testOverTrain >= 0) || math.IsInf(testOverTrain, 0):
		return 0, 0, 0, fmt.Errorf("stats: want test rows over training rows, have %v", testOverTrain)
	}
	df = float64(folds - 1)
	return std * math.Sqrt(1/float64(folds)+testOverTrain), df, upperT((1-confidence)/2, df), nil
}

// beyond returns P(|T| > t) for a noncentral t distribution.
func beyond(t, ncp, df float64) float64 {
	if math.IsInf(ncp, 1) {
		return 1
	}
	if ncp > 1e4 { // Z has no width beside it: P(t·s < ncp)
		return 1 - mathext.GammaIncRegComp(df/2, df/2*(ncp/t)*(ncp/t))
	}
	return overScale(df, 0, 0.25/max(2.5, ncp), func(s float64) float64 {
		return normalTail(t*s-ncp) + normalTail(t*s+ncp)
	})
}
