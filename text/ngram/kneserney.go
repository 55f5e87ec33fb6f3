package ngram

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// KneserNey are the settings of interpolated modified Kneser-Ney smoothing (Chen & Goodman, "An
// empirical study of smoothing techniques for language modeling", 1999):
//
//	p(w|h) = (c(hw) − D(c(hw))) / c(h) + γ(h)·p(w|h'),  c(h) = Σ c(hw),  γ(h) = Σ D(c(hw)) / c(h)
//
// where h' is the context h without its first token. c(hw) is the number of times hw occurs if it
// has Order tokens or starts at the beginning of a text; otherwise it is the number of distinct
// tokens that precede hw. Below the unigrams lies the uniform distribution 1/Vocab, and a context
// that was never seen gives p(w|h').
//
// The discounts D(1), D(2) and D(3) of an order, the last for all counts of 3 and more, are
// estimated from the numbers nᵢ of its n-grams with count i:
//
//	Y = n₁/(n₁+2n₂),  D(i) = i − (i+1)·Y·nᵢ₊₁/nᵢ
//
// If any of n₁ to n₄ is 0 or a discount is not positive, as happens with small or artificial texts,
// the order uses 0.5, 1 and 1.5 instead, and [Model.Discounts] reports it.
//
// Every text is preceded by one begin-of-text mark, which serves as context but is never predicted:
// the first token is predicted from the mark, the second from the mark and the first, and so on.
// There is no end mark; for texts that end, append an id of your own to each.
type KneserNey struct {
	Order int // tokens of the longest n-gram, 1 to 10; 0: 5
	Vocab int // ids are 0 to Vocab-1
}

// Begin stands for the beginning of a text, as the first id of a context.
const Begin = -1

// mostOrder and mostVocab bound the settings.
const (
	mostOrder = 10
	mostVocab = 1 << 27
)

// Discount holds the amounts subtracted from the counts of one order.
type Discount struct {
	One, Two, More float64 // of counts of 1, of 2, of 3 and more
	Fallback       bool    // 0.5, 1 and 1.5: the counts of counts allow no estimate
}

// of returns the discount of a count of at least 1.
func (d *Discount) of(count int32) float64 {
	switch count {
	case 1:
		return d.One
	case 2:
		return d.Two
	}
	return d.More
}

// Model is a fitted language model. It is safe for use by several goroutines.
type Model struct {
	order, vocab int
	levels       []level // level d has contexts of d tokens
	discounts    []Discount
}

// level holds the contexts of one length as nodes of a tree, in which the children of a context
// are those with one more token before it. Children and successors of a node lie side by side, by
// ascending token; those of node i end where those of node i+1 begin.
type level struct {
	token []int32 // the first token of each context; Begin
	child []int32 // where its children begin in the next level
	next  []int32 // where its successors begin
	word  []int32
	count []int32 // of a context with a successor
	total []int32 // c(h)
	gamma []float64
}

