package crossval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// noisy is an estimator whose probabilities come from its seed and the values:
// enough to see whether a seed or a row went astray.
var noisy = crossval.EstimatorFunc(func(_ context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
	g := rand.New(rand.NewPCG(seed, 1))
	bias := g.NormFloat64() + float64(train.Len())
	return &data.Predictor{
		Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			if rows.Targets != nil {
				return nil, errors.New("the targets can be seen")
			}
			x, columns, err := rows.Table()
			if err != nil {
				return nil, err
			}
			k := len(rows.Classes)
			p := &data.Prediction{}
			for i := range rows.Len() {
				v := x[i*columns+1]
				x[i*columns+1] = math.NaN() // it may do that to rows of its own
				if k == 0 {
					p.Values = append(p.Values, v+0.01*math.Sin(bias))
					continue
				}
				sum := 0.0
				row := make([]float64, k)
				for c := range row {
					row[c] = math.Exp(-math.Abs(v - float64(c) + 0.1*math.Sin(bias)))
					sum += row[c]
				}
				for _, w := range row {
					p.Proba = append(p.Proba, w/sum)
				}
			}
			return p, nil
		},
		Curves: []data.Curve{{Name: "loss", Values: []float64{bias, math.Inf(1), math.NaN()}}}, BestEpoch: 1, Parameters: 1, Notes: []string{"made up"},
	}, nil
})

func constant(label int) crossval.Estimator {
	return crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Labels: slices.Repeat([]int{label}, rows.Len())}, nil
		}}, nil
	})
}

func labelsOf(n, classes int) []int {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = (i * i / 3) % classes
	}
	return labels
}

