package crossval

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

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
	jobs, answers, result, err := plan(set, KFold{K: 6}, candidates, &o)
	if err != nil {
		t.Fatal(err)
	}
	b := newBoard(set, answers, jobs, candidates, o)
	if err := b.open(result); err != nil {
		t.Fatal(err)
	}
	b.log.file.Close() // as good as a full disk
	b.work(t.Context())
	if err := b.collect(t.Context(), result); err != nil {
		t.Error(err)
	}
	if err := b.close(); err == nil || !strings.Contains(err.Error(), "run log "+o.Log) {
		t.Errorf("error %v", err)
	}
	if fits != 1 || len(result.Runs) != 1 {
		t.Errorf("%d fits, %d of them in the result", fits, len(result.Runs))
	}
}