// Fit counts the n-grams of texts, each a list of ids; a long stream is one text. It is an error if a
// setting is out of range, if there are no tokens, or if an id is outside the vocabulary.
func (o KneserNey) Fit(ctx context.Context, texts [][]int) (*Model, error) {
	o.Order = cmp.Or(o.Order, 5)
	if o.Order < 1 || o.Order > mostOrder || o.Vocab < 1 || o.Vocab > mostVocab {
		return nil, fmt.Errorf("ngram: Kneser-Ney of order %d, a vocabulary of %d: want 1 to %d, and 1 to %d", o.Order, o.Vocab, mostOrder, mostVocab)
	}
	c := &counter{ctx: ctx, Model: &Model{order: o.Order, vocab: o.Vocab, levels: make([]level, o.Order)}}
	if err := c.gather(texts); err != nil {
		return nil, err
	}
	slices.SortFunc(c.at, c.compare)
	c.levels[0].add(Begin, 0)
	if err := c.count(c.at, 0); err != nil {
		return nil, err
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	return c.Model, nil
}

// counter makes the tables of a model from texts.
type counter struct {
	*Model
	ctx    context.Context
	tokens []int32 // all texts, each after Begin
	at     []int32 // where tokens are, sorted by what is before them, from the nearest, then by token
	words  []int32
}

func (c *counter) gather(texts [][]int) error {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	if n == 0 {
		return fmt.Errorf("ngram: %d texts have no token", len(texts))
	}
	if n > math.MaxInt32-len(texts) {
		return fmt.Errorf("ngram: %d texts have %d tokens: want fewer than 2³¹ in all", len(texts), n)
	}
	c.tokens, c.at = make([]int32, 0, n+len(texts)), make([]int32, 0, n)
	for i, t := range texts {
		c.tokens = append(c.tokens, Begin)
		for j, id := range t {
			if id < 0 || id >= c.vocab {
				return fmt.Errorf("ngram: text %d: the id %d at %d is outside a vocabulary of %d", i, id, j, c.vocab)
			}
			c.at = append(c.at, int32(len(c.tokens)))
			c.tokens = append(c.tokens, int32(id))
		}
	}
	return nil
}

// compare orders two places in the texts by the tokens before them, from the nearest to the
// beginning of a text or as many as count, then by their own.
func (c *counter) compare(a, b int32) int {
	for d := int32(1); d < int32(c.order); d++ {
		x, y := c.tokens[a-d], c.tokens[b-d]
		if x != y {
			return cmp.Compare(x, y)
		}
		if x == Begin {
			break
		}
	}
	return cmp.Compare(c.tokens[a], c.tokens[b])
}

// count adds the successors of the last node of a level, whose places are given, and all that is
// below it.
func (c *counter) count(places []int32, depth int) error {
	l := &c.levels[depth]
	if depth == 1 {
		if err := c.ctx.Err(); err != nil {
			return fmt.Errorf("ngram: %w", err)
		}
	}
	if depth == c.order-1 || depth > 0 && l.token[len(l.token)-1] == Begin {
		for _, p := range places {
			l.succeed(c.tokens[p], len(l.word) > int(l.next[len(l.next)-1]))
		}
		return nil
	}
	below := &c.levels[depth+1]
	from := len(below.word)
	before := int32(depth + 1)
	for len(places) > 0 {
		token, n := c.tokens[places[0]-before], 1
		for n < len(places) && c.tokens[places[n]-before] == token {
			n++
		}
		after := 0
		if depth+2 < c.order {
			after = len(c.levels[depth+2].token)
		}
		below.add(token, after)
		if err := c.count(places[:n], depth+1); err != nil {
			return err
		}
		places = places[n:]
	}
	// A successor counts once for every context that is longer by a token and has it.
	c.words = append(c.words[:0], below.word[from:]...)
	slices.Sort(c.words)
	for i, w := range c.words {
		l.succeed(w, i > 0)
	}
	return nil
}

// add begins a node.
func (l *level) add(token int32, child int) {
	l.token = append(l.token, token)
	l.child = append(l.child, int32(child))
	l.next = append(l.next, int32(len(l.word)))
}

// succeed counts a successor of the last node, where they come in ascending order; more: it has
// some already.
func (l *level) succeed(word int32, more bool) {
	if last := len(l.word) - 1; more && l.word[last] == word {
		l.count[last]++
		return
	}
	l.word, l.count = append(l.word, word), append(l.count, 1)
}

// finish computes discounts, and the sum of counts and the weight of shorter contexts for each
// context.
func (m *Model) finish() error {
	m.discounts = make([]Discount, m.order)
	for depth := range m.levels {
		l := &m.levels[depth]
		children := 0
		if depth+1 < m.order {
			children = len(m.levels[depth+1].token)
		}
		l.child, l.next = append(l.child, int32(children)), append(l.next, int32(len(l.word)))
		d := estimate(l.count)
		m.discounts[depth] = d
		l.total, l.gamma = make([]int32, len(l.token)), make([]float64, len(l.token))
		for i := range l.token {
			total, off := int64(0), 0.0
			for _, n := range l.count[l.next[i]:l.next[i+1]] {
				total += int64(n)
				off += d.of(n)
			}
			if total < 1 || total > math.MaxInt32 {
				return fmt.Errorf("ngram: a context of %d tokens has a count of %d", depth, total)
			}
			l.total[i], l.gamma[i] = int32(total), off/float64(total)
		}
	}
	return nil
}

// estimate returns the discounts of an order with the given counts.
func estimate(counts []int32) Discount {
	var n [5]float64
	for _, c := range counts {
		if c < 5 {
			n[c]++
		}
	}
	y := n[1] / (n[1] + 2*n[2])
	d := Discount{One: 1 - 2*y*n[2]/n[1], Two: 2 - 3*y*n[3]/n[2], More: 3 - 4*y*n[4]/n[3]}
	if n[1] == 0 || n[2] == 0 || n[3] == 0 || n[4] == 0 || !(d.One > 0 && d.Two > 0 && d.More > 0) {
		return Discount{One: 0.5, Two: 1, More: 1.5, Fallback: true}
	}
	return d
}

var errNotFitted = errors.New("ngram: the model is not fitted")
