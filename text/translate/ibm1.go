package translate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Pair is a sentence and its translation, in words.
type Pair struct{ Source, Target []string }

// Reversed returns pairs with source and target exchanged, to train the other direction.
func Reversed(pairs []Pair) []Pair {
	out := make([]Pair, len(pairs))
	for i, p := range pairs {
		out[i] = Pair{p.Target, p.Source}
	}
	return out
}

// IBM1 are the settings of IBM Model 1 (Brown, Della Pietra, Della Pietra & Mercer, "The
// Mathematics of Statistical Machine Translation: Parameter Estimation", 1993): every target word
// e of a sentence comes from one of the l source words f or from none, all equally likely,
//
//	p(e|f₁…f_l) = Σᵢ t(e|fᵢ) / (l+1)
//
// where the sum includes the empty word. t(e|f) is estimated by expectation maximisation from equal
// probabilities; the likelihood of this model has no local maxima other than the global one.
type IBM1 struct {
	Steps  int  // of expectation maximisation, up to 1,000; 0: 10
	NoNull bool // there is no empty word
}

// mostWords bounds the words of a sentence, as a pair takes time and memory in proportion to the
// product of its lengths.
const mostWords = 1000

// Lexicon holds the translation probabilities t(target|source) of a fitted model. It is safe for
// use by several goroutines. The zero Lexicon, and nil, know no word.
type Lexicon struct {
	source, target map[string]int32 // source words from 1; 0 is the empty word
	targets        []string
	offsets        []int // of a source word's entries
	word           []int32
	prob           []float64
	likelihoods    []float64
}

// Fit trains the probabilities of target words by source words. It is an error if there are no
// pairs, if a side of one has no words, more than 1,000 or an empty one, or if Steps is out of range.
func (o IBM1) Fit(ctx context.Context, pairs []Pair) (*Lexicon, error) {
	o.Steps = cmp.Or(o.Steps, 10)
	if o.Steps < 1 || o.Steps > 1000 {
		return nil, fmt.Errorf("translate: IBM Model 1: %d steps: want 1 to 1000", o.Steps)
	}
	l := &Lexicon{source: map[string]int32{}, target: map[string]int32{}}
	rows, err := l.number(pairs, o.NoNull)
	if err != nil {
		return nil, err
	}
	l.table(rows)
	count := make([]float64, len(l.prob))
	for range o.Steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("translate: IBM Model 1: %w", err)
		}
		l.step(rows, count)
	}
	return l, nil
}

// numbered is a pair as numbers of words, the empty word included.
type numbered struct{ source, target []int32 }

// number gives words their numbers, in the order in which they occur.
func (l *Lexicon) number(pairs []Pair, noNull bool) ([]numbered, error) {
	if len(pairs) == 0 {
		return nil, errors.New("translate: there are no pairs of sentences")
	}
	rows := make([]numbered, len(pairs))
	for i, p := range pairs {
		if s, t := len(p.Source), len(p.Target); s < 1 || t < 1 || s > mostWords || t > mostWords {
			return nil, fmt.Errorf("translate: pair %d has %d and %d words: want 1 to %d", i, s, t, mostWords)
		}
		if slices.Contains(p.Source, "") || slices.Contains(p.Target, "") {
			return nil, fmt.Errorf("translate: pair %d has a word without letters", i)
		}
		r := &rows[i]
		if !noNull {
			r.source = append(r.source, 0)
		}
		for _, w := range p.Source {
			id, ok := l.source[w]
			if !ok {
				id = int32(len(l.source)) + 1
				l.source[w] = id
			}
			r.source = append(r.source, id)
		}
		for _, w := range p.Target {
			id, ok := l.target[w]
			if !ok {
				id = int32(len(l.target))
				l.target[w] = id
				l.targets = append(l.targets, w)
			}
			r.target = append(r.target, id)
		}
	}
	return rows, nil
}

