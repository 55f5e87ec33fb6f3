package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// mostLine is the longest line of a JSON Lines file, in bytes.
const mostLine = 1 << 28

// JSONLines reads a file of JSON objects, one a line (jsonlines.org), into memory; name appears
// in errors. [CSV.Source] makes rows of it: its keys are columns, in the order in which they first
// occur. Strings are categories, or texts if the type of their column is Text; numbers and booleans
// are as they are; null and an absent key are missing values. A column that holds arrays or objects
// cannot be read and is left out, with the reason in the report.
//
// The file may be compressed and encoded as a CSV file may. It is an error if a line is no object,
// if a key occurs twice in it, if a number is beyond float64, if a string has half a surrogate pair,
// or if a column holds values of two kinds.
func JSONLines(r io.Reader, name string) (ColumnFile, error) {
	if r == nil {
		return ColumnFile{}, errors.New("data: no file to read")
	}
	d, err := newDecoder(r, name)
	if err != nil {
		return ColumnFile{}, err
	}
	f := &jsonFile{name: name, index: map[string]int{}}
	if err := f.lines(bufio.NewReaderSize(d, 1<<16)); err != nil {
		return ColumnFile{}, err
	}
	return f.columnFile(), nil
}

// jsonFile is what was read of a file.
type jsonFile struct {
	name    string
	rows    int
	columns []*jsonColumn
	index   map[string]int // of a column by its name
}

// jsonColumn is a column: numbers, or codes of texts.
type jsonColumn struct {
	name   string
	kind   byte // '0': numbers, 't': booleans, '"': strings, '{': not readable; 0: only missing values so far
	values []float64
	codes  []int32
	texts  []string
	ids    map[string]int32
	last   int // row of its last value, from 1
}

var jsonKinds = map[byte]string{'0': "numbers", 't': "booleans", '"': "strings"}

func (f *jsonFile) lines(r *bufio.Reader) error {
	var line []byte
	for number := 1; ; number++ {
		line = line[:0]
		for {
			part, err := r.ReadSlice('\n')
			if line = append(line, part...); len(line) > mostLine {
				return &CSVError{File: f.name, Row: number, Err: fmt.Errorf("a line of more than %d MiB", mostLine>>20)}
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if err != nil && len(line) == 0 {
				return nil
			}
			break
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		f.rows++
		if err := f.object(line); err != nil {
			var at *CSVError
			if !errors.As(err, &at) {
				at = &CSVError{Err: err}
			}
			at.File, at.Row = f.name, number
			return at
		}
	}
}

// object reads a line.
func (f *jsonFile) object(line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return jsonError(err, "a line has to be a JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return jsonError(err, "")
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return jsonError(err, "")
		}
		if err := f.value(key.(string), raw); err != nil {
			return &CSVError{Column: key.(string), Err: err}
		}
	}
	if _, err := d.Token(); err != nil {
		return jsonError(err, "")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

// jsonError returns an error of the decoder in few words, or the given one.
func jsonError(err error, otherwise string) error {
	switch {
	case err == nil:
		return errors.New(otherwise)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the line ends within a JSON object")
	}
	return fmt.Errorf("not JSON: %w", err)
}

// value adds a value of the current row to a column.
func (f *jsonFile) value(name string, raw json.RawMessage) error {
	k, ok := f.index[name]
	if !ok {
		k = len(f.columns)
		f.index[name] = k
		f.columns = append(f.columns, &jsonColumn{name: name, ids: map[string]int32{}})
	}
	c := f.columns[k]
	if c.last == f.rows {
		return errors.New("the key occurs twice")
	}
	c.last = f.rows
	return c.add(f.rows-1, raw)
}

// add adds the value of a row.
func (c *jsonColumn) add(row int, raw json.RawMessage) error {
	kind := raw[0]
	switch {
	case kind == 'n':
		return nil
	case kind == 'f':
		kind = 't'
	case kind == '-' || kind >= '0' && kind <= '9':
		kind = '0'
	case kind == '[' || kind == '{':
		c.kind, c.values, c.codes, c.texts = '{', nil, nil, nil
	}
	if c.kind == '{' {
		return nil
	}
	if c.kind != 0 && c.kind != kind {
		return fmt.Errorf("%s among %s", jsonKinds[kind], jsonKinds[c.kind])
	}
	c.kind = kind
	c.pad(row)
	switch kind {
	case '0':
		v, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.IsInf(v, 0) {
			return fmt.Errorf("%s is beyond the range of a number", short(string(raw)))
		}
		c.values = append(c.values, v)
	case 't':
		c.codes = append(c.codes, c.code(string(raw)))
	default:
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		if strings.ContainsRune(text, '\ufffd') && !bytes.ContainsRune(raw, '\ufffd') && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
			return fmt.Errorf("%s has half a surrogate pair", short(text))
		}
		c.codes = append(c.codes, c.code(text))
	}
	return nil
}

// pad fills a column with missing values up to a row.
func (c *jsonColumn) pad(row int) {
	if c.kind == '0' {
		for len(c.values) < row {
			c.values = append(c.values, math.NaN())
		}
		return
	}
	for len(c.codes) < row {
		c.codes = append(c.codes, -1)
	}
}

func (c *jsonColumn) code(text string) int32 {
	id, ok := c.ids[text]
	if !ok {
		id = int32(len(c.texts))
		c.ids[text], c.texts = id, append(c.texts, text)
	}
	return id
}

// columnFile returns the file with its columns.
func (f *jsonFile) columnFile() ColumnFile {
	out := ColumnFile{Name: f.name, Format: "JSON Lines", Rows: f.rows}
	for _, c := range f.columns {
		column := FileColumn{Name: c.name}
		switch c.kind {
		case '{':
			column.Type, column.Why = Ignore, "it holds arrays or objects"
		case 0, '0':
			c.kind = '0'
			column.Type, column.Integer = Numeric, true
			for _, v := range c.values {
				column.Integer = column.Integer && (v != v || v == math.Trunc(v))
			}
		default:
			column.Type, column.Boolean = Categorical, c.kind == 't'
		}
		if c.kind != '{' {
			c.pad(f.rows)
		}
		c.ids = nil
		out.Columns = append(out.Columns, column)
	}
	out.Open = func() (func(rows, columns []int, do func(column int, c *Cells) error) error, error) {
		return f.read, nil
	}
	return out
}

// read calls do with the cells of rows.
func (f *jsonFile) read(rows, columns []int, do func(column int, c *Cells) error) error {
	for _, j := range columns {
		c := f.columns[j]
		cells := &Cells{Texts: c.texts}
		if c.kind == '0' {
			cells.Values = take(nil, c.values, rows, 1)
		} else {
			cells.Codes = take(nil, c.codes, rows, 1)
		}
		if err := do(j, cells); err != nil {
			return err
		}
	}
	return nil
}
