package translate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/text/translate"
)

func pair(source, target string) translate.Pair {
	return translate.Pair{Source: strings.Fields(source), Target: strings.Fields(target)}
}

func lexicon(t testing.TB, o translate.IBM1, pairs []translate.Pair) *translate.Lexicon {
	t.Helper()
	l, err := o.Fit(context.Background(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var books = []translate.Pair{pair("das Haus", "the house"), pair("das Buch", "the book"), pair("ein Buch", "a book")}

// TestIBM1ByHand: the example of Koehn, "Statistical Machine Translation", 2010, chapter 4. After
// one step das makes the in 2 of 4 cases. In the second the of "the house" comes from das with
// 0.5/(0.5+0.5), that of "the book" with 0.5/(0.5+0.25); house and book come from das with
// 0.25/(0.25+0.5) each: t(the|das) = (1/2+2/3)/(1/2+2/3+1/3+1/3) = 7/11.
func TestIBM1ByHand(t *testing.T) {
	for _, c := range []struct {
		steps          int
		source, target string
		want           float64
	}{
		{1, "das", "the", 1. / 2}, {1, "das", "book", 1. / 4}, {1, "das", "house", 1. / 4}, {1, "das", "a", 0},
		{1, "Haus", "house", 1. / 2}, {1, "Buch", "book", 1. / 2}, {1, "Buch", "a", 1. / 4}, {1, "ein", "a", 1. / 2},
		{2, "das", "the", 7. / 11}, {2, "das", "house", 2. / 11}, {2, "das", "book", 2. / 11},
		{2, "Buch", "book", 7. / 11}, {2, "ein", "a", 4. / 7}, {2, "ein", "book", 3. / 7}, {2, "Haus", "the", 3. / 7},
		{1000, "das", "the", 1}, {1000, "Buch", "book", 1}, {1000, "Haus", "house", 1}, {1000, "ein", "a", 1},
	} {
		by := 1e-12
		if c.steps == 1000 {
			by = 0.01
		}
		l := lexicon(t, translate.IBM1{Steps: c.steps, NoNull: true}, books)
		if p := l.Prob(c.source, c.target); math.Abs(p-c.want) > by {
			t.Errorf("after %d steps t(%s|%s) = %v, want %v", c.steps, c.target, c.source, p, c.want)
		}
	}
	l := lexicon(t, translate.IBM1{NoNull: true}, books)
	if got := l.Translate(strings.Fields("ein Haus dort")); !slices.Equal(got, strings.Fields("a house dort")) {
		t.Errorf("%q", got)
	}
	if got := l.Align(pair("dort das Haus", "house the")); !slices.Equal(got, []translate.Point{{Source: 2, Target: 0}, {Source: 1, Target: 1}}) {
		t.Errorf("aligned as %v", got)
	}
}

// TestIBM1: probabilities with the empty word are those of testdata/ibm1.py.
func TestIBM1(t *testing.T) {
	b, err := os.ReadFile("testdata/ibm1.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Pairs []translate.Pair
		Cases []struct {
			Steps          int
			LogLikelihoods []float64
			Probs          map[string]map[string]float64
		}
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	if len(ref.Cases) != 3 {
		t.Fatalf("%d cases", len(ref.Cases))
	}
	for _, c := range ref.Cases {
		l := lexicon(t, translate.IBM1{Steps: c.Steps}, ref.Pairs)
		for f, row := range c.Probs {
			for e, want := range row {
				if p := l.Prob(f, e); math.Abs(p-want) > 1e-13 {
					t.Errorf("%d steps: t(%s|%s) = %v, want %v", c.Steps, e, f, p, want)
				}
			}
		}
		got := l.LogLikelihoods()
		if len(got) != c.Steps {
			t.Fatalf("%d steps: %v", c.Steps, got)
		}
		for i, want := range c.LogLikelihoods {
			if math.Abs(got[i]-want) > 1e-10 || i > 0 && got[i] < got[i-1] {
				t.Errorf("step %d: likelihood %v, want %v", i, got[i], want)
			}
		}
	}
}

// TestIBM1Sums: the probabilities of a word's translations add up to 1, and the likelihood never
// falls.
func TestIBM1Sums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 30 {
		words := func() (out []string) {
			for range 1 + r.IntN(6) {
				out = append(out, fmt.Sprint("w", r.IntN(9)))
			}
			return out
		}
		var pairs []translate.Pair
		for range 1 + r.IntN(30) {
			pairs = append(pairs, translate.Pair{Source: words(), Target: words()})
		}
		l := lexicon(t, translate.IBM1{Steps: 20, NoNull: n%2 == 0}, pairs)
		seen := map[string]bool{"": n%2 == 1}
		for _, p := range pairs {
			for _, w := range p.Source {
				seen[w] = true
			}
		}
		for f, is := range seen {
			sum := 0.0
			for e := range 9 {
				sum += l.Prob(f, fmt.Sprint("w", e))
			}
			if is && math.Abs(sum-1) > 1e-12 || !is && sum != 0 {
				t.Errorf("the sum of t(·|%q) is %v", f, sum)
			}
		}
		for i, v := range l.LogLikelihoods() {
			if before := l.LogLikelihoods()[max(0, i-1)]; v < before-1e-9 {
				t.Errorf("step %d: the likelihood falls from %v to %v", i, before, v)
			}
		}
	}
}

// TestGrowDiagFinalAnd, source word before target word in each point.
func TestGrowDiagFinalAnd(t *testing.T) {
	for _, c := range []struct {
		name                    string
		forward, backward, want []translate.Point
	}{
		{"none", nil, nil, nil},
		{"equal", []translate.Point{{0, 0}, {1, 1}}, []translate.Point{{1, 1}, {0, 0}}, []translate.Point{{0, 0}, {1, 1}}},
		{"a neighbour of an aligned word", []translate.Point{{0, 0}, {0, 1}}, []translate.Point{{0, 0}}, []translate.Point{{0, 0}, {0, 1}}},
		{"a diagonal", []translate.Point{{0, 0}, {1, 1}}, []translate.Point{{0, 0}}, []translate.Point{{0, 0}, {1, 1}}},
		{"a neighbour's neighbour", []translate.Point{{0, 0}, {1, 1}}, []translate.Point{{0, 0}, {2, 2}}, []translate.Point{{0, 0}, {1, 1}, {2, 2}}},
		{"a neighbour both of whose words are aligned", []translate.Point{{0, 0}, {1, 1}, {1, 0}}, []translate.Point{{0, 0}, {1, 1}}, []translate.Point{{0, 0}, {1, 1}}},
		{"far, both words free", []translate.Point{{0, 0}, {5, 4}}, []translate.Point{{0, 0}}, []translate.Point{{0, 0}, {5, 4}}},
		{"far, one word free", []translate.Point{{0, 0}, {0, 4}}, []translate.Point{{0, 0}}, []translate.Point{{0, 0}}},
		{"no intersection: forward is first", []translate.Point{{0, 0}}, []translate.Point{{0, 3}, {3, 3}}, []translate.Point{{0, 0}, {3, 3}}},
	} {
		got, err := translate.GrowDiagFinalAnd(c.forward, c.backward)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	if _, err := translate.GrowDiagFinalAnd([]translate.Point{{-1, 0}}, nil); err == nil {
		t.Error("a negative number is no error")
	}
}

// TestPhrases: phrases are those that their definition allows, of all spans.
func TestPhrases(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 300 {
		n, m, longest := 1+r.IntN(6), 1+r.IntN(6), 1+r.IntN(5)
		var points []translate.Point
		for range r.IntN(7) {
			points = append(points, translate.Point{Source: r.IntN(n), Target: r.IntN(m)})
		}
		from, to, err := translate.Phrases(n, m, points, longest)
		if err != nil {
			t.Fatal(err)
		}
		got := map[[2]translate.Span]bool{}
		for i := range from {
			k := [2]translate.Span{from[i], to[i]}
			if got[k] {
				t.Errorf("%v comes twice", k)
			}
			got[k] = true
		}
		for a := range n {
			for b := a + 1; b <= n; b++ {
				for c := range m {
					for d := c + 1; d <= m; d++ {
						inside, crossing := 0, 0
						for _, p := range points {
							s, e := p.Source >= a && p.Source < b, p.Target >= c && p.Target < d
							if s && e {
								inside++
							} else if s || e {
								crossing++
							}
						}
						want := inside > 0 && crossing == 0 && b-a <= longest && d-c <= longest
						if k := [2]translate.Span{{From: a, To: b}, {From: c, To: d}}; got[k] != want {
							t.Errorf("%v in (%d, %d) with %v, longest %d: %v, want %v", k, n, m, points, longest, got[k], want)
						}
						if want {
							found++
						}
					}
				}
			}
		}
	}
	if found < 500 {
		t.Errorf("only %d phrases", found)
	}
}

// corpus makes sentences of a small language pair: nouns stand before adjectives in the source and
// after them in the target, articles agree with nouns, a negation is in two parts, and a potato is
// an apple of the earth.
func corpus(n int, seed uint64) []translate.Pair {
	r := rand.New(rand.NewPCG(seed, 1))
	nouns := [][3]string{{"le", "chat", "cat"}, {"la", "maison", "house"}, {"le", "livre", "book"}, {"la", "table", "table"}, {"le", "chien", "dog"}, {"la", "lune", "moon"}, {"la", "pomme", "apple"}, {"la", "pomme de terre", "potato"}}
	adjectives := [][2]string{{"noir", "black"}, {"rouge", "red"}, {"grand", "big"}, {"vieux", "old"}, {"vert", "green"}}
	verbs := [][2]string{{"voit", "sees"}, {"mange", "eats"}, {"aime", "loves"}, {"trouve", "finds"}}
	phrase := func() (string, string) {
		w := nouns[r.IntN(len(nouns))]
		if r.IntN(2) == 0 {
			return w[0] + " " + w[1], "the " + w[2]
		}
		a := adjectives[r.IntN(len(adjectives))]
		return w[0] + " " + w[1] + " " + a[0], "the " + a[1] + " " + w[2]
	}
	var out []translate.Pair
	for range n {
		s1, t1 := phrase()
		s2, t2 := phrase()
		v := verbs[r.IntN(len(verbs))]
		if r.IntN(4) == 0 {
			out = append(out, pair(s1+" ne "+v[0]+" pas "+s2, t1+" never "+v[1]+" "+t2))
		} else {
			out = append(out, pair(s1+" "+v[0]+" "+s2, t1+" "+v[1]+" "+t2))
		}
	}
	return out
}

func bleu(t testing.TB, pairs []translate.Pair, f func(source []string) ([]string, error)) float64 {
	t.Helper()
	var got []string
	var want [][]string
	for _, p := range pairs {
		words, err := f(p.Source)
		if err != nil {
			t.Fatal(err)
		}
		got, want = append(got, strings.Join(words, " ")), append(want, []string{strings.Join(p.Target, " ")})
	}
	score, err := metrics.BLEU(got, want)
	if err != nil {
		t.Fatal(err)
	}
	return score
}

func phraseBased(t testing.TB, pairs []translate.Pair) *translate.Model {
	t.Helper()
	m, err := translate.PhraseBased{}.Fit(context.Background(), pairs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPhrasesBeatWords: on held-out sentences phrases are far better than words one by one, and
// tuned weights no worse on what they are tuned on.
func TestPhrasesBeatWords(t *testing.T) {
	train, tune, test := corpus(60, 1), corpus(40, 2), corpus(100, 3)
	words := lexicon(t, translate.IBM1{}, train)
	byWord := bleu(t, test, func(s []string) ([]string, error) { return words.Translate(s), nil })
	m := phraseBased(t, train)
	monotone := translate.Decoder{Model: m}
	byPhrase := bleu(t, test, monotone.Translate)
	jumps := bleu(t, test, translate.Decoder{Model: m, Distortion: 3}.Translate)
	before := bleu(t, tune, monotone.Translate)
	weights, score, err := monotone.Tune(context.Background(), tune, metrics.BLEU)
	if err != nil {
		t.Fatal(err)
	}
	monotone.Weights = weights
	tuned := bleu(t, test, monotone.Translate)
	t.Logf("BLEU: words %.1f, phrases in order %.1f, with jumps %.1f, tuned %.1f (on its own sentences %.1f, before %.1f)", byWord, byPhrase, jumps, tuned, score, before)
	if byPhrase < byWord+20 || jumps < byWord+20 {
		t.Errorf("BLEU of words %.1f, of phrases %.1f, with jumps %.1f", byWord, byPhrase, jumps)
	}
	if score < before || math.Abs(score-bleu(t, tune, monotone.Translate)) > 1e-9 {
		t.Errorf("tuned to %v from %v", score, before)
	}
	if again := bleu(t, test, translate.Decoder{Model: phraseBased(t, train)}.Translate); again != byPhrase {
		t.Errorf("a second model has %v, the first %v", again, byPhrase)
	}
}

// TestDecoderAtTheEdge: unknown words stay, long and empty sentences are translated.
func TestDecoderAtTheEdge(t *testing.T) {
	m := phraseBased(t, books)
	d := translate.Decoder{Model: m, Distortion: 2, Stack: 10}
	for _, c := range []struct{ source, want string }{
		{"", ""}, {"das Haus", "the house"}, {"Zebra", "Zebra"}, {"das Zebra", "the Zebra"}, {"ein Buch", "a book"},
	} {
		if got, err := d.Translate(strings.Fields(c.source)); err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, %v, want %q", c.source, got, err, c.want)
		}
	}
	for _, dist := range []int{0, 1, 20} {
		d.Distortion = dist
		if got, err := d.Translate(slices.Repeat([]string{"Buch"}, 200)); err != nil || len(got) != 200 {
			t.Errorf("200 words with jumps of %d: %d, %v", dist, len(got), err)
		}
	}
	if got, prob := m.Translations([]string{"das"}); len(got) == 0 || got[0][0] != "the" || !(prob[0] > 0.5) {
		t.Errorf("das: %v, %v", got, prob)
	}
}

func TestRefuses(t *testing.T) {
	ctx := context.Background()
	long := slices.Repeat([]string{"a"}, 1_000_000)
	for name, pairs := range map[string][]translate.Pair{
		"no pairs": nil, "no source": {{Target: []string{"a"}}}, "no target": {{Source: []string{"a"}}},
		"a million repeats": {{Source: long, Target: long}}, "an empty word": {{Source: []string{""}, Target: []string{"a"}}},
	} {
		if _, err := (translate.IBM1{}).Fit(ctx, pairs); err == nil {
			t.Errorf("%s: no error by IBM1", name)
		}
		if _, err := (translate.PhraseBased{}).Fit(ctx, pairs, nil); err == nil {
			t.Errorf("%s: no error by PhraseBased", name)
		}
	}
	for _, o := range []translate.PhraseBased{{Longest: 11}, {Longest: -1}, {Order: 6}, {Options: -1}, {Lexicon: translate.IBM1{Steps: -1}}} {
		if _, err := o.Fit(ctx, books, nil); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
	m := phraseBased(t, books)
	for _, d := range []translate.Decoder{{}, {Model: new(translate.Model)}, {Model: m, Stack: -1}, {Model: m, Distortion: 21}, {Model: m, Weights: translate.Weights{Word: math.NaN()}}, {Model: m, Weights: translate.Weights{Target: math.Inf(1)}}} {
		if _, err := d.Translate([]string{"das"}); err == nil {
			t.Errorf("%+v is no error", d)
		}
	}
	if _, err := (translate.Decoder{Model: m}).Translate(long); err == nil || !strings.Contains(err.Error(), "1000000 words") {
		t.Errorf("a sentence of a million words: %v", err)
	}
	if _, _, err := (translate.Decoder{Model: m}).Tune(ctx, nil, metrics.BLEU); err == nil {
		t.Error("tuning on nothing is no error")
	}
	for name, points := range map[string][]translate.Point{"source": {{2, 0}}, "target": {{0, 2}}, "negative": {{-1, 0}}} {
		if _, _, err := translate.Phrases(2, 2, points, 3); err == nil {
			t.Errorf("a point outside (%s) is no error", name)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := (translate.IBM1{}).Fit(cancelled, books); err == nil {
		t.Error("a cancelled fit is none")
	}
}

// FuzzTranslate: any sentences give an error or a model that translates any other.
func FuzzTranslate(f *testing.F) {
	f.Add("das Haus", "the house", "das Buch", "the book", "ein Haus Haus", 0)
	f.Add("a a a", "b", "c", "d e f", "f c a", 3)
	f.Fuzz(func(t *testing.T, s1, t1, s2, t2, s string, distortion int) {
		pairs := []translate.Pair{pair(s1, t1), pair(s2, t2)}
		for _, w := range []string{s1, t1, s2, t2, s} {
			if len(w) > 40 {
				return
			}
		}
		m, err := translate.PhraseBased{}.Fit(context.Background(), pairs, nil)
		if err != nil {
			return
		}
		source := strings.Fields(s)
		got, err := translate.Decoder{Model: m, Distortion: distortion, Stack: 5}.Translate(source)
		if err == nil && (len(got) < len(source)/7 || slices.Contains(got, "")) {
			t.Errorf("%q became %q", source, got)
		}
	})
}

func ExampleIBM1() {
	l, err := translate.IBM1{NoNull: true}.Fit(context.Background(), []translate.Pair{
		{Source: []string{"das", "Haus"}, Target: []string{"the", "house"}},
		{Source: []string{"das", "Buch"}, Target: []string{"the", "book"}},
		{Source: []string{"ein", "Buch"}, Target: []string{"a", "book"}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.2f %.2f %q\n", l.Prob("das", "the"), l.Prob("das", "book"), l.Translate([]string{"ein", "Haus"}))
	// Output: 0.99 0.00 ["a" "house"]
}

func ExamplePhraseBased() {
	var pairs []translate.Pair
	for _, p := range [][2]string{
		{"la lune", "the moon"}, {"la maison", "the house"}, {"la maison rouge", "the red house"}, {"la lune verte", "the green moon"},
		{"la maison verte", "the green house"}, {"maison", "house"}, {"lune", "moon"}, {"rouge", "red"}, {"verte", "green"},
	} {
		pairs = append(pairs, translate.Pair{Source: strings.Fields(p[0]), Target: strings.Fields(p[1])})
	}
	m, err := translate.PhraseBased{}.Fit(context.Background(), pairs, [][]string{{"the", "red", "moon"}})
	if err != nil {
		panic(err)
	}
	words, err := translate.Decoder{Model: m, Distortion: 3}.Translate([]string{"la", "lune", "rouge"})
	fmt.Println(words, err)
	// Output: [the red moon] <nil>
}

func ExampleGrowDiagFinalAnd() {
	forward := []translate.Point{{Source: 0, Target: 0}, {Source: 2, Target: 1}, {Source: 1, Target: 2}}
	backward := []translate.Point{{Source: 0, Target: 0}, {Source: 2, Target: 1}}
	points, err := translate.GrowDiagFinalAnd(forward, backward)
	if err != nil {
		panic(err)
	}
	from, to, err := translate.Phrases(3, 3, points, 2)
	fmt.Println(points, from, to, err)
	// Output: [{0 0} {2 1} {1 2}] [{0 1} {2 3} {1 3} {1 2}] [{0 1} {1 2} {1 3} {2 3}] <nil>
}

// BenchmarkPhraseBased trains on 2,000 sentences of 5 to 13 words, and translates.
func BenchmarkPhraseBased(b *testing.B) {
	pairs := corpus(2000, 1)
	m := phraseBased(b, pairs)
	b.Run("fit", func(b *testing.B) {
		for b.Loop() {
			phraseBased(b, pairs)
		}
	})
	for _, distortion := range []int{0, 6} {
		b.Run(fmt.Sprint("translate, jumps of ", distortion), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := (translate.Decoder{Model: m, Distortion: distortion}).Translate(pairs[i%len(pairs)].Source); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
