package text_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/metrics"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/text/translate"
)

// phrases are pairs of a small language, in groups of three: an adjective follows its noun in the
// translation, which agrees with it, so that no word-by-word translation is right.
func phrases(n int, seed uint64) []text.TextPair {
	r := rand.New(rand.NewPCG(seed, 0))
	nouns := [][2]string{{"wave", "onde"}, {"lens", "lentille"}, {"ray", "rayon"}, {"prism", "prisme"}, {"colour", "couleur"}}
	adjectives := [][3]string{{"green", "vert", "verte"}, {"small", "petit", "petite"}, {"blue", "bleu", "bleue"}}
	verbs := [][2]string{{"bends", "plie"}, {"stops", "cesse"}, {"grows", "grandit"}}
	out := make([]text.TextPair, n)
	for i := range out {
		noun, adjective, verb := r.IntN(len(nouns)), adjectives[r.IntN(len(adjectives))], verbs[r.IntN(len(verbs))]
		determiner, agreed, end := [3]string{"the", "le", "la"}, adjective[2], ""
		if r.IntN(2) == 0 {
			determiner = [3]string{"one", "un", "une"}
		}
		article := determiner[2]
		if noun == 2 || noun == 3 {
			article, agreed = determiner[1], adjective[1]
		}
		if r.IntN(2) == 0 {
			end = "."
		}
		out[i] = text.TextPair{
			Source: fmt.Sprintf("%s %s %s %s%s", determiner[0], adjective[0], nouns[noun][0], verb[0], end),
			Target: fmt.Sprintf("%s %s %s %s%s", article, nouns[noun][1], agreed, verb[1], end), Group: i / 3,
		}
	}
	return out
}

