package train_test

import (
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// sentences is a set of rows of word numbers below size, with a number to predict.
func sentences(rows, length, size int) *data.Set {
	return &data.Set{Inputs: []*tensor.Dense{graphtest.Ints(1, size, rows, length)}, Targets: []*tensor.Dense{graphtest.Logits(2, rows, 1)}}
}

// ofWords is a model that predicts a number from the mean of words' vectors.
func ofWords(t testing.TB, length int, e layers.Embedding, c models.Config) *models.Model {
	t.Helper()
	words := models.InputInt("words", length)
	m, err := models.New(c, []*models.Tensor{words}, []*models.Tensor{words.Then(e, layers.GlobalAveragePool{}, layers.Dense{Units: 1})})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// BenchmarkEmbedding is steps of a fit, each with 12,800 of 200,000 words.
func BenchmarkEmbedding(b *testing.B) {
	for _, c := range []struct {
		name      string
		embedding layers.Embedding
		optimizer optim.Optimizer
	}{
		{"Adam/dense", layers.Embedding{}, optim.Adam{}},
		{"Adam/sparse", layers.Embedding{Sparse: true}, optim.Adam{}},
		{"SGD/dense", layers.Embedding{}, optim.SGD{}},
		{"SGD/sparse", layers.Embedding{Sparse: true}, optim.SGD{}},
		{"Adagrad/dense", layers.Embedding{}, optim.Adagrad{}},
		{"Adagrad/sparse", layers.Embedding{Sparse: true}, optim.Adagrad{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			const size, batch, length = 200_000, 128, 100
			c.embedding.Size, c.embedding.Dim = size, 64
			m := ofWords(b, length, c.embedding, models.Config{Seed: 1})
			steps := 0
			b.ReportAllocs()
			_, err := train.Fit(ctx, m, sentences(16*batch, length, size), train.Config{
				Optimizer: c.optimizer, Epochs: 1 << 30, BatchSize: batch, Metrics: []data.Metric{},
				Callbacks: []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
					return func(e *train.Event) error {
						if e.Kind == train.Begin {
							b.ResetTimer()
						}
						if e.Kind == train.BatchEnd {
							if steps++; steps >= b.N {
								return train.ErrStop
							}
						}
						return nil
					}, nil
				})},
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
