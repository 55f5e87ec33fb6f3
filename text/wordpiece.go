package text

import (
	"fmt"
	"unicode/utf8"
)

// WordPiece takes from the left of a piece the longest token there is, again and again; tokens
// that do not begin the piece have a prefix. If none fits, or the piece is too long, the whole
// piece is unknown. Schuster & Nakajima, "Japanese and Korean Voice Search", 2012; as in BERT.
type WordPiece struct {
	Vocab  map[string]int
	Unk    string // such as [UNK]
	Prefix string // such as ##
	Most   int    // characters of a piece, such as 100
}

type wordPiece struct {
	WordPiece
	v       *vocabulary
	unk     int32
	longest int // bytes of a token
}

func (o WordPiece) compile() (engine, error) {
	v, err := newVocabulary(o.Vocab)
	if err != nil {
		return nil, err
	}
	if o.Most < 0 {
		return nil, fmt.Errorf("pieces of at most %d characters: want 0 or more", o.Most)
	}
	m := &wordPiece{WordPiece: o, v: v}
	for name := range o.Vocab {
		m.longest = max(m.longest, len(name))
	}
	m.unk, err = v.id("the unknown token", o.Unk)
	return m, err
}

func (m *wordPiece) vocabulary() *vocabulary { return m.v }

func (m *wordPiece) tokens(list []token, piece string, raw bool) ([]token, error) {
	begin := len(list)
	if utf8.RuneCountInString(piece) > m.Most {
		return append(list, token{m.unk, 0, int32(len(piece))}), nil
	}
	name := make([]byte, 0, 128)
	for from := 0; from < len(piece); {
		name = name[:0]
		if from > 0 {
			name = append(name, m.Prefix...)
		}
		lead := len(name)
		to := min(len(piece), from+m.longest)
		for to < len(piece) && !utf8.RuneStart(piece[to]) {
			to++
		}
		name = append(name, piece[from:to]...)
		for to > from {
			if id, ok := m.v.ids[string(name[:lead+to-from])]; ok {
				list = append(list, token{int32(id), int32(from), int32(to)})
				break
			}
			to = from + before(piece[from:to], to-from)
		}
		if to == from {
			return append(list[:begin], token{m.unk, 0, int32(len(piece))}), nil
		}
		from = to
	}
	return list, nil
}

// WordLevel has a token for each piece that is in its vocabulary, and one for all others.
type WordLevel struct {
	Vocab map[string]int
	Unk   string // "": an unknown piece is an error
}

type wordLevel struct {
	v   *vocabulary
	unk int32
}

func (o WordLevel) compile() (engine, error) {
	v, err := newVocabulary(o.Vocab)
	if err != nil {
		return nil, err
	}
	m := &wordLevel{v, -1}
	if o.Unk != "" {
		m.unk, err = v.id("the unknown token", o.Unk)
	}
	return m, err
}

func (m *wordLevel) vocabulary() *vocabulary { return m.v }

func (m *wordLevel) tokens(list []token, piece string, raw bool) ([]token, error) {
	id := m.unk
	if known, ok := m.v.ids[piece]; ok {
		id = int32(known)
	}
	if id < 0 {
		return nil, fmt.Errorf("%q: %w", piece, errUnknown)
	}
	return append(list, token{id, 0, int32(len(piece))}), nil
}
