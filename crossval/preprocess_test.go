package crossval_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// fittedFunc makes a function a data.Fitted.
type fittedFunc func(s *data.Set) (*data.Set, error)

func (f fittedFunc) Apply(s *data.Set) (*data.Set, error) { return f(s) }

// The transform is fitted once a fold, on the fold's training rows and no other,
// and applied to them and to the test rows, of which it cannot see the targets.
func TestPreprocessedSeesTrainingRowsOnly(t *testing.T) {
	set := classSet(t, labelsOf(20, 2), "a", "b")
	var fits, trainRows, testRows atomic.Int32
	transform := data.TransformFunc(func(train *data.Set) (data.Fitted, error) {
		fits.Add(1)
		if train.Len() != 15 || len(train.Targets) != 1 {
			t.Errorf("fitted on %d rows with %d targets", train.Len(), len(train.Targets))
		}
		x, columns, err := train.Table()
		if err != nil {
			return nil, err
		}
		known := map[float64]bool{} // column 0 is the number of the row
		for i := range train.Len() {
			known[x[i*columns]] = true
		}
		return fittedFunc(func(s *data.Set) (*data.Set, error) {
			x, columns, err := s.Table()
			if err != nil {
				return nil, err
			}
			for i := range s.Len() {
				if known[x[i*columns]] {
					trainRows.Add(1)
				} else {
					testRows.Add(1)
					if s.Targets != nil {
						t.Error("the targets of the test rows can be seen")
					}
				}
			}
			return s, nil
		}), nil
	})
	candidates := []crossval.Candidate{{Name: "n", Estimator: crossval.Preprocessed{Transform: transform, Estimator: noisy}}}
	r, err := crossval.Validate(t.Context(), set, crossval.KFold{K: 4}, candidates, crossval.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if fits.Load() != 4 || trainRows.Load() != 4*15 || testRows.Load() != 20 {
		t.Errorf("%d fits, applied to %d training and %d test rows", fits.Load(), trainRows.Load(), testRows.Load())
	}
	if run := r.Runs[0]; len(run.Curves) != 1 || run.BestEpoch != 1 || run.Parameters != 1 || len(run.Notes) != 1 {
		t.Errorf("the predictor's words are lost: %+v", run)
	}
}

func TestPreprocessedErrors(t *testing.T) {
	cause := errors.New("the cause")
	apply := func(at int) data.Transform {
		return data.TransformFunc(func(*data.Set) (data.Fitted, error) {
			calls := 0
			return fittedFunc(func(s *data.Set) (*data.Set, error) {
				if calls++; calls == at {
					return nil, cause
				}
				return s, nil
			}), nil
		})
	}
	for _, c := range []struct {
		name      string
		transform data.Transform
		new       crossval.Estimator
		want      string
	}{
		{"fit", data.TransformFunc(func(*data.Set) (data.Fitted, error) { return nil, cause }), noisy, "fit: fit the preprocessing: the cause"},
		{"training rows", apply(1), noisy, "fit: preprocess the training rows: the cause"},
		{"rows to predict", apply(2), noisy, "predict: preprocess the rows to predict: the cause"},
		{"no estimator", apply(0), nil, "fit: crossval: preprocessed: the estimator is nil"},
		{"no fitted transform", data.TransformFunc(func(*data.Set) (data.Fitted, error) { return nil, nil }), noisy, "fit: fit the preprocessing: the transform fitted to nothing"},
		{"no predictor", apply(0), crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) { return nil, nil }), "fit: the estimator returned no predictor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			candidates := []crossval.Candidate{{Name: "n", Estimator: crossval.Preprocessed{Transform: c.transform, Estimator: c.new}}}
			_, err := crossval.Validate(t.Context(), classSet(t, labelsOf(20, 2), "a", "b"), crossval.KFold{K: 4}, candidates, crossval.Options{Workers: 1})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
}
