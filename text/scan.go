package text

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The classes of characters that scanners tell apart, as bits.
const (
	upper  = 1 << iota // Lu, Lt
	lower              // Ll
	letter             // Lm, Lo
	mark               // M
	number             // N
	space              // white space
)

const letters = upper | lower | letter

// classes returns the class of every character.
var classes = sync.OnceValue(func() []uint8 {
	c := make([]uint8, unicode.MaxRune+1)
	set := func(bit uint8, tables ...*unicode.RangeTable) {
		for _, t := range tables {
			for _, r := range t.R16 {
				for v := rune(r.Lo); v <= rune(r.Hi); v += rune(r.Stride) {
					c[v] |= bit
				}
			}
			for _, r := range t.R32 {
				for v := rune(r.Lo); v <= rune(r.Hi); v += rune(r.Stride) {
					c[v] |= bit
				}
			}
		}
	}
	set(upper, unicode.Lu, unicode.Lt)
	set(lower, unicode.Ll)
	set(letter, unicode.Lm, unicode.Lo)
	set(mark, unicode.M)
	set(number, unicode.N)
	set(space, unicode.White_Space)
	return c
})

// words divides a text as the expression of GPT-2 and its relatives do: into contractions,
// words, numbers, runs of other characters, and white space. All of the text is matched.
type words struct {
	folded  bool   // contractions in upper case, too
	glued   bool   // a word takes along one character before it that is no letter, number or end of line; else a blank
	cased   bool   // a word ends before upper case after lower case, and takes its contraction along
	numbers int    // digits of a number at most, without a blank before it; 0: any, with one
	lines   bool   // white space up to its last end of line is one
	after   string // what a run of other characters takes along
}

// scanners are the scanners of expressions.
var scanners = map[string]matcher{
	// GPT-2
	`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`: words{},
	// cl100k, Llama 3
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: words{
		folded: true, glued: true, numbers: 3, lines: true, after: "\r\n",
	},
	// Qwen 2
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: words{
		folded: true, glued: true, numbers: 1, lines: true, after: "\r\n",
	},
	// o200k
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`: words{
		folded: true, glued: true, cased: true, numbers: 3, lines: true, after: "\r\n/",
	},
}

func (w words) each(text string, f func(from, to int)) {
	s := scan{text, classes()}
	for at := 0; at < len(text); {
		end := w.next(s, at)
		f(at, end)
		at = end
	}
}

// scan is a text with the classes of characters.
type scan struct {
	text  string
	class []uint8
}

// at returns the class and the size of the character at an offset; 0, 0 at the end.
func (s *scan) at(i int) (class uint8, n int) {
	if i >= len(s.text) {
		return 0, 0
	}
	if c := s.text[i]; c < utf8.RuneSelf {
		return s.class[c], 1
	}
	r, n := utf8.DecodeRuneInString(s.text[i:])
	return s.class[r], n
}

// run returns the end of the characters from i on whose class has one of some bits.
func (s *scan) run(i int, bits uint8) int {
	for {
		c, n := s.at(i)
		if c&bits == 0 {
			return i
		}
		i += n
	}
}

// others returns the end of the characters from i on that are no letters, numbers or space.
func (s *scan) others(i int) int {
	for {
		c, n := s.at(i)
		if n == 0 || c&(letters|number|space) != 0 {
			return i
		}
		i += n
	}
}

// next returns the end of the piece that begins at an offset.
func (w words) next(s scan, at int) int {
	if s.text[at] == '\'' && !w.cased {
		if n := contraction(s.text[at:], w.folded); n > 0 {
			return at + n
		}
	}
	c, n := s.at(at)
	first := at // after a character that a word may take along
	switch {
	case w.glued && c&(letters|number) == 0 && s.text[at] != '\r' && s.text[at] != '\n', !w.glued && s.text[at] == ' ':
		first = at + n
	}
	if end := w.word(s, at, first); end > 0 {
		return end
	}
	if w.numbers == 0 {
		if end := s.run(blank(s, at), number); end > blank(s, at) {
			return end
		}
	} else if c&number != 0 {
		end := at
		for range w.numbers {
			c, n := s.at(end)
			if c&number == 0 {
				break
			}
			end += n
		}
		return end
	}
	if from := blank(s, at); s.others(from) > from {
		end := s.others(from)
		for end < len(s.text) && strings.IndexByte(w.after, s.text[end]) >= 0 {
			end++
		}
		return end
	}
	end := s.run(at, space)
	if w.lines {
		if i := strings.LastIndexAny(s.text[at:end], "\r\n"); i >= 0 {
			return at + i + 1
		}
	}
	return at + blanks(s.text[at:min(len(s.text), end+utf8.UTFMax)])
}

// blank returns the offset after a blank, if there is one.
func blank(s scan, at int) int {
	if s.text[at] == ' ' {
		return at + 1
	}
	return at
}

// word returns the end of the word at an offset, 0 if there is none. Its letters begin at
// first or, if none do, at the offset.
func (w words) word(s scan, at, first int) int {
	if !w.cased {
		if end := s.run(first, letters); end > first {
			return end
		}
		return 0
	}
	end := 0
	for _, lead := range []func(s scan, at int) int{smallEnd, largeStart} {
		if end = lead(s, first); end == 0 && first > at {
			end = lead(s, at)
		}
		if end > 0 {
			break
		}
	}
	if end > 0 && end < len(s.text) && s.text[end] == '\'' {
		end += contraction(s.text[end:], true)
	}
	return end
}

const (
	large = upper | letter | mark
	small = lower | letter | mark
)

// smallEnd returns the end of [large]*[small]+, 0 if it does not match.
func smallEnd(s scan, at int) int {
	end, both := at, 0 // both: after the last character that is large and small
	for {
		c, n := s.at(end)
		if c&large == 0 {
			break
		}
		if end += n; c&small != 0 {
			both = end
		}
	}
	if e := s.run(end, small); e > end {
		return e
	}
	return both
}

// largeStart returns the end of [large]+[small]*, 0 if it does not match.
func largeStart(s scan, at int) int {
	if end := s.run(at, large); end > at {
		return s.run(end, small)
	}
	return 0
}

// contraction returns the length of one of 's 't 're 've 'm 'll 'd at the beginning of a text.
// Without regard to case, a long s is an s.
func contraction(text string, folded bool) int {
	if len(text) < 2 {
		return 0
	}
	fold := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		c := text[i]
		if folded && c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	switch fold(1) {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if fold(2) == 'e' {
			return 3
		}
	case 'l':
		if fold(2) == 'l' {
			return 3
		}
	}
	if folded && strings.HasPrefix(text[1:], "ſ") {
		return 1 + len("ſ")
	}
	return 0
}
