package baselines

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/vector"
	"github.com/seed732fc211/aegis/trees"
)

// BoostedTrees are the gradient-boosted trees of package trees. They take raw tables, with
// missing values (NaN) and categorical columns (codes of their levels; -1 is an unknown
// level and counts as missing). Row weights are used.
type BoostedTrees struct {
	Settings trees.Boosting // Seed is replaced by the seed passed to Fit
}

// Fit implements crossval.Estimator; the seed draws the rows for early stopping.
func (m BoostedTrees) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	m.Settings.Seed = seed
	return fitTrees(ctx, train, m.Settings, func(*raw) prepared { return (*raw).withCategories })
}

// RandomForest is the forest of package trees with exact splits. It takes raw tables: a
// missing number is replaced by the column's median in the training rows, and a category by
// its code, where missing and unknown levels are -1. Row weights are used.
type RandomForest struct {
	Settings trees.Forest // Seed is replaced by the seed passed to Fit
}

// Fit implements crossval.Estimator; the seed draws the bootstraps and the columns.
func (m RandomForest) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	m.Settings.Seed = seed
	return fitTrees(ctx, train, m.Settings, func(train *raw) prepared {
		fill := train.medians()
		return func(t *raw) trees.Table { return t.filled(fill) }
	})
}

// treeFitter is implemented by trees.Boosting and trees.Forest.
type treeFitter interface {
	FitValues(context.Context, trees.Table, []float64) (*trees.Model, error)
	FitClasses(context.Context, trees.Table, []int, int) (*trees.Model, error)
}

// prepared converts a raw table to one for trees.
type prepared func(*raw) trees.Table

// fitTrees fits trees to a raw table.
func fitTrees(ctx context.Context, src data.Source, f treeFitter, preparation func(train *raw) prepared) (*data.Predictor, error) {
	train, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	t, err := rawOf(train)
	if err != nil {
		return nil, err
	}
	y, err := targetsOf(train)
	if err != nil {
		return nil, err
	}
	if c := onlyClass(y); c >= 0 {
		return oneClass(c, t.columns, y.classes), nil
	}
	prepare := preparation(t)
	table := prepare(t)
	table.Weights, table.Groups = train.Weights, train.Groups
	var m *trees.Model
	if y.values != nil {
		m, err = f.FitValues(ctx, table, y.values)
	} else {
		m, err = f.FitClasses(ctx, table, y.labels, y.classes)
	}
	if err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	columns := t.columns
	return &data.Predictor{Parameters: m.Nodes(), Predict: func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
		t, err := rawOf(rows)
		if err != nil {
			return nil, err
		}
		if t.columns != columns {
			return nil, fmt.Errorf("baselines: fitted on %d columns, have %d to predict from", columns, t.columns)
		}
		if y.values != nil {
			values, err := m.Values(ctx, prepare(t))
			return &data.Prediction{Values: values}, err
		}
		proba, err := m.Proba(ctx, prepare(t))
		if err != nil {
			return nil, err
		}
		return withLabels(proba, y.classes), nil
	}}, nil
}

// onlyClass returns the class that all rows have, or -1 if there are several.
func onlyClass(y *targets) int {
	for _, c := range y.labels {
		if c != y.labels[0] {
			return -1
		}
	}
	if len(y.labels) == 0 {
		return -1
	}
	return y.labels[0]
}

// oneClass always predicts class, the only one in the training rows.
func oneClass(class, columns, classes int) *data.Predictor {
	return &data.Predictor{Notes: []string{"the training rows are all of one class"}, Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		t, err := rawOf(rows)
		if err != nil {
			return nil, err
		}
		if t.columns != columns {
			return nil, fmt.Errorf("baselines: fitted on %d columns, have %d to predict from", columns, t.columns)
		}
		proba := make([]float64, t.rows*classes)
		for i := range t.rows {
			proba[i*classes+class] = 1
		}
		return withLabels(proba, classes), nil
	}}
}

// withLabels adds the most probable classes to the probabilities.
func withLabels(proba []float64, classes int) *data.Prediction {
	p := &data.Prediction{Proba: proba, Labels: make([]int, len(proba)/classes)}
	for i := range p.Labels {
		p.Labels[i] = vector.Argmax(proba[i*classes : (i+1)*classes])
	}
	return p
}

// withCategories returns the table in the form that boosted trees take.
func (t *raw) withCategories() trees.Table {
	out := trees.Table{Columns: make([]trees.Column, t.columns)}
	for j := range out.Columns {
		out.Columns[j] = trees.Column{Name: t.features[j].Name, Values: t.column(j), Levels: len(t.features[j].Levels)}
	}
	return out
}

// medians returns the median of each numeric column, 0 if it has no values, and -1 for
// categorical columns.
func (t *raw) medians() []float64 {
	out := make([]float64, t.columns)
	for j := range out {
		if t.features[j].Levels != nil {
			out[j] = -1
			continue
		}
		out[j] = median(t.column(j))
	}
	return out
}

// median returns the median of the values that are not missing, and sorts v.
func median(v []float64) float64 {
	v = slices.DeleteFunc(v, math.IsNaN)
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	m := v[len(v)/2]
	if len(v)%2 == 0 {
		m = v[len(v)/2-1]/2 + m/2
	}
	return m
}

// filled returns the table in the form that a forest takes, without missing values.
func (t *raw) filled(fill []float64) trees.Table {
	out := trees.Table{Columns: make([]trees.Column, t.columns)}
	for j := range out.Columns {
		v := t.column(j)
		for i, x := range v {
			if x != x {
				v[i] = fill[j]
			}
		}
		out.Columns[j] = trees.Column{Name: t.features[j].Name, Values: v}
	}
	return out
}
