package crossval

import (
	"context"
	"errors"

	"github.com/seed732fc211/aegis/data"
)

// Estimator describes how a model is fitted: what it is fitted with is in its fields, and
// nothing of a fit is kept there. Fit fits a model to the rows of train and returns what
// predicts. All that is random in the model comes from the seed. Fit is called by several
// goroutines at a time; it leaves the rows as they are, and should return soon after ctx
// is done. Who wants the rows in memory takes them from data.Collect.
//
// Predict of the [data.Predictor] is given rows without targets.
//
// An estimator whose type, and whose parts, are registered with package describe can be
// written down, and made again elsewhere.
type Estimator interface {
	Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error)
}

// EstimatorFunc makes a function an [Estimator], one that cannot be written down. It is
// given rows in memory of its own.
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

// Candidate is a model to be judged.
type Candidate struct {
	Name      string // not empty, and unlike the names of the other candidates
	Estimator Estimator
	Baseline  bool // the candidate is there to be beaten: figures and tables may set it apart

	// Code names what an Estimator does that cannot be written down, such as an
	// EstimatorFunc: with Options.Log, a fit is taken from the log where Code is the same.
	// Give it another value when the code changes.
	Code string
}

var errNoPredictor = errors.New("the estimator returned no predictor")
