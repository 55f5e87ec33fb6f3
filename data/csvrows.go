package data

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"gorgonia.org/tensor"
)

// Schema describes the columns that a model was trained on, or those of a set that was
// written to a file.
type Schema struct {
	Name         string          `json:",omitempty"`
	Source       string          `json:",omitempty"`
	Features     []Feature       `json:",omitempty"`
	Target       string          `json:",omitempty"` // optional in a file of rows to predict; "": not looked for
	Classes      []string        `json:",omitempty"`
	TargetNumber NumberFormat    `json:",omitzero"`  // how the numbers of a real target are written in the file
	As           json.RawMessage `json:",omitempty"` // the task as encoded by MarshalTask; nil: Classify if there are Classes, otherwise Regress
	Texts        []string        `json:",omitempty"` // columns kept as text: those a model sees, or all of a set
	Group        string          `json:",omitempty"` // column with the groups
	Weight       string          `json:",omitempty"` // column with the weights
}

// UnknownLevels lists the levels of a categorical column that occur in rows to predict but
// did not in training.
type UnknownLevels struct {
	Column string   `json:"column"`
	Rows   int      `json:"rows"`
	Values []string `json:"values"` // the first few, in order of appearance
}

// RowsReport describes what was found when rows to predict were read. Warnings name levels
// that did not occur in training, numbers outside its range, and missing values that were
// rarer there.
type RowsReport struct {
	Dialect  Dialect         `json:"dialect"`
	Rows     int             `json:"rows"`
	Unknown  []UnknownLevels `json:"unknown,omitempty"`
	Warnings []Warning       `json:"warnings,omitempty"`
}

// String returns the warnings, one per line.
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

// ReadRows reads rows to predict. Columns are found by name, in any order. Those of the
// schema's Texts go to Set.Texts, as do those of ID, or all with KeepAll; other columns are
// ignored. Numbers and
// times are read as the schema's features describe them. A level that did not occur in
// training gets the code -1 and is reported. A missing column, and a cell that is not a
// number or time, are errors with their location. If the target's column is present and
// complete, it is read, too.
//
// Of c, only the fields ID, KeepAll, Comma, Header, NoHeader and Missing are used.
func (c CSV) ReadRows(r io.Reader, name string, schema Schema) (*Set, *RowsReport, error) {
	return c.readRows(r, name, 0, schema)
}

// ReadRowsFile is ReadRows for a file.
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
	return newMatcher(c, schema, name).all(t)
}

// ScanRows reads rows as ReadRows does and passes them to f in parts, so that only a few
// are in memory even for a large file. The report, with warnings about all rows, is
// returned at the end, as is an error about a target cell, since the target is used only
// if every row has one. ARFF files are read into memory. f may keep what it is given.
func (c CSV) ScanRows(r io.Reader, name string, schema Schema, f func(rows *Set) error) (*RowsReport, error) {
	if r == nil || f == nil {
		return nil, errors.New("data: scan rows: no file to read, or nothing to do with its rows")
	}
	if err := cmp.Or(c.check(), schema.check()); err != nil {
		return nil, err
	}
	c.Decimal = '.'
	m := newMatcher(c, schema, name)
	p := parser{c: c, file: name, choose: func(names []string, _ Dialect) []string { return c.schemaVerbatim(names, schema) }, headers: schema.heads}
	p.parts = func(b *blockReader, t *table, d *decoder) error {
		run := newBlockRun(b, runtime.GOMAXPROCS(0))
		p.start(run, b, t)
		err := run.each(func(k *chunk) error {
			if len(k.lines) == 0 {
				return nil
			}
			part := &table{file: name, dialect: t.dialect, names: t.names, unnamed: t.unnamed, rows: len(k.lines), values: k.values, forms: k.forms, lines: k.lines, texts: k.texts}
			return m.part(part, f)
		})
		t.rows, t.dialect.Encoding = m.report.Rows, d.encoding
		return err
	}
	t, err := p.parse(r)
	if err != nil {
		return nil, err
	}
	if m.report.Rows == 0 && t.rows > 0 { // an ARFF file, read into memory
		if err := m.part(t, f); err != nil {
			return nil, err
		}
	}
	if m.report.Rows == 0 {
		return nil, &CSVError{File: name, Err: errors.New("a header without rows")}
	}
	m.report.Dialect, m.report.Warnings = t.dialect, t.notes
	return m.report, m.finish()
}

