package tabular_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"gorgonia.org/tensor"
)

// posedRows returns rows of two columns for every task, each with something to learn.
func posedRows(t testing.TB, n int) map[string]*data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	var x [][]float64
	var prices, both, labels, counts []float64
	var grades []int
	for range n {
		a, b := r.NormFloat64(), r.NormFloat64()
		price, size := 1000+300*a+30*r.NormFloat64(), 0.01*b+0.002*r.NormFloat64()
		x, prices, both = append(x, []float64{a, b}), append(prices, price), append(both, price, size)
		labels = append(labels, indicator(a+0.3*r.NormFloat64() > 0), indicator(b+0.3*r.NormFloat64() > 0.5), indicator(a*b > 0))
		grades = append(grades, min(3, max(0, int(2+a+0.4*r.NormFloat64()))))
		count, left := 0.0, math.Exp(0.5+0.7*a)
		for left -= r.ExpFloat64(); left > 0; left -= r.ExpFloat64() {
			count++
		}
		counts = append(counts, count)
	}
	make := func(task data.Task, columns []string, y []float64) *data.Set {
		s, err := data.FromRows("made up", x, y[:n])
		if err != nil {
			t.Fatal(err)
		}
		s.As, s.Target, s.TargetColumns = task, columns[0], columns
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n, len(columns)), tensor.WithBacking(y))}
		if len(columns) == 1 {
			s.TargetColumns, s.Targets = nil, []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(y))}
		}
		return s
	}
	ordinal, err := data.FromLabels("made up", x, grades, []string{"poor", "fair", "good", "superb"})
	if err != nil {
		t.Fatal(err)
	}
	ordinal.As = data.Ordinal{}
	rank := make(data.Rank{}, []string{"relevance"}, slices.Clone(counts))
	for i := range n {
		rank.Groups = append(rank.Groups, i/6)
	}
	var steps []int
	for i := range n {
		steps = append(steps, int(indicator(x[i][0] > 0)), -1, 2*int(indicator(x[i][1] > 0)))
		if i%3 > 0 {
			steps[3*i+1] = grades[i] / 2
		}
	}
	sequence, err := data.FromLabels("made up", x, grades, []string{"a", "b", "c", "d"})
	if err != nil {
		t.Fatal(err)
	}
	sequence.Classes, sequence.As = sequence.Classes[:3], data.Sequence{}
	sequence.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n, 3), tensor.WithBacking(steps))}
	return map[string]*data.Set{
		"sequence":    sequence,
		"rank":        rank,
		"two targets": make(nil, []string{"price", "size"}, both), "multilabel": make(data.MultiLabel{}, []string{"red", "big", "round"}, labels),
		"ordinal": ordinal, "count": make(data.Count{}, []string{"visits"}, counts), "quantile": make(data.Quantile{Levels: []float64{0.1, 0.5, 0.9}}, []string{"price"}, prices),
	}
}

func indicator(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// TestEveryRecipeDoesEveryTask: each recipe fits each task to the same bits for the same
// seed, the model predicts the same after it was saved and row by row, and predictions are
// as the task's rules say.
func TestEveryRecipeDoesEveryTask(t *testing.T) {
	ctx := t.Context()
	for name, set := range posedRows(t, 120) {
		rules, err := set.Rules()
		if err != nil {
			t.Fatal(err)
		}
		for _, recipe := range []string{"default", "mlp", "realmlp", "realmlp-s", "tabm", "resnet", "auto"} {
			t.Run(name+"/"+recipe, func(t *testing.T) {
				r, err := tabular.ByName(recipe)
				if err != nil {
					t.Fatal(err)
				}
				r = brief{r, 2}
				if recipe == "auto" {
					r = tabular.Auto{Recipes: []tabular.Named{{Name: "a", Recipe: brief{tabular.MLP{}, 2}}, {Name: "b", Recipe: brief{tabular.Default{}, 1}}}, Folds: 2}
				}
				e := tabular.Estimator{Recipe: r, Seed: 5}
				var first *data.Prediction
				for range 2 {
					m, _, err := e.Train(ctx, set)
					if err != nil {
						t.Fatal(err)
					}
					path := filepath.Join(t.TempDir(), "m.safetensors")
					if err := m.Save(path); err != nil {
						t.Fatal(err)
					}
					if m, err = models.Load(path); err != nil {
						t.Fatal(err)
					}
					if !data.SameTask(m.Info.Task, set.Task()) {
						t.Errorf("the task was read as %v", m.Info.Task)
					}
					p, err := m.PredictRows(ctx, set.Without())
					if err != nil {
						t.Fatal(err)
					}
					if err := rules.Fits(p, set.Len(), len(set.Classes)); err != nil {
						t.Error(err)
					}
					if first == nil {
						first = p
						rowByRow(t, m, set, rules, p)
					}
					if fmt.Sprint(*p) != fmt.Sprint(*first) {
						t.Error("the same seed gave another model")
					}
				}
			})
		}
	}
}

// rowByRow holds the row predictor to the prediction of all rows.
func rowByRow(t *testing.T, m *models.Model, set *data.Set, rules *data.Rules, p *data.Prediction) {
	t.Helper()
	r, err := m.RowPredictor()
	if err != nil {
		t.Fatal(err)
	}
	x, columns, err := set.Table()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		one, err := r.PredictCodes(x[i*columns : (i+1)*columns])
		if err != nil {
			t.Fatal(err)
		}
		want := rules.Row(p, i)
		have := &data.Prediction{Labels: one.Labels, Proba: one.Proba, Values: one.Values}
		if rules.Labels == 1 {
			have.Labels = []int{one.Label}
		}
		if rules.Values == 1 {
			have.Values = []float64{one.Value}
		}
		if !slices.Equal(have.Labels, want.Labels) || !close(have.Proba, want.Proba, 1) || !close(have.Values, want.Values, 1000) {
			t.Errorf("row %d: %v, want %v", i, have, want)
		}
	}
}

