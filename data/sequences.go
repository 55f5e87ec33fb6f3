package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"
)

// Sequences holds a sequence of any length for every row. It is an input of a model
// ([Set.Sequences]) or a target with a class or a number for every step ([Set.Steps]). The
// steps of row i are Offsets[i] to Offsets[i+1] of Values. A row may have no steps.
//
// Values is (steps of all rows, ...): float64 or float32 with features per step, or int,
// such as token ids. In the result of [Answers] it is nil, and only the lengths are known.
type Sequences struct {
	Name    string
	Values  *tensor.Dense
	Offsets []int // one more than there are rows, non-decreasing, from 0
	Size    int   // of a vocabulary: ids are in [0, Size); 0: not known
}

// NewSequences joins sequences. Each holds the values of its steps one after another,
// width values per step: Values is (steps of all rows, width).
func NewSequences(name string, width int, rows [][]float64) (Sequences, error) {
	if width < 1 {
		return Sequences{}, fmt.Errorf("data: sequences %q: %d values for each step", name, width)
	}
	flat, offsets, err := joined(name, width, rows)
	if err != nil {
		return Sequences{}, err
	}
	return Sequences{Name: name, Values: shaped(flat, len(flat)/width, width), Offsets: offsets}, nil
}

// NewIntSequences joins sequences of indices, such as token ids or the classes of steps.
func NewIntSequences(name string, rows [][]int) (Sequences, error) {
	flat, offsets, err := joined(name, 1, rows)
	if err != nil {
		return Sequences{}, err
	}
	return Sequences{Name: name, Values: shaped(flat, len(flat)), Offsets: offsets}, nil
}

func joined[T any](name string, width int, rows [][]T) (flat []T, offsets []int, err error) {
	offsets = make([]int, 1, len(rows)+1)
	for i, r := range rows {
		if len(r)%width != 0 {
			return nil, nil, &RowError{i, fmt.Errorf("data: sequences %q: row %d has %d values, which is not a multiple of the %d values per step", name, i, len(r), width)}
		}
		flat = append(flat, r...)
		offsets = append(offsets, len(flat)/width)
	}
	if len(flat) == 0 {
		return nil, nil, fmt.Errorf("data: sequences %q: %w: no row has a step", name, ErrEmpty)
	}
	return flat, offsets, nil
}

// shaped returns the values of steps as a tensor.
func shaped[T any](flat []T, steps int, width ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(append([]int{steps}, width...)...), tensor.WithBacking(flat))
}

// Rows returns the number of rows.
func (q *Sequences) Rows() int {
	if q == nil || len(q.Offsets) == 0 {
		return 0
	}
	return len(q.Offsets) - 1
}

// Len returns the number of steps of a row, 0 if the row does not exist.
func (q *Sequences) Len(row int) int {
	if row < 0 || row >= q.Rows() {
		return 0
	}
	return q.Offsets[row+1] - q.Offsets[row]
}

// Step returns the shape of a step; it is empty for a single number.
func (q *Sequences) Step() []int {
	if q == nil || q.Values == nil || q.Values.Dims() == 0 {
		return nil
	}
	return slices.Clone([]int(q.Values.Shape()[1:]))
}

// width is the number of values of a step.
func (q *Sequences) width() int {
	n := 1
	for _, d := range q.Values.Shape()[1:] {
		n *= d
	}
	return n
}

// PaddedSteps returns the length to which the sequences of a batch are padded, given the
// length of the longest: the next of 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, ..., four per
// doubling. Few programs need to be compiled, and beyond 8 the longest row grows by less
// than a quarter.
func PaddedSteps(longest int) int {
	if longest <= 8 {
		return 8
	}
	unit := 1
	for (longest-1)/8 >= unit {
		unit *= 2
	}
	return longest + (unit-longest%unit)%unit
}

// Lengths returns, for every row, the number of steps of its longest sequence; nil if the
// set has no sequences.
func (s *Set) Lengths() []int {
	if s == nil || len(s.Sequences) == 0 {
		return nil
	}
	out := make([]int, s.Len())
	for k := range s.Sequences {
		for i := range out {
			out[i] = max(out[i], s.Sequences[k].Len(i))
		}
	}
	return out
}

// lengthsOnly returns sequences without their values.
func lengthsOnly(list []Sequences) []Sequences {
	if list == nil {
		return nil
	}
	out := slices.Clone(list)
	for k := range out {
		out[k].Values = nil
	}
	return out
}

