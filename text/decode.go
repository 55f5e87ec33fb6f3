package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder makes text of tokens.
type decoder interface {
	decode(tokens []string) ([]string, error)
}

// Decode returns the text of ids, without special tokens: of what Encode made of a text, that
// text, as far as normalizer and decoder allow. Without a decoder, tokens are joined by blanks.
// It is an error if no token has an id.
func (t *Tokenizer) Decode(ids []int) (string, error) { return t.decode(ids, false) }

// DecodeAll is Decode with special tokens.
func (t *Tokenizer) DecodeAll(ids []int) (string, error) { return t.decode(ids, true) }

func (t *Tokenizer) decode(ids []int, special bool) (string, error) {
	if !t.made() {
		return "", errNoTokenizer
	}
	tokens := make([]string, 0, len(ids))
	for i, id := range ids {
		name, ok := t.Token(id)
		if !ok {
			return "", fmt.Errorf("%w %d (number %d of them)", errID, id, i)
		}
		if special || !t.special[id] {
			tokens = append(tokens, name)
		}
	}
	if t.decoder == nil {
		return strings.Join(tokens, " "), nil
	}
	if len(tokens) == 0 {
		return "", nil
	}
	tokens, err := t.decoder.decode(tokens)
	if err != nil {
		return "", fmt.Errorf("text: %w", err)
	}
	return strings.Join(tokens, ""), nil
}

func (ByteLevel) decode(tokens []string) ([]string, error) {
	var b []byte
	for _, t := range tokens {
		if raw, ok := invisible(t); ok {
			b = append(b, raw...)
		} else {
			b = append(b, t...)
		}
	}
	return []string{lossy(string(b))}, nil
}

// lossy replaces each longest sequence of bytes that begins a character and does not end it by
// U+FFFD, and other bytes that are not UTF-8 each.
func lossy(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r != utf8.RuneError || n > 1 {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		b.WriteRune(utf8.RuneError)
		i += cutOff(text[i:])
	}
	return b.String()
}

// cutOff returns the length of the beginning of a character, 1 if there is none.
func cutOff(text string) int {
	need, low, high := 0, byte(0x80), byte(0xBF) // continuation bytes, and bounds of the first
	switch c := text[0]; {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c >= 0xE0 && c <= 0xEF:
		need = 2
		if c == 0xE0 {
			low = 0xA0
		} else if c == 0xED {
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		need = 3
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n <= need && n < len(text) && text[n] >= low && text[n] <= high {
		n, low, high = n+1, 0x80, 0xBF
	}
	return n
}

func (o Replace) decode(tokens []string) ([]string, error) {
	for i, t := range tokens {
		l := line{text: t}
		if err := o.normalize(&l); err != nil {
			return nil, err
		}
		tokens[i] = l.text
	}
	return tokens, nil
}

func (o Metaspace) decode(tokens []string) ([]string, error) {
	for i, t := range tokens {
		var b strings.Builder
		for _, r := range t {
			switch {
			case r != o.Replacement:
				b.WriteRune(r)
			case i > 0 || o.Prepend == "never":
				b.WriteByte(' ')
			}
		}
		tokens[i] = b.String()
	}
	return tokens, nil
}

// ByteFallback reads the tokens <0x00> to <0xFF> as bytes of UTF-8; those of a run that is
// none become U+FFFD each.
type ByteFallback struct{}

func (ByteFallback) decode(tokens []string) ([]string, error) {
	var out []string
	var run []byte
	end := func() {
		switch {
		case len(run) == 0:
		case utf8.Valid(run):
			out = append(out, string(run))
		default:
			for range run {
				out = append(out, string(utf8.RuneError))
			}
		}
		run = run[:0]
	}
	for _, t := range tokens {
		if len(t) == 6 && strings.HasPrefix(t, "<0x") && t[5] == '>' {
			if b, err := strconv.ParseUint(t[3:5], 16, 8); err == nil {
				run = append(run, byte(b))
				continue
			}
		}
		end()
		out = append(out, t)
	}
	end()
	return out, nil
}

// Fuse makes one token of all.
type Fuse struct{}

func (Fuse) decode(tokens []string) ([]string, error) {
	return []string{strings.Join(tokens, "")}, nil
}

// StripDecoder takes a character off the ends of tokens, up to a number of times.
type StripDecoder struct {
	Content     rune
	Start, Stop int
}

func (o StripDecoder) decode(tokens []string) ([]string, error) {
	cut := string(o.Content)
	for i, t := range tokens {
		for n := 0; n < o.Start && strings.HasPrefix(t, cut); n++ {
			t = t[len(cut):]
		}
		for n := 0; n < o.Stop && strings.HasSuffix(t, cut); n++ {
			t = t[:len(t)-len(cut)]
		}
		tokens[i] = t
	}
	return tokens, nil
}

// WordPieceDecoder joins tokens with a prefix to those before them, and others by a blank.
// Cleanup takes blanks from before punctuation and English contractions.
type WordPieceDecoder struct {
	Prefix  string
	Cleanup bool
}

func (o WordPieceDecoder) decode(tokens []string) ([]string, error) {
	for i, t := range tokens {
		if i > 0 {
			if rest, ok := strings.CutPrefix(t, o.Prefix); ok && o.Prefix != "" {
				t = rest
			} else {
				t = " " + t
			}
		}
		if o.Cleanup {
			t = cleanup(t)
		}
		tokens[i] = t
	}
	return tokens, nil
}

func cleanup(t string) string {
	for _, r := range [][2]string{
		{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
	} {
		t = strings.ReplaceAll(t, r[0], r[1])
	}
	return t
}

// BPEDecoder makes blanks of the suffix that ends words, but for the last.
type BPEDecoder struct{ Suffix string }

func (o BPEDecoder) decode(tokens []string) ([]string, error) {
	if o.Suffix == "" {
		return tokens, nil
	}
	for i, t := range tokens {
		blank := " "
		if i == len(tokens)-1 {
			blank = ""
		}
		tokens[i] = strings.ReplaceAll(t, o.Suffix, blank)
	}
	return tokens, nil
}

// CTC joins equal neighbours and leaves out the padding token, as speech models write them.
type CTC struct {
	Pad, WordDelimiter string
	Cleanup            bool
}

func (o CTC) decode(tokens []string) ([]string, error) {
	var out []string
	for i, t := range tokens {
		if i > 0 && t == tokens[i-1] {
			continue
		}
		if o.Pad != "" {
			t = strings.ReplaceAll(t, o.Pad, "")
		}
		if o.Cleanup {
			if t = cleanup(t); o.WordDelimiter != "" {
				t = strings.ReplaceAll(t, o.WordDelimiter, " ")
			}
		}
		if t != "" {
			out = append(out, t)
		}
	}
	return out, nil
}
