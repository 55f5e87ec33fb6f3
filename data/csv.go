package data

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gorgonia.org/tensor"
)

// ColumnType says how the cells of a column are read.
type ColumnType string

// The types of columns.
const (
	Guess       ColumnType = "" // numeric if more than half of its cells are numbers, else categorical
	Numeric     ColumnType = "numeric"
	Categorical ColumnType = "categorical"
	Ignore      ColumnType = "ignore"
)

// CSV says how a CSV file becomes a Set. The zero value reads a file with a
// header whose last column is the target.
//
// Empty cells and those that read NA, N/A, ? or null, in any case, are missing:
// NaN in the table. A column is numeric when more than half of its other cells
// are numbers; a cell that is none is an error then. All other columns are
// categorical, their levels sorted. A target is a class if its column is
// categorical, or if all its numbers are integers of at most 20 different values
// that occur twice or more on average. Classes that are numbers are compared as
// numbers, so 1 and 1.0 are one class; with the type Categorical they are texts.
type CSV struct {
	Target   string                // name of the target column, or its number from 1 without a header; "": the last
	NoTarget bool                  // the file has none
	AsTask   string                // "classify" or "regress"; "": guessed
	Types    map[string]ColumnType // by column, in place of a guess
	Comma    rune                  // 0: a comma
	NoHeader bool                  // columns are named by their numbers from 1
	Missing  []string              // texts that mean a missing value; nil: as above
}

// ColumnReport says how a column was read.
type ColumnReport struct {
	Name    string
	Type    ColumnType
	Missing int
	Levels  int // of a categorical column
}

// Report says what reading a file has found out.
type Report struct {
	Rows    int
	Columns []ColumnReport // of the features
	Target  string
	Task    Task
	Why     string // the reason for the task
}

// String returns the report in one line.
func (r *Report) String() string {
	numeric, categorical, missing := 0, 0, 0
	for _, c := range r.Columns {
		missing += c.Missing
		switch c.Type {
		case Numeric:
			numeric++
		case Categorical:
			categorical++
		}
	}
	s := fmt.Sprintf("%d rows, %d numeric and %d categorical columns, %d missing values", r.Rows, numeric, categorical, missing)
	if r.Target == "" {
		return s
	}
	return s + fmt.Sprintf("; target %q: %v (%s)", r.Target, r.Task, r.Why)
}

// CSVError is a mistake in a file, with its place.
type CSVError struct {
	File   string
	Row    int    // line of the file on which the record begins, from 1; 0: the whole file
	Column string // "": the whole row
	Err    error
}

