package data

import (
	"errors"
	"fmt"
	"io"
)

// Source delivers rows: a *Set in memory, selected rows of another source ([View]),
// transformed rows ([Transformed]), or a file larger than memory.
type Source interface {
	// Stream opens the source. A Stream is not safe for concurrent use; several can be
	// open at the same time.
	Stream() (*Stream, error)
}

// Stream reads rows.
type Stream struct {
	Rows     int  // their number, or Unknown
	InMemory bool // rows are in memory, so random access is cheap
	Like     *Set // at least one of the rows, to show columns, classes and shapes

	// Load fills a set with the given rows, in the given order. Tensors of the right size
	// are reused. If the number of rows is Unknown, they are consecutive: from 0 on, and then
	// from where the call before ended. Load fills fewer of them only where the rows end, and
	// returns io.EOF if there are none left.
	Load func(rows []int, into *Set) error
}

// Unknown is [Stream.Rows] of rows that can only be read in order, as they come: generated ones,
// or a file read through a pipe. Every Stream of such a source begins with the same first row.
//
// Fitting transforms, training, predicting, [Answers], [Collect] and [Fingerprint] work as with
// other rows, in passes from the first row to the last. Training reads the rows once to know
// their number and targets, and in every epoch a window of WindowRows after another: rows are
// shuffled within a window, while the blocks of other large sources are shuffled, too (see
// [Batches]). What chooses rows by number is an error, [ErrUnknown].
const Unknown = -1

// ErrUnknown is the cause of errors about rows whose number is not known where rows are chosen by
// number: in a [View], a split or the folds of a cross-validation. [Collect] brings them to memory.
var ErrUnknown = errors.New("the number of rows is not known, so that they are read in order only; data.Collect brings them to memory")

// Sequential is rows whose number is not known until they end ([Unknown]), such as generated ones.
type Sequential struct {
	Like *Set // some rows that show columns, classes and shapes

	// Open begins a pass over the rows. Next fills a set with the next n of them, with fewer only
	// where they end, and returns io.EOF if none are left. Every pass gives the same rows.
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
		return nil, fmt.Errorf("data: %s: opening the rows gave no function", s.Like.Name)
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
				return fmt.Errorf("data: %s: row %d is asked for after %d: %w", s.Like.Name, r, at+i, ErrUnknown)
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
			return fmt.Errorf("data: %s: %d rows were asked for from row %d on, %d came", s.Like.Name, len(rows), at, n)
		}
		at, ended = at+n, n < len(rows)
		return nil
	}}, nil
}

// Rows of large sources are shuffled in two steps: blocks within the source, then rows
// within a window of blocks. See [Batches].
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
// repeat. Numbers out of range are reported when the view is opened.
func View(of Source, rows []int) Source {
	if v, ok := of.(view); ok { // views of views collapse into one
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

// transformed applies a fitted transform while reading.
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
// are transformed once, others every time they are read.
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
