package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// Sizes of a block and of the longest record. The latter keeps an unclosed quotation mark
// from swallowing the whole file.
const (
	blockSize = 1 << 19
	maxRecord = 1 << 26
)

// block is a part of a file that consists of whole records.
type block struct {
	text []byte
	at   int64 // offset in the file
	line int   // line of the first record
	done chan *chunk
}

// blockReader cuts a file into blocks between records.
type blockReader struct {
	file     string
	r        io.Reader
	sep, eol byte
	line     int
	rest     []byte // beginning of the next block
	at       int64  // offset of the next block
	end      bool
}

// next returns the next whole records, nil at the end of the file. It reuses the memory of
// buffer if that is large enough.
func (b *blockReader) next(buffer []byte) (text []byte, line int, err error) {
	text = append(buffer[:0], b.rest...)
	b.rest = b.rest[:0]
	for size := blockSize; ; size *= 2 {
		if text, err = b.fill(text, size); err != nil {
			return nil, 0, err
		}
		if len(text) == 0 {
			return nil, 0, nil
		}
		cut, open := b.cut(text)
		switch {
		case cut < 0 && (b.end || len(text) > maxRecord):
			line := b.line + bytes.Count(text[:max(open, 0)], []byte{b.eol})
			if open >= 0 {
				return nil, 0, &CSVError{File: b.file, Row: line, Err: errOpenQuote}
			}
			return nil, 0, &CSVError{File: b.file, Row: line, Err: fmt.Errorf("a record of more than %d MB", maxRecord>>20)}
		case cut < 0:
			continue
		case b.end && open >= 0:
			return nil, 0, &CSVError{File: b.file, Row: b.line + bytes.Count(text[:open], []byte{b.eol}), Err: errOpenQuote}
		}
		b.rest = append(b.rest, text[cut:]...)
		text = text[:cut]
		line = b.line
		b.line += bytes.Count(text, []byte{b.eol})
		b.at += int64(len(text))
		return text, line, nil
	}
}

// fill reads until there are size bytes or the file ends. It terminates an unterminated
// last line.
func (b *blockReader) fill(text []byte, size int) ([]byte, error) {
	if cap(text) < size {
		text = append(make([]byte, 0, size+1), text...)
	}
	for len(text) < size && !b.end {
		n, err := b.r.Read(text[len(text):size])
		text = text[:len(text)+n]
		if errors.Is(err, io.EOF) {
			b.end = true
			if len(text) > 0 && text[len(text)-1] != b.eol {
				text = append(text, b.eol)
			}
		} else if err != nil {
			return nil, err
		}
	}
	return text, nil
}

// cut returns the end of the last whole record, -1 if there is none, and the position of a
// quotation mark that is still open at the end of the text, -1 if there is none.
func (b *blockReader) cut(text []byte) (cut, open int) {
	if bytes.IndexByte(text, '"') < 0 {
		if cut = bytes.LastIndexByte(text, b.eol) + 1; cut == 0 {
			cut = -1
		}
		return cut, -1
	}
	cut = -1
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '"')
		outside := text[i:]
		if n >= 0 {
			outside = text[i : i+n]
		}
		if at := bytes.LastIndexByte(outside, b.eol); at >= 0 {
			cut = i + at + 1
		}
		if n < 0 {
			return cut, -1
		}
		i += n + 1
		if !b.opens(text, i-1) {
			continue
		}
		open = i - 1
		for {
			n := bytes.IndexByte(text[i:], '"')
			if n < 0 {
				return cut, open
			}
			i += n + 1
			if i == len(text) || text[i] != '"' {
				break
			}
			i++
		}
		if i == len(text) && !b.end { // may be the first of a doubled mark
			return cut, open
		}
	}
}

// opens reports whether a quotation mark begins a cell: only space separates it from the
// preceding separator.
func (b *blockReader) opens(text []byte, at int) bool {
	for i := at - 1; i >= 0; i-- {
		switch c := text[i]; {
		case c == b.sep || c == b.eol:
			return true
		case c != ' ' && c != '\t':
			return false
		}
	}
	return true
}

