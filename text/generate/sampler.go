package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Sampler generates token by token. With a Temperature of 0 it takes the most probable token, the
// first of equals (greedy decoding). Otherwise it samples from
//
//	p(i) ∝ exp(logit(i)/Temperature)
//
// restricted to the TopK most probable tokens (Fan, Lewis & Dauphin, "Hierarchical Neural Story
// Generation", 2018), and then to the smallest set of the most probable tokens whose renormalised
// probabilities sum to TopP or more (nucleus sampling: Holtzman et al., "The Curious Case of Neural
// Text Degeneration", 2020). Among equally probable tokens, lower ids are kept first.
type Sampler struct {
	Vocab       int     // tokens of the model
	Most        int     // new tokens per row at most; 0: 100
	Stop        []int   // ids that end a row; they are not part of the text
	Temperature float64 // 0: greedy
	TopK        int     // 0: all
	TopP        float64 // above 0 to 1; 0: 1
}

// Generate continues prompts, one row for each: see [Sampler.Stream].
func (s Sampler) Generate(ctx context.Context, m Model, prompts [][]int, seeds []uint64) ([]Output, error) {
	return s.Stream(ctx, m, prompts, seeds, nil)
}

// Stream continues prompts, one row for each. For every new token it calls each, unless nil, with
// the row, the id, and the natural logarithm of its probability under the model (temperature and
// truncation aside), row by row within a step. each ends its row by returning [ErrStop]; any other
// error ends the whole call.
//
// The tokens of a row depend only on its prompt, its seed and its logits, not on the rest of the
// batch. Prompts may differ in length; the model is given them one token at a time. A row that has
// ended takes no further part. After the first step nothing is allocated except, now and then, room
// for IDs.
//
// It is an error if a setting is out of range, if a prompt is empty or holds an id outside the
// vocabulary, if the number of seeds is not that of prompts (greedy decoding needs none), or if a
// logit that counts is NaN or +Inf. After an error of the model, of each or of the context, what
// was generated so far is returned with it.
func (s Sampler) Stream(ctx context.Context, m Model, prompts [][]int, seeds []uint64, each func(row, id int, logProb float64) error) ([]Output, error) {
	if err := s.check(len(prompts), len(seeds)); err != nil {
		return nil, err
	}
	t, err := newTask(m, s.Vocab, s.Most, s.Stop, prompts, 1)
	if err != nil {
		return nil, err
	}
	g := &sampling{task: t, choice: newChoice(s), out: make([]Output, len(prompts)), each: each}
	for row := range prompts {
		g.out[row] = Output{IDs: make([]int, 0, min(t.most, 256)), Stop: -1}
		if s.Temperature > 0 {
			g.noise = append(g.noise, *rand.NewPCG(seeds[row], samplerStream))
		}
		g.rows = append(g.rows, row)
		t.extend(row, prompts[row][0])
	}
	for len(g.rows) > 0 && err == nil {
		if err = t.step(ctx, m); err == nil {
			err = g.choose()
		}
	}
	for row := range g.out {
		g.out[row].Score = g.out[row].LogProb
	}
	return g.out, err
}

// samplerStream separates these random numbers from others with the same seed.
const samplerStream = 0x5a3b1e

func (s Sampler) check(prompts, seeds int) error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return fmt.Errorf("generate: a temperature of %v: want a number of at least 0", s.Temperature)
	case s.TopK < 0 || !(s.TopP >= 0 && s.TopP <= 1):
		return fmt.Errorf("generate: the %d most probable tokens, a share of %v: want a number of at least 0, and 0 to 1", s.TopK, s.TopP)
	case s.Temperature == 0 && (s.TopK > 1 || s.TopP > 0):
		return fmt.Errorf("generate: a temperature of 0 takes the most probable token, TopK %d and TopP %v play no part", s.TopK, s.TopP)
	case seeds != prompts && (seeds > 0 || s.Temperature > 0):
		return fmt.Errorf("generate: %d seeds for %d prompts", seeds, prompts)
	}
	return nil
}

// sampling is a Stream in progress: the rows that have not ended, by slot.
type sampling struct {
	*task
	choice *choice
	out    []Output
	noise  []rand.PCG // by row
	rows   []int
	each   func(row, id int, logProb float64) error
}

// choose takes a token for every slot whose prompt has been read, and prepares the next step with
// the rows that go on.
func (g *sampling) choose() error {
	rows := g.rows
	g.rows, g.parents, g.ids = rows[:0], g.parents[:0], g.ids[:0]
	for slot, row := range rows {
		id, ok := g.prompting(row)
		if !ok {
			var ends bool
			var err error
			if id, ends, err = g.take(slot, row); err != nil {
				return err
			}
			if ends {
				continue
			}
		}
		g.rows = append(g.rows, row)
		g.extend(slot, id)
	}
	return nil
}

// take draws a row's next token and returns it, and whether the row ends with it.
func (g *sampling) take(slot, row int) (id int, ends bool, err error) {
	u := 0.0
	if g.noise != nil {
		u = float64(g.noise[row].Uint64()>>11) / (1 << 53)
	}
	id, logProb, err := g.choice.next(g.of(slot), u)
	if err != nil {
		return 0, false, fmt.Errorf("generate: step %d, row %d: %w", g.steps-1, row, err)
	}
	out := &g.out[row]
	out.LogProb += logProb
	if g.stops(id) {
		out.Stop = id
		return id, true, nil
	}
	out.IDs = append(out.IDs, id)
	ends = len(out.IDs) == g.most
	if g.each == nil {
		return id, ends, nil
	}
	switch err := g.each(row, id, logProb); {
	case errors.Is(err, ErrStop):
		return id, true, nil
	case err != nil:
		return 0, false, fmt.Errorf("generate: row %d, token %d: %w", row, len(out.IDs)-1, err)
	}
	return id, ends, nil
}
