package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ColumnType specifies how the cells of a column are read.
type ColumnType string

// The types of columns. A time may give its layout, as in package time, after a colon:
// "time:02/01/2006".
const (
	Guess       ColumnType = ""            // inferred from all cells of the column
	Numeric     ColumnType = "numeric"     // numbers; any other cell is an error
	Categorical ColumnType = "categorical" // every distinct text is a level
	DateTime    ColumnType = "time"        // dates or times, as seconds since 1970-01-01 UTC
	Text        ColumnType = "text"        // kept in Set.Texts, not a feature
	Ignore      ColumnType = "ignore"      // not read
)

// CSV specifies how a file of comma-separated values, or a similar one, becomes a Set. The
// zero value detects the format of the file and the types of its columns, takes the last
// column as the target, and states all of that in the Report.
//
// Encoding: UTF-8, UTF-16 with or without a byte order mark, otherwise Windows-1252; gzip
// files are unpacked. Separator, decimal mark, line ends and the presence of a header are
// detected from the first 256 KB. Quotation marks within quoted cells are doubled; space
// around cells is ignored.
//
// The type of a column depends on all of its cells. Numbers may have thousands separators,
// a currency, a unit or a percent sign, the same throughout the column; the unit is
// dropped (12% is 12). Dates and times of one common layout become seconds. Two words for
// true and false, and all other texts, are categories; their levels are sorted, numbers by
// value. Integers with leading zeros or beyond 2^53 are categories, too. If more than half
// of the cells are numbers (or times) and others are not, the first exception is an error.
//
// Some columns are left out unless KeepAll is set or their type is given: columns with a
// single value (columns without any value are always left out), unnamed columns that
// number the rows, texts of which more than 30 and more than half of the rows are distinct
// (names, identifiers), and columns of distinct integers whose name is that of an
// identifier. Row names in an unnamed first column go to Set.Texts.
//
// The empty cell, NA, N/A, NaN, null, ?, the errors of spreadsheets and similar texts, in
// any case, are missing: NaN in the table. None, -, . and similar texts are missing in
// columns of numbers and times. Among categories, None is a level unless columns of
// numbers in the same file use it for missing values, and - is a level if + occurs as
// well.
//
// A target is a class if its cells are texts, or integers with at most 20 distinct values
// that occur twice or more on average. Classes are the texts as written in the file, so 1
// and 01 are two classes; with the type Numeric they are compared as numbers. Rows without
// a target are left out and counted.
type CSV struct {
	Target   string                // name of the target column, or its number from 1 without a header; "": the last
	NoTarget bool                  // the file has no target
	AsTask   string                // "classify" or "regress"; "": inferred
	Positive string                // which of two classes is class 1; "": the second in order
	Types    map[string]ColumnType // types by column, instead of the inferred ones
	Drop     []string              // columns to leave out
	ID       []string              // columns to keep in Set.Texts, not as features
	Group    string                // column whose equal cells form a group: Set.Groups
	Weight   string                // column of row weights: Set.Weights
	Comma    rune                  // separator; 0: detected
	Decimal  rune                  // decimal mark, a point or a comma; 0: detected
	Header   bool                  // the first row names the columns, whatever it looks like; with neither this nor NoHeader: detected
	NoHeader bool                  // the first row is data: columns are named by their numbers from 1
	Missing  []string              // texts that mean a missing value, besides the empty one; nil: as above
	KeepAll  bool                  // no column is left out because of its contents; for rows to predict, all are also kept in Set.Texts
	Schema   *Schema               // schema of a file that WriteCSV wrote: columns are read as they were in the set
}

// CSVError is a mistake in a file and its location.
type CSVError struct {
	File   string
	Row    int    // line on which the record begins, from 1; 0: the whole file
	Column string // "": the whole row
	Err    error
}

