package data

import (
	"errors"
	"fmt"
)

// Posed gives the rows of a source another task, as [Set.Posing] does for a set: rows in
// memory are converted once, others every time they are read. All targets are checked.
func Posed(of Source, t Task) (Source, error) {
	if of == nil {
		return nil, ErrEmpty
	}
	if t == nil {
		return nil, errors.New("data: the task is nil")
	}
	if s, ok := of.(*Set); ok {
		return s.Posing(t)
	}
	p := posed{of, t}
	answers, err := Answers(p)
	if err != nil {
		return nil, err
	}
	return p, answers.CheckTask()
}

// posed is a source with another task.
type posed struct {
	of Source
	as Task
}

// Stream implements Source.
func (p posed) Stream() (*Stream, error) {
	st, err := open(p.of)
	if err != nil {
		return nil, fmt.Errorf("data: rows of another task: %w", err)
	}
	out, like := *st, *st.Like
	like.As = p.as
	out.Like = &like
	out.Load = func(rows []int, into *Set) error {
		err := st.Load(rows, into)
		into.As = p.as
		return err
	}
	return &out, nil
}
