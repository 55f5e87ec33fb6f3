package baselines_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// standardised returns the default baselines of a task with columns
// standardised in each fold.
func standardised(task data.Task) []crossval.Candidate {
	candidates := baselines.Default(task)
	for i := range candidates {
		candidates[i].Estimator = crossval.Preprocessed{Transform: data.Standardize{}, Estimator: candidates[i].Estimator}
	}
	return candidates
}

// scikitLearn reads the numbers of testdata/reference.py.
func scikitLearn(t *testing.T) map[string]map[string]float64 {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]map[string]float64
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// Each baseline is as good as scikit-learn's model of the kind: within 3 points
// of its accuracy, or 0.1 of its R2.
func TestBaselinesAreAsGoodAsScikitLearn(t *testing.T) {
	want := scikitLearn(t)
	for _, c := range []struct {
		name    string
		load    func() (*data.Set, error)
		metric  string
		within  float64
		repeats int
	}{
		{"iris", data.Iris, "accuracy", 0.03, 2},
		{"wine", data.Wine, "accuracy", 0.03, 2},
		{"breast cancer", data.BreastCancer, "accuracy", 0.03, 1},
		{"diabetes", data.Diabetes, "R2", 0.1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := c.load()
			if err != nil {
				t.Fatal(err)
			}
			var folds crossval.Splitter = crossval.RepeatedStratifiedKFold{Repeats: c.repeats, Seed: 1}
			if set.Task() == (data.Regress{}) {
				folds = crossval.RepeatedKFold{Repeats: c.repeats, Seed: 1}
			}
			r, err := crossval.Validate(t.Context(), set, folds, standardised(set.Task()), crossval.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Log("\n" + r.Table())
			if len(want[c.name]) != len(r.Candidates) {
				t.Errorf("%d candidates, scikit-learn has %d", len(r.Candidates), len(want[c.name]))
			}
			for name, score := range want[c.name] {
				if have := r.Mean(name, c.metric); !(math.Abs(have-score) <= c.within) {
					t.Errorf("%s: %s %.4f, scikit-learn has %.4f", name, c.metric, have, score)
				}
			}
		})
	}
}

// BenchmarkFold fits each baseline on nine tenths of the breast cancer data and
// predicts the other.
func BenchmarkFold(b *testing.B) {
	set, err := data.BreastCancer()
	if err != nil {
		b.Fatal(err)
	}
	splits, err := crossval.Splits(set, crossval.StratifiedKFold{Shuffle: true})
	if err != nil {
		b.Fatal(err)
	}
	train, err := set.Rows(splits[0].Train)
	if err != nil {
		b.Fatal(err)
	}
	test, err := set.Rows(splits[0].Test)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range baselines.Default(data.Classify{}) {
		b.Run(fmt.Sprint(c.Name), func(b *testing.B) {
			for range b.N {
				p, err := c.Estimator.Fit(b.Context(), train, 1)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Predict(b.Context(), test); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
