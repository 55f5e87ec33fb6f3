package tabular_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

var ctx = context.Background()

// dirty is a made-up table with all that real ones have: gaps, categories, rare
// levels, times, a heavy tail, a constant column and one without values.
func dirty(t testing.TB, n int, task data.Task) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(11, uint64(n)))
	levels := []string{"a", "b", "c", "d", "rare"}
	rows, labels, values := make([][]float64, n), make([]int, n), make([]float64, n)
	for i := range rows {
		x, k := r.NormFloat64(), r.IntN(4)
		if r.IntN(50) == 0 {
			k = 4
		}
		rows[i] = []float64{x, math.Exp(3 * r.NormFloat64()), float64(k), 1e9 + 1e7*r.Float64(), 7, math.NaN()}
		values[i] = 1e6 + 100*(x*x+float64(k)) + 10*r.NormFloat64()
		if x+float64(k)/2+0.3*r.NormFloat64() > 1 {
			labels[i] = 1
		}
		for j := range 4 {
			if r.IntN(20) == 0 {
				rows[i][j] = math.NaN()
			}
		}
	}
	s, err := data.NewTable("dirty", []data.Feature{
		{Name: "x"}, {Name: "tail"}, {Name: "k", Levels: levels}, {Name: "when", Time: "2006-01-02 15:04:05"}, {Name: "constant"}, {Name: "empty"},
	}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if task == (data.Classify{}) {
		s.Classes = []string{"no", "yes"}
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(labels))}
	} else {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(values))}
	}
	return s
}

// brief is a recipe of few epochs, for tests.
type brief struct {
	tabular.Recipe
	epochs int
}

// Plan implements tabular.Recipe.
func (b brief) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	p, err := b.Recipe.Plan(rows, seed)
	p.Config.Epochs = min(p.Config.Epochs, b.epochs)
	return p, err
}

// TestRecipes fits every recipe to dirty rows of both tasks: it beats the mean, is
// saved and read, predicts rows with a level and a gap that training had not, and
// gives the same bits from the same seed.
func TestRecipes(t *testing.T) {
	for _, task := range []data.Task{data.Classify{}, data.Regress{}} {
		for _, name := range tabular.Names() {
			t.Run(fmt.Sprint(name, " ", task), func(t *testing.T) {
				if testing.Short() && name != "default" {
					t.Skip("one recipe is enough for a short run")
				}
				rows := dirty(t, 300, task)
				rest, held, err := rows.Split(0.3, 1)
				if err != nil {
					t.Fatal(err)
				}
				recipe, err := tabular.ByName(name)
				if err != nil {
					t.Fatal(err)
				}
				if c, ok := recipe.(tabular.TabM); ok {
					c.Net.Members = 4
					recipe = c
				}
				if name != "auto" {
					recipe = brief{recipe, 25}
				} else {
					recipe = tabular.Auto{Recipes: []tabular.Named{{Name: "a", Recipe: brief{tabular.MLP{}, 25}}, {Name: "b", Recipe: brief{tabular.Default{}, 15}}}, Folds: 2}
				}
				e := tabular.Estimator{Recipe: recipe, Seed: 3}
				m, h, err := e.Train(ctx, rest)
				if err != nil {
					t.Fatal(err)
				}
				p, err := m.PredictRows(ctx, held.Without())
				if err != nil {
					t.Fatal(err)
				}
				rules, err := held.Rules()
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range rules.Metrics {
					v, err := s.Score(held, p)
					if err != nil {
						t.Fatal(err)
					}
					if s.Name == "accuracy" && v < 0.75 || s.Name == "R2" && v < 0.15 {
						t.Errorf("%s %v", s.Name, v)
					}
				}
				noted := false
				for _, n := range h.Notes {
					noted = noted || strings.Contains(n, "column empty has no value in the training rows")
				}
				if !noted {
					t.Errorf("notes %q, want one about the empty column", h.Notes)
				}
				path := filepath.Join(t.TempDir(), "m.safetensors")
				if err := m.Save(path); err != nil {
					t.Fatal(err)
				}
				read, err := models.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				strange, err := data.NewTable("strange", rows.Features, [][]float64{{0.5, 1e12, -1, 2e9, 9, 4}, {math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}})
				if err != nil {
					t.Fatal(err)
				}
				a, err := m.PredictRows(ctx, strange)
				if err != nil {
					t.Fatal(err)
				}
				b, err := read.PredictRows(ctx, strange)
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(a) != fmt.Sprint(b) {
					t.Error("saved and read, it predicts something else")
				}
				again, _, err := e.Train(ctx, rest)
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprintf("%x", again.Params().Snapshot()) != fmt.Sprintf("%x", m.Params().Snapshot()) {
					t.Error("the same seed gave other bits")
				}
			})
		}
	}
}

