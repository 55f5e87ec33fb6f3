package data

import (
	"errors"
	"fmt"
	"io"
)

// Source delivers rows. It may be a *Set in memory, selected rows of another source
// ([View]), transformed rows ([Transformed]), or a file larger than memory.
type Source interface {
	// Stream opens the source. A Stream is not safe for concurrent use, but several can be
	// open at the same time.
	Stream() (*Stream, error)
}

// Stream reads rows.
type Stream struct {
	Rows     int  // number of rows, or Unknown
	InMemory bool // rows are in memory, so random access is cheap
	ByRow    bool // rows are read one by one, at the same cost in any order: training reads them batch by batch
	Like     *Set // one or more of the rows, to show columns, classes and shapes

	// Load fills a set with the given rows, in the given order, reusing tensors of the
	// right size. If the number of rows is Unknown, the row numbers must be consecutive,
	// starting at 0 and continuing where the previous call ended. Load returns fewer rows
	// only at the end, and io.EOF if none are left.
	Load func(rows []int, into *Set) error
}

// mostChunk bounds the values of inputs that are read at once.
const mostChunk = 1 << 26

// Chunk returns the number of rows to read at once when all rows are read in order:
// BlockRows, or fewer if the rows are images or other arrays, whose inputs would have more
// than 2²⁶ values (256 MiB in float32).
func (s *Stream) Chunk() int {
	if s == nil || s.Like == nil {
		return BlockRows
	}
	values := 0
	for _, t := range s.Like.Inputs {
		if t != nil && t.Dims() > 2 && t.Shape()[0] > 0 {
			values += t.Shape().TotalSize() / t.Shape()[0]
		}
	}
	return max(1, min(BlockRows, mostChunk/max(1, values)))
}

// Unknown is the value of [Stream.Rows] for rows that can only be read in order, such as
// generated rows or a file read through a pipe. Every Stream of such a source begins with
// the same first row.
//
// Fitting transforms, training, predicting, [Answers], [Collect] and [Fingerprint] work as
// with other rows, in passes from the first row to the last. Training makes one pass to
// learn the number of rows and the targets. In every epoch it then reads one window of
// WindowRows after another and shuffles within each window; for other large sources the
// blocks are shuffled as well (see [Batches]). Anything that chooses rows by number fails
// with [ErrUnknown].
const Unknown = -1

// ErrUnknown is the cause of errors about choosing rows by number when their number is
// unknown: in a [View], a split or the folds of a cross-validation. [Collect] reads such
// rows into memory.
var ErrUnknown = errors.New("the number of rows is unknown, so they can only be read in order; data.Collect reads them into memory")

// Sequential is a source whose number of rows is [Unknown] until they end, such as
// generated rows.
type Sequential struct {
	Like *Set // some rows, to show columns, classes and shapes

	// Open begins a pass over the rows. Each call of next fills a set with the next n
	// rows, or fewer at the end, and returns io.EOF if none are left. Every pass yields
	// the same rows.
	Open func() (next func(n int, into *Set) error, err error)
}

// Stream begins a pass over the rows.
func (s Sequential) Stream() (*Stream, error) {
	if s.Open == nil || s.Like.Len() == 0 {
		return nil, ErrEmpty
	}
	next, err := s.Open()
	if err != nil {
		return nil, err
	}
	if next == nil {
		return nil, fmt.Errorf("data: %s: Sequential.Open returned no function", s.Like.Name)
	}
	at, ended := 0, false
	return &Stream{Rows: Unknown, Like: s.Like, Load: func(rows []int, into *Set) error {
		switch {
		case into == nil:
			return errors.New("data: there is no set to load rows into")
		case len(rows) == 0:
			return ErrEmpty
		}
		for i, r := range rows {
			if r != at+i {
				return fmt.Errorf("data: %s: row %d requested, but row %d is next: %w", s.Like.Name, r, at+i, ErrUnknown)
			}
		}
		if ended {
			return io.EOF
		}
		if err := next(len(rows), into); err != nil {
			ended = errors.Is(err, io.EOF)
			return err
		}
		n := into.Len()
		if n == 0 || n > len(rows) {
			return fmt.Errorf("data: %s: %d rows requested from row %d on, got %d", s.Like.Name, len(rows), at, n)
		}
		at, ended = at+n, n < len(rows)
		return nil
	}}, nil
}

// Rows of large sources are shuffled in two steps: first blocks within the source, then
// rows within a window of blocks. See [Batches].
const (
	BlockRows  = 1 << 16
	WindowRows = 4 * BlockRows
)

// Stream opens the set.
func (s *Set) Stream() (*Stream, error) {
	n := s.Len()
	if n == 0 {
		return nil, ErrEmpty
	}
	return &Stream{Rows: n, InMemory: true, Like: s, Load: s.load}, nil
}

// open opens a source and checks the result.
func open(src Source) (*Stream, error) {
	if src == nil {
		return nil, ErrEmpty
	}
	st, err := src.Stream()
	if err != nil {
		return nil, err
	}
	if st == nil || st.Rows < 1 && st.Rows != Unknown || st.Like == nil || st.Load == nil {
		return nil, ErrEmpty
	}
	return st, nil
}

// view is a selection of rows.
type view struct {
	of   Source
	rows []int
}

