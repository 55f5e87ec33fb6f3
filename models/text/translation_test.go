package text_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/train"
)

// The toy language: a text of 2 to 6 of the tokens 1 to 6 is translated by reversing it, the token n
// becoming n + 6. 0 is the end.
const toyVocab = 13

func toyPairs(n int, seed uint64) (sources, targets [][]int) {
	r := rand.New(rand.NewPCG(seed, 5))
	for range n {
		var s, t []int
		for range 2 + r.IntN(5) {
			s = append(s, 1+r.IntN(6))
		}
		for _, id := range slices.Backward(s) {
			t = append(t, id+6)
		}
		sources, targets = append(sources, s), append(targets, t)
	}
	return sources, targets
}

func toySet(t testing.TB, n int, seed uint64) *data.Set {
	t.Helper()
	sources, targets := toyPairs(n, seed)
	rows, err := corpus.Pairs("toy", sources, targets, toyVocab, 0)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var translations = map[string]models.Architecture{
	"transformer": text.TransformerTranslation{Dim: 32, Depth: 2, Heads: 2, Hidden: 64},
	"RNN":         text.RNNTranslation{Dim: 24, Units: 24, Depth: 1},
	"deep RNN":    text.RNNTranslation{Dim: 24, Units: 16, Depth: 2, Dropout: 0.05},
}

// learnedPairs are fitted once for all tests.
var learnedPairs = map[string]func() (*text.Translation, error){}

func init() {
	for name, net := range translations {
		learnedPairs[name] = sync.OnceValues(func() (*text.Translation, error) {
			sources, targets := toyPairs(3000, 1)
			rows, err := corpus.Pairs("toy", sources, targets, toyVocab, 0)
			if err != nil {
				return nil, err
			}
			m, err := net.Build(rows, 1)
			if err != nil {
				return nil, err
			}
			_, err = train.Fit(context.Background(), m, rows, train.Config{
				Loss: losses.SequenceCrossEntropy{}, Metrics: []data.Metric{}, Epochs: 10, BatchSize: 32, Seed: 1,
				Optimizer: optim.Adam{LearningRate: 0.004}, Schedule: optim.WarmUp{Epochs: 1, After: optim.CosineDecay{}}, Clip: optim.Clip{Norm: 1},
			})
			return &text.Translation{Net: net, Model: m, Vocab: toyVocab, End: 0, Longest: 40}, err
		})
	}
}

func learnedPair(t testing.TB, name string) *text.Translation {
	t.Helper()
	m, err := learnedPairs[name]()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTranslationsAreLearned: the toy language is translated, greedily and by a beam, and what is
// attended to is the word that is translated.
func TestTranslationsAreLearned(t *testing.T) {
	sources, targets := toyPairs(200, 2)
	for name := range translations {
		m := learnedPair(t, name)
		for _, width := range []int{1, 4} {
			out, err := m.Translate(t.Context(), sources, generate.Beam{Width: width, Alpha: 0.6})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			right := 0
			for i, o := range out {
				if slices.Equal(o.IDs, targets[i]) && o.Stop == 0 {
					right++
				}
			}
			t.Logf("%s, width %d: %d of 200", name, width, right)
			if right < 180 {
				t.Errorf("%s, width %d: %d of 200 translations are right", name, width, right)
			}
		}
	}
}

// TestTranslationSteps: scores of a generator, whose rows lie beside others, change places, and are
// dropped, are those of LogProbs.
func TestTranslationSteps(t *testing.T) {
	sources, targets := toyPairs(6, 3)
	for i := range targets[:4] { // longer than what is translated, so that caches grow, and of one length
		for len(targets[i]) < 20 {
			targets[i] = append(targets[i], 7+(len(targets[i])+i)%6)
		}
	}
	for name := range translations {
		m := learnedPair(t, name)
		want, err := m.LogProbs(t.Context(), sources[:4], targets[:4])
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Generator(t.Context(), sources[:4])
		if err != nil {
			t.Fatal(err)
		}
		order := []int{0, 1, 2, 3} // text of each row
		parents := []int{0, 1, 2, 3}
		for at := range 21 {
			var ids []int
			for _, i := range order {
				ids = append(ids, append([]int{0}, targets[i]...)[at])
			}
			logits := make([]float32, len(ids)*toyVocab)
			if err := g.Step(parents, ids, logits); err != nil {
				t.Fatal(err)
			}
			for row, i := range order {
				next := append(slices.Clone(targets[i]), 0)[at]
				if v := logOf(logits[row*toyVocab:(row+1)*toyVocab], next); math.Abs(v-want[i][at]) > 1e-5*max(1, math.Abs(v)) {
					t.Errorf("%s, text %d, token %d: %v step by step, %v at once", name, i, at, v, want[i][at])
				}
			}
			switch at {
			case 3: // text 1 has two rows
				order, parents = []int{3, 1, 1, 0, 2}, []int{3, 1, 1, 0, 2}
			case 6: // text 3 ends
				order, parents = []int{2, 1, 0}, []int{4, 2, 3}
			case 12:
				order, parents = []int{0, 0, 0, 0, 0, 0, 0, 0, 0}, []int{2, 2, 2, 2, 2, 2, 2, 2, 2}
			default:
				parents = make([]int, len(order))
				for i := range parents {
					parents[i] = i
				}
			}
		}
	}
}

// logOf returns the log-probability of a token.
func logOf(logits []float32, id int) float64 {
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v))
	}
	return float64(logits[id]) - math.Log(sum)
}

