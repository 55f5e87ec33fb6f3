package ngram

import (
	"fmt"
	"math"
)

// Stepper is a generate.Model for one generation: the language model together with the last tokens
// of each hypothesis.
type Stepper struct {
	m              *Model
	start          int
	texts, earlier [][]int // by slot, the last Order-1 tokens
	begun          bool
	probs          []float64
}

// Stepper returns a model for package generate. A prompt whose first token is start begins a text
// ([Begin]); any other prompt is taken from the middle of one. With -1 there is no such id.
func (m *Model) Stepper(start int) (*Stepper, error) {
	if m.Order() == 0 {
		return nil, errNotFitted
	}
	if start < -1 || start >= m.vocab {
		return nil, fmt.Errorf("ngram: the start id %d is outside a vocabulary of %d, and not -1", start, m.vocab)
	}
	return &Stepper{m: m, start: start, probs: make([]float64, m.vocab)}, nil
}

// Step extends hypotheses and writes the natural logarithms of the probabilities of next tokens,
// as generate.Model describes. It is an error if a parent is not a row of the previous call, if an id
// is outside the vocabulary, or if the lengths do not match.
func (s *Stepper) Step(parents, ids []int, logits []float32) error {
	if s == nil || s.m == nil {
		return errNotFitted
	}
	if len(parents) != len(ids) || len(logits)%s.m.vocab != 0 || len(logits)/s.m.vocab != len(ids) {
		return fmt.Errorf("ngram: step: %d parents, %d ids, %d logits with a vocabulary of %d", len(parents), len(ids), len(logits), s.m.vocab)
	}
	s.texts, s.earlier = s.earlier[:0], s.texts
	for i, id := range ids {
		if s.begun && (parents[i] < 0 || parents[i] >= len(s.earlier)) {
			return fmt.Errorf("ngram: step: row %d continues row %d of %d", i, parents[i], len(s.earlier))
		}
		if id < 0 || id >= s.m.vocab {
			return fmt.Errorf("ngram: step: row %d: the id %d is outside a vocabulary of %d", i, id, s.m.vocab)
		}
		text := s.room(i)
		if !s.begun && id == s.start {
			id = Begin
		} else if s.begun {
			from := s.earlier[parents[i]]
			text = append(text, from[max(0, len(from)-max(0, s.m.order-2)):]...)
		}
		s.texts[i] = append(text, id)
		if err := s.m.Probs(s.texts[i], s.probs); err != nil {
			return err
		}
		for w, p := range s.probs {
			logits[i*s.m.vocab+w] = float32(math.Log(p))
		}
	}
	s.begun = true
	return nil
}

// room adds row i to s.texts, empty, in what room it had before.
func (s *Stepper) room(i int) []int {
	if i == cap(s.texts) {
		s.texts = append(s.texts, nil)
	} else {
		s.texts = s.texts[:i+1]
	}
	if s.texts[i] == nil {
		s.texts[i] = make([]int, 0, s.m.order)
	}
	return s.texts[i][:0]
}
