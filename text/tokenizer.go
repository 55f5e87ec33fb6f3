package text

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Parts are what a Tokenizer is made of. All but the Model may be nil.
type Parts struct {
	Added         []AddedToken
	Normalizer    Normalizer
	PreTokenizer  PreTokenizer
	Model         Model
	PostProcessor PostProcessor
	Decoder       Decoder
	Truncation    *Truncation
	Padding       *Padding
}

// Tokenizer turns texts into tokens and back. It does not change, and may be used from several
// goroutines.
type Tokenizer struct {
	parts   Parts
	model   engine
	added   []AddedToken // by id
	ids     map[string]int
	names   map[int]string // of added tokens, as they are decoded
	special map[int]bool
	first   *finder // added tokens that are found before the text is normalized
	second  *finder // those that are found after
	raw     bool    // bytes are not written as characters on the way to the model
	works   sync.Pool
}

// New makes a tokenizer of its parts. It is an error if there is no model, or a part is wrong.
func New(p Parts) (*Tokenizer, error) {
	if p.Model == nil {
		return nil, errors.New("text: a tokenizer without a model")
	}
	m, err := p.Model.compile()
	if err != nil {
		return nil, fmt.Errorf("text: model: %w", err)
	}
	t := &Tokenizer{parts: p, model: m, names: map[int]string{}, special: map[int]bool{}}
	t.parts.Added = slices.Clone(p.Added)
	if err := t.add(p.Added); err != nil {
		return nil, err
	}
	if _, ok := m.(*bpe); ok {
		t.raw = lastByteLevel(p.PreTokenizer)
	}
	t.works.New = func() any { return &work{cache: map[string][]token{}} }
	if err := t.try(); err != nil {
		return nil, err
	}
	return t, nil
}

// try runs every part once, so that those that cannot work are errors at once.
func (t *Tokenizer) try() error {
	e, err := t.EncodePair("a b", "c")
	if err != nil && !errors.Is(err, errUnknown) && !errors.Is(err, errNoUnknown) {
		return err
	}
	if e != nil {
		_, err = t.Decode(e.IDs)
		return err
	}
	return nil
}

// lastByteLevel reports whether ByteLevel is the last that divides.
func lastByteLevel(p PreTokenizer) bool {
	switch p := p.(type) {
	case ByteLevel:
		return true
	case PreTokenizers:
		return len(p) > 0 && lastByteLevel(p[len(p)-1])
	}
	return false
}

// Parts returns what the tokenizer is made of.
func (t *Tokenizer) Parts() Parts {
	if t == nil {
		return Parts{}
	}
	p := t.parts
	p.Added = slices.Clone(p.Added)
	return p
}

// Size returns the number of ids: one more than the largest.
func (t *Tokenizer) Size() int {
	if t == nil {
		return 0
	}
	n := len(t.model.vocabulary().names)
	for id := range t.names {
		n = max(n, id+1)
	}
	return n
}

// Token returns the token of an id, "" and false if there is none.
func (t *Tokenizer) Token(id int) (string, bool) {
	if t == nil || id < 0 {
		return "", false
	}
	if name, ok := t.names[id]; ok {
		return name, true
	}
	v := t.model.vocabulary()
	if id >= len(v.names) || !v.known[id] {
		return "", false
	}
	return v.names[id], true
}

// ID returns the id of a token, false if there is none.
func (t *Tokenizer) ID(token string) (int, bool) {
	if t == nil {
		return 0, false
	}
	if id, ok := t.ids[token]; ok {
		return id, true
	}
	id, ok := t.model.vocabulary().ids[token]
	return id, ok
}

// work is what one call needs.
type work struct {
	cache  map[string][]token // of pieces
	lines  []line
	next   []line
	tokens []token
	out    *Encoding
	ids    []int
}

// Of pieces that are kept with their tokens.
const (
	cachedPieces = 1 << 14
	cachedBytes  = 64
)

var errUTF8 = errors.New("text: the text is not valid UTF-8")

// pieces divides a text into what the model is given, and added tokens.
func (t *Tokenizer) pieces(w *work, text string, tracked bool) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%w: byte %d", errUTF8, invalid(text))
	}
	w.lines, w.next = w.lines[:0], w.next[:0]
	t.first.divide(line{text: text, id: -1, tracked: tracked}, func(l line) { w.next = append(w.next, l) })
	for _, l := range w.next {
		if l.id >= 0 {
			w.lines = append(w.lines, l)
			continue
		}
		if t.parts.Normalizer != nil {
			if err := t.parts.Normalizer.normalize(&l); err != nil {
				return fmt.Errorf("text: %w", err)
			}
		}
		t.second.divide(l, func(l line) { w.lines = append(w.lines, l) })
	}
	return nil
}

