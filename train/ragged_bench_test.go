package train_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// BenchmarkBuckets trains an LSTM of 64 units on 4096 sequences of 5 to 200 steps, most of them
// short, in batches of 64: with rows of similar length together, and as they are shuffled.
// "padding" is the share of the steps computed that no row has.
func BenchmarkBuckets(b *testing.B) {
	const rows, features, batch = 4096, 8, 64
	r := rand.New(rand.NewPCG(1, 1))
	values, labels := make([][]float64, rows), make([]int, rows)
	for i := range values {
		n := min(200, 5+int(-40*math.Log(1-r.Float64())))
		for range n * features {
			values[i] = append(values[i], r.NormFloat64())
		}
		labels[i] = r.IntN(2)
	}
	x, err := data.NewSequences("signal", features, values)
	if err != nil {
		b.Fatal(err)
	}
	set := &data.Set{
		Name: "noise", Sequences: []data.Sequences{x}, Classes: []string{"a", "b"},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))},
	}
	lengths := set.Lengths()
	for _, c := range []struct {
		name  string
		plain bool
	}{{"bucketed", false}, {"shuffled", true}} {
		b.Run(c.name, func(b *testing.B) {
			order, err := data.NewBatches(rows, batch, true, 1)
			if err == nil && !c.plain {
				err = order.ByLength(lengths)
			}
			if err != nil {
				b.Fatal(err)
			}
			order.Epoch(1)
			all, real := 0, 0
			for part := order.Next(); part != nil; part = order.Next() {
				longest := 0
				for _, i := range part {
					longest, real = max(longest, lengths[i]), real+lengths[i]
				}
				all += data.PaddedSteps(longest) * len(part)
			}
			in := models.Sequence("signal", features)
			m, err := models.New(models.Config{Seed: 1, Type: graph.Float32}, []*models.Tensor{in},
				[]*models.Tensor{models.Join(layers.LSTM{Units: 64}, in, in.Lengths()).Then(layers.Dense{Units: 1})})
			if err != nil {
				b.Fatal(err)
			}
			m.Info.Task, m.Info.Classes = data.Classify{}, set.Classes
			for b.Loop() {
				if _, err := train.Fit(context.Background(), m, set, train.Config{Epochs: 1, BatchSize: batch, Seed: 1, NoBuckets: c.plain}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(all-real)/float64(all), "padding")
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
