package workload

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/train"
)

// A training has the same bits with any number of workers: losses, weights, and
// predictions afterwards.
func TestTrainingIsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	const steps = 6
	for _, w := range All() {
		set := generated(w, steps)
		var losses, weights []float64
		for _, n := range []int{1, 2, 4} {
			restore := SetThreads(n)
			m, err := w.Model()
			if err != nil {
				t.Fatal(err)
			}
			c := w.Config()
			c.Epochs = 1
			var got []float64
			c.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
				return func(e *train.Event) error {
					if e.Kind == train.BatchEnd {
						got = append(got, e.Loss)
					}
					return nil
				}, nil
			})}
			if _, err := train.Fit(context.Background(), m, set, c); err != nil && !errors.Is(err, train.ErrStop) {
				t.Fatal(err)
			}
			var values []float64
			for _, v := range m.Params().Snapshot() {
				values = append(values, v...)
			}
			out, err := m.Predict(context.Background(), set.Inputs...)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range out[0].Data().([]float32) {
				values = append(values, float64(v))
			}
			restore()
			if n == 1 {
				losses, weights = got, values
				if len(losses) != steps {
					t.Fatalf("%s: %d steps, want %d", w.Name, len(losses), steps)
				}
				continue
			}
			sameBits(t, w.Name, n, "the loss of step", got, losses)
			sameBits(t, w.Name, n, "weight or prediction", values, weights)
		}
	}
}

func sameBits(t *testing.T, name string, threads int, what string, got, want []float64) {
	t.Helper()
	for i, v := range want {
		if math.Float64bits(got[i]) != math.Float64bits(v) {
			t.Errorf("%s with %d threads: %s %d is %v, with one %v", name, threads, what, i, got[i], v)
			return
		}
	}
}
