package text_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data/corpus"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/recipes/text"
)

// sentences of a small grammar: a subject of one of two kinds, a few words of filling, and a verb
// that goes with the subject, so that a long memory pays.
func sentences(n int, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(words string) string {
		list := strings.Fields(words)
		return list[r.IntN(len(list))]
	}
	out := make([]string, n)
	for i := range out {
		subject, verb := pick("ray wave lens"), "bends"
		if r.IntN(2) == 0 {
			subject, verb = pick("rays waves lenses"), "bend"
		}
		words := []string{"the", subject}
		for range r.IntN(3) {
			words = append(words, pick("quite often there"))
		}
		out[i] = strings.Join(append(words, verb), " ")
	}
	return out
}

// TestStudy: on both kinds of tokens a network and n-grams come near each other in bits per
// character, which do not depend on the tokens, and the comparison says which is better.
func TestStudy(t *testing.T) {
	for _, kind := range []corpus.Kind{corpus.Characters, corpus.BPE} {
		train := sentences(600, 1)
		tokenizer, err := text.LanguageTokenizer(t.Context(), kind, map[corpus.Kind]int{corpus.BPE: 280}[kind], train)
		if err != nil {
			t.Fatal(err)
		}
		s := &text.Study{Tokenizer: tokenizer, Train: train, Validation: sentences(60, 2), Test: sentences(80, 3), Steps: 32}
		grams, _, err := s.KneserNey(t.Context(), 6)
		if err != nil {
			t.Fatal(err)
		}
		l, h, err := s.Fit(t.Context(), text.Language{Net: nets.LSTMLanguage{Dim: 16, Units: 48, Depth: 1}, Epochs: 12, LearningRate: 0.01, Batch: map[corpus.Kind]int{corpus.Characters: 16, corpus.BPE: 2}[kind]}, 1)
		if err != nil {
			t.Fatal(err)
		}
		score, err := s.Score(t.Context(), "lstm", l)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Compare(score, grams, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: lstm %.3f, %s %.3f; %d epochs; %v", kind, score.Bits, grams.Name, grams.Bits, h.Epochs(), d)
		if !(score.Bits > 0.2 && score.Bits < 0.75) || !(grams.Bits > 0.2 && grams.Bits < 0.75) {
			t.Errorf("%s: %v and %v bits per character", kind, score.Bits, grams.Bits)
		}
		if got := grams.Bits - score.Bits; math.Abs(got-d.Bits) > 1e-9 || d.Interval[0] > d.Bits || d.Interval[1] < d.Bits {
			t.Errorf("%s: a difference of %v, not %v", kind, d, got)
		}
		if n, err := s.Unknown(); err != nil || n != 0 {
			t.Errorf("%d unknown tokens, %v", n, err)
		}
	}
}

func TestDifference(t *testing.T) {
	for want, d := range map[string]text.Difference{
		"a is better than b by 0.200 bits": {First: "a", Second: "b", Bits: 0.2, Interval: [2]float64{0.1, 0.3}},
		"b is better than a by 0.200 bits": {First: "a", Second: "b", Bits: -0.2, Interval: [2]float64{-0.3, -0.1}},
		"a and b: no evidence that they differ (0.010 bits per character in favour of b, 95% interval -0.100 to 0.120": {First: "a", Second: "b", Bits: -0.01, Interval: [2]float64{-0.12, 0.1}},
	} {
		if !strings.HasPrefix(d.String(), want) {
			t.Errorf("%s, want %s", d, want)
		}
	}
}

func TestStudyRefuses(t *testing.T) {
	lines := sentences(30, 1)
	tokenizer, err := text.LanguageTokenizer(t.Context(), corpus.Characters, 0, lines)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := corpus.Tokens{}.Fit(weather(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]*text.Study{
		"there is no tokenizer":                     {Train: lines},
		"there are no test texts":                   {Tokenizer: tokenizer, Train: lines, Validation: lines},
		"no token <|end|>":                          {Tokenizer: plain.(corpus.FittedTokens).Tokenizer, Train: lines, Validation: lines, Test: lines},
		"validation texts have 2 tokens":            {Tokenizer: tokenizer, Train: lines, Validation: []string{"a"}, Test: lines},
		"text 0: text: the text is not valid UTF-8": {Tokenizer: tokenizer, Train: lines, Validation: lines, Test: []string{"\xff"}},
	} {
		if _, _, err := s.Fit(t.Context(), text.Language{}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := text.LanguageTokenizer(t.Context(), corpus.Words, 0, lines); err == nil {
		t.Error("a language model of words")
	}
	s := &text.Study{Tokenizer: tokenizer, Train: lines, Validation: lines, Test: lines}
	if _, err := s.Compare(nil, nil, 1); err == nil {
		t.Error("nothing is compared with nothing")
	}
	if _, err := s.Score(t.Context(), "none", nil); err == nil {
		t.Error("no model has a score")
	}
	if _, _, err := (text.Language{Epochs: -1}).Train(t.Context(), weather(t, 9), weather(t, 9), 1); err == nil {
		t.Error("-1 epochs")
	}
	if _, _, err := (text.Language{}).Train(t.Context(), weather(t, 9), weather(t, 9), 1); err == nil || !strings.Contains(err.Error(), "no windows") {
		t.Errorf("error %v", err)
	}
}
