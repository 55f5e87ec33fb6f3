package baselines

import (
	"context"

	"github.com/seed732fc211/aegis/data"
)

// Majority predicts the most frequent class of the training rows, with the class frequencies
// as probabilities; for a regression, their mean. A model that does not beat it has learned
// nothing.
type Majority struct{}

// Fit implements crossval.Estimator; the seed is ignored.
func (Majority) Fit(ctx context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	return fitMatrix(ctx, train, func(_ context.Context, x *matrix, y *targets) (*data.Predictor, error) {
		out := make([]float64, max(1, y.classes))
		for _, c := range y.labels {
			out[c] += 1 / float64(x.rows)
		}
		for _, v := range y.values {
			out[0] += v / float64(x.rows)
		}
		return predictor(x, y, len(out), func([]float64) ([]float64, error) { return out, nil }), nil
	})
}
