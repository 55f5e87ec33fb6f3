package graph_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/graph"
)

// Variance 2/(in + out): 4 inputs and 2 outputs.
func ExampleGlorotUniform() {
	fmt.Printf("%.2f\n", weights(graph.GlorotUniform{}))
	// Output: [-0.95 -0.88 0.18 -0.77 -0.05 0.23 0.78 0.78]
}

// Variance 2/(in + out).
func ExampleGlorotNormal() {
	fmt.Printf("%.2f\n", weights(graph.GlorotNormal{}))
	// Output: [0.18 -0.25 0.03 0.04 0.49 -0.65 0.14 0.02]
}

// Variance 2/in, for ReLU.
func ExampleHeUniform() {
	fmt.Printf("%.2f\n", weights(graph.HeUniform{}))
	// Output: [-1.16 -1.07 0.22 -0.95 -0.07 0.28 0.95 0.96]
}

// Variance 2/in, for ReLU.
func ExampleHeNormal() {
	fmt.Printf("%.2f\n", weights(graph.HeNormal{}))
	// Output: [0.22 -0.31 0.03 0.05 0.61 -0.79 0.17 0.02]
}

// Variance 1/in, for SELU.
func ExampleLeCunUniform() {
	fmt.Printf("%.2f\n", weights(graph.LeCunUniform{}))
	// Output: [-0.82 -0.76 0.16 -0.67 -0.05 0.20 0.67 0.68]
}

// Variance 1/in, for SELU.
func ExampleLeCunNormal() {
	fmt.Printf("%.2f\n", weights(graph.LeCunNormal{}))
	// Output: [0.16 -0.22 0.02 0.03 0.43 -0.56 0.12 0.02]
}

// Between two bounds.
func ExampleUniform() {
	fmt.Printf("%.2f\n", weights(graph.Uniform{Low: -0.1, High: 0.1}))
	// Output: [-0.09 -0.09 0.02 -0.08 -0.01 0.02 0.08 0.08]
}

// A mean and a standard deviation.
func ExampleNormal() {
	fmt.Printf("%.2f\n", weights(graph.Normal{Mean: 1, Std: 0.5}))
	// Output: [1.16 0.78 1.02 1.03 1.43 0.44 1.12 1.02]
}

// Columns of length 1 at right angles.
func ExampleOrthogonal() {
	fmt.Printf("%.2f\n", weights(graph.Orthogonal{}))
	// Output: [0.33 -0.15 0.05 0.33 0.91 -0.22 0.25 0.91]
}

// The same value everywhere.
func ExampleConstant() {
	fmt.Printf("%.2f\n", weights(graph.Constant{Value: 0.5}))
	// Output: [0.50 0.50 0.50 0.50 0.50 0.50 0.50 0.50]
}

// As biases start.
func ExampleZeros() {
	fmt.Printf("%.2f\n", weights(graph.Zeros{}))
	// Output: [0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00]
}

// As scales start.
func ExampleOnes() {
	fmt.Printf("%.2f\n", weights(graph.Ones{}))
	// Output: [1.00 1.00 1.00 1.00 1.00 1.00 1.00 1.00]
}

// Given values.
func ExampleValues() {
	fmt.Printf("%.2f\n", weights(graph.Values{1, 2, 3, 4, 5, 6, 7, 8}))
	// Output: [1.00 2.00 3.00 4.00 5.00 6.00 7.00 8.00]
}

// An activation is written as its name.
func ExampleActivation() {
	var a graph.Activation
	if err := a.UnmarshalText([]byte("LeakyRelu(0.2)")); err != nil {
		fmt.Println(err)
	}
	fmt.Println(a, a == graph.LeakyRelu(0.2))
	// Output: LeakyRelu(0.2) true
}

// weights returns a kernel (4, 2) as an initialiser starts it with seed 1.
func weights(init graph.Initializer) []float64 {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Infer)
	b.Param("kernel", graph.Shape{4, 2}, graph.Weight{Init: init})
	if err := b.Err(); err != nil {
		log.Fatal(err)
	}
	return params.Get("kernel").Values()
}

// Negative values are scaled by 0.2 instead of cut off.
func ExampleLeakyRelu() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	y := b.Activate(b.Param("x", graph.Shape{3}, graph.Weight{Init: graph.Values{-1, 0, 2}}), graph.LeakyRelu(0.2))
	p, err := graph.Compile(b, y)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.Floats64(y))
	// Output: [-0.2 0 2]
}
