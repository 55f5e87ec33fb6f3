package translate

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/text/ngram"
)

// PhraseBased are the settings of a phrase-based model (Koehn, Och & Marcu, "Statistical
// Phrase-Based Translation", 2003): sentences are aligned by [IBM1] in both directions and
// [GrowDiagFinalAnd], and all phrase pairs consistent with the alignment are counted ([Phrases]).
// Phrase probabilities φ are relative frequencies; the lexical weight of a phrase pair is
//
//	lex(e|f, a) = Πⱼ mean of w(eⱼ|fᵢ) over the points (i, j) of a
//
// where w are relative frequencies of aligned words and unaligned words count as aligned to the
// empty word. If a pair occurs with several alignments, the greatest weight is used. The language
// model is [ngram.KneserNey].
type PhraseBased struct {
	Longest int  // words of a phrase, up to 10; 0: 7
	Order   int  // of the language model, up to 5; 0: 3
	Options int  // translations kept per source phrase, the most probable ones; 0: 20
	Lexicon IBM1 // how words are aligned
}

// Model is a fitted phrase-based model; a [Decoder] translates with it. It is safe for use by
// several goroutines.
type Model struct {
	longest, order int
	source, target map[string]int32
	words          []string            // of the target, by number
	phrases        map[string][]phrase // translations of source phrases
	language       *ngram.Model        // over the target's words, then the end, then unknown words
}

// phrase is a translation: its words, and the logarithms of φ(e|f), φ(f|e), lex(e|f) and lex(f|e).
type phrase struct {
	words []int32
	logs  [4]float64
}

// Span is a phrase of a sentence: the words from one number on, up to but without another.
type Span struct{ From, To int }

// Fit trains a model on pairs, and its language model on their target sides and on further
// sentences of the target language. Errors are as for [IBM1.Fit]; a further sentence may be empty.
func (o PhraseBased) Fit(ctx context.Context, pairs []Pair, further [][]string) (*Model, error) {
	o.Longest, o.Order, o.Options = cmp.Or(o.Longest, 7), cmp.Or(o.Order, 3), cmp.Or(o.Options, 20)
	if o.Longest < 1 || o.Longest > 10 || o.Order < 1 || o.Order > mostOrder || o.Options < 1 {
		return nil, fmt.Errorf("translate: phrases of %d words, %d translations of each, a language model of order %d: want 1 to 10, 1 or more, and 1 to %d", o.Longest, o.Options, o.Order, mostOrder)
	}
	forward, err := o.Lexicon.Fit(ctx, pairs)
	if err != nil {
		return nil, err
	}
	backward, err := o.Lexicon.Fit(ctx, Reversed(pairs))
	if err != nil {
		return nil, err
	}
	m := &Model{longest: o.Longest, order: o.Order, source: forward.source, target: map[string]int32{}, phrases: map[string][]phrase{}}
	if err := m.learnLanguage(ctx, pairs, further); err != nil {
		return nil, err
	}
	c := newPhraseCounts()
	for i, p := range pairs {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("translate: phrases: %w", err)
		}
		points, err := Symmetrize(forward, backward, p)
		if err != nil {
			return nil, fmt.Errorf("%w (pair %d)", err, i)
		}
		c.alignments = append(c.alignments, alignment{m.numbers(p.Source, m.source), m.numbers(p.Target, m.target), points})
	}
	c.countWords()
	if err := c.countPhrases(o.Longest); err != nil {
		return nil, err
	}
	c.fill(m, o.Options)
	m.fillWords(forward, backward)
	return m, nil
}

// Symmetrize aligns a pair by the lexicons of both directions: backward is fitted to [Reversed]
// pairs.
func Symmetrize(forward, backward *Lexicon, p Pair) ([]Point, error) {
	if forward == nil || backward == nil {
		return nil, errors.New("translate: a lexicon is nil")
	}
	back := backward.Align(Pair{p.Target, p.Source})
	for i, q := range back {
		back[i] = Point{q.Target, q.Source}
	}
	return GrowDiagFinalAnd(forward.Align(p), back)
}

// mostOrder bounds the order of the language model, as hypotheses are compared by the words
// before.
const mostOrder = 5

