package text

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"unicode/utf8"

	"gonum.org/v1/gonum/mathext"
)

// UnigramTrainer are the settings by which a Unigram model is trained (Kudo, "Subword
// Regularization", 2018), as SentencePiece and the reference do it: from the characters and the
// most promising substrings, the probabilities of all are fitted by expectation maximisation,
// and those without which the texts lose the least are left out, again and again, until Size are
// left. The numbers are of the same texts the same.
type UnigramTrainer struct {
	Size     int      // of the vocabulary; 0: 8,000
	Special  []string // the first tokens, which are added tokens, too
	Unk      string   // the token for what is unknown; "": <unk>. It becomes a special token if it is none
	Alphabet []rune   // characters that are there even if they do not occur
	Longest  int      // characters of a token at most; 0: 16
	Seed     int      // substrings to begin with; 0: 1,000,000
	Shrink   float64  // the share that stays in each round; 0: 0.75
	Steps    int      // of expectation maximisation in each round; 0: 2
}

// Train trains a model on texts and returns the tokenizer of the parts with it. p.Model is a
// Unigram, whose ByteFallback is kept, or nil. texts calls add with one text after another and
// returns its error. With ByteFallback the tokens <0x00> to <0xFF> have to be among Special.
func (o UnigramTrainer) Train(ctx context.Context, p Parts, texts func(add func(text string) error) error) (*Tokenizer, error) {
	m, ok := p.Model.(Unigram)
	if !ok && p.Model != nil {
		return nil, fmt.Errorf("text: train Unigram: the model is a %T", p.Model)
	}
	o.Size, o.Unk, o.Longest, o.Seed = cmp.Or(o.Size, 8000), cmp.Or(o.Unk, "<unk>"), cmp.Or(o.Longest, 16), cmp.Or(o.Seed, 1000000)
	o.Shrink, o.Steps = cmp.Or(o.Shrink, 0.75), cmp.Or(o.Steps, 2)
	if o.Size < 1 || o.Size > mostIDs || o.Longest < 1 || o.Seed < 1 || !(o.Shrink > 0 && o.Shrink < 1) || o.Steps < 1 || slices.Contains(o.Special, "") {
		return nil, fmt.Errorf("text: train Unigram: a size of %d, tokens of %d characters, a seed of %d, a share of %v, %d steps, special tokens %q: want positive numbers, a share below 1, and no token without text", o.Size, o.Longest, o.Seed, o.Shrink, o.Steps, o.Special)
	}
	if texts == nil {
		return nil, errNoTexts
	}
	pieces, err := piecesOf(ctx, p, texts)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(o.Special, o.Unk) {
		o.Special = append([]string{o.Unk}, o.Special...)
	}
	t := &unigramTraining{UnigramTrainer: o}
	for w, n := range pieces {
		t.words = append(t.words, weighted{w, float64(n)})
	}
	slices.SortFunc(t.words, func(a, b weighted) int { return cmp.Compare(a.text, b.text) })
	if m.Vocab, err = t.train(ctx); err != nil {
		return nil, err
	}
	m.Unk = slices.Index(o.Special, o.Unk)
	return Trainer{Special: o.Special}.finish(p, m)
}

// weighted is a piece of the texts with the number of times that it occurs.
type weighted struct {
	text  string
	count float64
}

// unigramTraining is a Unigram model in the making.
type unigramTraining struct {
	UnigramTrainer
	words []weighted
}

var errFewTokens = errors.New("text: train Unigram: the size leaves no room for all characters")

func (t *unigramTraining) train(ctx context.Context) ([]Scored, error) {
	required := t.characters()
	if len(required)+len(t.Special) > t.Size {
		return nil, fmt.Errorf("%w: %d tokens, %d characters and %d special tokens", errFewTokens, t.Size, len(required), len(t.Special))
	}
	list := t.seeds(required)
	target := t.Size * 11 / 10
	for {
		for range t.Steps {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("text: train: %w", err)
			}
			list = t.maximise(list)
		}
		if len(list) <= target {
			break
		}
		next := t.prune(list, target)
		if len(next) == len(list) {
			break
		}
		list = next
	}
	return t.finished(list, required), nil
}

// characters returns the characters that the vocabulary must have, the most frequent first.
func (t *unigramTraining) characters() []weighted {
	count := map[rune]float64{}
	for _, w := range t.words {
		for _, r := range w.text {
			count[r] += w.count
		}
	}
	for _, r := range t.Alphabet {
		count[r] += 0
	}
	var out []weighted
	for r, n := range count {
		out = append(out, weighted{string(r), n})
	}
	slices.SortFunc(out, func(a, b weighted) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.text, b.text)) })
	return out
}

