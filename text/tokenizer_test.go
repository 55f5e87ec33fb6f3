package text_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/text"
)

// TestReadRefuses: what is not known, or does not fit together, is an error that names the
// place, and never a wrong token.
func TestReadRefuses(t *testing.T) {
	ref := readReference(t)
	gpt2 := string(ref.Tokenizers["gpt2"])
	for _, c := range []struct{ old, new, want string }{
		{`"version":"1.0"`, `"version":"2.0"`, "version"},
		{`"version":"1.0"`, `"version":"1.0","tokens":1`, "tokens"},
		{`"normalizer":null`, `"normalizer":{"type":"Reverse"}`, `normalizer: the type "Reverse" is not known`},
		{`"normalizer":null`, `"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"NFX"}]}`, `1: the type "NFX"`},
		{`"normalizer":null`, `"normalizer":{"type":"NFC","strict":true}`, "strict"},
		{`"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{"Regex":"(?<=a)b"},"content":"c"}`, "(?<=a)b"},
		{`"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{"Regex":"a.c"},"content":"c"}`, "Oniguruma"},
		{`"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{"Regex":"a++"},"content":"c"}`, "possessive"},
		{`"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{},"content":"c"}`, "String or Regex"},
		{`"normalizer":null`, `"normalizer":{"type":"Precompiled","precompiled_charsmap":""}`, "Precompiled"},
		{`"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Dropped","invert":false,"x":{"type":"ByteLevel"`, "x"},
		{`"use_regex":true},"post_processor"`, `"use_regex":true,"speed":9},"post_processor"`, "speed"},
		{`"model":{"type":"BPE"`, `"model":{"type":"Trie"`, "Trie"},
		{`"dropout":null`, `"dropout":0.1`, "dropout"},
		{`"unk_token":null`, `"unk_token":"<unk>"`, `the unknown token "<unk>" is not in the vocabulary`},
		{`"merges":[[`, `"merges":[["zz","z"],[`, `merge 0`},
		{`"merges":[[`, `"merges":["a b c",[`, `"a b c"`},
		{`"content":"low"`, `"content":""`, "want some text"},
		{`"content":"low"`, `"content":"<s>"`, "there twice"},
		{`"id":557,"content":"low"`, `"id":600,"content":"low"`, "is next"},
		{`"id":557,"content":"low"`, `"id":5,"content":"low"`, "has the id 5"},
		{`"id":557,"content":"low"`, `"id":-1,"content":"low"`, "-1"},
		{`"added_tokens"`, `"truncation":{"direction":"Up","max_length":4,"strategy":"LongestFirst","stride":0},"added_tokens"`, "Up"},
		{`"added_tokens"`, `"padding":{"strategy":{"Most":4},"direction":"Left","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"x"},"added_tokens"`, "Most"},
	} {
		text2 := strings.Replace(gpt2, c.old, c.new, 1)
		if text2 == gpt2 {
			t.Errorf("%s is not in the file: %.300s", c.old, gpt2)
			continue
		}
		if _, err := text.Read(strings.NewReader(text2)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.new, err, c.want)
		}
	}
	for _, n := range []int{0, 1, 100, len(gpt2) / 2, len(gpt2) - 1} {
		if _, err := text.Read(strings.NewReader(gpt2[:n])); err == nil {
			t.Errorf("a file of %d of %d bytes is read", n, len(gpt2))
		}
	}
	if _, err := text.Read(strings.NewReader(gpt2 + "{}")); err == nil {
		t.Error("two files are read as one")
	}
}

