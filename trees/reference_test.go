package trees_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/seed732fc211/aegis/trees"
)

// scikitLearn is what testdata/reference.py wrote.
type scikitLearn struct {
	Fit     int
	X       [][]*float64
	Missing [][]*float64
	Y       []float64
	Weights []float64
	Two     []int
	Many    []int
	Counts  []float64
	Fine    [][]*float64
	FineY   []float64 `json:"fine_y"`
	Boosted map[string][]float64
	Exact   map[string][]float64
}

func reference(t testing.TB) *scikitLearn {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r scikitLearn
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// table makes columns of the first rows; null is a missing value. Column categorical
// is made categorical, -1 none.
func table(rows [][]*float64, n, columns, categorical int) trees.Table {
	t := trees.Table{Columns: make([]trees.Column, columns)}
	for j := range t.Columns {
		c := &t.Columns[j]
		for _, row := range rows[:n] {
			v := math.NaN()
			if row[j] != nil {
				v = *row[j]
			}
			c.Values = append(c.Values, v)
		}
		if j == categorical {
			c.Levels = 9
		}
	}
	return t
}

// scikit-learn keeps derivatives in float32, so that its leaves differ from exact
// ones by some 1e-7 of their size.
const boostedTolerance = 1e-5

func TestBoostingIsScikitLearns(t *testing.T) {
	r := reference(t)
	all := trees.Boosting{Iterations: 30}
	for _, c := range []struct {
		name     string
		boosting trees.Boosting
		rows     [][]*float64
		columns  int
		category int
		weights  bool
		y        []float64
		labels   []int
		classes  int
	}{
		{name: "regression", boosting: all, rows: r.X, category: -1, y: r.Y},
		{name: "missing", boosting: all, rows: r.Missing, category: -1, y: r.Y},
		{name: "categories", boosting: all, rows: r.Missing, category: 2, y: r.Y},
		{name: "weights", boosting: all, rows: r.Missing, category: -1, y: r.Y, weights: true},
		{name: "settings", boosting: trees.Boosting{Iterations: 30, Leaves: 6, LearningRate: 0.3, MinLeaf: 5, L2: 2, MaxDepth: 3, Bins: 16}, rows: r.X, category: -1, y: r.Y},
		{name: "poisson", boosting: trees.Boosting{Iterations: 30, Loss: trees.Poisson}, rows: r.X, category: -1, y: r.Counts},
		{name: "quantiles", boosting: all, rows: r.Fine, columns: 2, category: -1, y: r.FineY},
		{name: "two", boosting: all, rows: r.X, category: -1, labels: r.Two, classes: 2},
		{name: "two, categories", boosting: all, rows: r.Missing, category: 2, labels: r.Two, classes: 2},
		{name: "two, weights", boosting: all, rows: r.Missing, category: -1, labels: r.Two, classes: 2, weights: true},
		{name: "many", boosting: all, rows: r.Missing, category: -1, labels: r.Many, classes: 4},
		{name: "many, categories", boosting: all, rows: r.Missing, category: 2, labels: r.Many, classes: 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			fit, columns := r.Fit, 4
			if c.columns > 0 {
				fit, columns = len(c.rows), c.columns
			}
			train := table(c.rows, fit, columns, c.category)
			if c.weights {
				train.Weights = r.Weights[:fit]
			}
			var m *trees.Model
			var have []float64
			var err error
			all := table(c.rows, len(c.rows), columns, c.category)
			if c.labels != nil {
				if m, err = c.boosting.FitClasses(t.Context(), train, c.labels[:fit], c.classes); err == nil {
					have, err = m.Proba(t.Context(), all)
				}
			} else if m, err = c.boosting.FitValues(t.Context(), train, c.y[:fit]); err == nil {
				have, err = m.Values(t.Context(), all)
			}
			if err != nil {
				t.Fatal(err)
			}
			compare(t, have, r.Boosted[c.name], boostedTolerance)
		})
	}
}

func compare(t *testing.T, have, want []float64, tolerance float64) {
	t.Helper()
	if len(have) != len(want) || len(want) == 0 {
		t.Fatalf("%d predictions, want %d", len(have), len(want))
	}
	off := 0
	for i := range want {
		if !(math.Abs(have[i]-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			if off++; off <= 3 {
				t.Errorf("prediction %d: %v, scikit-learn has %v", i, have[i], want[i])
			}
		}
	}
	if off > 0 {
		t.Errorf("%d of %d differ", off, len(want))
	}
}

func TestExactTreesAreScikitLearns(t *testing.T) {
	r := reference(t)
	whole := trees.Forest{Trees: 1, NoBootstrap: true, Columns: 4}
	shape := func(minLeaf, depth int) trees.Forest {
		f := whole
		f.MinLeaf, f.MaxDepth = minLeaf, depth
		return f
	}
	all := table(r.X, len(r.X), 2, -1)
	train := table(r.X, r.Fit, 2, -1)
	weighted := train
	weighted.Weights = r.Weights[:r.Fit]
	for _, c := range []struct {
		name    string
		forest  trees.Forest
		train   trees.Table
		labels  []int
		classes int
		rows    int // compared; in small nodes columns tie, so that fresh rows can differ
	}{
		{name: "regression", forest: whole, train: train, rows: r.Fit},
		{name: "min leaf", forest: shape(7, 0), train: weighted, rows: len(r.X)},
		{name: "two", forest: shape(10, 0), train: train, labels: r.Two, classes: 2, rows: 2 * r.Fit},
		{name: "many", forest: shape(0, 4), train: train, labels: r.Many, classes: 4, rows: 4 * len(r.X)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m *trees.Model
			var have []float64
			var err error
			if c.labels != nil {
				if m, err = c.forest.FitClasses(t.Context(), c.train, c.labels[:r.Fit], c.classes); err == nil {
					have, err = m.Proba(t.Context(), all)
				}
			} else if m, err = c.forest.FitValues(t.Context(), c.train, r.Y[:r.Fit]); err == nil {
				have, err = m.Values(t.Context(), all)
			}
			if err != nil {
				t.Fatal(err)
			}
			compare(t, have[:c.rows], r.Exact[c.name][:c.rows], 1e-9)
		})
	}
	t.Run("importance", func(t *testing.T) {
		m, err := shape(7, 0).FitValues(t.Context(), train, r.Y[:r.Fit])
		if err != nil {
			t.Fatal(err)
		}
		compare(t, m.Importance(), r.Exact["importance"], 1e-9)
	})
}
