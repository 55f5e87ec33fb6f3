package data

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/check"
	"gorgonia.org/tensor"
)

// Rows returns a set of the chosen rows, in the given order, with its own memory. A row
// may be chosen more than once.
func (s *Set) Rows(index []int) (*Set, error) {
	out := &Set{}
	if err := s.load(index, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Without returns the set without its targets, as a model sees it when predicting.
func (s *Set) Without() *Set {
	if s == nil {
		return &Set{}
	}
	out := *s
	out.Targets, out.Steps = nil, nil
	return &out
}

// ClassCounts returns the number of rows of every class.
func (s *Set) ClassCounts() ([]int, error) {
	labels, err := s.Labels()
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(s.Classes))
	if err := check.Classes(labels, len(counts)); err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.Name, err)
	}
	for _, l := range labels {
		counts[l]++
	}
	return counts, nil
}

// FromRows returns a table with real targets; columns are named x0, x1, ...
func FromRows(name string, x [][]float64, y []float64) (*Set, error) {
	s, err := fromRows(name, x)
	if err != nil {
		return nil, err
	}
	if len(y) == 0 {
		return nil, fmt.Errorf("data: %s: no targets", name)
	}
	s.Target = "y"
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(slices.Clone(y)))}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}

// FromLabels returns a table with class targets. Labels are indices into classes; columns
// are named x0, x1, ...
func FromLabels(name string, x [][]float64, labels []int, classes []string) (*Set, error) {
	s, err := fromRows(name, x)
	if err != nil {
		return nil, err
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("data: %s: no class names", name)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("data: %s: no labels", name)
	}
	s.Target, s.Classes = "class", classes
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(slices.Clone(labels)))}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}

func fromRows(name string, x [][]float64) (*Set, error) {
	if len(x) == 0 {
		return nil, ErrEmpty
	}
	features := make([]Feature, len(x[0]))
	for i := range features {
		features[i].Name = fmt.Sprint("x", i)
	}
	return NewTable(name, features, x)
}

// RowError is an error about a row of a set. Its text names the row. Code that passed on a
// part of a set can use Row to find the row in the whole set.
type RowError struct {
	Row int // from 0
	Err error
}

// Error returns the text of the cause.
func (e *RowError) Error() string {
	if e == nil || e.Err == nil {
		return "data: a row is wrong"
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *RowError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}
