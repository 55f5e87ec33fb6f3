package search

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// Stack is stacked generalisation (Wolpert 1992) with weights that are not negative and sum to
// 1 (Breiman, "Stacked Regressions", 1996; the convex super learner of van der Laan, Polley &
// Hubbard, 2007). Each estimator is fitted on inner folds of the training rows; the weights
// make the mean of their predictions best on the rows that they were not fitted on; then all
// with a weight above 0.001 are fitted to all rows. Labels are decided by the mean probabilities.
//
// Best is by the Brier score of a choice among classes, and by the mean squared error of numbers
// in the units of the target. The weights are found by exponentiated gradient (Kivinen &
// Warmuth 1997), until a step gains less than 1e-12 of the loss, 100,000 steps at most.
type Stack struct {
	Estimators []crossval.Estimator // 1 to 50
	Folds      int                  // 0: 5; stratified by class, or of whole groups
	Splitter   crossval.Splitter    // nil: Folds folds
}

// Fit implements crossval.Estimator. The seeds are those of a search: crossval.JobSeed of the
// seed and "trial 3" for estimator 3 on a fold, and of "member" for its fit to all rows. An
// estimator that fails is an error. It is an error if the task is neither a choice among
// classes nor one of numbers in the units of the target.
func (s Stack) Fit(ctx context.Context, rows data.Source, seed uint64) (*data.Predictor, error) {
	weights, err := s.weigh(ctx, rows, seed)
	if err != nil {
		return nil, err
	}
	var b Blend
	var notes []string
	var fitted []*data.Predictor
	for i, w := range weights {
		notes = append(notes, fmt.Sprintf("weight of estimator %d: %.3f", i, w))
		if w < 0.001 {
			continue
		}
		b.Members = append(b.Members, Member{s.Estimators[i], w})
		f, err := s.Estimators[i].Fit(ctx, rows, crossval.JobSeed(seed, "member", i))
		if err != nil {
			return nil, fmt.Errorf("search: stack: estimator %d: %w", i, err)
		}
		fitted = append(fitted, f)
	}
	p, err := b.join(rows, fitted)
	if err != nil {
		return nil, err
	}
	out := *p
	out.Notes = append(notes, p.Notes...)
	return &out, nil
}

// weigh returns the weights of the estimators.
func (s Stack) weigh(ctx context.Context, rows data.Source, seed uint64) ([]float64, error) {
	if n := len(s.Estimators); n == 0 || n > libraryMost {
		return nil, fmt.Errorf("search: stack: %d estimators: want 1 to %d", n, libraryMost)
	}
	if s.Folds < 0 || s.Folds == 1 || s.Folds > 0 && s.Splitter != nil {
		return nil, fmt.Errorf("search: stack: %d folds: want 2 or more, and no splitter beside them", s.Folds)
	}
	if rows == nil {
		return nil, fmt.Errorf("search: stack: %w", data.ErrEmpty)
	}
	answers, err := data.Answers(rows)
	if err != nil {
		return nil, fmt.Errorf("search: stack: %w", err)
	}
	how := Search{Folds: orDefault(s.Folds, 5), Splitter: s.Splitter, Seed: seed}
	var list []crossval.Candidate
	var numbers []int
	for i, e := range s.Estimators {
		list = append(list, crossval.Candidate{Name: nameOfTrial(i), Estimator: e})
		numbers = append(numbers, i)
	}
	res, err := crossval.Validate(ctx, rows, how.splitter(answers), list, crossval.Options{Seed: seed, Workers: 1})
	if err != nil {
		return nil, fmt.Errorf("search: stack: %w", err)
	}
	if len(res.Failed) > 0 {
		return nil, fmt.Errorf("search: stack: %s: %s", res.Failed[0].Candidate, res.Failed[0].Message)
	}
	l, err := newLibrary(res, answers, res.Metrics[0], numbers)
	if err != nil {
		return nil, err
	}
	if len(l.list) < len(numbers) {
		return nil, errors.New("search: stack: an estimator predicts labels without probabilities")
	}
	want, err := l.wanted()
	if err != nil {
		return nil, err
	}
	x := make([][]float64, len(l.list))
	for i := range x {
		x[i] = l.numbers(i)
	}
	return simplexLeastSquares(x, want), nil
}

var errNoIdeal = errors.New("search: stack: want a choice among classes, or numbers in the units of the target")

// wanted returns what an ideal member would predict, (rows, width).
func (l *library) wanted() ([]float64, error) {
	if l.rules.Choice {
		labels, err := l.truth.Labels()
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		want := make([]float64, len(labels)*l.width)
		for i, c := range labels {
			want[i*l.width+c] = 1
		}
		return want, nil
	}
	if !l.rules.Scaled || l.rules.Levels != nil || l.rules.Proba > 0 {
		return nil, errNoIdeal
	}
	want, columns, err := l.truth.TargetTable()
	if err == nil && columns != l.width {
		err = errNoBlend
	}
	return want, err
}

// simplexLeastSquares returns the weights, not negative and with the sum 1, that minimise the
// squared error of Σ w_i·x_i. It is convex; exponentiated gradient with a step of the inverse
// of the largest curvature goes down at every step.
func simplexLeastSquares(x [][]float64, want []float64) []float64 {
	n := len(x)
	gram := make([][]float64, n) // of the errors: as weights sum to 1, the error is Σ w_i·(x_i − want)
	largest := 0.0
	for i := range gram {
		gram[i] = make([]float64, n)
		for j := range i + 1 {
			sum := 0.0
			for k, v := range want {
				sum += (x[i][k] - v) * (x[j][k] - v)
			}
			gram[i][j], gram[j][i] = sum, sum
			largest = max(largest, math.Abs(sum))
		}
	}
	w := make([]float64, n)
	for i := range w {
		w[i] = 1 / float64(n)
	}
	if largest == 0 {
		return w
	}
	step := 1 / largest
	last := math.Inf(1)
	grad := make([]float64, n)
	for range 100000 {
		value := 0.0
		for i := range grad {
			grad[i] = 0
			for j := range w {
				grad[i] += gram[i][j] * w[j]
			}
			value += w[i] * grad[i]
		}
		if last-value <= 1e-12*value {
			break
		}
		last = value
		sum := 0.0
		for i := range w {
			w[i] *= math.Exp(-step * grad[i])
			sum += w[i]
		}
		for i := range w {
			w[i] /= sum
		}
	}
	return w
}
