package corpus

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/text"
	"gorgonia.org/tensor"
)

// Pairs returns rows of questions and their answers, as text.DualEncoder of models takes them: the
// tokens of both as sequences of ids, of which the first longest are kept, and as the target the
// number of the answer. Questions with the same answer have equal numbers.
//
// It is an error if there are no pairs, if questions, answers and numbers are not as many, or if no
// question or no answer has a token.
func Pairs(name string, t *text.Tokenizer, longest int, questions, answers []string, numbers []int) (*data.Set, error) {
	if len(questions) == 0 {
		return nil, data.ErrEmpty
	}
	if len(answers) != len(questions) || len(numbers) != len(questions) {
		return nil, fmt.Errorf("corpus: %s: %d questions, %d answers and %d numbers of answers", name, len(questions), len(answers), len(numbers))
	}
	s := &data.Set{Name: name, Target: "answer"}
	for _, column := range []struct {
		name  string
		cells []string
	}{{"question", questions}, {"answer", answers}} {
		f := FittedTokens{Column: column.name, Tokenizer: t, Longest: longest}
		if err := f.check(); err != nil {
			return nil, err
		}
		q, err := f.sequences(column.cells)
		if err == nil && q.Offsets[len(column.cells)] == 0 {
			err = errors.New("no " + column.name + " has a token")
		}
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", name, err)
		}
		s.Sequences = append(s.Sequences, q)
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(numbers)), tensor.WithBacking(append([]int(nil), numbers...)))}
	return s, nil
}
