package parquet

import (
	"errors"
	"io"
	"math"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/seed732fc211/aegis/data"
)

// stream reads rows. Between calls it keeps the page read last of each column.
type stream struct {
	file    *file
	columns []*reader // nil: not read yet
	cells   sync.Pool // *buffer
}

// buffer is the cells of a single column.
type buffer struct {
	data.Cells
	own []float64 // memory for Values, which may instead be those of a page
}

// reader reads a column.
type reader struct {
	c     *column
	group int // -1: none open
	at    *shifted
	pages *parquet.FilePages

	page       parquet.Page // nil: none kept
	number     int          // number of the page
	from, to   int          // rows of the page, within the row group
	dictionary parquet.Dictionary
	values     []float64 // values of the dictionary
	codes      []int32   // codes of the dictionary's texts in this call; -1: not seen yet
	call       int       // the call that codes belongs to
	nulls      bool
}

// keptPages is the number of bytes of pages kept in memory between calls.
const keptPages = 1 << 25

func (o *file) stream() (func(rows, columns []int, f func(column int, c *data.Cells) error) error, error) {
	s := &stream{file: o, columns: make([]*reader, len(o.columns))}
	s.cells.New = func() any { return &buffer{} }
	call := 0
	return func(rows, columns []int, f func(column int, c *data.Cells) error) error {
		call++
		return s.read(call, rows, columns, f)
	}, nil
}

// read reads columns, several at a time.
func (s *stream) read(call int, rows, columns []int, f func(column int, c *data.Cells) error) error {
	for _, j := range columns {
		if s.columns[j] == nil {
			s.columns[j] = &reader{c: s.file.columns[j], group: -1}
		}
	}
	var next atomic.Int64
	var all sync.WaitGroup
	var lock sync.Mutex
	var first error
	for range min(runtime.GOMAXPROCS(0), len(columns)) {
		all.Go(func() {
			cells := s.cells.Get().(*buffer)
			defer s.cells.Put(cells)
			for k := int(next.Add(1)) - 1; k < len(columns); k = int(next.Add(1)) - 1 {
				r := s.columns[columns[k]]
				err := r.cells(call, rows, cells)
				if err == nil {
					err = f(columns[k], &cells.Cells)
				}
				if r.page != nil && r.page.Size() > int64(keptPages/len(columns)) {
					r.close()
				}
				if err != nil {
					lock.Lock()
					if first == nil {
						first = err
					}
					lock.Unlock()
					next.Store(int64(len(columns)))
				}
			}
		})
	}
	all.Wait()
	return first
}

// cells reads the cells of rows, given in ascending order.
func (r *reader) cells(call int, rows []int, cells *buffer) (err error) {
	o := r.c.file
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	defer o.guard(r.c.Name, &err)
	n := len(rows)
	var known map[string]int32
	values, codes := cells.own[:0], cells.Codes[:0]
	if r.c.Type == data.Categorical {
		known, cells.Texts, values = map[string]int32{}, nil, nil
		if cap(codes) < n {
			codes = make([]int32, n)
		}
		codes = codes[:n]
	} else {
		if cap(values) < n {
			values = make([]float64, n)
		}
		values = values[:n]
		cells.own = values
	}
	cells.Values, cells.Codes = values, codes
	if known != nil {
		cells.Values = nil
	}
	for i := 0; i < n; {
		group := sort.SearchInts(o.groups, rows[i]+1) - 1
		if err := r.open(group); err != nil {
			return err
		}
		lo := rows[i] - o.groups[group]
		if err := r.turnTo(lo); err != nil {
			return o.fail(r.c.Name, "row group %d: %w", group+1, err)
		}
		end := r.to + o.groups[group]
		// A run of consecutive rows on the page.
		to := i + 1
		for to < n && rows[to] < end && rows[to] == rows[to-1]+1 {
			to++
		}
		if known == nil && to-i == n {
			if whole := r.doubles(lo-r.from, n); whole != nil {
				cells.Values = whole
				return nil
			}
		}
		if known == nil {
			err = r.numbers(values[i:to], lo-r.from)
		} else {
			err = r.texts(call, codes[i:to], lo-r.from, known, &cells.Cells)
		}
		if err != nil {
			var at *rowError
			if errors.As(err, &at) {
				return &data.CSVError{File: o.name, Row: rows[i] + at.row + 1, Column: r.c.Name, Err: at.err}
			}
			return o.fail(r.c.Name, "row group %d: %w", group+1, err)
		}
		i = to
	}
	return nil
}

// doubles returns n values from a row of the page on without copying, or nil if the page
// does not store them as plain float64. The caller may modify them: the page belongs to
// this reader, and replacing markers of missing values is idempotent.
func (r *reader) doubles(row, n int) []float64 {
	if r.c.kind != floating || r.c.physical != format.Double || r.nulls || r.dictionary != nil {
		return nil
	}
	v := r.page.Data()
	if list := v.Double(); row+n <= len(list) {
		return list[row : row+n : row+n]
	}
	return nil
}

// rowError is an error in a row of a run.
type rowError struct {
	row int
	err error
}

func (e *rowError) Error() string { return e.err.Error() }

// shifted reads a file, with a shift applied to offsets from a given one on. It makes the
// library, which reads pages sequentially, read any page.
type shifted struct {
	r           io.ReaderAt
	from, shift int64
}

func (s *shifted) ReadAt(b []byte, at int64) (int, error) {
	if at >= s.from {
		at += s.shift
	}
	return s.r.ReadAt(b, at)
}

