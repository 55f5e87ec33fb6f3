package generate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// Beam searches for the most probable texts: at each step the Width most probable hypotheses of a
// row are extended by every token. A hypothesis is complete when a stop id extends it to one of the
// Width best candidates; its score is then
//
//	log p / ((5 + n)/6)^Alpha
//
// where n counts its new tokens and the stop id (Wu et al., "Google's Neural Machine Translation
// System", 2016); with Alpha 0 that is its log-probability. Hypotheses that reach Most tokens are
// complete as well. A row is finished when no open hypothesis can score better than the Best
// complete ones, or, with Early, as soon as Width are complete.
type Beam struct {
	Vocab int     // tokens of the model
	Most  int     // new tokens at most, the stop id among them; 0: 100
	Stop  []int   // ids that end a text; they are not part of it
	Width int     // hypotheses kept per row; 0: 4
	Best  int     // texts returned per row, Width at most; 0: 1
	Alpha float64 // 0 to 10
	Early bool    // stop a row once Width hypotheses are complete
}

// Search continues prompts and returns the Best texts of each, by descending score, among equals
// the one completed first; fewer if there are not as many. Errors are those of [Sampler.Stream] that
// do not concern seeds; no texts are returned with them.
func (b Beam) Search(ctx context.Context, m Model, prompts [][]int) ([][]Output, error) {
	b.Width, b.Best = cmp.Or(b.Width, 4), cmp.Or(b.Best, 1)
	if b.Width < 1 || b.Width > mostWidth || b.Best < 1 || b.Best > b.Width || !(b.Alpha >= 0 && b.Alpha <= 10) {
		return nil, fmt.Errorf("generate: beam search of width %d for the best %d, a length penalty of %v: want a width of 1 to %d, no more of the best, and 0 to 10", b.Width, b.Best, b.Alpha, mostWidth)
	}
	t, err := newTask(m, b.Vocab, b.Most, b.Stop, prompts, b.Width)
	if err != nil {
		return nil, err
	}
	s := &search{task: t, Beam: b, rows: make([]beamRow, len(prompts))}
	for row := range s.rows {
		s.rows[row].alive = []hypothesis{{slot: row, node: -1}}
		t.extend(row, prompts[row][0])
	}
	for len(t.ids) > 0 {
		if err := t.step(ctx, m); err != nil {
			return nil, err
		}
		if err := s.advance(); err != nil {
			return nil, err
		}
	}
	out := make([][]Output, len(prompts))
	for row := range s.rows {
		out[row] = s.rows[row].outputs()
	}
	return out, nil
}

// mostWidth bounds the width of a beam.
const mostWidth = 100_000

// search is a Search in progress.
type search struct {
	*task
	Beam
	rows []beamRow
	best []candidate // a heap with the worst on top, then sorted
}

// beamRow holds the hypotheses of a row, whose tokens are paths in a tree of nodes.
type beamRow struct {
	nodes   []node
	alive   []hypothesis
	ended   []ended
	endings int // hypotheses that have ended, those that were not kept among them
	tokens  int // of the hypotheses that go on
}

type node struct{ parent, id int }

type hypothesis struct {
	slot    int // of the last step
	node    int // the last token; -1: none
	logProb float64
}

// candidate is a hypothesis extended by a token.
type candidate struct {
	from, id int // a number of beamRow.alive
	logProb  float64
}

type ended struct {
	node, stop     int
	logProb, score float64
}

// advance extends the hypotheses of every row and prepares the next step.
func (s *search) advance() error {
	s.parents, s.ids = s.parents[:0], s.ids[:0]
	for row := range s.rows {
		r := &s.rows[row]
		if len(r.alive) == 0 {
			continue
		}
		if id, ok := s.prompting(row); ok {
			slot := r.alive[0].slot
			r.alive[0].slot = len(s.ids)
			s.extend(slot, id)
			continue
		}
		if err := s.candidates(r); err != nil {
			return fmt.Errorf("generate: step %d, row %d: %w", s.steps-1, row, err)
		}
		s.keep(r)
	}
	return nil
}

