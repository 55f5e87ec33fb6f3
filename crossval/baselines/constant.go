package baselines

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// Constant makes the same prediction for every row: for classes their shares among the
// training rows, for sequences those shares at each step, for several labels the share of
// rows that have each label, for quantiles those of the target, otherwise the mean of each
// target column. A model that does not beat it has learned nothing.
type Constant struct{}

// Fit implements crossval.Estimator; the seed is ignored.
func (Constant) Fit(_ context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	if train == nil {
		return nil, data.ErrEmpty
	}
	rows, err := data.Answers(train)
	if err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	rules, err := rows.Rules()
	if err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	one := rules.AddRow(&data.Prediction{})
	var y []float64
	columns := 0
	if rows.Classes == nil {
		if y, columns, err = rows.TargetTable(); err != nil {
			return nil, fmt.Errorf("baselines: %w", err)
		}
	}
	switch {
	case rows.Classes != nil && !rules.Choice && rules.Proba == rules.Labels*len(rows.Classes):
		if err := shares(one.Proba, rows); err != nil {
			return nil, err
		}
		rules.Decide(one)
	case rows.Classes != nil:
		return nil, fmt.Errorf("baselines: there is no constant for the %s task: see Majority", data.TaskName(rows.Task()))
	case rules.Levels != nil && columns == 1:
		sorted := slices.Sorted(slices.Values(y))
		for k, level := range rules.Levels {
			one.Values[k] = sorted[max(0, int(math.Ceil(level*float64(len(sorted))))-1)]
		}
	case rules.Values == columns && rules.Proba == 0:
		means(one.Values, y)
	case rules.Proba == columns && rules.Values == 0 && rules.Simplex == 0 && rules.Decide != nil:
		means(one.Proba, y)
		rules.Decide(one)
	default:
		return nil, fmt.Errorf("baselines: no constant is known to %s with", data.TaskName(rows.Task()))
	}
	return &data.Predictor{Parameters: len(one.Values) + len(one.Proba), Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		n := rows.Len()
		if n == 0 {
			return nil, errors.New("baselines: no rows")
		}
		p := &data.Prediction{}
		for range n {
			row := rules.AddRow(p)
			copy(row.Labels, one.Labels)
			copy(row.Proba, one.Proba)
			copy(row.Values, one.Values)
		}
		return p, nil
	}}, nil
}

// shares fills dst with the shares of the classes at each step, or with equal shares at a
// step that no row has.
func shares(dst []float64, rows *data.Set) error {
	labels, steps, err := rows.ClassTable()
	if err != nil {
		return fmt.Errorf("baselines: %w", err)
	}
	k := len(rows.Classes)
	counts := make([]float64, steps)
	for i, l := range labels {
		if l >= 0 {
			counts[i%steps]++
			dst[i%steps*k+l]++
		}
	}
	for i := range dst {
		if n := counts[i/k]; n > 0 {
			dst[i] /= n
		} else {
			dst[i] = 1 / float64(k)
		}
	}
	return nil
}

// means fills dst with the mean of each column of y, row by row.
func means(dst, y []float64) {
	n := float64(len(y) / len(dst))
	for i, v := range y {
		dst[i%len(dst)] += v / n
	}
}