// close allows for float32 products in batches of another size.
func close(a, b []float64, scale float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= 1e-5*scale })
}

// TestTasksAreLearned: the default recipe beats what predicts the same for every row, by
// far, in every metric that decides.
func TestTasksAreLearned(t *testing.T) {
	for name, set := range posedRows(t, 400) {
		t.Run(name, func(t *testing.T) {
			candidates := []crossval.Candidate{{Name: "net", Estimator: tabular.Estimator{Recipe: brief{tabular.Default{}, 40}}}, baselines.For(set)[0]}
			res, err := crossval.Validate(t.Context(), set, splitterOf(set), candidates, crossval.Options{})
			if err != nil || len(res.Failed) > 0 {
				t.Fatal(err, res)
			}
			m := res.Metrics[0]
			net, constant := res.Mean("net", m.Name), res.Mean(candidates[1].Name, m.Name)
			t.Logf("%s: %.4g, constant %.4g", m.Name, net, constant)
			if m.Greater && net < constant+0.1 || !m.Greater && net > 0.75*constant {
				t.Errorf("%s %v, that of a constant is %v", m.Name, net, constant)
			}
			if name == "two targets" {
				for _, c := range set.TargetColumns {
					if v, err := data.R2.Of(c).Score(set, joined(t, res)); err != nil || v < 0.8 {
						t.Errorf("R2 of %s: %v (%v)", c, v, err)
					}
				}
			}
		})
	}
}

func splitterOf(set *data.Set) crossval.Splitter {
	if set.Groups != nil {
		return crossval.GroupKFold{K: 2}
	}
	return crossval.KFold{K: 2, Shuffle: true}
}

func joined(t *testing.T, res *crossval.Result) *data.Prediction {
	t.Helper()
	o, err := res.OutOfFold("net")
	if err != nil {
		t.Fatal(err)
	}
	return &o.Prediction
}

// TestTargetsAreScaledApart: a target in units a million times as large is predicted in
// these units, and the other as before.
func TestTargetsAreScaledApart(t *testing.T) {
	set := posedRows(t, 150)["two targets"]
	vast := *set
	y := slices.Clone(set.Targets[0].Float64s())
	for i := 1; i < len(y); i += 2 {
		y[i] *= 1 << 20
	}
	vast.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(set.Targets[0].Shape()...), tensor.WithBacking(y))}
	var said [2][]float64
	for k, rows := range []*data.Set{set, &vast} {
		m, _, err := tabular.Estimator{Recipe: brief{tabular.MLP{}, 3}, Seed: 2}.Train(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.PredictRows(t.Context(), rows.Without())
		if err != nil {
			t.Fatal(err)
		}
		said[k] = p.Values
	}
	for i := range said[0] {
		want := said[0][i]
		if i%2 == 1 {
			want *= 1 << 20
		}
		if math.Abs(said[1][i]-want) > 1e-6*math.Abs(want) {
			t.Fatalf("value %d: %v, want %v", i, said[1][i], want)
		}
	}
}
