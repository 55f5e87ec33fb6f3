package data

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"gorgonia.org/tensor"
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

// load fills a set with the given rows of s.
func (s *Set) load(index []int, into *Set) error {
	n := s.Len()
	if into == nil {
		return errors.New("data: there is no set to load rows into")
	}
	if s == nil || len(index) == 0 {
		return ErrEmpty
	}
	if s.Weights != nil && len(s.Weights) != n || s.Groups != nil && len(s.Groups) != n {
		return fmt.Errorf("data: %s: %d weights and %d groups for %d rows", s.Name, len(s.Weights), len(s.Groups), n)
	}
	for _, i := range index {
		if i < 0 || i >= n {
			return fmt.Errorf("data: %s: row %d of a set of %d rows", s.Name, i, n)
		}
	}
	old := *into
	*into = *s
	var err error
	if into.Inputs, err = takeAll(old.Inputs, s.Inputs, index, n); err != nil {
		return fmt.Errorf("data: %s: inputs: %w", s.Name, err)
	}
	if into.Targets, err = takeAll(old.Targets, s.Targets, index, n); err != nil {
		return fmt.Errorf("data: %s: targets: %w", s.Name, err)
	}
	if into.Sequences, err = takeSequences(s.Sequences, index, n); err != nil {
		return fmt.Errorf("data: %s: sequences: %w", s.Name, err)
	}
	if into.Steps, err = takeSequences(s.Steps, index, n); err != nil {
		return fmt.Errorf("data: %s: targets of steps: %w", s.Name, err)
	}
	if s.Weights != nil {
		into.Weights = take(old.Weights, s.Weights, index, 1)
	}
	if s.Groups != nil {
		into.Groups = take(old.Groups, s.Groups, index, 1)
	}
	if s.Texts != nil {
		into.Texts = make([]TextColumn, len(s.Texts))
		for k, c := range s.Texts {
			if len(c.Cells) != n {
				return s.textRows(c)
			}
			into.Texts[k] = TextColumn{Name: c.Name, Cells: take(nil, c.Cells, index, 1)}
		}
	}
	return nil
}

// takeAll copies rows of tensors, reusing old tensors of the right size.
func takeAll(old, list []*tensor.Dense, index []int, n int) ([]*tensor.Dense, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]*tensor.Dense, len(list))
	for i, t := range list {
		if t == nil || t.Dims() == 0 || t.Shape()[0] != n {
			return nil, fmt.Errorf("number %d does not have the set's %d rows", i, n)
		}
		shape := t.Shape().Clone()
		width := t.Shape().TotalSize() / shape[0]
		shape[0] = len(index)
		var was any
		if i < len(old) && old[i] != nil && slices.Equal(old[i].Shape(), shape) && old[i].Dtype() == t.Dtype() {
			out[i], was = old[i], old[i].Data()
		}
		var backing any
		switch d := dense(t).Data().(type) {
		case []float64:
			v, _ := was.([]float64)
			backing = take(v, d, index, width)
		case []float32:
			v, _ := was.([]float32)
			backing = take(v, d, index, width)
		case []int:
			v, _ := was.([]int)
			backing = take(v, d, index, width)
		default:
			return nil, fmt.Errorf("values of type %v", t.Dtype())
		}
		if out[i] == nil {
			out[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
		}
	}
	return out, nil
}

// dense returns t itself, or a copy without gaps if it is a view.
func dense(t *tensor.Dense) *tensor.Dense {
	if t.RequiresIterator() {
		if m, ok := t.Materialize().(*tensor.Dense); ok {
			return m
		}
	}
	return t
}

// take copies rows into old if it has the right length, otherwise into new memory.
func take[T any](old, from []T, index []int, width int) []T {
	out := old
	if len(out) != len(index)*width {
		out = make([]T, len(index)*width)
	}
	if width == 1 {
		for k, i := range index {
			out[k] = from[i]
		}
		return out
	}
	for k, i := range index {
		copy(out[k*width:(k+1)*width], from[i*width:(i+1)*width])
	}
	return out
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

// cut keeps the first n rows of a set that put has filled.
func (s *Set) cut(n int) error {
	for _, list := range [][]*tensor.Dense{s.Inputs, s.Targets} {
		for i, t := range list {
			shape := t.Shape().Clone()
			width := shape.TotalSize() / shape[0]
			shape[0] = n
			switch d := t.Data().(type) {
			case []float64:
				list[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d[:n*width]))
			case []float32:
				list[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d[:n*width]))
			case []int:
				list[i] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d[:n*width]))
			default:
				return fmt.Errorf("data: %s: values of type %v", s.Name, t.Dtype())
			}
		}
	}
	if s.Weights != nil {
		s.Weights = s.Weights[:n]
	}
	if s.Groups != nil {
		s.Groups = s.Groups[:n]
	}
	for k := range s.Texts {
		s.Texts[k].Cells = s.Texts[k].Cells[:n]
	}
	return nil // sequences grow as rows come
}

