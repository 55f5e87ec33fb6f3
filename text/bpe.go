package text

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// BPE joins characters into tokens by a list of merges: of all pairs of neighbours, that
// which is first in the list, the leftmost of equal ones, is joined, until none is left.
// Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units",
// 2016.
type BPE struct {
	Vocab  map[string]int
	Merges [][2]string

	Unk          string // the token for characters without one; "": they are left out
	FuseUnk      bool   // one for all that follow each other
	ByteFallback bool   // before Unk, the tokens <0x00> to <0xFF> of the character's bytes
	Prefix       string // of tokens that do not begin a piece
	Suffix       string // of tokens that end a piece
	IgnoreMerges bool   // a piece that is a token is that token
}

type bpe struct {
	BPE
	v        *vocabulary
	merges   *table // by a pair of ids: rank, id
	unk      int32  // −1: none
	bytes    [256]int32
	visible  [256]int32       // the id of the character that ByteLevel writes a byte as; −1: none
	whole    map[string]int32 // tokens as raw bytes, with IgnoreMerges
	scratch  sync.Pool
	ascii    [utf8.RuneSelf]int32
	modified bool // by Prefix or Suffix

	// Pairs of characters between which a merge may be: the last of its left token and the first
	// of its right one. Between others no token of a text ever reaches across, so that what is
	// on either side can be divided by itself. Nil: that is not known.
	joins      *table
	joinsASCII [utf8.RuneSelf][utf8.RuneSelf]bool
}

func (o BPE) compile() (engine, error) {
	v, err := newVocabulary(o.Vocab)
	if err != nil {
		return nil, err
	}
	m := &bpe{BPE: o, v: v, merges: newTable(len(o.Merges)), unk: -1, modified: o.Prefix != "" || o.Suffix != ""}
	if o.Unk != "" {
		if m.unk, err = v.id("the unknown token", o.Unk); err != nil {
			return nil, err
		}
	}
	for rank, pairs := range o.Merges {
		a, e1 := v.id("the merged token", pairs[0])
		b, e2 := v.id("the merged token", pairs[1])
		if !strings.HasPrefix(pairs[1], o.Prefix) {
			e2 = errors.Join(e2, fmt.Errorf("the merged token %q does not begin with %q", pairs[1], o.Prefix))
		}
		if err := errors.Join(e1, e2); err != nil {
			return nil, fmt.Errorf("merge %d: %w", rank, err)
		}
		id, err := v.id("what is merged,", pairs[0]+pairs[1][len(o.Prefix):])
		if err != nil {
			return nil, fmt.Errorf("merge %d: %w", rank, err)
		}
		m.merges.put(keyOf(a, b), pair{int32(rank), id})
	}
	m.bytes = v.bytesOf()
	m.findJoins()
	for b := range 256 {
		m.visible[b] = m.known(string(byteRunes[b]))
	}
	for r := range m.ascii {
		m.ascii[r] = m.known(string(rune(r)))
	}
	if o.IgnoreMerges {
		m.whole = make(map[string]int32, len(o.Vocab))
		for name, id := range o.Vocab {
			if raw, ok := invisible(name); ok {
				m.whole[raw] = int32(id)
			}
		}
	}
	m.scratch.New = func() any { return new(merging) }
	return m, nil
}

// findJoins fills joins.
func (m *bpe) findJoins() {
	if m.modified || m.IgnoreMerges {
		return
	}
	ofByte := map[string]bool{} // tokens that stand for other characters than they are written with
	for b := range 256 {
		ofByte[fmt.Sprintf("<0x%02X>", b)] = m.ByteFallback
	}
	ofByte[m.Unk] = true
	joins := newTable(len(m.Merges))
	for _, pairs := range m.Merges {
		if pairs[0] == "" || pairs[1] == "" || ofByte[pairs[0]] || ofByte[pairs[1]] {
			return
		}
		a, _ := utf8.DecodeLastRuneInString(pairs[0])
		b, _ := utf8.DecodeRuneInString(pairs[1])
		joins.put(keyOf(a, b), pair{})
		if a < utf8.RuneSelf && b < utf8.RuneSelf {
			m.joinsASCII[a][b] = true
		}
	}
	m.joins = joins
}

// parts calls f for parts of a piece that have no token in common, in order.
func (m *bpe) parts(piece string, f func(from, to int) error) error {
	from, last := 0, rune(-1)
	for i, r := range piece {
		if last >= 0 && !m.joined(last, r) {
			if err := f(from, i); err != nil {
				return err
			}
			from = i
		}
		last = r
	}
	return f(from, len(piece))
}

// joined reports whether a token may reach across two characters.
func (m *bpe) joined(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf && m.joinsASCII[a][b] {
		return true
	}
	if _, ok := m.joins.get(keyOf(a, b)); ok {
		return true
	}
	return m.FuseUnk && m.unk >= 0 && m.known(string(a)) < 0 && m.known(string(b)) < 0 // unknown characters become one token
}

// invisible returns the bytes that ByteLevel wrote as characters.
func invisible(text string) (string, bool) {
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := runeBytes[r]
		if !ok {
			return "", false
		}
		raw = append(raw, b)
	}
	return string(raw), true
}

func (m *bpe) vocabulary() *vocabulary { return m.v }

func (m *bpe) known(name string) int32 {
	if id, ok := m.v.ids[name]; ok {
		return int32(id)
	}
	return -1
}

// merging is the work on one piece: a list of symbols, linked, and the pairs that may be
// merged, as a heap.
type merging struct {
	symbols []symbol
	heap    []candidate
}

