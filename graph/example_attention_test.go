package graph_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// Two queries attend to the first two of three keys; the second key is the like of the second
// query.
func ExampleBuilder_Attention() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	rows := func(name string, width int, v ...float64) *graph.Node {
		return b.Tensor(name, tensor.New(tensor.WithShape(1, len(v)/width, width), tensor.WithBacking(v)))
	}
	q := rows("q", 2, 0, 0, 0, 9)
	k := rows("k", 2, 3, 0, 0, 3, 9, 9)
	v := rows("v", 1, 10, 20, 30)
	lengths := b.Tensor("lengths", tensor.New(tensor.WithShape(1), tensor.WithBacking([]int{2})))
	y := b.Attention(q, k, v, graph.Attention{Lengths: lengths})
	p, err := graph.Compile(b, y)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", p.Tensor(y).Data())
	// Output: [15.00 20.00]
}

// Position 0 turns nothing; position 1 turns the pair (1, 0) by an angle of 1 radian.
func ExampleBuilder_Rotary() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	x := b.Tensor("x", tensor.New(tensor.WithShape(1, 2, 2), tensor.WithBacking([]float64{1, 0, 1, 0})))
	y := b.Rotary(x, graph.Rotary{})
	p, err := graph.Compile(b, y)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", p.Tensor(y).Data())
	// Output: [1.000 0.000 0.540 0.841]
}