// table makes an entry for every two words that are in a pair, all equally likely.
func (l *Lexicon) table(rows []numbered) {
	var keys []uint64
	sorted := 0 // how many there were when they were last made distinct
	distinct := func() {
		slices.Sort(keys)
		keys = slices.Compact(keys)
		sorted = len(keys)
	}
	for _, r := range rows {
		for _, f := range r.source {
			for _, e := range r.target {
				keys = append(keys, uint64(f)<<32|uint64(e))
			}
		}
		if len(keys) > 2*sorted+1<<20 {
			distinct()
		}
	}
	distinct()
	l.offsets = make([]int, len(l.source)+2)
	l.word, l.prob = make([]int32, len(keys)), make([]float64, len(keys))
	for i, k := range keys {
		l.word[i] = int32(k & math.MaxUint32)
		l.prob[i] = 1 / float64(len(l.target))
		l.offsets[k>>32+1]++
	}
	for f := range len(l.offsets) - 1 {
		l.offsets[f+1] += l.offsets[f]
	}
}

// entry returns the number of an entry, -1 if there is none.
func (l *Lexicon) entry(f, e int32) int {
	from := l.offsets[f]
	if i, ok := slices.BinarySearch(l.word[from:l.offsets[f+1]], e); ok {
		return from + i
	}
	return -1
}

// step counts how often each source word makes each target word, as the probabilities are, and
// makes them anew from the counts.
func (l *Lexicon) step(rows []numbered, count []float64) {
	clear(count)
	likelihood := 0.0
	var at []int
	for _, r := range rows {
		for _, e := range r.target {
			at = at[:0]
			sum := 0.0
			for _, f := range r.source {
				k := l.entry(f, e)
				at = append(at, k)
				sum += l.prob[k]
			}
			likelihood += math.Log(sum / float64(len(r.source)))
			for _, k := range at {
				count[k] += l.prob[k] / sum
			}
		}
	}
	l.likelihoods = append(l.likelihoods, likelihood)
	for f := range len(l.offsets) - 1 {
		from, to := l.offsets[f], l.offsets[f+1]
		sum := 0.0
		for _, c := range count[from:to] {
			sum += c
		}
		for k := from; k < to && sum > 0; k++ {
			l.prob[k] = count[k] / sum
		}
	}
}

// LogLikelihoods returns the natural logarithm of the probability of all target sentences before
// each step, which never falls.
func (l *Lexicon) LogLikelihoods() []float64 {
	if l == nil {
		return nil
	}
	return slices.Clone(l.likelihoods)
}

// Prob returns t(target|source): 0 if the words were in no pair together. The source word "" is the
// empty word.
func (l *Lexicon) Prob(source, target string) float64 {
	if l == nil {
		return 0
	}
	f, ok := l.source[source]
	e, ok2 := l.target[target]
	if !ok && source != "" || !ok2 {
		return 0
	}
	if k := l.entry(f, e); k >= 0 {
		return l.prob[k]
	}
	return 0
}

// Best returns the most probable translation of a word, among equals the one first seen in training,
// and its probability: "" and 0 for a word that was not seen.
func (l *Lexicon) Best(source string) (target string, prob float64) {
	if l == nil {
		return "", 0
	}
	f, ok := l.source[source]
	if !ok {
		return "", 0
	}
	best := l.offsets[f]
	for k := best; k < l.offsets[f+1]; k++ {
		if l.prob[k] > l.prob[best] {
			best = k
		}
	}
	return l.targets[l.word[best]], l.prob[best]
}

// Translate replaces every word by its most probable translation. A word not seen in training is
// copied.
func (l *Lexicon) Translate(source []string) []string {
	out := make([]string, len(source))
	for i, w := range source {
		out[i] = w
		if best, p := l.Best(w); p > 0 {
			out[i] = best
		}
	}
	return out
}

// Align returns the most probable alignment of a pair: for each target word the source word with the
// greatest t(target|source), the first of equals. Target words that the empty word explains better,
// or that no source word explains, have no point.
func (l *Lexicon) Align(p Pair) []Point {
	var out []Point
	for j, e := range p.Target {
		best, at := 0.0, -1
		for i, f := range p.Source {
			if f == "" {
				continue // not the empty word's probability
			}
			if t := l.Prob(f, e); t > best {
				best, at = t, i
			}
		}
		if at >= 0 && l.Prob("", e) <= best {
			out = append(out, Point{at, j})
		}
	}
	return out
}
