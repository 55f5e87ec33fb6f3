package crossval

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// TestRunLogThatCannotBeWritten: the fits that have ended are returned, no more begin,
// and the error says why.
func TestRunLogThatCannotBeWritten(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}}, []float64{1, 2, 3, 4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	fits := 0
	mean := EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		fits++
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: make([]float64, rows.Len())}, nil
		}}, nil
	})
	candidates := []Candidate{{Name: "mean", Estimator: mean, Code: "1"}}
	o := Options{Workers: 1, Log: filepath.Join(t.TempDir(), "runs")}
	s, err := Open(set, KFold{K: 6}, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.admit(candidates); err != nil {
		t.Fatal(err)
	}
	s.log.file.Close() // as good as a full disk
	if err := s.Run(t.Context(), candidates, nil); err == nil || !strings.Contains(err.Error(), "run log "+o.Log) {
		t.Errorf("error %v", err)
	}
	result := s.Result()
	if fits != 1 || len(result.Runs) != 1 {
		t.Errorf("%d fits, %d of them in the result", fits, len(result.Runs))
	}
}

// TestSessionInPieces: candidates and folds that come bit by bit have the outcome of one
// validation, whatever the order and the number of workers.
func TestSessionInPieces(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}, []float64{1, 2, 3, 4, 5, 6, 7, 9})
	if err != nil {
		t.Fatal(err)
	}
	noisy := EstimatorFunc(func(_ context.Context, train *data.Set, seed uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			p := &data.Prediction{Values: make([]float64, rows.Len())}
			for i := range p.Values {
				p.Values[i] = float64(seed%97) + float64(train.Len())
			}
			return p, nil
		}}, nil
	})
	a, b := Candidate{Name: "a", Estimator: noisy}, Candidate{Name: "b", Estimator: noisy, Baseline: true}
	bad := Candidate{Name: "bad", Estimator: EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		return nil, errors.New("no")
	})}
	written := func(r *Result) string {
		var text bytes.Buffer
		for i := range r.Runs {
			r.Runs[i].FitTime, r.Runs[i].PredictTime = 0, 0
		}
		if err := r.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	whole, err := Validate(t.Context(), set, KFold{K: 4}, []Candidate{a, b, bad}, Options{Seed: 7})
	if err == nil || len(whole.Failed) != 1 {
		t.Fatalf("error %v, failures %v", err, whole.Failed)
	}
	for workers := 1; workers <= 3; workers++ {
		s, err := Open(set, KFold{K: 4}, Options{Seed: 7, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(s.Run(t.Context(), []Candidate{a}, []int{2}), s.Run(t.Context(), []Candidate{a, b, bad}, []int{3, 0}))
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Result(); len(r.Runs) != 5 || r.Complete("a") {
			t.Errorf("%d runs halfway, want 3 of a and 2 of b", len(r.Runs))
		}
		if err := errors.Join(s.Run(t.Context(), []Candidate{b, a, bad}, nil), s.Close()); err != nil {
			t.Fatal(err)
		}
		r := s.Result()
		r.Failed[0].Message = whole.Failed[0].Message // of another fold, the first that ran
		if got, want := written(r), written(whole); got != want {
			t.Errorf("%d workers: in pieces\n%s\nat once\n%s", workers, got, want)
		}
		if err := s.Run(t.Context(), []Candidate{a}, nil); err == nil {
			t.Error("a closed session runs")
		}
	}
}

// TestSessionRefuses: what Run cannot do is an error before any fit.
func TestSessionRefuses(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}}, []float64{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(set, KFold{K: 2}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	described := func(e Estimator) Candidate { return Candidate{Name: "one", Estimator: e} }
	standardised := described(Preprocessed{Transform: data.Standardize{}})
	if err := s.Run(t.Context(), []Candidate{standardised}, []int{0}); err != nil {
		t.Fatal(err) // its fits fail, which is in the result
	}
	for _, test := range []struct {
		name, want string
		candidates []Candidate
		folds      []int
	}{
		{"no candidates", "no candidates", nil, nil},
		{"no such fold", "no fold 2", []Candidate{standardised}, []int{2}},
		{"another of the name", "two candidates are named", []Candidate{described(Preprocessed{})}, nil},
	} {
		if err := s.Run(t.Context(), test.candidates, test.folds); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	if r := s.Result(); len(r.Candidates) != 1 || len(r.Failed) != 1 {
		t.Errorf("candidates %v, failures %v", r.Candidates, r.Failed)
	}
}

// TestTimeLimitIsATotal: fits side by side count singly, and a candidate that takes more in all
// is left out.
func TestTimeLimitIsATotal(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}, make([]float64, 8))
	if err != nil {
		t.Fatal(err)
	}
	slow := EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		time.Sleep(30 * time.Millisecond)
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: make([]float64, rows.Len())}, nil
		}}, nil
	})
	for _, workers := range []int{1, 8} {
		res, err := Validate(t.Context(), set, KFold{K: 8}, []Candidate{{Name: "slow", Estimator: slow}}, Options{Workers: workers, TimeLimit: 100 * time.Millisecond})
		if err != nil || len(res.Failed) != 1 || !res.Failed[0].Skipped || len(res.Runs) != 0 {
			t.Errorf("%d workers: %v, failures %v, %d runs", workers, err, res.Failed, len(res.Runs))
		}
	}
}

