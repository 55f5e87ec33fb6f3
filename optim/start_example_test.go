package optim_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/optim"
	"gorgonia.org/tensor"
)

// The gradient of a lookup as its rows: the step changes the rows that were looked up, and
// a frozen group nothing.
func ExampleStartRows() {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	table := b.Param("words", graph.Shape{4, 2}, graph.Weight{Init: graph.Ones{}})
	index := b.InputInt("index", 3)
	rows, values := b.RowGradient(b.Gradients(b.Sum(b.Gather(table, index)), table)[0])
	p, err := graph.Compile(b, rows, values)
	if err != nil {
		log.Fatal(err)
	}
	groups := []optim.Group{{Match: "encoder/**", Frozen: true, Optional: true}}
	fmt.Println(optim.Frozen(groups, "encoder/0.Dense/kernel"), optim.Frozen(groups, "words"))
	run, err := optim.StartRows(optim.SGD{LearningRate: 0.1}, optim.Clip{}, groups, params.Trained(), []graph.Value{p.Value(values)}, []graph.Value{p.Value(rows)})
	if err != nil {
		log.Fatal(err)
	}
	if err := p.SetInput("index", tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{2, 0, 2}))); err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := run.Step(1, 1); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f\n", params.Get("words").Values())
	// Output:
	// true false
	// [0.9 0.9 1.0 1.0 0.8 0.8 1.0 1.0]
}
