package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"sync"
)

// fileBlock is the location of some records in a file.
type fileBlock struct {
	at   int64
	size int
	row  int // its first row
	line int
}

// Open opens a file that is read a few blocks of rows at a time, so it may be larger than
// memory. Two to four passes over the file find the columns' types, levels and ranges and
// the locations of the blocks; every value is the one that [CSV.ReadFile] gives.
//
// The file must be UTF-8, uncompressed, and unchanged while the source is used. Other
// files, ARFF files and those with a Schema are errors; they can be read into memory. The
// type of a column is determined by its first 262,144 distinct texts, and the others must
// conform to it. A categorical column with more texts is left out; it is an error if its
// type was given or it is the target. Duplicate rows are counted up to 8,388,608 rows.
func (c CSV) Open(path string) (*FileSource, error) {
	name := filepath.Base(path)
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	f, err := c.OpenFile(file, name)
	if err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

// OpenFile is Open for a file that is already open; name appears in errors. The source
// closes the file; after an error it stays open.
func (c CSV) OpenFile(file *os.File, name string) (*FileSource, error) {
	if file == nil {
		return nil, errors.New("data: no file to read")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Schema != nil {
		return nil, &CSVError{File: name, Err: errors.New("with a schema, read the file into memory")}
	}
	return c.openFile(file, name)
}

func (c CSV) openFile(file *os.File, name string) (*FileSource, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &CSVError{File: name, Err: errors.New("it is not seekable: read it into memory")}
	}
	o := &csvFile{c: c, file: file, name: name, size: info.Size()}
	if err := o.head(); err != nil {
		return nil, err
	}
	f, err := c.source(o.t, name[:len(name)-len(filepath.Ext(name))], nil)
	if err != nil {
		return nil, err
	}
	return f, f.begin(file, func() (rowReader, error) { return o.read, nil })
}

// csvFile reads the blocks of a file.
type csvFile struct {
	c      CSV
	file   *os.File
	name   string
	size   int64
	t      *table // without rows
	b      blockReader
	start  int64 // bytes before the text
	blocks []fileBlock
}

var errHead = errors.New("that was the header")

// head detects the dialect of the file.
func (o *csvFile) head() error {
	err := o.pass(func(b *blockReader, t *table, d *decoder) error {
		o.t, o.b = t, blockReader{sep: b.sep, eol: b.eol}
		if d.mark {
			o.start = 3
		}
		return errHead
	})
	switch {
	case err == nil: // no errHead: an ARFF file
		return &CSVError{File: o.name, Err: errors.New("an ARFF file cannot be read in parts: read it into memory")}
	case !errors.Is(err, errHead):
		return err
	}
	o.t.line, o.t.again = o.line, o.again
	return nil
}

// pass begins a pass over the file.
func (o *csvFile) pass(f func(b *blockReader, t *table, d *decoder) error) error {
	p := parser{c: o.c, file: o.name, choose: o.c.verbatim}
	p.parts = func(b *blockReader, t *table, d *decoder) error {
		if err := inParts(o.name, d); err != nil {
			return err
		}
		return f(b, t, d)
	}
	_, err := p.parse(io.NewSectionReader(o.file, 0, o.size))
	return err
}

// inParts returns an error for a file whose records cannot be located by offset.
func inParts(name string, d *decoder) error {
	switch {
	case d.packed:
		return &CSVError{File: name, Err: errors.New("a compressed file cannot be read in parts: unpack it, or read it into memory")}
	case d.encoding != encodingUTF8:
		return &CSVError{File: name, Err: fmt.Errorf("a file in %s cannot be read in parts: convert it to UTF-8, or read it into memory", d.encoding)}
	}
	return nil
}

// again reads all rows.
func (o *csvFile) again(_ []int, f func(first int, part *table) error) error {
	first, rows := o.blocks == nil, 0
	err := o.pass(func(b *blockReader, t *table, d *decoder) error {
		run := newBlockRun(b, runtime.GOMAXPROCS(0))
		p := parser{c: o.c, file: o.name, choose: o.c.verbatim, parts: func(*blockReader, *table, *decoder) error { return nil }}
		p.start(run, b, t)
		err := run.each(func(c *chunk) error {
			if err := inParts(o.name, d); err != nil {
				return err
			}
			if first && len(c.lines) > 0 {
				o.blocks = append(o.blocks, fileBlock{o.start + c.at, c.size, rows, c.line})
			}
			part := o.part(c)
			if part.rows == 0 {
				return nil
			}
			rows += part.rows
			return f(rows-part.rows, part)
		})
		return err
	})
	if err == nil && rows == 0 {
		err = &CSVError{File: o.name, Err: errors.New("a header without rows")}
	}
	return err
}

// part returns a chunk as a table, which shares its memory.
func (o *csvFile) part(c *chunk) *table {
	return &table{file: o.name, dialect: o.t.dialect, names: o.t.names, unnamed: o.t.unnamed, rows: len(c.lines), values: c.values, forms: c.forms, lines: c.lines, texts: c.texts}
}

// parser returns a parser for single blocks.
func (o *csvFile) parser() *blockParser {
	keep := o.c.verbatim(o.t.names, o.t.dialect)
	p := &blockParser{
		file: o.name, sep: o.b.sep, eol: o.b.eol, mark: byte(o.t.dialect.Decimal), width: len(o.t.names), names: o.t.names, apart: true,
		verbatim: make([]bool, len(o.t.names)), missing: numbersOf(o.c.Missing), ids: make([]map[string]uint32, len(o.t.names)), texts: make([][]string, len(o.t.names)),
	}
	for j, n := range o.t.names {
		p.verbatim[j] = slices.Contains(keep, n)
	}
	return p
}

// blockOf returns the number of the block that contains a row.
func (o *csvFile) blockOf(row int) int {
	return sort.Search(len(o.blocks), func(k int) bool { return o.blocks[k].row > row }) - 1
}

// parse parses a block.
func (o *csvFile) parse(k int, p *blockParser, buffer []byte, c *chunk) ([]byte, error) {
	b := o.blocks[k]
	if cap(buffer) < b.size+1 {
		buffer = make([]byte, b.size+1)
	}
	text := buffer[:b.size]
	n, err := o.file.ReadAt(text, b.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return buffer, fmt.Errorf("data: %w", err)
	}
	text = text[:n]
	if n == 0 {
		return buffer, &CSVError{File: o.name, Row: b.line, Err: errChanged}
	}
	if text[n-1] != o.b.eol {
		text = append(text, o.b.eol)
	}
	c.values, c.forms, c.lines, c.err = c.values[:0], c.forms[:0], c.lines[:0], nil
	p.parse(text, b.line, c)
	return buffer, c.err
}

// line returns the line on which a record begins.
func (o *csvFile) line(row int) int {
	k := o.blockOf(row)
	if k < 0 {
		return 0
	}
	var c chunk
	if _, err := o.parse(k, o.parser(), nil, &c); err != nil || row-o.blocks[k].row >= len(c.lines) {
		return 0
	}
	return int(c.lines[row-o.blocks[k].row])
}

// read implements rowReader: it reads the blocks that contain the rows, several at a time.
func (o *csvFile) read(rows, _ []int, f func(part *table, from int) error) error {
	type piece struct{ block, from, to int }
	var pieces []piece
	for from := 0; from < len(rows); {
		k := o.blockOf(rows[from])
		to := len(rows)
		if k+1 < len(o.blocks) {
			to = from + sort.SearchInts(rows[from:], o.blocks[k+1].row)
		}
		pieces = append(pieces, piece{k, from, to})
		from = to
	}
	type worker struct {
		p      *blockParser
		buffer []byte
		c      chunk
	}
	var lock sync.Mutex
	var firstErr error
	var free []*worker
	parallel(len(pieces), func(k int) {
		lock.Lock()
		stop := firstErr != nil
		var w *worker
		if n := len(free); n > 0 {
			w, free = free[n-1], free[:n-1]
		}
		lock.Unlock()
		if stop {
			return
		}
		if w == nil {
			w = &worker{p: o.parser()}
		}
		at := pieces[k]
		var err error
		if w.buffer, err = o.parse(at.block, w.p, w.buffer, &w.c); err == nil {
			part := o.part(&w.c)
			if err = part.keep(rows[at.from:at.to], o.blocks[at.block].row); err == nil {
				err = f(part, at.from)
			} else {
				err = &CSVError{File: o.name, Row: o.blocks[at.block].line, Err: err}
			}
		}
		lock.Lock()
		if err != nil && firstErr == nil {
			firstErr = err
		}
		free = append(free, w)
		lock.Unlock()
	})
	return firstErr
}

// keep reduces a part, whose first row is given, to some of its rows.
func (t *table) keep(rows []int, first int) error {
	if rows[len(rows)-1]-first >= t.rows {
		return errChanged
	}
	same := len(rows) == t.rows
	for i := 0; same && i < len(rows); i++ {
		same = rows[i] == first+i
	}
	if same {
		return nil
	}
	width := t.width()
	values, forms, lines := make([]float64, 0, len(rows)*width), make([]uint8, 0, len(rows)*width), make([]uint32, 0, len(rows))
	for _, r := range rows {
		i := r - first
		values, forms, lines = append(values, t.values[i*width:(i+1)*width]...), append(forms, t.forms[i*width:(i+1)*width]...), append(lines, t.lines[i])
	}
	t.rows, t.values, t.forms, t.lines = len(rows), values, forms, lines
	return nil
}