// TestTranslationBatches: neither the other rows of a batch nor padding change what a text scores and
// how it is translated; the log-probability of a beam is that of LogProbs.
func TestTranslationBatches(t *testing.T) {
	sources, targets := toyPairs(40, 4)
	for i := range 10 { // longer texts than in training
		sources[i], targets[i] = append(sources[i], sources[i+1]...), append(targets[i], targets[i+1]...)
	}
	for name := range translations {
		m := learnedPair(t, name)
		together, err := m.LogProbs(t.Context(), sources, targets)
		if err != nil {
			t.Fatal(err)
		}
		beam := generate.Beam{Width: 3, Alpha: 1}
		out, err := m.Translate(t.Context(), sources, beam)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 7, 20, 39} {
			alone, err := m.LogProbs(t.Context(), sources[i:i+1], targets[i:i+1])
			if err != nil {
				t.Fatal(err)
			}
			if len(alone[0]) != len(targets[i])+1 {
				t.Fatalf("%s: %d numbers for %d tokens", name, len(alone[0]), len(targets[i]))
			}
			for k, v := range alone[0] {
				if math.Abs(v-together[i][k]) > 1e-5*max(1, math.Abs(v)) {
					t.Errorf("%s, text %d, token %d: %v alone, %v with others", name, i, k, v, together[i][k])
				}
			}
			one, err := m.Translate(t.Context(), sources[i:i+1], beam)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(one[0].IDs, out[i].IDs) || math.Abs(one[0].LogProb-out[i].LogProb) > 1e-4 {
				t.Errorf("%s, text %d: %v alone, %v with others", name, i, one[0], out[i])
			}
			if out[i].Stop < 0 {
				continue // it has no end, which LogProbs counts
			}
			scored, err := m.LogProbs(t.Context(), sources[i:i+1], [][]int{out[i].IDs})
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, v := range scored[0] {
				sum += v
			}
			if math.Abs(sum-out[i].LogProb) > 1e-4 {
				t.Errorf("%s, text %d: the beam has the log-probability %v, scored at once %v", name, i, out[i].LogProb, sum)
			}
		}
	}
}

// TestTranslationAttention: weights are a distribution over the source text. Translating the toy
// language, one looks at the end of the text first, and then backwards.
func TestTranslationAttention(t *testing.T) {
	source, target := []int{1, 2, 3, 4, 5}, []int{11, 10, 9, 8, 7}
	for name := range translations {
		w, err := learnedPair(t, name).Attention(t.Context(), source, target)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(w) != 6 {
			t.Fatalf("%s: %d rows", name, len(w))
		}
		centre := make([]float64, len(w))
		for i, row := range w {
			sum := 0.0
			for j, v := range row {
				sum += v
				centre[i] += float64(j) * v
			}
			if len(row) != 6 || math.Abs(sum-1) > 1e-5 || slices.Min(row) < 0 {
				t.Errorf("%s, row %d: %v", name, i, row)
			}
		}
		if centre[0]-centre[4] < 0.5 {
			t.Errorf("%s: the first token looks at %.2f on average, the last at %.2f", name, centre[0], centre[4])
		}
	}
}

