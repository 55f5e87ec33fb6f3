package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

	// Preprocess is fitted on the rows that are trained on, which those set aside
	// by Config.ValidationFraction are not. nil: none.
	Preprocess  data.Transform
	ScaleTarget bool   // of a regression: train on (y − mean)/std of the rows, predict in y's units
	BoundTarget bool   // of a regression: hold predictions to the range of the rows' targets
	Config      Config // Config.Validation holds raw rows, too: they are preprocessed as the others

	// Balanced gives every row a weight, besides its own, so that all classes weigh
	// the same: rows/(classes·rows of the class).
	Balanced bool
	// Calibrate fits the probabilities to the validation rows after the fit; it
	// wants Config.Validation or ValidationFraction. "": not.
	Calibrate Calibration
	// Costs is what it costs to take class i for class j; see models.Info.Costs.
	Costs [][]float64
	// Decide chooses the threshold of the second of two classes on the validation
	// rows so that this metric is greatest there; the zero value leaves it at 0.5.
	Decide Decision

	Seed uint64 // of the model and of the fit; Config.Seed is not used
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
	c := e.Config
	c.Seed = e.Seed
	rest, err := c.setAside(rows)
	if err != nil {
		return nil, nil, err
	}
	ready, fitted, err := e.prepare(rest.rows, &c)
	if err != nil {
		return nil, nil, rest.trace(err)
	}
	m, err := e.Build(ready, e.Seed)
	if err != nil {
		return nil, nil, err
	}
	if m == nil {
		return nil, nil, errors.New("train: the estimator's Build returned no model")
	}
	m.Info.Task, m.Info.Classes = rows.Task(), rows.Classes
	m.Info.Features, m.Info.Target = rows.Features, rows.Target
	if rows.Task() == data.Regress {
		if err := e.readTarget(&m.Info, rest.rows); err != nil {
			return nil, nil, err
		}
	}
	if e.Balanced {
		if ready, err = balanced(ready); err == nil && c.Validation != nil {
			c.Validation, err = balanced(c.Validation)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("train: %w", err)
		}
	}
	h, err := Fit(ctx, m, ready, c)
	if err == nil {
		err = e.decide(ctx, m, c.Validation)
	}
	if h != nil {
		for _, note := range data.Notes(fitted) {
			h.note("%s", note)
		}
	}
	m.Info.Preprocess = fitted
	return m, h, rest.trace(err)
}

// readTarget sets the scale and the bounds of a real target.
func (e Estimator) readTarget(info *models.Info, rows *data.Set) error {
	if !e.ScaleTarget && !e.BoundTarget {
		return nil
	}
	y, err := rows.Values()
	if err != nil {
		return err
	}
	if e.ScaleTarget {
		info.TargetMean, info.TargetScale = targetScale(y)
	}
	if e.BoundTarget {
		info.TargetRange = [2]float64{slices.Min(y), slices.Max(y)}
	}
	return nil
}

// share is a part of the rows that an Estimator was given.
type share struct {
	rows *data.Set
	of   []int // their numbers among those given; nil: all
}

// trace returns an error about a row of the part as one about the row given.
func (s share) trace(err error) error {
	var row *data.RowError
	if s.of == nil || !errors.As(err, &row) || row.Row < 0 || row.Row >= len(s.of) {
		return err
	}
	given := s.of[row.Row]
	return &data.RowError{Row: given, Err: fmt.Errorf("%w (row %d of those given)", err, given)}
}

// setAside moves the share of the rows that is for validation to Validation.
func (c *Config) setAside(rows *data.Set) (share, error) {
	if c.Validation != nil || c.ValidationFraction == 0 {
		return share{rows: rows}, nil
	}
	a, b, err := rows.SplitRows(c.ValidationFraction, c.Seed)
	if err != nil {
		return share{}, fmt.Errorf("train: validation rows: %w", err)
	}
	rest, err := rows.Rows(a)
	if err != nil {
		return share{}, fmt.Errorf("train: %w", err)
	}
	if c.Validation, err = rows.Rows(b); err != nil {
		return share{}, fmt.Errorf("train: %w", err)
	}
	c.ValidationFraction = 0
	return share{rest, a}, nil
}

// prepare fits the preprocessing on rows and applies it to them and to the
// validation rows.
func (e Estimator) prepare(rows *data.Set, c *Config) (*data.Set, data.Fitted, error) {
	if e.Preprocess == nil {
		return rows, nil, nil
	}
	fitted, err := e.Preprocess.Fit(rows)
	if err == nil && fitted == nil {
		err = errors.New("the transform fitted to nothing")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("train: preprocessing: %w", err)
	}
	ready, err := fitted.Apply(rows)
	if err != nil {
		return nil, nil, fmt.Errorf("train: preprocessing: %w", err)
	}
	if c.Validation != nil {
		if c.Validation, err = fitted.Apply(c.Validation); err != nil {
			return nil, nil, fmt.Errorf("train: preprocessing of the validation rows: %w", err)
		}
	}
	return ready, fitted, nil
}

// Fit fits a model as crossval sees it.
func (e Estimator) Fit(ctx context.Context, rows *data.Set) (*data.Predictor, error) {
	m, h, err := e.Train(ctx, rows)
	if err != nil {
		return nil, err
	}
	return Predictor(m, h), nil
}

// Predictor is a fitted model with its history as crossval sees it.
func Predictor(m *models.Model, h *History) *data.Predictor {
	if m == nil {
		return nil
	}
	if h == nil {
		h = &History{}
	}
	trained, _ := m.Params().Count()
	p := &data.Predictor{Predict: m.PredictRows, Curves: h.Curves, BestEpoch: h.BestEpoch, Parameters: trained}
	if h.Stopped != "" {
		p.Notes = append(p.Notes, h.Stopped)
	}
	p.Notes = append(p.Notes, h.Notes...)
	return p
}

// targetScale returns the mean and the standard deviation, 1 if that is 0.
func targetScale(y []float64) (mean, std float64) {
	if mean, std = moments.MeanStd(y); std == 0 {
		std = 1
	}
	return mean, std
}
