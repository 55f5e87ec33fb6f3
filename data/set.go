// Package data holds samples and brings them into shape: sets of rows, CSV
// files, embedded reference sets, splits, batches and the transforms that are
// fitted on training rows and applied to all others.
package data

import (
	"errors"
	"fmt"
	"math"

	"gorgonia.org/tensor"
)

// Feature describes one column of a table of inputs. It is numeric, categorical
// (Levels is set) or a time (Time is set). Number, Missing and Seen are what
// reading a file has found out, so that rows to predict are read the same way.
type Feature struct {
	Name    string
	Levels  []string     `json:",omitempty"` // names of the categories, in code order; nil for a numeric column
	Time    string       `json:",omitempty"` // layout of package time that the column's cells have; its values are seconds since 1970-01-01 UTC
	Number  NumberFormat `json:",omitzero"`  // how its numbers stand in the file
	Missing []string     `json:",omitempty"` // texts that mean a missing value in this column, the empty one aside
	Seen    Seen         `json:",omitzero"`  // what the rows of the file were like

	// Indicator marks a column of 0 and 1 that says whether something is the case,
	// as OneHot makes them: transforms that scale leave it as it is.
	Indicator bool `json:",omitempty"`
	// Of is the categorical column that an indicator was made of: the indicators of
	// one column stand side by side.
	Of string `json:",omitempty"`
}

// NumberFormat says how the numbers of a column stand in a file. The zero value
// is a plain number with a decimal point, such as -1137.5 or 1e-3.
type NumberFormat struct {
	Decimal   string `json:",omitempty"` // decimal mark; "": a point
	Thousands string `json:",omitempty"` // mark between groups of three digits; "": none
	Prefix    string `json:",omitempty"` // stands before every number, such as "$"
	Suffix    string `json:",omitempty"` // stands after every number, such as "%" or "mi"
}

// Seen summarises the values of a column in the rows that were read, so that
// rows to predict can be compared with them.
type Seen struct {
	Low     float64 `json:",omitempty"` // smallest value of a numeric column or a time
	High    float64 `json:",omitempty"` // largest value
	Missing float64 `json:",omitempty"` // share of the rows without a value
	Rows    int     `json:",omitempty"` // number of rows; 0: nothing is known
}

// TextColumn is a column that a set keeps as text beside its table: an
// identifier or the names of its rows. No model sees it.
type TextColumn struct {
	Name  string
	Cells []string // one for each row
}

// Set is a number of samples held in memory. Axis 0 of every tensor counts the
// samples (rows); the remaining axes are the shape of one sample.
//
// A table has one input of shape (rows, columns) in float64 and describes its
// columns in Features; a missing value is NaN, the value of a categorical
// column is the index of its level, or -1 for a level that was not there in
// training. Class targets are one tensor of dtype int
// and shape (rows), other targets a float64 tensor of shape (rows) or (rows, columns).
type Set struct {
	Name         string
	Source       string          // where the data come from, and their licence
	Inputs       []*tensor.Dense // one tensor for each input of a model
	Sequences    []Sequences     // inputs whose rows differ in length; a model takes them after Inputs
	Targets      []*tensor.Dense // one tensor for each output of a model; empty in a set to predict
	Steps        []Sequences     // targets with a class or a number for every step of Sequences[0]
	Weights      []float64       // one weight a row, or nil: all 1
	Groups       []int           // rows of one group belong together in a split, or nil
	Features     []Feature       // the columns of Inputs[0] if it is a table
	Texts        []TextColumn    // columns kept as text beside the table
	Target       string          // name of the target column
	TargetNumber NumberFormat    // how the numbers of a real target stood in the file
	Classes      []string        // names of the classes, in index order; nil: the targets are numbers

	TargetColumns []string // names of the columns of a target of several; nil: Target is the only one
	As            Task     // what is to be predicted; nil: Classify if there are Classes, else Regress. See Posing
}