// TestNewRefuses: parts that do not fit together are errors.
func TestNewRefuses(t *testing.T) {
	words := text.WordLevel{Vocab: map[string]int{"a": 0, "[UNK]": 1}, Unk: "[UNK]"}
	for want, p := range map[string]text.Parts{
		"without a model":                   {},
		"have the id 0":                     {Model: text.WordLevel{Vocab: map[string]int{"a": 0, "b": 0}}},
		"the id -1":                         {Model: text.WordLevel{Vocab: map[string]int{"a": -1}}},
		"have ids up to":                    {Model: text.WordLevel{Vocab: map[string]int{"a": 9999999}}},
		"has the score NaN":                 {Model: text.Unigram{Unk: -1, Vocab: []text.Scored{{Token: "a", Score: math.NaN()}}}},
		"the id 3 of 1 tokens":              {Model: text.Unigram{Unk: 3, Vocab: []text.Scored{{Token: "a"}}}},
		"at most -1":                        {Model: text.WordPiece{Vocab: map[string]int{"u": 0}, Unk: "u", Most: -1}},
		"does not begin with":               {Model: text.BPE{Vocab: map[string]int{"a": 0, "b": 1, "ab": 2}, Merges: [][2]string{{"a", "b"}}, Prefix: "##"}},
		"prepends":                          {Model: words, PreTokenizer: text.Metaspace{Replacement: '_'}},
		"the behavior":                      {Model: words, PreTokenizer: text.Punctuation{}},
		"a fixed length of 0":               {Model: words, PreTokenizer: text.FixedLength{}},
		"a pattern that is":                 {Model: words, PreTokenizer: text.Split{Behavior: text.Isolated}},
		"normalizer 0: it is":               {Model: words, Normalizer: text.Sequence{nil}},
		"pre-tokenizer 0":                   {Model: words, PreTokenizer: text.Sequence{nil}},
		"post-processor 0":                  {Model: words, PostProcessor: text.Sequence{nil}},
		"decoder 0":                         {Model: words, Decoder: text.Sequence{nil}},
		"more than one adds":                {Model: words, PostProcessor: text.Sequence{text.BertProcessing{}, text.BertProcessing{}}},
		"not among its":                     {Model: words, PostProcessor: text.TemplateProcessing{Pair: []text.TemplatePiece{{Token: "x"}}}},
		"want A or B":                       {Model: words, PostProcessor: text.TemplateProcessing{Pair: []text.TemplatePiece{{Sequence: "C"}}}},
		"padding to -1":                     {Model: words, Padding: &text.Padding{Length: -1}},
		"truncation to -1":                  {Model: words, Truncation: &text.Truncation{Length: -1, Strategy: "OnlyFirst"}},
		"adds the id 7":                     {Model: words, PostProcessor: text.BertProcessing{SEP: text.TemplateToken{ID: 7}}},
		"NFC is no model":                   {Model: text.NFC{}},
		"Fuse is no normalizer":             {Model: words, Normalizer: text.Fuse{}},
		"decoder 1: text: a text.NFC is no": {Model: words, Decoder: text.Sequence{text.Fuse{}, text.NFC{}}},
		"want LongestFirst":                 {Model: words, Truncation: &text.Truncation{Length: 1, Strategy: "Fair"}},
	} {
		if _, err := text.New(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// reference tokenizers by name.
func named(t testing.TB, name string) *text.Tokenizer {
	t.Helper()
	k, err := text.Read(bytes.NewReader(readReference(t).Tokenizers[name]))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestTextsAtTheEdge: an empty text has no tokens of its own, bytes that are not UTF-8 and ids
// that are not there are errors.
func TestTextsAtTheEdge(t *testing.T) {
	k := named(t, "bert")
	if e, err := k.Encode(""); err != nil || !slices.Equal(e.IDs, []int{2, 3}) {
		t.Errorf("%+v, %v", e, err)
	}
	for _, bad := range []string{"\xff", "abc\x80", "ab\xe2\x82", "\xed\xa0\x80"} {
		want := fmt.Sprintf("byte %d", strings.Count(bad, "a")+strings.Count(bad, "b")+strings.Count(bad, "c"))
		if _, err := k.Encode(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", bad, err, want)
		}
		if _, err := k.AppendIDs(nil, bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	for _, id := range []int{-1, k.Size(), math.MaxInt} {
		if _, err := k.Decode([]int{2, id}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(id)) {
			t.Errorf("id %d: %v", id, err)
		}
		if _, ok := k.Token(id); ok {
			t.Errorf("id %d has a token", id)
		}
	}
	none, err := text.New(text.Parts{Model: text.WordLevel{Vocab: map[string]int{"a": 0}}, PreTokenizer: text.Whitespace{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Encode("a b"); err == nil || !strings.Contains(err.Error(), `"b": no token stands for what is unknown`) {
		t.Errorf("error %v", err)
	}
}

// longText is the size of a long text, in bytes: 10 MiB in long tests.
var longText = 1 << 20

// TestLongTexts: a text without a place to divide takes seconds, and decodes to what it was.
func TestLongTexts(t *testing.T) {
	n := longText
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteByte('x') // a leading blank would be taken for the one that is prepended
	for b.Len() < n {
		b.WriteString([]string{"the", " light", "refraction", " ", "of", "rays", "é", "日", "abababababab"}[r.IntN(9)])
	}
	long := b.String()
	for _, name := range []string{"fallback", "gpt2"} {
		k := named(t, name)
		begin := time.Now()
		ids, err := k.AppendIDs(nil, long)
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(begin)
		back, err := k.Decode(ids)
		if err != nil || back != long {
			t.Errorf("%s: %v, the text is another", name, err)
		}
		if took > 60*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(long), took)
		}
		t.Logf("%s: %.1f MB/s", name, float64(len(long))/1e6/took.Seconds())
	}
}

// TestSideBySide: a tokenizer may be used from several goroutines.
func TestSideBySide(t *testing.T) {
	ref := readReference(t)
	k := named(t, "roberta")
	done := make(chan error)
	for range 4 {
		go func() {
			for i, want := range ref.Want["roberta"] {
				e, err := k.Encode(ref.Lines[i])
				if err != nil || !slices.Equal(e.IDs, want.IDs) {
					done <- fmt.Errorf("line %d: %v", i, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestOffsetsAreOfTheText: offsets of tokens lie within the text at characters, in order for
// byte-level tokenizers, and the text between them is what has no token.
func TestOffsetsAreOfTheText(t *testing.T) {
	ref := readReference(t)
	for name := range ref.Tokenizers {
		k := named(t, name)
		for _, line := range ref.Lines {
			e, err := k.Encode(line)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range e.Offsets {
				if s.Start < 0 || s.End < s.Start || s.End > len(line) || !whole(line, s) {
					t.Fatalf("%s: %q: token %d has the offsets %v", name, line, i, s)
				}
			}
		}
	}
}

// whole reports whether a span begins and ends at characters.
func whole(line string, s text.Span) bool {
	return strings.ToValidUTF8(line[s.Start:s.End], "") == line[s.Start:s.End]
}

// TestPadding: to a length, to a multiple, on either side.
func TestPadding(t *testing.T) {
	words := text.WordLevel{Vocab: map[string]int{"a": 0, "[UNK]": 1, "[PAD]": 2}, Unk: "[UNK]"}
	for _, c := range []struct {
		p    text.Padding
		want []int
		mask string
	}{
		{text.Padding{ID: 2}, []int{0, 1, 0}, "[true true true]"},
		{text.Padding{ID: 2, Length: 5}, []int{0, 1, 0, 2, 2}, "[true true true false false]"},
		{text.Padding{ID: 2, Multiple: 4, Left: true}, []int{2, 0, 1, 0}, "[false true true true]"},
		{text.Padding{ID: 2, Length: 2}, []int{0, 1, 0}, "[true true true]"},
	} {
		k, err := text.New(text.Parts{Model: words, PreTokenizer: text.Whitespace{}, Padding: &c.p})
		if err != nil {
			t.Fatal(err)
		}
		e, err := k.Encode("a b a")
		if err != nil || !slices.Equal(e.IDs, c.want) || fmt.Sprint(e.Mask) != c.mask {
			t.Errorf("%+v: %v %v, %v", c.p, e.IDs, e.Mask, err)
		}
	}
}

// FuzzRead: no file makes Read panic or hang, and what is read can be written, read and used.
func FuzzRead(f *testing.F) {
	for _, spec := range readReference(f).Tokenizers {
		f.Add([]byte(spec))
	}
	f.Add([]byte(file))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := text.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := k.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		again, err := text.Read(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		one, e1 := k.Encode("A light, 12 rays\n")
		two, e2 := again.Encode("A light, 12 rays\n")
		if (e1 == nil) != (e2 == nil) || e1 == nil && !slices.Equal(one.IDs, two.IDs) {
			t.Errorf("%v, %v: %v and %v", e1, e2, one, two)
		}
	})
}

// FuzzEncode: any text is an error or has tokens with offsets within it; byte-level tokenizers
// decode to the text.
func FuzzEncode(f *testing.F) {
	ref := readReference(f)
	var all []*text.Tokenizer
	for name := range ref.Tokenizers {
		all = append(all, named(f, name))
	}
	exact := named(f, "gpt2")
	for _, line := range ref.Lines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, k := range all {
			e, err := k.Encode(line)
			if err != nil {
				continue
			}
			for _, s := range e.Offsets {
				if s.Start < 0 || s.End < s.Start || s.End > len(line) {
					t.Fatalf("offsets %v of %d bytes", s, len(line))
				}
			}
			if _, err := k.DecodeAll(e.IDs); err != nil {
				t.Fatal(err)
			}
		}
		if e, err := exact.Encode(line); err == nil {
			if back, err := exact.DecodeAll(e.IDs); err != nil || back != line {
				t.Errorf("%q became %q, %v", line, back, err)
			}
		}
	})
}
