package text

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Trainer are the settings by which BPE and WordPiece models are trained.
//
// Texts are divided by the normalizer and the pre-tokenizer of a tokenizer. The vocabulary is
// that of the special tokens, then of the characters that occur, by code point, then of what
// merges make: the pair of neighbours that occurs most often, of equal ones that with the
// smallest ids, is joined everywhere, again and again, until there are Size tokens or no pair
// occurs as often as MinCount. So it is in the reference, and the same texts give the same
// vocabulary.
type Trainer struct {
	Size     int      // of the vocabulary; 0: 30,000
	MinCount int      // of a pair that is joined; 0: 1
	Special  []string // the first tokens, which are added tokens, too
	Alphabet []rune   // characters that are there even if they do not occur, such as ByteLevel's
	Limit    int      // characters at most, the most frequent ones; 0: all
	Longest  int      // characters of a token at most; 0: any number
}

// ByteAlphabet returns the characters that ByteLevel writes bytes as, for Trainer.Alphabet.
func ByteAlphabet() []rune {
	all := byteRunes
	out := all[:]
	slices.Sort(out)
	return out
}

// TrainBPE trains a BPE model on texts and returns the tokenizer of the parts with it. p.Model is
// a BPE, whose Unk, FuseUnk, Prefix and Suffix are kept, or nil. texts calls add with one text
// after another and returns its error.
func (o Trainer) TrainBPE(ctx context.Context, p Parts, texts func(add func(text string) error) error) (*Tokenizer, error) {
	m, ok := p.Model.(BPE)
	if !ok && p.Model != nil {
		return nil, fmt.Errorf("text: train BPE: the model is a %T", p.Model)
	}
	vocab, merges, err := o.train(ctx, p, m.Prefix, m.Suffix, texts)
	if err != nil {
		return nil, err
	}
	m.Vocab, m.Merges = vocab, merges
	return o.finish(p, m)
}

// TrainWordPiece is TrainBPE for a WordPiece model, whose Prefix and Most are kept; nil: ## and
// 100. As in the reference its tokens are those that merges make; with them WordPiece takes the
// longest from the left. Unk ("": [UNK]) becomes a special token if it is none.
func (o Trainer) TrainWordPiece(ctx context.Context, p Parts, texts func(add func(text string) error) error) (*Tokenizer, error) {
	m, ok := p.Model.(WordPiece)
	if !ok && p.Model != nil {
		return nil, fmt.Errorf("text: train WordPiece: the model is a %T", p.Model)
	}
	if m.Prefix == "" {
		m.Prefix = "##"
	}
	m.Most, m.Unk = cmp.Or(m.Most, 100), cmp.Or(m.Unk, "[UNK]")
	if !slices.Contains(o.Special, m.Unk) {
		o.Special = append([]string{m.Unk}, o.Special...)
	}
	vocab, _, err := o.train(ctx, p, m.Prefix, "", texts)
	if err != nil {
		return nil, err
	}
	m.Vocab = vocab
	return o.finish(p, m)
}

