package text

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AddedToken is a token beside those of the model, such as one that ends a text. It is found in
// the text as it is, before the model sees the rest.
type AddedToken struct {
	Content    string
	ID         int
	SingleWord bool // not within a word
	LeftStrip  bool // it takes along white space before it
	RightStrip bool // and after it
	Normalized bool // it is found in the normalized text, as the normalizer writes it
	Special    bool // Decode leaves it out, unless asked
}

// add takes over added tokens.
func (t *Tokenizer) add(list []AddedToken) error {
	t.ids = make(map[string]int, len(list))
	t.added = slices.Clone(list)
	slices.SortStableFunc(t.added, func(a, b AddedToken) int { return a.ID - b.ID })
	v := t.model.vocabulary()
	next := len(v.ids)
	var first, second []found
	for i, a := range t.added {
		if a.Content == "" || a.ID < 0 || a.ID >= mostIDs || !utf8.ValidString(a.Content) {
			return fmt.Errorf("text: the added token %q with the id %d: want some text, and an id of 0 to %d", a.Content, a.ID, mostIDs-1)
		}
		if old, ok := t.ids[a.Content]; ok {
			return fmt.Errorf("text: the added token %q is there twice, with the ids %d and %d", a.Content, old, a.ID)
		}
		if i > 0 && t.added[i-1].ID == a.ID {
			return fmt.Errorf("text: the added tokens %q and %q have the id %d", t.added[i-1].Content, a.Content, a.ID)
		}
		if id, ok := v.ids[a.Content]; ok && id != a.ID {
			return fmt.Errorf("text: the added token %q has the id %d, and %d in the model", a.Content, a.ID, id)
		}
		if a.ID < len(v.names) && v.known[a.ID] && v.names[a.ID] != a.Content {
			return fmt.Errorf("text: the added token %q has the id %d of %q", a.Content, a.ID, v.names[a.ID])
		}
		t.ids[a.Content], t.names[a.ID] = a.ID, a.Content
		if _, model := v.ids[a.Content]; !model {
			if a.ID != next {
				return fmt.Errorf("text: the added token %q has the id %d, where %d is next: the reference would give it that", a.Content, a.ID, next)
			}
			next++
		}
		if a.Special {
			t.special[a.ID] = true
		}
		if !a.Normalized {
			first = append(first, found{a.Content, i})
			continue
		}
		l := line{text: a.Content}
		if n := t.normalizer; n != nil {
			if err := n.normalize(&l); err != nil {
				return fmt.Errorf("text: the added token %q: %w", a.Content, err)
			}
			t.names[a.ID] = l.text // which a decoder reads back
		}
		if l.text != "" {
			second = append(second, found{l.text, i})
		}
	}
	t.first, t.second = newFinder(t.added, first), newFinder(t.added, second)
	return nil
}

// finder finds added tokens: at each place, from the left, the longest.
type finder struct {
	list  []AddedToken
	begin [256]bool // the bytes with which some begin
	edges *table    // of their trie, by node and byte: the next node, and the index of what ends there or −1
}

// found is a text to find and the index of its token.
type found struct {
	text string
	at   int
}

func newFinder(list []AddedToken, texts []found) *finder {
	total := 0
	for _, x := range texts {
		total += len(x.text)
	}
	f := &finder{list: list, edges: newTable(total)}
	nodes := int32(1)
	for _, x := range texts {
		f.begin[x.text[0]] = true
		node := int32(0)
		for i := range len(x.text) {
			key := keyOf(node, int32(x.text[i]))
			e, ok := f.edges.get(key)
			if !ok {
				e = pair{nodes, -1}
				nodes++
			}
			if i == len(x.text)-1 {
				e.b = int32(x.at)
			}
			f.edges.put(key, e)
			node = e.a
		}
	}
	return f
}

// divide divides a line at the tokens.
func (f *finder) divide(l line, add func(line)) {
	from := 0
	put := func(to int) {
		if from < to {
			add(l.cut(from, to))
		}
	}
	for at := 0; at < len(l.text); {
		if !f.begin[l.text[at]] {
			at++
			continue
		}
		end, token := f.longest(l.text, at)
		if end == 0 {
			at++
			continue
		}
		start, next := at, end
		a := &f.list[token]
		at = end
		if a.SingleWord && !apart(l.text, start, end) {
			continue
		}
		if a.LeftStrip {
			start = max(from, len(strings.TrimRightFunc(l.text[:start], unicode.IsSpace)))
		}
		if a.RightStrip {
			next = len(l.text) - len(strings.TrimLeftFunc(l.text[end:], unicode.IsSpace))
		}
		put(start)
		piece := l.cut(start, next)
		piece.id = a.ID
		add(piece)
		from = next
		at = max(at, next)
	}
	put(len(l.text))
}

// longest returns the end of the longest token at an offset, 0 if there is none.
func (f *finder) longest(text string, at int) (end, token int) {
	node := int32(0)
	for i := at; i < len(text); i++ {
		e, ok := f.edges.get(keyOf(node, int32(text[i])))
		if !ok {
			break
		}
		if node = e.a; e.b >= 0 {
			end, token = i+1, int(e.b)
		}
	}
	return end, token
}

// apart reports whether no characters of words adjoin.
func apart(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return (start == 0 || !wordy(before)) && (end == len(text) || !wordy(after))
}

var errID = errors.New("text: no token has the id")
