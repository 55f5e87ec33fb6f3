package ngram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Order returns the number of tokens of the longest n-gram; 0: the model is not fitted.
func (m *Model) Order() int {
	if m == nil {
		return 0
	}
	return m.order
}

// Vocab returns the size of the vocabulary; 0: the model is not fitted.
func (m *Model) Vocab() int {
	if m == nil {
		return 0
	}
	return m.vocab
}

// Sizes returns the number of different n-grams of each order, from 1.
func (m *Model) Sizes() []int {
	var out []int
	for i := range m.Order() {
		out = append(out, len(m.levels[i].word))
	}
	return out
}

// Discounts returns the discounts of each order, from 1.
func (m *Model) Discounts() []Discount {
	if m == nil {
		return nil
	}
	return slices.Clone(m.discounts)
}

// Prob returns the probability that next follows context. Only the last Order-1 ids of the context
// are looked at. The first may be [Begin]; without it, what precedes a short context is unknown. It
// is an error if an id that is looked at is outside the vocabulary.
func (m *Model) Prob(context []int, next int) (float64, error) {
	var buf path
	at, err := m.walk(context, &buf)
	if err != nil {
		return 0, err
	}
	if next < 0 || next >= m.vocab {
		return 0, fmt.Errorf("ngram: the next id %d is outside a vocabulary of %d", next, m.vocab)
	}
	weight, p := m.weights(at)
	for d, node := range at {
		l := &m.levels[d]
		from := l.next[node]
		if i, ok := slices.BinarySearch(l.word[from:l.next[node+1]], int32(next)); ok {
			p += weight[d] * m.share(d, node, from+int32(i))
		}
	}
	return p, nil
}

// Probs fills out, whose length is that of the vocabulary, with the probability of each token to
// come next: the same bits as [Model.Prob].
func (m *Model) Probs(context []int, out []float64) error {
	var buf path
	at, err := m.walk(context, &buf)
	if err != nil {
		return err
	}
	if len(out) != m.vocab {
		return fmt.Errorf("ngram: room for %d probabilities of a vocabulary of %d", len(out), m.vocab)
	}
	weight, rest := m.weights(at)
	for i := range out {
		out[i] = rest
	}
	for d, node := range at {
		l := &m.levels[d]
		for i := l.next[node]; i < l.next[node+1]; i++ {
			out[l.word[i]] += weight[d] * m.share(d, node, i)
		}
	}
	return nil
}

// LogProb returns the natural logarithm of the probability of a text from its beginning, 0 for an
// empty one. Its negative is the loss in nats that metrics.Perplexity and metrics.BitsPerCharacter
// take.
func (m *Model) LogProb(text []int) (float64, error) {
	if m == nil || m.order == 0 {
		return 0, errNotFitted
	}
	history := make([]int, 0, len(text)+1)
	history = append(append(history, Begin), text...)
	sum := 0.0
	for i, id := range text {
		p, err := m.Prob(history[max(0, i+2-m.order):i+1], id)
		if err != nil {
			return 0, fmt.Errorf("%w (at %d)", err, i)
		}
		sum += math.Log(p)
	}
	return sum, nil
}

// Sample draws tokens one after another, given a context, from the distribution of [Model.Prob]. The
// same seed gives the same tokens. For temperatures, stop ids and beam search see [Model.Stepper].
func (m *Model) Sample(context []int, tokens int, seed uint64) ([]int, error) {
	if tokens < 0 || tokens > mostSampled {
		return nil, fmt.Errorf("ngram: a sample of %d tokens: want 0 to %d", tokens, mostSampled)
	}
	r := rand.New(rand.NewPCG(seed, sampleStream))
	history := slices.Clone(context)
	for range tokens {
		id, err := m.draw(history, r)
		if err != nil {
			return nil, err
		}
		history = append(history, id)
	}
	return history[len(context):], nil
}

const (
	mostSampled  = 1 << 24
	sampleStream = 0x6ea35e
)

// draw samples from the mixture: starting from the longest context it takes a successor or, with
// probability γ, goes on to the next shorter context.
func (m *Model) draw(context []int, r *rand.Rand) (int, error) {
	var buf path
	at, err := m.walk(context, &buf)
	if err != nil {
		return 0, err
	}
	for d, node := range slices.Backward(at) {
		l := &m.levels[d]
		u := r.Float64()
		for i := l.next[node]; i < l.next[node+1]; i++ {
			if u -= m.share(d, node, i); u < 0 {
				return int(l.word[i]), nil
			}
		}
	}
	return r.IntN(m.vocab), nil
}

// path has room for the nodes of a context, one of each length from 0.
type path [mostOrder]int32

// walk returns the nodes of the suffixes of a context, from the empty one to the longest that occurs.
func (m *Model) walk(context []int, buf *path) ([]int32, error) {
	if m == nil || m.order == 0 {
		return nil, errNotFitted
	}
	used := context[max(0, len(context)-m.order+1):]
	for i, id := range used {
		if id < Begin || id >= m.vocab || id == Begin && i+len(context)-len(used) > 0 {
			return nil, fmt.Errorf("ngram: the context's id %d at %d is outside a vocabulary of %d, and not at its beginning", id, i+len(context)-len(used), m.vocab)
		}
	}
	buf[0] = 0
	n := 1
	for ; n <= len(used); n++ {
		node, l := buf[n-1], &m.levels[n-1]
		from, to := l.child[node], l.child[node+1]
		i, ok := slices.BinarySearch(m.levels[n].token[from:to], int32(used[len(used)-n]))
		if !ok {
			break
		}
		buf[n] = from + int32(i)
	}
	return buf[:n], nil
}

// weights returns the factor of each context's discounted shares, and what every token gets from the
// uniform distribution.
func (m *Model) weights(at []int32) (weight [mostOrder]float64, rest float64) {
	w := 1.0
	for d, node := range slices.Backward(at) {
		weight[d] = w
		w *= m.levels[d].gamma[node]
	}
	return weight, w / float64(m.vocab)
}

// share returns the discounted share (c−D)/Σc of a context's successor.
func (m *Model) share(depth int, node, successor int32) float64 {
	l := &m.levels[depth]
	n := l.count[successor]
	return (float64(n) - m.discounts[depth].of(n)) / float64(l.total[node])
}