// Error returns "file: row 7, column age: cause".
func (e *CSVError) Error() string {
	s := e.File
	if e.Row > 0 {
		s += fmt.Sprintf(": row %d", e.Row)
	}
	if e.Column != "" {
		if e.Row > 0 {
			s += ","
		} else {
			s += ":"
		}
		s += " column " + e.Column
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *CSVError) Unwrap() error { return e.Err }

// cells is a file's content, column names and records of one length.
type cells struct {
	file    string
	names   []string
	records [][]string
	rows    []int // the line on which each record begins
}

// ReadFile reads a file; its base name is the set's name.
func (c CSV) ReadFile(path string) (*Set, *Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	return c.Read(f, filepath.Base(path))
}

// Read reads a set from r; name is its name, and stands in errors.
func (c CSV) Read(r io.Reader, name string) (*Set, *Report, error) {
	t, err := c.scan(r, name)
	if err != nil {
		return nil, nil, err
	}
	target, err := c.targetColumn(t)
	if err != nil {
		return nil, nil, err
	}
	for n := range c.Types {
		if !slices.Contains(t.names, n) {
			return nil, nil, t.noColumn(n)
		}
	}
	s := &Set{Name: strings.TrimSuffix(name, filepath.Ext(name))}
	report := &Report{Rows: len(t.records)}
	var columns [][]float64
	for j, n := range t.names {
		if j == target || c.Types[n] == Ignore {
			continue
		}
		values, feature, col, err := c.feature(t, j)
		if err != nil {
			return nil, nil, err
		}
		columns = append(columns, values)
		s.Features = append(s.Features, feature)
		report.Columns = append(report.Columns, col)
	}
	if len(columns) == 0 {
		return nil, nil, &CSVError{File: name, Err: errors.New("no columns besides the target")}
	}
	s.Inputs = []*tensor.Dense{joinColumns(columns, len(t.records))}
	if target >= 0 {
		if err := c.target(t, target, s, report); err != nil {
			return nil, nil, err
		}
	}
	return s, report, nil
}

func joinColumns(columns [][]float64, rows int) *tensor.Dense {
	p := len(columns)
	flat := make([]float64, rows*p)
	for j, c := range columns {
		for i, v := range c {
			flat[i*p+j] = v
		}
	}
	return tensor.New(tensor.WithShape(rows, p), tensor.WithBacking(flat))
}

// scan reads header and records.
func (c CSV) scan(r io.Reader, name string) (*cells, error) {
	br := bufio.NewReader(r)
	if b, _ := br.Peek(3); string(b) == "\xef\xbb\xbf" { // byte order mark
		br.Discard(3)
	}
	cr := csv.NewReader(br)
	cr.FieldsPerRecord = -1
	if c.Comma != 0 {
		cr.Comma = c.Comma
	}
	t := &cells{file: name}
	for {
		record, err := cr.Read()
		if err == io.EOF {
			break
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			return nil, &CSVError{File: name, Row: parse.StartLine, Err: parse.Err}
		}
		if err != nil {
			return nil, fmt.Errorf("data: %s: %w", name, err)
		}
		row, _ := cr.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if t.names == nil {
			if c.NoHeader {
				for i := range record {
					t.names = append(t.names, strconv.Itoa(i+1))
				}
			} else {
				if err := checkHeader(name, record); err != nil {
					return nil, err
				}
				t.names = record
				continue
			}
		}
		if len(record) != len(t.names) {
			return nil, &CSVError{File: name, Row: row, Err: fmt.Errorf("%d cells, want %d", len(record), len(t.names))}
		}
		t.records = append(t.records, record)
		t.rows = append(t.rows, row)
	}
	if t.names == nil {
		return nil, &CSVError{File: name, Err: errors.New("the file is empty")}
	}
	if len(t.records) == 0 {
		return nil, &CSVError{File: name, Err: errors.New("a header without rows")}
	}
	return t, nil
}

func checkHeader(file string, names []string) error {
	seen := map[string]bool{}
	for i, n := range names {
		if n == "" {
			return &CSVError{File: file, Row: 1, Err: fmt.Errorf("column %d has no name", i+1)}
		}
		if seen[n] {
			return &CSVError{File: file, Row: 1, Err: fmt.Errorf("two columns are named %q", n)}
		}
		seen[n] = true
	}
	return nil
}

func (t *cells) noColumn(name string) error {
	hint := ""
	for _, n := range t.names {
		if strings.EqualFold(n, name) {
			hint = fmt.Sprintf(" (did you mean %q?)", n)
		}
	}
	list := t.names
	more := ""
	if len(list) > 12 {
		list, more = list[:12], ", ..."
	}
	return &CSVError{File: t.file, Err: fmt.Errorf("there is no column %q%s; there are %s%s", name, hint, strings.Join(list, ", "), more)}
}

func (c CSV) targetColumn(t *cells) (int, error) {
	switch {
	case c.NoTarget:
		return -1, nil
	case c.Target == "":
		return len(t.names) - 1, nil
	}
	j := slices.Index(t.names, c.Target)
	if j < 0 {
		return 0, t.noColumn(c.Target)
	}
	if c.Types[c.Target] == Ignore {
		return 0, &CSVError{File: t.file, Column: c.Target, Err: errors.New("the target cannot be ignored")}
	}
	return j, nil
}

var defaultMissing = []string{"", "na", "n/a", "?", "null"}

func (c CSV) isMissing(cell string) bool {
	if c.Missing != nil {
		return slices.Contains(c.Missing, cell)
	}
	return slices.Contains(defaultMissing, strings.ToLower(cell))
}

// number reads a cell. Texts such as NaN and Inf are numbers that no model can use.
func number(cell string) (v float64, isNumber bool, err error) {
	v, err = strconv.ParseFloat(cell, 64)
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return 0, true, fmt.Errorf("%s is too large for a float64", cell)
		}
		return 0, false, fmt.Errorf("%q is not a number", cell)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, true, fmt.Errorf("%s is not finite; leave the cell empty if the value is missing", cell)
	}
	return v, true, nil
}

// numberText returns the shortest text of a number, so that equal numbers have
// equal texts.
func numberText(v float64) string {
	return strconv.FormatFloat(v+0, 'g', -1, 64) // -0 + 0 is 0
}