// symbol is a token of the list, dead if id is −1.
type symbol struct {
	id, from, to int32
	prev, next   int32 // −1: none
	rank, merged int32 // of the pair with the next one, of short lists
}

// candidate is the merge of a symbol with the next one, as they were when it was added.
type candidate struct{ rank, at, id int32 }

func (a candidate) before(b candidate) bool {
	return a.rank < b.rank || a.rank == b.rank && a.at < b.at
}

func (m *bpe) tokens(list []token, piece string, raw bool) ([]token, error) {
	if piece == "" {
		return list, nil
	}
	if m.IgnoreMerges {
		if raw {
			if id, ok := m.whole[piece]; ok {
				return append(list, token{id, 0, int32(len(piece))}), nil
			}
		} else if id, ok := m.v.ids[piece]; ok {
			return append(list, token{int32(id), 0, int32(len(piece))}), nil
		}
	}
	w := m.scratch.Get().(*merging)
	defer m.scratch.Put(w)
	w.symbols = w.symbols[:0]
	if raw && !m.modified {
		for i := range len(piece) {
			m.add(w, m.visible[piece[i]], i, i+1, piece)
		}
	} else {
		m.characters(w, piece, raw)
	}
	const few = 48
	if len(w.symbols) <= few {
		w.mergeFew(m.merges)
		for _, s := range w.symbols {
			list = append(list, token{s.id, s.from, s.to})
		}
		return list, nil
	}
	w.merge(m.merges)
	for i := int32(0); i >= 0; i = w.symbols[i].next {
		s := &w.symbols[i]
		list = append(list, token{s.id, s.from, s.to})
	}
	return list, nil
}

// characters makes a symbol of each character.
func (m *bpe) characters(w *merging, piece string, raw bool) {
	for i := 0; i < len(piece); {
		_, n := utf8.DecodeRuneInString(piece[i:])
		if raw {
			n = 1
		}
		id := int32(-1)
		if m.modified || piece[i] >= utf8.RuneSelf || raw {
			name := piece[i : i+n]
			if raw {
				name = string(byteRunes[piece[i]])
			}
			if i > 0 {
				name = m.Prefix + name
			}
			if i+n == len(piece) {
				name += m.Suffix
			}
			id = m.known(name)
		} else {
			id = m.ascii[piece[i]]
		}
		m.add(w, id, i, i+n, piece)
		i += n
	}
}

// add adds the symbol of a character, or what stands for it if it has none.
func (m *bpe) add(w *merging, id int32, from, to int, piece string) {
	if id < 0 && m.ByteFallback && !m.modified {
		ok := true
		for i := from; i < to; i++ {
			ok = ok && m.bytes[piece[i]] >= 0
		}
		if ok {
			for i := from; i < to; i++ {
				w.symbols = append(w.symbols, symbol{id: m.bytes[piece[i]], from: int32(i), to: int32(i + 1)})
			}
			return
		}
	}
	if id < 0 {
		if id = m.unk; id < 0 {
			return
		}
		if n := len(w.symbols); m.FuseUnk && n > 0 && w.symbols[n-1].id == m.unk && int(w.symbols[n-1].to) == from {
			w.symbols[n-1].to = int32(to)
			return
		}
	}
	w.symbols = append(w.symbols, symbol{id: id, from: int32(from), to: int32(to)})
}

// mergeFew merges a short list, which it keeps compact.
func (w *merging) mergeFew(merges *table) {
	s := w.symbols
	rank := func(i int) {
		s[i].rank = -1
		if i+1 < len(s) {
			if m, ok := merges.get(keyOf(s[i].id, s[i+1].id)); ok {
				s[i].rank, s[i].merged = m.a, m.b
			}
		}
	}
	for i := range s {
		rank(i)
	}
	for {
		best := -1
		for i := range s {
			if s[i].rank >= 0 && (best < 0 || s[i].rank < s[best].rank) {
				best = i
			}
		}
		if best < 0 {
			w.symbols = s
			return
		}
		s[best].id, s[best].to = s[best].merged, s[best+1].to
		s = append(s[:best+1], s[best+2:]...)
		rank(best)
		if best > 0 {
			rank(best - 1)
		}
	}
}

// merge merges a long list.
func (w *merging) merge(merges *table) {
	s := w.symbols
	w.heap = w.heap[:0]
	push := func(i int32) {
		if i < 0 || s[i].next < 0 {
			return
		}
		if m, ok := merges.get(keyOf(s[i].id, s[s[i].next].id)); ok {
			w.push(candidate{m.a, i, m.b})
		}
	}
	for i := range s {
		s[i].prev, s[i].next = int32(i-1), int32(i+1)
	}
	s[len(s)-1].next = -1
	for i := range s {
		push(int32(i))
	}
	for len(w.heap) > 0 {
		c := w.pop()
		left := &s[c.at]
		if left.id < 0 || left.next < 0 {
			continue
		}
		right := &s[left.next]
		if m, ok := merges.get(keyOf(left.id, right.id)); !ok || m.a != c.rank {
			continue // one of them has changed since
		}
		left.id, left.to = c.id, right.to
		right.id = -1
		if left.next = right.next; left.next >= 0 {
			s[left.next].prev = c.at
		}
		push(left.prev)
		push(c.at)
	}
}

func (w *merging) push(c candidate) {
	h := append(w.heap, c)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !c.before(h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = c
	w.heap = h
}

func (w *merging) pop() candidate {
	h := w.heap
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
	w.heap = h
	return top
}
