package tabular_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/regularize"
	"github.com/seed732fc211/aegis/train"
)

// whole is an estimator with a part of every kind.
func whole() train.Estimator {
	return train.Estimator{
		Net: models.Chain{Layers: []layers.Layer{
			layers.Named{Name: "first", Layer: layers.Dense{Units: 8, Activation: layers.LeakyRelu(0.2), Kernel: graph.Weight{Init: graph.Orthogonal{Gain: 1.5}, Penalty: regularize.ElasticNet{L1: 1e-4, L2: 1e-3}, Constraint: regularize.MaxNorm{Max: 3}}}},
			layers.Residual{Body: layers.Stack{layers.BatchNorm{}, layers.Dense{Units: 8, Activation: layers.Gelu}}},
			layers.Dropout{Rate: 0.1},
		}, Type: graph.Float64},
		Preprocess: data.Columns{
			Numbers:    data.Pipeline{data.Impute{Indicate: true}, data.RobustScale{}, data.SmoothClip{}},
			Categories: data.OneHot{Least: 2}, Times: data.Pipeline{data.ExpandTimes{Cyclic: true}, data.Impute{}},
		},
		Balanced: true, Calibrate: train.Temperature, Costs: [][]float64{{0, 1}, {2, 0}},
		Config: train.Config{
			Loss: losses.Focal{Gamma: 1.5}, Optimizer: optim.AdamW{LearningRate: 0.01, WeightDecay: 0.02}, Clip: optim.Clip{Norm: 1},
			Schedule: optim.WarmUp{Epochs: 1, After: optim.CosineDecay{Floor: 0.1}}, DecaySchedule: optim.FlatCosine{},
			Groups: []optim.Group{{Match: "bias", NoDecay: true}}, Epochs: 4, BatchSize: 16, ValidationFraction: 0.2, Augment: data.Jitter{Std: 0.01},
			Metrics:   []data.Metric{data.F1, data.LogLoss},
			Callbacks: []train.Callback{train.EarlyStopping{Monitor: "val_F1", Patience: 3}, train.ReduceOnPlateau{}, train.TerminateOnNaN{}},
		},
	}
}

// TestEstimatorsAreMadeAgain: an estimator that was written down and made again fits to
// the same bits.
func TestEstimatorsAreMadeAgain(t *testing.T) {
	rows := dirty(t, 150, data.Classify{})
	for name, e := range map[string]crossval.Estimator{
		"a part of every kind": whole(),
		"default":              tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.Default{}, Epochs: 2}},
		"bag":                  tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.RealMLP{}, Epochs: 2, Batch: 50, LearningRate: 0.01}, Bag: 2},
		"auto":                 tabular.Estimator{Recipe: tabular.Auto{Recipes: []tabular.Named{{Name: "a", Recipe: tabular.MLP{Epochs: 2}}, {Name: "b", Recipe: tabular.MLP{Epochs: 2, Piecewise: 4}}}, Folds: 2}},
		"preprocessed":         crossval.Preprocessed{Transform: data.Pipeline{data.Impute{}, data.OneHot{}, data.Standardize{}}, Estimator: train.Estimator{Net: models.MLP{Hidden: []int{4}}, Config: train.Config{Epochs: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := describe.Marshal(&e)
			if err != nil {
				t.Fatal(err)
			}
			var again crossval.Estimator
			if err := describe.Unmarshal(text, &again); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			var said []string
			for _, e := range []crossval.Estimator{e, again} {
				p, err := e.Fit(ctx, rows, 5)
				if err != nil {
					t.Fatal(err)
				}
				got, err := p.Predict(ctx, rows.Without())
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, fmt.Sprint(got.Proba, p.Curves, p.Notes))
			}
			if said[0] != said[1] {
				t.Errorf("made again from %s it fits otherwise", text)
			}
		})
	}
}

// TestUnregisteredPartsAreNamed: with a log, an estimator that cannot be written down is
// an error before any fit, and says which part it is.
func TestUnregisteredPartsAreNamed(t *testing.T) {
	rows := dirty(t, 60, data.Classify{})
	change := func(f func(e *train.Estimator)) train.Estimator {
		e := whole()
		f(&e)
		return e
	}
	for want, e := range map[string]train.Estimator{
		"(train.Estimator).Net: the type models.ArchitectureFunc is not registered": change(func(e *train.Estimator) { e.Net = models.ArchitectureFunc(e.Net.Build) }),
		"Net(models.Chain).Layers[0]: the type layers.Func is not registered":       change(func(e *train.Estimator) { e.Net = models.Chain{Layers: []layers.Layer{layers.Func(nil)}} }),
		"Config.Callbacks[0]: the type train.CallbackFunc is not registered":        change(func(e *train.Estimator) { e.Config.Callbacks = []train.Callback{train.OnEpoch(nil)} }),
		"Config.Schedule: the type optim.ScheduleFunc is not registered":            change(func(e *train.Estimator) { e.Config.Schedule = optim.ScheduleFunc(nil) }),
		"Config.Validation: the type *data.Set is not registered":                   change(func(e *train.Estimator) { e.Config.Validation = rows }),
		`Config.Metrics[0]: json: error calling MarshalText for type data.Metric: data: the metric "mine" is not registered`: change(func(e *train.Estimator) {
			e.Config.Metrics = []data.Metric{{Name: "mine"}}
		}),
	} {
		r, err := crossval.Validate(ctx, rows, crossval.KFold{K: 3}, []crossval.Candidate{{Name: "net", Estimator: e}}, crossval.Options{Log: t.TempDir() + "/log"})
		if r != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestTunedRefuses(t *testing.T) {
	rows := dirty(t, 60, data.Classify{})
	for want, r := range map[string]tabular.Tuned{
		"the recipe is nil or Auto":     {},
		"which chooses these numbers":   {Recipe: tabular.Auto{}},
		"-1 epochs, batches of 0":       {Recipe: tabular.MLP{}, Epochs: -1},
		"a learning rate of -1":         {Recipe: tabular.MLP{}, LearningRate: -1},
		"the optimizer optim.SGD, want": {Recipe: sgd{}, LearningRate: 1},
	} {
		if _, err := r.Plan(rows, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// sgd is a recipe of another optimizer.
type sgd struct{}

func (sgd) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	return tabular.Plan{Estimator: train.Estimator{Config: train.Config{Optimizer: optim.SGD{}}}}, nil
}