// TestResampledRowsStay: rows that a splitter draws are trained on as they are, however many
// they are.
func TestResampledRowsStay(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{0}, {1}, {2}, {3}, {4}, {5}}, make([]float64, 6))
	if err != nil {
		t.Fatal(err)
	}
	var rows []float64
	sees := EstimatorFunc(func(_ context.Context, train *data.Set, _ uint64) (*data.Predictor, error) {
		x, _, err := train.Table()
		rows = slices.Clone(x)
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: make([]float64, rows.Len())}, nil
		}}, err
	})
	drawn := SplitterFunc(func(*data.Set) ([]Split, error) {
		return []Split{{Resampled: true, Train: []int{0, 0, 0, 1}, Test: []int{4, 5}}}, nil
	})
	if _, err := Validate(t.Context(), set, drawn, []Candidate{{Name: "sees", Estimator: sees}}, Options{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows, []float64{0, 0, 0, 1}) {
		t.Errorf("trained on %v", rows)
	}
}

// TestLeaveOneOutTakesLittle: the training rows of folds that train on all others are written
// down for none of them.
func TestLeaveOneOutTakesLittle(t *testing.T) {
	set, err := data.FromRows("made up", slices.Repeat([][]float64{{1}}, 50), make([]float64, 50))
	if err != nil {
		t.Fatal(err)
	}
	splits, err := numberedSplits(set, LeaveOneOut{})
	if err != nil || len(splits) != 50 {
		t.Fatalf("%v, %d folds", err, len(splits))
	}
	for _, s := range splits {
		if s.Train != nil {
			t.Fatal("training rows are written down")
		}
	}
	if whole, err := Splits(set, LeaveOneOut{}); err != nil || len(whole[7].Train) != 49 {
		t.Errorf("%v: Splits does not complete folds", err)
	}
}

// TestFitLimit: a candidate one of whose fits takes longer than it may is left out, whether it
// hears of its context or not; others are not.
func TestFitLimit(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}}, make([]float64, 4))
	if err != nil {
		t.Fatal(err)
	}
	nap := func(hears bool) Estimator {
		return EstimatorFunc(func(ctx context.Context, _ *data.Set, _ uint64) (*data.Predictor, error) {
			done := ctx.Done()
			if !hears {
				done = nil
			}
			select {
			case <-time.After(60 * time.Millisecond):
			case <-done:
				return nil, ctx.Err()
			}
			return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
				return &data.Prediction{Values: make([]float64, rows.Len())}, nil
			}}, nil
		})
	}
	res, err := Validate(t.Context(), set, KFold{K: 4}, []Candidate{
		{Name: "free", Estimator: nap(true)}, {Name: "hears", Estimator: nap(true), FitLimit: 20 * time.Millisecond},
		{Name: "deaf", Estimator: nap(false), FitLimit: 20 * time.Millisecond}, {Name: "quick", Estimator: nap(true), FitLimit: time.Minute},
	}, Options{Workers: 1})
	if err != nil || !res.Complete("free") || !res.Complete("quick") || len(res.Failed) != 2 {
		t.Fatalf("%v, failures %v", err, res.Failed)
	}
	for _, f := range res.Failed {
		if !f.Skipped || !strings.Contains(f.Message, "a fit takes more than the 20ms") {
			t.Errorf("%+v", f)
		}
	}
}

// TestSessionLimit: a session that is limited to its first folds is one of these folds.
func TestSessionLimit(t *testing.T) {
	set, err := data.FromRows("made up", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}}, make([]float64, 6))
	if err != nil {
		t.Fatal(err)
	}
	mean := EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: slices.Repeat([]float64{float64(seed % 9)}, rows.Len())}, nil
		}}, nil
	})
	late := EstimatorFunc(func(_ context.Context, train *data.Set, _ uint64) (*data.Predictor, error) {
		if x, _, _ := train.Table(); x[len(x)-1] != 6 { // the last fold
			return nil, errors.New("late")
		}
		return mean(t.Context(), train, 5)
	})
	s, err := Open(set, KFold{K: 6}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Run(t.Context(), []Candidate{{Name: "a", Estimator: mean}, {Name: "late", Estimator: late}}, []int{0, 5}); err != nil {
		t.Fatal(err)
	}
	before := s.Result()
	if err := s.Limit(2); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), []Candidate{{Name: "a", Estimator: mean}, {Name: "b", Estimator: mean}}, nil); err != nil {
		t.Fatal(err)
	}
	r := s.Result()
	if s.Folds() != 2 || !r.Complete("a") || !r.Complete("b") || len(r.Failed) != 0 || !strings.HasSuffix(r.Splitter, "the first 2 of 6 folds") {
		t.Errorf("%d folds, %s, failures %v", s.Folds(), r.Splitter, r.Failed)
	}
	if len(before.Splits) != 6 || len(before.Runs) != 2 || len(before.Failed) != 1 {
		t.Error("the result of before has changed")
	}
	if s.Limit(0) == nil || s.Limit(3) == nil {
		t.Error("0 and 3 of 2 folds are no errors")
	}
}