// TestBag: the model of a bag predicts the mean of its members, in the units of the
// target, and what crossval fits is what Train makes.
func TestBag(t *testing.T) {
	for _, task := range []data.Task{data.Classify{}, data.Regress{}} {
		rows := dirty(t, 200, task)
		var members []*models.Model
		for seed := range uint64(3) {
			m, _, err := tabular.Estimator{Recipe: brief{tabular.Default{}, 5}, Seed: seed}.Train(ctx, rows)
			if err != nil {
				t.Fatal(err)
			}
			for k := range m.Info.Scales {
				m.Info.Scales[k].Range = [2]float64{} // each holds its own predictions to it
			}
			members = append(members, m)
		}
		bag, err := models.Bag(members...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := bag.PredictRows(ctx, rows.Without())
		if err != nil {
			t.Fatal(err)
		}
		var want []float64
		for _, m := range members {
			p, err := m.PredictRows(ctx, rows.Without())
			if err != nil {
				t.Fatal(err)
			}
			one := append(p.Proba, p.Values...)
			if want == nil {
				want = make([]float64, len(one))
			}
			for i, v := range one {
				want[i] += v / 3
			}
		}
		for i, v := range append(got.Proba, got.Values...) {
			if math.Abs(v-want[i]) > 1e-6*math.Max(1, math.Abs(want[i])) {
				t.Fatalf("%v: value %d is %v, want the mean %v", task, i, v, want[i])
			}
		}
	}
	e := tabular.Estimator{Recipe: brief{tabular.MLP{}, 3}, Seed: 2, Bag: 3}
	rows := dirty(t, 120, data.Regress{})
	m, _, err := e.Train(ctx, rows)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Fit(ctx, rows, e.Seed)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.PredictRows(ctx, rows.Without())
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Predict(ctx, rows.Without())
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("crossval sees another model than Train makes")
	}
}

// watched is a recipe whose fits are shown before their first epoch: the rows trained
// on, as they are after preprocessing, and the fit with its model and validation rows.
type watched struct {
	tabular.Recipe
	see func(rows *data.Set, f *train.Fitting)
}

// Plan implements tabular.Recipe.
func (w watched) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	p, err := w.Recipe.Plan(rows, seed)
	net, ready := p.Net, (*data.Set)(nil)
	p.Net = models.ArchitectureFunc(func(rows *data.Set, seed uint64) (*models.Model, error) {
		ready = rows
		return net.Build(rows, seed)
	})
	p.Config.Callbacks = append(p.Config.Callbacks, train.CallbackFunc(func(f *train.Fitting) (train.Hook, error) {
		w.see(ready, f)
		return func(*train.Event) error { return nil }, nil
	}))
	return p, err
}

// TestInnerFitsKeepGroupsWhole: in every fit of a bag and of a race a group is trained
// on or stopped by, whole.
func TestInnerFitsKeepGroupsWhole(t *testing.T) {
	rows := dirty(t, 120, data.Classify{})
	for i := range rows.Len() {
		rows.Groups = append(rows.Groups, i*7%10)
	}
	fits, wrong := 0, ""
	see := func(trained *data.Set, f *train.Fitting) {
		fits++
		held, err := data.Collect(f.Config.Validation)
		if err != nil {
			wrong += err.Error()
			return
		}
		if held.Len() == 0 || trained.Len()+held.Len() != rows.Len() || len(trained.Groups) != trained.Len() || len(held.Groups) != held.Len() {
			wrong += fmt.Sprintf("fit %d: %d rows to train with %d groups, %d to validate with %d\n", fits, trained.Len(), len(trained.Groups), held.Len(), len(held.Groups))
		}
		for g := range 10 {
			if slices.Contains(trained.Groups, g) == slices.Contains(held.Groups, g) {
				wrong += fmt.Sprintf("fit %d: group %d is trained on and validated on, or neither\n", fits, g)
			}
		}
	}
	mlp, usual := watched{brief{tabular.MLP{}, 1}, see}, watched{brief{tabular.Default{}, 1}, see}
	for _, c := range []struct {
		name   string
		recipe tabular.Recipe
		bag    int
		want   int // fits
	}{
		{"one fit", mlp, 1, 1},
		{"bag of three", mlp, 3, 3},
		{"default", usual, 0, 5},
		{"auto", tabular.Auto{Folds: 4, Recipes: []tabular.Named{{Name: "a", Recipe: mlp}, {Name: "b", Recipe: usual}}}, 0, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			fits, wrong = 0, ""
			if _, _, err := (tabular.Estimator{Recipe: c.recipe, Seed: 1, Bag: c.bag}).Train(ctx, rows); err != nil {
				t.Fatal(err)
			}
			if fits != c.want || wrong != "" {
				t.Errorf("%d fits, want %d\n%s", fits, c.want, wrong)
			}
		})
	}
}