// put copies part into s, a set of n rows, starting at row at. The first call, with
// at = 0, allocates memory where that of s has another size.
func (s *Set) put(part *Set, at, n int) error {
	if at == 0 {
		old := *s
		*s = *part
		s.Inputs, s.Targets = roomFor(old.Inputs, part.Inputs, n), roomFor(old.Targets, part.Targets, n)
		s.Weights, s.Groups = room(old.Weights, part.Weights, n), room(old.Groups, part.Groups, n)
		s.Texts = make([]TextColumn, len(part.Texts))
		for k, c := range part.Texts {
			s.Texts[k] = TextColumn{c.Name, make([]string, n)}
		}
		if part.Texts == nil {
			s.Texts = nil
		}
	}
	if len(s.Inputs) != len(part.Inputs) || len(s.Targets) != len(part.Targets) || len(s.Texts) != len(part.Texts) {
		return fmt.Errorf("data: %s: rows from %d on have other parts than those before", part.Name, at)
	}
	var err error
	if s.Sequences, err = putSequences(s.Sequences, part.Sequences, at); err != nil {
		return err
	}
	if s.Steps, err = putSequences(s.Steps, part.Steps, at); err != nil {
		return err
	}
	for i, t := range part.Inputs {
		if err := putTensor(s.Inputs[i], t, at); err != nil {
			return err
		}
	}
	for i, t := range part.Targets {
		if err := putTensor(s.Targets[i], t, at); err != nil {
			return err
		}
	}
	if s.Weights != nil {
		copy(s.Weights[at:], part.Weights)
	}
	if s.Groups != nil {
		copy(s.Groups[at:], part.Groups)
	}
	for k, c := range part.Texts {
		copy(s.Texts[k].Cells[at:], c.Cells)
	}
	return nil
}

func room[T any](old, like []T, n int) []T {
	if like == nil {
		return nil
	}
	if len(old) == n {
		return old
	}
	return make([]T, n)
}

// roomFor returns tensors like the given ones but with n rows, reusing old ones.
func roomFor(old, like []*tensor.Dense, n int) []*tensor.Dense {
	if like == nil {
		return nil
	}
	out := make([]*tensor.Dense, len(like))
	for i, t := range like {
		shape := t.Shape().Clone()
		shape[0] = n
		if i < len(old) && old[i] != nil && slices.Equal(old[i].Shape(), shape) && old[i].Dtype() == t.Dtype() {
			out[i] = old[i]
			continue
		}
		out[i] = tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(shape...))
	}
	return out
}

// putTensor copies a tensor into another, starting at row at.
func putTensor(to, from *tensor.Dense, at int) error {
	width := from.Shape().TotalSize() / from.Shape()[0]
	switch d := dense(from).Data().(type) {
	case []float64:
		if v, ok := to.Data().([]float64); ok && (at+from.Shape()[0])*width <= len(v) {
			copy(v[at*width:], d)
			return nil
		}
	case []float32:
		if v, ok := to.Data().([]float32); ok && (at+from.Shape()[0])*width <= len(v) {
			copy(v[at*width:], d)
			return nil
		}
	case []int:
		if v, ok := to.Data().([]int); ok && (at+from.Shape()[0])*width <= len(v) {
			copy(v[at*width:], d)
			return nil
		}
	}
	return fmt.Errorf("data: rows from %d on are %v of %v, those before are %v of %v", at, from.Dtype(), from.Shape(), to.Dtype(), to.Shape())
}

// numbered returns from, from+1, ..., to−1.
func numbered(from, to int) []int {
	out := make([]int, to-from)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// Collect reads all rows into memory. A *Set is returned as it is.
func Collect(src Source) (*Set, error) {
	if s, ok := src.(*Set); ok {
		if s.Len() == 0 {
			return nil, ErrEmpty
		}
		return s, nil
	}
	st, err := open(src)
	if err != nil {
		return nil, err
	}
	out := &Set{}
	if st.Rows == Unknown {
		return joinedRows(src, func(part *Set) *Set { return part })
	}
	if err := st.Load(numbered(0, st.Rows), out); err != nil {
		return nil, err
	}
	return out, nil
}

// joinedRows brings what f keeps of rows whose number is not known to memory.
func joinedRows(src Source, f func(part *Set) *Set) (*Set, error) {
	var parts []*Set
	n := 0
	err := chunks(src, func(_ int, part *Set) error {
		n += part.Len()
		kept := *part
		*part = Set{} // whose memory the next rows do not get
		parts = append(parts, f(&kept))
		return nil
	})
	if err != nil {
		return nil, err
	}
	out, at := &Set{}, 0
	for k, part := range parts {
		rows := part.Len()
		if err := out.put(part, at, n); err != nil {
			return nil, err
		}
		at, parts[k] = at+rows, nil
	}
	return out, nil
}

// Head reads the first n rows into memory, or all rows if there are fewer. A *Set with no
// more than n rows is returned as it is.
func Head(src Source, n int) (*Set, error) {
	st, err := open(src)
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, ErrEmpty
	}
	if st.Rows <= n && st.Rows != Unknown {
		return Collect(src)
	}
	out := &Set{}
	return out, st.Load(numbered(0, n), out)
}

