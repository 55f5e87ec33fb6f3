// Package parquet reads Parquet files, either into memory or as a data.Source that is read
// by row groups and pages, so that a file may be larger than memory.
package parquet

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/seed732fc211/aegis/data"
)

// File specifies how a Parquet file becomes rows of a table. The zero value takes the last
// readable column as the target and determines the use of columns from their types, as
// [data.CSV] does from their texts.
//
// Booleans and texts (STRING, ENUM, JSON, UUID, byte arrays without a logical type) are
// categories. Integers, FLOAT, DOUBLE, FLOAT16 and DECIMAL become the nearest float64.
// DATE, TIME, TIMESTAMP and INT96 become seconds since 1970-01-01 UTC, which a float64
// resolves to about a quarter of a microsecond. Null, NaN and the empty text are missing
// values. An infinity is an error that names its row, counted from 1, and column. Integers
// beyond 2^53 are rounded, with a warning. Lists not named in Sequences, maps, structs and
// other types are left out, with the reason in the report.
//
// For classes, columns that are left out, and the Types that can be requested, see
// data.CSV.
type File struct {
	Path     string
	Target   string                     // name of the target column; "": the last readable one
	NoTarget bool                       // the file has no target
	AsTask   string                     // "classify" or "regress"; "": inferred
	Positive string                     // which of two classes is class 1; "": the second in order
	Types    map[string]data.ColumnType // types by column, instead of those of the file
	Columns  []string                   // columns to read, besides those named in other fields; nil: all
	Drop     []string                   // columns to leave out
	ID       []string                   // columns to keep in Set.Texts, not as features
	Group    string                     // column whose equal cells form a group: Set.Groups
	Weight   string                     // column of row weights: Set.Weights
	Missing  []string                   // texts and numbers that mean a missing value
	KeepAll  bool                       // no column is left out because of its contents

	// Sequences names columns that are lists of numbers (LIST, or repeated). They become
	// Set.Sequences, in this order: integers as token ids, other numbers with one feature
	// per step. A null list has no steps; a null within a list is an error. Other columns
	// of lists are left out.
	Sequences []string
}

// Open opens the file as a source that is read by row groups and pages. It makes two or
// three passes over the file to find levels and ranges. Close the source to close the
// file.
func (f File) Open() (*data.FileSource, error) {
	o, err := f.open()
	if err != nil {
		return nil, err
	}
	src, err := f.csv(o).Source(o.columnFile())
	if err != nil {
		o.f.Close()
		return nil, err
	}
	return src, nil
}

// Read reads the file into memory and reports what was found.
func (f File) Read() (*data.Set, *data.Report, error) {
	src, err := f.Open()
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()
	set, err := data.Collect(src)
	if err != nil {
		return nil, nil, err
	}
	return set, src.Report(), nil
}

// ReadRows reads rows to predict into memory, as data.CSV.ReadRows does from a CSV file.
// Of f, only ID, KeepAll and Missing are used.
func (f File) ReadRows(schema data.Schema) (*data.Set, *data.RowsReport, error) {
	o, err := File{Path: f.Path}.open()
	if err != nil {
		return nil, nil, err
	}
	defer o.f.Close()
	return data.CSV{ID: f.ID, KeepAll: f.KeepAll, Missing: f.Missing}.ReadColumns(o.columnFile(), schema)
}

// ScanRows reads rows to predict in parts, as data.CSV.ScanRows does from a CSV file. Of
// f, only ID, KeepAll and Missing are used.
func (f File) ScanRows(schema data.Schema, do func(rows *data.Set) error) (*data.RowsReport, error) {
	o, err := File{Path: f.Path}.open()
	if err != nil {
		return nil, err
	}
	defer o.f.Close()
	return data.CSV{ID: f.ID, KeepAll: f.KeepAll, Missing: f.Missing}.ScanColumns(o.columnFile(), schema, do)
}

// Size returns the number of rows and of readable columns, according to the file's footer
// and page headers.
func (f File) Size() (rows, columns int, err error) {
	o, err := f.open()
	if err != nil {
		return 0, 0, err
	}
	defer o.f.Close()
	for _, c := range o.columns {
		if c.kind != unread {
			columns++
		}
	}
	return o.rows, columns, nil
}

// csv returns the options for package data.
func (f File) csv(o *file) data.CSV {
	c := data.CSV{Target: f.Target, NoTarget: f.NoTarget, AsTask: f.AsTask, Positive: f.Positive, Types: f.Types, Drop: f.Drop, ID: f.ID, Group: f.Group, Weight: f.Weight, Missing: f.Missing, KeepAll: f.KeepAll}
	if c.Target == "" && !c.NoTarget {
		for _, column := range o.columns {
			if column.kind != unread {
				c.Target = column.Name
			}
		}
	}
	return c
}

// wants reports whether a column is to be read.
func (f File) wants(name string) bool {
	if slices.Contains(f.Drop, name) || f.Types[name] == data.Ignore {
		return false
	}
	return f.Columns == nil || slices.Contains(f.Columns, name) || slices.Contains(f.ID, name) || name == f.Target || name == f.Group || name == f.Weight
}

// file is an open file.
type file struct {
	name    string
	f       *os.File
	size    int64
	pf      *parquet.File
	rows    int
	groups  []int // first row of each row group, then the number of rows
	columns []*column
	lists   []*list
}

// fail returns an error about a file or one of its columns.
func (o *file) fail(column, format string, args ...any) error {
	return &data.CSVError{File: o.name, Column: column, Err: fmt.Errorf(format, args...)}
}

// guard converts a panic, which a damaged file may cause in the library, to an error.
func (o *file) guard(column string, err *error) {
	if r := recover(); r != nil {
		*err = o.fail(column, "the file is damaged: %v", r)
	}
}

