package crossval

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
)

// Splitter chooses the test rows of every fold, and the training rows where they are not
// simply all the others. [Splits] numbers the folds. A splitter never looks at a model,
// and equal settings give equal rows.
//
// A splitter with a String method describes itself in a [Result].
type Splitter interface {
	Split(s *data.Set) ([]Split, error)
}

// SplitterFunc adapts a function to [Splitter].
type SplitterFunc func(s *data.Set) ([]Split, error)

// Split calls f.
func (f SplitterFunc) Split(s *data.Set) ([]Split, error) {
	if f == nil {
		return nil, errors.New("crossval: the splitter's function is nil")
	}
	return f(s)
}

// String returns "function".
func (f SplitterFunc) String() string { return "function" }

// Split is one fold: the rows to train on and the rows to test on. A row may be in
// neither.
type Split struct {
	Repeat int   // from 0
	Fold   int   // from 0 within the repeat
	Train  []int // ascending; from a Splitter nil: all rows that are not in Test
	Test   []int // in the splitter's order

	// Resampled is set if Train was drawn with replacement, so that rows may repeat.
	Resampled bool
}

// TestSplits returns one fold per list of test rows; each trains on all other rows.
func TestSplits(folds [][]int) []Split {
	out := make([]Split, len(folds))
	for i := range out {
		out[i].Test = folds[i]
	}
	return out
}

// splitsOf is TestSplits with an error to pass on.
func splitsOf(folds [][]int, err error) ([]Split, error) {
	if err != nil {
		return nil, err
	}
	return TestSplits(folds), nil
}

// Splits calls sp and completes and numbers its folds. Consecutive folds whose test rows
// are disjoint form one repeat; a new repeat begins when a fold tests a row again, or when
// every row has been tested.
//
// It returns an error if there are no folds, if a fold lacks test or training rows, or if
// a row is out of range, repeated within a fold, or in both of its parts.
func Splits(s *data.Set, sp Splitter) ([]Split, error) {
	splits, err := numberedSplits(s, sp)
	for i := range splits {
		if splits[i].Train, err = trainRows(splits[i], s.Len()); err != nil {
			return nil, err // not reached: they are checked
		}
	}
	return splits, err
}

// numberedSplits is Splits with Train nil where that is all other rows.
func numberedSplits(s *data.Set, sp Splitter) ([]Split, error) {
	if s == nil || s.Len() == 0 {
		return nil, data.ErrEmpty
	}
	if sp == nil {
		return nil, errors.New("crossval: the splitter is nil")
	}
	folds, err := sp.Split(s)
	if err != nil {
		return nil, err
	}
	if len(folds) == 0 {
		return nil, fmt.Errorf("crossval: %s: the splitter gave no folds", inWords(sp))
	}
	n := s.Len()
	taken := make([]bool, n) // by the current repeat
	count := 0
	repeat, fold := 0, 0
	splits := make([]Split, 0, len(folds))
	for i, f := range folds {
		train, err := trainRows(f, n)
		if err != nil {
			return nil, fmt.Errorf("crossval: %s: fold %d of %d: %w", inWords(sp), i+1, len(folds), err)
		}
		if f.Train == nil {
			train = nil // of leave-one-out, all of them would be n² numbers
		}
		if i > 0 && (count == n || anyTaken(taken, f.Test)) {
			clear(taken)
			count = 0
			repeat, fold = repeat+1, 0
		}
		for _, r := range f.Test {
			taken[r] = true
		}
		count += len(f.Test)
		splits = append(splits, Split{Repeat: repeat, Fold: fold, Train: train, Test: f.Test, Resampled: f.Resampled})
		fold++
	}
	return splits, nil
}

// trainRows returns the training rows of a fold of n rows, checked.
func trainRows(f Split, n int) ([]int, error) {
	rest, err := complement(f.Test, n)
	if err != nil || f.Train == nil {
		if err == nil && len(rest) == 0 {
			err = fmt.Errorf("all %d rows are test rows, none is left to train on", n)
		}
		return rest, err
	}
	if len(f.Train) == 0 {
		return nil, errors.New("no training rows")
	}
	train := slices.Sorted(slices.Values(f.Train))
	for i, r := range train {
		if r < 0 || r >= n {
			return nil, fmt.Errorf("training row %d is out of range [0, %d)", r, n)
		}
		if i > 0 && train[i-1] == r && !f.Resampled {
			return nil, fmt.Errorf("training row %d is there twice", r)
		}
		if _, ok := slices.BinarySearch(rest, r); !ok {
			return nil, fmt.Errorf("row %d is a training row and a test row", r)
		}
	}
	return train, nil
}

func anyTaken(taken []bool, rows []int) bool {
	for _, r := range rows {
		if taken[r] {
			return true
		}
	}
	return false
}

// complement returns the rows of 0..n-1 that are not in test.
func complement(test []int, n int) ([]int, error) {
	if len(test) == 0 {
		return nil, errors.New("no test rows")
	}
	in := make([]bool, n)
	for _, r := range test {
		if r < 0 || r >= n {
			return nil, fmt.Errorf("row %d is out of range [0, %d)", r, n)
		}
		if in[r] {
			return nil, fmt.Errorf("row %d is there twice", r)
		}
		in[r] = true
	}
	train := make([]int, 0, n-len(test))
	for r := range n {
		if !in[r] {
			train = append(train, r)
		}
	}
	return train, nil
}

// inWords returns the splitter's String, or else its type.
func inWords(sp Splitter) string {
	if d, ok := sp.(fmt.Stringer); ok {
		return d.String()
	}
	return fmt.Sprintf("%T", sp)
}

// checkK returns k or its default, or an error if there are too few rows for k folds.
func checkK(what string, k int, s *data.Set) (int, error) {
	if s == nil || s.Len() == 0 {
		return 0, fmt.Errorf("crossval: %s: %w", what, data.ErrEmpty)
	}
	k = orTen(k)
	n := s.Len()
	if k < 2 {
		return 0, fmt.Errorf("crossval: %s: want 2 folds or more, have %d", what, k)
	}
	if n < k {
		return 0, fmt.Errorf("crossval: %s: %d rows cannot make %d folds", what, n, k)
	}
	return k, nil
}

// orTen replaces 0 by 10.
func orTen(k int) int {
	if k == 0 {
		return 10
	}
	return k
}

// generator returns the generator of one random stream. Streams that differ in seed,
// purpose or number are independent.
func generator(seed uint64, purpose string, number int) *rand.Rand {
	a := JobSeed(seed, purpose, number)
	return rand.New(rand.NewPCG(a, splitmix64(a)))
}
