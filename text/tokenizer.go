package text

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Tokenizer turns texts into tokens and back. It does not change, and may be used from several
// goroutines.
type Tokenizer struct {
	parts      Parts
	normalizer normalizer
	divider    preTokenizer
	model      engine
	processor  postProcessor
	decoder    decoder
	added      []AddedToken // by id
	ids        map[string]int
	names      map[int]string // of added tokens, as they are decoded
	special    map[int]bool
	first      *finder // added tokens that are found before the text is normalized
	second     *finder // those that are found after
	raw        bool    // bytes are not written as characters on the way to the model
	works      sync.Pool
}

// New makes a tokenizer of its parts. It is an error if there is no model, or a part is wrong.
func New(p Parts) (*Tokenizer, error) {
	if p.Model == nil {
		return nil, errors.New("text: a tokenizer without a model")
	}
	t := &Tokenizer{parts: p, names: map[int]string{}, special: map[int]bool{}}
	m, e0 := as[model]("model", p.Model)
	var e1, e2, e3, e4 error
	t.normalizer, e1 = as[normalizer]("normalizer", p.Normalizer)
	t.divider, e2 = as[preTokenizer]("pre-tokenizer", p.PreTokenizer)
	t.processor, e3 = as[postProcessor]("post-processor", p.PostProcessor)
	t.decoder, e4 = as[decoder]("decoder", p.Decoder)
	if err := errors.Join(e0, e1, e2, e3, e4); err != nil {
		return nil, err
	}
	var err error
	if t.model, err = m.compile(); err != nil {
		return nil, fmt.Errorf("text: model: %w", err)
	}
	t.parts.Added = slices.Clone(p.Added)
	if err := t.add(p.Added); err != nil {
		return nil, err
	}
	if _, ok := t.model.(*bpe); ok {
		t.raw = lastByteLevel(p.PreTokenizer)
	}
	t.works.New = func() any { return &work{cache: map[string][]token{}} }
	if err := errors.Join(p.Truncation.check(), p.Padding.check()); err != nil {
		return nil, err
	}
	if err := t.try(); err != nil {
		return nil, err
	}
	return t, nil
}

// try runs every part once, so that those that cannot work are errors at once.
func (t *Tokenizer) try() error {
	for texts := 1; texts <= 2; texts++ {
		list := make([]*Encoding, texts)
		for i := range list {
			var err error
			if list[i], err = t.bare("a b", i); errors.Is(err, errUnknown) || errors.Is(err, errNoUnknown) {
				list[i] = &Encoding{}
			} else if err != nil {
				return err
			}
		}
		e, err := processed(t.processor, list)
		if err != nil {
			return err
		}
		for _, id := range e.IDs {
			if _, ok := t.Token(id); !ok {
				return fmt.Errorf("text: the post-processor adds the id %d, which no token has", id)
			}
		}
		if _, err := t.DecodeAll(e.IDs); err != nil {
			return err
		}
	}
	return nil
}

// lastByteLevel reports whether ByteLevel is the last that divides.
func lastByteLevel(p Part) bool {
	switch p := p.(type) {
	case ByteLevel:
		return true
	case Sequence:
		return len(p) > 0 && lastByteLevel(p[len(p)-1])
	}
	return false
}

// Parts returns what the tokenizer is made of.
func (t *Tokenizer) Parts() Parts {
	if !t.made() {
		return Parts{}
	}
	p := t.parts
	p.Added = slices.Clone(p.Added)
	return p
}

// made reports whether New made the tokenizer.
func (t *Tokenizer) made() bool { return t != nil && t.model != nil }

