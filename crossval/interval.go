package crossval

import (
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/stat"
)

// Interval is the mean of some folds' values with a confidence interval.
type Interval struct {
	stats.Test      // Estimate is the mean over the folds
	Cut        bool // Low or High was clipped to the range that the score can have
}

// meanStd returns the mean and the standard deviation, with n-1 in its denominator, of
// scores of any size: they are scaled by a power of two, which is exact, before they are
// squared and summed.
func meanStd(x []float64) (mean, std float64) {
	scale := 0.0
	for _, v := range x {
		scale = max(scale, math.Abs(v))
	}
	if math.IsInf(scale, 0) {
		return stat.Mean(x, nil), math.NaN()
	}
	_, e := math.Frexp(scale)
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Ldexp(v, -e)
	}
	mean, std = stat.MeanStdDev(y, nil)
	return math.Ldexp(mean, e), math.Ldexp(std, e)
}

// Interval returns the mean of a candidate's scores with its corrected 95% interval, as in
// stats.CorrectedTTest; its statistic and P have little meaning. The ROC AUC of two classes over
// the folds of one repeat has that of stats.CrossValidatedAUC. Bounds beyond what the score can
// be, such as an accuracy above 1, are clipped to its range, and Cut is set. A metric of "" is
// the first. It is an error if the candidate has an undefined score or fewer than 2 runs; of one
// run there is the interval of its ROC AUC.
func (r *Result) Interval(candidate, metric string) (Interval, error) {
	scores := r.Scores(candidate, metric)
	if scores == nil {
		return Interval{}, fmt.Errorf("crossval: there are no scores %q of a candidate %q", metric, candidate)
	}
	m, _ := r.metric(metric)
	var in Interval
	var err error
	if positive, proba := r.ranks(candidate, m); positive != nil && !hasNaN(scores) {
		in.Test, err = stats.CrossValidatedAUC(positive, proba, 0)
	} else {
		in.Test, err = stats.CorrectedTTest(scores, r.testOverTrain(), 0)
	}
	if err != nil {
		return Interval{}, fmt.Errorf("%w (%s of %s)", err, metric, candidate)
	}
	if bounds := r.Metrics[m].Range; bounds[0] < bounds[1] && (in.Low < bounds[0] || in.High > bounds[1]) {
		in.Low, in.High, in.Cut = max(in.Low, bounds[0]), min(in.High, bounds[1]), true
	}
	return in, nil
}

// ranks returns, for the ROC AUC of two classes over the folds of one repeat, which rows of each
// fold are positive, and their probabilities; nil in all other cases.
func (r *Result) ranks(candidate string, metric int) (positive [][]bool, proba [][]float64) {
	if r.Metrics[metric].Name != data.ROCAUC.Name || len(r.Data.Classes) != 2 || r.Repeats() != 1 || r.check() != nil {
		return nil, nil
	}
	if rules, err := r.Data.Rules(); err != nil || !rules.Choice {
		return nil, nil
	}
	tested := make([]bool, r.Data.Rows)
	for _, run := range r.RunsOf(candidate) {
		rows := r.Splits[run.Split].Test
		if len(run.Prediction.Proba) != 2*len(rows) {
			return nil, nil
		}
		p, s := make([]bool, len(rows)), make([]float64, len(rows))
		for i, row := range rows {
			if tested[row] {
				return nil, nil
			}
			tested[row], p[i], s[i] = true, r.Data.Labels[row] == 1, run.Prediction.Proba[2*i+1]
		}
		positive, proba = append(positive, p), append(proba, s)
	}
	return positive, proba
}

var errNoOther = errors.New("crossval: there is no other candidate to compare with")