// scaled is a recipe whose statistics are easy to compute.
type scaled struct{}

// Plan implements tabular.Recipe.
func (scaled) Plan(*data.Set, uint64) (tabular.Plan, error) {
	return tabular.Plan{Estimator: train.Estimator{Net: models.MLP{}, Preprocess: data.Standardize{}, ScaleTarget: true, BoundTarget: true, Config: train.Config{Epochs: 1}}}, nil
}

// TestBagStatistics: preprocessing, scale and range of the target are in every fit of a
// bag those of the rows that it trains on.
func TestBagStatistics(t *testing.T) {
	var x [][]float64
	var y []float64
	for i := range 30 {
		x, y = append(x, []float64{float64(i * i)}), append(y, float64(i*i*i))
	}
	rows, err := data.FromRows("cubes", x, y)
	if err != nil {
		t.Fatal(err)
	}
	fits := 0
	see := func(ready *data.Set, f *train.Fitting) {
		fits++
		part, err := data.Answers(f.Config.Validation)
		if err != nil {
			t.Error(err)
			return
		}
		held, _ := part.Values()
		var trained []float64
		for _, v := range y {
			if !slices.Contains(held, v) {
				trained = append(trained, v)
			}
		}
		mean, std := moments.MeanStd(trained)
		if i := f.Model.Info.Scales[0]; len(held) != 10 || i.Mean != mean || i.Scale != std || i.Range != [2]float64{slices.Min(trained), slices.Max(trained)} {
			t.Errorf("fit %d: mean %v, scale %v, range %v; the %d rows trained on have %v, %v, %v to %v", fits, i.Mean, i.Scale, i.Range, len(trained), mean, std, slices.Min(trained), slices.Max(trained))
		}
		v, _, _ := ready.Table()
		if mean, std := moments.MeanStd(v); len(v) != 20 || math.Abs(mean) > 1e-12 || math.Abs(std-1) > 1e-12 {
			t.Errorf("fit %d: the %d rows trained on have mean %v and standard deviation %v, want 0 and 1", fits, len(v), mean, std)
		}
	}
	if _, _, err := (tabular.Estimator{Recipe: watched{scaled{}, see}, Bag: 3}).Train(ctx, rows); err != nil {
		t.Fatal(err)
	}
	if fits != 3 {
		t.Errorf("%d fits, want 3", fits)
	}
}

