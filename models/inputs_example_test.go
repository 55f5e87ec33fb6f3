package models_test

import (
	"bytes"
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

// The shape of an input leaves out the batch: a model takes any number of rows.
func ExampleInput() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 4, 4, 3), layers.Flatten{}, layers.Dense{Units: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, rows := range []int{1, 5} {
		y, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(rows, 4, 4, 3), tensor.Of(tensor.Float32)))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(y[0].Shape())
	}
	// Output:
	// (1, 2)
	// (5, 2)
}

// Five word indices per row; the embedding has a vector for each of 100 words.
func ExampleInputInt() {
	m, err := models.Sequential(models.Config{}, models.InputInt("words", 5), layers.Embedding{Size: 100, Dim: 8}, layers.GlobalMaxPool{}, layers.Dense{Units: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.InputShape(0), m.OutputShapes())
	// Output: (5) [(2)]
}

// Signals of three channels and any length. The LSTM needs the lengths to stop before the
// padding; the result for a row does not depend on how far it is padded.
func ExampleSequence() {
	x := models.Sequence("signal", 3)
	last := models.Join(layers.LSTM{Units: 4}, x, x.Lengths())
	m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{x}, []*models.Tensor{last})
	if err != nil {
		log.Fatal(err)
	}
	lengths := tensor.New(tensor.WithShape(1), tensor.WithBacking([]int{2}))
	predict := func(steps int) string {
		values := make([]float32, steps*3)
		copy(values, []float32{1, 2, 3, 4, 5, 6})
		y, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(1, steps, 3), tensor.WithBacking(values)), lengths)
		if err != nil {
			log.Fatal(err)
		}
		return fmt.Sprintf("%.4f", y[0].Data())
	}
	fmt.Println(m.InputShape(0), predict(2) == predict(8))
	// Output: (-1, 3) true
}

// Sentences of word indices, classified by the mean of their words' vectors.
func ExampleSequenceInt() {
	words := models.SequenceInt("words")
	mean := models.Join(layers.GlobalAveragePool{}, words.Then(layers.Embedding{Size: 1000, Dim: 16}), words.Lengths())
	m, err := models.New(models.Config{}, []*models.Tensor{words}, []*models.Tensor{mean.Then(layers.Dense{Units: 2})})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.IsSequence(0), m.OutputShapes())
	// Output: true [(2)]
}

// The number of inputs and of output units follows from the rows.
func ExampleMLP() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	m, err := models.MLP{Hidden: []int{16}, Dropout: 0.1}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.InputShape(0), m.OutputShapes(), m.Summary().Trained)
	// Output: (4) [(3)] 131
}

// Two classes need one output unit or two, with different losses.
func ExampleLossOf() {
	rules, err := data.RulesOf(data.Classify{}, data.Targets{Columns: []string{"verdict"}, Classes: []string{"no", "yes"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, units := range []int{1, 2} {
		loss, err := models.LossOf(rules, units)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%T\n", loss)
	}
	// Output:
	// losses.BinaryCrossEntropy
	// losses.SoftmaxCrossEntropy
}

// Gate n of the second bias of PyTorch's GRU, for two units.
func ExampleTorchGRUOtherBias() {
	fmt.Println(models.TorchGRUOtherBias(graph.Shape{6}, []float64{1, 2, 3, 4, 5, 6}))
	// Output: (2) [5 6] <nil>
}

// A note saved beside the model.
func ExampleLoadWith() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	m, err := models.Sequential(models.Config{Name: "net"}, models.Input("x", 2), layers.Dense{Units: 1})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.SaveWith(path, models.Extra{Meta: map[string]string{"author": "Ada"}}); err != nil {
		log.Fatal(err)
	}
	again, extra, err := models.LoadWith(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Name(), extra.Meta["author"])
	// Output: net Ada
}

// A model read from memory, such as an embedded file.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	m, err := models.Sequential(models.Config{Name: "net"}, models.Input("x", 2), layers.Dense{Units: 1})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Save(path); err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	again, _, err := models.Read(bytes.NewReader(content))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Name(), again.LayerNames())
	// Output: net [0.Dense]
}
