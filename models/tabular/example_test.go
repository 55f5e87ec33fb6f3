package tabular_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/train"
)

// Four members share the kernel; scales and biases are their own.
func ExampleBatchEnsemble() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), tabular.BatchEnsemble{Units: 8, Members: 4, First: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4, 8)] 124
}

// Each member has its own last layer.
func ExampleEnsembleDense() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), tabular.BatchEnsemble{Units: 8, Members: 4}, tabular.EnsembleDense{Units: 2, Members: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 196
}

// Two numbers with periodic embeddings, three indicators with an embedding.
func ExampleEncode() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), tabular.Encode{Columns: []tabular.Columns{{From: 0, To: 2, Treatment: tabular.Periodic}, {From: 2, To: 5, Treatment: tabular.Embed, Dim: 2}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(10)] 172
}

// The parts of RealMLP: a scale, a layer, a gated activation.
func ExampleNTKDense() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), tabular.FrontScale{}, tabular.NTKDense{Units: 8}, tabular.Gated{Activation: layers.Selu})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 61
}

// One factor for each column.
func ExampleFrontScale() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), tabular.FrontScale{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(5)] 5
}

// One gate for each feature.
func ExampleGated() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), tabular.Gated{Activation: layers.Mish})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(5)] 5
}

// PyTorch's initial weights of a linear layer.
func ExampleRootUniform() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), layers.Dense{Units: 3, Kernel: graph.Weight{Init: tabular.RootUniform{}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(3)] 18
}

// Signs at random.
func ExampleRandomSigns() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), layers.Dense{Units: 3, Kernel: graph.Weight{Init: tabular.RandomSigns{}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(3)] 18
}

// Two hidden layers for the four columns and three classes of Iris.
func ExampleMLP() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	m, err := tabular.MLP{Hidden: []int{16, 16}, Dropout: 0.1}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(3)] 403
}

// A scale, embeddings of numbers, three layers with gates.
func ExampleRealMLP() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	m, err := tabular.RealMLP{Hidden: []int{32, 32}}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(3)] 2111
}

// One block of 32 units.
func ExampleResNet() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	m, err := tabular.ResNet{Blocks: 1, Units: 32}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(3)] 4579
}

// Eight members; the outputs are those of all.
func ExampleTabM() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	m, err := tabular.TabM{Members: 8, Blocks: 2, Units: 32}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(24)] 3256
}

// Eight members are trained side by side, each with its own loss.
func ExampleMemberLoss() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	net := tabular.TabM{Members: 8, Blocks: 1, Units: 16}
	m, err := net.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	loss := tabular.MemberLoss{Members: 8, Each: losses.SoftmaxCrossEntropy{}}
	history, err := train.Fit(context.Background(), m, set, train.Config{Loss: loss, Epochs: 5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(history.Last("loss") < history.At("loss", 1))
	// Output: true
}
