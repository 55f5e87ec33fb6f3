package crossval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// predict runs the model on the test rows in chunks and returns the time taken. The model
// receives a copy of the rows, so it can neither spoil them nor see the answers.
func predict(ctx context.Context, model *data.Predictor, set data.Source, rows []int, test *data.Set) (*data.Prediction, time.Duration, error) {
	out := &data.Prediction{}
	took := time.Duration(0)
	for at := 0; at < len(rows); at += data.BlockRows {
		end := min(at+data.BlockRows, len(rows))
		blind, err := data.Collect(data.View(data.Blind(set), rows[at:end]))
		if err != nil {
			return nil, 0, err
		}
		truth := test
		if len(rows) > data.BlockRows {
			if truth, err = data.Collect(data.View(test, numbered(at, end))); err != nil {
				return nil, 0, err
			}
		}
		begin := time.Now()
		p, err := model.Predict(ctx, blind)
		took += time.Since(begin)
		if err == nil {
			p, err = checked(p, truth)
		}
		if row := (*data.RowError)(nil); errors.As(err, &row) && at > 0 {
			err = &data.RowError{Row: at + row.Row, Err: err}
		}
		if err != nil {
			return nil, 0, err
		}
		out.Labels, out.Proba, out.Values = append(out.Labels, p.Labels...), append(out.Proba, p.Proba...), append(out.Values, p.Values...)
	}
	return out, took, nil
}

func numbered(from, to int) []int {
	out := make([]int, to-from)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// checked returns a copy of a prediction after checking it against the set. For a
// classification with labels, missing classes are filled in from the probabilities.
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

// checkProba checks that probabilities sum to 1, within float32 rounding.
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

// argmax returns the index of the largest value, the first if there are ties.
func argmax(v []float64) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
