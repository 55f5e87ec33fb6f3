package text_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/seed732fc211/aegis/text"
)

// reference is testdata/parity.json.gz, which testdata/parity.py makes.
type reference struct {
	Tokenizers map[string]json.RawMessage
	Lines      []string
	Want       map[string][]struct {
		IDs     []int
		Types   []int
		Mask    []int
		Special []int
		Offsets [][2]int
		Words   []int
		Bare    []int
		Text    string
		All     string
		Pair    *struct {
			IDs      []int
			Types    []int
			Sequence []int
			Offsets  [][2]int
		}
	}
}

func readReference(t testing.TB) *reference {
	t.Helper()
	f, err := os.Open("testdata/parity.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.NewDecoder(z).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// characters returns offsets in characters, as the reference's JavaScript has them.
func characters(list []text.Span, sequence []int, texts ...string) [][2]int {
	out := make([][2]int, len(list))
	for i, s := range list {
		if sequence[i] >= 0 {
			of := texts[sequence[i]]
			out[i] = [2]int{utf8.RuneCountInString(of[:s.Start]), utf8.RuneCountInString(of[:s.End])}
		}
	}
	return out
}

func numbers(list []bool) []int {
	out := make([]int, len(list))
	for i, v := range list {
		if v {
			out[i] = 1
		}
	}
	return out
}

// TestParity: thirteen tokenizers of all parts give the reference's ids, types, masks, offsets,
// words and texts, of single texts and of pairs, before and after they are written and read.
func TestParity(t *testing.T) {
	ref := readReference(t)
	for name, spec := range ref.Tokenizers {
		k, err := text.Read(bytes.NewReader(spec))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var b bytes.Buffer
		if err := k.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		again, err := text.Read(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatalf("%s: what was written is not read: %v", name, err)
		}
		for i, want := range ref.Want[name] {
			line := ref.Lines[i]
			wrong := func(what string, have, want any) {
				t.Errorf("%s: %s of %q:\nhave %v\nwant %v", name, what, line, have, want)
			}
			e, err := again.Encode(line)
			if err != nil {
				t.Errorf("%s: %q: %v", name, line, err)
				continue
			}
			if !slices.Equal(e.IDs, want.IDs) {
				wrong("ids", e.IDs, want.IDs)
				continue
			}
			if !slices.Equal(e.Types, want.Types) {
				wrong("types", e.Types, want.Types)
			}
			if have := numbers(e.Mask); !slices.Equal(have, want.Mask) {
				wrong("mask", have, want.Mask)
			}
			if have := numbers(e.Special); !slices.Equal(have, want.Special) {
				wrong("special tokens", have, want.Special)
			}
			if have := characters(e.Offsets, e.Sequence, line); !slices.Equal(have, want.Offsets) {
				wrong("offsets", have, want.Offsets)
			}
			if !slices.Equal(e.Words, want.Words) {
				wrong("words", e.Words, want.Words)
			}
			if ids, err := k.AppendIDs(nil, line); err != nil || k.Parts().Truncation == nil && !slices.Equal(ids, want.Bare) {
				wrong("bare ids", ids, want.Bare)
			}
			if have, err := k.Decode(want.IDs); err != nil || have != want.Text {
				wrong("decoded", have, want.Text)
			}
			if have, err := k.DecodeAll(want.IDs); err != nil || have != want.All {
				wrong("decoded with special tokens", have, want.All)
			}
			if p := want.Pair; p != nil {
				other := ref.Lines[(i*7+3)%len(ref.Lines)]
				e, err := k.EncodePair(line, other)
				if err != nil || !slices.Equal(e.IDs, p.IDs) {
					wrong("ids of a pair", e.IDs, p.IDs)
					continue
				}
				if !slices.Equal(e.Types, p.Types) {
					wrong("types of a pair", e.Types, p.Types)
				}
				if !slices.Equal(e.Sequence, p.Sequence) {
					wrong("sequences of a pair", e.Sequence, p.Sequence)
				}
				if have := characters(e.Offsets, e.Sequence, line, other); !slices.Equal(have, p.Offsets) {
					wrong("offsets of a pair", have, p.Offsets)
				}
			}
		}
	}
}
