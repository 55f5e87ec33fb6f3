package text

import (
	"unicode/utf8"
)

// Span is a part of a text, [Start, End) in bytes.
type Span struct{ Start, End int }

// line is a piece of a text while it is worked on. Each of its bytes stands for a span of the
// original: that of one whole character.
type line struct {
	text string
	at   []Span // the original of each byte; nil: the text is the original's bytes from base on
	base int
	id   int  // of an added token that the piece is; −1: it is none
	raw  bool // bytes stand for themselves, not for the characters that ByteLevel writes them as

	tracked bool // at is kept up to date; otherwise spans are not wanted
}

// span returns the original of bytes [from, to).
func (l *line) span(from, to int) Span {
	if l.at != nil {
		if from == to {
			return Span{}
		}
		return Span{l.at[from].Start, l.at[to-1].End}
	}
	for from > 0 && from < len(l.text) && !utf8.RuneStart(l.text[from]) {
		from--
	}
	for to < len(l.text) && !utf8.RuneStart(l.text[to]) {
		to++
	}
	return Span{l.base + from, l.base + to}
}

// begins reports whether the line is at the beginning of the original.
func (l *line) begins() bool {
	if l.at == nil {
		return l.base == 0
	}
	return len(l.at) > 0 && l.at[0].Start == 0
}

// cut returns the line's bytes [from, to) as a line.
func (l *line) cut(from, to int) line {
	c := *l
	c.text = l.text[from:to]
	if l.at != nil {
		c.at = l.at[from:to]
	}
	c.base += from
	return c
}

// edit builds a line's next text.
type edit struct {
	line *line
	text []byte
	at   []Span
	from int // the next byte of the line
}

func (l *line) edit() *edit {
	e := &edit{line: l, text: make([]byte, 0, len(l.text)+len(l.text)/8+8)}
	if l.tracked {
		e.at = make([]Span, 0, cap(e.text))
	}
	return e
}

// keep takes over bytes up to an offset.
func (e *edit) keep(to int) {
	e.text = append(e.text, e.line.text[e.from:to]...)
	if e.line.tracked {
		if e.line.at != nil {
			e.at = append(e.at, e.line.at[e.from:to]...)
		} else {
			for i := e.from; i < to; {
				_, n := utf8.DecodeRuneInString(e.line.text[i:])
				for range n {
					e.at = append(e.at, Span{e.line.base + i, e.line.base + i + n})
				}
				i += n
			}
		}
	}
	e.from = to
}

// skip leaves out bytes up to an offset.
func (e *edit) skip(to int) { e.from = to }

// put adds a character that stands for a span.
func (e *edit) put(r rune, s Span) {
	n := len(e.text)
	e.text = utf8.AppendRune(e.text, r)
	if e.line.tracked {
		for range len(e.text) - n {
			e.at = append(e.at, s)
		}
	}
}

// puts adds a string that stands for a span.
func (e *edit) puts(text string, s Span) {
	e.text = append(e.text, text...)
	if e.line.tracked {
		for range len(text) {
			e.at = append(e.at, s)
		}
	}
}

// original returns the span of the line's bytes [from, to), if spans are wanted.
func (e *edit) original(from, to int) (s Span) {
	if e.line.tracked {
		s = e.line.span(from, to)
	}
	return s
}

// done makes the edited text the line's.
func (e *edit) done() {
	e.line.text = string(e.text)
	if e.line.tracked {
		e.line.at = e.at
	}
}
