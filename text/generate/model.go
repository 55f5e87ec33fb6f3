package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Model scores the next tokens of a batch of hypotheses.
//
// Step extends hypothesis i by the token ids[i] and writes the scores of all tokens that may
// follow it to logits[i·V : (i+1)·V], where V is the size of the vocabulary. Scores are logits:
// log-probabilities up to an additive constant per row, −Inf for a token that is impossible. They
// are NaN when Step is called, and one that counts and still is when it returns is an error.
//
// Row i continues row parents[i] of the previous call. A row may have several continuations, or
// none, in which case its state can be dropped. In the first call parents[i] is i, and row i extends
// whatever state the model already holds for it: nothing, if generation starts from the prompt; an
// encoded source text; or all of a prompt but its last token, if the model reads prompts at once.
// All rows start in the first call and take part in every call until they end, so that at any
// time they have been given equally many tokens.
//
// The slices belong to the caller, which reuses them. A model that keeps state serves one
// generation at a time.
type Model interface {
	Step(parents, ids []int, logits []float32) error
}

// Func is a function that is a Model.
type Func func(parents, ids []int, logits []float32) error

// Step calls f. It is an error if f is nil.
func (f Func) Step(parents, ids []int, logits []float32) error {
	if f == nil {
		return errors.New("generate: the function is nil")
	}
	return f(parents, ids, logits)
}

// ErrStop, returned for a token of [Sampler.Stream], ends the row after that token, without an
// error.
var ErrStop = errors.New("generate: stop")

// Output is a generated text.
type Output struct {
	IDs     []int   // the new tokens, without the prompt and without the stop id
	Stop    int     // the stop id that ended the text; -1: it has the most tokens, or ErrStop ended it
	LogProb float64 // natural logarithm of the model's probability of the new tokens and the stop id
	Score   float64 // beam search: LogProb over the length penalty; else LogProb
}

// mostNumbers is how many logits a call of Step may fill: 512 MiB.
const mostNumbers = 1 << 27

// task is what sampling and searching have in common: the settings, and the buffers of a step.
type task struct {
	vocab, most int
	stop        []int
	prompts     [][]int

	parents, ids []int // of the next call, by slot
	logits       []float32
	steps        int // calls so far
}

// newTask checks the settings and prompts, of which each may take width slots of a call.
func newTask(m Model, vocab, most int, stop []int, prompts [][]int, width int) (*task, error) {
	switch {
	case m == nil:
		return nil, errors.New("generate: the model is nil")
	case vocab < 1 || vocab > mostNumbers:
		return nil, fmt.Errorf("generate: a vocabulary of %d tokens: want 1 to %d", vocab, mostNumbers)
	case most < 0:
		return nil, fmt.Errorf("generate: at most %d new tokens: want 1 or more, or 0 for %d", most, defaultMost)
	case len(prompts) > mostNumbers/vocab/width:
		return nil, fmt.Errorf("generate: %d prompts of %d hypotheses with %d logits each: want %d numbers at most", len(prompts), width, vocab, mostNumbers)
	}
	if most == 0 {
		most = defaultMost
	}
	for _, id := range stop {
		if id < 0 || id >= vocab {
			return nil, fmt.Errorf("generate: the stop id %d is outside a vocabulary of %d", id, vocab)
		}
	}
	for i, p := range prompts {
		if len(p) == 0 {
			return nil, fmt.Errorf("generate: prompt %d has no token: a text begins after one", i)
		}
		for j, id := range p {
			if id < 0 || id >= vocab {
				return nil, fmt.Errorf("generate: prompt %d: the id %d at %d is outside a vocabulary of %d", i, id, j, vocab)
			}
		}
	}
	return &task{vocab: vocab, most: most, stop: stop, prompts: prompts}, nil
}

// defaultMost is how many new tokens a row gets at most if settings do not say.
const defaultMost = 100

// step extends the hypotheses of t.parents and t.ids.
func (t *task) step(ctx context.Context, m Model) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("generate: step %d: %w", t.steps, err)
	}
	if n := len(t.ids) * t.vocab; n > cap(t.logits) {
		t.logits = make([]float32, n)
	} else {
		t.logits = t.logits[:n]
	}
	for i := range t.logits {
		t.logits[i] = float32(math.NaN()) // so that one that the model leaves out is noticed
	}
	if err := m.Step(t.parents, t.ids, t.logits); err != nil {
		return fmt.Errorf("generate: step %d: %w", t.steps, err)
	}
	t.steps++
	return nil
}

// of returns the logits of a slot.
func (t *task) of(slot int) []float32 { return t.logits[slot*t.vocab : (slot+1)*t.vocab] }

// prompting returns the next token of a row's prompt, and whether there is one.
func (t *task) prompting(row int) (int, bool) {
	if p := t.prompts[row]; t.steps < len(p) {
		return p[t.steps], true
	}
	return 0, false
}

// extend adds a slot to the next call.
func (t *task) extend(parent, id int) {
	t.parents, t.ids = append(t.parents, parent), append(t.ids, id)
}

// stops returns whether an id ends a text.
func (t *task) stops(id int) bool {
	for _, s := range t.stop {
		if s == id {
			return true
		}
	}
	return false
}

// largest returns the first token with the largest logit, and the logarithm of the sum of
// exp(logit − largest), so that token i has the log-probability logits[i] − largest − log.
func largest(logits []float32) (best int, log float64, err error) {
	for i, l := range logits {
		if l != l || l > math.MaxFloat32 {
			return 0, 0, fmt.Errorf("the logit of token %d is %v", i, l)
		}
		if l > logits[best] {
			best = i
		}
	}
	top := float64(logits[best])
	if math.IsInf(top, -1) {
		return 0, 0, errors.New("all tokens are impossible")
	}
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return best, math.Log(sum), nil
}