// View selects rows of a source without copying them. Rows keep the given order and may
// repeat. Row numbers out of range are reported when the view is opened.
func View(of Source, rows []int) Source {
	if v, ok := of.(view); ok { // a view of a view collapses into one
		inner := make([]int, len(rows))
		for k, i := range rows {
			if i < 0 || i >= len(v.rows) {
				return view{of, rows} // opening it reports the error
			}
			inner[k] = v.rows[i]
		}
		return view{v.of, inner}
	}
	return view{of, rows}
}

// Stream implements Source.
func (v view) Stream() (*Stream, error) {
	st, err := open(v.of)
	if err != nil {
		return nil, err
	}
	if len(v.rows) == 0 {
		return nil, ErrEmpty
	}
	if st.Rows == Unknown {
		return nil, fmt.Errorf("data: %s: a view: %w", st.Like.Name, ErrUnknown)
	}
	for _, i := range v.rows {
		if i < 0 || i >= st.Rows {
			return nil, fmt.Errorf("data: %s: row %d of %d rows", st.Like.Name, i, st.Rows)
		}
	}
	out := *st
	out.Rows = len(v.rows)
	var inner []int
	out.Load = func(rows []int, into *Set) error {
		if err := within(rows, len(v.rows)); err != nil {
			return err
		}
		inner = inner[:0]
		for _, i := range rows {
			inner = append(inner, v.rows[i])
		}
		return st.Load(inner, into)
	}
	return &out, nil
}

// within checks that row numbers are below n.
func within(rows []int, n int) error {
	for _, i := range rows {
		if i < 0 || i >= n {
			return fmt.Errorf("data: row %d of %d rows", i, n)
		}
	}
	return nil
}

// transformed is a source that applies a fitted transform while reading.
type transformed struct {
	of Source
	by Fitted
}

// Transformed applies a fitted transform to the rows of a source every time they are read.
// A nil transform returns the source itself.
func Transformed(of Source, by Fitted) Source {
	if by == nil {
		return of
	}
	return transformed{of, by}
}

// Applied applies a fitted transform to rows that will be read repeatedly: rows in memory
// are transformed once, other rows every time they are read.
func Applied(of Source, by Fitted) (Source, error) {
	if by == nil || of == nil {
		return of, nil
	}
	if s, ok := of.(*Set); ok {
		return by.Apply(s)
	}
	st, err := open(of)
	if err != nil {
		return nil, err
	}
	if !st.InMemory {
		return Transformed(of, by), nil
	}
	if byRow := rowsOf(by, st.Like); byRow != nil {
		out := &Set{}
		return out, loadRows(st, byRow, numbered(0, st.Rows), out)
	}
	rows, err := Collect(of)
	if err != nil {
		return nil, err
	}
	return by.Apply(rows)
}

// rowsOf returns the transform as a RowTransform for rows like the given ones, or nil if
// it does not work row by row.
func rowsOf(by Fitted, like *Set) *RowTransform {
	_, columns, err := like.Table()
	if err != nil {
		return nil
	}
	byRow, err := NewRowTransform(by, like.featuresOf(columns))
	if err != nil || fittedOn("", byRow.in, like, columns) != nil {
		return nil // Apply reports the error
	}
	return byRow
}

// pieceRows is the chunk size for row-by-row work.
const pieceRows = 1 << 12

// Stream implements Source.
func (t transformed) Stream() (*Stream, error) {
	st, err := open(t.of)
	if err != nil {
		return nil, err
	}
	like := st.Like
	if like.Len() > pieceRows {
		if like, err = like.Rows(numbered(0, pieceRows)); err != nil {
			return nil, err
		}
	}
	out := *st
	if out.Like, err = t.by.Apply(like); err != nil {
		return nil, err
	}
	if out.Like == nil || out.Like.Len() == 0 {
		return nil, ErrEmpty
	}
	if byRow := rowsOf(t.by, like); byRow != nil {
		out.Load = func(rows []int, into *Set) error { return loadRows(st, byRow, rows, into) }
		return &out, nil
	}
	out.Load = func(rows []int, into *Set) error {
		raw := &Set{}
		if err := st.Load(rows, raw); err != nil {
			return err
		}
		s, err := t.by.Apply(raw)
		if err != nil {
			return err
		}
		*into = *s
		return nil
	}
	return &out, nil
}

// loadRows loads and transforms rows in chunks.
func loadRows(st *Stream, by *RowTransform, rows []int, into *Set) error {
	if len(rows) == 0 {
		return ErrEmpty
	}
	p, q := len(by.in), len(by.out)
	table := make([]float64, min(len(rows), pieceRows)*q)
	raw := &Set{}
	for at := 0; at < len(rows); at += pieceRows {
		n := min(pieceRows, len(rows)-at)
		err := st.Load(rows[at:at+n], raw)
		if errors.Is(err, io.EOF) && at > 0 {
			return into.cut(at)
		}
		if err != nil {
			return err
		}
		v, columns, err := raw.Table()
		if err != nil {
			return err
		}
		fewer := raw.Len() < n // the rows end here
		n = raw.Len()
		if columns != p {
			return fmt.Errorf("data: %s: fitted on %d columns, given %d", raw.Name, p, columns)
		}
		for i := range n {
			if err := by.f(table[i*q:(i+1)*q], v[i*p:(i+1)*p]); err != nil {
				return &RowError{at + i, fmt.Errorf("row %d: %w", at+i, err)}
			}
		}
		if err := into.put(raw.withTable(table[:n*q], by.out), at, len(rows)); err != nil {
			return err
		}
		if fewer {
			return into.cut(at + n)
		}
	}
	return nil
}
