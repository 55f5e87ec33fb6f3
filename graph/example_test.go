package graph_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// y = x·w + b and the gradient of its sum of squares with respect to w.
func Example() {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	x := b.Input("x", 2, 2)
	w := b.Param("w", graph.Shape{2, 1}, graph.Weight{Init: graph.Values{1, -1}})
	y := b.Shift(b.MatMul(x, w), 0.5)
	total := b.Sum(b.Square(y))
	grads := b.Gradients(total, w)
	p, err := graph.Compile(b, y, total, grads[0])
	if err != nil {
		log.Fatal(err)
	}
	if err := p.SetInput("x", tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 2, 3, 4}))); err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Floats64(y), p.Float(total), p.Floats64(grads[0]))
	// Output: [-0.5 -0.5] 0.5 [-4 -6]
}

// A mistake is kept with its place; what follows it does nothing.
func ExampleNew() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer).Scope("encoder")
	y := b.Relu(b.MatMul(b.Input("x", 4, 3), b.Input("w", 2, 5)))
	fmt.Println(y == nil, b.Err())
	// Output: true graph: encoder: MatMul: (4,3) x (2,5): inner dimensions 3 and 2 differ
}

// Parameters outlive graphs: two batch sizes share one kernel.
func ExampleNewParams() {
	params := graph.NewParams(graph.Float32, 7)
	for _, batch := range []int{1, 32} {
		b := graph.New(params, graph.Infer)
		b.MatMul(b.Input("x", batch, 3), b.Param("kernel", graph.Shape{3, 2}, graph.Weight{}))
	}
	trained, all := params.Count()
	fmt.Println(params.Get("kernel").Shape(), trained, all)
	// Output: (3, 2) 6 6
}

// Gradients are held to central differences.
func ExampleCheckGradients() {
	square := func(b *graph.Builder, in []*graph.Node) *graph.Node { return b.Square(in[0]) }
	x := tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{0.5, -1, 2}))
	fmt.Println(graph.CheckGradients(graph.GradientCheck{}, square, x))
	// Output: <nil>
}

func ExampleFans() {
	fmt.Println(graph.Fans(graph.Shape{3, 3, 16, 32})) // a convolution's kernels
	// Output: 144 288
}

// A parameter that is found elsewhere, such as in a file, is not drawn.
func ExampleNewParamsFrom() {
	stored := map[string][]float64{"w": {3, 4}}
	params := graph.NewParamsFrom(graph.Float64, 1, func(path string, shape graph.Shape) (*tensor.Dense, error) {
		v, ok := stored[path]
		if !ok {
			return nil, nil
		}
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v)), nil
	})
	b := graph.New(params, graph.Infer)
	b.Param("w", graph.Shape{2}, graph.Weight{})
	b.Param("bias", graph.Shape{2}, graph.Weight{Init: graph.Zeros{}})
	fmt.Println(params.Get("w").Values(), params.Get("bias").Values(), b.Err())
	// Output: [3 4] [0 0] <nil>
}
