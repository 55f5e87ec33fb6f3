package text_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/recipes/text"
)

// weather is texts about rain or sun, some of them with a negation, so that single words are not
// enough.
func weather(t testing.TB, rows int) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 0))
	filler := strings.Fields("today the sky over the hills of the north seems quiet and we walk")
	var texts, labels []string
	for range rows {
		var words []string
		for range 3 + r.IntN(10) {
			words = append(words, filler[r.IntN(len(filler))])
		}
		kind := []string{"rain", "sun"}[r.IntN(2)]
		if r.IntN(2) == 0 {
			words = append(words, "no")
			labels = append(labels, map[string]string{"rain": "dry", "sun": "wet"}[kind])
		} else {
			words = append(words, "much")
			labels = append(labels, map[string]string{"rain": "wet", "sun": "dry"}[kind])
		}
		texts = append(texts, strings.Join(append(words, kind), " "))
	}
	s, err := corpus.Labelled("weather", texts, labels)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRecipes: in folds, nets that see order beat what counts words, on texts where only order
// tells; the vocabulary is that of a fold's training rows.
func TestRecipes(t *testing.T) {
	set := weather(t, 400)
	fit, tokens := text.Fit{Epochs: 24, Batch: 16, Patience: 24, LearningRate: 0.005}, corpus.Tokens{Column: "text"}
	list := []crossval.Candidate{
		{Name: "bayes", Estimator: baselines.TextBayes{}},
		{Name: "bag", Estimator: tabular.Estimator{Recipe: text.Bag{Tokens: tokens, Fit: fit}}},
		{Name: "cnn", Estimator: tabular.Estimator{Recipe: text.CNN{Tokens: tokens, Fit: fit, Net: nets.CNN{Dim: 32, Filters: 32}}}},
		{Name: "lstm", Estimator: tabular.Estimator{Recipe: text.LSTM{Tokens: tokens, Fit: fit, Net: nets.LSTM{Dim: 32, Units: 32}}}},
		{Name: "transformer", Estimator: tabular.Estimator{Recipe: text.Transformer{Tokens: tokens, Fit: fit, Net: nets.Transformer{Dim: 32, Depth: 1}}}},
	}
	res, err := crossval.Validate(t.Context(), set, crossval.StratifiedKFold{K: 2, Shuffle: true}, list, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + res.Table())
	for _, name := range []string{"cnn", "lstm", "transformer"} {
		if a := res.Mean(name, "accuracy"); a < 0.9 {
			t.Errorf("%s: accuracy %v", name, a)
		}
	}
	if a := res.Mean("bayes", "accuracy"); a > 0.7 {
		t.Errorf("bayes: accuracy %v: the task is one of words", a)
	}
}

