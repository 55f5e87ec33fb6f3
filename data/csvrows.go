package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gorgonia.org/tensor"
)

// Schema is the columns that a model was trained on, or those of a set that was
// written to a file.
type Schema struct {
	Name         string          `json:",omitempty"`
	Source       string          `json:",omitempty"`
	Features     []Feature       `json:",omitempty"`
	Target       string          `json:",omitempty"` // may be in a file of rows to predict; "": not looked for
	Classes      []string        `json:",omitempty"`
	TargetNumber NumberFormat    `json:",omitzero"`  // how the numbers of a real target stand in the file
	As           json.RawMessage `json:",omitempty"` // the task as MarshalTask writes it; nil: Classify if there are Classes, else Regress
	Texts        []string        `json:",omitempty"` // columns kept as text
	Group        string          `json:",omitempty"` // column of the groups
	Weight       string          `json:",omitempty"` // column of the weights
}

// UnknownLevels is what a file of rows to predict has in a categorical column that
// was not there in training.
type UnknownLevels struct {
	Column string   `json:"column"`
	Rows   int      `json:"rows"`
	Values []string `json:"values"` // the first few, as they come
}

// RowsReport says what reading rows to predict has found out. Warnings name levels
// that were not there in training, numbers beyond its range, and missing values
// where they were rarer.
type RowsReport struct {
	Dialect  Dialect         `json:"dialect"`
	Rows     int             `json:"rows"`
	Unknown  []UnknownLevels `json:"unknown,omitempty"`
	Warnings []Warning       `json:"warnings,omitempty"`
}

// String returns the warnings, one in a line.
func (r *RowsReport) String() string {
	if r == nil {
		return "no report"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s", plural(r.Rows, "row", "rows"), r.Dialect)
	for _, w := range r.Warnings {
		b.WriteString("\n" + w.String())
	}
	return b.String()
}

// ReadRows reads rows to predict: columns are found by name, in any order, and
// others passed over, but for those of ID, which go to Set.Texts, and with KeepAll
// all of them do. Numbers and times are read as the schema's features say they stood in the
// training file. A level that was not there in training is the code -1 and is
// reported; a missing column, and a cell that is no number or time, are errors with
// their place. If the target's column is there and complete it is read too.
//
// Of c, the fields ID, KeepAll, Comma, Header, NoHeader and Missing count.
func (c CSV) ReadRows(r io.Reader, name string, schema Schema) (*Set, *RowsReport, error) {
	return c.readRows(r, name, 0, schema)
}

// ReadRowsFile is ReadRows of a file.
func (c CSV) ReadRowsFile(path string, schema Schema) (*Set, *RowsReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	return c.readRows(f, filepath.Base(path), sizeOf(f), schema)
}

func (c CSV) readRows(r io.Reader, name string, size int64, schema Schema) (*Set, *RowsReport, error) {
	if r == nil {
		return nil, nil, errors.New("data: no file to read")
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if err := schema.check(); err != nil {
		return nil, nil, err
	}
	c.Decimal = '.' // columns with a decimal comma are read by their own format
	t, err := parser{c: c, file: name, size: size, choose: func(names []string, _ Dialect) []string { return c.schemaVerbatim(names, schema) }, headers: schema.heads}.parse(r)
	if err != nil {
		return nil, nil, err
	}
	m := &matcher{c: c, t: t, schema: schema, report: &RowsReport{Dialect: t.dialect, Rows: t.rows, Warnings: t.notes}}
	s, err := m.match(name)
	if err != nil {
		return nil, nil, err
	}
	return s, m.report, nil
}

// check tells whether a schema, which may come from a file, makes sense.
func (s Schema) check() error {
	if len(s.Features) == 0 {
		return errors.New("data: a schema without columns")
	}
	for _, f := range s.Features {
		if err := f.Number.check(); err != nil {
			return fmt.Errorf("data: schema: column %s: %w", f.Name, err)
		}
	}
	return s.TargetNumber.check()
}

// heads tells whether a record has the names of all features.
func (s Schema) heads(record []string) bool {
	for _, f := range s.Features {
		if !slices.Contains(record, f.Name) {
			return false
		}
	}
	return true
}

// schemaVerbatim returns the columns whose cells are needed as text.
func (c CSV) schemaVerbatim(names []string, schema Schema) []string {
	if c.KeepAll {
		return names
	}
	keep := append([]string{schema.Target}, c.ID...)
	for _, f := range schema.Features {
		if f.Levels != nil || f.Time != "" || f.Number != (NumberFormat{}) || numbersOf(f.Missing) != nil {
			keep = append(keep, f.Name)
		}
	}
	return keep
}

// matcher reads the columns of a schema out of a table.
type matcher struct {
	c      CSV
	t      *table
	schema Schema
	report *RowsReport
}

func (m *matcher) warn(row int, column, format string, args ...any) {
	w := Warning{Column: column, Text: fmt.Sprintf(format, args...)}
	if row >= 0 {
		w.Row = m.t.lineOf(row)
	}
	m.report.Warnings = append(m.report.Warnings, w)
}

func (m *matcher) match(name string) (*Set, error) {
	s := &Set{Name: name, Features: m.schema.Features, Target: m.schema.Target, Classes: m.schema.Classes, TargetNumber: m.schema.TargetNumber}
	p := len(m.schema.Features)
	flat := make([]float64, m.t.rows*p)
	for k, f := range m.schema.Features {
		j, err := m.t.column(f.Name)
		if err != nil {
			return nil, err
		}
		if err := m.feature(j, f, flat, k, p); err != nil {
			return nil, err
		}
		m.drift(f, flat, k, p)
	}
	s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(m.t.rows, p), tensor.WithBacking(flat))}
	if err := m.texts(s); err != nil {
		return nil, err
	}
	j := slices.Index(m.t.names, m.schema.Target)
	if m.schema.Target == "" || j < 0 {
		return s, nil
	}
	return s, m.target(j, s)
}

