package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer changes the characters of a text before it is divided.
type normalizer interface {
	normalize(l *line) error
}

// NFC, NFD, NFKC and NFKD are Unicode's normalisation forms (UAX #15).
type (
	NFC  struct{}
	NFD  struct{}
	NFKC struct{}
	NFKD struct{}
)

func (NFC) normalize(l *line) error  { l.form(norm.NFC, norm.NFD, true); return nil }
func (NFD) normalize(l *line) error  { l.form(norm.NFD, norm.NFD, false); return nil }
func (NFKC) normalize(l *line) error { l.form(norm.NFKC, norm.NFKD, true); return nil }
func (NFKD) normalize(l *line) error { l.form(norm.NFKD, norm.NFKD, false); return nil }

// change is a character of the next text: more is the number of characters of the old one that
// it is more than: 0 replaces one, 1 is an addition, −1 replaces two.
type change struct {
	r    rune
	more int
}

// form brings the text into a form; apart is the same without composition.
func (l *line) form(f, apart norm.Form, compose bool) {
	if f.IsNormalString(l.text) {
		return
	}
	if !l.tracked {
		if text := f.String(l.text); apart.String(text) == apart.String(l.text) {
			l.text = text
			return
		}
		// x/text v0.44.0 composes some characters with others that they have nothing to do with,
		// such as U+200E2 as if it were U+00E2 (golang/go#81028).
	}
	e := l.edit()
	for e.from < len(l.text) {
		rest := l.text[e.from:]
		n := f.NextBoundaryInString(rest, true)
		if segment := rest[:n]; f.IsNormalString(segment) {
			e.keep(e.from + n)
		} else {
			list := decomposed(segment, apart)
			if compose {
				list = composed(list)
			}
			e.apply(list, e.from+n)
		}
	}
	e.done()
}

// decomposed returns the characters of a segment, apart and in canonical order.
func decomposed(segment string, f norm.Form) (list []change) {
	for _, r := range segment {
		for i, d := range []rune(f.String(string(r))) {
			list = append(list, change{d, min(i, 1)})
		}
	}
	for from := 0; from < len(list); {
		to := from + 1
		if class(list[from].r) > 0 {
			for to < len(list) && class(list[to].r) > 0 {
				to++
			}
			slices.SortStableFunc(list[from:to], func(a, b change) int { return int(class(a.r)) - int(class(b.r)) })
		}
		from = to
	}
	return list
}

func class(r rune) uint8 { return norm.NFC.PropertiesString(string(r)).CCC() }

// composed joins characters as UAX #15 does.
func composed(list []change) (out []change) {
	starter, last := -1, -1 // the index of the last starter in out; the class of what follows it, −1: nothing
	for _, c := range list {
		k := int(class(c.r))
		if starter >= 0 && last < k || starter >= 0 && last == -1 {
			both := string([]rune{out[starter].r, c.r})
			joined := norm.NFC.String(both)
			if r, n := utf8.DecodeRuneInString(joined); n == len(joined) && norm.NFD.String(joined) == norm.NFD.String(both) { // see form
				out[starter].r, out[starter].more = r, out[starter].more+c.more-1
				continue
			}
		}
		if k == 0 {
			starter, last = len(out), -1
		} else {
			last = k
		}
		out = append(out, c)
	}
	return out
}

// apply replaces bytes up to an offset by changes.
func (e *edit) apply(list []change, to int) {
	for _, c := range list {
		if c.more > 0 {
			var s Span
			if e.from > 0 {
				s = e.original(before(e.line.text, e.from), e.from)
			}
			e.put(c.r, s)
			continue
		}
		from := e.from
		_, n := utf8.DecodeRuneInString(e.line.text[from:])
		e.put(c.r, e.original(from, from+n))
		for e.from += n; c.more < 0 && e.from < to; c.more++ {
			_, n := utf8.DecodeRuneInString(e.line.text[e.from:])
			e.from += n
		}
	}
	e.from = to
}

// before returns the offset of the character that ends at an offset.
func before(text string, to int) int {
	_, n := utf8.DecodeLastRuneInString(text[:to])
	return to - n
}

// Lowercase makes every character lower case, each by itself.
type Lowercase struct{}

func (Lowercase) normalize(l *line) error {
	if !strings.ContainsFunc(l.text, func(r rune) bool { return r == 'İ' || unicode.ToLower(r) != r }) {
		return nil
	}
	if !l.tracked && !strings.ContainsRune(l.text, 'İ') {
		l.text = strings.ToLower(l.text)
		return nil
	}
	l.each(func(e *edit, r rune, s Span) {
		if r == 'İ' { // the one that becomes two
			e.puts("i̇", s)
		} else {
			e.put(unicode.ToLower(r), s)
		}
	})
	return nil
}

// each rewrites a line character by character.
func (l *line) each(f func(e *edit, r rune, s Span)) {
	e := l.edit()
	for i, r := range l.text {
		f(e, r, e.original(i, i+utf8.RuneLen(r)))
	}
	e.done()
}

