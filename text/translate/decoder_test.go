package translate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// everyTranslation calls f with all translations of a sentence by the phrases of a model within
// limits of jumps, and with their scores, from the formula of Weights over the whole.
func everyTranslation(t *testing.T, d Decoder, source []string, f func(words []string, score float64)) {
	m, w := d.Model, d.Weights
	ids := m.numbers(source, m.source)
	done := make([]bool, len(ids))
	var grow func(words []int32, score float64, end int)
	grow = func(words []int32, score float64, end int) {
		if !slices.Contains(done, false) {
			text, out := []int{}, []string{}
			for _, e := range words {
				if e < 0 {
					text, out = append(text, m.unknown()), append(out, source[-1-e])
				} else {
					text, out = append(text, int(e)), append(out, m.words[e])
				}
			}
			language, err := m.language.LogProb(append(text, m.end()))
			if err != nil {
				t.Fatal(err)
			}
			f(out, score+w.Language*language)
			return
		}
		for from := range ids {
			jump := max(from-end, end-from)
			if jump > d.Distortion {
				continue
			}
			for to := from + 1; to <= len(ids) && !slices.Contains(done[from:to], true); to++ {
				list := m.phrases[key(ids[from:to])]
				if to == from+1 && len(list) == 0 {
					list = []phrase{{words: []int32{int32(-1 - from)}}}
				}
				for _, p := range list {
					for i := from; i < to; i++ {
						done[i] = true
					}
					s := w.Target*p.logs[0] + w.Source*p.logs[1] + w.LexTarget*p.logs[2] + w.LexSource*p.logs[3]
					grow(append(slices.Clone(words), p.words...), score+s+w.Phrase+w.Word*float64(len(p.words))-w.Distortion*float64(jump), to)
					for i := from; i < to; i++ {
						done[i] = false
					}
				}
			}
		}
	}
	grow(nil, 0, 0)
}

// TestDecoderIsExact: with stacks that lose nothing, the decoder finds the best of all
// translations.
func TestDecoderIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	words := func(prefix string, n int) (out []string) {
		for range n {
			out = append(out, fmt.Sprint(prefix, r.IntN(5)))
		}
		return out
	}
	reordered := 0
	for n := range 40 {
		var pairs []Pair
		for range 12 {
			k := 1 + r.IntN(4)
			pairs = append(pairs, Pair{words("s", k), words("t", max(1, k-1+r.IntN(3)))})
		}
		m, err := PhraseBased{Longest: 3, Order: 1 + n%5, Options: 3}.Fit(context.Background(), pairs, nil)
		if err != nil {
			t.Fatal(err)
		}
		weights := Weights{r.Float64(), r.Float64(), r.Float64(), r.Float64(), r.Float64(), r.Float64() - 0.5, r.Float64() - 0.5, 0.2 * r.Float64()}
		source := words("s", 1+r.IntN(4))
		if n%3 == 0 {
			source[r.IntN(len(source))] = "new"
		}
		for _, distortion := range []int{0, len(source)} {
			d := Decoder{Model: m, Stack: 1 << 20, Distortion: distortion, Weights: weights}
			got, err := d.Translate(source)
			if err != nil {
				t.Fatal(err)
			}
			best, of := math.Inf(-1), math.Inf(-1)
			var want []string
			everyTranslation(t, d, source, func(words []string, score float64) {
				if score > best {
					best, want = score, words
				}
				if slices.Equal(words, got) {
					of = max(of, score)
				}
			})
			if math.Abs(of-best) > 1e-9 {
				t.Errorf("%d, jumps of %d: %q became %q with %v, %q has %v", n, distortion, source, got, of, want, best)
			}
			if distortion > 0 {
				if monotone, err := (Decoder{Model: m, Stack: 1 << 20, Weights: weights}).Translate(source); err == nil && !slices.Equal(monotone, got) {
					reordered++
				}
			}
		}
	}
	if reordered < 5 {
		t.Errorf("%d translations only change with jumps", reordered)
	}
}

// TestPhraseScores by hand. Three pairs are aligned: a b with x y in order, a with y, and a c with
// x, where c has no point. So a is aligned with x twice and with y once, b with y once, and c with
// the empty word.
func TestPhraseScores(t *testing.T) {
	const a, b, c, x, y = 0, 1, 2, 0, 1
	n := newPhraseCounts()
	n.alignments = []alignment{
		{[]int32{a, b}, []int32{x, y}, []Point{{0, 0}, {1, 1}}},
		{[]int32{a}, []int32{y}, []Point{{0, 0}}},
		{[]int32{a, c}, []int32{x}, []Point{{0, 0}}},
	}
	n.countWords()
	if err := n.countPhrases(3); err != nil {
		t.Fatal(err)
	}
	m := &Model{phrases: map[string][]phrase{}}
	n.fill(m, 5)
	want := map[string][]phrase{ // φ(e|f), φ(f|e), lex(e|f), lex(f|e)
		key([]int32{a}): {
			{[]int32{x}, [4]float64{2. / 3, 2. / 3, 2. / 3, 1}}, // twice; x has a phrase three times, once with a c
			{[]int32{y}, [4]float64{1. / 3, 1. / 2, 1. / 3, 1. / 2}},
		},
		key([]int32{b}):    {{[]int32{y}, [4]float64{1, 1. / 2, 1, 1. / 2}}},
		key([]int32{a, b}): {{[]int32{x, y}, [4]float64{1, 1, 2. / 3, 1. / 2}}},
		key([]int32{a, c}): {{[]int32{x}, [4]float64{1, 1. / 3, 2. / 3, 1}}},
	}
	if len(m.phrases) != len(want) {
		t.Errorf("%d phrases, want %d", len(m.phrases), len(want))
	}
	for k, list := range want {
		got := m.phrases[k]
		if len(got) != len(list) {
			t.Errorf("%q has %d translations, want %d", k, len(got), len(list))
			continue
		}
		for i, p := range list {
			for j, v := range p.logs {
				if !slices.Equal(got[i].words, p.words) || math.Abs(math.Exp(got[i].logs[j])-v) > 1e-15 {
					t.Errorf("%q, %v: score %d of %v is %v, want %v", k, p.words, j, got[i].words, math.Exp(got[i].logs[j]), v)
				}
			}
		}
	}
}
