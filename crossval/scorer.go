package crossval

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
)

// ErrUndefined is what a [Scorer] returns when its score has no value for this
// prediction: a log loss without probabilities, say. It is recorded as NaN.
var ErrUndefined = errors.New("crossval: the score is not defined here")

// Scorer turns a prediction of the rows of a set, targets included, into one
// number. Score is called from several goroutines at a time.
type Scorer struct {
	Name    string
	Greater bool // greater is better
	Score   func(set *data.Set, p *data.Prediction) (float64, error)
}

// DefaultScorers returns the scorers of a task, the most important first.
// Classification: accuracy, balanced accuracy, log loss, ROC AUC (for more than
// two classes the mean of one class against the rest over the classes); the
// last two are NaN where a model gives no probabilities or, ROC AUC, where the
// rows lack a class. Regression: RMSE, MAE, R².
func DefaultScorers(t data.Task) []Scorer {
	if t == data.Regress {
		return []Scorer{
			{Name: "RMSE", Score: ofValues(rmse)},
			{Name: "MAE", Score: ofValues(mae)},
			{Name: "R2", Greater: true, Score: ofValues(r2)},
		}
	}
	return []Scorer{
		{Name: "accuracy", Greater: true, Score: ofLabels(accuracy)},
		{Name: "balanced accuracy", Greater: true, Score: ofLabels(balancedAccuracy)},
		{Name: "log loss", Score: ofProba(logLoss)},
		{Name: "ROC AUC", Greater: true, Score: ofProba(rocAUC)},
	}
}

func ofLabels(f func(want, have []int, classes int) (float64, error)) func(*data.Set, *data.Prediction) (float64, error) {
	return func(s *data.Set, p *data.Prediction) (float64, error) {
		want, err := s.Labels()
		if err != nil {
			return 0, err
		}
		if len(p.Labels) != len(want) {
			return 0, fmt.Errorf("crossval: %d labels for %d rows", len(p.Labels), len(want))
		}
		return f(want, p.Labels, len(s.Classes))
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
		if len(p.Proba) != len(want)*len(s.Classes) {
			return 0, fmt.Errorf("crossval: %d probabilities for %d rows and %d classes", len(p.Proba), len(want), len(s.Classes))
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
		if len(p.Values) != len(want) {
			return 0, fmt.Errorf("crossval: %d values for %d rows", len(p.Values), len(want))
		}
		return f(want, p.Values)
	}
}
