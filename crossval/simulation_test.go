//go:build long

package crossval_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// centroid classifies by the nearer class mean of one column.
func centroid(column int) crossval.Estimator {
	return crossval.EstimatorFunc(func(_ context.Context, train *data.Set, _ uint64) (*data.Predictor, error) {
		x, columns, err := train.Table()
		if err != nil {
			return nil, err
		}
		y, err := train.Labels()
		if err != nil {
			return nil, err
		}
		var sum, n [2]float64
		for i, c := range y {
			sum[c] += x[i*columns+column]
			n[c]++
		}
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			x, columns, err := rows.Table()
			if err != nil {
				return nil, err
			}
			p := &data.Prediction{}
			for i := range rows.Len() {
				v := x[i*columns+column]
				label := 0
				if math.Abs(v-sum[1]/n[1]) < math.Abs(v-sum[0]/n[0]) {
					label = 1
				}
				p.Labels = append(p.Labels, label)
			}
			return p, nil
		}}, nil
	})
}

// Two models that see one of two columns of the same distribution are equally
// good: whoever finds a difference is wrong. With 10 times 10 folds of 100 rows
// the ordinary t-test is wrong in far more than 5 of 100 data sets, the
// corrected test in about 5 or fewer. Bouckaert & Frank (2004), table 2, have
// the same order of numbers.
func TestTypeIErrorIsNominal(t *testing.T) {
	const sets, level = 1000, 0.05
	g := rand.New(rand.NewPCG(1, 2))
	corrected, naive := 0, 0
	for range sets {
		labels := make([]int, 100)
		rows := make([][]float64, len(labels))
		for i := range rows {
			labels[i] = i % 2
			shift := 0.6 * float64(labels[i])
			rows[i] = []float64{g.NormFloat64() + shift, g.NormFloat64() + shift}
		}
		table, err := data.NewTable("made up", []data.Feature{{Name: "x"}, {Name: "y"}}, rows)
		if err != nil {
			t.Fatal(err)
		}
		set := classSet(t, labels, "a", "b")
		set.Inputs = table.Inputs
		r, err := crossval.Validate(t.Context(), set, crossval.RepeatedStratifiedKFold{K: 10, Repeats: 10, Seed: g.Uint64()},
			[]crossval.Candidate{{Name: "x", Estimator: centroid(0)}, {Name: "y", Estimator: centroid(1)}}, crossval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all, err := crossval.Compare(r, "x", "accuracy")
		if err != nil {
			t.Fatal(err)
		}
		if all[0].P < level {
			corrected++
		}
		d := r.Scores("x", "")
		for i, s := range r.Scores("y", "") {
			d[i] -= s
		}
		mean, std := stat.MeanStdDev(d, nil)
		n := float64(len(d))
		if 2*(distuv.StudentsT{Sigma: 1, Nu: n - 1}).CDF(-math.Abs(mean/(std/math.Sqrt(n)))) < level {
			naive++
		}
	}
	t.Logf("of %d sets the corrected test finds a difference in %d, the ordinary one in %d", sets, corrected, naive)
	// 5% plus three standard errors of a share of 1000 sets is 7.1%.
	if share := float64(corrected) / sets; share > 0.071 {
		t.Errorf("the corrected test is wrong in %.1f%% of the sets", 100*share)
	}
	if share := float64(naive) / sets; share < 0.2 {
		t.Errorf("the ordinary test is wrong in only %.1f%%: the simulation shows nothing", 100*share)
	}
}
