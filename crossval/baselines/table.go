package baselines

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/check"
	"github.com/seed732fc211/aegis/internal/vector"
	"github.com/sjwhitworth/golearn/base"
)

// matrix is a table, row by row, known to be finite.
type matrix struct {
	x       []float64
	rows    int
	columns int
	names   []string
}

func (m *matrix) row(i int) []float64 { return m.x[i*m.columns : (i+1)*m.columns] }

// tableOf returns the table of a set. The error about a missing or infinite value names its
// row and column.
func tableOf(s *data.Set) (*matrix, error) {
	x, columns, err := s.Table()
	if err != nil {
		return nil, err
	}
	m := &matrix{x: x, rows: s.Len(), columns: columns, names: make([]string, columns)}
	for j := range m.names {
		m.names[j] = fmt.Sprintf("column %d", j)
		if j < len(s.Features) {
			m.names[j] = s.Features[j].Name
		}
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, &data.RowError{Row: i / columns, Err: fmt.Errorf("baselines: row %d, %s: %v: fill in missing values first", i/columns, m.names[i%columns], v)}
		}
	}
	return m, nil
}

// same returns the table of rows to predict, which must have the columns of the training
// rows.
func (m *matrix) same(s *data.Set) (*matrix, error) {
	t, err := tableOf(s)
	if err != nil {
		return nil, err
	}
	if t.columns != m.columns {
		return nil, fmt.Errorf("baselines: fitted on %d columns, have %d to predict from", m.columns, t.columns)
	}
	return t, nil
}

// targets are those of a classification (labels and classes) or of a regression (values).
type targets struct {
	labels  []int
	classes int
	values  []float64
}

func targetsOf(s *data.Set) (*targets, error) {
	rules, err := s.Rules()
	if err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	switch {
	case rules.Choice:
	case oneNumber(rules):
		values, err := s.Values()
		return &targets{values: values}, err
	default:
		return nil, fmt.Errorf("baselines: this model predicts one class or one number a row; the task is %s, of %d target columns", data.TaskName(s.Task()), len(s.AboutTargets().Columns))
	}
	labels, err := s.Labels()
	if err != nil {
		return nil, err
	}
	if err := check.Classes(labels, len(s.Classes)); err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	return &targets{labels: labels, classes: len(s.Classes)}, nil
}

// oneNumber reports whether a task predicts one number per row.
func oneNumber(r *data.Rules) bool { return r.Values == 1 && r.Labels+r.Proba == 0 && r.Levels == nil }

// squarable returns an error if the squares of targets could overflow. Models that sum them
// would otherwise silently treat all targets as equal.
func squarable(y []float64) error {
	for i, v := range y {
		if math.Abs(v) > mostSquarable {
			return fmt.Errorf("row %d: target %v, want a number of size up to %v", i, v, mostSquarable)
		}
	}
	return nil
}

const mostSquarable = 1e100 // the same as in package trees

// rule predicts one row: the probability of every class, or one value.
type rule func(row []float64) ([]float64, error)

// predictor makes a predictor of a rule. Labels are the most probable classes; ties go to
// the first.
func predictor(train *matrix, y *targets, parameters int, f rule) *data.Predictor {
	return &data.Predictor{Parameters: parameters, Predict: func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
		t, err := train.same(rows)
		if err != nil {
			return nil, err
		}
		p := &data.Prediction{}
		err = guarded(func() error {
			for i := range t.rows {
				if err := ctx.Err(); err != nil {
					return err
				}
				out, err := f(t.row(i))
				if err != nil {
					return err
				}
				if y.values != nil {
					p.Values = append(p.Values, out[0])
					continue
				}
				p.Proba = append(p.Proba, out...)
				p.Labels = append(p.Labels, vector.Argmax(out))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return p, nil
	}}
}

// fitter fits a checked table.
type fitter func(ctx context.Context, x *matrix, y *targets) (*data.Predictor, error)

// fitMatrix reads the rows of a source as a checked table and fits it.
func fitMatrix(ctx context.Context, src data.Source, fit fitter) (p *data.Predictor, err error) {
	train, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	x, err := tableOf(train)
	if err != nil {
		return nil, err
	}
	y, err := targetsOf(train)
	if err != nil {
		return nil, err
	}
	err = guarded(func() error {
		p, err = fit(ctx, x, y)
		return err
	})
	return p, err
}

// guarded turns a panic of golearn into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("baselines: golearn: panic: %v", p)
		}
	}()
	return f()
}

// floatGrid converts rows and their targets to golearn's instances: a float attribute for
// each column, in order, and one for the target.
func floatGrid(rows [][]float64, target []float64) *base.DenseInstances {
	grid := base.NewDenseInstances()
	specs := make([]base.AttributeSpec, len(rows[0]))
	for j := range specs {
		specs[j] = grid.AddAttribute(base.NewFloatAttribute("x" + strconv.Itoa(j)))
	}
	class := base.NewFloatAttribute("y")
	classSpec := grid.AddAttribute(class)
	if err := grid.AddClassAttribute(class); err != nil {
		panic(err) // the attribute was added one line above
	}
	if err := grid.Extend(len(rows)); err != nil {
		panic(err)
	}
	for i, row := range rows {
		for j, v := range row {
			grid.Set(specs[j], i, base.PackFloatToBytes(v))
		}
		if target != nil {
			grid.Set(classSpec, i, base.PackFloatToBytes(target[i]))
		}
	}
	return grid
}
