package bench

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// rows makes a set of random inputs of the given shape and random classes.
func rows(n, classes int, shape ...int) *data.Set {
	r := rand.New(rand.NewPCG(1, 2))
	size := n
	for _, d := range shape {
		size *= d
	}
	x, y := make([]float32, size), make([]int, n)
	for i := range x {
		x[i] = r.Float32()
	}
	for i := range y {
		y[i] = r.IntN(classes)
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	return &data.Set{
		Name: "random", Classes: names,
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(append([]int{n}, shape...)...), tensor.WithBacking(x))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(y))},
	}
}

func build(b *testing.B, set *data.Set, input *models.Tensor, ls ...layers.Layer) *models.Model {
	m, err := models.Sequential(models.Config{Seed: 1}, input, ls...)
	if err != nil {
		b.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify, Classes: set.Classes}
	return m
}

// measure trains for b.N batches and reports samples a second.
func measure(b *testing.B, m *models.Model, set *data.Set, c train.Config) {
	steps := 0
	c.Epochs, c.Metrics = 1<<30, []train.Metric{}
	c.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			switch e.Kind {
			case train.Begin:
				b.ResetTimer()
			case train.BatchEnd:
				if steps++; steps >= b.N {
					return train.ErrStop
				}
			}
			return nil
		}, nil
	})}
	b.ReportAllocs()
	if _, err := train.Fit(context.Background(), m, set, c); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N*c.BatchSize)/b.Elapsed().Seconds(), "samples/s")
}

// W1 is a multi-layer perceptron on images of 28 x 28 pixels.
func BenchmarkW1(b *testing.B) {
	set := rows(12800, 10, 784)
	m := build(b, set, models.Input("x", 784),
		layers.Dense{Units: 256, Activation: layers.Relu},
		layers.Dense{Units: 128, Activation: layers.Relu},
		layers.Dense{Units: 10},
	)
	measure(b, m, set, train.Config{BatchSize: 128, Optimizer: optim.Adam{LearningRate: 1e-3}})
}

// W4 is a small net on a small table, as cross-validation fits it many times.
func BenchmarkW4(b *testing.B) {
	set := rows(544, 2, 30)
	m := build(b, set, models.Input("x", 30),
		layers.Dense{Units: 16, Activation: layers.Relu},
		layers.Dense{Units: 8, Activation: layers.Relu},
		layers.Dense{Units: 1},
	)
	measure(b, m, set, train.Config{BatchSize: 32, Optimizer: optim.SGD{LearningRate: 0.01}})
}