// TrainWordLevel counts the pieces of texts, such as words, and returns the tokenizer of the parts
// whose vocabulary are the most frequent ones: special tokens, then pieces that occur MinCount
// times or more, the most frequent first, of equal ones the smaller text. p.Model is a WordLevel,
// whose Unk is kept ("": [UNK]) and becomes a special token if it is none, or nil. Alphabet, Limit
// and Longest play no part.
func (o Trainer) TrainWordLevel(ctx context.Context, p Parts, texts func(add func(text string) error) error) (*Tokenizer, error) {
	m, ok := p.Model.(WordLevel)
	if !ok && p.Model != nil {
		return nil, fmt.Errorf("text: train WordLevel: the model is a %T", p.Model)
	}
	if err := o.check(texts); err != nil {
		return nil, err
	}
	if m.Unk = cmp.Or(m.Unk, "[UNK]"); !slices.Contains(o.Special, m.Unk) {
		o.Special = append([]string{m.Unk}, o.Special...)
	}
	counts, err := piecesOf(ctx, p, texts)
	if err != nil {
		return nil, err
	}
	var pieces []string
	for piece, n := range counts {
		if n >= int64(o.MinCount) && piece != "" && !slices.Contains(o.Special, piece) {
			pieces = append(pieces, piece)
		}
	}
	slices.SortFunc(pieces, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	m.Vocab = map[string]int{}
	for _, name := range append(slices.Clone(o.Special), pieces...) {
		if _, ok := m.Vocab[name]; ok {
			return nil, fmt.Errorf("text: train: the special token %q is there twice", name)
		}
		if len(m.Vocab) < max(cmp.Or(o.Size, 30000), len(o.Special)) {
			m.Vocab[name] = len(m.Vocab)
		}
	}
	return o.finish(p, m)
}

// finish makes the tokenizer, with special tokens that are not there yet.
func (o Trainer) finish(p Parts, m Part) (*Tokenizer, error) {
	p.Model = m
	p.Added = slices.Clone(p.Added)
	for id, s := range o.Special {
		if !slices.ContainsFunc(p.Added, func(a AddedToken) bool { return a.Content == s }) {
			p.Added = append(p.Added, AddedToken{Content: s, ID: id, Special: true})
		}
	}
	return New(p)
}

// counted is a piece of the texts, as ids, with the number of times that it occurs.
type counted struct {
	ids   []int32
	count int64
}

var errNoTexts = errors.New("text: train: the texts are nil")

func (o Trainer) check(texts func(func(string) error) error) error {
	if o.Size < 0 || o.Size > mostIDs || o.MinCount < 0 || o.Limit < 0 || o.Longest < 0 || slices.Contains(o.Special, "") {
		return fmt.Errorf("text: train: a size of %d, counts from %d, %d characters, tokens of %d, special tokens %q: want none below 0, a size of up to %d, and no token without text", o.Size, o.MinCount, o.Limit, o.Longest, o.Special, mostIDs)
	}
	if texts == nil {
		return errNoTexts
	}
	return nil
}

func (o Trainer) train(ctx context.Context, p Parts, prefix, suffix string, texts func(func(string) error) error) (map[string]int, [][2]string, error) {
	if err := o.check(texts); err != nil {
		return nil, nil, err
	}
	pieces, err := piecesOf(ctx, p, texts)
	if err != nil {
		return nil, nil, err
	}
	t := &training{ids: map[string]int{}, longest: cmp.Or(o.Longest, mostIDs)}
	for _, s := range o.Special {
		t.id(s)
	}
	for _, r := range o.alphabet(pieces) {
		t.id(string(r))
	}
	if err := t.spell(pieces, prefix, suffix); err != nil {
		return nil, nil, err
	}
	size := cmp.Or(o.Size, 30000)
	if err := t.merge(ctx, size, int64(max(1, o.MinCount)), prefix); err != nil {
		return nil, nil, err
	}
	return t.ids, t.merges, nil
}

// piecesOf counts the pieces into which texts are divided.
func piecesOf(ctx context.Context, p Parts, texts func(func(string) error) error) (map[string]int64, error) {
	p.Model, p.PostProcessor, p.Decoder, p.Added = WordLevel{Vocab: map[string]int{"": 0}, Unk: ""}, nil, nil, nil
	t, err := New(p)
	if err != nil {
		return nil, err
	}
	pieces := map[string]int64{}
	w := &work{}
	err = texts(func(text string) error {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("text: train: %w", err)
		}
		if err := t.pieces(w, text, false); err != nil {
			return err
		}
		return t.each(w, func(l line) error {
			if n, ok := pieces[l.text]; ok {
				pieces[l.text] = n + 1
			} else {
				pieces[strings.Clone(l.text)] = 1
			}
			return nil
		})
	})
	return pieces, err
}

// alphabet returns the characters of the pieces, and those that are asked for, by code point.
func (o Trainer) alphabet(pieces map[string]int64) []rune {
	count := map[rune]int64{}
	for piece, n := range pieces {
		for _, r := range piece {
			count[r] += n
		}
	}
	const always = 1 << 62
	for _, r := range o.Alphabet {
		count[r] = always
	}
	var all []rune
	for r := range count {
		all = append(all, r)
	}
	slices.Sort(all)
	if o.Limit > 0 && len(all) > o.Limit {
		slices.SortStableFunc(all, func(a, b rune) int { return cmp.Compare(count[b], count[a]) })
		all = all[:o.Limit]
		slices.Sort(all)
	}
	return all
}

// training is a vocabulary in the making.
type training struct {
	ids     map[string]int
	names   []string
	sizes   []int // characters
	merges  [][2]string
	longest int

	pieces []counted
	counts map[uint64]int64
	where  map[uint64]map[int32]struct{} // pieces that have, or had, a pair
	heap   []pairCount
}

// pairCount is a pair that may be merged.
type pairCount struct {
	count int64
	pair  uint64
}

func (a pairCount) before(b pairCount) bool {
	return a.count > b.count || a.count == b.count && a.pair < b.pair
}

