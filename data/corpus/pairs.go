package corpus

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
)

// Pairs returns the rows that a translation model learns from, of source texts and their translations
// in tokens of one vocabulary of size. Row i has two sequences: "target", which is end and the tokens
// of targets[i], and "source", the tokens of sources[i] and end. The target of each step of the first
// is the token that follows: those of targets[i] and end. Rows weigh as many as these are, so that
// tokens weigh the same.
//
// It is an error if there are no pairs, not as many sources as targets, a text without a token or with
// more than a million, or an id outside of the vocabulary.
func Pairs(name string, sources, targets [][]int, size, end int) (*data.Set, error) {
	switch {
	case len(sources) == 0:
		return nil, data.ErrEmpty
	case len(sources) != len(targets):
		return nil, fmt.Errorf("corpus: %s: %d source texts and %d target texts", name, len(sources), len(targets))
	case end < 0 || end >= size:
		return nil, fmt.Errorf("corpus: %s: the end is the id %d of a vocabulary of %d", name, end, size)
	}
	var before, after, from [][]int
	weights := make([]float64, len(sources))
	for i := range sources {
		for k, ids := range [][]int{sources[i], targets[i]} {
			if err := checkText(ids, size); err != nil {
				return nil, &data.RowError{Row: i, Err: fmt.Errorf("corpus: %s: pair %d, %s: %w", name, i, []string{"source", "target"}[k], err)}
			}
		}
		before = append(before, append([]int{end}, targets[i]...))
		after = append(after, append(append([]int(nil), targets[i]...), end))
		from = append(from, append(append([]int(nil), sources[i]...), end))
		weights[i] = float64(len(targets[i]) + 1)
	}
	set := &data.Set{Name: name, Target: "next", Weights: weights}
	for _, q := range []struct {
		name string
		rows [][]int
		to   *[]data.Sequences
	}{{"target", before, &set.Sequences}, {"source", from, &set.Sequences}, {"next", after, &set.Steps}} {
		s, err := data.NewIntSequences(q.name, q.rows)
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", name, err)
		}
		s.Size = size
		*q.to = append(*q.to, s)
	}
	return set, nil
}

// checkText checks the tokens of a text.
func checkText(ids []int, size int) error {
	switch {
	case len(ids) == 0:
		return errors.New("there is no token")
	case len(ids) >= longestText:
		return fmt.Errorf("%d tokens: want fewer than %d", len(ids), longestText)
	}
	for at, id := range ids {
		if id < 0 || id >= size {
			return fmt.Errorf("token %d: the id %d is not in [0, %d)", at, id, size)
		}
	}
	return nil
}
