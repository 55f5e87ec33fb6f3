//go:build !race

package models_test

import (
	"testing"

	"github.com/seed732fc211/aegis/graph/graphtest"
)

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

// Fault 39: one row took ten allocations. Two are left: the result's memory, and the
// tensor with its shape and the list that it is returned in.
func TestFault39OneRowAllocatesTwice(t *testing.T) {
	m, x := wideNet(t), graphtest.Logits(1, 1, 20)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := m.Predict(ctx, x); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestPredictMapAllocations(t *testing.T) {
	train := mixed(t, 80, 1)
	cells := row(train.Features, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 0, 1, 1_700_000_000}, func(int) int { return 0 })
	for name, m := range servers(t, train) {
		r, err := m.RowPredictor()
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			if _, err := r.PredictMap(cells); err != nil {
				t.Fatal(err)
			}
		}); n > 4 {
			t.Errorf("%s: %v allocations a row", name, n)
		}
	}
}
