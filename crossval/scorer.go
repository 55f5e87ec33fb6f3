package crossval

import (
	"errors"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
)

// ErrUndefined is what a [Scorer] returns when its score has no value for this
// prediction: a log loss without probabilities, say. It is recorded as NaN.
var ErrUndefined = errors.New("crossval: the score is not defined here")

// Scorer turns a prediction of the rows of a set, targets included, into one
// number. Score is called from several goroutines at a time.
type Scorer struct {
	Name    string
	Greater bool       // greater is better
	Range   [2]float64 // the least and the greatest value that the score can have; equal: not known
	Score   func(set *data.Set, p *data.Prediction) (float64, error)
}

// DefaultScorers returns the scorers of a task, the most important first, from
// package metrics. Classification: "accuracy", "balanced accuracy", "log loss",
// "ROC AUC" (for more than two classes the mean over the classes of one against
// the rest); the last two are NaN where a model gives no probabilities or, ROC
// AUC, where the rows lack a class. Regression: "RMSE", "MAE", "R2", the last NaN
// where all true values are equal.
func DefaultScorers(t data.Task) []Scorer {
	if t == data.Regress {
		return []Scorer{
			{Name: "RMSE", Range: positive, Score: ofValues(metrics.RMSE)},
			{Name: "MAE", Range: positive, Score: ofValues(metrics.MAE)},
			{Name: "R2", Greater: true, Range: [2]float64{math.Inf(-1), 1}, Score: ofValues(r2)},
		}
	}
	return []Scorer{
		{Name: "accuracy", Greater: true, Range: share, Score: ofLabels(metrics.Accuracy)},
		{Name: "balanced accuracy", Greater: true, Range: share, Score: ofLabels(metrics.BalancedAccuracy)},
		{Name: "log loss", Range: positive, Score: ofProba(metrics.LogLoss)},
		{Name: "ROC AUC", Greater: true, Range: share, Score: ofProba(rocAUC)},
	}
}

// Scorers returns all scorers of a task: those of [DefaultScorers], and for a
// classification "F1" (the mean over the classes), "MCC", Matthews' correlation
// coefficient, "Brier", the mean of Σ(p − y)² over the classes, and of two classes
// "average precision" of the second; for a regression "median absolute error".
func Scorers(t data.Task) []Scorer {
	if t == data.Regress {
		return append(DefaultScorers(t), Scorer{Name: "median absolute error", Range: positive, Score: ofValues(metrics.MedianAE)})
	}
	return append(DefaultScorers(t),
		Scorer{Name: "F1", Greater: true, Range: share, Score: ofLabels(func(want, have []int) (float64, error) { return metrics.F1(want, have, metrics.Macro) })},
		Scorer{Name: "MCC", Greater: true, Range: [2]float64{-1, 1}, Score: ofLabels(metrics.MCC)},
		Scorer{Name: "Brier", Range: [2]float64{0, 2}, Score: ofProba(metrics.Brier)},
		Scorer{Name: "average precision", Greater: true, Range: share, Score: ofProba(averagePrecision)},
	)
}

func averagePrecision(want []int, proba []float64, classes int) (float64, error) {
	if classes != 2 {
		return 0, ErrUndefined
	}
	score := make([]float64, len(want))
	for i := range score {
		score[i] = proba[2*i+1]
	}
	v, err := metrics.AveragePrecision(want, score)
	if errors.Is(err, metrics.ErrOneClass) {
		return 0, ErrUndefined
	}
	return v, err
}

// The ranges of scores.
var (
	share    = [2]float64{0, 1}
	positive = [2]float64{0, math.Inf(1)}
)

func ofLabels(f func(want, have []int) (float64, error)) func(*data.Set, *data.Prediction) (float64, error) {
	return func(s *data.Set, p *data.Prediction) (float64, error) {
		want, err := s.Labels()
		if err != nil {
			return 0, err
		}
		return f(want, p.Labels)
	}
}

func ofProba(f func(want []int, proba []float64, classes int) (float64, error)) func(*data.Set, *data.Prediction) (float64, error) {
	return func(s *data.Set, p *data.Prediction) (float64, error) {
		want, err := s.Labels()
		if err != nil {
			return 0, err
		}
		if p.Proba == nil {
			return 0, ErrUndefined
		}
		return f(want, p.Proba, len(s.Classes))
	}
}

func ofValues(f func(want, have []float64) (float64, error)) func(*data.Set, *data.Prediction) (float64, error) {
	return func(s *data.Set, p *data.Prediction) (float64, error) {
		want, err := s.Values()
		if err != nil {
			return 0, err
		}
		return f(want, p.Values)
	}
}

func rocAUC(want []int, proba []float64, classes int) (float64, error) {
	a, err := metrics.MacroAUC(want, proba, classes)
	if errors.Is(err, metrics.ErrOneClass) {
		return 0, ErrUndefined
	}
	return a, err
}

func r2(want, have []float64) (float64, error) {
	if len(want) > 0 && slices.Min(want) == slices.Max(want) {
		return 0, ErrUndefined
	}
	return metrics.R2(want, have)
}
