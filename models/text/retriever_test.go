package text_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/train"
)

// askers are questions in other words than their answers: each of 12 things has a word that asks for
// it and another that answers, among words that say nothing.
func askers(n int, seed uint64) (questions, answers []string, numbers []int) {
	r := rand.New(rand.NewPCG(seed, 1))
	filler := strings.Fields("the of and to in a we you that is it with for on as are this be by at from")
	some := func(n int) []string {
		var out []string
		for range n {
			out = append(out, filler[r.IntN(len(filler))])
		}
		return out
	}
	number := map[string]int{}
	for range n {
		a, b := r.IntN(12), r.IntN(12)
		q := slices.Insert(some(4+r.IntN(3)), r.IntN(4), fmt.Sprintf("ask%c", 'a'+a), fmt.Sprintf("ask%c", 'a'+b))
		x := slices.Insert(some(3), r.IntN(3), fmt.Sprintf("say%c", 'a'+min(a, b)), fmt.Sprintf("say%c", 'a'+max(a, b)))
		answer := strings.Join(x, " ")
		if _, ok := number[answer]; !ok {
			number[answer] = len(number)
		}
		questions, answers, numbers = append(questions, strings.Join(q, " ")), append(answers, answer), append(numbers, number[answer])
	}
	return questions, answers, numbers
}

func tokenizer(t testing.TB, texts ...string) *text.Tokenizer {
	t.Helper()
	f, err := corpus.Tokens{Kind: corpus.Words, MinCount: 1}.Fit(&data.Set{Name: "texts", Texts: []data.TextColumn{{Name: "text", Cells: texts}}})
	if err != nil {
		t.Fatal(err)
	}
	return f.(corpus.FittedTokens).Tokenizer
}

var duals = map[string]nets.DualEncoder{
	"bag":         {Net: nets.Bag{Dim: 16, Mean: true}},
	"hidden":      {Net: nets.Bag{Dim: 16, Hidden: []int{16}, Dropout: 0.05}, Dim: 12},
	"cnn":         {Net: nets.CNN{Dim: 16, Filters: 16, Sizes: []int{1, 2}}, Dim: 16},
	"transformer": {Net: nets.Transformer{Dim: 16, Depth: 1, Heads: 2, Dropout: 0.05}, Dim: 16},
	"separate":    {Net: nets.Bag{Dim: 16, Mean: true}, Separate: true, Fixed: true},
}

// fitted trains a dual encoder.
func fitted(t testing.TB, net nets.DualEncoder, epochs int) (*nets.Dual, *train.History) {
	t.Helper()
	q, a, numbers := askers(600, 1)
	tokens := tokenizer(t, append(slices.Clone(q), a...)...)
	rows, err := corpus.Questions("pairs", tokens, 16, q, a, numbers)
	if err != nil {
		t.Fatal(err)
	}
	m, err := net.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := train.Fit(t.Context(), m, rows, train.Config{Objective: train.Contrastive{}, Metrics: []data.Metric{}, BatchSize: 64, Epochs: epochs, Optimizer: optim.Adam{LearningRate: 0.01}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	d, err := nets.NewDual(m, tokens, 16)
	if err != nil {
		t.Fatal(err)
	}
	return d, h
}

// TestDualEncoder: every kind of tower learns which words answer which, which no word of the question
// tells: on new questions the answer that has the right two words is mostly first, and its vectors
// have the lengths that are promised, whatever texts are encoded beside.
func TestDualEncoder(t *testing.T) {
	for name, net := range duals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, h := fitted(t, net, 25)
			q, a, _ := askers(100, 2)
			x, err := d.Index(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			said := func(text string) string {
				var words []string
				for _, w := range strings.Fields(text) {
					if strings.HasPrefix(w, "say") {
						words = append(words, w)
					}
				}
				return strings.Join(words, " ")
			}
			lists, err := x.SearchAll(t.Context(), q, 3)
			if err != nil {
				t.Fatal(err)
			}
			right := 0
			for i := range q {
				if said(a[lists[i][0].Text]) == said(a[i]) {
					right++
				}
				alone, err := x.Search(q[i], 3)
				if err != nil || alone[0].Text != lists[i][0].Text || math.Abs(alone[0].Score-lists[i][0].Score) > 1e-4 {
					t.Fatalf("question %d: %v among others, %v alone (%v)", i, lists[i], alone, err)
				}
			}
			t.Logf("%d of %d right; loss %.3f", right, len(q), h.Last("loss"))
			if right < 80 {
				t.Errorf("%d of %d right", right, len(q))
			}
			v, err := d.Answers(t.Context(), []string{a[0], ""})
			if err != nil || math.Abs(norm(v[:d.Dim()])-1) > 1e-4 {
				t.Errorf("an answer's vector has the length %v, %v", norm(v[:d.Dim()]), err)
			}
			s := 1 / 0.07
			if p := d.Model().Params().Get("question/log_scale"); p != nil {
				s = math.Exp(p.Values()[0])
			} else if !net.Fixed {
				t.Error("no scale is learned")
			}
			if v, err = d.Questions(t.Context(), q[:1]); err != nil || math.Abs(norm(v)/s-1) > 1e-4 {
				t.Errorf("a question's vector has the length %v, want %v, %v", norm(v), s, err)
			}
		})
	}
}

