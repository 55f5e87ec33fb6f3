package text

import (
	"strings"
	"unicode"
)

// Words divides a text into the words that phrase tables count: runs of letters, digits and _, with
// single - . , / : between them ("real-time", "2.4", "www.debian.org"); an apostrophe ends a word and
// belongs to it ("l'", "histoire"). Every other character but white space is a word. JoinWords puts
// them together again.
func Words(text string) []string {
	var out []string
	s := []rune(text)
	for i := 0; i < len(s); {
		if unicode.IsSpace(s[i]) {
			i++
			continue
		}
		from := i
		i++
		for inWord(s[from]) && i < len(s) {
			if inWord(s[i]) {
				i++
				continue
			}
			next := i+1 < len(s) && inWord(s[i+1])
			if next && strings.ContainsRune("-.,/:", s[i]) {
				i += 2
				continue
			}
			if next && elides(s[i]) {
				i++
			}
			break
		}
		out = append(out, string(s[from:i]))
	}
	return out
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

func elides(r rune) bool { return r == '\'' || r == '’' }

// JoinWords joins words with a blank between them, but not after an apostrophe that ends a word.
func JoinWords(words []string) string {
	var b strings.Builder
	glued := true
	for _, w := range words {
		if !glued {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		s := []rune(w)
		glued = len(s) > 1 && elides(s[len(s)-1])
	}
	return b.String()
}