// ScanRowsFile is ScanRows for a file.
func (c CSV) ScanRowsFile(path string, schema Schema, f func(rows *Set) error) (*RowsReport, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer file.Close()
	return c.ScanRows(file, filepath.Base(path), schema, f)
}

// check reports whether a schema, which may come from a file, makes sense.
func (s Schema) check() error {
	if len(s.Features) == 0 && len(s.Texts) == 0 {
		return errors.New("data: a schema without columns")
	}
	for _, f := range s.Features {
		if err := f.Number.check(); err != nil {
			return fmt.Errorf("data: schema: column %s: %w", f.Name, err)
		}
	}
	return s.TargetNumber.check()
}

// heads reports whether a record contains the names of all features.
func (s Schema) heads(record []string) bool {
	for _, f := range s.Features {
		if !slices.Contains(record, f.Name) {
			return false
		}
	}
	return !slices.ContainsFunc(s.Texts, func(n string) bool { return !slices.Contains(record, n) })
}

// schemaVerbatim returns the columns whose cells are needed as text.
func (c CSV) schemaVerbatim(names []string, schema Schema) []string {
	if c.KeepAll {
		return names
	}
	keep := slices.Concat([]string{schema.Target}, schema.Texts, c.ID)
	for _, f := range schema.Features {
		if f.Levels != nil || f.Time != "" || f.Number != (NumberFormat{}) || numbersOf(f.Missing) != nil {
			keep = append(keep, f.Name)
		}
	}
	return keep
}

// matcher reads the columns of a schema from the parts of a table.
type matcher struct {
	c      CSV
	schema Schema
	name   string
	report *RowsReport
	seen   []columnSeen // by feature
	t      *table       // the current part

	without int   // number of rows without a target
	target0 error // the first target that cannot be read
}

// columnSeen summarises a column over the rows so far. Lines are those of the first such
// row.
type columnSeen struct {
	unknown     UnknownLevels
	unknownLine int
	values      map[string]bool // distinct values of unknown
	out         int             // number of rows outside the range of training
	outLine     int
	outValue    float64
	missing     int
}

func newMatcher(c CSV, schema Schema, name string) *matcher {
	return &matcher{c: c, schema: schema, name: name, report: &RowsReport{}, seen: make([]columnSeen, len(schema.Features))}
}

// all matches a table that is in memory.
func (m *matcher) all(t *table) (*Set, *RowsReport, error) {
	m.report.Dialect, m.report.Warnings = t.dialect, t.notes
	s, err := m.match(t)
	if err == nil {
		err = m.finish()
	}
	if err != nil {
		return nil, nil, err
	}
	if m.without > 0 {
		s.Targets = nil
	}
	return s, m.report, nil
}

// part matches a part and passes it to f.
func (m *matcher) part(t *table, f func(rows *Set) error) error {
	s, err := m.match(t)
	if err != nil {
		return err
	}
	return f(s)
}

