package models_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// Two inputs, joined.
func ExampleNew() {
	size, words := models.Input("size", 3), models.InputInt("words", 5)
	joined := models.Join(layers.Concat{}, size, words.Then(layers.Embedding{Size: 100, Dim: 4}, layers.GlobalMaxPool{}))
	m, err := models.New(models.Config{Name: "both", Seed: 1}, []*models.Tensor{size, words}, []*models.Tensor{joined.Then(layers.Dense{Units: 2})})
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Predict(context.Background(), graphtest.Logits(1, 6, 3), graphtest.Ints(1, 100, 6, 5))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.InputNames(), out[0].Shape())
	// Output: [size words] (6, 2)
}

// One layer for two inputs.
func ExampleShare() {
	a, b := models.Input("a", 3), models.Input("b", 3)
	tower := models.Share(layers.Dense{Units: 2})
	m, err := models.New(models.Config{}, []*models.Tensor{a, b}, []*models.Tensor{models.Join(layers.Multiply{}, tower.On(a), tower.On(b))})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Summary().Trained)
	// Output: 8
}

// One encoder for texts of two inputs, whose lengths it takes besides.
func ExampleShareJoiner() {
	a, b := models.Sequence("a", 4), models.Sequence("b", 4)
	encoder := models.ShareJoiner(layers.LSTM{Units: 3})
	m, err := models.New(models.Config{}, []*models.Tensor{a, b}, []*models.Tensor{
		models.Join(layers.Multiply{}, encoder.Join(a, a.Lengths()), encoder.Join(b, b.Lengths())),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Summary().Trained)
	// Output: 96
}

// A decoder begins with the states of an encoder.
func ExampleTensor_Part() {
	said, written := models.Input("said", 7, 3), models.Input("written", 5, 3)
	encoder := said.Then(layers.LSTM{Units: 4})
	decoder := models.Join(layers.LSTM{Units: 4, Sequence: true}, written, encoder.Part("state"), encoder.Part("cell"))
	m, err := models.New(models.Config{}, []*models.Tensor{said, written}, []*models.Tensor{decoder.Then(layers.Dense{Units: 3})})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes())
	// Output: [(5, 3)]
}

// The output of a hidden layer.
func ExampleModel_WithOutputs() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Stack{layers.Dense{Units: 6}, layers.Relu}, layers.Dense{Units: 1})
	if err != nil {
		log.Fatal(err)
	}
	hidden, err := m.WithOutputs("0.Stack/0.Dense", "0.Stack")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hidden.OutputShapes())
	// Output: [(6) (6)]
}

// Overconfident probabilities, made less extreme.
func ExampleFitTemperature() {
	proba := []float64{0.99, 0.01, 0.99, 0.01, 0.99, 0.01, 0.01, 0.99}
	c, err := models.FitTemperature(proba, []int{0, 0, 1, 1}, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Temperature > 1)
	// Output: true
}

// Predicting class 1 for a row of class 0 costs ten times as much as the reverse.
func ExampleDecide() {
	fmt.Println(models.Decide([]float64{0.5, 0.5, 0.05, 0.95}, 2, [][]float64{{0, 10}, {1, 0}}))
	// Output: [0 1]
}

// The architecture of a small convolutional net, which takes its sizes from the rows.
func ExampleChain() {
	set, err := data.Digits()
	if err != nil {
		log.Fatal(err)
	}
	net := models.Chain{Layers: []layers.Layer{layers.Reshape{Shape: []int{8, 8, 1}}, layers.Conv2D{Filters: 4, Size: [2]int{3, 3}, Activation: layers.Relu}, layers.MaxPool2D{Size: [2]int{2, 2}}}}
	m, err := net.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.LayerNames(), m.OutputShapes())
	// Output: [0.Reshape 1.Conv2D 2.MaxPool2D 3.Flatten 4.Dense] [(10)]
}