func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestDualEncoderRefuses(t *testing.T) {
	q, a, numbers := askers(10, 1)
	tokens := tokenizer(t, append(slices.Clone(q), a...)...)
	rows, err := corpus.Questions("pairs", tokens, 16, q, a, numbers)
	if err != nil {
		t.Fatal(err)
	}
	one, sizes := *rows, *rows
	one.Sequences = rows.Sequences[:1]
	sizes.Sequences = slices.Clone(rows.Sequences)
	sizes.Sequences[1].Size++
	for want, c := range map[string]struct {
		net  nets.DualEncoder
		rows *data.Set
	}{
		"no rows":                     {nets.DualEncoder{}, &data.Set{}},
		"0 inputs and 1 sequences":    {nets.DualEncoder{}, &one},
		`the sequence "answer"`:       {nets.DualEncoder{}, &sizes},
		"vectors of -1":               {nets.DualEncoder{Dim: -1}, rows},
		"read by a text.LSTM":         {nets.DualEncoder{Net: nets.LSTM{}}, rows},
		"a dropout rate of 1":         {nets.DualEncoder{Net: nets.Bag{Dropout: 1}}, rows},
		"or window of 0":              {nets.DualEncoder{Net: nets.CNN{Sizes: []int{0}}}, rows},
		"units or window of -3":       {nets.DualEncoder{Net: nets.Bag{Dim: -3}}, rows},
		"scale -1":                    {nets.DualEncoder{Scale: -1}, rows},
		"a scale of up to 100 that i": {nets.DualEncoder{Scale: 1000}, rows},
	} {
		if _, err := c.net.Build(c.rows, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), layers.Named{Name: "question", Layer: layers.Dense{Units: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nets.NewDual(m, tokens, 16); err == nil || !strings.Contains(err.Error(), "want vectors") {
		t.Errorf("a model of numbers: %v", err)
	}
	if _, err := nets.NewDual(nil, tokens, 16); err == nil {
		t.Error("no model")
	}
	if _, err := nets.NewDual(m, nil, 16); err == nil {
		t.Error("no tokenizer")
	}
}

// TestVectorIndex holds the index to sorting all products, for numbers of vectors around the size
// of a block, many ties among them; and a query's result does not depend on others.
func TestVectorIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	for _, n := range []int{1, 2, 1023, 1024, 1025, 3000} {
		const dim, queries = 6, 70
		v, q := make([]float32, n*dim), make([]float32, queries*dim)
		for _, x := range [][]float32{v, q} {
			for i := range x {
				x[i] = float32(r.IntN(5) - 2) // products are whole, so that sums are exact
			}
		}
		x, err := nets.NewVectorIndex(dim, v)
		if err != nil || x.Len() != n || x.Dim() != dim {
			t.Fatal(x, err)
		}
		for _, k := range []int{1, 7, n, n + 5} {
			got, err := x.Search(q, k)
			if err != nil {
				t.Fatal(err)
			}
			for i := range queries {
				want := make([]text.Hit, n)
				for j := range want {
					want[j].Text = j
					for d := range dim {
						want[j].Score += float64(q[i*dim+d] * v[j*dim+d])
					}
				}
				slices.SortStableFunc(want, func(a, b text.Hit) int { return cmp.Compare(b.Score, a.Score) })
				if !slices.Equal(got[i], want[:min(k, n)]) {
					t.Fatalf("%d vectors, the best %d of query %d: %v, want %v", n, k, i, got[i], want[:min(k, n)])
				}
			}
			alone, err := x.Search(q[3*dim:4*dim], k)
			if err != nil || !slices.Equal(alone[0], got[3]) {
				t.Errorf("alone: %v (%v)", alone, err)
			}
		}
	}
}

func TestVectorIndexRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for want, make := range map[string]func() error{
		"0 numbers of vectors of 2":     func() error { _, err := nets.NewVectorIndex(2, nil); return err },
		"3 numbers of vectors of 2":     func() error { _, err := nets.NewVectorIndex(2, []float32{1, 2, 3}); return err },
		"of vectors of 0":               func() error { _, err := nets.NewVectorIndex(0, []float32{1}); return err },
		"number 1 of vector 1 is NaN":   func() error { _, err := nets.NewVectorIndex(2, []float32{1, 2, 3, nan}); return err },
		"queries of 3 numbers":          func() error { return ask([]float32{1, 2, 3}, 1) },
		"the best 0 vectors":            func() error { return ask([]float32{1, 2}, 0) },
		"number 0 of query 1 is +Inf":   func() error { return ask([]float32{1, 2, float32(math.Inf(1)), 0}, 1) },
		"index: there are no vectors":   func() error { _, err := (*nets.VectorIndex)(nil).Search(nil, 1); return err },
		"vectors of 0 for questions of": func() error { _, err := nets.DualIndex{}.Search("a", 1); return err },
	} {
		if err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// ask searches an index of two vectors.
func ask(q []float32, k int) error {
	x, err := nets.NewVectorIndex(2, []float32{1, 0, 0, 1})
	if err != nil {
		return err
	}
	_, err = x.Search(q, k)
	return err
}

// The reciprocal ranks are by hand: 1/61 + 1/62, and so on.
func TestFuse(t *testing.T) {
	first := []text.Hit{{Text: 4, Score: 9}, {Text: 1, Score: 8}, {Text: 2, Score: 2}}
	second := []text.Hit{{Text: 1, Score: 0.5}, {Text: 7, Score: 0.25}}
	for _, c := range []struct {
		name    string
		weights []float64
		depth   int
		k       int
		want    []text.Hit
	}{
		{"reciprocal ranks", nil, 3, 9, []text.Hit{{Text: 1, Score: 1.0/62 + 1.0/61}, {Text: 4, Score: 1.0 / 61}, {Text: 7, Score: 1.0 / 62}, {Text: 2, Score: 1.0 / 63}}},
		{"the best two", nil, 3, 2, []text.Hit{{Text: 1, Score: 1.0/62 + 1.0/61}, {Text: 4, Score: 1.0 / 61}}},
		{"what short lists lack is 0", []float64{1, 4}, 9, 9, []text.Hit{{Text: 1, Score: 10}, {Text: 4, Score: 9}, {Text: 2, Score: 2}, {Text: 7, Score: 1}}},
		{"what full lists lack has their last score", []float64{1, 4}, 3, 9, []text.Hit{{Text: 1, Score: 10}, {Text: 4, Score: 9}, {Text: 7, Score: 3}, {Text: 2, Score: 2}}},
		{"a list without weight", []float64{0, 4}, 3, 1, []text.Hit{{Text: 1, Score: 2}}},
	} {
		got, err := nets.Fuse([][]text.Hit{first, second}, c.weights, c.depth, c.k)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.want, err)
			continue
		}
		for i, h := range got {
			if h.Text != c.want[i].Text || math.Abs(h.Score-c.want[i].Score) > 1e-12 {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
	for _, c := range []struct {
		weights  []float64
		depth, k int
	}{{[]float64{1}, 3, 1}, {[]float64{1, -1}, 3, 1}, {[]float64{1, math.NaN()}, 3, 1}, {nil, 0, 1}, {nil, 3, 0}} {
		if _, err := nets.Fuse([][]text.Hit{first, second}, c.weights, c.depth, c.k); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
	for _, f := range []nets.Fusion{{}, {Of: []nets.Retriever{nil}}, {Of: []nets.Retriever{nets.DualIndex{}}, Depth: -1}} {
		if _, err := f.Search("a", 1); err == nil {
			t.Errorf("%v: no error", f)
		}
	}
}

// TestConfidence: probabilities are those of the model that the questions were drawn from, and right
// and wrong ones are needed.
func TestConfidence(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	var hits [][]text.Hit
	var right []bool
	truth := nets.Confidence{Bias: -4, Score: 0.3, Margin: 1.2}
	for range 20000 {
		s := 4 + 10*r.Float64()
		list := []text.Hit{{Score: s}, {Text: 1, Score: s - 3*r.Float64()}}
		hits, right = append(hits, list), append(right, r.Float64() < truth.Of(list))
	}
	hits, right = append(hits, nil), append(right, false)
	c, err := nets.FitConfidence(hits, right)
	if err != nil || math.Abs(c.Bias-truth.Bias) > 0.25 || math.Abs(c.Score-truth.Score) > 0.02 || math.Abs(c.Margin-truth.Margin) > 0.1 {
		t.Errorf("%+v, want about %+v (%v)", c, truth, err)
	}
	if c.Of(nil) != 0 {
		t.Errorf("nothing found: %v", c.Of(nil))
	}
	// Separable questions keep finite weights, and a feature that says nothing has none.
	hits, right = nil, nil
	for i := range 40 {
		hits, right = append(hits, []text.Hit{{Score: float64(i)}, {Score: float64(i) - 1}}), append(right, i >= 20)
	}
	if c, err = nets.FitConfidence(hits, right); err != nil || c.Margin != 0 || !(c.Score > 0.1 && c.Score < 2) || !(c.Of(hits[39]) > 0.9 && c.Of(hits[0]) < 0.1) {
		t.Errorf("%+v, %v", c, err)
	}
	for name, bad := range map[string]struct {
		hits  [][]text.Hit
		right []bool
	}{
		"few":     {hits[15:24], right[15:24]},
		"all":     {hits[20:], right[20:]},
		"none":    {hits[:20], right[:20]},
		"lengths": {hits, right[1:]},
		"nan":     {append(slices.Clone(hits), []text.Hit{{Score: math.NaN()}}), append(slices.Clone(right), true)},
		"inf":     {append(slices.Clone(hits), []text.Hit{{Score: 1}, {Score: math.Inf(-1)}}), append(slices.Clone(right), true)},
	} {
		if _, err := nets.FitConfidence(bad.hits, bad.right); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestAnswererFile: what is saved with each kind of retriever answers the same when it is read.
func TestAnswererFile(t *testing.T) {
	d, _ := fitted(t, duals["bag"], 2)
	_, a, _ := askers(50, 3)
	x, err := d.Index(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	settings := text.BM25{K1: 0.9, Terms: text.TFIDF{Longest: 2}}
	words, err := settings.Index(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]nets.Retriever{
		"words": words, "vectors": x, "both": nets.Fusion{Of: []nets.Retriever{words, x}, Weights: []float64{0.5, 1}}, "ranks": nets.Fusion{Of: []nets.Retriever{x, words}, Depth: 20},
	} {
		path := filepath.Join(t.TempDir(), name+".safetensors")
		one := &nets.Answerer{Retriever: r, Answers: a, Confidence: nets.Confidence{Bias: -1, Score: 0.25}, Threshold: 0.4, BM25: settings}
		if err := one.Save(path, map[string]string{"of": "askers"}); err != nil {
			t.Fatal(err)
		}
		two, further, err := nets.LoadAnswerer(path)
		if err != nil || further["of"] != "askers" {
			t.Fatal(err)
		}
		for _, q := range []string{"aska askb the", "sayc sayd of", "", "nothing known here"} {
			want, err := one.Ask(q, 4)
			if err != nil {
				t.Fatal(err)
			}
			got, err := two.Ask(q, 4)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %q: %v, want %v (%v)", name, q, got, want, err)
			}
			if want.Refused != (want.Probability < 0.4) {
				t.Errorf("%s: %q: refused %v at %v", name, q, want.Refused, want.Probability)
			}
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)/2] ^= 1
		broken := filepath.Join(t.TempDir(), "broken")
		if err := os.WriteFile(broken, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := nets.LoadAnswerer(broken); err == nil {
			t.Errorf("%s: a damaged file is read", name)
		}
	}
	model := filepath.Join(t.TempDir(), "model")
	if err := d.Model().Save(model); err != nil {
		t.Fatal(err)
	}
	if _, _, err := nets.LoadAnswerer(model); err == nil || !strings.Contains(err.Error(), "holds no answerer") {
		t.Errorf("a model's file: %v", err)
	}
	for want, r := range map[string]*nets.Answerer{
		"there is no retriever":        {},
		"a text_test.one cannot":       {Retriever: one{}},
		"50 vectors of 16 for 0":       {Retriever: x},
		"two retrievers of one kind":   {Retriever: nets.Fusion{Of: []nets.Retriever{x, x}}, Answers: a},
		"0 vectors of 0 for 0 answers": {Retriever: nets.DualIndex{Dual: d}},
	} {
		if err := r.Save(model, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := (&nets.Answerer{Retriever: one{}}).Ask("a", 1); err == nil || !strings.Contains(err.Error(), "finds text 5 of 0") {
		t.Errorf("error %v", err)
	}
	if _, err := (&nets.Answerer{Retriever: one{}}).Ask("a", 0); err == nil {
		t.Error("no answer is asked for")
	}
}

// one always finds text 5.
type one struct{}

func (one) Search(string, int) ([]text.Hit, error) { return []text.Hit{{Text: 5, Score: 1}}, nil }

// Questions and answers by one bag of embeddings, whose vectors are compared.
func ExampleDualEncoder() {
	q, a, numbers := askers(8, 1)
	f, err := corpus.Tokens{MinCount: 1}.Fit(&data.Set{Name: "texts", Texts: []data.TextColumn{{Name: "text", Cells: append(slices.Clone(q), a...)}}})
	if err != nil {
		panic(err)
	}
	tokens := f.(corpus.FittedTokens)
	rows, err := corpus.Questions("pairs", tokens.Tokenizer, 32, q, a, numbers)
	if err != nil {
		panic(err)
	}
	m, err := nets.DualEncoder{Net: nets.Bag{Dim: 8, Mean: true}}.Build(rows, 1)
	if err != nil {
		panic(err)
	}
	d, err := nets.NewDual(m, tokens.Tokenizer, 32) // trained with train.Contrastive, as recipes/text does
	if err != nil {
		panic(err)
	}
	x, err := d.Index(context.Background(), a)
	fmt.Println(m.OutputShapes(), x.Vectors.Len(), err)
	// Output: [(8) (8)] 8 <nil>
}

// Words and vectors are fused by the places of the texts in both lists.
func ExampleFuse() {
	words := []text.Hit{{Text: 3, Score: 12.1}, {Text: 0, Score: 7.5}}
	vectors := []text.Hit{{Text: 0, Score: 9.4}, {Text: 5, Score: 9.2}}
	hits, err := nets.Fuse([][]text.Hit{words, vectors}, nil, 2, 2)
	if err != nil {
		panic(err)
	}
	for _, h := range hits {
		fmt.Printf("%d %.4f\n", h.Text, h.Score)
	}
	// Output:
	// 0 0.0325
	// 3 0.0164
}

// BenchmarkVectorIndex is a question among 60,000 answers.
func BenchmarkVectorIndex(b *testing.B) {
	const n, dim = 60000, 128
	r := rand.New(rand.NewPCG(1, 0))
	v, q := make([]float32, n*dim), make([]float32, dim)
	for _, x := range [][]float32{v, q} {
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
	}
	x, err := nets.NewVectorIndex(dim, v)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := x.Search(q, 10); err != nil {
			b.Fatal(err)
		}
	}
}
