package crossval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// FoldError says which candidate failed in which fold, and at what.
type FoldError struct {
	Candidate string
	Repeat    int    // from 0
	Fold      int    // from 0
	Stage     string // "make", "fit", "predict" or "score"
	Stack     []byte // where it panicked, if it did
	Err       error

	split int
}

// Error names the candidate, the repeat and the fold, counted from 1 as people
// do, the stage and the cause; not the stack.
func (e *FoldError) Error() string {
	if e == nil {
		return "crossval: no error"
	}
	return fmt.Sprintf("crossval: %s: repeat %d, fold %d: %s: %v", e.Candidate, e.Repeat+1, e.Fold+1, e.Stage, e.Err)
}

// Unwrap returns the cause.
func (e *FoldError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// run does one job.
func (b *board) run(ctx context.Context, job int) (run *Run, failure *FoldError) {
	c := b.candidates[job%len(b.candidates)]
	index := job / len(b.candidates)
	split := b.splits[index]
	stage := "make"
	var given []int // rows of the set, at this stage
	fail := func(err error, stack []byte) *FoldError {
		if row := (*data.RowError)(nil); errors.As(err, &row) && row.Row >= 0 && row.Row < len(given) {
			err = fmt.Errorf("%w (row %d of the whole set)", err, given[row.Row])
		}
		f := b.failure(job, stage, err)
		f.Stack = stack
		return f
	}
	defer func() {
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok {
				err = fmt.Errorf("%v", p)
			}
			run, failure = nil, fail(fmt.Errorf("panic: %w", err), debug.Stack())
		}
	}()
	train, err := b.set.Rows(split.Train)
	if err != nil {
		return nil, fail(err, nil)
	}
	test, err := b.set.Rows(split.Test)
	if err != nil {
		return nil, fail(err, nil)
	}
	seed := JobSeed(b.options.Seed, c.Name, index)
	estimator, err := c.New(seed)
	if err == nil && estimator == nil {
		err = errors.New("the factory returned no estimator")
	}
	if err != nil {
		return nil, fail(err, nil)
	}

	stage, given = "fit", split.Train
	begin := time.Now()
	model, err := estimator.Fit(ctx, train)
	fitTime := time.Since(begin)
	if err == nil && (model == nil || model.Predict == nil) {
		err = errNoPredictor
	}
	if err != nil {
		return nil, fail(err, nil)
	}

	stage, given = "predict", split.Test
	// The model gets rows of its own: it may change them, and the truth that
	// it is scored against stays out of its reach.
	blind, err := b.set.Without().Rows(split.Test)
	if err != nil {
		return nil, fail(err, nil)
	}
	begin = time.Now()
	p, err := model.Predict(ctx, blind)
	predictTime := time.Since(begin)
	if err == nil {
		p, err = checked(p, test)
	}
	if err != nil {
		return nil, fail(err, nil)
	}

	stage = "score"
	scores := make([]float64, len(b.options.Scorers))
	for i, s := range b.options.Scorers {
		scores[i], err = s.Score(test, p)
		if errors.Is(err, ErrUndefined) {
			scores[i], err = math.NaN(), nil
		}
		if err != nil {
			return nil, fail(fmt.Errorf("%s: %w", s.Name, err), nil)
		}
	}
	importance, err := b.importance(ctx, c.Name, model, test, scores[0], seed)
	if err != nil {
		return nil, fail(fmt.Errorf("importance: %w", err), nil)
	}
	return &Run{
		Candidate: c.Name, Importance: importance, Split: index, Seed: seed, Scores: scores, Prediction: *p,
		Curves: model.Curves, BestEpoch: model.BestEpoch, Parameters: model.Parameters, Notes: model.Notes,
		FitTime: fitTime, PredictTime: predictTime,
	}, nil
}

// checked returns a copy of a prediction that fits the set: for a
// classification with labels, the most probable class where only probabilities
// were given.
func checked(p *data.Prediction, s *data.Set) (*data.Prediction, error) {
	if p == nil {
		return nil, errors.New("no prediction")
	}
	n := s.Len()
	if s.Task() == data.Regress {
		if len(p.Values) != n {
			return nil, fmt.Errorf("%d values for %d rows", len(p.Values), n)
		}
		for i, v := range p.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("row %d: the value is %v", i, v)
			}
		}
		return &data.Prediction{Values: slices.Clone(p.Values)}, nil
	}
	k := len(s.Classes)
	if err := checkProba(p.Proba, n, k); err != nil {
		return nil, err
	}
	labels := slices.Clone(p.Labels)
	if labels == nil && p.Proba != nil {
		labels = make([]int, n)
		for i := range labels {
			labels[i] = argmax(p.Proba[i*k : (i+1)*k])
		}
	}
	if len(labels) != n {
		return nil, fmt.Errorf("%d labels for %d rows", len(labels), n)
	}
	for i, c := range labels {
		if c < 0 || c >= k {
			return nil, fmt.Errorf("row %d: class %d is out of range [0, %d)", i, c, k)
		}
	}
	proba := slices.Clone(p.Proba)
	for i, v := range proba {
		proba[i] = min(v, 1)
	}
	return &data.Prediction{Labels: labels, Proba: proba}, nil
}

// checkProba wants probabilities that sum to 1, within what float32 sums miss.
func checkProba(proba []float64, n, k int) error {
	if proba == nil {
		return nil
	}
	if len(proba) != n*k {
		return fmt.Errorf("%d probabilities for %d rows and %d classes", len(proba), n, k)
	}
	for i := range n {
		sum := 0.0
		for c, v := range proba[i*k : (i+1)*k] {
			if !(v >= 0 && v <= 1+1e-4) {
				return fmt.Errorf("row %d: the probability of class %d is %v", i, c, v)
			}
			sum += v
		}
		if math.Abs(sum-1) > 1e-3 {
			return fmt.Errorf("row %d: the probabilities sum to %v", i, sum)
		}
	}
	return nil
}

// argmax returns the place of the greatest value, the first of equals.
func argmax(v []float64) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
