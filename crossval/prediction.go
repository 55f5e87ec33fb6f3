package crossval

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// predict runs the model on the test rows in chunks and returns the time taken. The model
// receives a copy of the rows, so it can neither spoil them nor see the answers.
func predict(ctx context.Context, model *data.Predictor, set data.Source, rows []int, test *data.Set) (*data.Prediction, time.Duration, error) {
	out := &data.Prediction{}
	took := time.Duration(0)
	st, err := set.Stream()
	if err != nil {
		return nil, 0, err
	}
	chunk := st.Chunk()
	for at := 0; at < len(rows); at += chunk {
		end := min(at+chunk, len(rows))
		blind, err := data.Collect(data.View(data.Blind(set), rows[at:end]))
		if err != nil {
			return nil, 0, err
		}
		truth := test
		if len(rows) > chunk {
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

// checked returns a copy of a prediction after checking it against the set. Missing labels
// are decided by the probabilities.
func checked(p *data.Prediction, s *data.Set) (*data.Prediction, error) {
	if p == nil {
		return nil, errors.New("no prediction")
	}
	r, err := s.Rules()
	if err != nil {
		return nil, err
	}
	n := s.Len()
	if err := r.Fits(p, n, len(s.Classes)); err != nil {
		return nil, err
	}
	out := &data.Prediction{}
	if r.Values > 0 {
		out.Values = slices.Clone(p.Values)
	}
	if r.Proba > 0 {
		out.Proba = slices.Clone(p.Proba)
	}
	if r.Labels > 0 {
		if out.Labels = slices.Clone(p.Labels); out.Labels == nil {
			out.Labels = make([]int, n*r.Labels)
			for i := range n {
				r.Decide(r.Row(out, i))
			}
		}
	}
	for i, v := range out.Proba {
		out.Proba[i] = min(v, 1)
	}
	return out, nil
}
