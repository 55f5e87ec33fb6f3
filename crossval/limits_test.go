package crossval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// sleepy takes a while for a fit, and heeds its context or does not.
func sleepy(d time.Duration, heeds bool) crossval.Estimator {
	return crossval.EstimatorFunc(func(ctx context.Context, rows *data.Set, seed uint64) (*data.Predictor, error) {
		if !heeds {
			ctx = context.Background()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(d):
		}
		return noisy(ctx, rows, seed)
	})
}

func numbers(t *testing.T, n int) *data.Set {
	t.Helper()
	x, y := make([][]float64, n), make([]float64, n)
	for i := range x {
		x[i] = []float64{float64(i), float64(i % 5)}
		y[i] = float64(i % 5)
	}
	s, err := data.FromRows("numbers", x, y)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTimeLimit: a candidate that takes too long is left out with a note and
// without an error, whether its fits heed their context or not; the others stay.
func TestTimeLimit(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		begin := time.Now()
		res, err := crossval.Validate(context.Background(), numbers(t, 20), crossval.KFold{K: 4}, []crossval.Candidate{
			{Name: "quick", Estimator: noisy}, {Name: "slow", Estimator: sleepy(time.Minute, heeds)},
		}, crossval.Options{TimeLimit: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("heeds its context %v: %v", heeds, took)
		}
		if !res.Complete("quick") || len(res.RunsOf("slow")) != 0 || len(res.Failed) != 1 || !res.Failed[0].Skipped || !strings.Contains(res.Failed[0].Message, "not run: its fits took more than the 100ms") {
			t.Errorf("heeds its context %v: %d runs, failed %+v", heeds, len(res.Runs), res.Failed)
		}
	}
}

// TestCancelDoesNotWait: a fit that does not heed its context is given up.
func TestCancelDoesNotWait(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	begin := time.Now()
	res, err := crossval.Validate(ctx, numbers(t, 20), crossval.KFold{K: 4}, []crossval.Candidate{{Name: "quick", Estimator: noisy}, {Name: "deaf", Estimator: sleepy(time.Minute, false)}},
		crossval.Options{Workers: 2, Progress: func(e crossval.Event) {
			if e.Finished {
				cancel()
			}
		}})
	if took := time.Since(begin); !errors.Is(err, context.Canceled) || took > 2*time.Second || res == nil || len(res.Runs) < 1 {
		t.Errorf("error %v after %v, result %v", err, took, res)
	}
}

// TestSkipped: an estimator that declines is no failure.
func TestSkipped(t *testing.T) {
	decline := crossval.EstimatorFunc(func(_ context.Context, rows *data.Set, _ uint64) (*data.Predictor, error) {
		return nil, fmt.Errorf("%w: too large: %d rows, at most 3", crossval.ErrSkipped, rows.Len())
	})
	res, err := crossval.Validate(context.Background(), numbers(t, 20), crossval.KFold{K: 4}, []crossval.Candidate{{Name: "quick", Estimator: noisy}, {Name: "large", Estimator: decline}}, crossval.Options{})
	if err != nil || len(res.Failed) != 1 || !res.Failed[0].Skipped || res.Failed[0].Message != "not run: too large: 15 rows, at most 3" {
		t.Fatalf("error %v, failed %+v", err, res.Failed)
	}
	if table := res.Table(); !strings.Contains(table, "large") || !strings.Contains(table, "not run: too large: 15 rows, at most 3") {
		t.Errorf("table:\n%s", table)
	}
	var b bytes.Buffer
	if err := res.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if back, err := crossval.ReadResult(&b); err != nil || !back.Failed[0].Skipped {
		t.Errorf("read back: %v, %v", back, err)
	}
}

// TestIntervalKeepsToTheRange: an interval of an accuracy does not leave [0, 1].
func TestIntervalKeepsToTheRange(t *testing.T) {
	r := scored(t, true, map[string][]float64{"net": {0.5, 0.999, 0.999, 0.999}}, "net")
	r.Metrics[0].Range = [2]float64{0, 1}
	in, err := r.Interval("net", "")
	if err != nil || in.High != 1 || !in.Cut || !(in.Low < 1) {
		t.Errorf("%+v (%v), want a bound of 1", in, err)
	}
	r.Metrics[0].Range = [2]float64{}
	if in, err = r.Interval("net", ""); err != nil || in.High <= 1 || in.Cut {
		t.Errorf("%+v (%v), want no bound where no range is known", in, err)
	}
	for _, s := range data.Metrics() {
		if !(s.Range[0] < s.Range[1]) {
			t.Errorf("%s has no range", s.Name)
		}
	}
}

// TestImportance: the column that decides is worth something, the other nothing,
// and both are the same for any number of workers.
func TestImportance(t *testing.T) {
	var first string
	for _, workers := range []int{1, 3} {
		res, err := crossval.Validate(context.Background(), numbers(t, 60), crossval.KFold{K: 4, Shuffle: true}, []crossval.Candidate{{Name: "a", Estimator: noisy}, {Name: "b", Estimator: noisy}},
			crossval.Options{Importance: []string{"a"}, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		list := res.Importances("a")
		if len(list) != 2 || list[0].Column != "x1" || list[0].Low < 0.5 || list[1].Estimate != 0 || res.Importances("b") != nil {
			t.Fatalf("importances %+v", list)
		}
		if text := fmt.Sprint(list); first == "" {
			first = text
		} else if text != first {
			t.Errorf("with %d workers %s, with one %s", workers, text, first)
		}
		back, err := crossval.ReadResult(bytes.NewReader(writeJSON(t, res)))
		if err != nil || fmt.Sprint(back.Importances("a")) != first || math.IsNaN(back.Importances("a")[0].Estimate) {
			t.Errorf("read back: %v", err)
		}
	}
}

// TestNotesAreCounted: a note that several fits make appears once, with the number of folds.
func TestNotesAreCounted(t *testing.T) {
	res, err := crossval.Validate(context.Background(), numbers(t, 20), crossval.KFold{K: 4}, []crossval.Candidate{{Name: "a", Estimator: noisy}}, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := res.Notes("a"); len(notes) != 1 || notes[0] != "made up (4 of 4 folds)" {
		t.Errorf("notes %q", notes)
	}
}
