package crossval

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
)

// Preprocessed is an estimator that takes transformed rows. The transform is fitted on the
// training rows of a fold and the estimator on their transformed rows; the rows to predict
// have no influence on the fitted transform, which is applied to them.
//
// Transform.Fit may be called from several goroutines at once.
type Preprocessed struct {
	Transform data.Transform // nil: the rows are not transformed
	Estimator Estimator
}

// Fit implements Estimator.
func (e Preprocessed) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	if e.Estimator == nil {
		return nil, errors.New("crossval: preprocessed: the estimator is nil")
	}
	if e.Transform == nil {
		return e.Estimator.Fit(ctx, train, seed)
	}
	fitted, err := e.Transform.Fit(train)
	if err == nil && fitted == nil {
		err = errors.New("the transform fitted to nothing")
	}
	if err != nil {
		return nil, fmt.Errorf("fit the preprocessing: %w", err)
	}
	ready, err := data.Applied(train, fitted)
	if err != nil {
		return nil, fmt.Errorf("preprocess the training rows: %w", err)
	}
	p, err := e.Estimator.Fit(ctx, ready, seed)
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
