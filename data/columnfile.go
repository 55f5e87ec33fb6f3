package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
)

// FileColumn is a column of a file that declares the types of its columns.
type FileColumn struct {
	Name    string
	Type    ColumnType // Numeric, Categorical or DateTime; Ignore: it cannot be read
	Boolean bool       // for a categorical column: its levels are false and true
	Integer bool       // for a numeric column: all numbers are integers
	Layout  string     // for a column of times: their layout, as in package time
	Why     string     // why it cannot be read
}

// Cells are some cells of a [FileColumn]. The receiver may modify them.
type Cells struct {
	Values []float64 // numbers, times in seconds since 1970-01-01 UTC; NaN: missing. nil: see Codes
	Codes  []int32   // indices into Texts; -1: missing
	Texts  []string  // distinct texts
}

// ColumnFile is a file with typed columns, such as package data/parquet opens.
type ColumnFile struct {
	Name    string // file name with its extension, for errors
	Format  string
	Rows    int
	Columns []FileColumn
	File    *os.File // closed with the source and checked for changes; nil: none

	// Open returns a function that calls f for each of the given columns with the cells of
	// rows, given in ascending order. It may call f from several goroutines. Functions
	// returned by different calls of Open may be used concurrently.
	Open func() (func(rows, columns []int, f func(column int, c *Cells) error) error, error)

	// Lists returns a function that reads the sequences of rows, given in ascending order;
	// nil: there are none. Functions returned by different calls may be used concurrently.
	Lists func() func(rows []int) ([]Sequences, error)
}

// Source returns a source of the rows of a file. Its columns become features and a target
// as those of a CSV file do, except where the file declares more: texts are categories,
// and only null and the empty text are missing values, whatever a text looks like, unless
// c.Missing names it. Fields of c about the format of a CSV file are ignored. Rows in
// errors and warnings are counted from 1.
func (c CSV) Source(file ColumnFile) (*FileSource, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t, open, err := file.table(c)
	if err != nil {
		return nil, err
	}
	f, err := c.source(t, stem(file.Name), file.Lists)
	if err != nil {
		return nil, err
	}
	return f, f.begin(file.File, open)
}

// ReadColumns reads rows to predict from a file, as ReadRows does from a CSV file.
func (c CSV) ReadColumns(file ColumnFile, schema Schema) (*Set, *RowsReport, error) {
	t, needed, err := c.columnsFor(file, schema)
	if err != nil {
		return nil, nil, err
	}
	if err := t.gather(needed); err != nil {
		return nil, nil, err
	}
	return newMatcher(c, schema, file.Name).all(t)
}

// ScanColumns reads rows to predict from a file in parts, as ScanRows does from a CSV
// file.
func (c CSV) ScanColumns(file ColumnFile, schema Schema, f func(rows *Set) error) (*RowsReport, error) {
	if f == nil {
		return nil, errors.New("data: scan columns: nothing to do with the rows")
	}
	t, needed, err := c.columnsFor(file, schema)
	if err != nil {
		return nil, err
	}
	columns := wanted(needed)
	m := newMatcher(c, schema, file.Name)
	t.each(columns, func(first int, part *table) {
		for _, j := range columns {
			for i := range part.rows {
				if t.finite(first, part, i, j); t.err != nil {
					return
				}
			}
		}
		t.err = m.part(part, f)
	})
	if t.err != nil {
		return nil, t.err
	}
	m.report.Dialect = t.dialect
	return m.report, m.finish()
}

// columnsFor opens a file for the columns of a schema and reports which columns to keep.
func (c CSV) columnsFor(file ColumnFile, schema Schema) (*table, []bool, error) {
	if err := cmp.Or(c.check(), schema.check()); err != nil {
		return nil, nil, err
	}
	t, _, err := file.table(c)
	if err != nil {
		return nil, nil, err
	}
	needed := make([]bool, t.width())
	want := []string{schema.Target}
	for _, f := range schema.Features {
		want = append(want, f.Name)
	}
	want = slices.Concat(want, schema.Texts, c.ID)
	for j, n := range t.names {
		needed[j] = (c.KeepAll || slices.Contains(want, n)) && t.typed[j].Type != Ignore
		if !needed[j] && slices.Contains(want, n) {
			return nil, nil, &CSVError{File: file.Name, Column: n, Err: errors.New(t.typed[j].Why)}
		}
	}
	return t, needed, nil
}

// wanted returns the numbers of the needed columns.
func wanted(needed []bool) []int {
	var columns []int
	for j, want := range needed {
		if want {
			columns = append(columns, j)
		}
	}
	return columns
}

// finite records the first infinite value as an error.
func (t *table) finite(first int, part *table, i, j int) {
	if v := part.values[i*part.width()+j]; math.IsInf(v, 0) && t.err == nil {
		t.err = t.at(first+i, j, fmt.Errorf("%v is not finite", v))
	}
}

// stem returns the name of a file without its extension.
func stem(name string) string {
	for i := len(name) - 1; i > 0; i-- {
		if name[i] == '.' {
			return name[:i]
		}
	}
	return name
}

// typedFile reads a ColumnFile.
type typedFile struct {
	ColumnFile
	t       *table
	missing []float64
}

