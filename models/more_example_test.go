package models_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// A network of two inputs: numbers, and the index of a word.
func ExampleJoin() {
	x, word := models.Input("x", 3), models.InputInt("word")
	both := models.Join(layers.Concat{}, x, word.Then(layers.Embedding{Size: 100, Dim: 4}))
	m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{x, word}, []*models.Tensor{both.Then(layers.Dense{Units: 2})})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.InputNames(), m.OutputShapes())
	// Output: [x word] [(2)]
}

// A file holds weights, architecture and preprocessing.
func ExampleLoad() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 1, Kernel: graph.Weight{Init: graph.Ones{}}})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Save(path); err != nil {
		log.Fatal(err)
	}
	again, err := models.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	y, err := again.Predict(context.Background(), tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{3, 4})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y[0].Data())
	// Output: [7]
}

// The mean of two models' predictions, as one model.
func ExampleBag() {
	member := func(weight float64) *models.Model {
		m, err := models.Sequential(models.Config{}, models.Input("x", 1), layers.Dense{Units: 1, Kernel: graph.Weight{Init: graph.Constant{Value: weight}}})
		if err != nil {
			log.Fatal(err)
		}
		m.Info = models.Info{Task: data.Regress{}, Features: []data.Feature{{Name: "x"}}}
		return m
	}
	bag, err := models.Bag(member(1), member(2))
	if err != nil {
		log.Fatal(err)
	}
	rows := &data.Set{Features: []data.Feature{{Name: "x"}}, Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float64{10, 20}))}}
	p, err := bag.PredictRows(context.Background(), rows)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Values)
	// Output: [15 30]
}

// Of the rows that were predicted with .7 and .9, half were of class 1.
func ExampleFitIsotonic() {
	c, err := models.FitIsotonic([]float64{0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.1, 0.9}, []int{0, 0, 1, 0}, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Steps[1].X, c.Steps[1].Y)
	// Output: [0.1 0.2 0.7 0.9] [0 0 0.5 0.5]
}

// PyTorch's Linear holds (out, in), a Dense (in, out).
func ExampleTorchKernel() {
	fmt.Println(models.TorchKernel(graph.Shape{2, 3}, []float64{1, 2, 3, 4, 5, 6}))
	// Output: (3, 2) [1 4 2 5 3 6] <nil>
}

// Two channels of two pixels each, flattened channel by channel, in front of one output.
func ExampleTorchFlattened() {
	fmt.Println(models.TorchFlattened(2)(graph.Shape{1, 4}, []float64{1, 2, 10, 20}))
	// Output: (4, 1) [1 10 2 20] <nil>
}

// The second bias of PyTorch's GRU is part of two biases here.
func ExampleTorchGRUBias() {
	hidden := []float64{1, 2, 3} // of gates r, z and n, for one unit
	fmt.Println(models.TorchGRUBias(graph.Shape{3}, hidden))
	fmt.Println(models.TorchGRUOtherBias(graph.Shape{3}, hidden))
	// Output:
	// (3) [1 2 0] <nil>
	// (1) [3] <nil>
}