// invalid returns the offset of the first byte that is not UTF-8.
func invalid(text string) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(text)
}

// each calls f for each piece that the model is given or that is an added token, in order.
func (t *Tokenizer) each(w *work, f func(l line) error) error {
	var failed error
	for _, l := range w.lines {
		if l.text == "" {
			continue
		}
		if l.id >= 0 || t.parts.PreTokenizer == nil {
			if err := f(l); err != nil {
				return err
			}
			continue
		}
		add := func(l line) {
			if failed == nil && l.text != "" {
				l.raw = t.raw
				failed = f(l)
			}
		}
		var err error
		if t.raw {
			err = bare(t.parts.PreTokenizer, l, add)
		} else {
			err = t.parts.PreTokenizer.divide(l, add)
		}
		if err = errors.Join(err, failed); err != nil {
			return err
		}
	}
	return nil
}

// bare divides as p does, whose last part is ByteLevel, and leaves bytes as they are.
func bare(p PreTokenizer, l line, add func(line)) error {
	list, ok := p.(PreTokenizers)
	if !ok {
		return p.(ByteLevel).pieces(l, add)
	}
	if len(list) == 1 {
		return bare(list[0], l, add)
	}
	var failed error
	err := list[0].divide(l, func(l line) {
		if failed == nil {
			failed = bare(list[1:], l, add)
		}
	})
	return errors.Join(err, failed)
}

// cached returns the tokens of a piece.
func (t *Tokenizer) cached(w *work, l *line) ([]token, error) {
	short := len(l.text) <= cachedBytes
	if short {
		if list, ok := w.cache[l.text]; ok {
			return list, nil
		}
	}
	list, err := t.model.tokens(w.tokens[:0], l.text, l.raw)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	w.tokens = list
	if short {
		if len(w.cache) >= cachedPieces {
			clear(w.cache)
		}
		w.cache[strings.Clone(l.text)] = slices.Clone(list)
	}
	return list, nil
}

// AppendIDs appends the ids of a text, without the tokens that the PostProcessor adds and
// without truncation and padding. It is the fastest way to ids. It is an error if the text is
// not valid UTF-8 or has what no token stands for.
func (t *Tokenizer) AppendIDs(ids []int, text string) ([]int, error) {
	if t == nil {
		return ids, errNoTokenizer
	}
	w := t.works.Get().(*work)
	defer t.works.Put(w)
	if err := t.pieces(w, text, false); err != nil {
		return ids, err
	}
	err := t.each(w, func(l line) error {
		if l.id >= 0 {
			ids = append(ids, l.id)
			return nil
		}
		list, err := t.cached(w, &l)
		for _, k := range list {
			ids = append(ids, int(k.id))
		}
		return err
	})
	return ids, err
}

var errNoTokenizer = errors.New("text: the tokenizer is nil")

// Encode returns the tokens of a text. It is an error if the text is not valid UTF-8 or has
// what no token stands for.
func (t *Tokenizer) Encode(text string) (*Encoding, error) {
	if t == nil {
		return nil, errNoTokenizer
	}
	return t.finish(text)
}

// EncodePair returns the tokens of two texts together, such as a question and a passage.
func (t *Tokenizer) EncodePair(a, b string) (*Encoding, error) {
	if t == nil {
		return nil, errNoTokenizer
	}
	return t.finish(a, b)
}

// bare returns the tokens of a text alone.
func (t *Tokenizer) bare(text string, sequence int) (*Encoding, error) {
	w := t.works.Get().(*work)
	defer t.works.Put(w)
	if err := t.pieces(w, text, true); err != nil {
		return nil, err
	}
	e := &Encoding{}
	word := 0
	err := t.each(w, func(l line) error {
		if l.id >= 0 {
			e.add(l.id, l.span(0, len(l.text)), word, sequence)
			word++
			return nil
		}
		list, err := t.cached(w, &l)
		for _, k := range list {
			e.add(int(k.id), l.span(int(k.from), int(k.to)), word, sequence)
		}
		word++
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// finish encodes one or two texts: truncated, with the tokens that are added, padded.
func (t *Tokenizer) finish(texts ...string) (*Encoding, error) {
	list := make([]*Encoding, len(texts))
	for i, text := range texts {
		var err error
		if list[i], err = t.bare(text, i); err != nil {
			return nil, err
		}
		t.trim(t.parts.PostProcessor, list[i], text)
	}
	if t.parts.Truncation != nil {
		if err := t.parts.Truncation.cut(list, addedTo(t.parts.PostProcessor, len(list))); err != nil {
			return nil, err
		}
	}
	e, err := processed(t.parts.PostProcessor, list)
	if err != nil {
		return nil, err
	}
	if t.parts.Padding != nil {
		if err := t.parts.Padding.pad(e); err != nil {
			return nil, err
		}
	}
	return e, nil
}