// seeds returns the characters and the substrings to begin with: those that occur in several
// places, as maximal ones that cannot be made longer without losing a place, by their length
// times the number of places.
func (t *unigramTraining) seeds(required []weighted) []Scored {
	var flat []rune
	for _, w := range t.words {
		flat = append(append(flat, []rune(w.text)...), 0)
	}
	order, common := suffixes(flat)
	type found struct {
		score float64
		text  string
	}
	var all []found
	// The intervals of the suffix array within which suffixes have a beginning in common.
	type interval struct{ from, length int }
	var open []interval
	closeTo := func(length, to int) (from int) {
		from = to - 1
		for len(open) > 0 && open[len(open)-1].length > length {
			top := open[len(open)-1]
			open = open[:len(open)-1]
			from = top.from
			n := min(top.length, t.Longest)
			if n > 1 && n > length {
				s := flat[order[top.from] : order[top.from]+n]
				if !slices.Contains(s, 0) {
					all = append(all, found{float64((to - top.from) * n), string(s)})
				}
			}
		}
		return from
	}
	for i := 1; i <= len(order); i++ {
		length := 0
		if i < len(order) {
			length = common[i]
		}
		from := closeTo(length, i)
		if length > 0 && (len(open) == 0 || open[len(open)-1].length < length) {
			open = append(open, interval{from, length})
		}
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.text, a.text)) })
	var out []Scored
	for _, c := range required {
		out = append(out, Scored{c.text, max(c.count, 1)})
	}
	known := map[string]bool{}
	for _, f := range all {
		if len(out) >= t.Seed {
			break
		}
		if !known[f.text] {
			known[f.text] = true
			out = append(out, Scored{f.text, f.score})
		}
	}
	sum := 0.0
	for _, s := range out {
		sum += s.Score
	}
	for i := range out {
		out[i].Score = math.Log(out[i].Score) - math.Log(sum)
	}
	return out
}

// suffixes returns the suffix array of a text, and for each suffix how many characters its
// beginning has in common with the one before it.
func suffixes(text []rune) (order, common []int) {
	n := len(text)
	order, rank := make([]int, n), make([]int, n)
	for i, r := range text {
		order[i], rank[i] = i, int(r)
	}
	next := make([]int, n)
	for k := 1; ; k *= 2 { // doubling: ranks by k characters give those by 2k
		second := func(i int) int {
			if i+k < n {
				return rank[i+k]
			}
			return -1
		}
		if k == 1 {
			sort.Slice(order, func(a, b int) bool {
				x, y := order[a], order[b]
				if rank[x] != rank[y] {
					return rank[x] < rank[y]
				}
				return second(x) < second(y)
			})
		} else {
			for from := 0; from < n; { // only within equal ranks
				to := from + 1
				for to < n && rank[order[to]] == rank[order[from]] {
					to++
				}
				if to-from > 1 {
					part := order[from:to]
					sort.Slice(part, func(a, b int) bool { return second(part[a]) < second(part[b]) })
				}
				from = to
			}
		}
		first, groups := 0, min(n, 1)
		for i, s := range order {
			if i > 0 && (rank[s] != rank[order[i-1]] || second(s) != second(order[i-1])) {
				first = i
				groups++
			}
			next[s] = first
		}
		rank, next = next, rank
		if groups == n {
			break
		}
	}
	common = make([]int, n) // Kasai et al. 2001
	h := 0
	for i := range n {
		if rank[i] == 0 {
			h = 0
			continue
		}
		j := order[rank[i]-1]
		for i+h < n && j+h < n && text[i+h] == text[j+h] && text[i+h] != 0 {
			h++
		}
		common[rank[i]] = h
		h = max(0, h-1)
	}
	return order, common
}

// trie finds the tokens of a list that begin at a place.
type trie struct{ edges *table }

func newTrie(list []Scored) *trie {
	total := 0
	for _, s := range list {
		total += len(s.Token)
	}
	t := &trie{newTable(total)}
	nodes := int32(1)
	for id, s := range list {
		node := int32(0)
		for i := range len(s.Token) {
			key := keyOf(node, int32(s.Token[i]))
			e, ok := t.edges.get(key)
			if !ok {
				e = pair{nodes, -1}
				nodes++
			}
			if i == len(s.Token)-1 {
				e.b = int32(id)
			}
			t.edges.put(key, e)
			node = e.a
		}
	}
	return t
}

// each calls f for the tokens that text begins with at an offset, and where they end.
func (t *trie) each(text string, at int, f func(id, to int)) {
	node := int32(0)
	for to := at; to < len(text); {
		e, ok := t.edges.get(keyOf(node, int32(text[to])))
		if !ok {
			return
		}
		to++
		if node = e.a; e.b >= 0 {
			f(int(e.b), to)
		}
	}
}

