package baselines

import (
	"context"
	"errors"
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
	return treePredictor(m.Train(ctx, train, seed))
}

// Train is Fit for a model that can be kept: TreeModel is written as JSON.
func (m BoostedTrees) Train(ctx context.Context, train data.Source, seed uint64) (*TreeModel, error) {
	m.Settings.Seed = seed
	return fitTrees(ctx, train, m.Settings, false)
}

// RandomForest is the forest of package trees with exact splits. It takes raw tables: a
// missing number is replaced by the column's median in the training rows, and a category by
// its code, where missing and unknown levels are -1. Row weights are used.
type RandomForest struct {
	Settings trees.Forest // Seed is replaced by the seed passed to Fit
}

// Fit implements crossval.Estimator; the seed draws the bootstraps and the columns.
func (m RandomForest) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	return treePredictor(m.Train(ctx, train, seed))
}

// Train is Fit for a model that can be kept: TreeModel is written as JSON.
func (m RandomForest) Train(ctx context.Context, train data.Source, seed uint64) (*TreeModel, error) {
	m.Settings.Seed = seed
	return fitTrees(ctx, train, m.Settings, true)
}

// TreeModel is fitted trees with what prepares raw rows for them.
type TreeModel struct {
	Model   *trees.Model // nil: all training rows were of one class
	Class   int          // that class
	Classes int          // 0: a regression
	Columns int          // of the raw table
	// Fill replaces missing values, one for each column, and turns categories into numbers;
	// nil: the trees take both as they are.
	Fill []float64
}

func treePredictor(m *TreeModel, err error) (*data.Predictor, error) {
	if err != nil {
		return nil, err
	}
	out := &data.Predictor{Predict: m.Predict}
	if m.Model == nil {
		out.Notes = []string{"the training rows are all of one class"}
	} else {
		out.Parameters = m.Model.Nodes()
	}
	return out, nil
}

// treeFitter is implemented by trees.Boosting and trees.Forest.
type treeFitter interface {
	FitValues(context.Context, trees.Table, []float64) (*trees.Model, error)
	FitClasses(context.Context, trees.Table, []int, int) (*trees.Model, error)
}

// fitTrees fits trees to a raw table.
func fitTrees(ctx context.Context, src data.Source, f treeFitter, fill bool) (*TreeModel, error) {
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
	m := &TreeModel{Classes: y.classes, Columns: t.columns}
	if c := onlyClass(y); c >= 0 {
		m.Class = c
		return m, nil
	}
	if fill {
		m.Fill = t.medians()
	}
	table := m.table(t)
	table.Weights, table.Groups = train.Weights, train.Groups
	if y.values != nil {
		m.Model, err = f.FitValues(ctx, table, y.values)
	} else {
		m.Model, err = f.FitClasses(ctx, table, y.labels, y.classes)
	}
	if err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	return m, nil
}

// Check returns an error if the parts of a model do not fit together, as in a damaged file.
func (m *TreeModel) Check() error {
	switch {
	case m == nil:
		return errors.New("baselines: the tree model is nil")
	case m.Classes < 0 || m.Columns < 0 || m.Fill != nil && len(m.Fill) != m.Columns:
		return fmt.Errorf("baselines: a tree model of %d classes and %d columns, %d of them filled", m.Classes, m.Columns, len(m.Fill))
	case m.Model == nil && !(m.Class >= 0 && m.Class < m.Classes):
		return fmt.Errorf("baselines: a model without trees that predicts class %d of %d", m.Class, m.Classes)
	case m.Model != nil && m.Model.Classes() != m.Classes:
		return fmt.Errorf("baselines: trees of %d classes in a model of %d", m.Model.Classes(), m.Classes)
	}
	return nil
}

// table returns rows in the form that the trees take.
func (m *TreeModel) table(t *raw) trees.Table {
	if m.Fill != nil {
		return t.filled(m.Fill)
	}
	return t.withCategories()
}

// Predict predicts raw rows; see data.Predictor.
func (m *TreeModel) Predict(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	t, err := rawOf(rows)
	if err != nil {
		return nil, err
	}
	if t.columns != m.Columns {
		return nil, fmt.Errorf("baselines: fitted on %d columns, have %d to predict from", m.Columns, t.columns)
	}
	if m.Model == nil {
		proba := make([]float64, t.rows*m.Classes)
		for i := range t.rows {
			proba[i*m.Classes+m.Class] = 1
		}
		return withLabels(proba, m.Classes), nil
	}
	if m.Classes == 0 {
		values, err := m.Model.Values(ctx, m.table(t))
		return &data.Prediction{Values: values}, err
	}
	proba, err := m.Model.Proba(ctx, m.table(t))
	if err != nil {
		return nil, err
	}
	return withLabels(proba, m.Classes), nil
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