// takeSequences copies the given rows.
func takeSequences(list []Sequences, index []int, n int) ([]Sequences, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]Sequences, len(list))
	for k := range list {
		q := &list[k]
		if q.Rows() != n {
			return nil, fmt.Errorf("%q has %d rows, the set %d", q.Name, q.Rows(), n)
		}
		offsets := make([]int, len(index)+1)
		for i, r := range index {
			offsets[i+1] = offsets[i] + q.Len(r)
		}
		out[k] = Sequences{Name: q.Name, Offsets: offsets, Size: q.Size}
		if q.Values == nil {
			continue
		}
		if steps := q.Values.Shape()[0]; q.Offsets[n] > steps {
			return nil, fmt.Errorf("%q has %d steps, its offsets go to %d", q.Name, steps, q.Offsets[n])
		}
		w, total := q.width(), offsets[len(index)]
		switch d := dense(q.Values).Data().(type) {
		case []float64:
			out[k].Values = shaped(takeSteps(d, q.Offsets, index, w, total), max(1, total), q.Values.Shape()[1:]...)
		case []float32:
			out[k].Values = shaped(takeSteps(d, q.Offsets, index, w, total), max(1, total), q.Values.Shape()[1:]...)
		case []int:
			out[k].Values = shaped(takeSteps(d, q.Offsets, index, w, total), max(1, total), q.Values.Shape()[1:]...)
		default:
			return nil, fmt.Errorf("%q has values of type %v", q.Name, q.Values.Dtype())
		}
	}
	return out, nil
}

// takeSteps copies the steps of rows. If there are none, it returns one step of zeros that
// belongs to no row, as a tensor cannot be empty.
func takeSteps[T any](from []T, offsets, index []int, width, total int) []T {
	out := make([]T, max(1, total)*width)
	at := 0
	for _, r := range index {
		at += copy(out[at:], from[offsets[r]*width:offsets[r+1]*width])
	}
	return out
}

// putSequences appends the rows of a part to a list; the first part starts the list.
func putSequences(list, part []Sequences, at int) ([]Sequences, error) {
	if at == 0 {
		list = make([]Sequences, len(part))
		for k, q := range part {
			list[k] = Sequences{Name: q.Name, Offsets: []int{0}, Size: q.Size}
		}
		if part == nil {
			return nil, nil
		}
	}
	if len(list) != len(part) {
		return nil, fmt.Errorf("data: rows from %d on have %d sequences, those before %d", at, len(part), len(list))
	}
	for k := range part {
		q, to := &part[k], &list[k]
		base := to.Offsets[len(to.Offsets)-1]
		for _, o := range q.Offsets[1:] {
			to.Offsets = append(to.Offsets, base+o)
		}
		if q.Values == nil {
			continue
		}
		var err error
		if to.Values, err = appended(to.Values, q, base); err != nil {
			return nil, fmt.Errorf("data: rows from %d on: sequences %q: %w", at, q.Name, err)
		}
	}
	return list, nil
}

// appended returns the first base steps of a tensor followed by those of q.
func appended(to *tensor.Dense, q *Sequences, base int) (*tensor.Dense, error) {
	n := q.Offsets[q.Rows()]
	w := q.width()
	var before any
	if to != nil {
		if !slices.Equal(to.Shape()[1:], q.Values.Shape()[1:]) {
			return nil, fmt.Errorf("steps of shape %v, those before %v", q.Values.Shape()[1:], to.Shape()[1:])
		}
		before = to.Data()
	}
	shape := q.Values.Shape()[1:]
	switch d := dense(q.Values).Data().(type) {
	case []float64:
		b, ok := before.([]float64)
		if ok || to == nil {
			return shaped(atLeast(append(b[:base*w], d[:n*w]...), w), max(1, base+n), shape...), nil
		}
	case []float32:
		b, ok := before.([]float32)
		if ok || to == nil {
			return shaped(atLeast(append(b[:base*w], d[:n*w]...), w), max(1, base+n), shape...), nil
		}
	case []int:
		b, ok := before.([]int)
		if ok || to == nil {
			return shaped(atLeast(append(b[:base*w], d[:n*w]...), w), max(1, base+n), shape...), nil
		}
	}
	return nil, fmt.Errorf("values of type %v", q.Values.Dtype())
}

// atLeast returns v, or width zeros if v is empty.
func atLeast[T any](v []T, width int) []T {
	if len(v) == 0 {
		return make([]T, width)
	}
	return v
}

// validateSequences checks sequences, both inputs and targets.
func (s *Set) validateSequences(n int) error {
	for k := range s.Sequences {
		if err := s.validateSequence(&s.Sequences[k], n, fmt.Sprintf("sequences %q", s.Sequences[k].Name)); err != nil {
			return err
		}
	}
	if len(s.Steps) > 0 && len(s.Sequences) == 0 {
		return fmt.Errorf("data: %s: targets for steps, and no sequences", s.Name)
	}
	for k := range s.Steps {
		q := &s.Steps[k]
		if err := s.validateSequence(q, n, fmt.Sprintf("targets of steps %q", q.Name)); err != nil {
			return err
		}
		for i := range n {
			if have, want := q.Len(i), s.Sequences[0].Len(i); have != want {
				return &RowError{i, fmt.Errorf("data: %s: row %d: %d targets %q for a sequence %q of %d steps", s.Name, i, have, q.Name, s.Sequences[0].Name, want)}
			}
		}
		labels, ok := q.Values.Data().([]int)
		if !ok || s.Classes == nil || k > 0 {
			continue
		}
		for i := range n {
			for at, l := range labels[q.Offsets[i]:q.Offsets[i+1]] {
				if l < 0 || l >= len(s.Classes) {
					return &RowError{i, fmt.Errorf("data: %s: row %d, step %d: class %d is not in [0, %d)", s.Name, i, at, l, len(s.Classes))}
				}
			}
		}
	}
	return nil
}