// maximise is one step of expectation maximisation: how often each token is expected, over all
// divisions of the texts, gives its new score, by the digamma function, which favours few
// tokens. Those that are expected less than half a time are left out, but for characters.
func (t *unigramTraining) maximise(list []Scored) []Scored {
	tokens := newTrie(list)
	expected := make([]float64, len(list))
	var forward, backward []float64
	for _, w := range t.words {
		n := len(w.text)
		forward, backward = grown(forward, n+1), grown(backward, n+1)
		forward[0], backward[n] = 0, 0
		for at := range n {
			if math.IsInf(forward[at], -1) {
				continue
			}
			tokens.each(w.text, at, func(id, to int) { forward[to] = logAdd(forward[to], forward[at]+list[id].Score) })
		}
		if math.IsInf(forward[n], -1) {
			continue // not reached: every character is a token
		}
		for at := n - 1; at >= 0; at-- {
			if math.IsInf(forward[at], -1) {
				continue
			}
			tokens.each(w.text, at, func(id, to int) { backward[at] = logAdd(backward[at], list[id].Score+backward[to]) })
		}
		for at := range n {
			if math.IsInf(forward[at], -1) {
				continue
			}
			tokens.each(w.text, at, func(id, to int) {
				expected[id] += w.count * math.Exp(forward[at]+list[id].Score+backward[to]-forward[n])
			})
		}
	}
	const least = 0.5
	var out []Scored
	sum := 0.0
	for id, s := range list {
		if expected[id] < least && utf8.RuneCountInString(s.Token) > 1 {
			continue
		}
		out = append(out, Scored{s.Token, max(expected[id], least)})
		sum += max(expected[id], least)
	}
	for i := range out {
		out[i].Score = mathext.Digamma(out[i].Score) - mathext.Digamma(sum)
	}
	return out
}

// grown returns n values of −Inf in the memory of x.
func grown(x []float64, n int) []float64 {
	x = x[:0]
	for range n {
		x = append(x, math.Inf(-1))
	}
	return x
}

func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// best divides a text into its best tokens, without one of them if skip is not −1.
func (t *trie) best(list []Scored, text string, skip int) []int {
	type step struct {
		score    float64
		from, id int
	}
	steps := make([]step, len(text)+1)
	for i := range steps {
		steps[i] = step{math.Inf(-1), -1, -1}
	}
	steps[0].score = 0
	for at := range len(text) {
		if math.IsInf(steps[at].score, -1) {
			continue
		}
		t.each(text, at, func(id, to int) {
			if s := steps[at].score + list[id].Score; id != skip && s > steps[to].score {
				steps[to] = step{s, at, id}
			}
		})
	}
	var out []int
	for to := len(text); to > 0; to = steps[to].from {
		if steps[to].from < 0 {
			return nil
		}
		out = append(out, steps[to].id)
	}
	slices.Reverse(out)
	return out
}

// prune leaves out the tokens without which the texts lose the least, down to a share of them.
func (t *unigramTraining) prune(list []Scored, target int) []Scored {
	tokens := newTrie(list)
	freq, in := make([]float64, len(list)), make([]float64, len(list)) // of tokens in the best divisions, and of the texts that have them
	words, sum := 0.0, 0.0
	for _, w := range t.words {
		words += w.count
		seen := map[int]bool{}
		for _, id := range tokens.best(list, w.text, -1) {
			freq[id] += w.count
			sum += w.count
			if !seen[id] {
				seen[id] = true
				in[id] += w.count
			}
		}
	}
	type candidate struct {
		id   int
		loss float64
	}
	var kept []int
	var others []candidate
	for id, s := range list {
		if utf8.RuneCountInString(s.Token) == 1 {
			kept = append(kept, id)
			continue
		}
		instead := tokens.best(list, s.Token, id)
		if freq[id] == 0 || instead == nil {
			continue
		}
		was := math.Log(freq[id]) - math.Log(sum)
		all := math.Log(sum + freq[id]*float64(len(instead)-1))
		is := 0.0
		for _, k := range instead {
			is += math.Log(freq[k]+freq[id]) - all
		}
		others = append(others, candidate{id, in[id] / words * (was - is)})
	}
	slices.SortStableFunc(others, func(a, b candidate) int { return cmp.Compare(b.loss, a.loss) })
	n := max(target, int(t.Shrink*float64(len(list))))
	for _, c := range others {
		if len(kept) >= n {
			break
		}
		kept = append(kept, c.id)
	}
	slices.Sort(kept)
	out := make([]Scored, len(kept))
	for i, id := range kept {
		out[i] = list[id]
	}
	return out
}

// finished returns the vocabulary: special tokens, then the others, the most probable first.
func (t *unigramTraining) finished(list []Scored, required []weighted) []Scored {
	score, least := map[string]float64{}, 0.0
	for _, s := range list {
		score[s.Token] = s.Score
		least = min(least, s.Score)
	}
	special := map[string]bool{}
	out := []Scored{}
	for _, s := range t.Special {
		special[s] = true
	}
	more := 0.0
	inserted := map[string]bool{}
	for _, c := range required {
		if special[c.text] {
			continue
		}
		v, ok := score[c.text]
		if !ok {
			const step = 0.0001
			v = least + more
			more += step
		}
		inserted[c.text] = true
		out = append(out, Scored{c.text, v})
	}
	slices.SortStableFunc(list, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
	for _, s := range list {
		if len(out)+len(t.Special) >= t.Size {
			break
		}
		if !inserted[s.Token] && !special[s.Token] {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
	first := make([]Scored, len(t.Special))
	for i, s := range t.Special {
		first[i] = Scored{Token: s}
	}
	return append(first, out...)
}
