package crossval_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// small is a result that is small enough to check by hand: 4 rows, 2 folds, 2
// repeats, one candidate with probabilities and one without.
func small(t testing.TB) *crossval.Result {
	t.Helper()
	set := classSet(t, []int{0, 0, 1, 1}, "no", "yes")
	set.Source, set.Target = "by hand", "y"
	folds := crossval.SplitterFunc(func(*data.Set) ([]crossval.Split, error) {
		return crossval.TestSplits([][]int{{0, 2}, {1, 3}, {3, 0}, {2, 1}}), nil
	})
	yes := map[uint64][]float64{}
	for i, p := range [][]float64{{0.1, 0.9}, {0.6, 0.7}, {0.4, 0.3}, {0.8, 0.3}} {
		yes[crossval.JobSeed(0, "proba", i)] = p
	}
	proba := crossval.EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(context.Context, *data.Set) (*data.Prediction, error) {
			p := yes[seed]
			return &data.Prediction{Proba: []float64{1 - p[0], p[0], 1 - p[1], p[1]}}, nil
		}}, nil
	})
	r, err := crossval.Validate(t.Context(), set, folds, []crossval.Candidate{{Name: "proba", Estimator: proba}, {Name: "all yes", Estimator: constant(1), Baseline: true}}, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAccessorsByHand(t *testing.T) {
	r := small(t)
	if r.Repeats() != 2 {
		t.Errorf("%d repeats", r.Repeats())
	}
	// Rows 0, 2: right, right; 1, 3: wrong, right; 3, 0: wrong, right; 2, 1: right, right.
	if have, want := r.Scores("proba", ""), []float64{1, 0.5, 0.5, 1}; !slices.Equal(have, want) {
		t.Errorf("scores %v, want %v", have, want)
	}
	if have := r.Mean("proba", "accuracy"); have != 0.75 {
		t.Errorf("mean %v", have)
	}
	if have, want := r.Std("proba", "accuracy"), math.Sqrt(4*0.0625/3); !near(have, want) {
		t.Errorf("standard deviation %v, want %v", have, want)
	}
	if have := r.Mean("all yes", "log loss"); !math.IsNaN(have) {
		t.Errorf("log loss without probabilities is %v", have)
	}
	for _, c := range []struct {
		name string
		have float64
	}{{"candidate", r.Mean("nobody", "accuracy")}, {"metric", r.Mean("proba", "nothing")}, {"std", r.Std("nobody", "")}} {
		if !math.IsNaN(c.have) {
			t.Errorf("unknown %s: %v", c.name, c.have)
		}
	}
	confusion, err := r.Confusion("proba")
	if want := [][]float64{{1.5, 0.5}, {0.5, 1.5}}; err != nil || !reflect.DeepEqual(confusion, want) {
		t.Errorf("confusion %v, %v, want %v", confusion, err, want)
	}
	if _, err := r.Confusion("nobody"); err == nil {
		t.Error("a confusion matrix of nobody")
	}
	oof, err := r.OutOfFold("proba")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(oof.Rows, []int{0, 1, 2, 3}) || !slices.Equal(oof.Labels, []int{0, 0, 1, 1}) {
		t.Errorf("rows %v, labels %v", oof.Rows, oof.Labels)
	}
	for row, want := range []float64{(0.1 + 0.3) / 2, (0.6 + 0.3) / 2, (0.9 + 0.8) / 2, (0.7 + 0.4) / 2} {
		if have := oof.Prediction.Proba[row*2+1]; !near(have, want) {
			t.Errorf("row %d: probability %v, want %v", row, have, want)
		}
	}
	if want := []int{0, 0, 1, 1}; !slices.Equal(oof.Prediction.Labels, want) {
		t.Errorf("labels %v, want %v", oof.Prediction.Labels, want)
	}
	oof, err = r.OutOfFold("all yes")
	if err != nil || oof.Prediction.Proba != nil || !slices.Equal(oof.Prediction.Labels, []int{1, 1, 1, 1}) {
		t.Errorf("all yes: %+v, %v", oof, err)
	}
	table := r.WithoutTiming().Table()
	want := "made up: 4 rows, function, seed 0\n" +
		"model    accuracy         95% interval       balanced accuracy  log loss         ROC AUC          fit  predict\n"
	if !strings.HasPrefix(table, want) || !strings.Contains(table, "0.7500 ± 0.2887") || !strings.Contains(table, "all yes") {
		t.Errorf("table:\n%s", table)
	}
}

func TestOutOfFoldOfRegressionIsTheMean(t *testing.T) {
	set := realSet(t, []float64{1, 2, 3, 4})
	seeds := map[uint64]float64{}
	for i := range 4 {
		seeds[crossval.JobSeed(0, "n", i)] = float64(10 * i)
	}
	r, err := crossval.Validate(t.Context(), set, crossval.SplitterFunc(func(*data.Set) ([]crossval.Split, error) {
		return crossval.TestSplits([][]int{{0, 1}, {2, 3}, {0, 2}, {1, 3}}), nil
	}), []crossval.Candidate{{Name: "n", Estimator: crossval.EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: slices.Repeat([]float64{seeds[seed]}, rows.Len())}, nil
		}}, nil
	})}}, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	oof, err := r.OutOfFold("n")
	if want := []float64{10, 15, 15, 20}; err != nil || !slices.Equal(oof.Prediction.Values, want) || !slices.Equal(oof.Values, []float64{1, 2, 3, 4}) {
		t.Errorf("%+v, %v, want %v", oof, err, want)
	}
	if _, err := r.Confusion("n"); err == nil {
		t.Error("a confusion matrix of a regression")
	}
}

