package losses_test

import (
	"context"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/losses"
	"gorgonia.org/tensor"
)

// Two sequences of three steps; the last two steps of the second are padding.
func ExampleSequenceCrossEntropy() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	logits := b.Tensor("logits", tensor.New(tensor.WithShape(2, 3, 2), tensor.WithBacking([]float64{
		0, 0, 0, 0, 0, 0,
		math.Log(3), 0, 7, 7, math.Inf(1), 7,
	})))
	tags := b.Tensor("tags", tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]int{0, 1, 0, 0, -1, -1})))
	loss := losses.SequenceCrossEntropy{}.Loss(b, logits, tags)
	p, err := graph.Compile(b, loss)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", p.Floats64(loss)) // log 2 and log 4/3
	// Output: [0.6931 0.2877]
}
