package data

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"
)

// moveTargets makes columns of the table further targets behind the one that there is.
func (s *Set) moveTargets(names []string) error {
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