// table returns a table for a file that is read part by part.
func (file ColumnFile) table(c CSV) (*table, func() (rowReader, error), error) {
	fail := func(column string, err error) error { return &CSVError{File: file.Name, Column: column, Err: err} }
	switch {
	case file.Open == nil || len(file.Columns) == 0:
		return nil, nil, fail("", errors.New("a file without columns"))
	case file.Rows < 1:
		return nil, nil, fail("", ErrEmpty)
	}
	t := &table{file: file.Name, rows: file.Rows, typed: file.Columns, unnamed: make([]bool, len(file.Columns)), line: func(row int) int { return row + 1 }}
	t.dialect = Dialect{Format: file.Format, Encoding: encodingUTF8, Decimal: '.', Comma: ',', Header: true}
	seen := map[string]bool{}
	for _, column := range file.Columns {
		if seen[column.Name] {
			return nil, nil, fail(column.Name, errors.New("there are several columns of this name"))
		}
		seen[column.Name] = true
		t.names = append(t.names, column.Name)
	}
	for j, n := range t.names { // "" stands for no column elsewhere
		if n == "" {
			t.names[j], t.unnamed[j] = t.freeName(fmt.Sprintf("column %d", j+1)), true
		}
	}
	o := &typedFile{ColumnFile: file, t: t, missing: numbersOf(c.Missing)}
	read, err := file.Open()
	if err != nil {
		return nil, nil, err
	}
	t.again = func(columns []int, f func(first int, part *table) error) error { return o.again(read, columns, f) }
	return t, o.open, nil
}

func (o *typedFile) open() (rowReader, error) {
	read, err := o.Open()
	if err != nil {
		return nil, err
	}
	return func(rows, columns []int, f func(part *table, from int) error) error {
		return read(rows, columns, func(j int, c *Cells) error {
			part := &table{file: o.Name, dialect: o.t.dialect, names: o.t.names[j : j+1], typed: o.t.typed[j : j+1], unnamed: o.t.unnamed[j : j+1], rows: len(rows), single: true, column0: j}
			part.line = func(i int) int { return rows[i] + 1 }
			if c.Values == nil {
				part.values, part.forms, part.texts = make([]float64, len(rows)), make([]uint8, len(rows)), [][]string{c.Texts}
				for i, k := range c.Codes {
					part.values[i], part.forms[i] = o.text(c, k)
				}
				return f(part, 0)
			}
			o.absent(c.Values)
			part.values, part.texts = c.Values, [][]string{nil}
			return f(part, 0)
		})
	}, nil
}

// absent replaces numbers that mean a missing value by NaN.
func (o *typedFile) absent(values []float64) {
	if o.missing == nil {
		return
	}
	for i, v := range values {
		if slices.Contains(o.missing, v) {
			values[i] = math.NaN()
		}
	}
}

// text returns the value and form of a cell with a text's code.
func (o *typedFile) text(c *Cells, k int32) (float64, uint8) {
	if k < 0 || c.Texts[k] == "" {
		return math.NaN(), formEmpty
	}
	return float64(k), formText
}

// partCells is the number of cells read at once while a file is scanned.
const partCells = 1 << 22

// again reads the given columns of all rows; nil: all columns.
func (o *typedFile) again(read func(rows, columns []int, f func(column int, c *Cells) error) error, columns []int, f func(first int, part *table) error) error {
	width := o.t.width()
	if columns == nil {
		columns = numbered(0, width)
	}
	columns = slices.DeleteFunc(slices.Clone(columns), func(j int) bool { return o.t.typed[j].Type == Ignore })
	size := min(BlockRows, max(1<<10, partCells/width))
	part := &table{file: o.Name, dialect: o.t.dialect, names: o.t.names, typed: o.t.typed, unnamed: o.t.unnamed}
	values, forms := make([]float64, size*width), make([]uint8, size*width)
	for first := 0; first < o.Rows; first += size {
		n := min(size, o.Rows-first)
		part.rows, part.values, part.forms, part.texts = n, values[:n*width], forms[:n*width], make([][]string, width)
		for i := range part.forms {
			part.forms[i] = formEmpty
		}
		part.line = func(i int) int { return first + i + 1 }
		err := read(numbered(first, first+n), columns, func(j int, c *Cells) error {
			o.fill(part, j, c)
			return nil
		})
		if err != nil {
			return err
		}
		if err := f(first, part); err != nil {
			return err
		}
	}
	return nil
}

// fill copies the cells of a column into a part.
func (o *typedFile) fill(part *table, j int, c *Cells) {
	width := part.width()
	if c.Values == nil {
		part.texts[j] = c.Texts
		for i, k := range c.Codes {
			part.values[i*width+j], part.forms[i*width+j] = o.text(c, k)
		}
		return
	}
	o.absent(c.Values)
	kind := o.t.typed[j].Type
	for i, v := range c.Values {
		part.values[i*width+j], part.forms[i*width+j] = v, formOf(v, kind)
	}
}

// gather reads some columns into memory, with texts shared by all rows.
func (t *table) gather(needed []bool) error {
	width := t.width()
	columns := wanted(needed)
	values, forms := make([]float64, t.rows*width), make([]uint8, t.rows*width)
	for i := range forms {
		forms[i] = formEmpty
	}
	ids := make([]map[string]uint32, width)
	texts := make([][]string, width)
	t.each(columns, func(first int, part *table) {
		for _, j := range columns {
			if ids[j] == nil {
				ids[j] = map[string]uint32{}
			}
			index := make([]float64, len(part.texts[j]))
			for k, text := range part.texts[j] {
				id, ok := ids[j][text]
				if !ok {
					id = uint32(len(texts[j]))
					ids[j][text], texts[j] = id, append(texts[j], text)
				}
				index[k] = float64(id)
			}
			for i := range part.rows {
				t.finite(first, part, i, j)
				from, to := i*width+j, (first+i)*width+j
				values[to], forms[to] = part.values[from], part.forms[from]
				if forms[to] == formText {
					values[to] = index[int(values[to])]
				}
			}
		}
	})
	t.values, t.forms, t.texts, t.again = values, forms, texts, nil
	return t.err
}
