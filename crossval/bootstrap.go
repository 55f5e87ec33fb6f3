package crossval

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
)

// Bootstrap trains on rows drawn with replacement, as many as there are, and tests on those
// that were not drawn, 37% on average (Efron, "Estimating the Error Rate of a Prediction Rule",
// 1983). See [Bootstrap632] for what to make of the scores.
type Bootstrap struct {
	Repeats int // 0: 50
	Seed    uint64
}

// Split returns one fold per repeat. Draws that leave no row to test on, or a classification
// with one class to train on, are drawn again. It is an error if there are fewer than 3 rows,
// if Repeats is negative, if the rows are of one class, or if there are groups, which draws
// divide.
func (b Bootstrap) Split(s *data.Set) ([]Split, error) {
	n, err := rowsOf(s, "bootstrap")
	if err != nil {
		return nil, err
	}
	repeats := b.repeats()
	switch {
	case n < 3:
		return nil, fmt.Errorf("crossval: bootstrap: %d rows, want 3 or more", n)
	case repeats < 1 || repeats > mostRepeats:
		return nil, fmt.Errorf("crossval: bootstrap: %d repeats: want 1 to %d", b.Repeats, mostRepeats)
	case s.Groups != nil:
		return nil, errors.New("crossval: bootstrap: a draw of rows divides groups: see Holdout with Grouped")
	}
	labels, err := s.Labels()
	if err != nil {
		labels = nil // not one class a row
	}
	if labels != nil && !several(labels, numbered(0, n)) {
		return nil, errors.New("crossval: bootstrap: all rows are of one class")
	}
	out := make([]Split, repeats)
	for r := range out {
		g := generator(b.Seed, "bootstrap", r)
		for {
			taken := make([]int, n)
			for range n {
				taken[g.IntN(n)]++
			}
			split := Split{Repeat: r, Resampled: true}
			for row, k := range taken {
				for range k {
					split.Train = append(split.Train, row)
				}
				if k == 0 {
					split.Test = append(split.Test, row)
				}
			}
			if len(split.Test) > 0 && (labels == nil || several(labels, split.Train)) {
				out[r] = split
				break
			}
		}
	}
	return out, nil
}

func (b Bootstrap) repeats() int {
	if b.Repeats == 0 {
		return 50
	}
	return b.Repeats
}

// String returns "bootstrap of 50 draws with seed 0".
func (b Bootstrap) String() string {
	return fmt.Sprintf("bootstrap of %d draws with seed %d", b.repeats(), b.Seed)
}

// several reports whether rows have two classes or more.
func several(labels, rows []int) bool {
	for _, row := range rows {
		if labels[row] != labels[rows[0]] {
			return true
		}
	}
	return false
}

// Estimate632 is the .632+ estimate of a score, with its parts.
type Estimate632 struct {
	Candidate     string
	Metric        data.Metric // without its function
	Score         float64     // (1 − w)·Apparent + w·OutOfBag, if OutOfBag is no worse than NoInformation
	Apparent      float64     // on the rows that it was trained on
	OutOfBag      float64     // mean over the draws, on the rows that were not drawn
	NoInformation float64     // if the inputs told nothing of the target: over permuted targets
	Overfitting   float64     // (OutOfBag − Apparent) / (NoInformation − Apparent), between 0 and 1
	Weight        float64     // w = .632 / (1 − .368·Overfitting)
}

// permuted is the number of permutations of a no-information score.
const permuted = 50

// Bootstrap632 estimates the score of a candidate that is trained on all rows, from few of
// them, by the .632+ bootstrap: Efron & Tibshirani, "Improvements on Cross-Validation: The
// .632+ Bootstrap Method" (Journal of the American Statistical Association 92, 1997). Scores on
// rows that were not drawn are too bad, as a draw has 63% of the rows; those on the training
// rows are too good; the weight of the former grows with how much the candidate overfits. In
// the correction for overfitting, an out-of-bag score worse than that without information
// counts as the latter, as in the paper.
//
// The rows are taken to memory. The metric is the first of the options. There is one fit more,
// to all rows, which options of time and memory do not bound. Errors are those of [Bootstrap.Split] and of [Validate]; a candidate that
// fails is one, too.
func Bootstrap632(ctx context.Context, src data.Source, b Bootstrap, c Candidate, o Options) (*Estimate632, error) {
	if src == nil {
		return nil, data.ErrEmpty
	}
	set, err := data.Collect(src)
	if err != nil {
		return nil, fmt.Errorf("crossval: bootstrap: %w", err)
	}
	o.Importance = nil
	res, err := Validate(ctx, set, b, []Candidate{c}, o)
	if err != nil {
		return nil, err
	}
	if len(res.Failed) > 0 {
		return nil, fmt.Errorf("crossval: bootstrap: %s: %s", c.Name, res.Failed[0].Message)
	}
	e := &Estimate632{Candidate: c.Name, Metric: res.Metrics[0], OutOfBag: res.Mean(c.Name, "")}
	if o.Metrics == nil {
		rules, err := set.Rules()
		if err != nil {
			return nil, fmt.Errorf("crossval: bootstrap: %w", err)
		}
		o.Metrics = rules.Metrics
	}
	metric := o.Metrics[0]
	p, err := apparent(ctx, set, c, JobSeed(o.Seed, c.Name, len(res.Splits)))
	if err != nil {
		return nil, fmt.Errorf("crossval: bootstrap: %s on all rows: %w", c.Name, err)
	}
	if e.Apparent, err = metric.Score(set, p); err != nil {
		return nil, fmt.Errorf("crossval: bootstrap: %s: %w", metric.Name, err)
	}
	for i := range permuted {
		order := generator(o.Seed, "no information", i).Perm(set.Len())
		other, err := set.Rows(order)
		if err != nil {
			return nil, fmt.Errorf("crossval: bootstrap: %w", err)
		}
		v, err := metric.Score(other, p)
		if err != nil {
			return nil, fmt.Errorf("crossval: bootstrap: %s: %w", metric.Name, err)
		}
		e.NoInformation += v / permuted
	}
	e.combine()
	if math.IsNaN(e.Score) {
		return nil, fmt.Errorf("crossval: bootstrap: the %s is not defined in a draw", metric.Name)
	}
	return e, nil
}

// apparent fits a candidate to all rows and predicts them. A panic is an error.
func apparent(ctx context.Context, set *data.Set, c Candidate, seed uint64) (p *data.Prediction, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	model, err := c.Estimator.Fit(ctx, set, seed)
	if err == nil && (model == nil || model.Predict == nil) {
		err = errNoPredictor
	}
	if err != nil {
		return nil, err
	}
	p, _, err = predict(ctx, model, set, numbered(0, set.Len()), set)
	return p, err
}

// combine computes the estimate from its parts.
func (e *Estimate632) combine() {
	sign := 1.0 // of losses
	if e.Metric.Greater {
		sign = -1
	}
	apparent, out, none := sign*e.Apparent, sign*e.OutOfBag, sign*e.NoInformation
	bounded := min(out, max(none, apparent))
	e.Overfitting = 0
	if bounded > apparent && none > apparent {
		e.Overfitting = (bounded - apparent) / (none - apparent)
	}
	e.Weight = 0.632 / (1 - 0.368*e.Overfitting)
	e.Score = sign * (0.368*apparent + 0.632*out + (bounded-apparent)*0.368*0.632*e.Overfitting/(1-0.368*e.Overfitting))
	if math.IsNaN(e.OutOfBag) {
		e.Score = math.NaN()
	}
}
