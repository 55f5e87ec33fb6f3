//go:build !race

package models_test

import "testing"

// Under the race detector sync.Pool forgets at random, and so allocates.
func TestPredictorDoesNotAllocate(t *testing.T) {
	p, err := wideNet(t).Predictor(2)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