// TestRecipesAreData: a recipe is written down and read, and a model says which column it takes.
func TestRecipesAreData(t *testing.T) {
	var r tabular.Recipe = text.LSTM{Tokens: corpus.Tokens{Column: "text", Kind: corpus.BPE, Size: 300}, Fit: text.Fit{Epochs: 1}}
	b, err := describe.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	var again tabular.Recipe
	if err := describe.Unmarshal(b, &again); err != nil || fmt.Sprint(again) != fmt.Sprint(r) {
		t.Fatalf("%v, want %v (%v)", again, r, err)
	}
	set := weather(t, 60)
	m, _, err := tabular.Estimator{Recipe: again, Seed: 1}.Train(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/m.safetensors"
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := models.Load(path)
	if err != nil || fmt.Sprint(read.Info.Texts) != "[text]" {
		t.Fatalf("texts %v, %v", read, err)
	}
	one, err := m.PredictRows(t.Context(), data.Blind(set))
	if err != nil {
		t.Fatal(err)
	}
	two, err := read.PredictRows(t.Context(), data.Blind(set))
	if err != nil || fmt.Sprint(one.Proba) != fmt.Sprint(two.Proba) {
		t.Errorf("read again, the model predicts otherwise: %v", err)
	}
}

func TestRecipesRefuse(t *testing.T) {
	for _, name := range text.Names() {
		if _, err := text.ByName(name, corpus.Tokens{}); err != nil {
			t.Error(err)
		}
	}
	if _, err := text.ByName("gru", corpus.Tokens{}); err == nil || !strings.Contains(err.Error(), "there are bag, cnn, lstm, transformer") {
		t.Errorf("error %v", err)
	}
	if _, err := (text.Bag{Fit: text.Fit{Epochs: -1}}).Plan(weather(t, 10), 1); err == nil {
		t.Error("a fit of -1 epochs")
	}
	if _, err := (text.CNN{}).Plan(nil, 1); err == nil {
		t.Error("a plan without rows")
	}
}

var ctx = context.Background()

// example fits a recipe to lines about light and about rain.
func example(r tabular.Recipe) {
	rows, err := corpus.Labelled("lines",
		strings.Split(strings.Repeat("a ray of light,a drop of rain,", 20), ",")[:40], strings.Split(strings.Repeat("optics,weather,", 20), ",")[:40])
	if err != nil {
		panic(err)
	}
	model, _, err := tabular.Estimator{Recipe: r, Seed: 1}.Train(ctx, rows)
	if err != nil {
		panic(err)
	}
	fmt.Println(model.Name(), model.Info.Classes, model.Info.Texts)
}

func ExampleBag() {
	example(text.Bag{Fit: text.Fit{Epochs: 2}})
	// Output: bag [optics weather] [text]
}

func ExampleCNN() {
	example(text.CNN{Fit: text.Fit{Epochs: 2}})
	// Output: cnn [optics weather] [text]
}

func ExampleLSTM() {
	example(text.LSTM{Fit: text.Fit{Epochs: 2}})
	// Output: lstm [optics weather] [text]
}

func ExampleTransformer() {
	example(text.Transformer{Fit: text.Fit{Epochs: 2}})
	// Output: transformer [optics weather] [text]
}

// TestTunedRecipe: a language model is tuned in folds, with its own tokenizer, whatever the texts.
func TestTunedRecipe(t *testing.T) {
	set := weather(t, 300)
	file := filepath.Join(t.TempDir(), "language.safetensors")
	tokenizer, err := text.LanguageTokenizer(t.Context(), corpus.BPE, 300, set.Texts[0].Cells)
	if err != nil {
		t.Fatal(err)
	}
	s := &text.Study{Tokenizer: tokenizer, Train: set.Texts[0].Cells[:200], Validation: set.Texts[0].Cells[200:250], Test: set.Texts[0].Cells[250:], Steps: 32}
	l, _, err := s.Fit(t.Context(), text.Language{Net: nets.TransformerLanguage{Dim: 16, Depth: 1, Heads: 2}, Epochs: 10, LearningRate: 0.01, Batch: 8}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var written strings.Builder
	if err := tokenizer.WriteJSON(&written); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(file, map[string]string{nets.TokenizerName: written.String()}); err != nil {
		t.Fatal(err)
	}
	var list []crossval.Candidate
	for _, how := range nets.Tunings() {
		list = append(list, crossval.Candidate{Name: string(how), Estimator: tabular.Estimator{Recipe: text.Tuned{
			Net: nets.Tuned{File: file, Tuning: how, Rank: 4}, Rate: 1, Fit: text.Fit{Epochs: 24, Batch: 16, Patience: 24, LearningRate: 0.01},
		}}})
	}
	res, err := crossval.Validate(t.Context(), set, crossval.StratifiedKFold{K: 2, Shuffle: true}, list, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + res.Table())
	for how, least := range map[nets.Tuning]float64{nets.Whole: 0.85, nets.LoRA: 0.85, nets.Frozen: 0.5, nets.Anew: 0.7} {
		if a := res.Mean(string(how), "accuracy"); a < least {
			t.Errorf("%s: accuracy %v", how, a)
		}
	}
	plan, err := text.Tuned{Net: nets.Tuned{File: file}}.Plan(set, 1)
	if err != nil {
		t.Fatal(err)
	}
	if tokens := plan.Preprocess.(corpus.Tokens); tokens.Longest != 32 || tokens.Tokenizer.Size() != tokenizer.Size() {
		t.Errorf("texts of %d tokens of %d, want 32 of %d", tokens.Longest, tokens.Tokenizer.Size(), tokenizer.Size())
	}
	bare := filepath.Join(t.TempDir(), "bare.safetensors")
	if err := l.Save(bare, nil); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"": "text: tuned: ", bare: "bare.safetensors"} {
		if _, err := (text.Tuned{Net: nets.Tuned{File: file}}).Plan(set, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", file, err)
		}
	}
}

// With a language model that aegis text lm has saved, folds would compare what of it is trained.
func ExampleTuned() {
	var list []crossval.Candidate
	for _, how := range nets.Tunings() {
		r := text.Tuned{Net: nets.Tuned{File: "language.safetensors", Tuning: how}}
		list = append(list, crossval.Candidate{Name: string(how), Estimator: tabular.Estimator{Recipe: r}})
	}
	_, err := list[0].Estimator.Fit(ctx, nil, 1)
	fmt.Println(len(list), err != nil)
	// Output: 4 true
}
