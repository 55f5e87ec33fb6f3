package train_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// tagged is sequences of words 1 to words, padded with 0. The tag of a word says whether
// it is above the one before it (1), or above the two before it (2); that of padding
// is −1.
func tagged(rows, steps, words int, seed uint64) *data.Set {
	r := rand.New(rand.NewPCG(seed, 1))
	x, y := make([]int, rows*steps), make([]int, rows*steps)
	for i := range rows {
		length := 3 + r.IntN(steps-2)
		for k := range steps {
			at := i*steps + k
			if k >= length {
				y[at] = -1
				continue
			}
			x[at] = 1 + r.IntN(words)
			if k > 0 && x[at] > x[at-1] {
				if y[at] = 1; k > 1 && x[at] > x[at-2] {
					y[at] = 2
				}
			}
		}
	}
	return &data.Set{
		Name:    "tags",
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(rows, steps), tensor.WithBacking(x))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows, steps), tensor.WithBacking(y))},
	}
}

// TestSequenceTagger fits networks that give a tag to every word, and asks for those of
// sequences that they have not seen.
func TestSequenceTagger(t *testing.T) {
	const steps, words, tags = 8, 6, 3
	set, test := tagged(512, steps, words, 1), tagged(200, steps, words, 2)
	for name, network := range map[string]layers.Layer{
		"LSTM": layers.LSTM{Units: 24, Sequence: true}, "GRU": layers.GRU{Units: 24, Sequence: true, Bidirectional: true},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := models.Sequential(models.Config{Seed: 1}, models.InputInt("words", steps),
				layers.Embedding{Size: words + 1, Dim: 8}, network, layers.Dense{Units: tags})
			if err != nil {
				t.Fatal(err)
			}
			h, err := train.Fit(ctx, m, set, train.Config{
				Epochs: 30, BatchSize: 32, Seed: 1, Loss: losses.SequenceCrossEntropy{}, Optimizer: optim.Adam{LearningRate: 0.01}, Validation: test,
			})
			if err != nil {
				t.Fatal(err)
			}
			all, err := m.Predict(ctx, test.Inputs[0])
			if err != nil {
				t.Fatal(err)
			}
			out := all[0]
			if s := out.Shape(); fmt.Sprint(s) != fmt.Sprint(graph.Shape{test.Len(), steps, tags}) {
				t.Fatalf("predictions %v", s)
			}
			right, count := 0, 0
			logits := out.Data().([]float32)
			for i, want := range test.Targets[0].Data().([]int) {
				if want < 0 {
					continue
				}
				best := 0
				for k, v := range logits[i*tags : (i+1)*tags] {
					if v > logits[i*tags+best] {
						best = k
					}
				}
				if count++; best == want {
					right++
				}
			}
			if share := float64(right) / float64(count); share < 0.95 {
				t.Errorf("%.1f%% of %d tags are right; %v", 100*share, count, h)
			}
		})
	}
}
