package text

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is what Split and Replace look for: a string, or a regular expression.
//
// Regular expressions are those of Oniguruma as far as Go's package has them, with \s, \d and
// \w of Unicode, and of what it has not, the ending \s+(?!\S)|\s+ of an alternation. The
// expressions of GPT-2, cl100k and o200k, and their relatives, have scanners of their own.
type Pattern struct {
	String string // if Regex is ""
	Regex  string
}

// matcher finds the matches of a pattern, from left to right, none of them empty.
type matcher interface {
	each(text string, f func(from, to int))
}

func (p Pattern) matcher() (matcher, error) {
	if p.Regex == "" {
		if p.String == "" {
			return nil, fmt.Errorf("text: a pattern that is empty")
		}
		return literal(p.String), nil
	}
	if s, ok := scanners[p.Regex]; ok {
		return s, nil
	}
	m, err := expression(p.Regex)
	if err != nil {
		return nil, fmt.Errorf("text: the pattern %q: %w", p.Regex, err)
	}
	return m, nil
}

// literal is a string that is looked for.
type literal string

func (s literal) each(text string, f func(from, to int)) {
	for at := 0; ; {
		i := strings.Index(text[at:], string(s))
		if i < 0 {
			return
		}
		f(at+i, at+i+len(s))
		at += i + len(s)
	}
}

// where is a property of single characters; each of them is a match.
type where func(r rune) bool

func (w where) each(text string, f func(from, to int)) {
	for i, r := range text {
		if w(r) {
			f(i, i+utf8.RuneLen(r))
		}
	}
}

// lazy is an expression of Go's package.
type lazy struct{ *regexp.Regexp }

func (e lazy) each(text string, f func(from, to int)) {
	for _, m := range e.FindAllStringIndex(text, -1) {
		if m[0] < m[1] {
			f(m[0], m[1])
		}
	}
}

// spaced is an alternation that ends in \s+(?!\S)|\s+, of which head is the rest.
type spaced struct{ head *regexp.Regexp }

func (e spaced) each(text string, f func(from, to int)) {
	for at := 0; at < len(text); {
		if m := e.head.FindStringIndex(text[at:]); m != nil && m[1] > 0 {
			f(at, at+m[1])
			at += m[1]
			continue
		}
		r, n := utf8.DecodeRuneInString(text[at:])
		if unicode.IsSpace(r) {
			n = blanks(text[at:])
			f(at, at+n)
		}
		at += n
	}
}

// blanks returns the length of what \s+(?!\S)|\s+ matches at the beginning of a text of white
// space: all of it, but for the last character if something follows.
func blanks(text string) int {
	end, last := 0, 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			if last > 0 {
				return last
			}
			return end
		}
		last = end
		end += utf8.RuneLen(r)
	}
	return end
}

const trailing = `|\s+(?!\S)|\s+`

func expression(text string) (matcher, error) {
	if head, ok := strings.CutSuffix(text, trailing); ok {
		e, err := translated(`\A(?:` + head + `)`)
		if err != nil {
			return nil, err
		}
		return spaced{e}, nil
	}
	e, err := translated(text)
	if err != nil {
		return nil, err
	}
	return lazy{e}, nil
}

// translated compiles an expression with the classes of Unicode.
func translated(text string) (*regexp.Regexp, error) {
	const (
		space = `\t-\r\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000} `
		word  = `\pL\p{M}\p{N}\p{Pc}`
		digit = `\p{Nd}`
	)
	var b strings.Builder
	inside := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			class, negated := "", false
			switch text[i] {
			case 's', 'S':
				class, negated = space, text[i] == 'S'
			case 'd', 'D':
				class, negated = digit, text[i] == 'D'
			case 'w', 'W':
				class, negated = word, text[i] == 'W'
			case 'h', 'H', 'R', 'X', 'K', 'G', 'Z', 'b', 'B', 'N', 'O', 'y', 'Y', 'M', 'k', 'g', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0':
				return nil, fmt.Errorf(`\%c is not supported`, text[i])
			default:
				b.WriteByte('\\')
				b.WriteByte(text[i])
				continue
			}
			switch {
			case inside && negated:
				return nil, fmt.Errorf(`\%c within a class is not supported`, text[i])
			case inside:
				b.WriteString(class)
			case negated:
				b.WriteString("[^" + class + "]")
			default:
				b.WriteString("[" + class + "]")
			}
			continue
		case c == '[' && inside, c == '&' && inside && strings.HasPrefix(text[i:], "&&"):
			return nil, fmt.Errorf("a class within a class is not supported")
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case !inside && (c == '^' || c == '$' || c == '.'):
			return nil, fmt.Errorf("%c is not supported, as it means something else to Oniguruma", c)
		case !inside && c == '+' && i > 0 && strings.ContainsRune("+*?}", rune(text[i-1])) && (i < 2 || text[i-2] != '\\'):
			return nil, fmt.Errorf("a possessive repetition is not supported")
		}
		b.WriteByte(c)
	}
	return regexp.Compile(b.String())
}