func TestJSONRoundTrip(t *testing.T) {
	values := make([]float64, 30)
	for i := range values {
		values[i] = math.Cbrt(float64(i))
	}
	regression, err := crossval.Validate(t.Context(), realSet(t, values), crossval.KFold{K: 3}, []crossval.Candidate{{Name: "n", Estimator: noisy}}, crossval.Options{Seed: 1 << 63})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		r    *crossval.Result
	}{{"classification", small(t)}, {"regression", regression}} {
		t.Run(c.name, func(t *testing.T) {
			first := writeJSON(t, c.r)
			again, err := crossval.ReadResult(bytes.NewReader(first))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first, writeJSON(t, again)) {
				t.Error("not the same bytes after a round trip")
			}
			for i := range c.r.Runs {
				if c.r.Runs[i].FitTime != again.Runs[i].FitTime || c.r.Runs[i].PredictTime != again.Runs[i].PredictTime {
					t.Errorf("run %d has other times", i)
				}
			}
			if c.r.Table() != again.Table() {
				t.Error("another table after a round trip")
			}
			if b := writeJSON(t, again.WithoutTiming()); bytes.Contains(b, []byte("timing")) {
				t.Error("times without timing")
			}
			name := filepath.Join(t.TempDir(), "result.json")
			for range 2 { // the second time there is a file already
				if err := c.r.Save(name); err != nil {
					t.Fatal(err)
				}
			}
			loaded, err := crossval.LoadResult(name)
			if err != nil || !bytes.Equal(first, writeJSON(t, loaded)) {
				t.Errorf("not the same from a file: %v", err)
			}
			if entries, err := os.ReadDir(filepath.Dir(name)); err != nil || len(entries) != 1 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
	if err := regression.Save(filepath.Join(t.TempDir(), "no", "such", "folder")); err == nil {
		t.Error("saved to a folder that is not there")
	}
}

func TestReadResultRefuses(t *testing.T) {
	good := string(writeJSON(t, small(t).WithoutTiming()))
	for _, c := range []struct{ name, old, new, want string }{
		{"format", "aegis-crossval", "other", `want format "aegis-crossval"`},
		{"version", `"version":1`, `"version":2`, "version 2 is not known"},
		{"task", "classify", "guess", `there is no task "guess"`},
		{"class", `"labels":[0,0,1,1]`, `"labels":[0,0,1,2]`, "class 2 is out of range"},
		{"rows", `"rows":4`, `"rows":5`, "5 rows of classes have 4 labels"},
		{"fold", `"test":[0,2]`, `"test":[0,4]`, "row 4 is out of range"},
		{"order", `"repeat":1,"fold":0`, `"repeat":2,"fold":0`, "out of order"},
		{"candidate", `"candidate":"proba"`, `"candidate":"nobody"`, `no candidate "nobody"`},
		{"split", `"split":1`, `"split":0`, "out of order or there twice"},
		{"scores", `"scores":[1,1,`, `"scores":[1,`, "3 scores for 4 metrics"},
		{"probabilities", `"proba":[0.9,`, `"proba":[`, "3 probabilities for 2 rows and 2 classes"},
		{"number", `"NaN"`, `"nan"`, "read a result"},
		{"more", "}\n", "}{", "there is more after its end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatalf("%q is not there: %s", c.old, good)
			}
			if _, err := crossval.ReadResult(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
}

func FuzzReadResult(f *testing.F) {
	good := writeJSON(f, small(f))
	f.Add(good)
	f.Add([]byte(`{"format":"aegis-crossval","version":1}`))
	f.Add(bytes.Replace(good, []byte(`"classify"`), []byte(`"regress"`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := crossval.ReadResult(bytes.NewReader(b))
		if err != nil {
			return
		}
		// Whatever could be read can be used, and is the same when read again.
		_ = r.Table()
		for _, c := range r.Candidates {
			_, _ = r.Confusion(c.Name)
			_, _ = r.OutOfFold(c.Name)
			_, _ = r.Interval(c.Name, "")
			if all, err := crossval.Compare(r, c.Name, ""); err == nil {
				for _, x := range all {
					_ = x.Verdict()
				}
			}
		}
		first := writeJSON(t, r)
		again, err := crossval.ReadResult(bytes.NewReader(first))
		if err != nil || !bytes.Equal(first, writeJSON(t, again)) {
			t.Errorf("cannot be read again, or not to the same: %v", err)
		}
	})
}
