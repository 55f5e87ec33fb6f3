package ngram_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/text/ngram"
)

func fit(t testing.TB, order, vocab int, texts ...[]int) *ngram.Model {
	t.Helper()
	m, err := ngram.KneserNey{Order: order, Vocab: vocab}.Fit(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by*math.Max(1, math.Abs(b)) }

// TestKneserNey: probabilities, discounts and sizes are those of testdata/kneserney.py.
func TestKneserNey(t *testing.T) {
	b, err := os.ReadFile("testdata/kneserney.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name         string
		Order, Vocab int
		Texts, Held  [][]int
		Rows         []struct {
			Context []int
			Probs   []float64
		}
		LogProbs  []float64
		Discounts [][3]float64
		Fallbacks []bool
		Sizes     []int
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 7 {
		t.Fatalf("%d cases", len(cases))
	}
	estimated := 0
	for _, c := range cases {
		m := fit(t, c.Order, c.Vocab, c.Texts...)
		if !slices.Equal(m.Sizes(), c.Sizes) {
			t.Errorf("%s: sizes %v, want %v", c.Name, m.Sizes(), c.Sizes)
		}
		for i, d := range m.Discounts() {
			w := c.Discounts[i]
			if !near(d.One, w[0], 1e-14) || !near(d.Two, w[1], 1e-14) || !near(d.More, w[2], 1e-14) || d.Fallback != c.Fallbacks[i] {
				t.Errorf("%s: discounts of order %d: %+v, want %v, %v", c.Name, i+1, d, w, c.Fallbacks[i])
			}
			if !d.Fallback {
				estimated++
			}
		}
		all := make([]float64, c.Vocab)
		for _, r := range c.Rows {
			if err := m.Probs(r.Context, all); err != nil {
				t.Fatal(err)
			}
			for w, want := range r.Probs {
				p, err := m.Prob(r.Context, w)
				if err != nil || p != all[w] || math.Abs(p-want) > 1e-14 {
					t.Errorf("%s: p(%d|%v) = %v, %v, %v, want %v", c.Name, w, r.Context, p, all[w], err, want)
				}
			}
		}
		for i, want := range c.LogProbs {
			if got, err := m.LogProb(c.Held[i]); err != nil || !near(got, want, 1e-12) {
				t.Errorf("%s: log p of text %d: %v, %v, want %v", c.Name, i, got, err, want)
			}
		}
	}
	if estimated < 10 {
		t.Errorf("only %d orders have discounts of their own", estimated)
	}
}

// TestByHand: "a b a" and "a", bigrams. Discounts are 0.5, 1 and 1.5, as there is no count of 3.
//
// Unigrams have the number of tokens before them: a two (the mark and b), b one, 3 in all, so that
// p(a) = (2−1)/3 + (1+0.5)/3 · 1/2 and p(b) = (1−0.5)/3 + 1.5/3 · 1/2. After the mark a occurs
// twice: p(a|^) = (2−1)/2 + 1/2·p(a). After a there is b, once: p(b|a) = 0.5/1 + 0.5·p(b).
func TestByHand(t *testing.T) {
	m := fit(t, 2, 2, []int{0, 1, 0}, []int{0})
	pa, pb := 1./3+1.5/3/2, 0.5/3+1.5/3/2
	for _, c := range []struct {
		context []int
		next    int
		want    float64
	}{
		{nil, 0, pa}, {nil, 1, pb},
		{[]int{ngram.Begin}, 0, 0.5 + 0.5*pa}, {[]int{ngram.Begin}, 1, 0.5 * pb},
		{[]int{0}, 1, 0.5 + 0.5*pb}, {[]int{0}, 0, 0.5 * pa},
		{[]int{1, 0}, 0, 0.5 * pa},
	} {
		if p, err := m.Prob(c.context, c.next); err != nil || !near(p, c.want, 1e-15) {
			t.Errorf("p(%d|%v) = %v, %v, want %v", c.next, c.context, p, err, c.want)
		}
	}
}

// TestSumsToOne: of any order, over any texts and contexts, all probabilities are positive and
// their sum is 1.
func TestSumsToOne(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 60 {
		order, vocab := 1+n%10, 1+r.IntN(12)
		var texts [][]int
		for range 1 + r.IntN(20) {
			text := make([]int, r.IntN(60))
			for i := range text {
				text[i] = int(float64(vocab) * r.Float64() * r.Float64())
			}
			texts = append(texts, text)
		}
		texts = append(texts, []int{0})
		m := fit(t, order, vocab, texts...)
		all := make([]float64, vocab)
		for range 20 {
			c := make([]int, r.IntN(12))
			for i := range c {
				c[i] = r.IntN(vocab)
			}
			if len(c) > 0 && r.IntN(3) == 0 {
				c[0] = ngram.Begin
			}
			if err := m.Probs(c, all); err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, p := range all {
				sum += p
				if !(p > 0) {
					t.Errorf("order %d, %v: a probability of %v", order, c, p)
				}
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("order %d, vocabulary %d, %v: the sum is %v", order, vocab, c, sum)
			}
		}
	}
}

// TestEdges: one token, a million repeats, empty texts.
func TestEdges(t *testing.T) {
	one := fit(t, 3, 1, []int{0})
	if p, err := one.Prob([]int{ngram.Begin}, 0); err != nil || p != 1 {
		t.Errorf("the only token: %v, %v", p, err)
	}
	if p, err := one.LogProb(nil); err != nil || p != 0 {
		t.Errorf("no text: %v, %v", p, err)
	}
	began := time.Now()
	same := fit(t, 10, 3, make([]int, 1_000_000), nil)
	t.Logf("1,000,000 repeats: %v", time.Since(began))
	if want := []int{1, 2, 2, 2, 2, 2, 2, 2, 2, 2}; !slices.Equal(same.Sizes(), want) {
		t.Errorf("sizes %v, want %v", same.Sizes(), want)
	}
	if p, err := same.Prob(make([]int, 20), 0); err != nil || p < 0.999 || p >= 1 {
		t.Errorf("after repeats: %v, %v", p, err)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     ngram.KneserNey
		texts [][]int
		want  string
	}{
		{"order", ngram.KneserNey{Order: 11, Vocab: 2}, [][]int{{0}}, "of order 11"},
		{"negative order", ngram.KneserNey{Order: -1, Vocab: 2}, [][]int{{0}}, "of order -1"},
		{"vocabulary", ngram.KneserNey{}, [][]int{{0}}, "a vocabulary of 0"},
		{"no texts", ngram.KneserNey{Vocab: 2}, nil, "0 texts have no token"},
		{"empty texts", ngram.KneserNey{Vocab: 2}, [][]int{{}, nil}, "2 texts have no token"},
		{"id", ngram.KneserNey{Vocab: 2}, [][]int{{0}, {0, 2}}, "text 1: the id 2 at 1"},
		{"mark", ngram.KneserNey{Vocab: 2}, [][]int{{ngram.Begin}}, "text 0: the id -1 at 0"},
	} {
		if _, err := c.o.Fit(context.Background(), c.texts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (ngram.KneserNey{Vocab: 2}).Fit(ctx, [][]int{{0, 1}}); err == nil {
		t.Error("a cancelled fit is none")
	}
	m := fit(t, 3, 2, []int{0, 1, 1, 0})
	for name, err := range map[string]error{
		"next":         second(m.Prob(nil, 2)),
		"context":      second(m.Prob([]int{5, 0}, 1)),
		"mark inside":  second(m.Prob([]int{0, ngram.Begin}, 1)),
		"mark after":   second(m.Prob([]int{1, 1, ngram.Begin, 0}, 1)),
		"room":         m.Probs(nil, make([]float64, 3)),
		"text":         second(m.LogProb([]int{0, 3})),
		"sample":       func() error { _, err := m.Sample(nil, -1, 1); return err }(),
		"sample after": func() error { _, err := m.Sample([]int{9}, 1, 1); return err }(),
		"start":        func() error { _, err := m.Stepper(2); return err }(),
		"not fitted":   second(new(ngram.Model).Prob(nil, 0)),
		"no texts":     second(new(ngram.Model).LogProb(nil)),
	} {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

func second(_ float64, err error) error { return err }

// TestSample: samples have the probabilities of the model by a χ² test at 1 in 10,000, and the
// same seed gives the same.
func TestSample(t *testing.T) {
	m := fit(t, 3, 5, []int{0, 1, 2, 0, 1, 3, 0, 1, 2, 2, 1, 0, 3}, []int{1, 2, 0}, []int{0, 0, 1, 2})
	const draws = 20000
	for _, c := range [][]int{{}, {ngram.Begin}, {0, 1}, {1, 2}, {4}} {
		want, count := make([]float64, 5), make([]float64, 5)
		if err := m.Probs(c, want); err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(draws) {
			ids, err := m.Sample(c, 1, seed)
			if err != nil {
				t.Fatal(err)
			}
			count[ids[0]]++
		}
		chi2 := 0.0
		for i, p := range want {
			chi2 += (count[i] - draws*p) * (count[i] - draws*p) / (draws * p)
		}
		if p := 1 - (distuv.ChiSquared{K: 4}).CDF(chi2); p < 1e-4 {
			t.Errorf("after %v: %v of %v, p = %v", c, count, want, p)
		}
	}
	a, err := m.Sample(nil, 50, 7)
	b, err2 := m.Sample(nil, 50, 7)
	other, _ := m.Sample(nil, 50, 8)
	if err != nil || err2 != nil || len(a) != 50 || !slices.Equal(a, b) || slices.Equal(a, other) {
		t.Errorf("%v, %v, %v", a, b, other)
	}
}

// TestStepper: what a beam search finds has the log-probability that the model gives the whole,
// and sampling in batches is that of each row alone.
func TestStepper(t *testing.T) {
	// 0 is the start, 5 the end.
	texts := [][]int{{1, 2, 3, 5}, {1, 2, 4, 3, 5}, {2, 3, 5}, {1, 4, 5}, {1, 2, 3, 3, 5}}
	for order := 1; order <= 4; order++ {
		m := fit(t, order, 6, texts...)
		step, err := m.Stepper(0)
		if err != nil {
			t.Fatal(err)
		}
		prompts := [][]int{{0}, {0, 1, 2}, {0, 3}}
		found, err := generate.Beam{Vocab: 6, Most: 8, Stop: []int{5}, Width: 3, Best: 3}.Search(context.Background(), step, prompts)
		if err != nil {
			t.Fatal(err)
		}
		for row, list := range found {
			given := prompts[row][1:]
			before, err := m.LogProb(given)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list {
				text := append(slices.Clone(given), o.IDs...)
				if o.Stop >= 0 {
					text = append(text, o.Stop)
				}
				all, err := m.LogProb(text)
				if err != nil || math.Abs(all-before-o.LogProb) > 1e-5 { // logits are float32
					t.Errorf("order %d, row %d: %v has %v, the model gives %v, %v", order, row, o.IDs, o.LogProb, all-before, err)
				}
			}
		}
	}
	m := fit(t, 3, 6, texts...)
	for name, f := range map[string]func(s *ngram.Stepper) error{
		"parent": func(s *ngram.Stepper) error {
			if err := s.Step([]int{0}, []int{0}, make([]float32, 6)); err != nil {
				t.Fatal(err)
			}
			return s.Step([]int{1}, []int{0}, make([]float32, 6))
		},
		"id":     func(s *ngram.Stepper) error { return s.Step([]int{0}, []int{6}, make([]float32, 6)) },
		"logits": func(s *ngram.Stepper) error { return s.Step([]int{0}, []int{0}, make([]float32, 7)) },
		"zero":   func(*ngram.Stepper) error { return new(ngram.Stepper).Step(nil, nil, nil) },
	} {
		s, err := m.Stepper(-1)
		if err != nil {
			t.Fatal(err)
		}
		if f(s) == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

func Example() {
	const letters = " abcdefghijklmnopqrstuvwxyz"
	ids := func(s string) (out []int) {
		for _, c := range s {
			out = append(out, strings.IndexRune(letters, c))
		}
		return out
	}
	m, err := ngram.KneserNey{Order: 3, Vocab: len(letters)}.Fit(context.Background(), [][]int{ids("the light of the sun"), ids("the rays of light")})
	if err != nil {
		panic(err)
	}
	p, err := m.Prob(ids("th"), ids("e")[0])
	if err != nil {
		panic(err)
	}
	whole, err := m.LogProb(ids("the light"))
	if err != nil {
		panic(err)
	}
	fmt.Printf("p(e|th) %.3f, perplexity %.2f\n", p, math.Exp(-whole/9))
	drawn, err := m.Sample([]int{ngram.Begin}, 12, 3)
	if err != nil {
		panic(err)
	}
	for _, id := range drawn {
		fmt.Print(letters[id : id+1])
	}
	// Output:
	// p(e|th) 0.632, perplexity 1.60
	// kqys theht o
}

// TestBook: on the last tenth of a book, in characters, every order up to five is better than the
// one before, and the fifth needs fewer bits than DEFLATE.
func TestBook(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/testdata/Isaac.Newton-Opticks.txt"))
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int, len(book))
	for i, b := range book {
		ids[i] = int(b)
	}
	cut := len(ids) / 10 * 9
	var packed bytes.Buffer
	w, err := flate.NewWriterDict(&packed, flate.BestCompression, book[:cut])
	if err != nil {
		t.Fatal(err)
	}
	w.Write(book[cut:])
	w.Close()
	deflate := 8 * float64(packed.Len()) / float64(len(ids)-cut)
	before := 8.0
	for order := 1; order <= 7; order++ {
		m := fit(t, order, 256, ids[:cut])
		p, err := m.LogProb(ids[cut:])
		if err != nil {
			t.Fatal(err)
		}
		bits := -p / math.Ln2 / float64(len(ids)-cut)
		t.Logf("order %d: %.3f bits per byte, n-grams %v (DEFLATE %.3f)", order, bits, m.Sizes(), deflate)
		if order <= 5 && bits >= before || order == 5 && bits >= deflate {
			t.Errorf("order %d: %v bits per byte, before %v, DEFLATE %v", order, bits, before, deflate)
		}
		before = bits
	}
}