func writeJSON(t testing.TB, r *crossval.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestResultIsTheSameForAnyWorkers(t *testing.T) {
	values := make([]float64, 50)
	for i := range values {
		values[i] = math.Sqrt(float64(i))
	}
	for _, c := range []struct {
		name string
		set  *data.Set
		sp   crossval.Splitter
	}{
		{"classification", classSet(t, labelsOf(60, 3), "a", "b", "c"), crossval.RepeatedStratifiedKFold{K: 5, Repeats: 3, Seed: 4}},
		{"regression", realSet(t, values), crossval.RepeatedKFold{K: 5, Repeats: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			candidates := []crossval.Candidate{{Name: "one", Estimator: noisy}, {Name: "two", Estimator: noisy, Baseline: true}}
			before, _ := c.set.Inputs[0].Data().([]float64)
			before = slices.Clone(before)
			var want []byte
			for _, workers := range []int{1, 2, 7, 100} {
				r, err := crossval.Validate(t.Context(), c.set, c.sp, candidates, crossval.Options{Seed: 5, Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				have := writeJSON(t, r.WithoutTiming())
				if want == nil {
					want = have
				}
				if !bytes.Equal(have, want) {
					t.Errorf("%d workers: another result", workers)
				}
				if slices.Equal(r.Scores("one", ""), r.Scores("two", "")) {
					t.Error("both candidates had the same seeds")
				}
			}
			if now, _ := c.set.Inputs[0].Data().([]float64); !slices.Equal(before, now) {
				t.Error("an estimator changed the caller's data")
			}
			alone, err := crossval.Validate(t.Context(), c.set, c.sp, candidates[1:], crossval.Options{Seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			both, err := crossval.Validate(t.Context(), c.set, c.sp, candidates, crossval.Options{Seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(alone.Scores("two", ""), both.Scores("two", "")) {
				t.Error("a candidate's scores depend on the other candidates")
			}
		})
	}
}

func TestProgressIsCalledByOneAtATime(t *testing.T) {
	var inside, calls, finished atomic.Int32
	last := -1
	_, err := crossval.Validate(t.Context(), classSet(t, labelsOf(60, 2)), crossval.KFold{K: 10}, []crossval.Candidate{{Name: "n", Estimator: noisy}}, crossval.Options{
		Workers: 8,
		Progress: func(e crossval.Event) {
			if inside.Add(1) != 1 {
				t.Error("two calls at a time")
			}
			calls.Add(1)
			if e.Total != 10 || e.Done < last || e.Candidate != "n" {
				t.Errorf("odd event %+v after %d", e, last)
			}
			last = e.Done
			if e.Finished {
				finished.Add(1)
				if len(e.Scores) != 4 || e.Err != nil {
					t.Errorf("odd event %+v", e)
				}
			}
			time.Sleep(time.Millisecond)
			inside.Add(-1)
		},
	})
	if err != nil || calls.Load() != 20 || finished.Load() != 10 || last != 10 {
		t.Errorf("%v: %d calls, %d of ends, the last with %d", err, calls.Load(), finished.Load(), last)
	}
}

func TestCancelReturnsWhatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var fits atomic.Int32
	slow := crossval.EstimatorFunc(func(ctx context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
		if fits.Add(1) == 4 {
			cancel()
			<-ctx.Done()
			return nil, fmt.Errorf("train: %w", ctx.Err())
		}
		return noisy(ctx, train, seed)
	})
	r, err := crossval.Validate(ctx, classSet(t, labelsOf(60, 2)), crossval.KFold{K: 10}, []crossval.Candidate{{Name: "n", Estimator: slow}}, crossval.Options{Workers: 1})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after 3 of 10 fits") {
		t.Errorf("have error %v", err)
	}
	var failure *crossval.FoldError
	if errors.As(err, &failure) {
		t.Errorf("a stop is told as a failure: %v", failure)
	}
	if r == nil || len(r.Runs) != 3 || r.Complete("n") {
		t.Fatalf("have %+v", r)
	}
	if !strings.Contains(r.Table(), "3 of 10 folds") {
		t.Errorf("the table does not say that it is partial:\n%s", r.Table())
	}
	if _, err := crossval.ReadResult(bytes.NewReader(writeJSON(t, r))); err != nil {
		t.Errorf("a partial result cannot be read again: %v", err)
	}
}

func TestFailuresAreNamed(t *testing.T) {
	cause := errors.New("the cause")
	at := func(fold uint64, f func() (*data.Predictor, error)) crossval.Estimator {
		return crossval.EstimatorFunc(func(ctx context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
			if seed == crossval.JobSeed(3, "bad", int(fold)) || seed == crossval.JobSeed(3, "bad", int(fold)+2) {
				return f()
			}
			return noisy(ctx, train, seed)
		})
	}
	predicts := func(p *data.Prediction, err error) func() (*data.Predictor, error) {
		return func() (*data.Predictor, error) {
			return &data.Predictor{Predict: func(context.Context, *data.Set) (*data.Prediction, error) { return p, err }}, nil
		}
	}
	for _, c := range []struct {
		name  string
		new   crossval.Estimator
		want  string
		cause bool
		stack bool
	}{
		{name: "fit", new: at(7, func() (*data.Predictor, error) { return nil, cause }), want: "bad: repeat 2, fold 3: fit: the cause", cause: true},
		{name: "panic", new: at(7, func() (*data.Predictor, error) { panic(cause) }), want: "bad: repeat 2, fold 3: fit: panic: the cause", cause: true, stack: true},
		{name: "odd panic", new: at(0, func() (*data.Predictor, error) { panic(12) }), want: "bad: repeat 1, fold 1: fit: panic: 12", stack: true},
		{name: "no predictor", new: at(5, func() (*data.Predictor, error) { return nil, nil }), want: "bad: repeat 2, fold 1: fit: the estimator returned no predictor"},
		{name: "predict", new: at(7, predicts(nil, cause)), want: "bad: repeat 2, fold 3: predict: the cause", cause: true},
		{name: "no such row", new: at(7, predicts(nil, &data.RowError{Row: 12, Err: cause})), want: "predict: the cause", cause: true},
		{name: "no prediction", new: at(7, predicts(nil, nil)), want: "predict: no prediction"},
		{name: "too few labels", new: at(7, predicts(&data.Prediction{Labels: []int{1}}, nil)), want: "predict: 1 labels for 12 rows"},
		{name: "no such class", new: at(7, predicts(&data.Prediction{Labels: slices.Repeat([]int{9}, 12)}, nil)), want: "row 0: class 9 is not in [0, 2)"},
		{name: "too few probabilities", new: at(7, predicts(&data.Prediction{Proba: []float64{1}}, nil)), want: "1 probabilities for 12 rows and 2 classes"},
		{name: "odd probabilities", new: at(7, predicts(&data.Prediction{Proba: slices.Repeat([]float64{0.7}, 24)}, nil)), want: "row 0: the probabilities sum to 1.4"},
		{name: "not a number", new: at(7, predicts(&data.Prediction{Proba: slices.Repeat([]float64{math.NaN()}, 24)}, nil)), want: "the probability of class 0 is NaN"},
		{name: "no function", new: crossval.EstimatorFunc(nil), want: "bad: repeat 1, fold 1: fit: crossval: the estimator's function is nil"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, workers := range []int{1, 8} {
				r, err := crossval.Validate(t.Context(), classSet(t, labelsOf(60, 2), "a", "b"), crossval.RepeatedKFold{K: 5, Repeats: 2},
					[]crossval.Candidate{{Name: "good", Estimator: noisy}, {Name: "bad", Estimator: c.new}}, crossval.Options{Seed: 3, Workers: workers})
				var failure *crossval.FoldError
				if !errors.As(err, &failure) || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("have error %v, want one with %q", err, c.want)
				}
				if errors.Is(err, cause) != c.cause {
					t.Errorf("the cause is lost or made up: %v", err)
				}
				if (len(failure.Stack) > 0) != c.stack || strings.Contains(err.Error(), ".go:") {
					t.Errorf("a stack of %d bytes, error %v", len(failure.Stack), err)
				}
				if !r.Complete("good") || len(r.RunsOf("bad")) != 0 || len(r.Failed) != 1 {
					t.Errorf("good has %d runs, bad %d", len(r.RunsOf("good")), len(r.RunsOf("bad")))
				}
			}
		})
	}
}

// TestRowsOfTheWhole: an error about a row of a fold tells the row of the set, which
// the first column counts here.
func TestRowsOfTheWhole(t *testing.T) {
	about := func(rows *data.Set) error {
		x, columns, err := rows.Table()
		if err != nil {
			return err
		}
		return fmt.Errorf("fill: %w", &data.RowError{Row: 3, Err: fmt.Errorf("row 3 is %v", x[3*columns])})
	}
	for stage, fit := range map[string]crossval.EstimatorFunc{
		"fit": func(_ context.Context, train *data.Set, _ uint64) (*data.Predictor, error) { return nil, about(train) },
		"predict": func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
			return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) { return nil, about(rows) }}, nil
		},
	} {
		r, err := crossval.Validate(t.Context(), classSet(t, labelsOf(60, 2), "a", "b"), crossval.KFold{K: 5},
			[]crossval.Candidate{{Name: "bad", Estimator: fit}}, crossval.Options{Seed: 3})
		if err == nil || len(r.Failed) != 1 {
			t.Fatalf("%s: error %v", stage, err)
		}
		message, row := err.Error(), 0
		if _, err := fmt.Sscanf(message[strings.Index(message, "fill: "):], "fill: row 3 is %d", &row); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s: fill: row 3 is %d (row %d of the whole set)", stage, row, row); !strings.HasSuffix(message, want) {
			t.Errorf("have %q, want %q", message, want)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	good := crossval.Candidate{Name: "n", Estimator: noisy}
	set := classSet(t, labelsOf(30, 2))
	blind := *set
	blind.Targets = nil
	endless := classSet(t, labelsOf(30, 2))
	values, _, err := endless.Table()
	if err != nil {
		t.Fatal(err)
	}
	values[4] = math.Inf(-1)
	for _, c := range []struct {
		name       string
		set        *data.Set
		candidates []crossval.Candidate
		scorers    []data.Metric
		want       string
	}{
		{"no set", nil, []crossval.Candidate{good}, nil, "no rows"},
		{"no targets", &blind, []crossval.Candidate{good}, nil, "no targets"},
		{"infinite value", endless, []crossval.Candidate{good}, nil, "crossval: data: "},
		{"no candidates", set, nil, nil, "no candidates"},
		{"no name", set, []crossval.Candidate{{Estimator: noisy}}, nil, "candidate 0 has no name"},
		{"no estimator", set, []crossval.Candidate{{Name: "n"}}, nil, "the estimator is nil"},
		{"twice", set, []crossval.Candidate{good, good}, nil, `two candidates are named "n"`},
		{"no function", set, []crossval.Candidate{good}, []data.Metric{{Name: "x"}}, "metric 0 has no name or no function"},
		{"no metrics", set, []crossval.Candidate{good}, []data.Metric{}, "no metrics"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := crossval.Validate(t.Context(), c.set, crossval.KFold{K: 3}, c.candidates, crossval.Options{Metrics: c.scorers})
			if r != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
}