// Answers returns everything about the rows except their inputs: targets, weights, groups,
// classes, and the lengths of sequences. Inputs is nil. A source without targets is an error.
func Answers(src Source) (*Set, error) {
	out := &Set{}
	switch src := src.(type) {
	case *Set:
		if src.Len() == 0 {
			return nil, ErrEmpty
		}
		*out = *src
	case view:
		all, err := Answers(src.of)
		if err != nil {
			return nil, err
		}
		if err := all.load(src.rows, out); err != nil {
			return nil, err
		}
	case transformed:
		all, err := Answers(src.of)
		if err != nil {
			return nil, err
		}
		*out = *all
	case posed:
		all, err := Answers(src.of)
		if err != nil {
			return nil, err
		}
		*out = *all
		out.As = src.as
	case *FileSource:
		all, err := src.answers()
		if err != nil {
			return nil, err
		}
		*out = *all
	default:
		answers, err := joinedRows(src, func(part *Set) *Set {
			bare := *part
			bare.Inputs, bare.Sequences = nil, lengthsOnly(part.Sequences)
			return &bare
		})
		if err != nil {
			return nil, err
		}
		*out = *answers
	}
	if len(out.Targets) == 0 && len(out.Steps) == 0 {
		return nil, fmt.Errorf("data: %s: the set has no targets", out.Name)
	}
	out.Inputs, out.Sequences = nil, lengthsOnly(out.Sequences)
	return out, nil
}

// Truth returns the set that metrics score predictions of the given rows against: the rows
// themselves if they are in memory, otherwise the matching part of answers.
func Truth(src Source, answers *Set, rows []int) (*Set, error) {
	if inMemory(src) {
		return Collect(View(src, rows))
	}
	return answers.Rows(rows)
}

// Blind returns the rows without their targets, as a model sees them for prediction.
func Blind(src Source) Source {
	if s, ok := src.(*Set); ok {
		return s.Without()
	}
	if v, ok := src.(view); ok {
		return view{Blind(v.of), v.rows}
	}
	return blind{src}
}

type blind struct{ of Source }

// Stream implements Source.
func (b blind) Stream() (*Stream, error) {
	st, err := open(b.of)
	if err != nil {
		return nil, err
	}
	out := *st
	out.Like = st.Like.Without()
	out.Load = func(rows []int, into *Set) error {
		err := st.Load(rows, into)
		into.Targets, into.Steps = nil, nil
		return err
	}
	return &out, nil
}

// scan calls f with consecutive chunks of all rows; part begins at row first and is valid
// until f returns.
func scan(src Source, f func(first int, part *Set) error) error {
	if s, ok := src.(*Set); ok && s.Len() > 0 {
		return f(0, s)
	}
	return chunks(src, f)
}

// chunks is scan by BlockRows rows, in memory, too.
func chunks(src Source, f func(first int, part *Set) error) error {
	st, err := open(src)
	if err != nil {
		return err
	}
	part, rows := &Set{}, numbered(0, BlockRows)
	for first := 0; st.Rows == Unknown || first < st.Rows; {
		if st.Rows != Unknown {
			rows = rows[:min(len(rows), st.Rows-first)]
		}
		for i := range rows {
			rows[i] = first + i
		}
		err := st.Load(rows, part)
		if st.Rows == Unknown && errors.Is(err, io.EOF) && first > 0 {
			return nil
		}
		if st.Rows == Unknown && errors.Is(err, io.EOF) {
			return ErrEmpty
		}
		if err != nil {
			return err
		}
		n := part.Len()
		if err := f(first, part); err != nil {
			return err
		}
		if first += n; n < len(rows) {
			return nil
		}
	}
	return nil
}

// Check validates all rows of a source as [Set.Validate] does.
func Check(src Source) error {
	switch src := src.(type) {
	case nil:
		return ErrEmpty
	case *Set:
		return src.Validate()
	}
	return scan(src, func(first int, part *Set) error {
		err := part.Validate()
		var row *RowError
		if errors.As(err, &row) {
			return &RowError{first + row.Row, err}
		}
		return err
	})
}
