package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/models"
)

// Estimator makes and fits a model on raw rows: preprocessing fitted on them,
// the model built for what they have become, then Fit. Its method Fit is that of
// crossval.Estimator. It holds nothing of a fit, and may serve several at once.
type Estimator struct {
	// Build makes the model for rows that have been preprocessed, such as
	// models.MLP's method Build does.
	Build func(rows *data.Set, seed uint64) (*models.Model, error)

	Preprocess  data.Transform // nil: none
	ScaleTarget bool           // of a regression: train on (y − mean)/std of the rows, predict in y's units
	Config      Config         // Config.Validation holds raw rows, too: they are preprocessed as the others
	Seed        uint64         // of the model and of the fit; Config.Seed is not used
}

// Train fits a model and returns it with its history. Its Info lets it predict
// from raw rows.
func (e Estimator) Train(ctx context.Context, rows *data.Set) (*models.Model, *History, error) {
	if e.Build == nil {
		return nil, nil, errors.New("train: the estimator has no Build")
	}
	if rows == nil || rows.Len() == 0 {
		return nil, nil, fmt.Errorf("train: %w", data.ErrEmpty)
	}
	if err := rows.Validate(); err != nil { // what preprocessing makes of an infinite value spoils the whole column
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	ready := rows
	var fitted data.Fitted
	if e.Preprocess != nil {
		var err error
		if fitted, err = e.Preprocess.Fit(rows); err != nil {
			return nil, nil, fmt.Errorf("train: preprocessing: %w", err)
		}
		if ready, err = fitted.Apply(rows); err != nil {
			return nil, nil, fmt.Errorf("train: preprocessing: %w", err)
		}
	}
	m, err := e.Build(ready, e.Seed)
	if err != nil {
		return nil, nil, err
	}
	m.Info.Task, m.Info.Classes = rows.Task(), rows.Classes
	m.Info.Features, m.Info.Target = rows.Features, rows.Target
	if e.ScaleTarget && rows.Task() == data.Regress {
		y, err := rows.Values()
		if err != nil {
			return nil, nil, err
		}
		m.Info.TargetMean, m.Info.TargetScale = targetScale(y)
	}
	c := e.Config
	c.Seed = e.Seed
	if fitted != nil && c.Validation != nil {
		var err error
		if c.Validation, err = fitted.Apply(c.Validation); err != nil {
			return nil, nil, fmt.Errorf("train: preprocessing of the validation rows: %w", err)
		}
	}
	h, err := Fit(ctx, m, ready, c)
	m.Info.Preprocess = fitted
	return m, h, err
}

// Fit fits a model as crossval sees it.
func (e Estimator) Fit(ctx context.Context, rows *data.Set) (*data.Predictor, error) {
	m, h, err := e.Train(ctx, rows)
	if err != nil {
		return nil, err
	}
	trained, _ := m.Params().Count()
	p := &data.Predictor{Predict: m.PredictRows, Curves: h.Curves, BestEpoch: h.BestEpoch, Parameters: trained}
	if h.Stopped != "" {
		p.Notes = append(p.Notes, h.Stopped)
	}
	return p, nil
}

// targetScale returns the mean and the standard deviation, 1 if that is 0.
func targetScale(y []float64) (mean, std float64) {
	if mean, std = moments.MeanStd(y); std == 0 {
		std = 1
	}
	return mean, std
}