// texts keeps identifiers, or with KeepAll every column.
func (m *matcher) texts(s *Set) error {
	names := m.c.ID
	if m.c.KeepAll {
		names = m.t.names
	}
	for _, n := range names {
		j, err := m.t.column(n)
		if err != nil {
			return err
		}
		s.Texts = append(s.Texts, TextColumn{n, m.t.cellTexts(j)})
	}
	return nil
}

func (m *matcher) missing(f Feature) missingRule {
	rule := missingRule{exact: f.Missing, wide: true}
	if m.c.Missing != nil {
		rule.exact = m.c.Missing
	}
	return rule
}

// feature reads a column into the table's k-th.
func (m *matcher) feature(j int, f Feature, flat []float64, k, p int) error {
	missing := m.missing(f)
	if f.Levels != nil {
		m.levels(j, f, missing, flat, k, p)
		return nil
	}
	of := func(text string) (float64, error) {
		switch {
		case missing.has(text):
			return math.NaN(), nil
		case f.Time != "":
			return parseTime(f.Time, text)
		}
		return f.Number.parse(text)
	}
	errs := map[int]error{}
	byText := make([]float64, len(m.t.texts[j]))
	for id, text := range m.t.texts[j] {
		v, err := of(text)
		if err != nil {
			errs[id] = err
		}
		byText[id] = v
	}
	for i := range m.t.rows {
		at := i*m.t.width() + j
		switch m.t.forms[at] {
		case formText:
			id := int(m.t.values[at])
			if err := errs[id]; err != nil {
				return m.t.at(i, j, err)
			}
			flat[i*p+k] = byText[id]
		case formEmpty:
			flat[i*p+k] = math.NaN()
		default:
			flat[i*p+k] = m.t.values[at]
		}
	}
	return nil
}

