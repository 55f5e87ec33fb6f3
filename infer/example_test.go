package infer_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// saved writes the file of a model of iris flowers, as a training would, and returns its
// path: standardized columns, and the weights that draws made.
func saved(dir string) (string, error) {
	set, err := data.Load("iris")
	if err != nil {
		return "", err
	}
	fitted, err := data.Standardize{}.Fit(set)
	if err != nil {
		return "", err
	}
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 4), layers.Dense{Units: 8, Activation: layers.Relu}, layers.Dense{Units: 3}, layers.Softmax{})
	if err != nil {
		return "", err
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: set.Classes, Features: set.Features, Preprocess: fitted, Probabilities: true}
	path := filepath.Join(dir, "iris.safetensors")
	return path, m.Save(path)
}

// A model file is run without Gorgonia: by rows of its table, or by batches of its network.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path, err := saved(dir)
	if err != nil {
		log.Fatal(err)
	}

	m, err := infer.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	row, err := m.Row()
	if err != nil {
		log.Fatal(err)
	}
	out, err := row.Run(context.Background(), []float64{5.1, 3.5, 1.4, 0.2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %.3f\n", m.Columns()[0].Name, out[0].Float32)
	// Output: sepal length (cm): [0.335 0.057 0.608]
}

// A program is a list of operations with a symbolic batch.
func ExampleProgram() {
	params := graph.NewParams(graph.Float32, 1)
	p, err := graph.Lower(func(batch int) (*graph.Builder, []*graph.Node, error) {
		b := graph.New(params, graph.Infer)
		w := b.Param("kernel", graph.Shape{2, 1}, graph.Weight{Init: graph.Values{1, -1}})
		y := b.Dense(b.Input("x", batch, 2), w, nil, graph.Relu)
		return b, []*graph.Node{b.Reshape(y, batch)}, b.Err()
	}, "y")
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range p.Steps {
		fmt.Println(s.Kind, s.Attributes, s.Operands)
	}
	s, err := p.Session(3, []infer.Memory{{Float32: params.Get("kernel").Floats32()}})
	if err != nil {
		log.Fatal(err)
	}
	copy(s.Input(0).Float32, []float32{3, 1, 1, 3, 2, 2})
	if err := s.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Output(0).Float32)
	// Output:
	// Dense [activation=Relu] [0 1]
	// Reshape [shape=[N]] [2]
	// [2 0 0]
}

// A model file is opened once; its sessions run batches of a fixed number of rows.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path, err := saved(dir)
	if err != nil {
		log.Fatal(err)
	}
	m, err := infer.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.Session(2) // takes standardized columns
	if err != nil {
		log.Fatal(err)
	}
	copy(s.Input(0).Float32, []float32{0, 0, 0, 0, 1, -1, 1, 1})
	if err := s.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(s.Output(0).Float32))
	// Output: 6
}

// A model read from memory, such as an embedded file.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path, err := saved(dir)
	if err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	m, err := infer.Read(bytes.NewReader(content))
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range m.Columns() {
		fmt.Println(c.Name)
	}
	// Output:
	// sepal length (cm)
	// sepal width (cm)
	// petal length (cm)
	// petal width (cm)
}
