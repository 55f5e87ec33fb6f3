package crossval

import (
	"math"
	"time"
)

// Standing is the summary of a candidate that tables, pages and files show: the single
// source of its numbers and of their formatting.
type Standing struct {
	Candidate string
	Baseline  bool
	Folds, Of int       // number of folds with a run, and of all folds
	Means     []float64 // in the order of Result.Metrics; NaN: not defined
	Stds      []float64 // over the folds; NaN with fewer than two
	Low, High float64   // interval of the first metric's mean, see Result.Interval; NaN: none
	Cut       bool      // the interval was clipped to the range of the metric
	Fit       time.Duration
	Predict   time.Duration
	Reason    string // why folds are missing; "": none is
	Skipped   bool   // left out on purpose
}

// Standings returns the standing of every candidate, in the given order.
func (r *Result) Standings() []Standing {
	if r == nil {
		return nil
	}
	out := make([]Standing, len(r.Candidates))
	for i, c := range r.Candidates {
		s := Standing{
			Candidate: c.Name, Baseline: c.Baseline, Folds: len(r.RunsOf(c.Name)), Of: len(r.Splits),
			Low: math.NaN(), High: math.NaN(), Fit: r.FitTime(c.Name), Predict: r.PredictTime(c.Name),
		}
		for _, m := range r.Metrics {
			s.Means, s.Stds = append(s.Means, r.Mean(c.Name, m.Name)), append(s.Stds, r.Std(c.Name, m.Name))
		}
		if len(r.Metrics) > 0 {
			if in, err := r.Interval(c.Name, r.Metrics[0].Name); err == nil {
				s.Low, s.High, s.Cut = in.Low, in.High, in.Cut
			}
		}
		for _, f := range r.Failed {
			if f.Candidate == c.Name {
				s.Reason, s.Skipped = f.Message, f.Skipped
			}
		}
		out[i] = s
	}
	return out
}

// Score formats the mean and standard deviation of a metric, given by index, as in 0.9531 ±
// 0.0182; "-" if it is not defined.
func (s Standing) Score(metric int) string {
	if metric < 0 || metric >= len(s.Means) || metric >= len(s.Stds) {
		return "-"
	}
	return meanAndStd(s.Means[metric], s.Stds[metric])
}

// IntervalText formats the interval, as in 0.9408 to 0.9654; "-" if there is none. An
// asterisk marks an interval clipped to the range of the metric.
func (s Standing) IntervalText() string {
	if math.IsNaN(s.Low) || math.IsNaN(s.High) {
		return "-"
	}
	write := digitsOf(max(math.Abs(s.Low), math.Abs(s.High)))
	text := write(s.Low) + " to " + write(s.High)
	if s.Cut {
		text += "*"
	}
	return text
}

// FitText formats the mean time of a fit; "-" if there is none.
func (s Standing) FitText() string { return timeText(s.Folds, s.Fit) }

// PredictText formats the mean time to predict a fold's test rows; "-" if there is none.
func (s Standing) PredictText() string { return timeText(s.Folds, s.Predict) }

func timeText(folds int, d time.Duration) string {
	if folds == 0 {
		return "-"
	}
	return short(d)
}