// drop leaves out the characters that f holds for.
func (l *line) drop(f func(r rune) bool) {
	if strings.ContainsFunc(l.text, f) {
		l.each(func(e *edit, r rune, s Span) {
			if !f(r) {
				e.put(r, s)
			}
		})
	}
}

// Strip takes white space off the ends.
type Strip struct{ Left, Right bool }

func (o Strip) normalize(l *line) error {
	from, to := 0, len(l.text)
	if o.Left {
		from = to - len(strings.TrimLeftFunc(l.text, unicode.IsSpace))
	}
	if o.Right {
		to = max(from, len(strings.TrimRightFunc(l.text, unicode.IsSpace)))
	}
	*l = l.cut(from, to)
	return nil
}

// StripAccents leaves out combining marks, of which NFD makes accents.
type StripAccents struct{}

func (StripAccents) normalize(l *line) error {
	l.drop(func(r rune) bool { return unicode.Is(unicode.M, r) })
	return nil
}

// Nmt leaves out control characters and makes others white space, as SentencePiece does.
type Nmt struct{}

func (Nmt) normalize(l *line) error {
	l.drop(func(r rune) bool {
		return r >= 1 && r <= 8 || r == 0xB || r >= 0xE && r <= 0x1F || r == 0x7F || r == 0x8F || r == 0x9F
	})
	l.each(func(e *edit, r rune, s Span) {
		switch {
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200B && r <= 0x200F, r == 0x2028, r == 0x2029, r == 0x2581, r == 0xFEFF, r == 0xFFFD:
			r = ' '
		}
		e.put(r, s)
	})
	return nil
}

// Prepend puts text before one that is not empty.
type Prepend struct{ Text string }

func (o Prepend) normalize(l *line) error {
	l.prepend(o.Text)
	return nil
}

// prepend puts text before the line, which stands for what the line's first character does.
func (l *line) prepend(text string) {
	if l.text == "" {
		return
	}
	_, n := utf8.DecodeRuneInString(l.text)
	e := l.edit()
	e.puts(text, e.original(0, n))
	e.keep(len(l.text))
	e.done()
}

// Replace replaces what a pattern matches.
type Replace struct {
	Pattern Pattern
	Content string
}

func (o Replace) normalize(l *line) error {
	m, err := o.Pattern.matcher()
	if err != nil {
		return err
	}
	var e *edit
	m.each(l.text, func(from, to int) {
		if e == nil {
			e = l.edit()
		}
		e.keep(from)
		e.puts(o.Content, e.original(before(l.text, to), to))
		e.skip(to)
	})
	if e != nil {
		e.keep(len(l.text))
		e.done()
	}
	return nil
}

// BertNormalizer is that of BERT: control characters are left out and white space becomes
// blanks (CleanText), blanks are put around Chinese characters, accents are stripped and
// letters made lower case. Stripping accents takes Korean syllables apart, as it does there.
type BertNormalizer struct {
	CleanText          bool
	HandleChineseChars bool
	StripAccents       *bool // nil: as Lowercase
	Lowercase          bool
}

func (o BertNormalizer) normalize(l *line) error {
	if o.CleanText {
		other := func(r rune) bool {
			return r != '\t' && r != '\n' && r != '\r' && (unicode.Is(unicode.C, r) || r == 0xFFFD || unassigned(r))
		}
		l.drop(other)
		if strings.ContainsFunc(l.text, func(r rune) bool { return r != ' ' && unicode.IsSpace(r) }) {
			l.each(func(e *edit, r rune, s Span) {
				if unicode.IsSpace(r) {
					r = ' '
				}
				e.put(r, s)
			})
		}
	}
	if o.HandleChineseChars && strings.ContainsFunc(l.text, chinese) {
		l.each(func(e *edit, r rune, s Span) {
			if chinese(r) {
				e.put(' ', s)
				e.put(r, s)
				r = ' '
			}
			e.put(r, s)
		})
	}
	if o.StripAccents == nil && o.Lowercase || o.StripAccents != nil && *o.StripAccents {
		l.form(norm.NFD, norm.NFD, false)
		l.drop(func(r rune) bool { return unicode.Is(unicode.Mn, r) })
	}
	if o.Lowercase {
		return Lowercase{}.normalize(l)
	}
	return nil
}

// unassigned reports whether a character has no category.
func unassigned(r rune) bool {
	return r > unicode.MaxLatin1 && !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C)
}

// chinese reports whether a character is of the blocks of CJK ideographs that BERT names.
func chinese(r rune) bool {
	return r >= 0x3400 && (r <= 0x4DBF || r >= 0x4E00 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x2A6DF ||
		r >= 0x2A700 && r <= 0x2B73F || r >= 0x2B740 && r <= 0x2B81F || r >= 0x2B920 && r <= 0x2CEAF || r >= 0x2F800 && r <= 0x2FA1F)
}
