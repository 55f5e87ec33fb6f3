// Package data holds samples and prepares them for training: sets of rows, CSV files,
// embedded reference sets, splits, batches, and transforms that are fitted on training
// rows and applied to all others.
package data

import (
	"errors"
	"fmt"
	"math"

	"gorgonia.org/tensor"
)

// Feature describes one column of a table of inputs. It is numeric, categorical (Levels is
// set) or a time (Time is set). Number, Missing and Seen record what was found when the
// file was read, so that rows to predict are read the same way.
type Feature struct {
	Name    string
	Levels  []string     `json:",omitempty"` // names of the categories, in code order; nil for a numeric column
	Time    string       `json:",omitempty"` // layout of the cells, as in package time; the values are seconds since 1970-01-01 UTC
	Number  NumberFormat `json:",omitzero"`  // how its numbers are written in the file
	Missing []string     `json:",omitempty"` // texts that mean a missing value in this column, besides the empty one
	Seen    Seen         `json:",omitzero"`  // summary of its values in the file

	// Indicator marks a column of 0 and 1 that states whether something is the case, such
	// as those OneHot makes. Transforms that scale leave it unchanged.
	Indicator bool `json:",omitempty"`
	// Of is the categorical column that an indicator was made from. The indicators of one
	// column are adjacent.
	Of string `json:",omitempty"`
}

// NumberFormat describes how the numbers of a column are written in a file. The zero value
// is a plain number with a decimal point, such as -1137.5 or 1e-3.
type NumberFormat struct {
	Decimal   string `json:",omitempty"` // decimal mark; "": point
	Thousands string `json:",omitempty"` // mark between groups of three digits; "": none
	Prefix    string `json:",omitempty"` // text before every number, such as "$"
	Suffix    string `json:",omitempty"` // text after every number, such as "%" or "mi"
}

// Seen summarises the values of a column in the rows that were read, so that rows to
// predict can be compared with them.
type Seen struct {
	Low     float64 `json:",omitempty"` // smallest value of a numeric column or a time
	High    float64 `json:",omitempty"` // largest value
	Missing float64 `json:",omitempty"` // fraction of the rows without a value
	Rows    int     `json:",omitempty"` // number of rows; 0: nothing known
}

// TextColumn is a column that a set keeps as text: an identifier, the names of its rows, or
// what they say. Networks and trees see it once a transform, such as corpus.Tokens, has made
// sequences or numbers of it; models of texts, such as baselines.TextLogistic, see nothing else.
type TextColumn struct {
	Name  string
	Cells []string // one per row
}

// Set is a collection of samples held in memory. Axis 0 of every tensor indexes the
// samples (rows); the remaining axes are the shape of one sample.
//
// A table has one float64 input of shape (rows, columns), with its columns described in
// Features. A missing value is NaN. The value of a categorical column is the index of its
// level, or -1 for a level that did not occur in training. Class targets are one int
// tensor of shape (rows); other targets are a float64 tensor of shape (rows) or (rows,
// columns).
type Set struct {
	Name         string
	Source       string          // origin and licence of the data
	Inputs       []*tensor.Dense // one tensor per model input
	Sequences    []Sequences     // inputs whose rows differ in length; a model takes them after Inputs
	Targets      []*tensor.Dense // one tensor per model output; empty in a set to predict
	Steps        []Sequences     // targets with a class or number for every step of Sequences[0]
	Weights      []float64       // one weight per row; nil: all 1
	Groups       []int           // group of every row; a split keeps groups whole. nil: no groups
	Features     []Feature       // the columns of Inputs[0], if that is a table
	Texts        []TextColumn    // columns kept as text, next to a table or alone
	Target       string          // name of the target column
	TargetNumber NumberFormat    // how the numbers of a real target were written in the file
	Classes      []string        // names of the classes, in index order; nil: the targets are numbers

	TargetColumns []string // names of the target columns, if there are several; nil: Target is the only one
	As            Task     // what is to be predicted; nil: Classify if there are Classes, otherwise Regress. See Posing
}

// Len returns the number of rows: the size of the first input or, without inputs, of the
// first sequences, the first target (see [Answers]) or the first column of texts. It is 0 if
// that tensor is nil or a scalar.
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
	if len(list) == 0 && len(s.Texts) > 0 {
		return len(s.Texts[0].Cells)
	}
	if len(list) == 0 || list[0] == nil || list[0].Dims() == 0 {
		return 0
	}
	return list[0].Shape()[0]
}

// ErrEmpty is the cause of every error about a set without rows.
var ErrEmpty = errors.New("data: the set has no rows")

// Table returns the values of a table in row-major order, without copying, and its number
// of columns. It fails if the first input is not a float64 matrix.
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

// Labels returns the class index of every row, without copying. If the classes are those
// of steps, it returns the class of every step, row by row.
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

// Values returns the real target of every row, or of every step, without copying.
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

// NewTable returns a set with one float64 input (rows, columns) and no targets. Every row
// must have one value per feature.
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
