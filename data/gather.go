package data

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// load fills a set with the given rows of s.
func (s *Set) load(index []int, into *Set) error {
	n := s.Len()
	if into == nil {
		return errors.New("data: there is no set to load rows into")
	}
	if s == nil || len(index) == 0 {
		return ErrEmpty
	}
	if s.Weights != nil && len(s.Weights) != n || s.Groups != nil && len(s.Groups) != n {
		return fmt.Errorf("data: %s: %d weights and %d groups for %d rows", s.Name, len(s.Weights), len(s.Groups), n)
	}
	for _, i := range index {
		if i < 0 || i >= n {
			return fmt.Errorf("data: %s: row %d of a set of %d rows", s.Name, i, n)
		}
	}
	old := *into
	*into = *s
	var err error
	if into.Inputs, err = takeAll(old.Inputs, s.Inputs, index, n); err != nil {
		return fmt.Errorf("data: %s: inputs: %w", s.Name, err)
	}
	if into.Targets, err = takeAll(old.Targets, s.Targets, index, n); err != nil {
		return fmt.Errorf("data: %s: targets: %w", s.Name, err)
	}
	if into.Sequences, err = takeSequences(s.Sequences, index, n); err != nil {
		return fmt.Errorf("data: %s: sequences: %w", s.Name, err)
	}
	if into.Steps, err = takeSequences(s.Steps, index, n); err != nil {
		return fmt.Errorf("data: %s: targets of steps: %w", s.Name, err)
	}
	if s.Weights != nil {
		into.Weights = take(old.Weights, s.Weights, index, 1)
	}
	if s.Groups != nil {
		into.Groups = take(old.Groups, s.Groups, index, 1)
	}
	if s.Texts != nil {
		into.Texts = make([]TextColumn, len(s.Texts))
		for k, c := range s.Texts {
			if len(c.Cells) != n {
				return s.textRows(c)
			}
			into.Texts[k] = TextColumn{Name: c.Name, Cells: take(nil, c.Cells, index, 1)}
		}
	}
	return nil
}

// takeAll copies rows of tensors, reusing old tensors of the right size.
func takeAll(old, list []*tensor.Dense, index []int, n int) ([]*tensor.Dense, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]*tensor.Dense, len(list))
	for i, t := range list {
		if t == nil || t.Dims() == 0 || t.Shape()[0] != n {
			return nil, fmt.Errorf("number %d does not have the set's %d rows", i, n)
		}
		shape := t.Shape().Clone()
		width := t.Shape().TotalSize() / shape[0]
		shape[0] = len(index)
		var was any
		if i < len(old) && old[i] != nil && slices.Equal(old[i].Shape(), shape) && old[i].Dtype() == t.Dtype() {
			out[i], was = old[i], old[i].Data()
		}
		var backing any
		switch d := dense(t).Data().(type) {
		case []float64:
			v, _ := was.([]float64)
			backing = take(v, d, index, width)
		case []float32:
			v, _ := was.([]float32)
			backing = take(v, d, index, width)
		case []int:
			v, _ := was.([]int)
			backing = take(v, d, index, width)
		default:
			return nil, fmt.Errorf("values of type %v", t.Dtype())
		}
		if out[i] == nil {
			out[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
		}
	}
	return out, nil
}

// dense returns t itself, or a copy without gaps if it is a view.
func dense(t *tensor.Dense) *tensor.Dense {
	if t.RequiresIterator() {
		if m, ok := t.Materialize().(*tensor.Dense); ok {
			return m
		}
	}
	return t
}

// take copies rows into old if it has the right length, otherwise into new memory.
func take[T any](old, from []T, index []int, width int) []T {
	out := old
	if len(out) != len(index)*width {
		out = make([]T, len(index)*width)
	}
	if width == 1 {
		for k, i := range index {
			out[k] = from[i]
		}
		return out
	}
	for k, i := range index {
		copy(out[k*width:(k+1)*width], from[i*width:(i+1)*width])
	}
	return out
}

