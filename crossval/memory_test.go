package crossval

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// hungry is an estimator that holds memory, in MiB, for a while.
func hungry(mib int) Estimator {
	return EstimatorFunc(func(ctx context.Context, train *data.Set, _ uint64) (*data.Predictor, error) {
		var parts [][]byte
		for range mib {
			part := make([]byte, 1<<20)
			for i := 0; i < len(part); i += 4096 {
				part[i] = 1
			}
			parts = append(parts, part)
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(2 * time.Millisecond): // half a GiB a second
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
		runtime.KeepAlive(parts)
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: make([]float64, rows.Len())}, nil
		}}, nil
	})
}

// TestMemoryIsKept: four workers with fits of 64 MiB stay within 5% of a limit that has room
// for two or three, and all fits are done; a candidate that does not fit alone is left out.
func TestMemoryIsKept(t *testing.T) {
	x, y := make([][]float64, 24), make([]float64, 24)
	for i := range x {
		x[i] = []float64{float64(i)}
	}
	set, err := data.FromRows("made up", x, y)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	limit := held() + 200<<20
	var most int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				most = max(most, held())
			}
		}
	})
	res, err := Validate(t.Context(), set, KFold{K: 6}, []Candidate{{Name: "fits", Estimator: hungry(64)}, {Name: "does not", Estimator: hungry(400)}},
		Options{Workers: 4, Memory: limit, Metrics: []data.Metric{data.RMSE}})
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if !res.Complete("fits") || len(res.Failed) != 1 || !res.Failed[0].Skipped || !strings.Contains(res.Failed[0].Message, "MiB") {
		t.Errorf("%d runs, failures %v", len(res.Runs), res.Failed)
	}
	t.Logf("limit %d MiB, most %d MiB", limit>>20, most>>20)
	if float64(most) > 1.05*float64(limit) {
		t.Errorf("%d MiB were held, the limit was %d", most>>20, limit>>20)
	}
}