// learnLanguage numbers the words of the target language and fits its model.
func (m *Model) learnLanguage(ctx context.Context, pairs []Pair, further [][]string) error {
	texts := make([][]int, 0, len(pairs)+len(further))
	add := func(words []string) {
		text := make([]int, 0, len(words)+1)
		for _, w := range words {
			id, ok := m.target[w]
			if !ok {
				id = int32(len(m.words))
				m.target[w] = id
				m.words = append(m.words, w)
			}
			text = append(text, int(id))
		}
		texts = append(texts, text)
	}
	for _, p := range pairs {
		add(p.Target)
	}
	for _, words := range further {
		add(words)
	}
	for i := range texts {
		texts[i] = append(texts[i], m.end())
	}
	var err error
	m.language, err = ngram.KneserNey{Order: m.order, Vocab: len(m.words) + 2}.Fit(ctx, texts)
	if err != nil {
		return fmt.Errorf("translate: the language model: %w", err)
	}
	return nil
}

// end and unknown are ids of the language model: of the end of a sentence, and of a word that it
// does not know.
func (m *Model) end() int     { return len(m.words) }
func (m *Model) unknown() int { return len(m.words) + 1 }

// numbers returns the numbers of words; -1: it has none.
func (m *Model) numbers(words []string, by map[string]int32) []int32 {
	out := make([]int32, len(words))
	for i, w := range words {
		out[i] = -1
		if id, ok := by[w]; ok {
			out[i] = id
		}
	}
	return out
}

// key is a phrase as a key of a map.
func key(words []int32) string {
	b := make([]byte, 0, 4*len(words))
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, uint32(w))
	}
	return string(b)
}

// Phrases extracts the phrase pairs of up to longest words from an aligned sentence pair with source
// and target words: from[i] and to[i] contain at least one point, and no point joins a word inside
// to one outside. Unaligned words at the edges may belong to a phrase or not, so both are returned.
// It is an error if a point is outside the sentences.
func Phrases(source, target int, points []Point, longest int) (from, to []Span, err error) {
	if source < 0 || target < 0 || source > mostWords || target > mostWords || longest < 1 {
		return nil, nil, fmt.Errorf("translate: phrases of up to %d words of a pair of %d and %d: want 1 or more, and up to %d", longest, source, target, mostWords)
	}
	aligned := make([]bool, source)
	for _, p := range points {
		if p.Source < 0 || p.Source >= source || p.Target < 0 || p.Target >= target {
			return nil, nil, fmt.Errorf("translate: the point (%d, %d) is outside a pair of %d and %d words", p.Source, p.Target, source, target)
		}
		aligned[p.Source] = true
	}
	points = sorted(points)
	for begin := range target {
		for end := begin + 1; end <= target && end-begin <= longest; end++ {
			least, most := source, -1
			for _, p := range points {
				if p.Target >= begin && p.Target < end {
					least, most = min(least, p.Source), max(most, p.Source)
				}
			}
			if most-least >= longest || most < 0 || slices.ContainsFunc(points, func(p Point) bool {
				return p.Source >= least && p.Source <= most && (p.Target < begin || p.Target >= end)
			}) {
				continue
			}
			for a := least; a >= 0 && (a == least || !aligned[a]); a-- {
				for b := most + 1; b <= source && b-a <= longest && (b == most+1 || !aligned[b-1]); b++ {
					from, to = append(from, Span{a, b}), append(to, Span{begin, end})
				}
			}
		}
	}
	return from, to, nil
}

// alignment is a pair by numbers, with its points.
type alignment struct {
	source, target []int32
	points         []Point
}

// phraseCounts counts what is aligned: words, where -1 is the empty word, and phrases.
type phraseCounts struct {
	alignments     []alignment
	words          map[[2]int32]float64 // source and target
	bySource       map[int32]float64    // sums of words
	byTarget       map[int32]float64
	source, target map[string]int // how often phrases are counted
	pairs          map[[2]string]*phraseCount
}

type phraseCount struct {
	count                int
	source, target       []int32
	lexTarget, lexSource float64 // lex(e|f), lex(f|e)
}

func newPhraseCounts() *phraseCounts {
	return &phraseCounts{words: map[[2]int32]float64{}, bySource: map[int32]float64{}, byTarget: map[int32]float64{},
		source: map[string]int{}, target: map[string]int{}, pairs: map[[2]string]*phraseCount{}}
}

// countWords counts the words that points join, and those that none does with the empty word.
func (c *phraseCounts) countWords() {
	add := func(f, e int32) {
		c.words[[2]int32{f, e}]++
		c.bySource[f]++
		c.byTarget[e]++
	}
	for _, a := range c.alignments {
		source, target := make([]bool, len(a.source)), make([]bool, len(a.target))
		for _, p := range a.points {
			source[p.Source], target[p.Target] = true, true
			add(a.source[p.Source], a.target[p.Target])
		}
		for i, ok := range source {
			if !ok {
				add(a.source[i], -1)
			}
		}
		for j, ok := range target {
			if !ok {
				add(-1, a.target[j])
			}
		}
	}
}