// cut truncates a set that put has filled to its first n rows.
func (s *Set) cut(n int) error {
	for _, list := range [][]*tensor.Dense{s.Inputs, s.Targets} {
		for i, t := range list {
			shape := t.Shape().Clone()
			width := shape.TotalSize() / shape[0]
			shape[0] = n
			switch d := t.Data().(type) {
			case []float64:
				list[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d[:n*width]))
			case []float32:
				list[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d[:n*width]))
			case []int:
				list[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d[:n*width]))
			default:
				return fmt.Errorf("data: %s: values of type %v", s.Name, t.Dtype())
			}
		}
	}
	if s.Weights != nil {
		s.Weights = s.Weights[:n]
	}
	if s.Groups != nil {
		s.Groups = s.Groups[:n]
	}
	for k := range s.Texts {
		s.Texts[k].Cells = s.Texts[k].Cells[:n]
	}
	return nil // sequences grow as rows come
}

// put copies part into s, a set of n rows, starting at row at. The first call, with at =
// 0, allocates memory unless that of s has the right size.
func (s *Set) put(part *Set, at, n int) error {
	if at == 0 {
		old := *s
		*s = *part
		s.Inputs, s.Targets = roomFor(old.Inputs, part.Inputs, n), roomFor(old.Targets, part.Targets, n)
		s.Weights, s.Groups = room(old.Weights, part.Weights, n), room(old.Groups, part.Groups, n)
		s.Texts = make([]TextColumn, len(part.Texts))
		for k, c := range part.Texts {
			s.Texts[k] = TextColumn{c.Name, make([]string, n)}
		}
		if part.Texts == nil {
			s.Texts = nil
		}
	}
	if len(s.Inputs) != len(part.Inputs) || len(s.Targets) != len(part.Targets) || len(s.Texts) != len(part.Texts) {
		return fmt.Errorf("data: %s: rows from %d on have different parts from those before", part.Name, at)
	}
	var err error
	if s.Sequences, err = putSequences(s.Sequences, part.Sequences, at); err != nil {
		return err
	}
	if s.Steps, err = putSequences(s.Steps, part.Steps, at); err != nil {
		return err
	}
	for i, t := range part.Inputs {
		if err := putTensor(s.Inputs[i], t, at); err != nil {
			return err
		}
	}
	for i, t := range part.Targets {
		if err := putTensor(s.Targets[i], t, at); err != nil {
			return err
		}
	}
	if s.Weights != nil {
		copy(s.Weights[at:], part.Weights)
	}
	if s.Groups != nil {
		copy(s.Groups[at:], part.Groups)
	}
	for k, c := range part.Texts {
		copy(s.Texts[k].Cells[at:], c.Cells)
	}
	return nil
}

func room[T any](old, like []T, n int) []T {
	if like == nil {
		return nil
	}
	if len(old) == n {
		return old
	}
	return make([]T, n)
}

// roomFor returns tensors like the given ones, but with n rows, reusing old ones where
// possible.
func roomFor(old, like []*tensor.Dense, n int) []*tensor.Dense {
	if like == nil {
		return nil
	}
	out := make([]*tensor.Dense, len(like))
	for i, t := range like {
		shape := t.Shape().Clone()
		shape[0] = n
		if i < len(old) && old[i] != nil && slices.Equal(old[i].Shape(), shape) && old[i].Dtype() == t.Dtype() {
			out[i] = old[i]
			continue
		}
		out[i] = tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(shape...))
	}
	return out
}

// putTensor copies a tensor into another one, starting at row at.
func putTensor(to, from *tensor.Dense, at int) error {
	width := from.Shape().TotalSize() / from.Shape()[0]
	switch d := dense(from).Data().(type) {
	case []float64:
		if v, ok := to.Data().([]float64); ok && (at+from.Shape()[0])*width <= len(v) {
			copy(v[at*width:], d)
			return nil
		}
	case []float32:
		if v, ok := to.Data().([]float32); ok && (at+from.Shape()[0])*width <= len(v) {
			copy(v[at*width:], d)
			return nil
		}
	case []int:
		if v, ok := to.Data().([]int); ok && (at+from.Shape()[0])*width <= len(v) {
			copy(v[at*width:], d)
			return nil
		}
	}
	return fmt.Errorf("data: rows from %d on are %v of %v, those before are %v of %v", at, from.Dtype(), from.Shape(), to.Dtype(), to.Shape())
}
