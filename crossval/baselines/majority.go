package baselines

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// Majority predicts the most frequent class of the training rows, with the class frequencies
// as probabilities; for a regression, their mean. It looks at no input. A model that does not beat
// it has learned nothing.
type Majority struct{}

// Fit implements crossval.Estimator; the seed is ignored.
func (Majority) Fit(_ context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	answers, err := data.Answers(train)
	if err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	y, err := targetsOf(answers)
	if err != nil {
		return nil, err
	}
	n := float64(answers.Len())
	share := make([]float64, y.classes)
	for _, c := range y.labels {
		share[c] += 1 / n
	}
	mean := 0.0
	for _, v := range y.values {
		mean += v / n
	}
	return &data.Predictor{Parameters: max(1, y.classes), Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		if rows.Len() == 0 {
			return nil, fmt.Errorf("baselines: %w", data.ErrEmpty)
		}
		if y.values != nil {
			return &data.Prediction{Values: slices.Repeat([]float64{mean}, rows.Len())}, nil
		}
		return withLabels(slices.Repeat(share, rows.Len()), y.classes), nil
	}}, nil
}
