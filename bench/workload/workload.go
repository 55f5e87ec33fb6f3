// Package workload defines the four trainings by which the speed of Aegis is
// measured, W1 to W4, once for all who measure them: the benchmarks, the command
// aegis bench, and the comparison with other libraries.
package workload

import (
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// Workload is a network, its optimizer and the size of its batches.
type Workload struct {
	Name      string // "W1"
	Title     string // the network in words
	Shape     []int  // of one row
	Classes   int
	Batch     int // rows of a training step
	Layers    []layers.Layer
	Optimizer optim.Optimizer
	Loss      losses.Loss
	Table     bool // the rows are those of a small table, not images
}

// PredictRows is how many rows an inference on a large batch predicts at once.
const PredictRows = 2048

// All returns the workloads in order.
func All() []Workload {
	adam := optim.Adam{LearningRate: 1e-3}
	return []Workload{
		{
			Name: "W1", Title: "MLP 784-256-128-10, Adam, batch 128", Shape: []int{784}, Classes: 10, Batch: 128,
			Layers: []layers.Layer{
				layers.Dense{Units: 256, Activation: layers.Relu},
				layers.Dense{Units: 128, Activation: layers.Relu},
				layers.Dense{Units: 10},
			},
			Optimizer: adam, Loss: losses.SoftmaxCrossEntropy{},
		},
		{
			Name: "W2", Title: "CNN 3x3x32, pool, 3x3x64, pool, 128, 10, Adam, batch 64", Shape: []int{28, 28, 1}, Classes: 10, Batch: 64,
			Layers: []layers.Layer{
				layers.Conv2D{Filters: 32, Size: [2]int{3, 3}, Padding: layers.Same, Activation: layers.Relu},
				layers.MaxPool2D{Size: [2]int{2, 2}},
				layers.Conv2D{Filters: 64, Size: [2]int{3, 3}, Padding: layers.Same, Activation: layers.Relu},
				layers.MaxPool2D{Size: [2]int{2, 2}},
				layers.Flatten{},
				layers.Dense{Units: 128, Activation: layers.Relu},
				layers.Dense{Units: 10},
			},
			Optimizer: adam, Loss: losses.SoftmaxCrossEntropy{},
		},
		{
			Name: "W3", Title: "LSTM of 28 steps x 28, 128 units, dense 10, Adam, batch 64", Shape: []int{28, 28}, Classes: 10, Batch: 64,
			Layers:    []layers.Layer{layers.LSTM{Units: 128}, layers.Dense{Units: 10}},
			Optimizer: adam, Loss: losses.SoftmaxCrossEntropy{},
		},
		{
			Name: "W4", Title: "MLP 30-16-8-1 on 544 rows of a table, SGD, batch 32", Shape: []int{30}, Classes: 2, Batch: 32,
			Layers: []layers.Layer{
				layers.Dense{Units: 16, Activation: layers.Relu},
				layers.Dense{Units: 8, Activation: layers.Relu},
				layers.Dense{Units: 1},
			},
			Optimizer: optim.SGD{LearningRate: 0.01}, Loss: losses.BinaryCrossEntropy{}, Table: true,
		},
	}
}

// Named returns the workload of a name.
func Named(name string) (Workload, error) {
	var names []string
	for _, w := range All() {
		if strings.EqualFold(w.Name, name) {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("workload: there is no %q; there are %s", name, strings.Join(names, ", "))
}

// Model makes the network with its first weights.
func (w Workload) Model() (*models.Model, error) {
	m, err := models.Sequential(models.Config{Name: w.Name, Seed: 1}, models.Input("x", w.Shape...), w.Layers...)
	if err != nil {
		return nil, err
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: names(w.Classes)}
	return m, nil
}

// Config returns how the network is fitted: shuffled, without metrics, and
// without an end.
func (w Workload) Config() train.Config {
	return train.Config{
		BatchSize: w.Batch, Optimizer: w.Optimizer, Loss: w.Loss, Metrics: []data.Metric{}, Epochs: 1 << 30, Seed: 1,
	}
}

func names(classes int) []string {
	out := make([]string, classes)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}
