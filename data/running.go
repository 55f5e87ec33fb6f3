package data

import (
	"errors"
	"math"

	"github.com/seed732fc211/aegis/metrics"
)

// Running scores rows that arrive in parts, without keeping them. Accuracies, F1 and MCC
// equal those of all rows exactly; log loss, Brier, RMSE, MAE and R2 up to rounding of
// sums.
type Running struct {
	metric Metric
	counts *metrics.Counts // counts of classes; nil: another kind of score
	root   bool            // the score is the square root of a mean

	rows, mean float64 // mean of the scores, or of their squares, over rows
	want       spread  // spread of the targets, for R2
}

// spread is the mean and Σ(x − mean)² of numbers that arrive in parts: Chan, Golub &
// LeVeque (1983), "Algorithms for computing the sample variance".
type spread struct{ n, mean, squares, low, high float64 }

func (s *spread) add(list []float64) {
	for _, x := range list {
		if s.n == 0 {
			s.low, s.high = x, x
		}
		s.n++
		d := x - s.mean
		s.mean += d / s.n
		s.squares += d * (x - s.mean)
		s.low, s.high = min(s.low, x), max(s.high, x)
	}
}

// Running returns a scorer for rows that arrive in parts, or nil if the metric needs all
// rows at once: ROCAUC and AveragePrecision rank rows, MedianAE sorts them, and nothing is
// known about your own metrics.
func (m Metric) Running() *Running {
	switch {
	case m.same(Accuracy), m.same(BalancedAccuracy), m.same(F1), m.same(MCC):
		return &Running{metric: m, counts: &metrics.Counts{}}
	case m.same(LogLoss), m.same(Brier), m.same(MAE):
		return &Running{metric: m}
	case m.same(RMSE), m.same(R2):
		return &Running{metric: m, root: true}
	}
	return nil
}

var errNoRunning = errors.New("data: a nil or zero Running: Metric.Running makes one")

// Add adds the prediction of more rows to the score.
func (r *Running) Add(rows *Set, p *Prediction) error {
	if r == nil || r.metric.Score == nil {
		return errNoRunning
	}
	if r.counts != nil {
		want, err := rows.Labels()
		if err != nil {
			return err
		}
		if p == nil {
			return errNoPrediction
		}
		return r.counts.Add(want, p.Labels)
	}
	score := r.metric
	if r.metric.Name == R2.Name {
		want, err := rows.Values()
		if err != nil {
			return err
		}
		r.want.add(want)
		score = RMSE
	}
	v, err := score.Score(rows, p)
	if err != nil {
		return err
	}
	if r.root {
		v *= v
	}
	n := float64(max(len(p.Labels), len(p.Values)))
	r.rows += n
	r.mean += (v - r.mean) * n / r.rows
	return nil
}

// Score returns the score of all rows added so far.
func (r *Running) Score() (float64, error) {
	switch {
	case r == nil || r.metric.Score == nil:
		return 0, errNoRunning
	case r.counts != nil && r.metric.Name == Accuracy.Name:
		return r.counts.Accuracy()
	case r.counts != nil && r.metric.Name == BalancedAccuracy.Name:
		return r.counts.BalancedAccuracy()
	case r.counts != nil && r.metric.Name == F1.Name:
		return r.counts.F1(metrics.Macro)
	case r.counts != nil:
		return r.counts.MCC()
	case r.rows == 0:
		return 0, metrics.ErrEmpty
	case r.metric.Name == R2.Name && r.want.low == r.want.high:
		return 0, ErrUndefined
	case r.metric.Name == R2.Name:
		return 1 - r.mean*r.want.n/r.want.squares, nil
	case r.root:
		return math.Sqrt(r.mean), nil
	}
	return r.mean, nil
}
