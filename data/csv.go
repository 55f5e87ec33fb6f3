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

// ColumnType says how the cells of a column are read.
type ColumnType string

// The types of columns. A time may name its layout, in the form of package time,
// after a colon: "time:02/01/2006".
const (
	Guess       ColumnType = ""            // decided by all cells of the column
	Numeric     ColumnType = "numeric"     // numbers; a cell that is none is an error
	Categorical ColumnType = "categorical" // every different text is a level
	DateTime    ColumnType = "time"        // dates or times, as seconds since 1970-01-01 UTC
	Text        ColumnType = "text"        // kept in Set.Texts, not a feature
	Ignore      ColumnType = "ignore"      // not read
)

// CSV says how a file of comma-separated values, or a similar one, becomes a Set.
// The zero value recognises how the file is written and what its columns are,
// takes the last column for the target, and says all of that in the Report.
//
// Encoding: UTF-8, UTF-16 with or without a byte order mark, else Windows-1252;
// files packed with gzip are unpacked. Separator, decimal mark, line ends and
// whether there is a header are recognised from the first 256 KB. Quotation marks
// around cells are doubled within; space around cells does not count.
//
// What a column is, all of its cells decide. Numbers may have thousands
// separators, a currency, a unit or a percent sign, the same in the whole column;
// the unit is dropped (12% is 12). Dates and times of one common layout become
// seconds. Two words for true and false, and all other texts, are categories;
// their levels are sorted, those that are numbers by value. Integers with leading
// zeros or beyond 2^53 are categories too. If more than half of the cells are
// numbers (or times) and others are not, the first that is not is an error.
//
// Left out, unless KeepAll is set or their type is given: columns with a single
// value (those without any always are), those without a name that number the rows, texts of which
// more than 30 and more than half of the rows are different (names, identifiers),
// and columns of different integers that are called an identifier. Names of rows
// in an unnamed first column go to Set.Texts.
//
// The empty cell, NA, N/A, NaN, null, ?, the errors of spreadsheets and similar
// texts, in any case, are missing: NaN in the table. None, -, . and similar texts
// are missing in columns of numbers and times; among categories None is a level
// unless columns of numbers of the same file use it, and - is one beside +.
//
// A target is a class if its cells are texts, or integers of at most 20 different
// values that occur twice or more on average. Classes are the texts that stand in
// the file, so 1 and 01 are two; with the type Numeric they are compared as
// numbers. Rows without a target are left out and counted.
type CSV struct {
	Target   string                // name of the target column, or its number from 1 without a header; "": the last
	NoTarget bool                  // the file has none
	AsTask   string                // "classify" or "regress"; "": guessed
	Positive string                // of two classes the one that is class 1; "": the second in order
	Types    map[string]ColumnType // by column, in place of a guess
	Drop     []string              // columns that are left out
	ID       []string              // columns that are kept in Set.Texts, not as features
	Group    string                // column whose equal cells make a group: Set.Groups
	Weight   string                // column of row weights: Set.Weights
	Comma    rune                  // separator; 0: recognised
	Decimal  rune                  // decimal mark, a point or a comma; 0: recognised
	Header   bool                  // the first row names the columns, whatever it looks like
	NoHeader bool                  // it does not: columns are named by their numbers from 1
	Missing  []string              // texts that mean a missing value, beside the empty one; nil: as above
	KeepAll  bool                  // no column is left out for what stands in it; of rows to predict, all are kept in Set.Texts
	Schema   *Schema               // of a file that WriteCSV wrote: columns are read as the set had them
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

// ReadFile reads a file; its base name is the set's name.
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

// Read reads a set from r; name is its name, and stands in errors.
func (c CSV) Read(r io.Reader, name string) (*Set, *Report, error) {
	var size int64
	switch r := r.(type) { // what is known of the size saves memory
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

// check checks what does not depend on a file.
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

// verbatim returns the columns whose cells have to be kept as text, whatever they
// look like.
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

// build makes a set of a table.
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

// targetColumn returns the place of the target, -1 if there is none.
func (c CSV) targetColumn(t *table) (int, error) {
	switch {
	case c.NoTarget:
		return -1, nil
	case c.Target == "":
		for j := len(t.names) - 1; j >= 0; j-- { // a separator at the end of every row makes no target
			if !t.dialect.Extra || j < len(t.names)-1 {
				return j, nil
			}
		}
	}
	return t.column(c.Target)
}