// table is the content of a file, parsed as far as possible for each cell on its own:
// numbers are numbers, other cells are indices into the texts of their column.
type table struct {
	file    string
	dialect Dialect
	names   []string
	unnamed []bool    // columns that the header does not name
	notes   []Warning // about the header
	rows    int
	values  []float64 // in row-major order
	forms   []uint8   // form of each value
	lines   []uint32  // line on which each record begins
	texts   [][]string

	declared []bool // which columns of an ARFF file are nominal, their texts being the levels in order; nil: a CSV file

	typed   []FileColumn                                                    // columns with types; nil: a text file
	prose   []bool                                                          // columns whose distinct texts are not listed while scanning; nil without again
	again   func(columns []int, f func(first int, part *table) error) error // reads the rows again; nil: they are in memory
	line    func(row int) int                                               // line on which a record begins; nil: use lines
	single  bool                                                            // this part has a single column of the file
	column0 int                                                             // its number
	oddText *oddCell
	err     error // first error of reading again
}

// each calls f with the rows of some columns: all at once if they are in memory, otherwise
// part by part. The first error is kept in t.err.
func (t *table) each(columns []int, f func(first int, part *table)) {
	if t.again == nil {
		f(0, t)
		return
	}
	if t.err == nil {
		t.err = t.again(columns, func(first int, part *table) error {
			f(first, part)
			return t.err
		})
	}
}

// lineOf returns the line of the file on which a record begins, or its number if lines are
// unknown.
func (t *table) lineOf(row int) int {
	if t.line != nil {
		return t.line(row)
	}
	return int(t.lines[row])
}

func (t *table) width() int { return len(t.names) }

// declares reports whether the file itself declares the levels of a column.
func (t *table) declares(j int) bool { return t.declared != nil && t.declared[j] }

// parser parses files to tables.
type parser struct {
	c       CSV
	file    string
	size    int64                                            // size of the file; 0: unknown
	choose  func(names []string, d Dialect) []string         // returns the columns to keep as text, given the header
	parts   func(b *blockReader, t *table, d *decoder) error // consumes the rows part by part; nil: all are kept
	headers func(head []string) bool                         // reports whether a first record names the columns, for rows to predict
}

// parse reads a file.
func (p parser) parse(r io.Reader) (*table, error) {
	dec, err := newDecoder(r, p.file)
	if err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(dec, sampleSize)
	sample, err := br.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if p.c.Comma == 0 && looksARFF(sample) {
		a := &arff{file: p.file, texts: true}
		if err := a.scan(br); err != nil {
			return nil, err
		}
		return a.table(Dialect{Encoding: dec.encoding, Mark: dec.mark, Packed: dec.packed}), nil
	}
	d, records, err := p.c.recognise(sample, errors.Is(err, io.EOF))
	if err != nil {
		return nil, err
	}
	d.Encoding, d.Mark, d.Packed = dec.encoding, dec.mark, dec.packed
	if len(records) > 0 && p.headers != nil && !p.c.NoHeader && !d.Header {
		d.Header = p.headers(records[0])
	}
	t := &table{file: p.file, dialect: d}
	b := &blockReader{file: p.file, r: br, sep: byte(d.Comma), eol: d.eol(), line: 1}
	if d.skip > 0 {
		_, _ = br.Discard(d.skip) // already peeked
		b.line++
		b.at = int64(d.skip)
	}
	if err := p.head(b, t); err != nil {
		return nil, err
	}
	if p.parts != nil {
		return t, p.parts(b, t, dec)
	}
	if err := p.body(b, t); err != nil {
		return nil, err
	}
	t.dialect.Encoding = dec.encoding // may have changed since
	if t.rows == 0 {
		return nil, &CSVError{File: p.file, Err: errors.New("a header without rows")}
	}
	return t, nil
}

