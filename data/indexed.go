package data

import "errors"

// Indexed is a source whose rows are read one by one, in any order, such as the pictures of a
// folder. Everything about them except their inputs is in memory. Training reads one batch
// while it computes the one before, and shuffles as it does rows in memory: the result is the same.
type Indexed struct {
	Like    *Set // some rows with their inputs, to show classes and shapes
	Answers *Set // targets, weights, groups and texts of all rows, without inputs

	// Load sets the inputs of a set to those of the given rows, in the given order, reusing
	// tensors of the right size. It may be called by several goroutines at once, each with
	// a set of its own.
	Load func(rows []int, into *Set) error
}

// Stream implements Source.
func (x Indexed) Stream() (*Stream, error) {
	n := x.Answers.Len()
	if n == 0 || x.Like.Len() == 0 {
		return nil, ErrEmpty
	}
	if x.Load == nil {
		return nil, errors.New("data: the indexed rows have no function Load")
	}
	return &Stream{Rows: n, ByRow: true, Like: x.Like, Load: x.load}, nil
}

func (x Indexed) load(rows []int, into *Set) error {
	if into == nil {
		return errors.New("data: there is no set to load rows into")
	}
	inputs := into.Inputs
	if err := x.Answers.load(rows, into); err != nil {
		return err
	}
	into.Inputs = inputs
	return x.Load(rows, into)
}
