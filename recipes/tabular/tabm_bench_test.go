package tabular_test

import (
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// wide is 10,000 rows of 50 numbers with a target.
func wide(b *testing.B) *data.Set {
	r := rand.New(rand.NewPCG(1, 1))
	x, y := make([][]float64, 10000), make([]float64, 10000)
	for i := range x {
		for range 50 {
			x[i] = append(x[i], r.NormFloat64())
		}
		y[i] = x[i][0] + x[i][1]*x[i][2]
	}
	set, err := data.FromRows("wide", x, y)
	if err != nil {
		b.Fatal(err)
	}
	return set
}

// epochs trains a network for some epochs of batches of 256.
func epochs(b *testing.B, net models.Architecture, set *data.Set, loss bool, n int) {
	e := train.Estimator{Net: net, Config: train.Config{Epochs: n, BatchSize: 256, Optimizer: optim.AdamW{LearningRate: 1e-3}}}
	if tabm, ok := net.(nets.TabM); ok && loss {
		l, err := tabm.Loss(set)
		if err != nil {
			b.Fatal(err)
		}
		e.Config.Loss = l
	}
	if _, _, err := e.Train(b.Context(), set); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTabM is an epoch of TabM's 32 members; BenchmarkNetsApart one of 32 nets of the same
// layers, one after another; bench/opponents/tabm.py one of TabM in PyTorch.
func BenchmarkTabM(b *testing.B) {
	set := wide(b)
	net := nets.TabM{Members: 32, Blocks: 3, Units: 256, Dropout: -1}
	b.ResetTimer()
	epochs(b, net, set, true, b.N)
}

func BenchmarkNetsApart(b *testing.B) {
	set := wide(b)
	b.ResetTimer()
	for range 32 {
		epochs(b, models.MLP{Hidden: []int{256, 256, 256}}, set, false, b.N)
	}
}