// candidates finds the best extensions of a row: as many that no stop id ends as go on are among
// them.
func (s *search) candidates(r *beamRow) error {
	most := int(min(int64(s.Width)*int64(1+len(s.stop)), mostNumbers))
	s.best = s.best[:0]
	for from, h := range r.alive {
		logits := s.of(h.slot)
		top, log, err := largest(logits)
		if err != nil {
			return err
		}
		shift := h.logProb - log - float64(logits[top])
		for id, l := range logits {
			p := float64(l) + shift
			switch {
			case math.IsInf(p, -1):
			case len(s.best) < most:
				s.best = append(s.best, candidate{from, id, p})
				if len(s.best) == most {
					for i := most/2 - 1; i >= 0; i-- {
						siftWorst(s.best, i)
					}
				}
			case p > s.best[0].logProb: // of equal ones the first is kept
				s.best[0] = candidate{from, id, p}
				siftWorst(s.best, 0)
			}
		}
	}
	slices.SortFunc(s.best, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.logProb, a.logProb), cmp.Compare(a.from, b.from), cmp.Compare(a.id, b.id))
	})
	return nil
}

// siftWorst moves the candidate at i of a heap down to where no worse one is below it.
func siftWorst(heap []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && worse(heap[child+1], heap[child]) {
			child++
		}
		if !worse(heap[child], heap[i]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

func worse(a, b candidate) bool {
	if a.logProb != b.logProb {
		return a.logProb < b.logProb
	}
	return a.from > b.from || a.from == b.from && a.id > b.id
}

// keep ends the candidates that a stop id extends and lets the best others go on.
func (s *search) keep(r *beamRow) {
	r.tokens++
	var next []hypothesis
	for rank, c := range s.best {
		from := r.alive[c.from]
		switch {
		case s.stops(c.id):
			if rank < s.Width {
				r.end(ended{from.node, c.id, c.logProb, s.score(c.logProb, r.tokens)}, s.Best)
			}
		case len(next) < s.Width:
			r.nodes = append(r.nodes, node{from.node, c.id})
			next = append(next, hypothesis{from.slot, len(r.nodes) - 1, c.logProb})
		}
	}
	if r.tokens == s.most {
		for _, h := range next {
			r.end(ended{h.node, -1, h.logProb, s.score(h.logProb, r.tokens)}, s.Best)
		}
		next = nil
	}
	if len(next) > 0 && s.over(r, next[0].logProb) {
		next = nil
	}
	for i := range next {
		slot := next[i].slot
		next[i].slot = len(s.ids)
		s.extend(slot, r.nodes[next[i].node].id)
	}
	r.alive = next
}

// over returns whether a row's search ends though hypotheses could go on, the best of which has a
// log-probability. No score that comes from it is better than one at the most tokens that loses
// nothing on the way.
func (s *search) over(r *beamRow, logProb float64) bool {
	if s.Early && r.endings >= s.Width {
		return true
	}
	return len(r.ended) == s.Best && r.ended[s.Best-1].score >= s.score(logProb, s.most)
}

// score divides a log-probability by the length penalty of a number of tokens.
func (s *search) score(logProb float64, tokens int) float64 {
	return logProb / math.Pow((5+float64(tokens))/6, s.Alpha)
}

// end keeps a hypothesis if it is one of the best that have ended.
func (r *beamRow) end(e ended, best int) {
	r.endings++
	at := len(r.ended)
	for at > 0 && r.ended[at-1].score < e.score {
		at--
	}
	if at < best {
		r.ended = slices.Insert(r.ended, at, e)
		r.ended = r.ended[:min(len(r.ended), best)]
	}
}

// outputs returns the texts that have ended, the best first.
func (r *beamRow) outputs() []Output {
	var out []Output
	for _, e := range r.ended {
		ids := []int{}
		for n := e.node; n >= 0; n = r.nodes[n].parent {
			ids = append(ids, r.nodes[n].id)
		}
		slices.Reverse(ids)
		out = append(out, Output{IDs: ids, Stop: e.stop, LogProb: e.logProb, Score: e.score})
	}
	return out
}