// TestTranslationFloat64: a network of float64 scores and attends; what generates are programs of
// float32.
func TestTranslationFloat64(t *testing.T) {
	rows := toySet(t, 20, 1)
	net := text.TransformerTranslation{Dim: 8, Depth: 1, Heads: 2, Type: graph.Float64}
	m, err := net.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	model := text.Translation{Net: net, Model: m, Vocab: toyVocab, Longest: 10}
	p, err := model.LogProbs(t.Context(), [][]int{{1, 2}}, [][]int{{7}})
	if err != nil || len(p[0]) != 2 || !(p[0][0] < 0 && p[0][0] > -10) {
		t.Errorf("%v, %v", p, err)
	}
	w, err := model.Attention(t.Context(), []int{1, 2}, []int{7})
	if err != nil || len(w) != 2 || math.Abs(w[1][0]+w[1][1]+w[1][2]-1) > 1e-12 {
		t.Errorf("%v, %v", w, err)
	}
	if _, err := model.Generator(t.Context(), [][]int{{1}}); err == nil || !strings.Contains(err.Error(), "want float32") {
		t.Errorf("error %v", err)
	}
}

func TestTranslationFiles(t *testing.T) {
	sources, targets := toyPairs(5, 6)
	for name := range translations {
		m := learnedPair(t, name)
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := m.Save(path, map[string]string{"note": "a toy"}); err != nil {
			t.Fatal(err)
		}
		again, texts, err := text.LoadTranslation(path)
		if err != nil || len(texts) != 1 || texts["note"] != "a toy" {
			t.Fatalf("%s: %v, %v", name, texts, err)
		}
		have, err := again.LogProbs(t.Context(), sources, targets)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.LogProbs(t.Context(), sources, targets)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(have[i], want[i]) {
				t.Errorf("%s, text %d: %v read again, %v before", name, i, have[i], want[i])
			}
		}
		if _, _, err := text.LoadLanguage(path); err == nil || !strings.Contains(err.Error(), "no language model") {
			t.Errorf("error %v", err)
		}
		if err := m.Save(path, map[string]string{"aegis.translation": ""}); err == nil {
			t.Error("a text takes the place of the description")
		}
	}
}