func (s *Set) validateSequence(q *Sequences, n int, what string) error {
	if q.Values == nil || q.Values.Dims() == 0 {
		return fmt.Errorf("data: %s: %s have no values", s.Name, what)
	}
	if q.Rows() != n {
		return fmt.Errorf("data: %s: %s have %d rows, the set has %d", s.Name, what, q.Rows(), n)
	}
	steps := q.Values.Shape()[0]
	if q.Offsets[0] != 0 || q.Offsets[n] > steps {
		return fmt.Errorf("data: %s: %s: offsets from %d to %d for %d steps", s.Name, what, q.Offsets[0], q.Offsets[n], steps)
	}
	for i := range n {
		if q.Len(i) < 0 {
			return &RowError{i, fmt.Errorf("data: %s: %s: row %d begins at step %d and ends at %d", s.Name, what, i, q.Offsets[i], q.Offsets[i+1])}
		}
	}
	bad := func(at int, v float64) error {
		step := at / q.width()
		row, _ := slices.BinarySearch(q.Offsets, step+1)
		row = min(row-1, n-1)
		return &RowError{row, fmt.Errorf("data: %s: %s: row %d, step %d, value %d: %v is not finite", s.Name, what, row, step-q.Offsets[row], at%q.width(), v)}
	}
	switch d := dense(q.Values).Data().(type) {
	case []float64:
		if at := slices.IndexFunc(d, func(v float64) bool { return v-v != 0 }); at >= 0 {
			return bad(at, d[at])
		}
	case []float32:
		if at := slices.IndexFunc(d, func(v float32) bool { return v-v != 0 }); at >= 0 {
			return bad(at, float64(d[at]))
		}
	case []int:
		return s.validateIDs(q, d[:q.Offsets[n]*q.width()], what)
	default:
		return fmt.Errorf("data: %s: %s have values of type %v, want float64, float32 or int", s.Name, what, q.Values.Dtype())
	}
	return nil
}

// validateIDs checks the ids of a vocabulary.
func (s *Set) validateIDs(q *Sequences, ids []int, what string) error {
	if q.Size < 0 {
		return fmt.Errorf("data: %s: %s: a vocabulary of %d", s.Name, what, q.Size)
	}
	if q.Size == 0 {
		return nil
	}
	for at, id := range ids {
		if id < 0 || id >= q.Size {
			step := at / q.width()
			row, _ := slices.BinarySearch(q.Offsets, step+1)
			return &RowError{row - 1, fmt.Errorf("data: %s: %s: row %d, step %d: the id %d is not in [0, %d)", s.Name, what, row-1, step-q.Offsets[row-1], id, q.Size)}
		}
	}
	return nil
}

// checkFloat32 reports the first step that is out of range for float32.
func (q *Sequences) checkFloat32(set string) error {
	if q.Values == nil {
		return nil
	}
	d, _ := dense(q.Values).Data().([]float64)
	at := slices.IndexFunc(d, func(v float64) bool { return math.Abs(v) > math.MaxFloat32 })
	if at < 0 {
		return nil
	}
	step := at / q.width()
	row, _ := slices.BinarySearchFunc(q.Offsets, step+1, cmp.Compare)
	row = max(0, row-1)
	return &RowError{row, fmt.Errorf("data: %s: sequences %q: row %d, step %d: %v is beyond what float32 holds (3.4e38)", set, q.Name, row, step-q.Offsets[row], d[at])}
}

// labelsOfSteps returns the classes of all steps, row by row, if they are the set's
// targets.
func (s *Set) labelsOfSteps() ([]int, bool, error) {
	if len(s.Targets) > 0 || len(s.Steps) == 0 {
		return nil, false, nil
	}
	q := &s.Steps[0]
	if q.Values == nil {
		return nil, true, errors.New("data: only the lengths of the steps are known")
	}
	v, ok := q.Values.Data().([]int)
	if !ok || q.Values.Dims() != 1 {
		return nil, true, fmt.Errorf("data: %s: want an int class for every step, have %v of shape %v", s.Name, q.Values.Dtype(), q.Values.Shape())
	}
	return v[:q.Offsets[q.Rows()]], true, nil
}

// valuesOfSteps is labelsOfSteps for real targets.
func (s *Set) valuesOfSteps() ([]float64, bool, error) {
	if len(s.Targets) > 0 || len(s.Steps) == 0 {
		return nil, false, nil
	}
	q := &s.Steps[0]
	if q.Values == nil {
		return nil, true, errors.New("data: only the lengths of the steps are known")
	}
	v, ok := q.Values.Data().([]float64)
	if !ok || q.Values.Dims() != 1 {
		return nil, true, fmt.Errorf("data: %s: want a float64 target for every step, have %v of shape %v", s.Name, q.Values.Dtype(), q.Values.Shape())
	}
	return v[:q.Offsets[q.Rows()]], true, nil
}