func (m *matcher) warn(line int, column, format string, args ...any) {
	m.report.Warnings = append(m.report.Warnings, Warning{Row: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (m *matcher) match(t *table) (*Set, error) {
	m.t = t
	m.report.Rows += t.rows
	s := &Set{Name: m.name, Features: m.schema.Features, Target: m.schema.Target, Classes: m.schema.Classes, TargetNumber: m.schema.TargetNumber}
	p := len(m.schema.Features)
	flat := make([]float64, t.rows*p)
	for k, f := range m.schema.Features {
		j, err := t.column(f.Name)
		if err != nil {
			return nil, err
		}
		if err := m.feature(j, f, flat, k, p); err != nil {
			return nil, err
		}
		m.drift(f, flat, k, p)
	}
	if p > 0 {
		s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(t.rows, p), tensor.WithBacking(flat))}
	}
	if err := m.texts(s); err != nil {
		return nil, err
	}
	if j := slices.Index(t.names, m.schema.Target); m.schema.Target != "" && j >= 0 {
		m.target(j, s)
	}
	return s, nil
}

// finish warns of what was found in all rows together.
func (m *matcher) finish() error {
	n := float64(m.report.Rows)
	for k, f := range m.schema.Features {
		seen := &m.seen[k]
		if u := seen.unknown; u.Rows > 0 {
			m.report.Unknown = append(m.report.Unknown, u)
			m.warn(seen.unknownLine, f.Name, "%s a level that did not occur in training: %s%s", plural(u.Rows, "row has", "rows have"), quoteList(u.Values), alikeOf(u.Values, f.Levels))
		}
		if f.Seen.Rows == 0 {
			continue
		}
		if seen.out > 0 {
			text := numberText
			if f.Time != "" {
				text = func(v float64) string { return timeText(f.Time, v) }
			}
			m.warn(seen.outLine, f.Name, "%s beyond the range of training, %s to %s, the first with %s",
				plural(seen.out, "row is", "rows are"), text(f.Seen.Low), text(f.Seen.High), text(seen.outValue))
		}
		share, was := float64(seen.missing)/n, f.Seen.Missing
		switch {
		case seen.missing > 0 && was == 0:
			m.warn(0, f.Name, "%s no value; in training every row had one", plural(seen.missing, "row has", "rows have"))
		case share > was+max(moreMissing, 3*math.Sqrt(was*(1-was)/n)):
			m.warn(0, f.Name, "%s of the rows have no value; in training it was %s", percent(share), percent(was))
		}
	}
	if m.without == 0 {
		return m.target0
	}
	if m.without < m.report.Rows {
		m.warn(0, m.schema.Target, "the target is missing in %s; it is ignored", plural(m.without, "row", "rows"))
	}
	return nil
}

// texts keeps the schema's columns of texts and identifiers or, with KeepAll, every column.
func (m *matcher) texts(s *Set) error {
	names := slices.Clone(m.schema.Texts)
	for _, n := range m.c.ID {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
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

// feature reads a column of the file into the k-th column of the table.
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

// levels encodes a categorical column; levels that did not occur in training become -1.
func (m *matcher) levels(j int, f Feature, missing missingRule, flat []float64, k, p int) {
	code := make(map[string]float64, len(f.Levels))
	for id, l := range f.Levels {
		code[l] = float64(id)
	}
	seen := &m.seen[k]
	if seen.values == nil {
		seen.values, seen.unknown.Column = map[string]bool{}, f.Name
	}
	known := func(text string) float64 {
		if v, ok := code[text]; ok {
			return v
		}
		if missing.has(text) {
			return math.NaN()
		}
		return -1
	}
	m.t.recode(j, known, func(i int, v float64) {
		flat[i*p+k] = v
		if v != -1 {
			return
		}
		unknown := &seen.unknown
		if unknown.Rows++; unknown.Rows == 1 {
			seen.unknownLine = m.t.lineOf(i)
		}
		if text := m.t.text(i, j); len(unknown.Values) < mostNamed && !seen.values[text] {
			seen.values[text] = true
			unknown.Values = append(unknown.Values, text)
		}
	})
}

// alikeOf names a level that differs from an unknown one only in case.
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

// moreMissing is the least increase of the fraction of missing values over training that
// is worth a warning; the increase must also be statistically significant.
const moreMissing = 0.05

// drift compares a column with its summary from training.
func (m *matcher) drift(f Feature, flat []float64, k, p int) {
	if f.Seen.Rows == 0 {
		return
	}
	seen := &m.seen[k]
	for i := range m.t.rows {
		switch v := flat[i*p+k]; {
		case v != v:
			seen.missing++
		case f.Levels == nil && (v < f.Seen.Low || v > f.Seen.High):
			if seen.out++; seen.out == 1 {
				seen.outLine, seen.outValue = m.t.lineOf(i), v
			}
		}
	}
}

// target reads the target of rows to predict, which is used only if every row has one.
func (m *matcher) target(j int, s *Set) {
	missing := missingRule{exact: m.c.Missing, wide: s.Classes == nil}
	values, labels := []float64{}, []int{}
	for i := range m.t.rows {
		text := m.t.text(i, j)
		if missing.has(text) && !slices.Contains(s.Classes, text) {
			m.without++
			continue
		}
		var err error
		if s.Classes == nil {
			var v float64
			v, err = m.schema.TargetNumber.parse(text)
			values = append(values, v)
		} else {
			l := classOf(text, s.Classes)
			if l < 0 {
				err = fmt.Errorf("%s is not one of the classes %s", short(text), quoteList(s.Classes))
			}
			labels = append(labels, l)
		}
		if err != nil && m.target0 == nil {
			m.target0 = m.t.at(i, j, err)
		}
	}
	switch {
	case m.without > 0 || m.target0 != nil:
	case s.Classes == nil:
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(values)), tensor.WithBacking(values))}
	default:
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	}
}

// classOf returns the index of a class, found by its text or, if only one class equals it
// as a number, by its number.
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
