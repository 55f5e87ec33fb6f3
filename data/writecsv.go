package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteCSV writes a table with a header: the features, the target if there is one, then
// the columns kept as text, the groups and the weights.
//
// A CSV file does not declare its columns: reading it infers their types anew and would
// lose the order of levels and classes, groups and weights, and uninformative columns.
// Reading it with the set's Schema, which is plain JSON, restores the set:
//
//	schema := s.Schema()
//	again, _, err := data.CSV{Schema: &schema}.ReadFile("table.csv")
//
// It fails for a name or level that a file cannot hold (empty, with space around it,
// invalid UTF-8), the code of an unknown level, and a target of several columns.
func WriteCSV(w io.Writer, s *Set) error {
	if w == nil {
		return errors.New("data: no file to write to")
	}
	t, err := s.written()
	if err != nil {
		return err
	}
	cw := csv.NewWriter(w)
	if err := cw.Write(t.header); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	record := make([]string, len(t.header))
	for i := range s.Len() {
		for k, cell := range t.cells {
			if record[k], err = cell(i); err != nil {
				return fmt.Errorf("data: %s: row %d, column %s: %w", s.Name, i, t.header[k], err)
			}
		}
		if len(record) == 1 && record[0] == "" { // an empty line would not be read as a row
			cw.Flush()
			_, err = io.WriteString(w, "\"\"\n")
		} else {
			err = cw.Write(record)
		}
		if err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

// Schema describes the columns of the file that WriteCSV writes for the set.
func (s *Set) Schema() Schema {
	if s == nil {
		return Schema{}
	}
	out := Schema{Name: s.Name, Source: s.Source, Target: s.Target, Classes: s.Classes, TargetNumber: s.TargetNumber}
	if s.As != nil {
		out.As, _ = MarshalTask(s.As) // written reports the error
	}
	if _, p, err := s.Table(); err == nil {
		out.Features = s.featuresOf(p)
	}
	for _, c := range s.Texts {
		out.Texts = append(out.Texts, c.Name)
	}
	if s.Groups != nil {
		out.Group = out.free("group")
	}
	if s.Weights != nil {
		out.Weight = out.free("weight")
	}
	return out
}

// free returns a column name that is not in use.
func (s Schema) free(name string) string {
	taken := func(n string) bool {
		return n == s.Target || n == s.Group || slices.Contains(s.Texts, n) || slices.ContainsFunc(s.Features, func(f Feature) bool { return f.Name == n })
	}
	free := name
	for k := 2; taken(free); k++ {
		free = fmt.Sprintf("%s.%d", name, k)
	}
	return free
}

// written is a file to be written: its header, and for every column a function that
// returns the cell of a row.
type written struct {
	header []string
	cells  []func(row int) (string, error)
}

func (t *written) add(name string, cell func(row int) (string, error)) {
	t.header = append(t.header, name)
	t.cells = append(t.cells, cell)
}

func (s *Set) written() (*written, error) {
	v, p, err := s.Table()
	if err != nil && (s.Len() == 0 || len(s.Inputs) > 0 || len(s.Texts) == 0) {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if s.As != nil {
		if _, err := MarshalTask(s.As); err != nil {
			return nil, fmt.Errorf("data: %s: %w", s.Name, err)
		}
	}
	t := &written{}
	schema := s.Schema()
	for k, f := range schema.Features {
		for _, l := range f.Levels {
			if err := writableText(l); err != nil {
				return nil, fmt.Errorf("data: %s: column %s: level %w", s.Name, f.Name, err)
			}
		}
		t.add(f.Name, func(i int) (string, error) { return f.text(v[i*p+k]) })
	}
	if len(s.Targets) > 0 {
		target, err := s.targetText()
		if err != nil {
			return nil, err
		}
		t.add(s.Target, func(i int) (string, error) { return target(i), nil })
	}
	for _, c := range s.Texts {
		t.add(c.Name, func(i int) (string, error) {
			if c.Cells[i] == "" {
				return "", nil
			}
			return c.Cells[i], writableText(c.Cells[i])
		})
	}
	if s.Groups != nil {
		t.add(schema.Group, func(i int) (string, error) { return strconv.Itoa(s.Groups[i]), nil })
	}
	if s.Weights != nil {
		t.add(schema.Weight, func(i int) (string, error) { return formatNumber(s.Weights[i]), nil })
	}
	for j, n := range t.header {
		if err := writableText(n); err != nil {
			return nil, fmt.Errorf("data: %s: the name %w", s.Name, err)
		}
		if k := slices.Index(t.header[:j], n); k >= 0 {
			return nil, fmt.Errorf("data: %s: columns %d and %d are both named %s", s.Name, k+1, j+1, short(n))
		}
	}
	return t, nil
}

// writableText fails if a text would not be read back unchanged.
func writableText(s string) error {
	switch {
	case s == "":
		return errors.New(`"" would be read as a missing value`)
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%s has space around it, which reading would drop", short(s))
	case strings.HasPrefix(s, "\ufeff"):
		return fmt.Errorf("%s begins with a byte order mark", short(s))
	case !utf8.ValidString(s), strings.ContainsRune(s, 0):
		return fmt.Errorf("%s is not valid UTF-8", short(s))
	}
	return nil
}

// formatNumber returns the shortest digits that read back as the same number, with an
// exponent only for very large or small numbers.
func formatNumber(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-5 || a >= 1e21) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
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
		for _, c := range s.Classes {
			if err := writableText(c); err != nil {
				return nil, fmt.Errorf("data: %s: class %w", s.Name, err)
			}
		}
		return func(row int) string { return s.Classes[labels[row]] }, nil
	}
	y, err := s.Values()
	if err != nil {
		return nil, err
	}
	return func(row int) string { return formatNumber(y[row]) }, nil
}

// text returns a value of the column as it is written in a CSV file.
func (f Feature) text(v float64) (string, error) {
	switch k := int(v); {
	case math.IsNaN(v):
		return "", nil
	case f.Levels != nil && (k < 0 || k >= len(f.Levels)):
		return "", fmt.Errorf("%v is no code of its %d levels", v, len(f.Levels))
	case f.Levels != nil:
		return f.Levels[k], nil
	case f.Time != "":
		text := timeText(f.Time, v)
		if back, err := parseTime(f.Time, text); err != nil || back != v {
			return "", fmt.Errorf("the time %v cannot be written as %s", v, layoutName(f.Time))
		}
		return text, nil
	}
	return formatNumber(v), nil
}

// readWritten reads a file that WriteCSV wrote, using the schema of its set.
func (c CSV) readWritten(r io.Reader, name string) (*Set, *Report, error) {
	schema := *c.Schema
	if err := schema.check(); err != nil {
		return nil, nil, err
	}
	plain := schema // numbers are written without the marks that they once had
	plain.Features, plain.TargetNumber = slices.Clone(schema.Features), NumberFormat{}
	for k := range plain.Features {
		plain.Features[k].Number, plain.Features[k].Seen, plain.Features[k].Missing = NumberFormat{}, Seen{}, nil
	}
	rows := CSV{Comma: ',', Header: true, Missing: []string{}}
	for _, n := range []string{schema.Group, schema.Weight} {
		if n != "" {
			rows.ID = append(rows.ID, n)
		}
	}
	s, found, err := rows.readRows(r, name, 0, plain)
	if err != nil {
		return nil, nil, err
	}
	if len(found.Unknown) > 0 {
		u := found.Unknown[0]
		return nil, nil, &CSVError{File: name, Column: u.Column, Err: fmt.Errorf("%s: not among the schema's levels", quoteList(u.Values))}
	}
	if err := s.takeBack(schema); err != nil {
		return nil, nil, &CSVError{File: name, Err: err}
	}
	if schema.As != nil {
		if s.As, err = UnmarshalTask(schema.As); err != nil {
			return nil, nil, err
		}
	}
	s.Features, s.TargetNumber, s.Source = schema.Features, schema.TargetNumber, schema.Source
	if schema.Name != "" {
		s.Name = schema.Name
	}
	report := Inspect(s)
	report.Dialect = found.Dialect
	return s, report, s.Validate()
}

// takeBack restores groups and weights from the texts they were read as.
func (s *Set) takeBack(schema Schema) error {
	n := len(schema.Texts)
	if schema.Group != "" {
		s.Groups = make([]int, s.Len())
		for i, cell := range s.Texts[n].Cells {
			g, err := strconv.Atoi(cell)
			if err != nil {
				return fmt.Errorf("column %s: %s is not a group", schema.Group, short(cell))
			}
			s.Groups[i] = g
		}
		n++
	}
	if schema.Weight != "" {
		s.Weights = make([]float64, s.Len())
		for i, cell := range s.Texts[n].Cells {
			w, ok, err := parsePlain(cell)
			if !ok || err != nil {
				return fmt.Errorf("column %s: %s is not a weight", schema.Weight, short(cell))
			}
			s.Weights[i] = w
		}
	}
	if s.Texts = s.Texts[:len(schema.Texts)]; len(s.Texts) == 0 {
		s.Texts = nil
	}
	return nil
}

// Inspect describes a set as the Report of a file does: the types, ranges and levels of
// its columns, and columns that nearly equal the target.
func Inspect(s *Set) *Report {
	if s == nil {
		return &Report{}
	}
	r := &Report{Name: s.Name, Rows: s.Len(), Target: s.Target, Task: s.Task()}
	if len(s.Targets) == 0 {
		r.Target = ""
	}
	v, p, err := s.Table()
	if err != nil && len(s.Texts) == 0 {
		return r
	}
	for k, f := range s.featuresOf(p) {
		r.Columns = append(r.Columns, f.describe(v, k, p))
	}
	if r.Target != "" {
		r.Columns = append(r.Columns, s.describeTarget())
		r.Why = "it has real values"
		if s.Classes != nil {
			r.Why = "it has classes"
		}
	}
	for _, c := range s.Texts {
		r.Columns = append(r.Columns, ColumnReport{Name: c.Name, Type: Text, Role: roleText})
	}
	r.Warnings = append(r.Warnings, Suspects(s)...)
	return r
}

// describe reports a column of a table.
func (f Feature) describe(v []float64, k, p int) ColumnReport {
	c := ColumnReport{Name: f.Name, Type: Numeric, Role: roleFeature, Number: f.Number, Time: f.Time}
	q := plan{levels: f.Levels, counts: make([]int, len(f.Levels))}
	var distinct numberSet
	low, high := math.Inf(1), math.Inf(-1)
	for i := k; i < len(v); i += p {
		x := v[i]
		if x != x {
			c.Missing++
			continue
		}
		distinct.add(x)
		low, high = min(low, x), max(high, x)
		if code := int(x); f.Levels != nil && code >= 0 && code < len(f.Levels) {
			q.counts[code]++
		}
	}
	c.Distinct, c.More = min(distinct.n, maxDistinct), distinct.n > maxDistinct
	switch {
	case f.Levels != nil:
		c.Type, c.Top = Categorical, topLevels(&q)
	case f.Time != "":
		c.Type = DateTime
		fallthrough
	default:
		c.span2(low, high)
	}
	return c
}

func (s *Set) describeTarget() ColumnReport {
	c := ColumnReport{Name: s.Target, Type: Numeric, Role: roleTarget, Number: s.TargetNumber}
	if counts, err := s.ClassCounts(); err == nil {
		c.Type, c.Distinct = Categorical, len(s.Classes)
		c.Top = topLevels(&plan{levels: s.Classes, counts: counts})
		return c
	}
	y, err := s.Values()
	if err != nil || len(y) == 0 {
		return c
	}
	var distinct numberSet
	for _, v := range y {
		distinct.add(v)
	}
	c.Distinct, c.More = min(distinct.n, maxDistinct), distinct.n > maxDistinct
	c.span2(slices.Min(y), slices.Max(y))
	return c
}
