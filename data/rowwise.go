package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// rowwise is a fitted transform of this package: it makes of every row of a
// table another row, whatever the other rows are.
type rowwise interface {
	Fitted
	name() string
	check() error    // what was read from a file is consistent
	from() []Feature // the columns that it was fitted on
	to() []Feature   // the columns that it makes
	// row fills dst, of as many values as there are columns in to, from src.
	row(dst, src []float64) error
}

// rowwiseOf returns f as a rowwise, nil if it is none.
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

// applyRows is the Apply of a rowwise transform.
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
	out := make([]float64, n*q)
	for i := range n {
		if err := t.row(out[i*q:(i+1)*q], v[i*p:(i+1)*p]); err != nil {
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

// some writes a list of texts, no more of them than a person reads.
func some(list []string) string {
	const most = 8
	if len(list) <= most {
		return fmt.Sprintf("%q", list)
	}
	return fmt.Sprintf("%q and %d more", list[:most], len(list)-most)
}

// RowTransform applies a fitted transform to one row of a table at a time,
// without the Set around it and without allocating: what a service does with a
// request. It has memory of its own, so that each goroutine wants one.
type RowTransform struct {
	in, out []Feature
	f       func(dst, src []float64) error
}

// NewRowTransform prepares a fitted transform for single rows. It is an error if
// a part of it is a type from outside this package. No transform (nil) wants the
// columns and copies them.
func NewRowTransform(f Fitted, columns []Feature) (*RowTransform, error) {
	if f == nil {
		return &RowTransform{bare(columns), bare(columns), func(dst, src []float64) error { copy(dst, src); return nil }}, nil
	}
	return compileRows(f, columns)
}

// In returns the columns of a row that Apply takes, none of a nil RowTransform.
func (t *RowTransform) In() []Feature {
	if t == nil {
		return nil
	}
	return slices.Clone(t.in)
}

// Out returns the columns of a row that Apply makes, none of a nil RowTransform.
func (t *RowTransform) Out() []Feature {
	if t == nil {
		return nil
	}
	return slices.Clone(t.out)
}

// Apply fills dst, of as many values as Out has columns, from src, of as many as
// In has. Missing values are NaN, levels that were not there in training −1.
func (t *RowTransform) Apply(dst, src []float64) error {
	if t == nil || t.f == nil {
		return errors.New("data: a row transform that was not made by NewRowTransform")
	}
	if len(src) != len(t.in) || len(dst) != len(t.out) {
		return fmt.Errorf("data: a row of %d values into %d: want %d into %d", len(src), len(dst), len(t.in), len(t.out))
	}
	return t.f(dst, src)
}

func compileRows(f Fitted, columns []Feature) (*RowTransform, error) {
	switch f := f.(type) {
	case FittedPipeline:
		return compilePipeline(f, columns)
	case FittedColumns:
		return f.compile()
	}
	own := rowwiseOf(f)
	if own == nil {
		return nil, fmt.Errorf("data: a %T does not go row by row", f)
	}
	if err := own.check(); err != nil {
		return nil, fmt.Errorf("data: %s: %w", own.name(), err)
	}
	return &RowTransform{own.from(), own.to(), func(dst, src []float64) error {
		if err := own.row(dst, src); err != nil {
			return fmt.Errorf("data: %s: %w", own.name(), err)
		}
		return nil
	}}, nil
}

func compilePipeline(p FittedPipeline, columns []Feature) (*RowTransform, error) {
	if len(p) == 0 {
		return NewRowTransform(nil, columns)
	}
	steps := make([]*RowTransform, len(p))
	buffers := make([][]float64, len(p)) // between the steps
	for i, part := range p {
		if i > 0 {
			columns = steps[i-1].out
		}
		var err error
		if steps[i], err = compileRows(part, columns); err != nil {
			return nil, err
		}
		if len(steps[i].in) != len(columns) && i > 0 {
			return nil, fmt.Errorf("data: pipeline: part %d takes %d columns, the one before it makes %d", i, len(steps[i].in), len(columns))
		}
		buffers[i] = make([]float64, len(steps[i].out))
	}
	last := len(p) - 1
	return &RowTransform{steps[0].in, steps[last].out, func(dst, src []float64) error {
		for i, s := range steps {
			to := buffers[i]
			if i == last {
				to = dst
			}
			if err := s.f(to, src); err != nil {
				return err
			}
			src = to
		}
		return nil
	}}, nil
}

// code returns the level that a value stands for: −1 for one that was not there
// in training. A missing value is no level.
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
