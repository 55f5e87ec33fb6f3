package graph_test

import (
	"fmt"

	"github.com/seed732fc211/aegis/graph"
)

func ExampleBuilder_Operations() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	l := b.Scope("dense")
	x := b.Input("x", 32, 10)
	h := l.Dense(x, l.Param("kernel", graph.Shape{10, 4}, graph.Weight{}), nil, graph.Relu)
	ops, err := b.Operations(b.Softmax(h))
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, o := range ops {
		fmt.Printf("%d: %v %s%v of %v\n", i, o, o.Name, o.Shape, o.Operands)
	}
	fmt.Println(ops[2].Path, ops[2].Attribute("activation"))
	// Output:
	// 0: Input x(32, 10) of []
	// 1: Parameter dense/kernel(10, 4) of []
	// 2: Dense activation=Relu (32, 4) of [0 1]
	// 3: Softmax axis=1 (32, 4) of [2]
	// dense Relu
}