// head reads the names of the columns and leaves the rest to body.
func (p parser) head(b *blockReader, t *table) error {
	text, line, err := b.next(nil)
	if err != nil {
		return err
	}
	cp := cellParser{sep: b.sep, eol: b.eol, text: text}
	for cp.at < len(text) && cp.blank() {
	}
	if cp.at >= len(text) {
		if text != nil { // a block of blank lines
			return p.head(b, t)
		}
		return &CSVError{File: p.file, Err: errors.New("the file is empty")}
	}
	begin, lines := cp.at, cp.lines
	record, err := cp.record()
	if err != nil {
		return &CSVError{File: p.file, Row: line + lines, Err: err}
	}
	if !t.dialect.Header {
		cp.at, cp.lines = begin, lines // it is read again
	}
	if err := t.name(record, line+lines); err != nil {
		return err
	}
	b.rest = append(append([]byte(nil), text[cp.at:]...), b.rest...)
	b.at -= int64(len(text) - cp.at)
	b.line = line + cp.lines
	return nil
}

// body parses all records: blocks in parallel, with results joined in order.
func (p parser) body(b *blockReader, t *table) error {
	run := newBlockRun(b, runtime.GOMAXPROCS(0))
	parsers := p.start(run, b, t)
	spans, err := run.collect(t, p.size)
	if err != nil {
		return err
	}
	t.join(parsers, spans)
	return nil
}

// start starts a parser of blocks on every processor.
func (p parser) start(run *blockRun, b *blockReader, t *table) []*blockParser {
	var keep []string
	if p.choose != nil {
		keep = p.choose(t.names, t.dialect)
	}
	verbatim := make([]bool, len(t.names))
	for j, n := range t.names {
		for _, k := range keep {
			verbatim[j] = verbatim[j] || n == k
		}
	}
	parsers := make([]*blockParser, runtime.GOMAXPROCS(0))
	for w := range parsers {
		parsers[w] = &blockParser{
			file: p.file, sep: b.sep, eol: b.eol, mark: byte(t.dialect.Decimal), width: len(t.names), worker: w, names: t.names, apart: p.parts != nil,
			verbatim: verbatim, missing: numbersOf(p.c.Missing), ids: make([]map[string]uint32, len(t.names)), texts: make([][]string, len(t.names)),
		}
		run.start(parsers[w])
	}
	return parsers
}

// blockRun is a file being parsed: one goroutine reads blocks, workers parse them, and the
// caller collects the results in file order.
type blockRun struct {
	work  chan block
	order chan chan *chunk
	stop  chan struct{}
	texts chan []byte // buffers to reuse
	free  chan *chunk // chunks to reuse
	all   sync.WaitGroup
	err   error // read error; set before order is closed
}

func newBlockRun(b *blockReader, workers int) *blockRun {
	ahead := 2 * workers // maximum number of blocks in progress, including those waiting to be collected
	r := &blockRun{
		work: make(chan block), order: make(chan chan *chunk, ahead), stop: make(chan struct{}),
		texts: make(chan []byte, ahead+2), free: make(chan *chunk, ahead+2),
	}
	r.all.Add(1)
	go r.read(b)
	return r
}

func (r *blockRun) read(b *blockReader) {
	defer r.all.Done()
	defer close(r.work)
	defer close(r.order)
	for {
		var buffer []byte
		select {
		case buffer = <-r.texts:
		default:
		}
		at := b.at
		text, line, err := b.next(buffer)
		if err != nil || text == nil {
			r.err = err
			return
		}
		job := block{text: text, at: at, line: line, done: make(chan *chunk, 1)}
		select {
		case r.order <- job.done:
		case <-r.stop:
			return
		}
		select {
		case r.work <- job:
		case <-r.stop:
			return
		}
	}
}

func (r *blockRun) start(p *blockParser) {
	r.all.Add(1)
	go func() {
		defer r.all.Done()
		for job := range r.work {
			c := &chunk{}
			select {
			case c = <-r.free:
			default:
			}
			c.values, c.forms, c.lines, c.err = c.values[:0], c.forms[:0], c.lines[:0], nil
			c.at, c.size, c.line = job.at, len(job.text), job.line
			p.parse(job.text, job.line, c)
			select {
			case r.texts <- job.text:
			default:
			}
			job.done <- c
		}
	}()
}

