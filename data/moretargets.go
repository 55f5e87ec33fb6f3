package data

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"
)

// moveTargets makes columns of the table further targets, after the existing one.
func (s *Set) moveTargets(names []string) error {
	if s.Classes != nil {
		return s.moveSteps(names)
	}
	y, have, err := s.TargetTable()
	if err != nil {
		return err
	}
	x, columns, err := s.Table()
	if err != nil {
		return err
	}
	features := s.featuresOf(columns)
	about := s.AboutTargets().Columns
	var at []int
	for _, name := range names {
		k := slices.IndexFunc(features, func(f Feature) bool { return f.Name == name })
		switch {
		case k < 0:
			return fmt.Errorf("data: %s: there is no column %s to predict", s.Name, short(name))
		case slices.Contains(at, k):
			return fmt.Errorf("data: %s: the target %s is named twice", s.Name, short(name))
		case features[k].Levels != nil || features[k].Time != "":
			return fmt.Errorf("data: %s: the target %s is one of several, and no number", s.Name, short(name))
		}
		at = append(at, k)
	}
	if len(at) == columns {
		return fmt.Errorf("data: %s: no columns are left besides the targets", s.Name)
	}
	rows, width := s.Len(), have+len(at)
	targets, table := make([]float64, 0, rows*width), make([]float64, 0, rows*(columns-len(at)))
	for i := range rows {
		targets = append(targets, y[i*have:(i+1)*have]...)
		for _, k := range at {
			v := x[i*columns+k]
			if math.IsNaN(v) {
				return &RowError{i, fmt.Errorf("data: %s: row %d, column %s: the target is missing", s.Name, i, short(features[k].Name))}
			}
			targets = append(targets, v)
		}
		for k, v := range x[i*columns : (i+1)*columns] {
			if !slices.Contains(at, k) {
				table = append(table, v)
			}
		}
	}
	var left []Feature
	for k, f := range features {
		if !slices.Contains(at, k) {
			left = append(left, f)
		}
	}
	s.Features = left
	s.Inputs = slices.Clone(s.Inputs)
	s.Inputs[0] = tensor.New(tensor.WithShape(rows, len(left)), tensor.WithBacking(table))
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(rows, width), tensor.WithBacking(targets))}
	s.TargetColumns = append(slices.Clone(about), names...)
	s.TargetNumber = NumberFormat{}
	return nil
}

// moveSteps makes columns of the table further steps of a sequence that starts with the
// existing class. Their levels, or numbers, are classes; a missing cell is padding.
func (s *Set) moveSteps(names []string) error {
	labels, err := s.Labels()
	if err != nil {
		return err
	}
	x, columns, err := s.Table()
	if err != nil {
		return err
	}
	features := s.featuresOf(columns)
	rows := s.Len()
	cells := make([][]string, rows) // "": padding
	for i, l := range labels {
		cells[i] = []string{s.Classes[l]}
	}
	drop := map[int]bool{}
	classes := slices.Clone(s.Classes)
	for _, name := range names {
		k := slices.IndexFunc(features, func(f Feature) bool { return f.Name == name })
		if k < 0 || drop[k] {
			return fmt.Errorf("data: %s: there is no column %s to predict, or it is named twice", s.Name, short(name))
		}
		drop[k] = true
		for i := range rows {
			text, err := features[k].text(x[i*columns+k])
			if err != nil {
				return &RowError{i, fmt.Errorf("data: %s: row %d, column %s: %w", s.Name, i, short(name), err)}
			}
			if cells[i] = append(cells[i], text); text != "" && !slices.Contains(classes, text) {
				classes = append(classes, text)
			}
		}
	}
	if len(drop) == columns {
		return fmt.Errorf("data: %s: no columns are left besides the targets", s.Name)
	}
	sortLevels(classes)
	number := map[string]int{"": -1}
	for k, c := range classes {
		number[c] = k
	}
	var table []float64
	var left []Feature
	for k, f := range features {
		if !drop[k] {
			left = append(left, f)
		}
	}
	steps := make([]int, 0, rows*(len(names)+1))
	for i := range rows {
		for _, c := range cells[i] {
			steps = append(steps, number[c])
		}
		for k, v := range x[i*columns : (i+1)*columns] {
			if !drop[k] {
				table = append(table, v)
			}
		}
	}
	first := s.Target
	s.Features, s.Classes = left, classes
	s.Inputs = slices.Clone(s.Inputs)
	s.Inputs[0] = tensor.New(tensor.WithShape(rows, len(left)), tensor.WithBacking(table))
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(rows, len(names)+1), tensor.WithBacking(steps))}
	s.TargetColumns = append([]string{first}, names...)
	return nil
}
