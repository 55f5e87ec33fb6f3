package graph_test

import (
	"context"
	"fmt"
	"log"
	"runtime"

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

// A network as a program for any batch size N.
func ExampleLower() {
	params := graph.NewParams(graph.Float32, 1)
	p, err := graph.Lower(func(batch int) (*graph.Builder, []*graph.Node, error) {
		b := graph.New(params, graph.Infer)
		y := b.Softmax(b.MatMul(b.Input("x", batch, 3), b.Param("kernel", graph.Shape{3, 2}, graph.Weight{})))
		return b, []*graph.Node{y}, b.Err()
	}, "y")
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range p.Steps {
		fmt.Println(s.Kind, s.Operands)
	}
	// Output:
	// MatMul [0 1]
	// Softmax [2]
}

// Products of another BLAS. counting is gonum's, with a count of its calls.
func ExampleUseBLAS() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	y := b.MatMul(b.Param("v", graph.Shape{1, 2}, graph.Weight{Init: graph.Values{3, 4}}), b.Param("w", graph.Shape{2, 1}, graph.Weight{Init: graph.Values{10, 1}}))
	p, err := graph.Compile(b, y)
	if err != nil {
		log.Fatal(err)
	}
	other := &counting{}
	graph.UseBLAS(other)
	defer graph.UseBLAS(nil)
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Floats32(y), other.calls)
	// Output: [34] 1
}

// A border of two zeros for a 5x5 kernel keeps the size of the images.
func ExamplePad() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	images, kernel := b.Input("images", 8, 28, 28, 1), b.Input("kernel", 5, 5, 1, 16)
	y := b.Conv2D(images, kernel, nil, graph.Window{Padding: graph.Pad(2)}, 1, graph.Identity)
	fmt.Println(b.Shape(y), b.Err())
	// Output: (8, 28, 28, 16) <nil>
}

// Only what the outputs need is computed: the other input can stay unset.
func ExampleCompile() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	x := b.Input("x", 3)
	b.Exp(b.Input("unused", 3))
	y := b.Square(x)
	p, err := graph.Compile(b, y)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.SetInput("x", tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1, 2, 3}))); err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Floats64(y))
	// Output: [1 4 9]
}

// One goroutine, then as many as Go runs at once.
func ExampleSetThreads() {
	graph.SetThreads(1)
	fmt.Println(graph.Threads())
	graph.SetThreads(0)
	fmt.Println(graph.Threads() == runtime.GOMAXPROCS(0))
	// Output:
	// 1
	// true
}
