package corpus_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/text"
)

func lights(t testing.TB) *data.Set {
	t.Helper()
	s, err := corpus.Labelled("lights",
		[]string{"The light of the sun, the light.", "Colours of the sun", "", "a prism bends the light", "LIGHT bends"},
		[]string{"sun", "sun", "prism", "prism", "prism"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// idsOf returns the tokens of each row by name.
func idsOf(t testing.TB, s *data.Set, of *text.Tokenizer) [][]string {
	t.Helper()
	q := &s.Sequences[0]
	ids := q.Values.Data().([]int)
	out := make([][]string, q.Rows())
	for i := range out {
		for _, id := range ids[q.Offsets[i]:q.Offsets[i+1]] {
			name, ok := of.Token(id)
			if !ok {
				t.Fatalf("row %d has the id %d, which no token has", i, id)
			}
			out[i] = append(out[i], name)
		}
	}
	return out
}

// TestWords: the vocabulary are the words of the training rows that occur twice, the most frequent
// first; others are unknown, and a text is cut at its end.
func TestWords(t *testing.T) {
	s := lights(t)
	fitted, err := corpus.Tokens{Longest: 5}.Fit(data.View(s, []int{0, 1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	f := fitted.(corpus.FittedTokens)
	var vocabulary []string
	for id := range f.Tokenizer.Size() {
		name, _ := f.Tokenizer.Token(id)
		vocabulary = append(vocabulary, name)
	}
	if want := []string{"[UNK]", "the", "light", "of", "sun"}; !slices.Equal(vocabulary, want) {
		t.Errorf("vocabulary %q, want %q", vocabulary, want)
	}
	out, err := f.Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Validate(); err != nil || len(out.Texts) != 0 || out.Sequences[0].Size != 5 || len(s.Sequences) != 0 || len(s.Texts) != 1 {
		t.Errorf("%v, texts %v, vocabulary of %d", err, out.Texts, out.Sequences[0].Size)
	}
	want := [][]string{{"the", "light", "of", "the", "sun"}, {"[UNK]", "of", "the", "sun"}, nil, {"[UNK]", "[UNK]", "[UNK]", "the", "light"}, {"light", "[UNK]"}}
	if have := idsOf(t, out, f.Tokenizer); fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("tokens %q, want %q", have, want)
	}
}

// TestKinds: every kind is written down with its tokenizer and read again, gives the same ids
// then, and takes rows without any token.
func TestKinds(t *testing.T) {
	s := lights(t)
	for _, kind := range []corpus.Kind{corpus.Words, corpus.Characters, corpus.BPE, corpus.WordPiece, corpus.Unigram} {
		for _, cased := range []bool{false, true} {
			fitted, err := corpus.Tokens{Column: "text", Kind: kind, Size: 300, Cased: cased}.Fit(s)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			b, err := describe.Marshal(&fitted)
			if err != nil {
				t.Fatal(err)
			}
			var again data.Fitted
			if err := describe.Unmarshal(b, &again); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			one, err := fitted.Apply(s)
			if err != nil {
				t.Fatal(err)
			}
			two, err := again.Apply(s)
			if err != nil {
				t.Fatal(err)
			}
			of := fitted.(corpus.FittedTokens).Tokenizer
			have := idsOf(t, one, of)
			if fmt.Sprint(have) != fmt.Sprint(idsOf(t, two, of)) || len(have[0]) == 0 || len(have[2]) != 0 {
				t.Errorf("%s: %q, read again %q", kind, have, idsOf(t, two, of))
			}
			lower := strings.Join(have[4], "") == strings.ToLower(strings.Join(have[4], ""))
			if kind == corpus.Characters && lower == cased {
				t.Errorf("%s: cased %v gives %q", kind, cased, have[4])
			}
			empty, err := s.Rows([]int{2, 2})
			if err != nil {
				t.Fatal(err)
			}
			if out, err := fitted.Apply(empty); err != nil || out.Len() != 2 || out.Validate() != nil || out.Sequences[0].Len(1) != 0 {
				t.Errorf("%s: rows without tokens: %v", kind, err)
			}
		}
	}
	var c data.Transform = corpus.Tokens{Kind: corpus.BPE, Size: 500}
	b, err := describe.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	var again data.Transform
	if err := describe.Unmarshal(b, &again); err != nil || again != c {
		t.Errorf("read again: %v, %v", again, err)
	}
	if !json.Valid(b) {
		t.Errorf("%s", b)
	}
}

func TestTokensRefuse(t *testing.T) {
	s := lights(t)
	two := *s
	two.Texts = append(slices.Clone(s.Texts), data.TextColumn{Name: "note", Cells: make([]string, 5)})
	broken := *s
	broken.Texts = []data.TextColumn{{Name: "text", Cells: []string{"a", "b", "c\xff", "d", "e"}}}
	for name, c := range map[string]struct {
		of   corpus.Tokens
		set  *data.Set
		want string
	}{
		"no column":     {corpus.Tokens{Column: "line"}, s, `no column "line"`},
		"two columns":   {corpus.Tokens{}, &two, "2 columns of texts"},
		"kind":          {corpus.Tokens{Kind: "bytes"}, s, `no kind "bytes"`},
		"size":          {corpus.Tokens{Size: -1}, s, "a vocabulary of -1"},
		"longest":       {corpus.Tokens{Longest: 1 << 21}, s, "texts of 2097152 tokens"},
		"invalid UTF-8": {corpus.Tokens{Kind: corpus.BPE}, &broken, "UTF-8"},
	} {
		if _, err := c.of.Fit(c.set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	f, err := corpus.Tokens{}.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Apply(&broken); err == nil || !strings.Contains(err.Error(), "row 2, column text") {
		t.Errorf("error %v", err)
	}
	if _, err := (corpus.FittedTokens{}).Apply(s); err == nil {
		t.Error("a transform that was never fitted is applied")
	}
}

func TestReadFolder(t *testing.T) {
	root := fstest.MapFS{
		"spam/2.txt": {Data: []byte("win")}, "spam/1.txt": {Data: []byte("now")}, "ham/deep/1.txt": {Data: nil},
		"ham/.hidden": {Data: []byte("\xff")}, ".git/x": {Data: []byte("x")},
	}
	s, err := corpus.ReadFolder(root, "mails")
	if err != nil {
		t.Fatal(err)
	}
	labels, err := s.Labels()
	if err != nil || s.Validate() != nil || fmt.Sprint(s.Texts, s.Classes, labels) != "[{text [ now win]} {file [ham/deep/1.txt spam/1.txt spam/2.txt]}] [ham spam] [0 1 1]" {
		t.Errorf("%v %v %v", s.Texts, s.Classes, labels)
	}
	for want, more := range map[string]fstest.MapFS{
		"spam/3.txt: not valid UTF-8":   {"spam/3.txt": {Data: []byte("a\xff")}, "ham/1": {}},
		"readme lies in no folder":      {"readme": {}, "ham/1": {}},
		"1 folders with texts":          {"ham/1": {}},
		"mails: 0 folders with texts":   {},
		"0 folders with texts: want at": {"ham/.a": {}},
	} {
		if _, err := corpus.ReadFolder(more, "mails"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestDistinct(t *testing.T) {
	s, err := corpus.Labelled("lines",
		[]string{"the light of the sun bends in a prism", "colours", "The light of the Sun bends in a prism!", "no", "colours"}, []string{"a", "a", "b", "b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	out, removed, err := corpus.Distinct(s, "", text.Duplicates{})
	if err != nil || out.Len() != 3 || fmt.Sprint(removed.Rows, removed.Like, removed.Classes) != "[2 4] [0 1] 1" {
		t.Errorf("%v, %v", removed, err)
	}
	if want := "2 rows are left out, as their text is nearly that of an earlier row, the first of them row 3, like row 1; 1 of them have another class"; removed.String() != want {
		t.Errorf("%s", removed)
	}
	if _, none, err := corpus.Distinct(out, "text", text.Duplicates{}); err != nil || len(none.Rows) > 0 || !strings.HasPrefix(none.String(), "no row") {
		t.Errorf("%v, %v", none, err)
	}
}

func ExampleTokens() {
	rows, err := corpus.Labelled("lines", []string{"a ray of light", "a ray of hope", "a light"}, []string{"optics", "life", "optics"})
	if err != nil {
		panic(err)
	}
	fitted, err := corpus.Tokens{}.Fit(rows) // on the training rows of a fold
	if err != nil {
		panic(err)
	}
	out, err := fitted.Apply(rows)
	if err != nil {
		panic(err)
	}
	q := out.Sequences[0]
	fmt.Println(q.Values.Data(), q.Offsets, "of", q.Size)
	// Output: [1 4 3 2 1 4 3 0 1 2] [0 4 8 10] of 5
}