// Len returns the number of rows: that of the first input or sequences, of a set without
// inputs (see [Answers]) that of the first target; 0 if that is nil or a scalar.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	list := s.Inputs
	if len(list) == 0 && len(s.Sequences) > 0 {
		return s.Sequences[0].Rows()
	}
	if len(list) == 0 {
		list = s.Targets
	}
	if len(list) == 0 || list[0] == nil || list[0].Dims() == 0 {
		return 0
	}
	return list[0].Shape()[0]
}

// ErrEmpty is the cause of every error about a set without rows.
var ErrEmpty = errors.New("data: the set has no rows")

// Table returns the values of a table row by row, without a copy, and its
// number of columns. It is an error if the first input is not a float64 matrix.
func (s *Set) Table() (values []float64, columns int, err error) {
	if s.Len() == 0 {
		return nil, 0, ErrEmpty
	}
	if len(s.Inputs) == 0 || s.Inputs[0] == nil {
		return nil, 0, fmt.Errorf("data: %s: no table: the set has no inputs", s.Name)
	}
	x := s.Inputs[0]
	v, ok := x.Data().([]float64)
	if !ok || x.Dims() != 2 {
		return nil, 0, fmt.Errorf("data: %s: want a float64 table (rows, columns), have %v %v", s.Name, x.Dtype(), x.Shape())
	}
	return v, x.Shape()[1], nil
}

// Labels returns the class index of every row, without a copy. If the classes are those of
// steps, it returns that of every step, row by row.
func (s *Set) Labels() ([]int, error) {
	if s == nil {
		return nil, ErrEmpty
	}
	if v, ok, err := s.labelsOfSteps(); ok {
		return v, err
	}
	if len(s.Targets) == 0 || s.Targets[0] == nil {
		return nil, fmt.Errorf("data: %s: the set has no targets", s.Name)
	}
	y, ok := s.Targets[0].Data().([]int)
	if !ok || s.Targets[0].Dims() != 1 {
		return nil, fmt.Errorf("data: %s: want int class labels (rows), have %v %v", s.Name, s.Targets[0].Dtype(), s.Targets[0].Shape())
	}
	return y, nil
}

// Values returns the real target of every row, or step, without a copy.
func (s *Set) Values() ([]float64, error) {
	if s == nil {
		return nil, ErrEmpty
	}
	if v, ok, err := s.valuesOfSteps(); ok {
		return v, err
	}
	if len(s.Targets) == 0 || s.Targets[0] == nil {
		return nil, fmt.Errorf("data: %s: the set has no targets", s.Name)
	}
	y, ok := s.Targets[0].Data().([]float64)
	if !ok || s.Targets[0].Dims() != 1 {
		return nil, fmt.Errorf("data: %s: want float64 targets (rows), have %v %v", s.Name, s.Targets[0].Dtype(), s.Targets[0].Shape())
	}
	return y, nil
}

// NewTable makes a set of one float64 input (rows, columns) without targets.
// Every row must have as many values as there are features.
func NewTable(name string, features []Feature, rows [][]float64) (*Set, error) {
	if len(rows) == 0 {
		return nil, ErrEmpty
	}
	if len(features) == 0 {
		return nil, fmt.Errorf("data: %s: a table without columns", name)
	}
	flat := make([]float64, 0, len(rows)*len(features))
	for i, r := range rows {
		if len(r) != len(features) {
			return nil, fmt.Errorf("data: %s: row %d has %d values, want %d", name, i, len(r), len(features))
		}
		for j, v := range r {
			if math.IsInf(v, 0) {
				return nil, fmt.Errorf("data: %s: row %d, column %s: %v is not finite", name, i, features[j].Name, v)
			}
		}
		flat = append(flat, r...)
	}
	x := tensor.New(tensor.WithShape(len(rows), len(features)), tensor.WithBacking(flat))
	return &Set{Name: name, Inputs: []*tensor.Dense{x}, Features: features}, nil
}