func (f File) open() (*file, error) {
	r, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	info, err := r.Stat()
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("data: %w", err)
	}
	o := &file{name: filepath.Base(f.Path), f: r, size: info.Size()}
	if !info.Mode().IsRegular() {
		err = o.fail("", "not a regular file")
	} else {
		err = o.read(f)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return o, nil
}

// read reads the footer and locates the pages.
func (o *file) read(f File) (err error) {
	defer o.guard("", &err)
	if err := o.footer(); err != nil {
		return err
	}
	o.pf, err = parquet.OpenFile(o.f, o.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<16))
	if err != nil {
		return o.fail("", "the file is damaged: %w", err)
	}
	meta := o.pf.Metadata()
	total := int64(0)
	for k := range meta.RowGroups {
		g := &meta.RowGroups[k]
		if g.NumRows < 0 || g.NumRows > mostRows-total {
			return o.fail("", "the file is damaged: row group %d of %d rows", k+1, g.NumRows)
		}
		o.groups = append(o.groups, int(total))
		total += g.NumRows
	}
	if total != meta.NumRows {
		return o.fail("", "the file is damaged: %d rows in its row groups, and %d declared", total, meta.NumRows)
	}
	if total == 0 {
		return &data.CSVError{File: o.name, Err: data.ErrEmpty}
	}
	o.rows, o.groups = int(total), append(o.groups, int(total))
	return o.describe(f)
}

// mostRows bounds the number of rows that a file may declare.
var mostRows = min(int64(math.MaxInt), 1<<40)

// footer checks the magic bytes at both ends of the file and the sizes that its footer
// declares.
func (o *file) footer() error {
	const ends = 12 // two magic words and the footer's length
	if o.size < ends {
		return o.fail("", "not a Parquet file: %d bytes", o.size)
	}
	var head [4]byte
	var tail [8]byte
	if _, err := o.f.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if _, err := o.f.ReadAt(tail[:], o.size-8); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	switch {
	case string(head[:]) == "PARE" || string(tail[4:]) == "PARE":
		return o.fail("", "the file is encrypted")
	case string(head[:]) != "PAR1":
		return o.fail("", "not a Parquet file: it does not begin with PAR1")
	case string(tail[4:]) != "PAR1":
		return o.fail("", "the file is cut off: it does not end with PAR1")
	}
	n := int64(tail[0]) | int64(tail[1])<<8 | int64(tail[2])<<16 | int64(tail[3])<<24
	if n > o.size-ends || n > mostFooter {
		return o.fail("", "the file is damaged: a footer of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := o.f.ReadAt(b, o.size-8-n); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if _, err := compactSize(b); err != nil {
		return o.fail("", "the file is damaged: footer: %w", err)
	}
	return nil
}

const mostFooter = 1 << 28

// describe finds the columns and locates their pages.
func (o *file) describe(f File) error {
	schema := o.pf.Metadata().Schema
	at, leaf := 1, 0
	for _, c := range o.pf.Root().Columns() {
		if at >= len(schema) {
			return o.fail("", "the file is damaged: %d columns are described", len(schema)-1)
		}
		e := &schema[at]
		col := &column{file: o, node: c, leaf: c.Index(), optional: c.MaxDefinitionLevel() > 0}
		col.Name = e.Name
		for _, other := range o.columns {
			if other.Name == e.Name {
				return o.fail(e.Name, "there are several columns of this name")
			}
		}
		switch {
		case slices.Contains(f.Sequences, e.Name):
			col.leave("read as sequences")
		case !c.Leaf():
			col.leave("a nested column (%s), which does not fit into a table cell", nesting(e))
		case c.MaxRepetitionLevel() > 0:
			col.leave("a repeated column, which does not fit into a table cell")
		default:
			col.classify(e)
		}
		if !f.wants(e.Name) && col.kind != unread {
			col.leave("as asked for")
		}
		n, leaves := span(schema[at:])
		at, leaf = at+n, leaf+leaves
		if col.kind != unread {
			if err := col.findPages(); err != nil {
				return err
			}
		}
		o.columns = append(o.columns, col)
	}
	if len(o.columns) == 0 {
		return o.fail("", "a file without columns")
	}
	return o.findSequences(f)
}

// findSequences finds the requested columns of lists.
func (o *file) findSequences(f File) error {
	schema := o.pf.Metadata().Schema
	for _, name := range f.Sequences {
		at, found := 1, false
		for _, c := range o.pf.Root().Columns() {
			if found = c.Name() == name; found {
				if err := o.asList(name, c, at); err != nil {
					return err
				}
				break
			}
			n, _ := span(schema[at:])
			at += n
		}
		if !found {
			return o.fail(name, "there is no such column")
		}
	}
	return nil
}

// span returns the number of schema elements that belong to the first one, including
// itself, and how many of them are columns.
func span(schema []format.SchemaElement) (n, leaves int) {
	open := 1
	for open > 0 && n < len(schema) {
		open--
		if e := &schema[n]; e.NumChildren.Valid && e.NumChildren.V > 0 {
			open += int(e.NumChildren.V)
		} else if e.Type.Valid {
			leaves++
		}
		n++
	}
	return n, leaves
}

func nesting(e *format.SchemaElement) string {
	if e.LogicalType.Value != nil {
		return e.LogicalType.Value.String()
	}
	return "a group"
}

func (o *file) columnFile() data.ColumnFile {
	out := data.ColumnFile{Name: o.name, Format: "Parquet", Rows: o.rows, File: o.f, Open: o.stream}
	for _, c := range o.columns {
		out.Columns = append(out.Columns, c.FileColumn)
	}
	if len(o.lists) > 0 {
		out.Lists = o.openLists
	}
	return out
}

var errDamaged = errors.New("the file is damaged")