func phraseStudy(t testing.TB) *text.TranslationStudy {
	t.Helper()
	s := &text.TranslationStudy{Train: phrases(900, 1), Validation: phrases(60, 2), Test: phrases(60, 3), Seed: 1}
	var texts []string
	for _, p := range s.Train {
		texts = append(texts, p.Source, p.Target)
	}
	var err error
	if s.Tokenizer, err = text.LanguageTokenizer(t.Context(), corpus.BPE, 300, texts); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTranslationStudy: networks and the phrase table learn the small language, and beat word-by-word
// translation outside of the interval.
func TestTranslationStudy(t *testing.T) {
	s := phraseStudy(t)
	words, err := s.WordByWord(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.PhraseTable(t.Context(), translate.PhraseBased{Longest: 4}, translate.Decoder{Distortion: 3}, 10)
	if err != nil {
		t.Fatal(err)
	}
	scores := []*text.TranslationScore{table}
	for name, net := range map[string]text.Translation{
		"transformer": {Net: nets.TransformerTranslation{Dim: 32, Depth: 1, Heads: 2, Hidden: 64}},
		"rnn":         {Net: nets.RNNTranslation{Dim: 32, Units: 24}},
	} {
		net.Epochs, net.LearningRate, net.Batch, net.Average = 8, 0.01, 16, 0.9
		m, h, points, err := s.Fit(t.Context(), net, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) != h.Epochs() || points[0].Loss <= points[len(points)-1].Loss || points[0].BLEU >= points[len(points)-1].BLEU || points[0].Time >= points[len(points)-1].Time {
			t.Errorf("%s: %d epochs, %v", name, h.Epochs(), points)
		}
		score, err := s.ScoreNet(t.Context(), name, m)
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, score)
		texts, err := text.TranslateText(t.Context(), m, s.Tokenizer, []string{s.Test[0].Source, "", s.Test[5].Source}, generate.Beam{Alpha: 0.6})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{score.Texts[0], "", score.Texts[5]}; !slices.Equal(texts, want) {
			t.Errorf("%s: %q, and %q in the study", name, texts, want)
		}
	}
	for _, score := range scores {
		t.Log(score)
		d, err := s.Compare(score, words, "BLEU")
		if err != nil {
			t.Fatal(err)
		}
		if !d.Better() || score.BLEU.Estimate < 80 || score.BLEU.Low > score.BLEU.Estimate || score.BLEU.High < score.BLEU.Estimate {
			t.Errorf("%v; %v", score, d)
		}
		if want := score.BLEU.Estimate - words.BLEU.Estimate; math.Abs(d.Test.Estimate-want) > 1e-9 {
			t.Errorf("a difference of %v, want %v", d.Test.Estimate, want)
		}
	}
	t.Log(words)
	wanted := make([][]string, len(s.Test))
	for i, p := range s.Test {
		wanted[i] = []string{p.Target}
	}
	if v, err := metrics.BLEU(words.Texts, wanted); err != nil || math.Abs(v-words.BLEU.Estimate) > 1e-9 {
		t.Errorf("BLEU %v of word-by-word translations, %v, %v", words.BLEU.Estimate, v, err)
	}
}

func TestTranslationDifference(t *testing.T) {
	of := func(estimate, low, high float64) text.TranslationDifference {
		return text.TranslationDifference{First: "a", Second: "b", Metric: "BLEU", Test: stats.Test{Estimate: estimate, Low: low, High: high}}
	}
	for want, d := range map[string]text.TranslationDifference{
		"a is better than b by 2.0 BLEU (95% interval 1.0 to 3.0":                                of(2, 1, 3),
		"b is better than a by 2.0 BLEU (95% interval 1.0 to 3.0":                                of(-2, -3, -1),
		"a and b: no evidence that they differ (BLEU 0.5 higher for b, 95% interval -1.0 to 2.0": of(-0.5, -2, 1),
	} {
		if !strings.HasPrefix(d.String(), want) {
			t.Errorf("%s, want %s", d, want)
		}
	}
	if of(2, 0, 3).Better() || !of(2, 0.1, 3).Better() {
		t.Error("better without an interval above 0, or not with one")
	}
}

// TestSplitPairs: no group is in two parts, all pairs are in one, and parts have about their share.
func TestSplitPairs(t *testing.T) {
	pairs := phrases(300, 1)
	train, validation, test, err := text.SplitPairs(pairs, 0.1, 7)
	if err != nil {
		t.Fatal(err)
	}
	if len(train)+len(validation)+len(test) != 300 || len(test) < 30 || len(test) > 32 || len(validation) < 30 || len(validation) > 32 {
		t.Errorf("%d, %d and %d pairs", len(train), len(validation), len(test))
	}
	part := map[int]int{}
	for k, list := range [][]text.TextPair{train, validation, test} {
		for _, p := range list {
			if was, ok := part[p.Group]; ok && was != k {
				t.Errorf("group %d is in two parts", p.Group)
			}
			part[p.Group] = k
		}
	}
	again, _, _, err := text.SplitPairs(pairs, 0.1, 7)
	if err != nil || !slices.Equal(again, train) {
		t.Errorf("the same seed divides otherwise: %v", err)
	}
	if other, _, _, err := text.SplitPairs(pairs, 0.1, 8); err != nil || slices.Equal(other, train) {
		t.Errorf("another seed divides alike: %v", err)
	}
	for name, share := range map[string]float64{"0": 0, "half": 0.5, "NaN": math.NaN()} {
		if _, _, _, err := text.SplitPairs(pairs, share, 1); err == nil {
			t.Errorf("a share of %s", name)
		}
	}
	if _, _, _, err := text.SplitPairs(pairs[:3], 0.1, 1); err == nil || !strings.Contains(err.Error(), "3 pairs in 1 groups") {
		t.Errorf("error %v", err)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		text, words, joined string
	}{
		{"Real-time strategy, 2.4.", "Real-time strategy , 2.4 .", "Real-time strategy , 2.4 ."},
		{"l'histoire d’un jeu", "l' histoire d’ un jeu", "l'histoire d’un jeu"},
		{"see www.debian.org/doc (or e.g. C++)", "see www.debian.org/doc ( or e.g . C + + )", "see www.debian.org/doc ( or e.g . C + + )"},
		{"« été »--fin", "« été » - - fin", "« été » - - fin"},
		{"it's 'quoted' a - b", "it' s ' quoted ' a - b", "it's ' quoted ' a - b"},
		{" \n", "", ""},
	} {
		words := text.Words(c.text)
		if got := strings.Join(words, " "); got != c.words {
			t.Errorf("%q: %q, want %q", c.text, got, c.words)
		}
		if got := text.JoinWords(words); got != c.joined {
			t.Errorf("%q joined: %q, want %q", c.text, got, c.joined)
		}
	}
}

// TestTranslationTime: no epoch begins that would pass the limit, but one is always trained.
func TestTranslationTime(t *testing.T) {
	s := phraseStudy(t)
	_, h, _, err := s.Fit(t.Context(), text.Translation{Net: nets.RNNTranslation{Dim: 8, Units: 4}, Epochs: 50, TimeLimit: time.Nanosecond}, 1)
	if err != nil || h.Epochs() != 1 {
		t.Errorf("%d epochs, %v", h.Epochs(), err)
	}
}

func TestTranslationStudyRefuses(t *testing.T) {
	ok := phraseStudy(t)
	few := []text.TextPair{{Source: "", Target: "a"}, {Source: "a", Target: strings.Repeat("b ", 200)}}
	plain, err := corpus.Tokens{}.Fit(weather(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]*text.TranslationStudy{
		"there is no tokenizer":                        {Train: ok.Train},
		"there are no validation pairs of up to 95":    {Tokenizer: ok.Tokenizer, Train: ok.Train, Validation: few, Test: ok.Test},
		"no token <|end|>":                             {Tokenizer: plain.(corpus.FittedTokens).Tokenizer, Train: ok.Train},
		"texts of up to -1 tokens":                     {Tokenizer: ok.Tokenizer, Train: ok.Train, Longest: -1},
		"training pair 0, source: text: the text is n": {Tokenizer: ok.Tokenizer, Train: []text.TextPair{{Source: "\xff", Target: "a"}}},
	} {
		if _, err := s.WordByWord(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	s := &text.TranslationStudy{Tokenizer: ok.Tokenizer, Train: append(slices.Clone(few), ok.Train...), Validation: ok.Validation, Test: ok.Test}
	if n, err := s.LeftOut(); err != nil || n != 2 || !reflect.DeepEqual(s.Train, ok.Train) {
		t.Errorf("%d left out, %v", n, err)
	}
	if _, err := s.Score("few", []string{"a"}); err == nil {
		t.Error("one translation of 60 pairs")
	}
	if _, err := s.Compare(nil, nil, "BLEU"); err == nil {
		t.Error("nothing is compared with nothing")
	}
	score, err := s.WordByWord(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compare(score, score, "TER"); err == nil {
		t.Error("compared by a metric that is none")
	}
	if _, err := s.ScoreNet(t.Context(), "none", nil); err == nil {
		t.Error("no model has a score")
	}
	if _, err := s.PhraseTable(t.Context(), translate.PhraseBased{}, translate.Decoder{}, -1); err == nil {
		t.Error("weights of -1 pairs")
	}
	if _, _, _, err := s.Fit(t.Context(), text.Translation{Epochs: -1}, 1); err == nil {
		t.Error("-1 epochs")
	}
	if _, _, err := (text.Translation{}).Train(t.Context(), weather(t, 9), weather(t, 9), 0, 9, 1); err == nil || !strings.Contains(err.Error(), "no pairs") {
		t.Errorf("error %v", err)
	}
	if _, err := text.TranslateText(t.Context(), nil, ok.Tokenizer, []string{"a"}, generate.Beam{}); err == nil {
		t.Error("translated without a model")
	}
	if _, err := text.TranslationByName("none", 1, 0); err == nil {
		t.Error("a network without a name")
	}
	for _, name := range text.TranslationNames() {
		small, err1 := text.TranslationByName(name, 100, 0)
		large, err2 := text.TranslationByName(name, 50_000, 0)
		if err1 != nil || err2 != nil || small == large {
			t.Errorf("%s: %v and %v, %v, %v", name, small, large, err1, err2)
		}
		for _, dim := range []int{-8, 12, 8192} {
			if _, err := text.TranslationByName(name, 100, dim); err == nil {
				t.Errorf("%s of %d dimensions", name, dim)
			}
		}
	}
}

func ExampleTranslation() {
	s := &text.TranslationStudy{Train: phrases(60, 1), Validation: phrases(9, 2), Test: phrases(9, 3)}
	var texts []string
	for _, p := range s.Train {
		texts = append(texts, p.Source, p.Target)
	}
	ctx := context.Background()
	var err error
	if s.Tokenizer, err = text.LanguageTokenizer(ctx, corpus.BPE, 300, texts); err != nil {
		panic(err)
	}
	m, h, points, err := s.Fit(ctx, text.Translation{Net: nets.RNNTranslation{Dim: 8, Units: 8}, Epochs: 2}, 1)
	if err != nil {
		panic(err)
	}
	score, err := s.ScoreNet(ctx, "rnn", m)
	if err != nil {
		panic(err)
	}
	fmt.Println(h.Epochs(), len(points), len(score.Texts))
	// Output: 2 2 9
}

func ExampleWords() {
	fmt.Printf("%q\n", text.Words("l'histoire du temps, en 2.4"))
	// Output: ["l'" "histoire" "du" "temps" "," "en" "2.4"]
}
