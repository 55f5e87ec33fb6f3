//go:build !race

package train_test

import (
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// TestStepsDoNotAllocate: a fit of 32 times the steps, of the same rows in smaller
// batches, takes no more memory, also where it keeps the score of its training rows.
// Under the race detector sync.Pool forgets at random, and so allocates.
func TestStepsDoNotAllocate(t *testing.T) {
	for name, c := range map[string]struct {
		net        models.MLP
		average    float64
		accumulate int
	}{
		"plain":       {net: models.MLP{Hidden: []int{16, 8}}},
		"L1":          {net: models.MLP{Hidden: []int{16, 8}, L1: 1e-3}},
		"dropout":     {net: models.MLP{Hidden: []int{16, 8}, Dropout: 0.5}},
		"float64":     {net: models.MLP{Hidden: []int{16, 8}, Type: graph.Float64}},
		"average":     {net: models.MLP{Hidden: []int{16, 8}}, average: 0.9},
		"accumulated": {net: models.MLP{Hidden: []int{16, 8}}, accumulate: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := moons(t, 512, 1)
			allocs := func(batch int) float64 {
				return testing.AllocsPerRun(3, func() {
					m, err := c.net.Build(s, 1)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := train.Fit(ctx, m, s, train.Config{Epochs: 4, BatchSize: batch, Validation: s, Average: c.average, Accumulate: c.accumulate}); err != nil {
						t.Fatal(err)
					}
				})
			}
			few, many := allocs(32), allocs(1) // 64 and 2048 steps: building a model varies by about ten
			if more := (many - few) / (2048 - 64); more > 0.01 {
				t.Errorf("%.2f allocations a step: %v with 64 steps, %v with 2048", more, few, many)
			}
		})
	}
}