// levels codes a categorical column; what was not there in training is -1.
func (m *matcher) levels(j int, f Feature, missing missingRule, flat []float64, k, p int) {
	code := make(map[string]float64, len(f.Levels))
	for id, l := range f.Levels {
		code[l] = float64(id)
	}
	unknown := UnknownLevels{Column: f.Name}
	first := -1
	known := func(text string) float64 {
		if v, ok := code[text]; ok {
			return v
		}
		if missing.has(text) {
			return math.NaN()
		}
		return -1
	}
	seen := map[string]bool{}
	m.t.recode(j, known, func(i int, v float64) {
		flat[i*p+k] = v
		if v != -1 {
			return
		}
		if unknown.Rows++; first < 0 {
			first = i
		}
		if text := m.t.text(i, j); len(unknown.Values) < mostNamed && !seen[text] {
			seen[text] = true
			unknown.Values = append(unknown.Values, text)
		}
	})
	if unknown.Rows > 0 {
		m.report.Unknown = append(m.report.Unknown, unknown)
		m.warn(first, f.Name, "%s a level that was not there in training: %s%s", plural(unknown.Rows, "row has", "rows have"), quoteList(unknown.Values), alikeOf(unknown.Values, f.Levels))
	}
}

// alikeOf names a level that differs from an unknown one by its case alone.
func alikeOf(unknown, levels []string) string {
	for _, u := range unknown {
		for _, l := range levels {
			if strings.EqualFold(u, l) {
				return fmt.Sprintf(" (there was %s)", short(l))
			}
		}
	}
	return ""
}

// Missing values are worth a warning if their share is above training's by more
// than what chance explains, and by that much at least.
const moreMissing = 0.05

// drift compares a column with what training saw of it.
func (m *matcher) drift(f Feature, flat []float64, k, p int) {
	if f.Seen.Rows == 0 {
		return
	}
	out, first, missing := 0, -1, 0
	for i := range m.t.rows {
		switch v := flat[i*p+k]; {
		case v != v:
			missing++
		case f.Levels == nil && (v < f.Seen.Low || v > f.Seen.High):
			if out++; first < 0 {
				first = i
			}
		}
	}
	if out > 0 {
		text := numberText
		if f.Time != "" {
			text = func(v float64) string { return timeText(f.Time, v) }
		}
		m.warn(first, f.Name, "%s beyond the range of training, %s to %s, the first with %s",
			plural(out, "row is", "rows are"), text(f.Seen.Low), text(f.Seen.High), text(flat[first*p+k]))
	}
	n := float64(m.t.rows)
	share, was := float64(missing)/n, f.Seen.Missing
	switch {
	case missing > 0 && was == 0:
		m.warn(-1, f.Name, "%s no value; in training every row had one", plural(missing, "row has", "rows have"))
	case share > was+max(moreMissing, 3*math.Sqrt(was*(1-was)/n)):
		m.warn(-1, f.Name, "%s of the rows have no value; in training it was %s", percent(share), percent(was))
	}
}

// target reads the target of rows to predict if every row has one.
func (m *matcher) target(j int, s *Set) error {
	missing := missingRule{exact: m.c.Missing, wide: s.Classes == nil}
	without := 0
	for i := range m.t.rows {
		if missing.has(m.t.text(i, j)) && !slices.Contains(s.Classes, m.t.text(i, j)) {
			without++
		}
	}
	if without > 0 {
		if without < m.t.rows {
			m.warn(-1, m.schema.Target, "the target is missing in %s; it is not read", plural(without, "row", "rows"))
		}
		return nil
	}
	if s.Classes == nil {
		y := make([]float64, m.t.rows)
		for i := range y {
			var err error
			if y[i], err = m.schema.TargetNumber.parse(m.t.text(i, j)); err != nil {
				return m.t.at(i, j, err)
			}
		}
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))}
		return nil
	}
	labels := make([]int, m.t.rows)
	for i := range labels {
		text := m.t.text(i, j)
		if labels[i] = classOf(text, s.Classes); labels[i] < 0 {
			return m.t.at(i, j, fmt.Errorf("%s is none of the classes %s", short(text), quoteList(s.Classes)))
		}
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	return nil
}

// classOf returns the index of a class: by its text, or by its number if only one
// class is that number.
func classOf(text string, classes []string) int {
	if k := slices.Index(classes, text); k >= 0 {
		return k
	}
	v, ok, err := parsePlain(text)
	if !ok || err != nil || math.Abs(v) > 1<<53 {
		return -1
	}
	found := -1
	for k, c := range classes {
		if w, ok, err := parsePlain(c); ok && err == nil && w == v {
			if found >= 0 {
				return -1
			}
			found = k
		}
	}
	return found
}
