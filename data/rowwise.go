package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// rowwise is a fitted transform of this package that maps each row of a table
// independently of the others.
type rowwise interface {
	Fitted
	name() string
	check() error    // checks that what was read from a file is consistent
	from() []Feature // the columns that it was fitted on
	to() []Feature   // the columns that it returns
	lower() rows.Transform
}

// rowwiseOf returns f as a rowwise, or nil if it is not one.
func rowwiseOf(f Fitted) rowwise {
	switch f := f.(type) {
	case FittedImpute:
		return f
	case FittedScale:
		return f
	case FittedClip:
		return f
	case FittedSmoothClip:
		return f
	case FittedLogTails:
		return f
	case FittedPiecewise:
		return f
	case FittedNormalScores:
		return f
	case FittedOneHot:
		return f
	case FittedCodes:
		return f
	case FittedTimes:
		return f
	}
	return nil
}

// applyRows implements Apply for a rowwise transform.
func applyRows(t rowwise, s *Set) (*Set, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("data: %s: %w", t.name(), err)
	}
	v, p, err := s.Table()
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", t.name(), err)
	}
	if err := fittedOn(t.name(), t.from(), s, p); err != nil {
		return nil, err
	}
	features := t.to()
	q, n := len(features), s.Len()
	if q == 0 {
		return nil, fmt.Errorf("data: %s: %s: no columns are left", t.name(), s.Name)
	}
	out, row := make([]float64, n*q), t.lower().Bind(p)
	for i := range n {
		if err := row(out[i*q:(i+1)*q], v[i*p:(i+1)*p]); err != nil {
			return nil, &RowError{i, fmt.Errorf("data: %s: row %d, %w", t.name(), i, err)}
		}
	}
	return s.withTable(out, features), nil
}

// fittedOn checks that a set has the columns that a transform was fitted on.
func fittedOn(what string, features []Feature, s *Set, columns int) error {
	if columns != len(features) {
		return fmt.Errorf("data: %s: fitted on %d columns, given %d", what, len(features), columns)
	}
	for j, f := range s.Features {
		if f.Name != features[j].Name {
			return fmt.Errorf("data: %s: column %d is %q, it was fitted on %q", what, j, f.Name, features[j].Name)
		}
		if !slices.Equal(f.Levels, features[j].Levels) {
			return fmt.Errorf("data: %s: column %s has the levels %s, it was fitted on %s", what, f.Name, some(f.Levels), some(features[j].Levels))
		}
	}
	return nil
}

// some formats a list of texts, shortened if it is long.
func some(list []string) string {
	const most = 8
	if len(list) <= most {
		return fmt.Sprintf("%q", list)
	}
	return fmt.Sprintf("%q and %d more", list[:most], len(list)-most)
}

// RowTransform applies a fitted transform to one row of a table at a time, without a Set
// and without allocating, for example in a service. It has its own memory: use one per
// goroutine.
type RowTransform struct {
	in, out []Feature
	step    rows.Step
	f       func(dst, src []float64) error
}

// NewRowTransform prepares a fitted transform for single rows. It fails if any part of it
// is a type from outside this package. A nil transform copies the given columns.
func NewRowTransform(f Fitted, columns []Feature) (*RowTransform, error) {
	return compileRows(f, columns)
}

// MarshalJSON encodes the columns and the transform as stored in a model file for package
// infer.
func (t *RowTransform) MarshalJSON() ([]byte, error) {
	if t == nil || t.f == nil {
		return nil, errNoRowTransform
	}
	table := rows.Table{Version: rows.TableVersion, Step: t.step}
	for _, f := range t.in {
		table.Columns = append(table.Columns, rows.Column{Name: f.Name, Category: f.Levels != nil, Levels: f.Levels, Time: f.Time})
	}
	return json.Marshal(table)
}

var errNoRowTransform = errors.New("data: a row transform that was not made by NewRowTransform")

// In returns the columns of the rows that Apply accepts, none for a nil RowTransform.
func (t *RowTransform) In() []Feature {
	if t == nil {
		return nil
	}
	return slices.Clone(t.in)
}

// Out returns the columns of the rows that Apply returns, none for a nil RowTransform.
func (t *RowTransform) Out() []Feature {
	if t == nil {
		return nil
	}
	return slices.Clone(t.out)
}

// Apply transforms src, with one value per column of In, to dst, with one value per column
// of Out. Missing values are NaN; levels that did not occur in training are −1.
func (t *RowTransform) Apply(dst, src []float64) error {
	if t == nil || t.f == nil {
		return errNoRowTransform
	}
	if len(src) != len(t.in) || len(dst) != len(t.out) {
		return fmt.Errorf("data: a row of %d values into %d: want %d into %d", len(src), len(dst), len(t.in), len(t.out))
	}
	return t.f(dst, src)
}

func compileRows(f Fitted, columns []Feature) (*RowTransform, error) {
	step, in, out, err := lowerRows(f, columns)
	if err != nil {
		return nil, err
	}
	n, err := step.Width(len(in))
	if err != nil {
		return nil, fmt.Errorf("data: rows: %w", err)
	}
	if n != len(out) {
		return nil, fmt.Errorf("data: a row of %d values for %d columns", n, len(out))
	}
	return &RowTransform{in: in, out: out, step: step, f: step.Bind(len(in))}, nil
}

// lowerRows returns a fitted transform as a step on rows, with the columns before and
// after it.
func lowerRows(f Fitted, columns []Feature) (step rows.Step, in, out []Feature, err error) {
	switch f := f.(type) {
	case nil:
		return rows.Step{}, bare(columns), bare(columns), nil
	case FittedPipeline:
		return f.lower(columns)
	case FittedColumns:
		return f.lower()
	}
	own := rowwiseOf(f)
	if own == nil {
		return step, nil, nil, fmt.Errorf("data: a %T does not go row by row", f)
	}
	if err := own.check(); err != nil {
		return step, nil, nil, fmt.Errorf("data: %s: %w", own.name(), err)
	}
	return rows.Step{Transform: own.lower(), Name: "data: " + own.name()}, own.from(), own.to(), nil
}

func (p FittedPipeline) lower(columns []Feature) (step rows.Step, in, out []Feature, err error) {
	if len(p) == 0 {
		return lowerRows(nil, columns)
	}
	pipeline := make(rows.Pipeline, len(p))
	for i, part := range p {
		var from []Feature
		if pipeline[i], from, columns, err = lowerRows(part, columns); err != nil {
			return step, nil, nil, err
		}
		if i == 0 {
			in = from
		} else if len(from) != len(out) {
			return step, nil, nil, fmt.Errorf("data: pipeline: part %d takes %d columns, the one before it makes %d", i, len(from), len(out))
		}
		out = columns
	}
	return rows.Step{Transform: &pipeline}, in, out, nil
}

// code returns the level that a value stands for, −1 for one that did not occur in
// training. It also reports whether the value is missing.
func code(f Feature, x float64) (level int, missing bool, err error) {
	if math.IsNaN(x) {
		return -1, true, nil
	}
	level = int(x)
	if float64(level) != x || level < -1 || level >= len(f.Levels) {
		return 0, false, fmt.Errorf("column %s: %v is no code of its %d levels", f.Name, x, len(f.Levels))
	}
	return level, false, nil
}
