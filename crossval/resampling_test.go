package crossval_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// TestBootstrap632Panics: a candidate that panics on all rows alone is an error.
func TestBootstrap632Panics(t *testing.T) {
	fickle := crossval.EstimatorFunc(func(ctx context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
		x, width, err := train.Table()
		if err != nil {
			return nil, err
		}
		seen := map[float64]bool{}
		for i := 0; i < len(x); i += width {
			seen[x[i]] = true
		}
		if len(seen) == train.Len() { // no row is repeated
			panic("all rows")
		}
		return written{}.Fit(ctx, train, seed)
	})
	set := classSet(t, labelsOf(40, 2), "x", "y")
	_, err := crossval.Bootstrap632(t.Context(), set, crossval.Bootstrap{Repeats: 3}, crossval.Candidate{Name: "fickle", Estimator: fickle}, crossval.Options{})
	if err == nil || !strings.Contains(err.Error(), "fickle on all rows: panic: all rows") {
		t.Errorf("error %v", err)
	}
}

// TestPermutationsNeedScores: a score that is not defined proves nothing, and so is an error, of
// the rows as they are and of permuted ones.
func TestPermutationsNeedScores(t *testing.T) {
	set := classSet(t, labelsOf(30, 2), "x", "y")
	for _, first := range []int{0, 5} { // scores that are defined before the first that is not
		calls := 0
		m := data.Metric{Name: "odd", Greater: true, Score: func(*data.Set, *data.Prediction) (float64, error) {
			if calls++; calls > first {
				return 0, data.ErrUndefined
			}
			return 1, nil
		}}
		p, err := crossval.PermutationTest(t.Context(), set, crossval.KFold{K: 3}, writtenPair[0], 5, crossval.Options{Workers: 1, Metrics: []data.Metric{m}})
		if err == nil || !strings.Contains(err.Error(), "odd of a is not defined") {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

// TestLearningCurvesErrors: what stops a validation is an error; that the context ends after
// all is done is none.
func TestLearningCurvesErrors(t *testing.T) {
	set := classSet(t, labelsOf(60, 2), "x", "y")
	ctx, cancel := context.WithCancel(t.Context())
	o := crossval.Options{Workers: 1, Progress: func(e crossval.Event) {
		if e.Done == e.Total {
			cancel()
		}
	}}
	curves, err := crossval.LearningCurves(ctx, set, crossval.KFold{K: 3}, writtenPair[:1], nil, o)
	if err != nil || len(curves) != 1 || len(curves[0].Points) != 5 {
		t.Errorf("%v, %v", curves, err)
	}
	away := errors.New("out of reach")
	o = crossval.Options{Elsewhere: func(ctx context.Context, p *crossval.Plan, rows data.Source, jobs []int, done func(*crossval.Outcome)) error {
		w, err := p.Worker(rows)
		if err != nil {
			return err
		}
		one, err := w.Run(ctx, jobs[0])
		done(one)
		return errors.Join(err, away)
	}}
	if curves, err := crossval.LearningCurves(t.Context(), set, crossval.KFold{K: 3}, writtenPair[:1], nil, o); !errors.Is(err, away) {
		t.Errorf("%v, %v", curves, err)
	}
}