// id returns the id of a token, a new one if it has none.
func (t *training) id(name string) int32 {
	id, ok := t.ids[name]
	if !ok {
		id = len(t.names)
		t.ids[name] = id
		t.names, t.sizes = append(t.names, name), append(t.sizes, utf8.RuneCountInString(name))
	}
	return int32(id)
}

// spell writes pieces as ids. Characters that are not in the alphabet are left out.
func (t *training) spell(pieces map[string]int64, prefix, suffix string) error {
	words := make([]string, 0, len(pieces))
	for w := range pieces {
		words = append(words, w)
	}
	slices.Sort(words) // so that ids with prefixes and suffixes do not depend on the map
	known := len(t.names)
	for _, w := range words {
		one := counted{count: pieces[w]}
		for i, r := range w {
			if id, ok := t.ids[string(r)]; !ok || id >= known {
				continue
			}
			name := string(r)
			if i > 0 {
				name = prefix + name
			}
			if i+utf8.RuneLen(r) == len(w) {
				name += suffix
			}
			one.ids = append(one.ids, t.id(name))
		}
		t.pieces = append(t.pieces, one)
	}
	if len(t.names) > mostIDs {
		return fmt.Errorf("text: train: %d characters", len(t.names))
	}
	return nil
}

// merge joins pairs until there are size tokens.
func (t *training) merge(ctx context.Context, size int, least int64, prefix string) error {
	t.counts, t.where = map[uint64]int64{}, map[uint64]map[int32]struct{}{}
	for k, p := range t.pieces {
		for i := 1; i < len(p.ids); i++ {
			t.count(keyOf(p.ids[i-1], p.ids[i]), p.count, int32(k))
		}
	}
	for pair, n := range t.counts {
		t.push(pairCount{n, pair})
	}
	for len(t.names) < size && len(t.heap) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("text: train: %w", err)
		}
		top := t.pop()
		if now := t.counts[top.pair]; now != top.count {
			if now > 0 {
				t.push(pairCount{now, top.pair})
			}
			continue
		}
		if top.count < least {
			break
		}
		a, b := int32(top.pair>>32), int32(uint32(top.pair))
		joined := t.id(t.names[a] + strings.TrimPrefix(t.names[b], prefix))
		t.merges = append(t.merges, [2]string{t.names[a], t.names[b]})
		touched := t.where[top.pair]
		delete(t.where, top.pair)
		changed := map[uint64]struct{}{}
		for k := range touched {
			t.join(k, a, b, joined, changed)
		}
		for pair := range changed {
			if n := t.counts[pair]; n > 0 {
				t.push(pairCount{n, pair})
			}
		}
	}
	return nil
}

func (t *training) count(pair uint64, n int64, piece int32) {
	t.counts[pair] += n
	if n > 0 {
		if t.where[pair] == nil {
			t.where[pair] = map[int32]struct{}{}
		}
		t.where[pair][piece] = struct{}{}
	}
}

// join joins a pair in a piece, and notes the pairs that there are more of.
func (t *training) join(piece, a, b, joined int32, changed map[uint64]struct{}) {
	p := &t.pieces[piece]
	change := func(x, y int32, n int64) {
		pair := keyOf(x, y)
		t.count(pair, n*p.count, piece)
		if n > 0 {
			changed[pair] = struct{}{}
		}
	}
	ids := p.ids
	for i := 0; i+1 < len(ids); i++ {
		if ids[i] != a || ids[i+1] != b {
			continue
		}
		if i > 0 {
			change(ids[i-1], a, -1)
			if t.sizes[ids[i-1]]+t.sizes[joined] <= t.longest {
				change(ids[i-1], joined, 1)
			}
		}
		ids[i] = joined
		ids = append(ids[:i+1], ids[i+2:]...)
		if i+1 < len(ids) {
			change(b, ids[i+1], -1)
			if t.sizes[joined]+t.sizes[ids[i+1]] <= t.longest {
				change(joined, ids[i+1], 1)
			}
		}
	}
	p.ids = ids
	t.counts[keyOf(a, b)] = 0
}

func (t *training) push(c pairCount) {
	h := append(t.heap, c)
	i := len(h) - 1
	for i > 0 && c.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = c
	t.heap = h
}

func (t *training) pop() pairCount {
	h := t.heap
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(last) {
			break
		}
		h[i] = h[down]
		i = down
	}
	if len(h) > 0 {
		h[i] = last
	}
	t.heap = h
	return top
}
