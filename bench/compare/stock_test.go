package main

import (
	"context"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/train"
)

// TestStock: the programs for Gorgonia as it comes train the same networks: their
// losses of the first steps are those of Aegis from the same weights.
func TestStock(t *testing.T) {
	for _, w := range workload.All() {
		t.Run(w.Name, func(t *testing.T) {
			const batch, steps = 4, 4
			w.Batch = batch
			_, set, _, err := w.Data()
			if err != nil {
				t.Fatal(err)
			}
			rows := make([]int, batch*steps)
			for i := range rows {
				rows[i] = i
			}
			if set, err = set.Rows(rows); err != nil {
				t.Fatal(err)
			}
			m, err := w.Model()
			if err != nil {
				t.Fatal(err)
			}
			config := w.Config()
			config.NoShuffle, config.Epochs = true, 1
			var want []float64
			config.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
				return func(e *train.Event) error {
					if e.Kind == train.BatchEnd {
						want = append(want, e.Loss)
					}
					return nil
				}, nil
			})}
			if _, err := train.Fit(context.Background(), m, set, config); err != nil {
				t.Fatal(err)
			}
			s, err := newStock(w, set, batch, true)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for k := range steps {
				if err := s.on(rows[k*batch : (k+1)*batch]); err != nil {
					t.Fatal(err)
				}
				got := float64(s.cost.Data().(float32))
				if math.Abs(got-want[k]) > 1e-3*want[k] {
					t.Errorf("step %d: loss %v, Aegis has %v", k, got, want[k])
				}
			}
		})
	}
}