// typeOf returns how a column is read.
func (c CSV) typeOf(t *cells, j int) (ColumnType, int, error) {
	numbers, texts, missing := 0, 0, 0
	for _, r := range t.records {
		if c.isMissing(r[j]) {
			missing++
			continue
		}
		if _, ok, _ := number(r[j]); ok {
			numbers++
		} else {
			texts++
		}
	}
	switch typ := c.Types[t.names[j]]; {
	case numbers+texts == 0:
		return "", 0, &CSVError{File: t.file, Column: t.names[j], Err: errors.New("every cell is missing")}
	case typ == Numeric || typ == Categorical:
		return typ, missing, nil
	case typ != Guess:
		return "", 0, &CSVError{File: t.file, Column: t.names[j], Err: fmt.Errorf("there is no type %q", typ)}
	case numbers > texts:
		return Numeric, missing, nil
	}
	return Categorical, missing, nil
}

func (c CSV) feature(t *cells, j int) ([]float64, Feature, ColumnReport, error) {
	f := Feature{Name: t.names[j]}
	report := ColumnReport{Name: f.Name}
	var err error
	if report.Type, report.Missing, err = c.typeOf(t, j); err != nil {
		return nil, f, report, err
	}
	var code map[string]int
	if report.Type == Categorical {
		f.Levels, code = c.levels(t, j)
		report.Levels = len(f.Levels)
	}
	values := make([]float64, len(t.records))
	for i, r := range t.records {
		switch {
		case c.isMissing(r[j]):
			values[i] = math.NaN()
		case code != nil:
			values[i] = float64(code[r[j]])
		default:
			if values[i], _, err = number(r[j]); err != nil {
				return nil, f, report, t.at(i, j, err)
			}
		}
	}
	return values, f, report, nil
}

func (t *cells) at(i, j int, err error) error {
	return &CSVError{File: t.file, Row: t.rows[i], Column: t.names[j], Err: err}
}

// levels returns the different texts of a column, numbers in their own order.
func (c CSV) levels(t *cells, j int) ([]string, map[string]int) {
	code := map[string]int{}
	var levels []string
	for _, r := range t.records {
		if _, ok := code[r[j]]; !ok && !c.isMissing(r[j]) {
			code[r[j]] = 0
			levels = append(levels, r[j])
		}
	}
	slices.SortFunc(levels, func(a, b string) int {
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		if errX == nil && errY == nil && x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for i, l := range levels {
		code[l] = i
	}
	return levels, code
}

// Bounds of what is guessed to be a class.
const (
	maxClasses   = 20
	rowsPerClass = 2
)

func (c CSV) target(t *cells, j int, s *Set, report *Report) error {
	for i, r := range t.records {
		if c.isMissing(r[j]) {
			return t.at(i, j, errors.New("the target is missing"))
		}
	}
	typ, _, err := c.typeOf(t, j)
	if err != nil {
		return err
	}
	s.Target, report.Target = t.names[j], t.names[j]
	if report.Task, report.Why, err = c.task(t, j, typ); err != nil {
		return err
	}
	if report.Task == Classify {
		if typ == Numeric { // 1 and 1.0 are one class, and a text is none
			for i, r := range t.records {
				v, _, err := number(r[j])
				if err != nil {
					return t.at(i, j, err)
				}
				r[j] = numberText(v)
			}
		}
		levels, code := c.levels(t, j)
		labels := make([]int, len(t.records))
		for i, r := range t.records {
			labels[i] = code[r[j]]
		}
		s.Classes = levels
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
		return nil
	}
	y := make([]float64, len(t.records))
	for i, r := range t.records {
		if y[i], _, err = number(r[j]); err != nil {
			return t.at(i, j, err)
		}
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))}
	return nil
}

func (c CSV) task(t *cells, j int, typ ColumnType) (Task, string, error) {
	switch c.AsTask {
	case "classify":
		return Classify, "as asked for", nil
	case "regress":
		return Regress, "as asked for", nil
	case "":
	default:
		return 0, "", fmt.Errorf("data: task %q: want classify or regress", c.AsTask)
	}
	if typ == Categorical {
		return Classify, "its cells are texts", nil
	}
	different := map[float64]bool{}
	for i, r := range t.records {
		v, _, err := number(r[j])
		if err != nil {
			return 0, "", t.at(i, j, err)
		}
		if v != math.Trunc(v) {
			return Regress, "its numbers are not all integers", nil
		}
		different[v] = true
	}
	if n := len(different); n > maxClasses || n*rowsPerClass > len(t.records) {
		return Regress, fmt.Sprintf("its integers have %d different values", n), nil
	}
	return Classify, fmt.Sprintf("its integers have only %d different values", len(different)), nil
}