// TestBagRejects members that do not go together.
func TestBagRejects(t *testing.T) {
	a, _, err := tabular.Estimator{Recipe: brief{tabular.MLP{}, 1}}.Train(ctx, dirty(t, 60, data.Classify{}))
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := tabular.Estimator{Recipe: brief{tabular.MLP{}, 1}}.Train(ctx, dirty(t, 60, data.Regress{}))
	if err != nil {
		t.Fatal(err)
	}
	for want, members := range map[string][]*models.Model{
		"without members": nil, "member 1 of the bag: it is nil": {a, nil}, "member 1 of the bag: its task, classes or outputs differ": {a, b}, "member 0 of the bag: it is nil": {nil},
	} {
		if _, err := models.Bag(members...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestRecipesReject(t *testing.T) {
	one := dirty(t, 20, data.Classify{})
	one.Classes = []string{"all"}
	for _, c := range []struct {
		want string
		e    tabular.Estimator
		rows *data.Set
	}{
		{"no rows", tabular.Estimator{}, nil},
		{"no rows", tabular.Estimator{Recipe: tabular.Auto{}}, nil},
		{"at least two classes", tabular.Estimator{}, one},
		{"-1 inner folds", tabular.Estimator{Recipe: tabular.Auto{Folds: -1}}, dirty(t, 20, data.Regress{})},
		{`recipe 0, "x", is nil`, tabular.Estimator{Recipe: tabular.Auto{Recipes: []tabular.Named{{Name: "x"}}}}, dirty(t, 20, data.Regress{})},
		{"a bag of -1 fits", tabular.Estimator{Bag: -1}, dirty(t, 20, data.Regress{})},
		{"class weights are for classifications", tabular.Estimator{Balanced: true}, dirty(t, 20, data.Regress{})},
		{"thresholds are for classifications", tabular.Estimator{Decide: train.ByF1}, dirty(t, 20, data.Regress{})},
		{"costs of 3 classes, want 2", tabular.Estimator{Recipe: brief{tabular.MLP{}, 1}, Costs: make([][]float64, 3)}, dirty(t, 20, data.Classify{})},
	} {
		if _, _, err := c.e.Train(ctx, c.rows); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := tabular.ByName("magic"); err == nil || !strings.Contains(err.Error(), "there are default, mlp") {
		t.Errorf("error %v", err)
	}
}

// TestDecisions: costs and thresholds move labels and leave probabilities alone;
// balanced weights find more of the rare class.
func TestDecisions(t *testing.T) {
	rows := dirty(t, 400, data.Classify{})
	labels, _ := rows.Labels()
	var keep []int
	for i, l := range labels {
		if l == 0 || i%6 == 0 {
			keep = append(keep, i)
		}
	}
	rare, err := rows.Rows(keep)
	if err != nil {
		t.Fatal(err)
	}
	count := func(e tabular.Estimator) (ones int, proba []float64) {
		e.Recipe, e.Seed = brief{tabular.MLP{}, 20}, 1
		m, _, err := e.Train(ctx, rare)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.PredictRows(ctx, rows.Without())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range p.Labels {
			ones += l
		}
		return ones, p.Proba
	}
	plain, proba := count(tabular.Estimator{})
	dear, same := count(tabular.Estimator{Costs: [][]float64{{0, 1}, {20, 0}}})
	f1, _ := count(tabular.Estimator{Decide: train.ByBalancedAccuracy})
	balanced, _ := count(tabular.Estimator{Balanced: true})
	if !(dear > plain && f1 > plain && balanced > plain) {
		t.Errorf("%d of the rare class, %d with costs of missing it, %d by balanced accuracy, %d with balanced weights: want more", plain, dear, f1, balanced)
	}
	if fmt.Sprint(proba) != fmt.Sprint(same) {
		t.Error("costs have changed the probabilities")
	}
}

// TestDefaultIsABag holds the default to what it says: five fits averaged, their
// thresholds too; one fit with very few or very many rows, and where the caller or the
// calibration wants one.
func TestDefaultIsABag(t *testing.T) {
	small, large := dirty(t, 60, data.Classify{}), dirty(t, 50000, data.Classify{})
	grouped := dirty(t, 60, data.Classify{})
	grouped.Groups = make([]int, grouped.Len())
	for i := range grouped.Groups {
		grouped.Groups[i] = i % 3
	}
	graded, err := small.Posing(data.Ordinal{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e    tabular.Estimator
		rows *data.Set
		want int
	}{
		{tabular.Estimator{Decide: train.ByF1}, small, 5},
		{tabular.Estimator{Bag: 2}, small, 2},
		{tabular.Estimator{Bag: 1}, small, 1},
		{tabular.Estimator{Calibrate: train.Isotonic}, small, 1},
		{tabular.Estimator{Calibrate: train.Temperature}, graded, 1}, // thresholds are no logits of classes
		{tabular.Estimator{}, dirty(t, 20, data.Classify{}), 1},
		{tabular.Estimator{}, grouped, 1},
		{tabular.Estimator{}, dirty(t, 3000, data.Classify{}), 5},
		{tabular.Estimator{}, large, 1},
	} {
		c.e.Recipe = brief{tabular.Default{}, 1}
		m, _, err := c.e.Train(ctx, c.rows)
		if err != nil {
			t.Fatalf("%+v: %v", c.e, err)
		}
		if got := max(1, m.Info.Members); got != c.want {
			t.Errorf("%d rows, %+v: %d members, want %d", c.rows.Len(), c.e, got, c.want)
		}
		if c.e.Calibrate != "" && m.Info.Calibration == nil {
			t.Errorf("%+v: not calibrated", c.e)
		}
		if k := m.Info.Costs; c.e.Decide != "" && (len(k) != 2 || math.Abs(k[0][1]+k[1][0]-1) > 1e-12) {
			t.Errorf("costs %v are of no threshold", k)
		}
	}
}
