package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// preTokenizer divides a text into pieces, within which a model looks for tokens.
type preTokenizer interface {
	divide(l line, add func(line)) error
}

// Behavior says what becomes of what a pre-tokenizer divides by: "Removed", "Isolated" (a piece
// of its own), "MergedWithPrevious", "MergedWithNext", or "Contiguous" (one piece of all that
// follow each other).
type Behavior string

// The behaviors.
const (
	Removed            Behavior = "Removed"
	Isolated           Behavior = "Isolated"
	MergedWithPrevious Behavior = "MergedWithPrevious"
	MergedWithNext     Behavior = "MergedWithNext"
	Contiguous         Behavior = "Contiguous"
)

// split divides a line by the matches of m or, inverted, by what is between them.
func split(l line, m matcher, how Behavior, invert bool, add func(line)) error {
	type part struct {
		from, to int
		match    bool
	}
	put := func(from, to int) {
		if from < to {
			add(l.cut(from, to))
		}
	}
	var last part // not added yet
	take := func(p part) {
		if p.from == p.to {
			return
		}
		p.match = p.match != invert
		switch {
		case how == Removed:
			if !p.match {
				put(p.from, p.to)
			}
			return
		case how == MergedWithPrevious && p.match && !last.match && last.from < last.to,
			how == MergedWithNext && last.match && !p.match,
			how == Contiguous && last.match == p.match && last.from < last.to:
			last.to = p.to
			if how != Contiguous {
				last.match = p.match
			}
			return
		}
		put(last.from, last.to)
		last = p
	}
	switch how {
	case Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous:
	default:
		return fmt.Errorf("text: the behavior %q: want Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous", how)
	}
	at := 0
	m.each(l.text, func(from, to int) {
		take(part{at, from, false})
		take(part{from, to, true})
		at = to
	})
	take(part{at, len(l.text), false})
	put(last.from, last.to)
	return nil
}

// Split divides by a pattern; Invert: what the pattern matches is kept, and what is between is
// divided by.
type Split struct {
	Pattern  Pattern
	Behavior Behavior
	Invert   bool
}

func (o Split) divide(l line, add func(line)) error {
	m, err := o.Pattern.matcher()
	if err != nil {
		return err
	}
	return split(l, m, o.Behavior, o.Invert, add)
}

// Whitespace keeps \w+ and [^\w\s]+: words, and runs of what is neither of a word nor white space.
type Whitespace struct{}

func (Whitespace) divide(l line, add func(line)) error {
	kind := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return 0
		case wordy(r):
			return 1
		}
		return 2
	}
	from, last := 0, 0
	for i, r := range l.text {
		if k := kind(r); k != last {
			if last != 0 {
				add(l.cut(from, i))
			}
			from, last = i, k
		}
	}
	if last != 0 {
		add(l.cut(from, len(l.text)))
	}
	return nil
}

// wordy is \w: letters, marks, decimal digits, connecting punctuation, joiners and what else is alphabetic.
func wordy(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic) || r == 0x200C || r == 0x200D
}

// WhitespaceSplit divides at white space, which it removes.
type WhitespaceSplit struct{}

func (WhitespaceSplit) divide(l line, add func(line)) error {
	return split(l, where(unicode.IsSpace), Removed, false, add)
}

// punctuation is that of ASCII, and of Unicode's categories P.
func punctuation(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsPunct(r) || unicode.IsSymbol(r)) || unicode.IsPunct(r)
}

// BertPreTokenizer divides at white space, which it removes, and at punctuation.
type BertPreTokenizer struct{}

func (BertPreTokenizer) divide(l line, add func(line)) error {
	return split(l, where(unicode.IsSpace), Removed, false, func(l line) {
		_ = split(l, where(punctuation), Isolated, false, add) // the behavior is known
	})
}

// Punctuation divides at each character of punctuation.
type Punctuation struct{ Behavior Behavior }

func (o Punctuation) divide(l line, add func(line)) error {
	return split(l, where(punctuation), o.Behavior, false, add)
}

// Digits divides numbers from the rest, or each digit.
type Digits struct{ Individual bool }

func (o Digits) divide(l line, add func(line)) error {
	how := Contiguous
	if o.Individual {
		how = Isolated
	}
	return split(l, where(unicode.IsNumber), how, false, add)
}

// CharDelimiterSplit divides at a character, which it removes.
type CharDelimiterSplit struct{ Delimiter rune }

func (o CharDelimiterSplit) divide(l line, add func(line)) error {
	return split(l, literal(string(o.Delimiter)), Removed, false, add)
}

// FixedLength divides into pieces of Length characters.
type FixedLength struct{ Length int }

func (o FixedLength) divide(l line, add func(line)) error {
	if o.Length < 1 {
		return fmt.Errorf("text: pieces of a fixed length of %d: want 1 or more", o.Length)
	}
	n, from := 0, 0
	for i := range l.text {
		if n == o.Length {
			add(l.cut(from, i))
			n, from = 0, i
		}
		n++
	}
	if from < len(l.text) {
		add(l.cut(from, len(l.text)))
	}
	return nil
}

// Metaspace writes blanks as Replacement, puts one before the text and divides before each.
type Metaspace struct {
	Replacement rune
	// Prepend is "always", "first" (of pieces, that at the beginning of the text alone) or "never".
	Prepend string
	Whole   bool // it is not divided
}

func (o Metaspace) divide(l line, add func(line)) error {
	blank := string(o.Replacement)
	if err := (Replace{Pattern: Pattern{String: " "}, Content: blank}).normalize(&l); err != nil {
		return err
	}
	switch o.Prepend {
	case "always", "first":
		if !strings.HasPrefix(l.text, blank) && (o.Prepend == "always" || l.begins()) {
			l.prepend(blank)
		}
	case "never":
	default:
		return fmt.Errorf("text: Metaspace prepends %q: want always, first or never", o.Prepend)
	}
	if o.Whole {
		add(l)
		return nil
	}
	return split(l, literal(blank), MergedWithNext, false, add)
}

// ByteLevel divides as GPT-2's expression does, unless Whole, and writes each byte as a
// character: printable ones as themselves, the others as those from U+0100 on. It stands in
// four places of a tokenizer: as a normalizer it only writes bytes as characters, as a decoder
// it reads them again, and as a post-processor it takes white space off offsets, if TrimOffsets.
type ByteLevel struct {
	AddPrefixSpace bool // before a text without one
	TrimOffsets    bool
	Whole          bool
}

func (o ByteLevel) divide(l line, add func(line)) error {
	return o.pieces(l, func(l line) {
		l.visible()
		add(l)
	})
}

// pieces divides, and leaves bytes as they are.
func (o ByteLevel) pieces(l line, add func(line)) error {
	if o.AddPrefixSpace && !strings.HasPrefix(l.text, " ") {
		l.prepend(" ")
	}
	if o.Whole {
		add(l)
		return nil
	}
	words{}.each(l.text, func(from, to int) { add(l.cut(from, to)) })
	return nil
}

func (ByteLevel) normalize(l *line) error {
	l.visible()
	return nil
}

// visible writes bytes as characters.
func (l *line) visible() {
	e := l.edit()
	for i := range len(l.text) {
		e.put(byteRunes[l.text[i]], e.original(i, i+1))
	}
	e.done()
}

// byteRunes are the characters that ByteLevel writes bytes as; runeBytes is the inverse.
var byteRunes, runeBytes = func() (to [256]rune, from map[rune]byte) {
	from = map[rune]byte{}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE) {
			r = next
			next++
		}
		to[b], from[r] = r, byte(b)
	}
	return to, from
}()
