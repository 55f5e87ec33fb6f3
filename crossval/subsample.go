package crossval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/draw"
)

// Subsample fits an estimator to a share of the training rows, drawn at random without
// replacement: of each class its share, if the targets are classes; of whole groups, if there
// are groups. It keeps the order of the rows.
type Subsample struct {
	Estimator Estimator
	Share     float64 // 0 to 1; 0: 1
}

// Fit implements Estimator. It is an error if Share is not between 0 and 1 or leaves fewer
// than 2 rows.
func (e Subsample) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	if e.Estimator == nil {
		return nil, errors.New("crossval: subsample: the estimator is nil")
	}
	if !(e.Share >= 0 && e.Share <= 1) {
		return nil, fmt.Errorf("crossval: subsample: a share of %v: want 0 to 1", e.Share)
	}
	if e.Share == 0 || e.Share == 1 {
		return e.Estimator.Fit(ctx, train, seed)
	}
	if train == nil {
		return nil, fmt.Errorf("crossval: subsample: %w", data.ErrEmpty)
	}
	answers, err := data.Answers(train)
	if err != nil {
		return nil, fmt.Errorf("crossval: subsample: %w", err)
	}
	rows, err := subsample(answers, e.Share, seed)
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("crossval: subsample: a share of %v of %d rows leaves %d", e.Share, answers.Len(), len(rows))
	}
	return e.Estimator.Fit(ctx, data.View(train, rows), seed)
}

// subsample returns a share of the rows, stratified by class or of whole groups, ascending.
func subsample(answers *data.Set, share float64, seed uint64) ([]int, error) {
	r := generator(seed, "subsample", 0)
	of := func(n int) int { return int(math.Round(share * float64(n))) }
	if answers.Groups != nil {
		byGroup, err := rowsByGroup("subsample", answers)
		if err != nil {
			return nil, err
		}
		var out []int
		for _, g := range draw.Rows(blocks(len(byGroup), 1, nil), []int{of(len(byGroup))}, r) {
			out = append(out, byGroup[g]...)
		}
		slices.Sort(out)
		return out, nil
	}
	strata := blocks(answers.Len(), 1, nil)
	if labels, err := answers.Labels(); err == nil { // one class a row
		byClass, order, err := rowsByClass(labels, answers.Classes)
		if err != nil {
			return nil, err
		}
		strata = nil
		for _, c := range order {
			strata = append(strata, byClass[c])
		}
	}
	return draw.Rows(strata, shares(strata, of(answers.Len())), r), nil
}

// LearningCurve is how scores grow with the number of training rows.
type LearningCurve struct {
	Candidate string
	Metric    data.Metric // without its function
	Points    []LearningPoint
}

// LearningPoint is the score at one number of training rows.
type LearningPoint struct {
	Rows   int      // mean number of training rows
	Share  float64  // of those of a fold
	Test   Interval // of the scores on the test rows of the folds; see Result.Interval
	Failed string   // why there is no score
}

// LearningCurves validates candidates on the same folds with shares of their training rows
// ([Subsample]); no shares: 0.1, 0.325, 0.55, 0.775 and 1, as in scikit-learn's
// learning_curve. A curve that still rises at its end says that more rows would help; one that
// is level, that they would not. The metric is the first of the options. Candidates that fail
// with few rows have no score there. Options.Log works as in [Validate], whose errors these
// are.
func LearningCurves(ctx context.Context, set data.Source, sp Splitter, candidates []Candidate, shares []float64, o Options) ([]LearningCurve, error) {
	if err := checkCandidates(candidates); err != nil {
		return nil, err
	}
	if len(shares) == 0 {
		shares = []float64{0.1, 0.325, 0.55, 0.775, 1}
	}
	for i, s := range shares {
		if !(s > 0 && s <= 1) || i > 0 && s <= shares[i-1] {
			return nil, fmt.Errorf("crossval: learning curve: shares %v: want them between 0 and 1, ascending", shares)
		}
	}
	var all []Candidate
	name := func(c Candidate, share float64) string { return fmt.Sprintf("%s on %v", c.Name, share) }
	for _, c := range candidates {
		for _, share := range shares {
			sub := c
			sub.Name, sub.Estimator = name(c, share), Subsample{c.Estimator, share}
			all = append(all, sub)
		}
	}
	res, err := Validate(ctx, set, sp, all, o)
	if err = beyondFits(err); err != nil {
		return nil, err
	}
	train := 0.0
	for _, s := range res.Splits {
		train += float64(trainCount(s, res.Data.Rows)) / float64(len(res.Splits))
	}
	failed := map[string]string{}
	for _, f := range res.Failed {
		failed[f.Candidate] = f.Message
	}
	out := make([]LearningCurve, len(candidates))
	for i, c := range candidates {
		out[i] = LearningCurve{Candidate: c.Name, Metric: res.Metrics[0]}
		for _, share := range shares {
			p := LearningPoint{Rows: int(math.Round(train * share)), Share: share, Failed: failed[name(c, share)]}
			if p.Failed == "" {
				in, err := res.Interval(name(c, share), "")
				if err != nil {
					p.Failed = err.Error()
				}
				p.Test = in
			}
			out[i].Points = append(out[i].Points, p)
		}
	}
	return out, nil
}

// beyondFits returns what of a validation's error is not the failure of a fit.
func beyondFits(err error) error {
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	return errors.Join(slices.DeleteFunc(slices.Clone(list), func(err error) bool {
		_, fit := err.(*FoldError)
		return fit
	})...)
}

func trainCount(s Split, rows int) int {
	if s.Train != nil {
		return len(s.Train)
	}
	return rows - len(s.Test)
}
