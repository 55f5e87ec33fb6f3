package train_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// recordings are noisy waves of 5 to 60 steps, slow ones and fast ones.
func recordings(rows int, seed uint64) *data.Set {
	r := rand.New(rand.NewPCG(seed, 0))
	waves, labels := make([][]float64, rows), make([]int, rows)
	for i := range rows {
		labels[i] = r.IntN(2)
		turn, phase := 0.3+0.5*float64(labels[i]), 6*r.Float64()
		for k := range 5 + r.IntN(56) {
			waves[i] = append(waves[i], math.Sin(phase+turn*float64(k))+0.3*r.NormFloat64())
		}
	}
	signal, err := data.NewSequences("signal", 1, waves)
	if err != nil {
		panic(err)
	}
	return &data.Set{
		Name: "recordings", Sequences: []data.Sequences{signal}, Classes: []string{"slow", "fast"}, Target: "kind",
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))},
	}
}

// recurrent is the net for them: the last state of a GRU, which stops at each row's length.
func recurrent(rows *data.Set, seed uint64) (*models.Model, error) {
	x := models.Sequence("signal", 1)
	state := models.Join(layers.GRU{Units: 16}, x, x.Lengths())
	return models.New(models.Config{Seed: seed}, []*models.Tensor{x}, []*models.Tensor{state.Then(layers.Dense{Units: 1})})
}

// Sequences of different lengths are classified by a recurrent net. Every batch holds rows of
// similar length, padded to the longest of them; padding counts for nothing.
func Example_sequences() {
	ctx := context.Background()
	net := train.Estimator{
		Net:    models.ArchitectureFunc(recurrent),
		Config: train.Config{Epochs: 15, ValidationFraction: 0.1, Optimizer: optim.Adam{LearningRate: 0.01}},
	}
	model, _, err := net.Train(ctx, recordings(1000, 1))
	if err != nil {
		panic(err)
	}
	unseen := recordings(200, 2)
	p, err := model.PredictRows(ctx, data.Blind(unseen))
	if err != nil {
		panic(err)
	}
	accuracy, _ := data.Accuracy.Score(unseen, p)
	fmt.Println(accuracy > 0.95, unseen.Sequences[0].Len(0), unseen.Sequences[0].Len(1))
	// Output: true 27 55
}
