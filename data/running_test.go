package data_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// TestRunning: the scores of rows that come in parts are those of all rows.
func TestRunning(t *testing.T) {
	const n, k = 1000, 3
	r := rand.New(rand.NewPCG(1, 6))
	labels, values := make([]int, n), make([]float64, n)
	p := map[bool]*data.Prediction{true: {}, false: {}} // of a classification, of a regression
	for i := range n {
		labels[i], values[i] = r.IntN(k), 1e6+r.NormFloat64()
		a, b := r.Float64(), r.Float64()
		sum := a + b + 0.5
		p[true].Labels = append(p[true].Labels, r.IntN(k))
		p[true].Proba = append(p[true].Proba, a/sum, b/sum, 0.5/sum)
		p[false].Values = append(p[false].Values, values[i]+r.NormFloat64())
	}
	x := tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(make([]float64, n)))
	sets := map[bool]*data.Set{
		true:  {Inputs: []*tensor.Dense{x}, Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(labels))}, Classes: []string{"a", "b", "c"}},
		false: {Inputs: []*tensor.Dense{x}, Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(values))}},
	}
	exact := map[string]bool{"accuracy": true, "balanced accuracy": true, "F1": true, "MCC": true}
	whole := map[string]bool{"ROC AUC": true, "average precision": true, "median absolute error": true}
	list := map[bool][]data.Metric{
		true:  {data.Accuracy, data.BalancedAccuracy, data.F1, data.MCC, data.LogLoss, data.Brier, data.ROCAUC, data.AveragePrecision},
		false: {data.RMSE, data.MAE, data.MedianAE, data.R2},
	}
	for classify, set := range sets {
		all := p[classify]
		for _, m := range list[classify] {
			running := m.Running()
			if whole[m.Name] != (running == nil) {
				t.Errorf("%s: running %v", m.Name, running != nil)
			}
			if running == nil {
				continue
			}
			if _, err := running.Score(); err == nil {
				t.Errorf("%s: no rows have a score", m.Name)
			}
			for from := 0; from < n; from += 137 {
				to := min(n, from+137)
				rows := make([]int, to-from)
				for i := range rows {
					rows[i] = from + i
				}
				part, err := set.Rows(rows)
				if err != nil {
					t.Fatal(err)
				}
				said := &data.Prediction{}
				if classify {
					said.Labels, said.Proba = all.Labels[from:to], all.Proba[from*k:to*k]
				} else {
					said.Values = all.Values[from:to]
				}
				if err := running.Add(part, said); err != nil {
					t.Fatal(err)
				}
			}
			have, err := running.Score()
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.Score(set, all)
			if err != nil {
				t.Fatal(err)
			}
			if exact[m.Name] && have != want || math.Abs(have-want) > 1e-12*math.Abs(want) || fmt.Sprintf("%.6g", have) != fmt.Sprintf("%.6g", want) {
				t.Errorf("%s: %v in parts, %v of all", m.Name, have, want)
			}
		}
	}
	constant := data.R2.Running()
	two, _ := sets[false].Rows([]int{0, 0})
	if err := constant.Add(two, &data.Prediction{Values: []float64{1, 2}}); err != nil {
		t.Fatal(err)
	}
	if _, err := constant.Score(); !errors.Is(err, data.ErrUndefined) {
		t.Errorf("R2 of equal values: error %v", err)
	}
	own := data.Metric{Name: "own", Score: func(*data.Set, *data.Prediction) (float64, error) { return 1, nil }}
	if own.Running() != nil {
		t.Error("a metric of one's own is scored in parts")
	}
	if err := data.LogLoss.Running().Add(sets[true], nil); err == nil {
		t.Error("no prediction is scored")
	}
}
