package translate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/text/ngram"
)

// Weights are those of the log-linear model by which translations are compared, the sum of
//
//	Target·ln φ(e|f) + Source·ln φ(f|e) + LexTarget·ln lex(e|f) + LexSource·ln lex(f|e)
//
// over its phrases, plus Language·ln p of all words and the end of the sentence, plus Phrase per
// phrase and Word per word, minus Distortion per source word skipped between consecutive phrases.
type Weights struct {
	Target, Source, LexTarget, LexSource float64
	Language, Phrase, Word, Distortion   float64
}

// DefaultWeights returns fixed weights of the usual magnitude. They were not fitted to any data;
// [Decoder.Tune] does that.
func DefaultWeights() Weights {
	return Weights{Target: 0.2, Source: 0.2, LexTarget: 0.2, LexSource: 0.2, Language: 0.5, Phrase: -0.2, Word: 0.5, Distortion: 0.3}
}

// Decoder finds the best translation of a phrase-based model by beam search (Koehn, "Pharaoh: A
// Beam Search Decoder for Phrase-Based Statistical Machine Translation Models", 2004). The target is
// built from left to right. Hypotheses that cover equally many source words share a stack, where they
// compete by their score plus an estimate of the best score of what is not yet covered; hypotheses
// with the same continuations are merged.
type Decoder struct {
	Model      *Model
	Stack      int     // hypotheses kept per stack; 0: 100
	Distortion int     // source words that a jump may skip, up to 20; 0: monotone
	Weights    Weights // all 0: DefaultWeights
}

