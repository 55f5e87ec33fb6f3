package crossval

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
)

// Preprocessed returns a factory whose estimators fit t on the training rows of
// their fold, fit the estimator of f on what t makes of those rows, and apply
// the same fitted t to the rows to predict. The rows to predict never take part
// in the fitting of t.
//
// Fit of t is called from several goroutines at a time. A t of nil returns f.
func Preprocessed(t data.Transform, f Factory) Factory {
	if t == nil {
		return f
	}
	return func(seed uint64) (Estimator, error) {
		if f == nil {
			return nil, errors.New("crossval: preprocessed: the factory is nil")
		}
		inner, err := f(seed)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			return nil, errors.New("crossval: preprocessed: the factory returned no estimator")
		}
		return EstimatorFunc(func(ctx context.Context, train *data.Set) (*data.Predictor, error) {
			return fitPreprocessed(ctx, t, inner, train)
		}), nil
	}
}

func fitPreprocessed(ctx context.Context, t data.Transform, inner Estimator, train *data.Set) (*data.Predictor, error) {
	fitted, err := t.Fit(train)
	if err != nil {
		return nil, fmt.Errorf("fit the preprocessing: %w", err)
	}
	ready, err := fitted.Apply(train)
	if err != nil {
		return nil, fmt.Errorf("preprocess the training rows: %w", err)
	}
	p, err := inner.Fit(ctx, ready)
	if err != nil {
		return nil, err
	}
	if p == nil || p.Predict == nil {
		return nil, errNoPredictor
	}
	out := *p
	out.Predict = func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
		ready, err := fitted.Apply(rows)
		if err != nil {
			return nil, fmt.Errorf("preprocess the rows to predict: %w", err)
		}
		return p.Predict(ctx, ready)
	}
	return &out, nil
}
