package text_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// rules are sequences of the grammar's tokens and of the same tokens backwards.
func rules(rows int) *data.Set {
	ids := grammar(40 * rows)
	list, labels := make([][]int, rows), make([]int, rows)
	for i := range rows {
		list[i] = slices.Clone(ids[40*i:][:9+i%7])
		if labels[i] = i / 2 % 2; labels[i] == 1 {
			slices.Reverse(list[i])
		}
	}
	q, err := data.NewIntSequences("tokens", list)
	if err != nil {
		panic(err)
	}
	q.Size = 8
	return &data.Set{
		Name: "rules", Sequences: []data.Sequences{q}, Classes: []string{"forwards", "backwards"}, Target: "direction",
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))},
	}
}

// TestTuned: a network begins with the language model's weights, training changes what its tuning says
// and nothing else, and the fitted network predicts the same when it was saved.
func TestTuned(t *testing.T) {
	set, held := rules(160), rules(400)
	for name, net := range languages {
		l := learned(t, net)
		file := filepath.Join(t.TempDir(), "language.safetensors")
		if err := l.Save(file, nil); err != nil {
			t.Fatal(err)
		}
		_, all := l.Model.Params().Count()
		for _, how := range text.Tunings() {
			t.Run(name+"/"+string(how), func(t *testing.T) {
				m, err := text.Tuned{File: file, Tuning: how, Rank: 2}.Build(set, 3)
				if err != nil {
					t.Fatal(err)
				}
				if got := pretrained(t, m, l.Model); got != (how != text.Anew) {
					t.Fatalf("the weights are those of the language model: %v", got)
				}
				if _, err := train.Fit(t.Context(), m, set, train.Config{Epochs: 20, BatchSize: 16, Optimizer: optim.Adam{LearningRate: 0.01}, Seed: 1}); err != nil {
					t.Fatal(err)
				}
				if kept, want := pretrained(t, m, l.Model), how == text.LoRA || how == text.Frozen; kept != want {
					t.Errorf("after training the weights are those of the language model: %v, want %v", kept, want)
				}
				if n := m.Summary().Trained; (how == text.Frozen && n >= 100) || (how == text.LoRA && n >= all) || n == 0 {
					t.Errorf("%d trained values of a network that had %d", n, all)
				}
				p, err := m.PredictRows(t.Context(), held.Without())
				if err != nil {
					t.Fatal(err)
				}
				accuracy, err := data.Accuracy.Score(held, p)
				t.Logf("accuracy %.3f", accuracy)
				least := 0.8
				if how == text.Frozen { // states that foretell a token say little of the direction
					least = 0.55
				}
				if err != nil || accuracy < least {
					t.Errorf("accuracy %v, want %v; error %v", accuracy, least, err)
				}
				saved := filepath.Join(t.TempDir(), "m.safetensors")
				if err := m.Save(saved); err != nil {
					t.Fatal(err)
				}
				again, err := models.Load(saved)
				if err != nil {
					t.Fatal(err)
				}
				q, err := again.PredictRows(t.Context(), held.Without())
				if err != nil || !reflect.DeepEqual(p, q) {
					t.Errorf("a saved network predicts otherwise (%v)", err)
				}
			})
		}
	}
}

// pretrained reports whether m has the weights of a language model's embedding and body.
func pretrained(t *testing.T, m, language *models.Model) bool {
	t.Helper()
	same, n := true, 0
	for _, p := range language.Params().All() {
		if strings.HasPrefix(p.Path, "head/") {
			continue
		}
		q := m.Params().Get(p.Path)
		if q == nil {
			t.Fatalf("the network has no %s", p.Path)
		}
		n++
		for i, v := range p.Values() {
			same = same && math.Abs(v-q.Values()[i]) == 0
		}
	}
	if n < 3 {
		t.Fatalf("%d parameters in common", n)
	}
	return same
}

func TestTunedMistakes(t *testing.T) {
	set := rules(8)
	l := learned(t, languages["LSTM"])
	dir := t.TempDir()
	file := filepath.Join(dir, "language.safetensors")
	if err := l.Save(file, nil); err != nil {
		t.Fatal(err)
	}
	classifier := filepath.Join(dir, "classifier.safetensors")
	m, err := text.Bag{Dim: 2}.Build(set, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(classifier); err != nil {
		t.Fatal(err)
	}
	other := rules(8)
	other.Sequences[0].Size = 9
	for _, c := range []struct {
		name string
		net  text.Tuned
		rows *data.Set
		want string
	}{
		{"no file", text.Tuned{}, set, "text: tuned language model: "},
		{"no language model", text.Tuned{File: classifier}, set, "language"},
		{"other tokens", text.Tuned{File: file}, other, "ids of 9 tokens"},
		{"tuning", text.Tuned{File: file, Tuning: "half"}, set, `no tuning "half"`},
		{"rank", text.Tuned{File: file, Tuning: text.LoRA, Rank: 100}, set, "a rank of 100"},
		{"rate", text.Tuned{File: file, Dropout: 1}, set, "a dropout rate of 1"},
	} {
		if _, err := c.net.Build(c.rows, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A language model of ten tokens becomes a classifier of two classes, of which LoRA trains few weights.
func ExampleTuned() {
	windows, err := corpus.Windows("counting", slices.Repeat([]int{0, 1, 2, 3, 4}, 40), 8, 16)
	if err != nil {
		panic(err)
	}
	net := text.TransformerLanguage{Dim: 16, Depth: 1, Heads: 2}
	m, err := net.Build(windows, 1)
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "tuned-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "language.safetensors")
	language := text.Language{Net: net, Model: m, Steps: 16, Vocab: 8}
	if err := language.Save(file, nil); err != nil {
		panic(err)
	}
	for _, how := range []text.Tuning{text.Whole, text.LoRA, text.Frozen} {
		tuned, err := text.Tuned{File: file, Tuning: how, Rank: 2}.Build(rules(8), 1)
		if err != nil {
			panic(err)
		}
		trained, all := tuned.Params().Count()
		fmt.Println(how, all, trained)
	}
	// Output:
	// whole 3473 3473
	// lora 4049 609
	// frozen 3473 33
}
