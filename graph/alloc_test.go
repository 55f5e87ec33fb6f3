//go:build !race

package graph_test

import (
	"context"
	"testing"

	"github.com/seed732fc211/aegis/graph"
)

// Under the race detector sync.Pool forgets at random, and so allocates.
func TestStepDoesNotAllocate(t *testing.T) {
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		_, p, _ := classifier(t, dt, 32)
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		if n := testing.AllocsPerRun(100, func() {
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations a step", dt, n)
		}
	}
}
