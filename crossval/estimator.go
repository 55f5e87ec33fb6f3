package crossval

import (
	"context"
	"errors"

	"github.com/seed732fc211/aegis/data"
)

// Estimator is a model that is not fitted yet. Fit fits it to the rows of train
// and returns what predicts. Fit is called once on an Estimator, and may keep or
// change train. It should return soon after ctx is done.
//
// Predict of the [data.Predictor] is given a set without targets.
type Estimator interface {
	Fit(ctx context.Context, train *data.Set) (*data.Predictor, error)
}

// EstimatorFunc makes a function an [Estimator].
type EstimatorFunc func(ctx context.Context, train *data.Set) (*data.Predictor, error)

// Fit calls f.
func (f EstimatorFunc) Fit(ctx context.Context, train *data.Set) (*data.Predictor, error) {
	if f == nil {
		return nil, errors.New("crossval: the estimator's function is nil")
	}
	return f(ctx, train)
}

// Factory makes an [Estimator] for one fold. All that is random in the model
// comes from the seed. A factory is called from several goroutines at a time.
type Factory func(seed uint64) (Estimator, error)

// Candidate is a model to be judged.
type Candidate struct {
	Name     string // not empty, and unlike the names of the other candidates
	New      Factory
	Baseline bool // the candidate is there to be beaten: figures and tables may set it apart
}

var errNoPredictor = errors.New("the estimator returned no predictor")