// Size returns the number of ids: one more than the largest.
func (t *Tokenizer) Size() int {
	if !t.made() {
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
	if !t.made() || id < 0 {
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
	if !t.made() {
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
}

// Of pieces that are kept with their tokens.
const (
	cachedPieces = 1 << 14
	cachedBytes  = 64
)

var errUTF8 = errors.New("text: the text is not valid UTF-8")

// done forgets the text.
func (t *Tokenizer) done(w *work) {
	clear(w.lines)
	clear(w.next)
	t.works.Put(w)
}

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
		if t.normalizer != nil {
			if err := t.normalizer.normalize(&l); err != nil {
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
		if l.id >= 0 || t.divider == nil {
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
			err = t.divider.divide(l, add)
		}
		if err = errors.Join(err, failed); err != nil {
			return err
		}
	}
	return nil
}

// bare divides as p does, whose last part is ByteLevel, and leaves bytes as they are.
func bare(p Part, l line, add func(line)) error {
	list, ok := p.(Sequence)
	if !ok {
		return p.(ByteLevel).pieces(l, add)
	}
	n := len(list) - 1
	var failed error
	err := list[:n].divide(l, func(l line) {
		if failed == nil {
			failed = bare(list[n], l, add)
		}
	})
	return errors.Join(err, failed)
}

// tokens calls f for the tokens of a piece.
func (t *Tokenizer) tokens(w *work, l *line, f func(token)) error {
	part := func(from, to int) error {
		list, err := t.cached(w, l.text[from:to], l.raw)
		for _, k := range list {
			f(token{k.id, k.from + int32(from), k.to + int32(from)})
		}
		return err
	}
	if m, ok := t.model.(*bpe); ok && m.joins != nil && !l.raw && len(l.text) > cachedBytes {
		return m.parts(l.text, part)
	}
	return part(0, len(l.text))
}

// cached returns the tokens of a text.
func (t *Tokenizer) cached(w *work, text string, raw bool) ([]token, error) {
	short := len(text) <= cachedBytes
	if short {
		if list, ok := w.cache[text]; ok {
			return list, nil
		}
	}
	list, err := t.model.tokens(w.tokens[:0], text, raw)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	w.tokens = list
	if short {
		if len(w.cache) >= cachedPieces {
			clear(w.cache)
		}
		w.cache[strings.Clone(text)] = slices.Clone(list)
	}
	return list, nil
}

// AppendIDs appends the ids of a text, without the tokens that the post-processor adds and
// without truncation and padding. It is the fastest way to ids. It is an error if the text is
// not valid UTF-8 or has what no token stands for.
func (t *Tokenizer) AppendIDs(ids []int, text string) ([]int, error) {
	if !t.made() {
		return ids, errNoTokenizer
	}
	w := t.works.Get().(*work)
	defer t.done(w)
	if err := t.pieces(w, text, false); err != nil {
		return ids, err
	}
	err := t.each(w, func(l line) error {
		if l.id >= 0 {
			ids = append(ids, l.id)
			return nil
		}
		return t.tokens(w, &l, func(k token) { ids = append(ids, int(k.id)) })
	})
	return ids, err
}

var errNoTokenizer = errors.New("text: the tokenizer is nil, or none that New or Read made")

// Encode returns the tokens of a text. It is an error if the text is not valid UTF-8 or has
// what no token stands for.
func (t *Tokenizer) Encode(text string) (*Encoding, error) {
	if !t.made() {
		return nil, errNoTokenizer
	}
	return t.finish(text)
}

// EncodePair returns the tokens of two texts together, such as a question and a passage.
func (t *Tokenizer) EncodePair(a, b string) (*Encoding, error) {
	if !t.made() {
		return nil, errNoTokenizer
	}
	return t.finish(a, b)
}

// bare returns the tokens of a text alone.
func (t *Tokenizer) bare(text string, sequence int) (*Encoding, error) {
	w := t.works.Get().(*work)
	defer t.done(w)
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
		err := t.tokens(w, &l, func(k token) { e.add(int(k.id), l.span(int(k.from), int(k.to)), word, sequence) })
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
		if err := t.parts.Truncation.cut(list, addedTo(t.processor, len(list))); err != nil {
			return nil, err
		}
	}
	e, err := processed(t.processor, list)
	if err != nil {
		return nil, err
	}
	if t.parts.Padding != nil {
		t.parts.Padding.pad(e)
	}
	return e, nil
}
