package data

import (
	"errors"
	"fmt"
	"io"
)

// numbered returns from, from+1, ..., to−1.
func numbered(from, to int) []int {
	out := make([]int, to-from)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// Collect reads all rows into memory. A *Set is returned unchanged.
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

// joinedRows collects what f keeps of each part of the rows, for an unknown number of
// rows.
func joinedRows(src Source, f func(part *Set) *Set) (*Set, error) {
	var parts []*Set
	n := 0
	err := chunks(src, func(_ int, part *Set) error {
		n += part.Len()
		kept := *part
		*part = Set{} // so that the next rows do not reuse its memory
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

// Head reads the first n rows into memory, or all rows if there are fewer. A *Set with at
// most n rows is returned unchanged.
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
// classes, and the lengths of sequences. Inputs is nil. It fails if the source has no
// targets.
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
	case Indexed:
		if src.Answers.Len() == 0 {
			return nil, ErrEmpty
		}
		*out = *src.Answers
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

// Truth returns the set against which metrics score predictions of the given rows: the
// rows themselves if they are in memory, otherwise the matching part of answers.
func Truth(src Source, answers *Set, rows []int) (*Set, error) {
	if inMemory(src) {
		return Collect(View(src, rows))
	}
	return answers.Rows(rows)
}

// Blind returns the rows without their targets, as a model sees them when predicting.
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

// scan calls f with consecutive chunks of all rows. part begins at row first and is valid
// until f returns.
func scan(src Source, f func(first int, part *Set) error) error {
	if s, ok := src.(*Set); ok && s.Len() > 0 {
		return f(0, s)
	}
	return chunks(src, f)
}

// chunks is scan with chunks of Stream.Chunk rows, even if the rows are in memory.
func chunks(src Source, f func(first int, part *Set) error) error {
	st, err := open(src)
	if err != nil {
		return err
	}
	part, rows := &Set{}, numbered(0, st.Chunk())
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
