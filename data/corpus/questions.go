package corpus

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/text"
	"gorgonia.org/tensor"
)

// Questions returns rows of questions and their answers, as text.DualEncoder of models takes them: the
// tokens of both as sequences of ids, of which the first longest are kept, and as the target the
// number of the answer. Questions with the same answer have equal numbers. Unknown tokens are left out: see
// [KnownIDs].
//
// It is an error if there are no pairs, if questions, answers and numbers are not as many, or if no
// question or no answer has a token.
func Questions(name string, t *text.Tokenizer, longest int, questions, answers []string, numbers []int) (*data.Set, error) {
	if len(questions) == 0 {
		return nil, data.ErrEmpty
	}
	if len(answers) != len(questions) || len(numbers) != len(questions) {
		return nil, fmt.Errorf("corpus: %s: %d questions, %d answers and %d numbers of answers", name, len(questions), len(answers), len(numbers))
	}
	if t.Size() == 0 || longest < 1 || longest > longestText {
		return nil, fmt.Errorf("corpus: %s: a tokenizer of %d tokens, texts of %d: want at least one, and 1 to %d", name, t.Size(), longest, longestText)
	}
	s := &data.Set{Name: name, Target: "answer"}
	for _, column := range []struct {
		name  string
		cells []string
	}{{"question", questions}, {"answer", answers}} {
		list := make([][]int, len(column.cells))
		for i, cell := range column.cells {
			ids, err := KnownIDs(t, cell)
			if err != nil {
				return nil, &data.RowError{Row: i, Err: fmt.Errorf("corpus: %s: row %d, column %s: %w", name, i, column.name, err)}
			}
			list[i] = ids[:min(len(ids), longest)]
		}
		q, err := data.NewIntSequences(column.name, list)
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", name, err)
		}
		q.Size = t.Size()
		s.Sequences = append(s.Sequences, q)
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(numbers)), tensor.WithBacking(append([]int(nil), numbers...)))}
	return s, nil
}

// KnownIDs returns the tokens of a text without [Unknown], of which a model that has seen none learns
// nothing, and one that has seen some takes all unknown words for the same.
func KnownIDs(t *text.Tokenizer, s string) ([]int, error) {
	ids, err := t.AppendIDs(nil, s)
	if unknown, ok := t.ID(Unknown); ok {
		ids = slices.DeleteFunc(ids, func(id int) bool { return id == unknown })
	}
	return ids, err
}
