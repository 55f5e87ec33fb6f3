package baselines_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/trees"
	"pgregory.net/rapid"
)

func labelled(t testing.TB, x [][]float64, labels []int, classes ...string) *data.Set {
	t.Helper()
	s, err := data.FromLabels("made up", x, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valued(t testing.TB, x [][]float64, y []float64) *data.Set {
	t.Helper()
	s, err := data.FromRows("made up", x, y)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rows(t testing.TB, x ...[]float64) *data.Set {
	t.Helper()
	s, err := data.NewTable("to predict", make([]data.Feature, len(x[0])), x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fitPredict fits on train and predicts.
func fitPredict(t testing.TB, f crossval.Estimator, train, predict *data.Set) (*data.Prediction, error) {
	t.Helper()
	p, err := f.Fit(context.Background(), train, 1)
	if err != nil {
		return nil, err
	}
	return p.Predict(context.Background(), predict)
}

func TestByHand(t *testing.T) {
	xor := labelled(t, [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 1}}, []int{0, 1, 1, 0, 0}, "even", "odd")
	balancedXor := labelled(t, [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, []int{1, 2, 2, 1}, "never", "even", "odd")
	flat := valued(t, [][]float64{{0}, {1}, {2}, {3}}, []float64{7, 7, 7, 7})
	steps := labelled(t, [][]float64{{1}, {2}, {3}, {11}, {12}, {13}}, []int{0, 0, 0, 1, 1, 1}, "low", "high")
	line := valued(t, [][]float64{{1, 0}, {2, 1}, {3, 1}, {4, 5}}, []float64{3, 7, 9, 19}) // 1 + 2x + 2z
	for _, c := range []struct {
		name    string
		new     crossval.Estimator
		train   *data.Set
		predict *data.Set
		labels  []int
		proba   []float64
		values  []float64
	}{
		{name: "majority", new: baselines.Majority{}, train: xor, predict: rows(t, []float64{5, 5}), labels: []int{0}, proba: []float64{0.6, 0.4}},
		{name: "majority of equals", new: baselines.Majority{}, train: steps, predict: rows(t, []float64{5}), labels: []int{0}, proba: []float64{0.5, 0.5}},
		{name: "mean", new: baselines.Majority{}, train: line, predict: rows(t, []float64{5, 5}), values: []float64{9.5}},
		{name: "one neighbour", new: baselines.KNN{K: 1}, train: steps, predict: rows(t, []float64{0}, []float64{8}, []float64{6}), labels: []int{0, 1, 0}, proba: []float64{1, 0, 0, 1, 1, 0}},
		{name: "all neighbours", new: baselines.KNN{K: 6}, train: steps, predict: rows(t, []float64{0}), labels: []int{0}, proba: []float64{0.5, 0.5}},
		{name: "mean of neighbours", new: baselines.KNN{K: 2}, train: line, predict: rows(t, []float64{1.4, 0.4}), values: []float64{5}},
		{name: "CART", new: baselines.CART{}, train: steps, predict: rows(t, []float64{6.9}, []float64{7.1}), labels: []int{0, 1}},
		// With the first split of exclusive or there is no gain: golearn's tree says class 0 there.
		{name: "CART without a split", new: baselines.CART{}, train: balancedXor, predict: rows(t, []float64{0, 0}, []float64{1, 0}), labels: []int{1, 1}},
		{name: "CART of one value", new: baselines.CART{}, train: flat, predict: rows(t, []float64{-1}, []float64{9}), values: []float64{7, 7}},
		{name: "CART regression", new: baselines.CART{}, train: line, predict: rows(t, []float64{1, 0}, []float64{9, 9}), values: []float64{3, 19}},
		{name: "CART regression, depth 1", new: baselines.CART{MaxDepth: 1}, train: line, predict: rows(t, []float64{1, 0}, []float64{9, 9}), values: []float64{19.0 / 3, 19}},
		{name: "ID3", new: baselines.ID3{Bins: 2, MinRows: 2}, train: steps, predict: rows(t, []float64{6.9}, []float64{7.1}), labels: []int{0, 1}, proba: []float64{0.8, 0.2, 0.2, 0.8}},
		{name: "ID3 leaf", new: baselines.ID3{MinRows: 7}, train: steps, predict: rows(t, []float64{9}), labels: []int{0}, proba: []float64{0.5, 0.5}},
		{name: "forest", new: baselines.Forest{}, train: steps, predict: rows(t, []float64{-5}, []float64{20}), labels: []int{0, 1}},
		{name: "forest of one value", new: baselines.Forest{}, train: flat, predict: rows(t, []float64{-5}), values: []float64{7}},
		{name: "linear regression", new: baselines.LinearRegression{}, train: line, predict: rows(t, []float64{0, 0}, []float64{10, -1}), values: []float64{1, 19}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := fitPredict(t, c.new, c.train, c.predict)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(p.Labels, c.labels) {
				t.Errorf("labels %v, want %v", p.Labels, c.labels)
			}
			if c.proba != nil && !slices.EqualFunc(p.Proba, c.proba, near) {
				t.Errorf("probabilities %v, want %v", p.Proba, c.proba)
			}
			if !slices.EqualFunc(p.Values, c.values, near) {
				t.Errorf("values %v, want %v", p.Values, c.values)
			}
		})
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestErrors(t *testing.T) {
	missing := labelled(t, [][]float64{{1, 2}, {3, math.NaN()}}, []int{0, 1}, "a", "b")
	missing.Features = []data.Feature{{Name: "size"}, {Name: "weight"}}
	two := labelled(t, [][]float64{{1, 2}, {3, 4}}, []int{0, 1}, "a", "b")
	real := valued(t, [][]float64{{1, 2}, {3, 4}}, []float64{1, 2})
	coded := labelled(t, [][]float64{{1, 0}, {2, 2}}, []int{0, 1}, "a", "b")
	coded.Features = []data.Feature{{Name: "size"}, {Name: "city", Levels: []string{"Rome", "Oslo"}}}
	weighted := func(s *data.Set, w ...float64) *data.Set {
		out := *s
		out.Weights = w
		return &out
	}
	described := func(s *data.Set, n int) *data.Set {
		out := *s
		out.Features = make([]data.Feature, n)
		return &out
	}
	for _, c := range []struct {
		name           string
		new            crossval.Estimator
		train, predict *data.Set
		want           string
	}{
		{"missing value", baselines.KNN{}, missing, missing, "row 1, weight: NaN: fill in missing values first"},
		{"missing value to predict", baselines.CART{}, two, missing, "row 1, weight: NaN"},
		{"other columns", baselines.CART{}, two, rows(t, []float64{1}), "fitted on 2 columns, have 1"},
		{"too few neighbours", baselines.KNN{}, two, two, "2 training rows for 5 neighbours"},
		{"negative neighbours", baselines.KNN{K: -1}, two, two, "want 1 neighbour or more, have -1"},
		{"distance", baselines.KNN{Distance: 9}, two, two, "distance 9 is not known"},
		{"one bin", baselines.CART{Bins: 1}, two, two, "want 2 bins or more, have 1"},
		{"depth", baselines.Forest{MaxDepth: -1}, two, two, "have -1"},
		{"trees", baselines.Forest{Trees: -2}, two, two, "have -2 trees"},
		{"a billion trees", baselines.Forest{Trees: 1e9}, two, two, "want 1 to 100000 trees"},
		{"ID3 of a regression", baselines.ID3{}, real, real, "for classification only"},
		{"linear regression of classes", baselines.LinearRegression{}, two, two, "for regression only"},
		{"ridge of classes", baselines.Ridge{}, two, two, "for regression only"},
		{"elastic net of classes", baselines.ElasticNet{}, two, two, "for regression only"},
		{"logistic regression of values", baselines.LogisticRegression{}, real, real, "for classification only"},
		{"ridge's strength", baselines.Ridge{Strengths: []float64{0}}, real, real, "strength 0, want"},
		{"C", baselines.LogisticRegression{C: []float64{math.NaN()}}, two, two, "strength NaN, want"},
		{"ratio", baselines.ElasticNet{Ratios: []float64{2}}, real, real, "ratio 2, want"},
		{"elastic net's strength", baselines.ElasticNet{Strength: -1, Ratios: []float64{1}}, real, real, "strength -1, want"},
		{"weights", baselines.Ridge{}, weighted(real, 1), real, "1 weights for 2 rows"},
		{"negative weight", baselines.LogisticRegression{}, weighted(two, 1, -1), two, "row 1: weight -1"},
		{"weight of trees", baselines.BoostedTrees{}, weighted(two, 1, -1), two, "row 1: weight -1"},
		{"boosting", baselines.BoostedTrees{Settings: trees.Boosting{Leaves: -1}}, two, two, "Leaves: have -1"},
		{"columns of trees", baselines.RandomForest{}, two, rows(t, []float64{1}), "fitted on 2 columns, have 1"},
		{"columns of ridge", baselines.Ridge{}, real, rows(t, []float64{1}), "fitted on 2 columns, have 1"},
		{"features", baselines.BoostedTrees{}, described(two, 1), two, "1 features describe a table of 2 columns"},
		{"code", baselines.BoostedTrees{}, coded, coded, "row 1, city: have 2, want a code below 2, or -1"},
		{"code to predict", baselines.LogisticRegression{}, two, coded, "row 1, city: have 2"},
		{"no targets", baselines.Majority{}, two.Without(), two, "has no targets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := fitPredict(t, c.new, c.train, c.predict); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
}

// Neighbours of the tree are those of a plain search, also where many values are
// equal or 0, which is where golearn's tree alone finds rows that are not there.
func TestNeighboursAreTheNearest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, columns := rapid.IntRange(1, 60).Draw(rt, "n"), rapid.IntRange(1, 4).Draw(rt, "columns")
		k := rapid.IntRange(1, n).Draw(rt, "k")
		g := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		coarse := rapid.Bool().Draw(rt, "coarse")
		row := func() []float64 {
			r := make([]float64, columns)
			for j := range r {
				if r[j] = g.NormFloat64(); coarse {
					r[j] = math.Round(r[j])
				}
			}
			return r
		}
		x, y := make([][]float64, n), make([]float64, n)
		for i := range x {
			x[i], y[i] = row(), g.NormFloat64()
		}
		at := row()
		if coarse { // which of equally near rows count is not said: give them one value
			for i := range y {
				y[i] = distance(x[i], at)
			}
		}
		p, err := fitPredict(t, baselines.KNN{K: k}, valued(t, x, y), rows(t, at))
		if err != nil {
			rt.Fatal(err)
		}
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int {
			if distance(x[a], at) < distance(x[b], at) {
				return -1
			}
			return 1
		})
		want := 0.0
		for _, i := range order[:k] {
			want += y[i] / float64(k)
		}
		if !near(p.Values[0], want) {
			rt.Fatalf("have %v, want %v", p.Values[0], want)
		}
	})
}

func distance(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum)
}

// The same seed gives the same bits, however many folds run at a time, and
// another seed another forest.
func TestDeterministic(t *testing.T) {
	for _, load := range []func() (*data.Set, error){data.Iris, data.Diabetes} {
		set, err := load()
		if err != nil {
			t.Fatal(err)
		}
		var index []int
		for i := 0; i < set.Len(); i += 3 {
			index = append(index, i)
		}
		if set, err = set.Rows(index); err != nil {
			t.Fatal(err)
		}
		t.Run(set.Name, func(t *testing.T) {
			var first []byte
			var forest []float64
			for _, o := range []crossval.Options{{Workers: 1}, {Workers: 4}, {Workers: 2}, {Seed: 1}} {
				r, err := crossval.Validate(t.Context(), set, crossval.KFold{K: 5, Shuffle: true}, standardised(set.Task()), o)
				if err != nil {
					t.Fatal(err)
				}
				if o.Seed != 0 {
					if slices.Equal(forest, r.Scores("random forest", r.Metrics[2].Name)) {
						t.Error("the forest does not depend on the seed")
					}
					continue
				}
				var b bytes.Buffer
				if err := r.WithoutTiming().WriteJSON(&b); err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first, forest = b.Bytes(), r.Scores("random forest", r.Metrics[2].Name)
				}
				if !bytes.Equal(first, b.Bytes()) {
					t.Errorf("another result with %d workers", o.Workers)
				}
			}
		})
	}
}

// Where few of many columns matter, as one-hot codes make them, the default forest
// is no mere majority: its trees see enough of the columns.
func TestForestSeesEnough(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 0))
	draw := func(n int) (*data.Set, float64) {
		x, labels, most := make([][]float64, n), make([]int, n), 0
		for i := range x {
			x[i] = make([]float64, 60)
			for j := range x[i] {
				x[i][j] = float64(g.IntN(2))
			}
			if x[i][0]+x[i][1] == 2 || x[i][2] == 1 && g.IntN(10) == 0 {
				labels[i] = 1
			} else {
				most++
			}
		}
		return labelled(t, x, labels, "good", "bad"), float64(most) / float64(n)
	}
	train, _ := draw(400)
	fresh, majority := draw(1000)
	accuracy := func(m baselines.Forest) float64 {
		p, err := fitPredict(t, m, train, fresh.Without())
		if err != nil {
			t.Fatal(err)
		}
		want, err := fresh.Labels()
		if err != nil {
			t.Fatal(err)
		}
		right := 0.0
		for i, c := range p.Labels {
			if c == want[i] {
				right += 1.0 / 1000
			}
		}
		return right
	}
	if few := accuracy(baselines.Forest{Columns: 8}); few > majority+0.05 {
		t.Errorf("with 8 columns the accuracy is %v: the data are too easy for this test", few)
	}
	if got := accuracy(baselines.Forest{}); got < majority+0.1 {
		t.Errorf("accuracy %v, the majority's is %v", got, majority)
	}
}

func TestForestStops(t *testing.T) {
	set, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (baselines.Forest{}).Fit(ctx, set, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("have error %v", err)
	}
}

func TestUnavailableHasReasons(t *testing.T) {
	for _, m := range baselines.Unavailable() {
		if m.Name == "" || m.Reason == "" {
			t.Errorf("%+v", m)
		}
	}
}
