package guides_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// Pinball is the quantile loss, max(Q·d, (Q − 1)·d) with d = want − pred, averaged over
// a row's outputs: its minimum is the Q-quantile of the target. Koenker & Bassett (1978).
//
// Shapes: pred (batch, 1), want (batch), result (batch).
type Pinball struct{ Q float64 }

// Loss implements losses.Loss.
func (p Pinball) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	if !(p.Q > 0 && p.Q < 1) {
		return b.Fail("quantile %v is not between 0 and 1", p.Q)
	}
	d := b.Sub(want, b.Reshape(pred, b.Shape(want)...))
	return b.Maximum(b.Scale(d, p.Q), b.Scale(d, p.Q-1))
}

func init() {
	if err := describe.Register("guides.", Pinball{}); err != nil {
		log.Fatal(err)
	}
}

func Example_loss() {
	r := rand.New(rand.NewPCG(1, 1))
	var x [][]float64
	var y []float64
	for range 2000 { // y is uniform on [0, 1 + x]
		v := r.Float64()
		x, y = append(x, []float64{v}), append(y, (1+v)*r.Float64())
	}
	set, err := data.FromRows("uniform", x, y)
	if err != nil {
		log.Fatal(err)
	}
	e := train.Estimator{Net: models.MLP{Hidden: []int{16}}, Config: train.Config{Loss: Pinball{Q: 0.9}, Epochs: 60}, Seed: 1}
	m, _, err := e.Train(context.Background(), set)
	if err != nil {
		log.Fatal(err)
	}
	p, err := m.PredictRows(context.Background(), set.Without())
	if err != nil {
		log.Fatal(err)
	}
	below := 0.0
	for i, v := range p.Values {
		if y[i] < v {
			below++
		}
	}
	fmt.Printf("%.1f of the targets lie below the predicted 0.9-quantile\n", below/2000)
	// Output: 0.9 of the targets lie below the predicted 0.9-quantile
}

func TestPinball(t *testing.T) {
	graphtest.Run(t, graphtest.Case{
		Name: "Pinball",
		Inputs: func(n int) []*tensor.Dense {
			return []*tensor.Dense{graphtest.Logits(1, n, 1), graphtest.Logits(2, n)}
		},
		Shape: func(n int) graph.Shape { return graph.Shape{n} },
		Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
			return Pinball{Q: 0.3}.Loss(b, in[0], in[1])
		},
	})
	graphtest.Reject(t, "quantile", func(b *graph.Builder) *graph.Node {
		return Pinball{Q: 1}.Loss(b, b.Input("pred", 2, 1), b.Input("want", 2))
	}, "quantile 1 is not between 0 and 1")
}