// span is the rows of a block and the worker that parsed them.
type span struct{ from, to, worker int }

// collect joins the chunks in order. It returns the first error in file order.
func (r *blockRun) collect(t *table, size int64) ([]span, error) {
	var spans []span
	var read int64
	err := r.each(func(c *chunk) error {
		if n := len(t.values) + len(c.values); cap(t.values) < n {
			t.grow(n, r.estimate(t, c, size, read))
		}
		t.values = append(t.values, c.values...)
		t.forms = append(t.forms, c.forms...)
		t.lines = append(t.lines, c.lines...)
		spans = append(spans, span{t.rows, t.rows + len(c.lines), c.worker})
		t.rows += len(c.lines)
		read += blockSize
		return nil
	})
	return spans, err
}

// each calls f with the chunks in order; each chunk is reused once f returns. It returns
// the first error in file order, or of f.
func (r *blockRun) each(f func(c *chunk) error) error {
	var err error
	for done := range r.order {
		c := <-done
		if err = c.err; err == nil {
			err = f(c)
		}
		if err != nil {
			break
		}
		select {
		case r.free <- c:
		default:
		}
	}
	close(r.stop)
	for done := range r.order { // unblock the reader
		_ = done
	}
	r.all.Wait()
	if err == nil {
		err = r.err
	}
	return err
}

// estimate extrapolates the number of values in the file from what has been read so far; 0
// if the file's size is unknown.
func (r *blockRun) estimate(t *table, c *chunk, size, read int64) int {
	if size <= 0 || t.dialect.Packed || len(t.values) > 0 {
		return 0
	}
	if size <= blockSize {
		return len(c.values)
	}
	return int(float64(len(c.values)) * float64(size) / blockSize * 1.1) // unused pages cost no memory
}

// grow makes room for n values, or for the expected number.
func (t *table) grow(n, expected int) {
	n = max(n+n/4, expected)
	t.values = append(make([]float64, 0, n), t.values...)
	t.forms = append(make([]uint8, 0, n), t.forms...)
	t.lines = append(make([]uint32, 0, n/t.width()+1), t.lines...)
}

// join maps the texts of all workers to common indices.
func (t *table) join(parsers []*blockParser, spans []span) {
	width := t.width()
	t.texts = make([][]string, width)
	index := make([][][]uint32, len(parsers)) // by worker and column
	for w := range index {
		index[w] = make([][]uint32, width)
	}
	moved := false
	for j := range width {
		first := -1
		ids := map[string]uint32{}
		for w, p := range parsers {
			if len(p.texts[j]) == 0 {
				continue
			}
			if first < 0 { // its indices are unchanged
				first = w
				t.texts[j] = p.texts[j]
				ids = p.ids[j]
				continue
			}
			moved = true
			index[w][j] = t.adopt(j, p.texts[j], ids)
		}
	}
	if !moved {
		return
	}
	for _, s := range spans {
		t.renumber(s, index[s.worker])
	}
}

// adopt returns the common indices of texts, adding those that are new.
func (t *table) adopt(j int, texts []string, ids map[string]uint32) []uint32 {
	index := make([]uint32, len(texts))
	for k, text := range texts {
		id, ok := ids[text]
		if !ok {
			id = uint32(len(t.texts[j]))
			ids[text] = id
			t.texts[j] = append(t.texts[j], text)
		}
		index[k] = id
	}
	return index
}

func (t *table) renumber(s span, index [][]uint32) {
	width := t.width()
	for j, list := range index {
		if list == nil {
			continue
		}
		for at := s.from*width + j; at < s.to*width; at += width {
			if t.forms[at] == formText {
				t.values[at] = float64(list[int(t.values[at])])
			}
		}
	}
}
