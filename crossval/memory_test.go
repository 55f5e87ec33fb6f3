package crossval

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
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

// TestMemoryLetsOthersRunSideBySide: that one candidate does not fit says nothing of the others.
func TestMemoryLetsOthersRunSideBySide(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}, make([]float64, 8))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now, most := 0, 0
	small := hungry(8)
	counted := EstimatorFunc(func(ctx context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		return small.Fit(ctx, train, seed)
	})
	runtime.GC()
	res, err := Validate(t.Context(), set, KFold{K: 8}, []Candidate{{Name: "does not", Estimator: hungry(400)}, {Name: "fits", Estimator: counted}},
		Options{Workers: 4, Memory: held() + 150<<20, Metrics: []data.Metric{data.RMSE}})
	if err != nil || !res.Complete("fits") || len(res.Failed) != 1 {
		t.Fatalf("%v, failures %v", err, res.Failed)
	}
	if most < 2 {
		t.Errorf("%d fits of 8 MiB side by side, of 4 workers with 150 MiB", most)
	}
}

// TestMemoryOfSeveralSessions: the collector's limit is that of before when the last session
// with a limit has ended, and never more than the process had.
func TestMemoryOfSeveralSessions(t *testing.T) {
	before := debug.SetMemoryLimit(64 << 30)
	defer debug.SetMemoryLimit(before)
	now := func() int64 { return debug.SetMemoryLimit(-1) }
	a, b, c := newKeeper(40<<30, learned{}), newKeeper(20<<30, learned{}), newKeeper(1<<40, learned{})
	if now() != 18<<30 {
		t.Errorf("%d with three", now())
	}
	b.end()
	if now() != 36<<30 {
		t.Errorf("%d with two", now())
	}
	a.end()
	if now() != 64<<30 {
		t.Errorf("%d with one that allows more than the process", now())
	}
	c.end()
	if now() != 64<<30 {
		t.Errorf("%d with none", now())
	}
}

// TestMemoryWaitsNoLonger: workers that wait for room begin nothing after the context is done.
func TestMemoryWaitsNoLonger(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}}, make([]float64, 6))
	if err != nil {
		t.Fatal(err)
	}
	var begun atomic.Int64
	stop := make(chan struct{})
	defer close(stop)
	deaf := EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		begun.Add(1)
		<-stop
		return nil, errors.New("late")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err = Validate(ctx, set, KFold{K: 6}, []Candidate{{Name: "deaf", Estimator: deaf}}, Options{Workers: 6, Memory: held() + 1<<30, Metrics: []data.Metric{data.RMSE}})
	if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || begun.Load() != 1 || took > 2*grace {
		t.Errorf("%v after %v, %d fits were begun", err, took, begun.Load())
	}
}

// TestMemoryIsLearnedOnce: a second run of a session knows what a fit takes.
func TestMemoryIsLearnedOnce(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}}, make([]float64, 4))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(set, KFold{K: 4}, Options{Workers: 2, Memory: held() + 1<<30, Metrics: []data.Metric{data.RMSE}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), []Candidate{{Name: "fits", Estimator: hungry(32)}}, []int{0}); err != nil {
		t.Fatal(err)
	}
	if one := s.fits.one; one < 16<<20 || one > 128<<20 {
		t.Errorf("a fit of 32 MiB is known to take %d", one)
	}
	begin := time.Now()
	k := newKeeper(s.options.Memory, s.fits)
	defer k.end()
	for range 2 {
		if _, r := k.begin(t.Context()); r == nil || time.Since(begin) > time.Second {
			t.Error("the second fit waited")
		}
	}
}
