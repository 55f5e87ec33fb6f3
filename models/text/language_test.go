package text_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/train"
)

// grammar is a stream of tokens 0 to 7 in which a token follows from the one three places before
// it, but for one in ten, which is drawn.
func grammar(n int) []int {
	r := rand.New(rand.NewPCG(1, 2))
	ids := []int{0, 1, 2}
	for len(ids) < n {
		next := (ids[len(ids)-3]*5 + 3) % 8
		if r.IntN(10) == 0 {
			next = r.IntN(8)
		}
		ids = append(ids, next)
	}
	return ids
}

// learned returns a language model of the grammar.
func learned(t testing.TB, net models.Architecture) *text.Language {
	t.Helper()
	const steps = 16
	rows, err := corpus.Windows("grammar", grammar(24000), 8, steps)
	if err != nil {
		t.Fatal(err)
	}
	m, err := net.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.Fit(t.Context(), m, rows, train.Config{
		Loss: losses.SequenceCrossEntropy{}, Metrics: []data.Metric{}, Epochs: 12, BatchSize: 32, Optimizer: optim.Adam{LearningRate: 0.01}, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &text.Language{Net: net, Model: m, Steps: steps, Vocab: 8}
}

var languages = map[string]models.Architecture{
	"LSTM":        text.LSTMLanguage{Dim: 12, Units: 16, Depth: 2, Dropout: 0.05},
	"transformer": text.TransformerLanguage{Dim: 16, Depth: 2, Heads: 2, Hidden: 32, Dropout: 0.05},
}

// entropy of the grammar's tokens, in nats.
func entropy() float64 {
	p := 0.9 + 0.1/8
	return -p*math.Log(p) - 7*0.1/8*math.Log(0.1/8)
}

// TestLanguages: a model comes near the entropy of the grammar; a generator's scores are those of
// LogProbs, whatever rows are beside it and whichever rows are continued; and a model that was saved
// does the same.
func TestLanguages(t *testing.T) {
	for name, net := range languages {
		t.Run(name, func(t *testing.T) {
			l := learned(t, net)
			unseen := grammar(26000)[24000:]
			p, err := l.LogProbs(t.Context(), unseen)
			if err != nil {
				t.Fatal(err)
			}
			loss := 0.0
			for _, v := range p {
				loss -= v / float64(len(p))
			}
			t.Logf("loss %.3f, entropy %.3f", loss, entropy())
			if len(p) != len(unseen)-1 || loss > entropy()+0.12 || loss < entropy()-0.1 {
				t.Errorf("%d log-probabilities, loss %v, entropy %v", len(p), loss, entropy())
			}

			a, b := unseen[:12], unseen[40:52]
			stepwise := stepped(t, l, a, b)
			for k, ids := range [][]int{a, b} {
				want, err := l.LogProbs(t.Context(), ids)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range want {
					if math.Abs(v-stepwise[k][i]) > 1e-5 {
						t.Errorf("text %d, token %d: %v step by step, %v at once", k, i+1, stepwise[k][i], v)
					}
				}
			}

			path := filepath.Join(t.TempDir(), "l.safetensors")
			if err := l.Save(path, map[string]string{"note": "of a grammar"}); err != nil {
				t.Fatal(err)
			}
			again, texts, err := text.LoadLanguage(path)
			if err != nil || texts["note"] != "of a grammar" || len(texts) != 1 {
				t.Fatalf("%v, %v", texts, err)
			}
			if q, err := again.LogProbs(t.Context(), unseen); err != nil || !slices.Equal(p, q) {
				t.Errorf("read again, the model scores otherwise: %v", err)
			}
			if have, want := generated(t, again), generated(t, l); have != want {
				t.Errorf("read again, the model writes %s, not %s", have, want)
			}
		})
	}
}

// stepped returns the log-probabilities of two texts of one length from a generator, which is given
// them as two rows that change places at every step.
func stepped(t *testing.T, l *text.Language, a, b []int) [2][]float64 {
	t.Helper()
	g, err := l.Generator()
	if err != nil {
		t.Fatal(err)
	}
	var out [2][]float64
	logits := make([]float32, 2*l.Vocab)
	parents := []int{0, 1}
	for i := range a[:len(a)-1] {
		of, rows := [2]int{0, 1}, []int{a[i], b[i]}
		next := [2]int{a[i+1], b[i+1]}
		if i%2 == 1 {
			of, rows, next = [2]int{1, 0}, []int{b[i], a[i]}, [2]int{b[i+1], a[i+1]}
		}
		if err := g.Step(parents, rows, logits); err != nil {
			t.Fatal(err)
		}
		parents = []int{1, 0}
		for k := range 2 {
			row := logits[k*l.Vocab : (k+1)*l.Vocab]
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(float64(v))
			}
			out[of[k]] = append(out[of[k]], float64(row[next[k]])-math.Log(sum))
		}
	}
	return out
}

func generated(t *testing.T, l *text.Language) string {
	t.Helper()
	g, err := l.Generator()
	if err != nil {
		t.Fatal(err)
	}
	out, err := generate.Sampler{Vocab: l.Vocab, Most: 20, Temperature: 0.8, TopK: 4}.Generate(t.Context(), g, [][]int{{0, 1, 2}, {5}}, []uint64{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(out)
}

// TestGeneratorRows: rows that leave out the middle of a beam, and fewer rows than before.
func TestGeneratorRows(t *testing.T) {
	for name, net := range languages {
		l := learned(t, net)
		g, err := l.Generator()
		if err != nil {
			t.Fatal(err)
		}
		beams, err := generate.Beam{Vocab: l.Vocab, Width: 4, Most: 8}.Search(t.Context(), g, [][]int{{0, 1, 2}})
		if err != nil {
			t.Fatal(err)
		}
		best := beams[0][0]
		p, err := l.LogProbs(t.Context(), append([]int{0, 1, 2}, best.IDs...))
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range p[2:] {
			sum += v
		}
		if math.Abs(sum-best.LogProb) > 1e-4 {
			t.Errorf("%s: the best of the beam has the log-probability %v, scored at once %v", name, best.LogProb, sum)
		}
	}
}

func TestLanguagesRefuse(t *testing.T) {
	rows, err := corpus.Windows("ids", grammar(100), 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	for want, net := range map[string]models.Architecture{
		"of -1: want 1":            text.LSTMLanguage{Dim: -1},
		"a dropout rate of 1":      text.LSTMLanguage{Dropout: 1},
		"a dropout rate of -0.5":   text.LSTMLanguage{Dropout: -0.5},
		"or layers of 70000: want": text.LSTMLanguage{Depth: 70000},
	} {
		if _, err := net.Build(rows, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := (text.LSTMLanguage{}).Build(reviews(t, 5, 1), 1); err != nil {
		t.Errorf("rows of known vocabulary: %v", err)
	}
	net := text.LSTMLanguage{Dim: 4, Units: 4, Depth: 1}
	m, err := net.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := &text.Language{Net: net, Model: m, Steps: 8, Vocab: 8}
	for name, ids := range map[string][]int{"none": nil, "one": {1}, "beyond": {1, 8}, "negative": {-1, 2}} {
		if _, err := l.LogProbs(t.Context(), ids); err == nil {
			t.Errorf("%s: scored", name)
		}
	}
	g, err := l.Generator()
	if err != nil {
		t.Fatal(err)
	}
	logits := make([]float32, 8)
	for name, call := range map[string]func() error{
		"an id beyond":  func() error { return g.Step([]int{0}, []int{8}, logits) },
		"no rows":       func() error { return g.Step(nil, nil, nil) },
		"few logits":    func() error { return g.Step([]int{0}, []int{1}, logits[:3]) },
		"a late parent": func() error { _ = g.Step([]int{0}, []int{1}, logits); return g.Step([]int{1}, []int{1}, logits) },
	} {
		if call() == nil {
			t.Errorf("%s: a step is taken", name)
		}
	}
	for name, l := range map[string]*text.Language{"nil": nil, "empty": {}, "vocabulary": {Net: net, Model: m, Steps: 8, Vocab: 9}, "steps": {Net: net, Model: m, Vocab: 8}} {
		if _, err := l.LogProbs(t.Context(), []int{1, 2}); err == nil {
			t.Errorf("%s: scored", name)
		}
		if _, err := l.Generator(); err == nil {
			t.Errorf("%s: a generator", name)
		}
	}
	if err := m.Save(filepath.Join(t.TempDir(), "m")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := text.LoadLanguage(path); err == nil || !strings.Contains(err.Error(), "no language model") {
		t.Errorf("error %v", err)
	}
}

// writes trains a model of a short text a little, and lets it write.
func writes(net models.Architecture) {
	ids := slices.Repeat([]int{0, 1, 2, 3, 4}, 80)
	rows, err := corpus.Windows("steps", ids, 5, 8)
	if err != nil {
		panic(err)
	}
	m, err := net.Build(rows, 1)
	if err != nil {
		panic(err)
	}
	_, err = train.Fit(ctx, m, rows, train.Config{Loss: losses.SequenceCrossEntropy{}, Metrics: []data.Metric{}, Epochs: 40, BatchSize: 8, Optimizer: optim.Adam{LearningRate: 0.01}})
	if err != nil {
		panic(err)
	}
	l := &text.Language{Net: net, Model: m, Steps: 8, Vocab: 5}
	g, err := l.Generator()
	if err != nil {
		panic(err)
	}
	out, err := generate.Sampler{Vocab: 5, Most: 6}.Generate(ctx, g, [][]int{{2}}, []uint64{1})
	if err != nil {
		panic(err)
	}
	fmt.Println(out[0].IDs)
}

var ctx = context.Background()

func ExampleLSTMLanguage() {
	writes(text.LSTMLanguage{Dim: 8, Units: 16, Depth: 1})
	// Output: [3 4 0 1 2 3]
}

func ExampleTransformerLanguage() {
	writes(text.TransformerLanguage{Dim: 16, Depth: 1, Heads: 2})
	// Output: [3 4 0 1 2 3]
}
