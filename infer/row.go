package infer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// Column is a column of the table that a model was trained on: of numbers, of categories
// if it has Levels, of times if it has a Time.
type Column struct {
	Name   string
	Levels []string // names of the categories, in the order of their codes
	Time   string   // layout of package time that its cells were written in
}

// Columns returns the columns of a row, in their order; none of a model that was not
// trained on a table.
func (m *Model) Columns() []Column {
	if m == nil || m.table == nil {
		return nil
	}
	out := make([]Column, len(m.table.Columns))
	for i, c := range m.table.Columns {
		out[i] = Column{Name: c.Name, Levels: slices.Clone(c.Levels), Time: c.Time}
	}
	return out
}

// Row runs a model for single rows of the table that it was trained on, preprocessing
// included. It is not safe for concurrent use: each goroutine wants one.
type Row struct {
	table     *rows.Table
	session   *Session
	transform func(dst, src []float64) error
	raw       []float64
	ready     []float64
	codes     []map[string]float64 // of the levels of each column
}

// Row prepares the model for single rows of its table.
func (m *Model) Row() (*Row, error) {
	if m == nil || m.program == nil {
		return nil, errNotOpened
	}
	if m.table == nil {
		return nil, fmt.Errorf("infer: single rows: %s", m.noTable)
	}
	s, err := m.Session(1)
	if err != nil {
		return nil, err
	}
	n := len(m.table.Columns)
	width, err := m.table.Width()
	if err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	if len(s.inputs) != 1 || s.inputs[0].Len() != width || s.inputs[0].Int != nil {
		return nil, fmt.Errorf("infer: preprocessing makes %d numbers, which the program does not take", width)
	}
	r := &Row{
		table: m.table, session: s, transform: m.table.Step.Bind(n),
		raw: make([]float64, n), ready: make([]float64, width), codes: make([]map[string]float64, n),
	}
	for j, c := range m.table.Columns {
		if c.Category {
			r.codes[j] = make(map[string]float64, len(c.Levels))
			for k, l := range c.Levels {
				r.codes[j][l] = float64(k)
			}
		}
	}
	return r, nil
}

// Run returns the outputs of a row, whose memory the next run overwrites. The row has a
// value for each column: of a category the place of its level, −1 for one that was not
// there in training, of a time its seconds since 1970-01-01 UTC; a missing value is NaN.
func (r *Row) Run(ctx context.Context, row []float64) ([]Memory, error) {
	if r == nil || r.session == nil {
		return nil, errors.New("infer: the row is nil or zero: Model.Row makes one")
	}
	if len(row) != len(r.raw) {
		return nil, fmt.Errorf("infer: a row of %d values: want %d", len(row), len(r.raw))
	}
	if err := r.transform(r.ready, row); err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	in := r.session.inputs[0]
	for i, v := range r.ready {
		if in.Float32 != nil {
			in.Float32[i] = float32(v)
		} else {
			in.Float64[i] = v
		}
	}
	if err := r.session.Run(ctx); err != nil {
		return nil, err
	}
	return r.session.outputs, nil
}

// RunMap is Run for a row whose cells are found by the names of the columns: a float64,
// float32 or int, of a category the text of its level, of a time its seconds since
// 1970-01-01 UTC. nil and a column that is not there are missing values, a text that is no
// level is one that did not occur in training. A name that the model does not know is an
// error.
func (r *Row) RunMap(ctx context.Context, row map[string]any) ([]Memory, error) {
	if r == nil || r.session == nil {
		return r.Run(ctx, nil)
	}
	known := 0
	for j, c := range r.table.Columns {
		v, there := row[c.Name]
		if there {
			known++
		}
		var err error
		if r.raw[j], err = r.cell(j, v); err != nil {
			return nil, fmt.Errorf("infer: column %q: %w", c.Name, err)
		}
	}
	if known < len(row) {
		for name := range row {
			if !slices.ContainsFunc(r.table.Columns, func(c rows.Column) bool { return c.Name == name }) {
				return nil, fmt.Errorf("infer: the model has no column %q", name)
			}
		}
	}
	return r.Run(ctx, r.raw)
}

// cell returns the number that stands for a cell of column j.
func (r *Row) cell(j int, v any) (float64, error) {
	c := &r.table.Columns[j]
	switch v := v.(type) {
	case nil:
		return math.NaN(), nil
	case string:
		if c.Category {
			if code, ok := r.codes[j][v]; ok {
				return code, nil
			}
			return -1, nil
		}
	case float64:
		if !c.Category {
			return v, nil
		}
	case float32:
		return r.cell(j, float64(v))
	case int:
		return r.cell(j, float64(v))
	}
	want := "a number"
	if c.Category {
		want = "the text of a level"
	}
	return 0, fmt.Errorf("%v is a %T, want %s", v, v, want)
}