// open opens the pages of a row group.
func (r *reader) open(group int) error {
	if r.group == group {
		return nil
	}
	r.close()
	ch := &r.c.chunks[group]
	r.at = &shifted{r: r.c.file.f, from: ch.data}
	r.pages = ch.column.PagesFrom(r.at)
	r.group = group
	if ch.lazy { // reading the first page finds the dictionary
		p, err := r.pages.ReadPage()
		if err != nil {
			return r.c.file.fail(r.c.Name, "row group %d: %w", group+1, err)
		}
		parquet.Release(p)
	}
	return nil
}

// close releases the pages of a row group.
func (r *reader) close() {
	if r.page != nil {
		parquet.Release(r.page)
	}
	if r.pages != nil {
		r.pages.Close()
	}
	*r = reader{c: r.c, group: -1}
}

// turnTo reads the page that contains a row of the row group.
func (r *reader) turnTo(row int) error {
	if r.page != nil && row >= r.from && row < r.to {
		return nil
	}
	ch := &r.c.chunks[r.group]
	k := sort.Search(len(ch.pages), func(k int) bool { return ch.pages[k].row > row }) - 1
	if k < 0 {
		return errDamaged
	}
	if r.page != nil {
		parquet.Release(r.page)
		r.page = nil
	}
	p, err := r.pageAt(k)
	if err != nil {
		return err
	}
	groups := r.c.file.groups
	to := groups[r.group+1] - groups[r.group]
	if k+1 < len(ch.pages) {
		to = ch.pages[k+1].row
	}
	r.page, r.number, r.from, r.to = p, k, ch.pages[k].row, to
	if p.NumRows() != int64(r.to-r.from) {
		return errDamaged
	}
	r.nulls = r.c.optional && p.NumNulls() > 0
	if r.nulls && len(p.DefinitionLevels()) != r.to-r.from {
		return errDamaged
	}
	if d := p.Dictionary(); d != r.dictionary {
		r.dictionary, r.values, r.codes = d, nil, nil
	}
	return nil
}

// place returns the position of the first non-null value, and the number of such values,
// in n rows of the page from row on.
func (r *reader) place(row, n int) (lo, values int) {
	if !r.nulls {
		return row, n
	}
	levels := r.page.DefinitionLevels()
	for _, l := range levels[:row] {
		lo += int(l)
	}
	for _, l := range levels[row : row+n] {
		values += int(l)
	}
	return lo, values
}

// rowOf returns the row, relative to row, of the value that is preceded by k others.
func (r *reader) rowOf(row, k int) int {
	if !r.nulls {
		return k
	}
	for i, l := range r.page.DefinitionLevels()[row:] {
		if k -= int(l); k < 0 {
			return i
		}
	}
	return 0
}

// numbers copies numbers of the page from a row on to dst.
func (r *reader) numbers(dst []float64, row int) error {
	if r.c.kind == nothing {
		for i := range dst {
			dst[i] = math.NaN()
		}
		return nil
	}
	lo, n := r.place(row, len(dst))
	v := r.page.Data()
	if r.dictionary == nil {
		if err := r.c.numbers(dst[:n], v, lo); err != nil {
			return err
		}
	} else {
		if r.values == nil {
			r.values = make([]float64, r.dictionary.Len())
			if err := r.c.numbers(r.values, r.dictionary.Page().Data(), 0); err != nil {
				return err
			}
		}
		index := v.Int32()
		if lo+n > len(index) {
			return errDamaged
		}
		for i, k := range index[lo : lo+n] {
			if uint(k) >= uint(len(r.values)) {
				return errDamaged
			}
			dst[i] = r.values[k]
		}
	}
	if n == len(dst) {
		return nil
	}
	levels := r.page.DefinitionLevels()[row : row+len(dst)]
	for i := len(dst) - 1; i >= 0; i-- {
		if levels[i] == 0 {
			dst[i] = math.NaN()
			continue
		}
		n--
		dst[i] = dst[n]
	}
	return nil
}

// texts stores codes of the page's texts from a row on in dst, and new texts in cells.
func (r *reader) texts(call int, dst []int32, row int, known map[string]int32, cells *data.Cells) error {
	lo, n := r.place(row, len(dst))
	v := r.page.Data()
	code := func(b []byte) (int32, error) {
		k, ok := known[string(b)]
		if !ok {
			if err := valid(b); err != nil {
				return 0, err
			}
			k = int32(len(cells.Texts))
			cells.Texts = append(cells.Texts, string(b))
			known[cells.Texts[k]] = k
		}
		return k, nil
	}
	if r.dictionary == nil {
		err := r.c.texts(v, lo, lo+n, func(i int, b []byte) (err error) {
			if dst[i-lo], err = code(b); err != nil {
				err = &rowError{r.rowOf(row, i-lo), err}
			}
			return err
		})
		if err != nil {
			return err
		}
	} else {
		index := v.Int32()
		if lo+n > len(index) {
			return errDamaged
		}
		if r.codes == nil || r.call != call {
			r.call, r.codes = call, append(r.codes[:0], make([]int32, r.dictionary.Len())...)
			for k := range r.codes {
				r.codes[k] = -1
			}
		}
		words := r.dictionary.Page().Data()
		for i, k := range index[lo : lo+n] {
			if uint(k) >= uint(len(r.codes)) {
				return errDamaged
			}
			if r.codes[k] < 0 {
				err := r.c.texts(words, int(k), int(k)+1, func(_ int, b []byte) (err error) {
					r.codes[k], err = code(b)
					return err
				})
				if err != nil {
					return &rowError{r.rowOf(row, i), err}
				}
			}
			dst[i] = r.codes[k]
		}
	}
	if n == len(dst) {
		return nil
	}
	levels := r.page.DefinitionLevels()[row : row+len(dst)]
	for i := len(dst) - 1; i >= 0; i-- {
		if levels[i] == 0 {
			dst[i] = -1
			continue
		}
		n--
		dst[i] = dst[n]
	}
	return nil
}