// Error returns "file: row 7, column age: cause".
func (e *CSVError) Error() string {
	if e == nil {
		return "no error"
	}
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
		s += " column " + strings.ReplaceAll(cutText(e.Column), "\n", " ")
	}
	if e.Err == nil {
		return s
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *CSVError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// ReadFile reads a file; the set is named after its base name.
func (c CSV) ReadFile(path string) (*Set, *Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	return c.read(f, filepath.Base(path), sizeOf(f))
}

// sizeOf returns the size of a regular file, else 0.
func sizeOf(f *os.File) int64 {
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		return st.Size()
	}
	return 0
}

// Read reads a set from r; name is the name of the set and appears in errors.
func (c CSV) Read(r io.Reader, name string) (*Set, *Report, error) {
	var size int64
	switch r := r.(type) { // knowing the size saves memory
	case *bytes.Reader:
		size = int64(r.Len())
	case *strings.Reader:
		size = int64(r.Len())
	case *os.File:
		size = sizeOf(r)
	}
	return c.read(r, name, size)
}

func (c CSV) read(r io.Reader, name string, size int64) (*Set, *Report, error) {
	if r == nil {
		return nil, nil, errors.New("data: no file to read")
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if c.Schema != nil {
		return c.readWritten(r, name)
	}
	t, err := parser{c: c, file: name, size: size, choose: c.verbatim}.parse(r)
	if err != nil {
		return nil, nil, err
	}
	return c.build(t)
}

// check checks the options, as far as that is possible without a file.
func (c CSV) check() error {
	switch {
	case c.AsTask != "" && c.AsTask != "classify" && c.AsTask != "regress":
		return fmt.Errorf("data: task %q: want classify or regress", c.AsTask)
	case c.Decimal != 0 && c.Decimal != '.' && c.Decimal != ',':
		return fmt.Errorf("data: decimal mark %q: want a point or a comma", c.Decimal)
	case c.Decimal != 0 && c.Decimal == c.Comma && c.Decimal != ',':
		return fmt.Errorf("data: %q cannot be the decimal mark and separate cells", c.Decimal)
	case c.Header && c.NoHeader:
		return errors.New("data: Header and NoHeader exclude each other")
	case c.NoTarget && c.Target != "":
		return errors.New("data: Target and NoTarget exclude each other")
	}
	return nil
}

// verbatim returns the columns whose cells have to be kept as text, whatever they look
// like.
func (c CSV) verbatim(names []string, _ Dialect) []string {
	keep := append([]string{c.Group}, c.ID...)
	for n, typ := range c.Types {
		if typ == Categorical || typ == Text || strings.HasPrefix(string(typ), string(DateTime)) {
			keep = append(keep, n)
		}
	}
	if c.AsTask == "classify" && !c.NoTarget {
		if c.Target != "" {
			keep = append(keep, c.Target)
		} else {
			keep = append(keep, names[len(names)-1])
		}
	}
	return keep
}

// build turns a table into a set.
func (c CSV) build(t *table) (*Set, *Report, error) {
	p := &planner{c: c, t: t, report: &Report{
		Name: strings.TrimSuffix(strings.TrimSuffix(t.file, ".gz"), filepath.Ext(strings.TrimSuffix(t.file, ".gz"))), Dialect: t.dialect, Rows: t.rows, Warnings: t.notes,
	}}
	if err := p.decide(); err != nil {
		return nil, nil, err
	}
	s := &Set{Name: p.report.Name}
	kept, err := p.target(s)
	if err != nil {
		return nil, nil, err
	}
	p.prune(kept)
	if err := p.beside(s, kept); err != nil {
		return nil, nil, err
	}
	if err := p.columns(s, kept); err != nil {
		return nil, nil, err
	}
	p.report.fill(p, s)
	return s, p.report, nil
}

// targetColumn returns the index of the target column, -1 if there is none.
func (c CSV) targetColumn(t *table) (int, error) {
	switch {
	case c.NoTarget:
		return -1, nil
	case c.Target == "":
		for j := len(t.names) - 1; j >= 0; j-- { // the empty column after a trailing separator is not a target
			if !t.dialect.Extra || j < len(t.names)-1 {
				return j, nil
			}
		}
	}
	return t.column(c.Target)
}
