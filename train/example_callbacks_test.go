package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// fit trains a small net on Iris for some epochs.
func fit(c train.Config) (*models.Model, *train.History) {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	model, err := models.MLP{Hidden: []int{8}}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	history, err := train.Fit(context.Background(), model, set, c)
	if err != nil {
		log.Fatal(err)
	}
	return model, history
}

// temporary returns a path in a folder for this run.
func temporary(name string) string {
	folder, err := os.MkdirTemp("", "aegis")
	if err != nil {
		log.Fatal(err)
	}
	return filepath.Join(folder, name)
}

// A row of the file for every epoch.
func ExampleCSVLog() {
	path := temporary("curves.csv")
	defer os.RemoveAll(filepath.Dir(path))
	fit(train.Config{Epochs: 2, Callbacks: []train.Callback{train.CSVLog{Path: path}}})
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Split(string(text), "\n")[0], strings.Count(string(text), "\n"))
	// Output: epoch,loss,accuracy 3
}

// A line of the file for every epoch.
func ExampleJSONLog() {
	path := temporary("curves.jsonl")
	defer os.RemoveAll(filepath.Dir(path))
	fit(train.Config{Epochs: 3, Callbacks: []train.Callback{train.JSONLog{Path: path}}})
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(string(text), "\n"))
	// Output: 3
}

// Four epochs at once, and two that go on from two: the same weights.
func ExampleCheckpoint() {
	path := temporary("model.aegis")
	defer os.RemoveAll(filepath.Dir(path))
	atOnce, _ := fit(train.Config{Epochs: 4, Seed: 1})

	stop := train.OnEpoch(func(e *train.Event) error {
		if e.Epoch == 2 {
			return train.ErrStop
		}
		return nil
	})
	fit(train.Config{Epochs: 4, Seed: 1, Callbacks: []train.Callback{stop, train.Checkpoint{Path: path}}})
	model, state, err := train.LoadCheckpoint(path)
	if err != nil {
		log.Fatal(err)
	}
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := train.Fit(context.Background(), model, set, train.Config{Epochs: 4, Seed: 1, From: state}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(slices.EqualFunc(atOnce.Params().Snapshot(), model.Params().Snapshot(), slices.Equal[[]float64]))
	// Output: true
}

// The rate falls to a tenth when the loss has not fallen by 0.5 for two epochs.
func ExampleReduceOnPlateau() {
	_, history := fit(train.Config{Epochs: 5, Callbacks: []train.Callback{train.ReduceOnPlateau{Monitor: "loss", Rule: optim.Plateau{Patience: 1, MinDelta: 0.5}}}})
	fmt.Println(history.Epochs(), history.Last("loss") < history.At("loss", 1))
	// Output: 5 true
}

// A rate that is far too high ends the fit, without an error.
func ExampleTerminateOnNaN() {
	_, history := fit(train.Config{Epochs: 50, Optimizer: optim.SGD{LearningRate: 1e30}, Callbacks: []train.Callback{train.TerminateOnNaN{}}})
	fmt.Println(history.Epochs() < 50)
	// Output: true
}

// A line for every epoch.
func ExampleProgress() {
	var lines strings.Builder
	fit(train.Config{Epochs: 3, Callbacks: []train.Callback{train.Progress{W: &lines}}})
	fmt.Println(strings.Count(lines.String(), "\n"))
	// Output: 3
}

// Two outputs: a class, and a number that counts for a tenth of it.
func ExampleOutputs() {
	x := models.Input("x", 4)
	body := x.Then(layers.Dense{Units: 8, Activation: layers.Relu})
	model, err := models.New(models.Config{Seed: 1}, []*models.Tensor{x}, []*models.Tensor{body.Then(layers.Dense{Units: 3}), body.Then(layers.Dense{Units: 1})})
	if err != nil {
		log.Fatal(err)
	}
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	lengths := make([]float64, set.Len()) // of sepals
	for i := range lengths {
		lengths[i] = set.Inputs[0].Data().([]float64)[4*i]
	}
	set.Targets = append(set.Targets, tensor.New(tensor.WithShape(len(lengths)), tensor.WithBacking(lengths)))
	objective := train.Outputs{Losses: []losses.Loss{losses.SoftmaxCrossEntropy{}, losses.MSE{}}, Weights: []float64{1, 0.1}, Names: []string{"class", "length"}}
	history, err := train.Fit(context.Background(), model, set, train.Config{Objective: objective, Epochs: 5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(history.Names())
	// Output: [loss loss class loss length]
}
