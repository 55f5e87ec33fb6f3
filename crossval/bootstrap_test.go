package crossval

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// TestEstimate632 holds the combination to the formula of Efron & Tibshirani (1997), equations
// 24 to 32, by hand.
func TestEstimate632(t *testing.T) {
	for _, c := range []struct {
		name                            string
		apparent, out, none, r, w, want float64
		greater                         bool
	}{
		// R = .2/.4; w = .632/(1 − .184) = .774510; .1·.225490 + .3·.774510
		{name: "between", apparent: 0.1, out: 0.3, none: 0.5, r: 0.5, w: 0.774510, want: 0.254902},
		{name: "overfits wholly", apparent: 0, out: 0.5, none: 0.5, r: 1, w: 1, want: 0.5},
		{name: "does not overfit", apparent: 0.2, out: 0.2, none: 0.5, r: 0, w: 0.632, want: 0.2},
		{name: "better out of bag", apparent: 0.3, out: 0.2, none: 0.5, r: 0, w: 0.632, want: 0.368*0.3 + 0.632*0.2},
		// err(1) = .6 counts as .5 but in the .632 part: .632·.6 + .5·.368
		{name: "worse than nothing", apparent: 0, out: 0.6, none: 0.5, r: 1, w: 1, want: 0.632*0.6 + 0.5*0.368},
		{name: "accuracy", apparent: 0.9, out: 0.7, none: 0.5, r: 0.5, w: 0.774510, want: 1 - 0.254902, greater: true},
	} {
		e := Estimate632{Apparent: c.apparent, OutOfBag: c.out, NoInformation: c.none, Metric: data.Metric{Greater: c.greater}}
		if e.combine(); math.Abs(e.Score-c.want) > 1e-5 || math.Abs(e.Overfitting-c.r) > 1e-9 || math.Abs(e.Weight-c.w) > 1e-5 {
			t.Errorf("%s: %+v, want %v", c.name, e, c.want)
		}
	}
}

// TestBootstrapDraws: as many rows as there are are drawn, those that are not are tested on,
// and about 63.2% of all are drawn.
func TestBootstrapDraws(t *testing.T) {
	labels := make([]int, 200)
	rows := make([][]float64, 200)
	for i := range labels {
		labels[i], rows[i] = i%2, []float64{float64(i)}
	}
	set, err := data.FromLabels("made up", rows, labels, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	splits, err := Splits(set, Bootstrap{Repeats: 100, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, s := range splits {
		distinct := slices.Compact(slices.Clone(s.Train))
		if len(s.Train) != 200 || len(distinct)+len(s.Test) != 200 || !slices.IsSorted(s.Train) {
			t.Fatalf("%d drawn, %d distinct, %d tested", len(s.Train), len(distinct), len(s.Test))
		}
		tested += len(s.Test)
	}
	// (1 − 1/200)^200 = 0.36695
	if share := float64(tested) / 20000; math.Abs(share-0.36695) > 0.006 {
		t.Errorf("a share of %v is tested", share)
	}
	for _, c := range []struct {
		want string
		b    Bootstrap
		set  *data.Set
	}{{"one class", Bootstrap{}, &data.Set{Name: "x", Classes: set.Classes, Targets: must(set.Rows([]int{0, 2, 4})).Targets, Inputs: must(set.Rows([]int{0, 2, 4})).Inputs}},
		{"3 or more", Bootstrap{}, must(set.Rows([]int{0, 1}))}, {"-1 repeats", Bootstrap{Repeats: -1}, set}, {"no rows", Bootstrap{}, nil}} {
		if _, err := c.b.Split(c.set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func must(s *data.Set, err error) *data.Set {
	if err != nil {
		panic(err)
	}
	return s
}

// TestBootstrap632OfNearestNeighbour: one nearest neighbour knows its training rows by heart. On
// labels that mean nothing its apparent error is 0 and its true error a half, which .632+ finds
// and .632 does not.
func TestBootstrap632OfNearestNeighbour(t *testing.T) {
	nearest := EstimatorFunc(func(_ context.Context, train *data.Set, _ uint64) (*data.Predictor, error) {
		x, _, err := train.Table()
		if err != nil {
			return nil, err
		}
		y, err := train.Labels()
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			q, _, err := rows.Table()
			p := &data.Prediction{}
			for _, v := range q {
				best := 0
				for i := range x {
					if math.Abs(x[i]-v) < math.Abs(x[best]-v) {
						best = i
					}
				}
				p.Labels = append(p.Labels, y[best])
			}
			return p, err
		}}, err
	})
	g := generator(1, "test", 0)
	rows, labels := make([][]float64, 120), make([]int, 120)
	for i := range rows {
		rows[i], labels[i] = []float64{g.Float64()}, i%2
	}
	set, err := data.FromLabels("noise", rows, labels, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := Bootstrap632(t.Context(), set, Bootstrap{Seed: 1}, Candidate{Name: "1-NN", Estimator: nearest}, Options{Metrics: []data.Metric{data.Accuracy}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", e)
	if e.Apparent != 1 || math.Abs(e.NoInformation-0.5) > 0.02 || math.Abs(e.Score-0.5) > 0.05 || e.Overfitting < 0.9 {
		t.Errorf("%+v", e)
	}
}
