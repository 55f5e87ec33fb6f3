package text_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/text"
)

// TestBM25: scores are those of testdata/bm25.py, and the k best are the first of all.
func TestBM25(t *testing.T) {
	b, err := os.ReadFile("testdata/bm25.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Texts []string
		Cases []struct {
			K1, B  float64
			Query  string
			Scores [][2]float64 // a text and its score
		}
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	if len(ref.Cases) != 20 {
		t.Fatalf("%d cases", len(ref.Cases))
	}
	for _, c := range ref.Cases {
		name := fmt.Sprintf("k1 %v, b %v, %q", c.K1, c.B, c.Query)
		x, err := text.BM25{K1: c.K1, B: c.B, AnyLength: c.B == 0}.Index(ref.Texts)
		if err != nil {
			t.Fatal(err)
		}
		all, err := x.Search(c.Query, 1000)
		if err != nil {
			t.Fatal(err)
		}
		want := map[int]float64{}
		for _, s := range c.Scores {
			want[int(s[0])] = s[1]
		}
		if len(all) != len(want) {
			t.Errorf("%s: %d texts, want %d", name, len(all), len(want))
		}
		for i, h := range all {
			if math.Abs(h.Score-want[h.Text]) > 1e-13 {
				t.Errorf("%s: text %d has %v, want %v", name, h.Text, h.Score, want[h.Text])
			}
			if i > 0 && (h.Score > all[i-1].Score || h.Score == all[i-1].Score && h.Text <= all[i-1].Text) {
				t.Errorf("%s: %v comes before %v", name, all[i-1], h)
			}
		}
		for k := 1; k <= len(all); k++ {
			if best, err := x.Search(c.Query, k); err != nil || !slices.Equal(best, all[:k]) {
				t.Errorf("%s: the best %d are %v, %v, want %v", name, k, best, err, all[:k])
			}
		}
	}
}

// TestBM25ByHand: "aa bb", "aa aa cc" and "dd" have 2, 3 and 1 terms, 2 in the mean. aa is in two
// of three: idf ln(1 + 1.5/2.5) = ln 1.6; with k1 1 and b 1 the first scores ln 1.6 · 1·2/(1+1·2/2)
// = ln 1.6, the second ln 1.6 · 2·2/(2+1·3/2) = ln 1.6 · 8/7.
func TestBM25ByHand(t *testing.T) {
	x, err := text.BM25{K1: 1, B: 1}.Index([]string{"aa bb", "aa aa cc", "dd"})
	if err != nil {
		t.Fatal(err)
	}
	hits, err := x.Search("aa", 5)
	if err != nil || len(hits) != 2 || x.Texts() != 3 {
		t.Fatal(hits, err)
	}
	for i, want := range []text.Hit{{Text: 1, Score: math.Log(1.6) * 8 / 7}, {Text: 0, Score: math.Log(1.6)}} {
		if h := hits[i]; h.Text != want.Text || math.Abs(h.Score-want.Score) > 1e-15 {
			t.Errorf("hit %d: %v, want %v", i, h, want)
		}
	}
}

// TestBM25Ties: of equal texts those with the smaller numbers are found.
func TestBM25Ties(t *testing.T) {
	x, err := text.BM25{}.Index(slices.Repeat([]string{"other", "some light"}, 50))
	if err != nil {
		t.Fatal(err)
	}
	hits, err := x.Search("light", 7)
	if err != nil || len(hits) != 7 {
		t.Fatal(hits, err)
	}
	for i, h := range hits {
		if h.Text != 2*i+1 {
			t.Errorf("hit %d is text %d", i, h.Text)
		}
	}
}

func TestBM25Refuses(t *testing.T) {
	texts := []string{"some light", "some rays"}
	for _, o := range []text.BM25{{K1: -1}, {K1: math.NaN()}, {K1: math.Inf(1)}, {B: -0.1}, {B: 1.1}, {Terms: text.TFIDF{Counts: true}}, {Terms: text.TFIDF{Sublinear: true}}, {Terms: text.TFIDF{MinTexts: 9}}} {
		if _, err := o.Index(texts); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
	if _, err := (text.BM25{}).Index(nil); err == nil {
		t.Error("no texts are no error")
	}
	var none *text.BM25Index
	if _, err := none.Search("a", 1); err == nil {
		t.Error("no index is no error")
	}
	x, err := text.BM25{}.Index(texts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Search("light", 0); err == nil {
		t.Error("the best 0 are no error")
	}
	for _, q := range []string{"", "!", "zebra", "\xff\xfe"} {
		if hits, err := x.Search(q, 3); err != nil || len(hits) != 0 {
			t.Errorf("%q: %v, %v", q, hits, err)
		}
	}
	if hits, err := x.Search(strings.Repeat("some ", 1_000_000), 3); err != nil || len(hits) != 2 || hits[0].Text != 0 {
		t.Errorf("a long query: %v, %v", hits, err)
	}
}

// FuzzBM25: any texts and queries give an error or hits by descending score.
func FuzzBM25(f *testing.F) {
	f.Add("light of the sun", "rays of light", "the light", 2, true)
	f.Add("", "\xff aa", "aa", 1, false)
	f.Fuzz(func(t *testing.T, a, b, query string, k int, characters bool) {
		x, err := text.BM25{Terms: text.TFIDF{Characters: characters, Longest: 3}}.Index([]string{a, b, a + b, b})
		if err != nil {
			return
		}
		hits, err := x.Search(query, k)
		if err != nil {
			return
		}
		for i, h := range hits {
			if len(hits) > k || h.Text < 0 || h.Text > 3 || !(h.Score > 0) || i > 0 && (h.Score > hits[i-1].Score || h.Score == hits[i-1].Score && h.Text < hits[i-1].Text) {
				t.Errorf("%q in %q and %q: %v", query, a, b, hits)
			}
		}
	})
}

func ExampleBM25() {
	x, err := text.BM25{}.Index([]string{
		"The light of the sun consists of rays differently refrangible.",
		"Colours may be produced by composition.",
		"The sun's light, and the sun's rays.",
	})
	if err != nil {
		panic(err)
	}
	hits, err := x.Search("rays of the sun", 2)
	if err != nil {
		panic(err)
	}
	for _, h := range hits {
		fmt.Printf("%d %.2f\n", h.Text, h.Score)
	}
	// Output:
	// 0 2.67
	// 2 1.81
}

// BenchmarkBM25 searches 20,000 texts of 100 words with queries of five, all by Zipf's law.
func BenchmarkBM25(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 5, 49_999)
	words := func(n int) string {
		var s strings.Builder
		for range n {
			fmt.Fprintf(&s, "w%d ", zipf.Uint64())
		}
		return s.String()
	}
	texts, queries := make([]string, 20_000), make([]string, 100)
	for i := range texts {
		texts[i] = words(100)
	}
	for i := range queries {
		queries[i] = words(5)
	}
	x, err := text.BM25{}.Index(texts)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			if _, err := (text.BM25{}).Index(texts); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("search", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := x.Search(queries[i%len(queries)], 10); err != nil {
				b.Fatal(err)
			}
		}
	})
}
