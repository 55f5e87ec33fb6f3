package crossval

import (
	"context"
	"errors"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// Estimator describes how a model is fitted. Its fields are the settings; it keeps no
// state of a fit. Fit trains on the rows of train and returns a predictor. All randomness
// comes from the seed. Fit may be called from several goroutines at once, must not modify
// the rows, and should return soon after ctx is done. An estimator that needs the rows in
// memory calls data.Collect.
//
// The [data.Predictor]'s Predict receives rows without targets.
//
// An estimator that is registered with package describe, along with its parts, can be
// written to JSON and recreated elsewhere.
type Estimator interface {
	Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error)
}

// EstimatorFunc adapts a function to [Estimator]. It cannot be written to JSON. The
// function receives its own copy of the rows, in memory.
type EstimatorFunc func(ctx context.Context, train *data.Set, seed uint64) (*data.Predictor, error)

// Fit calls f.
func (f EstimatorFunc) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	if f == nil {
		return nil, errors.New("crossval: the estimator's function is nil")
	}
	rows, err := data.Collect(train)
	if err != nil {
		return nil, err
	}
	return f(ctx, rows, seed)
}

// Candidate is a model to evaluate.
type Candidate struct {
	Name      string // not empty, and unique
	Estimator Estimator
	Baseline  bool // a baseline to beat; figures and tables may set it apart

	// Code identifies an Estimator that cannot be written to JSON, such as an
	// EstimatorFunc. With Options.Log, a logged fit is reused only if Code matches, so
	// change it when the code changes.
	Code string

	// FitLimit bounds the time of each fit with its predictions. A candidate one of whose fits
	// takes longer is left out of the result, with a note. 0: no limit.
	FitLimit time.Duration
}

var errNoPredictor = errors.New("the estimator returned no predictor")
