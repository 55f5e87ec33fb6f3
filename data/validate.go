package data

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"
)

// Validate checks that all parts of the set have the same number of rows, that labels are
// in range, that weights are non-negative and not all 0, that all numbers are finite
// (apart from NaN in a table, which is a missing value), and that the targets suit the
// task. The error names row and column.
func (s *Set) Validate() error {
	n := s.Len()
	if n == 0 || len(s.Inputs) == 0 && len(s.Sequences) == 0 && len(s.Texts) == 0 {
		return ErrEmpty
	}
	if len(s.Features) > 0 && len(s.Inputs) == 0 {
		return fmt.Errorf("data: %s: %d features, and no table", s.Name, len(s.Features))
	}
	if err := s.validateSequences(n); err != nil {
		return err
	}
	if len(s.Features) > 0 {
		if shape := s.Inputs[0].Shape(); len(shape) != 2 || shape[1] != len(s.Features) {
			return fmt.Errorf("data: %s: %d features for an input of shape %v", s.Name, len(s.Features), shape)
		}
	}
	for k, t := range s.Inputs {
		if err := s.validate(t, n, fmt.Sprintf("input %d", k), len(s.Features) > 0 && k == 0); err != nil {
			return err
		}
	}
	if err := s.ValidateAnswers(); err != nil {
		return err
	}
	for _, c := range s.Texts {
		if len(c.Cells) != n {
			return s.textRows(c)
		}
	}
	return nil
}

// ValidateAnswers is Validate for the result of [Answers]: targets, weights and groups.
func (s *Set) ValidateAnswers() error {
	n := s.Len()
	if n == 0 {
		return ErrEmpty
	}
	for k, t := range s.Targets {
		if err := s.validate(t, n, fmt.Sprintf("target %d", k), false); err != nil {
			return err
		}
	}
	if s.Classes != nil && len(s.Targets) > 0 && !s.steps() {
		if _, err := s.ClassCounts(); err != nil {
			return err
		}
	}
	if s.As != nil {
		if err := s.CheckTask(); err != nil {
			return err
		}
	}
	if err := s.validateWeights(n); err != nil {
		return err
	}
	if s.Groups != nil && len(s.Groups) != n {
		return fmt.Errorf("data: %s: %d groups for %d rows", s.Name, len(s.Groups), n)
	}
	return nil
}

// steps reports whether the target has a class at each of several steps.
func (s *Set) steps() bool {
	return s.As != nil && len(s.Targets) > 0 && s.Targets[0] != nil && s.Targets[0].Dims() == 2
}

func (s *Set) textRows(c TextColumn) error {
	return fmt.Errorf("data: %s: text column %s has %d cells for %d rows", s.Name, c.Name, len(c.Cells), s.Len())
}

func (s *Set) validateWeights(n int) error {
	if s.Weights == nil {
		return nil
	}
	if len(s.Weights) != n {
		return fmt.Errorf("data: %s: %d weights for %d rows", s.Name, len(s.Weights), n)
	}
	sum := 0.0
	for i, w := range s.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("data: %s: row %d: weight %v", s.Name, i, w)
		}
		sum += w
	}
	if sum == 0 {
		return fmt.Errorf("data: %s: all weights are 0", s.Name)
	}
	return nil
}

func (s *Set) validate(t *tensor.Dense, n int, what string, table bool) error {
	if t == nil || len(t.Shape()) == 0 {
		return fmt.Errorf("data: %s: %s has no rows", s.Name, what)
	}
	if rows := t.Shape()[0]; rows != n {
		return fmt.Errorf("data: %s: %s has %d rows, the first input has %d", s.Name, what, rows, n)
	}
	width := t.Shape().TotalSize() / n
	bad := func(i int, v float64) error {
		if table {
			return &RowError{i / width, fmt.Errorf("data: %s: row %d, column %s: %v is not finite", s.Name, i/width, s.Features[i%width].Name, v)}
		}
		return &RowError{i / width, fmt.Errorf("data: %s: %s, row %d, value %d: %v is not finite", s.Name, what, i/width, i%width, v)}
	}
	switch d := dense(t).Data().(type) {
	case []float64:
		at := len(d) // first value that is not finite
		for i, v := range d {
			if v-v != 0 && (v == v || !table) { // x − x is NaN for infinities and NaN
				at = i
				break
			}
		}
		if table {
			if err := s.validateLevels(d[:at], width); err != nil {
				return err
			}
		}
		if at < len(d) {
			return bad(at, d[at])
		}
	case []float32:
		for i, v := range d {
			if math.IsInf(float64(v), 0) || v != v {
				return bad(i, float64(v))
			}
		}
	case []int:
	default:
		return fmt.Errorf("data: %s: %s has values of type %v, want float64, float32 or int", s.Name, what, t.Dtype())
	}
	return nil
}

// validateLevels checks the codes of all levels.
func (s *Set) validateLevels(d []float64, width int) error {
	first := len(d)
	for k := range s.Features {
		if s.Features[k].Levels == nil {
			continue
		}
		most := float64(len(s.Features[k].Levels))
		for i := k; i < first; i += width {
			if v := d[i]; v == v && (v != math.Trunc(v) || v < -1 || v >= most) {
				first = i
			}
		}
	}
	if first == len(d) {
		return nil
	}
	return s.validateLevel(first, width, d[first])
}

// validateLevel checks the code of a level; -1 stands for one that did not occur in
// training.
func (s *Set) validateLevel(i, width int, v float64) error {
	f := s.Features[i%width]
	if !math.IsNaN(v) && (v != math.Trunc(v) || v < -1 || v >= float64(len(f.Levels))) {
		return &RowError{i / width, fmt.Errorf("data: %s: row %d, column %s: %v is no code of its %d levels", s.Name, i/width, f.Name, v, len(f.Levels))}
	}
	return nil
}
