package baselines_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// linearReference is what testdata/linear.py wrote.
type linearReference struct {
	Fit         int
	X           [][]float64
	Y           []float64
	Two, Three  []int
	Weights     []float64
	Collinear   [][]float64
	Wide        [][]float64
	BestRidge   float64 `json:"best_ridge"`
	Predictions map[string][]float64
}

func readLinear(t *testing.T) *linearReference {
	t.Helper()
	b, err := os.ReadFile("testdata/linear.json")
	if err != nil {
		t.Fatal(err)
	}
	var r linearReference
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestLinearModelsAreScikitLearns(t *testing.T) {
	r := readLinear(t)
	for _, c := range []struct {
		name   string
		new    crossval.Estimator
		x      [][]float64
		labels []int
		// The tolerance is what the iterations of both leave.
		tolerance float64
	}{
		{name: "least squares", new: baselines.LinearRegression{}, x: r.X, tolerance: 1e-10},
		{name: "least squares, weights", new: baselines.LinearRegression{}, x: r.X, tolerance: 1e-10},
		{name: "collinear", new: baselines.LinearRegression{}, x: r.Collinear, tolerance: 1e-10},
		{name: "wide", new: baselines.LinearRegression{}, x: r.Wide, tolerance: 1e-10},
		{name: "ridge", new: baselines.Ridge{}, x: r.X, tolerance: 1e-10},
		{name: "ridge, weights", new: baselines.Ridge{}, x: r.X, tolerance: 1e-10},
		{name: "ridge of 5", new: baselines.Ridge{Strengths: []float64{5}}, x: r.X, tolerance: 1e-10},
		{name: "elastic net", new: baselines.ElasticNet{Ratios: []float64{0.4}, Strength: 0.3}, x: r.X, tolerance: 1e-6},
		{name: "lasso", new: baselines.ElasticNet{Ratios: []float64{1}, Strength: 0.5}, x: r.X, tolerance: 1e-6},
		{name: "elastic net, weights", new: baselines.ElasticNet{Ratios: []float64{0.4}, Strength: 0.3}, x: r.X, tolerance: 1e-6},
		{name: "two", new: baselines.LogisticRegression{C: []float64{0.5}}, x: r.X, labels: r.Two, tolerance: 1e-5},
		{name: "two, weights", new: baselines.LogisticRegression{C: []float64{2}}, x: r.X, labels: r.Two, tolerance: 1e-5},
		{name: "three", new: baselines.LogisticRegression{C: []float64{0.5}}, x: r.X, labels: r.Three, tolerance: 1e-5},
	} {
		t.Run(c.name, func(t *testing.T) {
			var train *data.Set
			if c.labels != nil {
				names := []string{"a", "b", "c"}
				train = labelled(t, c.x[:r.Fit], c.labels[:r.Fit], names[:len(r.Predictions[c.name])/len(c.x)]...)
			} else {
				train = valued(t, c.x[:r.Fit], r.Y[:r.Fit])
			}
			if strings.HasSuffix(c.name, "weights") {
				train.Weights = r.Weights[:r.Fit]
			}
			p, err := fitPredict(t, c.new, train, rows(t, c.x...))
			if err != nil {
				t.Fatal(err)
			}
			have := p.Values
			if c.labels != nil {
				have = p.Proba
			}
			want := r.Predictions[c.name]
			if len(want) == 0 || len(have) != len(want) {
				t.Fatalf("%d predictions, want %d", len(have), len(want))
			}
			for i := range want {
				if !(math.Abs(have[i]-want[i]) <= c.tolerance*max(1, math.Abs(want[i]))) {
					t.Fatalf("prediction %d: %v, scikit-learn has %v", i, have[i], want[i])
				}
			}
		})
	}
}