func (c *phraseCounts) countPhrases(longest int) error {
	for _, a := range c.alignments {
		from, to, err := Phrases(len(a.source), len(a.target), a.points, longest)
		if err != nil {
			return err
		}
		for i := range from {
			f, e := a.source[from[i].From:from[i].To], a.target[to[i].From:to[i].To]
			k := [2]string{key(f), key(e)}
			n := c.pairs[k]
			if n == nil {
				n = &phraseCount{source: f, target: e}
				c.pairs[k] = n
			}
			n.count++
			c.source[k[0]]++
			c.target[k[1]]++
			lexTarget, lexSource := c.lexical(a, from[i], to[i])
			n.lexTarget, n.lexSource = max(n.lexTarget, lexTarget), max(n.lexSource, lexSource)
		}
	}
	return nil
}

// lexical returns the lexical weights of two phrases of an aligned pair.
func (c *phraseCounts) lexical(a alignment, from, to Span) (lexTarget, lexSource float64) {
	sumTarget, nTarget := make([]float64, to.To-to.From), make([]float64, to.To-to.From)
	sumSource, nSource := make([]float64, from.To-from.From), make([]float64, from.To-from.From)
	for _, p := range a.points {
		if p.Target < to.From || p.Target >= to.To {
			continue // no point leaves the phrases
		}
		f, e := a.source[p.Source], a.target[p.Target]
		n := c.words[[2]int32{f, e}]
		sumTarget[p.Target-to.From] += n / c.bySource[f]
		nTarget[p.Target-to.From]++
		sumSource[p.Source-from.From] += n / c.byTarget[e]
		nSource[p.Source-from.From]++
	}
	lexTarget, lexSource = 1, 1
	for j, n := range nTarget {
		if n == 0 {
			sumTarget[j], n = c.words[[2]int32{-1, a.target[to.From+j]}]/c.bySource[-1], 1
		}
		lexTarget *= sumTarget[j] / n
	}
	for i, n := range nSource {
		if n == 0 {
			sumSource[i], n = c.words[[2]int32{a.source[from.From+i], -1}]/c.byTarget[-1], 1
		}
		lexSource *= sumSource[i] / n
	}
	return lexTarget, lexSource
}

// fill turns counts into the phrase table, with the most probable translations of each phrase.
func (c *phraseCounts) fill(m *Model, options int) {
	for k, n := range c.pairs {
		m.phrases[k[0]] = append(m.phrases[k[0]], phrase{n.target, [4]float64{
			math.Log(float64(n.count) / float64(c.source[k[0]])), math.Log(float64(n.count) / float64(c.target[k[1]])),
			math.Log(n.lexTarget), math.Log(n.lexSource),
		}})
	}
	for k, list := range m.phrases {
		slices.SortFunc(list, func(a, b phrase) int {
			return cmp.Or(cmp.Compare(b.logs[0], a.logs[0]), cmp.Compare(b.logs[2], a.logs[2]), slices.Compare(a.words, b.words))
		})
		m.phrases[k] = slices.Clip(list[:min(len(list), options)])
	}
}

// fillWords gives words without a phrase of their own the best translation of the lexicon, as one
// phrase that is never counted: the alignment joins them to others.
func (m *Model) fillWords(forward, backward *Lexicon) {
	for w, id := range m.source {
		k := key([]int32{id})
		if len(m.phrases[k]) > 0 {
			continue
		}
		e, p := forward.Best(w)
		back := max(backward.Prob(e, w), 1e-9)
		m.phrases[k] = []phrase{{[]int32{m.target[e]}, [4]float64{math.Log(p), math.Log(back), math.Log(p), math.Log(back)}}}
	}
}

// Translations returns the translations of a source phrase that the model keeps, the most
// probable first, with φ(target|source). There are none in a nil Model.
func (m *Model) Translations(source []string) (target [][]string, prob []float64) {
	if m == nil {
		return nil, nil
	}
	for _, p := range m.phrases[key(m.numbers(source, m.source))] {
		var words []string
		for _, w := range p.words {
			words = append(words, m.words[w])
		}
		target, prob = append(target, words), append(prob, math.Exp(p.logs[0]))
	}
	return target, prob
}
