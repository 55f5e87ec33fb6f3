package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gorgonia.org/tensor"
)

// Schema is the columns that a model was trained on.
type Schema struct {
	Features []Feature
	Target   string // may be in a file of rows to predict; "": not looked for
	Classes  []string
}

// ReadRows reads rows to predict: columns are found by name, in any order, and
// others passed over. If the target's column is there it is read too. A missing
// column and a level that was not there in training are errors with their place.
func (c CSV) ReadRows(r io.Reader, name string, schema Schema) (*Set, error) {
	t, err := c.scan(r, name)
	if err != nil {
		return nil, err
	}
	s := &Set{Name: name, Features: schema.Features, Target: schema.Target, Classes: schema.Classes}
	columns := make([][]float64, len(schema.Features))
	for k, f := range schema.Features {
		j := slices.Index(t.names, f.Name)
		if j < 0 {
			return nil, t.noColumn(f.Name)
		}
		if columns[k], err = c.known(t, j, f); err != nil {
			return nil, err
		}
	}
	if len(columns) == 0 {
		return nil, errors.New("data: a schema without columns")
	}
	s.Inputs = []*tensor.Dense{joinColumns(columns, len(t.records))}
	j := slices.Index(t.names, schema.Target)
	if schema.Target == "" || j < 0 {
		return s, nil
	}
	return s, c.knownTarget(t, j, s)
}

// ReadRowsFile is ReadRows of a file.
func (c CSV) ReadRowsFile(path string, schema Schema) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	return c.ReadRows(f, filepath.Base(path), schema)
}

func (c CSV) known(t *cells, j int, f Feature) ([]float64, error) {
	values := make([]float64, len(t.records))
	for i, r := range t.records {
		switch {
		case c.isMissing(r[j]):
			values[i] = math.NaN()
		case f.Levels != nil:
			k := slices.Index(f.Levels, r[j])
			if k < 0 {
				return nil, t.at(i, j, fmt.Errorf("%q was not there in training; the levels are %q", r[j], f.Levels))
			}
			values[i] = float64(k)
		default:
			var err error
			if values[i], _, err = number(r[j]); err != nil {
				return nil, t.at(i, j, err)
			}
		}
	}
	return values, nil
}

func (c CSV) knownTarget(t *cells, j int, s *Set) error {
	if s.Classes == nil {
		y := make([]float64, len(t.records))
		for i, r := range t.records {
			var err error
			if y[i], _, err = number(r[j]); err != nil {
				return t.at(i, j, err)
			}
		}
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))}
		return nil
	}
	labels := make([]int, len(t.records))
	for i, r := range t.records {
		labels[i] = slices.Index(s.Classes, r[j])
		if v, _, err := number(r[j]); labels[i] < 0 && err == nil {
			labels[i] = slices.Index(s.Classes, numberText(v))
		}
		if labels[i] < 0 {
			return t.at(i, j, fmt.Errorf("%q is none of the classes %q", r[j], s.Classes))
		}
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	return nil
}

// WriteCSV writes a table with its header, the target last if there is one.
// Reading it gives the same set again.
func WriteCSV(w io.Writer, s *Set) error {
	v, p, err := s.Table()
	if err != nil {
		return err
	}
	features := s.featuresOf(p)
	cw := csv.NewWriter(w)
	var header []string
	for _, f := range features {
		header = append(header, f.Name)
	}
	target := func(int) string { return "" }
	if len(s.Targets) > 0 {
		header = append(header, s.Target)
		if target, err = s.targetText(); err != nil {
			return err
		}
	}
	if err := cw.Write(header); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for i := range s.Len() {
		record := make([]string, 0, len(header))
		for j, f := range features {
			record = append(record, f.text(v[i*p+j]))
		}
		if len(s.Targets) > 0 {
			record = append(record, target(i))
		}
		if err := cw.Write(record); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

func (s *Set) targetText() (func(row int) string, error) {
	if s.Classes != nil {
		labels, err := s.Labels()
		if err != nil {
			return nil, err
		}
		if _, err := s.ClassCounts(); err != nil {
			return nil, err
		}
		return func(row int) string { return s.Classes[labels[row]] }, nil
	}
	y, err := s.Values()
	if err != nil {
		return nil, err
	}
	return func(row int) string { return strconv.FormatFloat(y[row], 'g', -1, 64) }, nil
}

// text returns a value of the column as it stands in a CSV file.
func (f Feature) text(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	if k := int(v); f.Levels != nil && k >= 0 && k < len(f.Levels) {
		return f.Levels[k]
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