// Translate returns the best translation that the search finds. A word that the model does not know
// stays as it is. It is an error if there is no model, if a setting is out of range or a weight not
// finite, or if there are more than 1,000 words.
func (d Decoder) Translate(source []string) ([]string, error) {
	if err := d.fill(); err != nil {
		return nil, err
	}
	if len(source) > mostWords {
		return nil, fmt.Errorf("translate: a sentence of %d words: want %d at most", len(source), mostWords)
	}
	s := &decoding{Decoder: d, source: source, stacks: make([]stack, len(source)+1)}
	s.findOptions()
	s.estimate()
	start := hypothesis{state: state{recent: recent{ngram.Begin + 2}}}
	start.rest = s.rest(start.coverage)
	s.stacks[0].add(start)
	for n := range source {
		for _, at := range s.stacks[n].best(d.Stack) {
			s.extend(place{n, at})
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.read(s.finish()), nil
}

// fill checks settings and fills in defaults.
func (d *Decoder) fill() error {
	if d.Model == nil || d.Model.language == nil {
		return errors.New("translate: decoder: there is no model")
	}
	d.Stack = cmp.Or(d.Stack, 100)
	if d.Stack < 1 || d.Distortion < 0 || d.Distortion > 20 {
		return fmt.Errorf("translate: decoder: stacks of %d, jumps over %d words: want 1 or more, and 0 to 20", d.Stack, d.Distortion)
	}
	if d.Weights == (Weights{}) {
		d.Weights = DefaultWeights()
	}
	for _, w := range d.Weights.all() {
		if !(math.Abs(*w) <= mostWeight) {
			return fmt.Errorf("translate: decoder: a weight of %v: want %v to %v", *w, -mostWeight, mostWeight)
		}
	}
	return nil
}

// mostWeight bounds weights.
const mostWeight = 1e6

func (w *Weights) all() []*float64 {
	return []*float64{&w.Target, &w.Source, &w.LexTarget, &w.LexSource, &w.Language, &w.Phrase, &w.Word, &w.Distortion}
}

// decoding is a search in progress.
type decoding struct {
	Decoder
	source  []string
	options [][][]option // of the phrase from a word, by its length - 1
	future  [][]float64  // the best that the words from one to another can add, by length
	stacks  []stack      // by the number of words that are translated
	err     error
}

// option is a translation of a phrase: numbers of words, or -1 for the source word itself.
type option struct {
	words []int32
	score float64 // but for the language model and distortion
	alone float64 // with the language model, as far as it goes without what is before
}

// findOptions looks up the translations of all phrases of the sentence.
func (s *decoding) findOptions() {
	m, w := s.Model, s.Weights
	ids := m.numbers(s.source, m.source)
	s.options = make([][][]option, len(ids))
	for i := range ids {
		for j := i + 1; j <= len(ids) && j-i <= m.longest; j++ {
			var list []option
			for _, p := range m.phrases[key(ids[i:j])] {
				score := w.Target*p.logs[0] + w.Source*p.logs[1] + w.LexTarget*p.logs[2] + w.LexSource*p.logs[3]
				list = append(list, option{words: p.words, score: score + w.Phrase + w.Word*float64(len(p.words))})
			}
			if j == i+1 && len(list) == 0 {
				list = []option{{words: []int32{-1}, score: w.Phrase + w.Word}}
			}
			for k := range list {
				language, _ := s.language(recent{}, list[k].words)
				list[k].alone = list[k].score + language
			}
			s.options[i] = append(s.options[i], list)
		}
	}
}

// estimate finds the best that each run of words can add, without distortion.
func (s *decoding) estimate() {
	n := len(s.source)
	s.future = make([][]float64, n)
	for i := n - 1; i >= 0; i-- {
		s.future[i] = make([]float64, n-i+1)
		for length := 1; length <= n-i; length++ {
			best := math.Inf(-1)
			if length <= len(s.options[i]) {
				for _, o := range s.options[i][length-1] {
					best = max(best, o.alone)
				}
			}
			for first := 1; first < length && first <= s.Model.longest; first++ {
				best = max(best, s.future[i][first]+s.future[i+first][length-first])
			}
			s.future[i][length] = best
		}
	}
}

// recent holds the last words of a hypothesis, the last one first, each + 2; 0: nothing is known.
type recent [mostOrder - 1]int32

// language returns the weighted log-probability of words after others, and the last ones then.
func (s *decoding) language(r recent, words []int32) (sum float64, after recent) {
	var buf [mostOrder]int
	for _, w := range words {
		context := buf[:0]
		for i := s.Model.order - 2; i >= 0; i-- {
			if r[i] != 0 {
				context = append(context, int(r[i])-2)
			}
		}
		id := int(w)
		if w < 0 {
			id = s.Model.unknown()
		}
		p, err := s.Model.language.Prob(context, id)
		if err != nil && s.err == nil {
			s.err = fmt.Errorf("translate: decoder: %w", err)
		}
		sum += math.Log(p)
		copy(r[1:], r[:len(r)-1])
		r[0] = int32(id) + 2
		for i := s.Model.order - 1; i < len(r); i++ {
			r[i] = 0
		}
	}
	return s.Weights.Language * sum, r
}

// coverage says which source words are translated: those before first, and those at the bits of
// ahead after it. Bit 0 is never set; limits of jumps and phrases keep the rest within 64.
type coverage struct {
	first int
	ahead uint64
}

func (c coverage) has(i int) bool {
	return i < c.first || i-c.first < 64 && c.ahead>>(i-c.first)&1 == 1
}

// with returns the coverage with one more word.
func (c coverage) with(i int) coverage {
	c.ahead |= 1 << (i - c.first)
	for c.ahead&1 == 1 {
		c.ahead >>= 1
		c.first++
	}
	return c
}

// state is what the rest of a translation depends on.
type state struct {
	coverage
	end    int // where the last phrase ended
	recent recent
}

// place is that of a hypothesis: a stack, and a number in it.
type place struct{ stack, at int }

// hypothesis is a translation of some of the words.
type hypothesis struct {
	state
	before      place
	option      *option // nil: none yet
	score, rest float64
}

// stack holds hypotheses with as many translated words.
type stack struct {
	all  []hypothesis
	seen map[state]int
}

// add adds a hypothesis unless there is one as good that the rest cannot tell apart, which it
// replaces if it is better.
func (s *stack) add(h hypothesis) {
	if i, ok := s.seen[h.state]; ok {
		if h.score > s.all[i].score {
			s.all[i] = h
		}
		return
	}
	if s.seen == nil {
		s.seen = map[state]int{}
	}
	s.seen[h.state] = len(s.all)
	s.all = append(s.all, h)
}

// best returns the numbers of the best hypotheses, of equal ones the first.
func (s *stack) best(most int) []int {
	s.seen = nil
	order := make([]int, len(s.all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.all[b].score+s.all[b].rest, s.all[a].score+s.all[a].rest)
	})
	return order[:min(most, len(order))]
}

// extend adds all hypotheses that translate one more phrase.
func (s *decoding) extend(at place) {
	h := s.stacks[at.stack].all[at.at]
	for from := h.first; from < len(s.source) && from <= h.first+s.Distortion; from++ {
		jump := max(from-h.end, h.end-from)
		if jump > s.Distortion {
			continue
		}
		next := state{coverage: h.coverage}
		for i, list := range s.options[from] {
			if h.has(from + i) {
				break
			}
			next.coverage, next.end = next.with(from+i), from+i+1
			if next.first < next.end && next.end-next.first > s.Distortion {
				continue // nothing may jump back to the gap
			}
			rest := s.rest(next.coverage)
			for k := range list {
				o := &list[k]
				var language float64
				language, next.recent = s.language(h.recent, o.words)
				s.stacks[at.stack+i+1].add(hypothesis{next, at, o, h.score + o.score + language - s.Weights.Distortion*float64(jump), rest})
			}
		}
	}
}

// rest estimates the best that the words can add that are not translated.
func (s *decoding) rest(c coverage) float64 {
	sum, n := 0.0, len(s.source)
	for from := c.first; from < n; {
		to := from + 1
		for to < n && !c.has(to) {
			to++
		}
		sum += s.future[from][to-from]
		for from = to; from < n && c.has(from); {
			from++
		}
	}
	return sum
}

// finish returns the hypothesis that is the best with the end of the sentence.
func (s *decoding) finish() place {
	n := len(s.source)
	best, most := place{n, 0}, math.Inf(-1)
	for i, h := range s.stacks[n].all {
		end, _ := s.language(h.recent, []int32{int32(s.Model.end())})
		if h.score+end > most {
			best.at, most = i, h.score+end
		}
	}
	return best
}

// read returns the words of a hypothesis.
func (s *decoding) read(at place) []string {
	words := []string{}
	for {
		h := s.stacks[at.stack].all[at.at]
		if h.option == nil {
			break
		}
		for _, w := range slices.Backward(h.option.words) {
			if w < 0 {
				words = append(words, s.source[h.end-1])
			} else {
				words = append(words, s.Model.words[w])
			}
		}
		at = h.before
	}
	slices.Reverse(words)
	return words
}