func TestTranslationsRefuse(t *testing.T) {
	rows := toySet(t, 20, 1)
	apart := *rows
	apart.Sequences = slices.Clone(rows.Sequences)
	apart.Sequences[1].Size = toyVocab + 1
	for want, c := range map[string]struct {
		net  models.Architecture
		rows *data.Set
	}{
		"layers of -1: want 1":                         {text.TransformerTranslation{Dim: -1}, rows},
		"layers of 70000: want 1":                      {text.RNNTranslation{Units: 70000}, rows},
		"transformer translation: a dropout rate of 1": {text.TransformerTranslation{Dropout: 1}, rows},
		"rnn translation: a dropout rate of -1":        {text.RNNTranslation{Dropout: -1}, rows},
		"sequences of ids of one vocabulary":           {text.TransformerTranslation{}, &apart},
		"0 inputs and 1 sequences":                     {text.RNNTranslation{}, reviews(t, 5, 1)},
		"3 heads do not divide the width 16":           {text.TransformerTranslation{Dim: 16, Heads: 3}, rows},
	} {
		if _, err := c.net.Build(c.rows, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	net := text.TransformerTranslation{Dim: 16, Depth: 1, Heads: 2}
	m, err := net.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	ok := text.Translation{Net: net, Model: m, Vocab: toyVocab, Longest: 8}
	for want, source := range map[string][]int{
		"source text 1 has 0 tokens": nil, "source text 1 has 9 tokens: want 1 to 8": make([]int, 9), "source text 1, token 1: the id 13": {1, 13}, "the id -1 is not": {-1},
	} {
		sources := [][]int{{1}, source}
		_, err1 := ok.LogProbs(t.Context(), sources, [][]int{{7}, {7}})
		_, err2 := ok.Translate(t.Context(), sources, generate.Beam{})
		_, err3 := ok.Generator(t.Context(), sources)
		for _, err := range []error{err1, err2, err3} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
	}
	if _, err := ok.LogProbs(t.Context(), [][]int{{1}}, nil); err == nil {
		t.Error("scored without a target")
	}
	if _, err := ok.LogProbs(t.Context(), [][]int{{1}}, [][]int{{14}}); err == nil || !strings.Contains(err.Error(), "target text 0, token 0") {
		t.Errorf("error %v", err)
	}
	if _, err := ok.Generator(t.Context(), nil); !errors.Is(err, data.ErrEmpty) {
		t.Errorf("error %v", err)
	}
	if _, err := ok.Attention(t.Context(), nil, []int{1}); err == nil {
		t.Error("attention to nothing")
	}
	logits := make([]float32, 2*toyVocab)
	for name, call := range map[string]func(g generate.Model) error{
		"a row too many":  func(g generate.Model) error { return g.Step([]int{0, 0}, []int{0, 0}, logits) },
		"an id beyond":    func(g generate.Model) error { return g.Step([]int{0}, []int{toyVocab}, logits[:toyVocab]) },
		"a parent beyond": func(g generate.Model) error { return g.Step([]int{1}, []int{0}, logits[:toyVocab]) },
		"few logits":      func(g generate.Model) error { return g.Step([]int{0}, []int{0}, logits[:3]) },
		"too long": func(g generate.Model) error {
			for range 9 {
				if err := g.Step([]int{0}, []int{7}, logits[:toyVocab]); err != nil {
					t.Errorf("a step: %v", err)
				}
			}
			return g.Step([]int{0}, []int{7}, logits[:toyVocab])
		},
	} {
		g, err := ok.Generator(t.Context(), [][]int{{1, 2}})
		if err != nil {
			t.Fatal(err)
		}
		if call(g) == nil {
			t.Errorf("%s: a step is taken", name)
		}
	}
	for name, m := range map[string]*text.Translation{
		"nil": nil, "empty": {}, "vocabulary": {Net: net, Model: m, Vocab: 14, Longest: 8}, "end": {Net: net, Model: m, Vocab: toyVocab, End: toyVocab, Longest: 8},
		"longest": {Net: net, Model: m, Vocab: toyVocab}, "another kind": {Net: text.RNNTranslation{}, Model: m, Vocab: toyVocab, Longest: 8},
		"no translation": {Net: text.LSTMLanguage{}, Model: m, Vocab: toyVocab, Longest: 8},
		"deeper":         {Net: text.TransformerTranslation{Dim: 16, Depth: 2, Heads: 2}, Model: m, Vocab: toyVocab, Longest: 8},
		"wider":          {Net: text.TransformerTranslation{Dim: 32, Depth: 1, Heads: 2}, Model: m, Vocab: toyVocab, Longest: 8},
	} {
		if _, err := m.Translate(t.Context(), [][]int{{1}}, generate.Beam{}); err == nil {
			t.Errorf("%s: translated", name)
		}
	}
}

// exampleOfPairs prints the shape of a translation model's logits, and its number of parameters.
func exampleOfPairs(net models.Architecture) {
	rows, err := corpus.Pairs("one pair", [][]int{{1, 2}}, [][]int{{3}}, 10, 0)
	if err != nil {
		panic(err)
	}
	m, err := net.Build(rows, 1)
	if err != nil {
		panic(err)
	}
	n, _ := m.Params().Count()
	fmt.Println(m.OutputShapes(), n)
}

// 10 embeddings with a bias of the logits, 616 parameters of the encoder, 920 of the decoder.
func ExampleTransformerTranslation() {
	exampleOfPairs(text.TransformerTranslation{Dim: 8, Depth: 1, Heads: 2, Hidden: 16})
	// Output: [(-1, 10)] 1626
}

func ExampleRNNTranslation() {
	exampleOfPairs(text.RNNTranslation{Dim: 8, Units: 4})
	// Output: [(-1, 10)] 1394
}

func ExampleTranslation() {
	sources, targets := toyPairs(20, 1)
	rows, err := corpus.Pairs("toy", sources, targets, toyVocab, 0)
	if err != nil {
		panic(err)
	}
	net := text.TransformerTranslation{Dim: 8, Depth: 1, Heads: 2}
	m, err := net.Build(rows, 1) // not trained
	if err != nil {
		panic(err)
	}
	t := text.Translation{Net: net, Model: m, Vocab: toyVocab, End: 0, Longest: 10}
	out, err := t.Translate(context.Background(), [][]int{{1, 2, 3}, {4}}, generate.Beam{Width: 2, Most: 3})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(out), len(out[0].IDs) <= 3)
	// Output: 2 true
}
