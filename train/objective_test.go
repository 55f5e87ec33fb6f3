package train_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// twoHeads is a model of two outputs and rows for it.
func twoHeads(t testing.TB) (*models.Model, *data.Set) {
	t.Helper()
	x := models.Input("x", 4)
	body := x.Then(layers.Named{Name: "body", Layer: layers.Dense{Units: 6, Activation: layers.Tanh}})
	m, err := models.New(models.Config{Seed: 3, Type: graph.Float64}, []*models.Tensor{x}, []*models.Tensor{
		body.Then(layers.Named{Name: "a", Layer: layers.Dense{Units: 1}}), body.Then(layers.Named{Name: "b", Layer: layers.Dense{Units: 2}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	set := &data.Set{Inputs: []*tensor.Dense{graphtest.Logits(1, 40, 4)}, Targets: []*tensor.Dense{graphtest.Logits(2, 40, 1), graphtest.Logits(3, 40, 2)}}
	return m, set
}

// TestWeightsOfOutputs: the sum of losses has their weights, every output its curve, and an
// output of weight 0 changes nothing.
func TestWeightsOfOutputs(t *testing.T) {
	both := train.Outputs{Losses: []losses.Loss{losses.MSE{}, losses.MAE{}}, Weights: []float64{0.25, 3}, Names: []string{"a", "b"}}
	within := train.OutputMetric{Name: "b within 1", Output: 1, Target: 1, Greater: true, Score: func(want, got *tensor.Dense) (float64, error) {
		w, g, n := want.Data().([]float64), got.Data().([]float64), 0.0
		for i := range w {
			if math.Abs(w[i]-g[i]) < 1 {
				n++
			}
		}
		return n / float64(len(w)), nil
	}}
	m, set := twoHeads(t)
	h, err := train.Fit(ctx, m, set, train.Config{Objective: both, Epochs: 3, Validation: set, Outputs: []train.OutputMetric{within}, Callbacks: []train.Callback{train.EarlyStopping{Monitor: "val_b within 1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "[loss loss a loss b b within 1 val_loss val_loss a val_loss b val_b within 1]"; fmt.Sprint(h.Names()) != want {
		t.Errorf("curves %v, want %s", h.Names(), want)
	}
	for epoch := 1; epoch <= 3; epoch++ {
		for _, val := range []string{"", "val_"} {
			sum := 0.25*h.At(val+"loss a", epoch) + 3*h.At(val+"loss b", epoch)
			if got := h.At(val+"loss", epoch); math.Abs(got-sum) > 1e-12 {
				t.Errorf("epoch %d: %sloss %v, its terms make %v", epoch, val, got, sum)
			}
		}
	}
	// The best epoch's weights are back: the metric by hand is the best of the curve.
	out, err := m.Predict(ctx, set.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := within.Score(set.Targets[1], out[1])
	if want := h.At("val_b within 1", h.BestEpoch); err != nil || got != want {
		t.Errorf("after the fit %v (%v), the best epoch had %v", got, err, want)
	}

	var said []string
	for _, o := range []train.Objective{
		train.Outputs{Losses: both.Losses, Weights: []float64{1, 0}},
		train.ObjectiveFunc(func(b *graph.Builder, x train.Batch) []train.Term {
			return []train.Term{{Rows: losses.MSE{}.Loss(b, x.Outputs[0], x.Targets[0])}}
		}),
	} {
		m, set := twoHeads(t)
		if _, err := train.Fit(ctx, m, set, train.Config{Objective: o, Epochs: 3}); err != nil {
			t.Fatal(err)
		}
		said = append(said, fmt.Sprint(m.Params().Get("body/kernel").Values(), m.Params().Get("b/kernel").Values()))
	}
	if said[0] != said[1] {
		t.Errorf("an output of weight 0 has a part in the fit: %s, %s", said[0], said[1])
	}
}

// TestContrastive trains two towers so that rows that belong together say the same: the
// cross-entropy of each row among all of its batch, van den Oord et al. (2018),
// arXiv:1807.03748. No target takes part but the places of the rows.
func TestContrastive(t *testing.T) {
	left, right := models.Input("left", 5), models.Input("right", 3)
	m, err := models.New(models.Config{Seed: 1, Type: graph.Float64}, []*models.Tensor{left, right}, []*models.Tensor{
		left.Then(layers.Dense{Units: 8, Activation: layers.Tanh}, layers.Dense{Units: 4}), right.Then(layers.Dense{Units: 8, Activation: layers.Tanh}, layers.Dense{Units: 4}),
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 64
	x, y := graphtest.Logits(4, n, 5), tensor.New(tensor.WithShape(n, 3), tensor.Of(tensor.Float64))
	v, w := x.Data().([]float64), y.Data().([]float64)
	for i := range n { // the right side is a function of the left one
		for j := range 3 {
			w[3*i+j] = math.Sin(v[5*i+j]) - v[5*i+j+2]
		}
	}
	places := make([]int, n)
	for i := range places {
		places[i] = i % 16
	}
	set := &data.Set{Inputs: []*tensor.Dense{x, y}, Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(places))}}
	objective := train.ObjectiveFunc(func(b *graph.Builder, x train.Batch) []train.Term {
		scores := b.MatMulTransposed(x.Outputs[0], x.Outputs[1], false, true)
		return []train.Term{{Rows: losses.SoftmaxCrossEntropy{}.Loss(b, scores, x.Targets[0])}}
	})
	h, err := train.Fit(ctx, m, set, train.Config{Objective: objective, BatchSize: 16, NoShuffle: true, Epochs: 150, Metrics: []data.Metric{}, Optimizer: optim.Adam{LearningRate: 0.01}})
	if err != nil {
		t.Fatal(err)
	}
	if first, last := h.At("loss", 1), h.Last("loss"); !(first > 2 && last < 0.3) {
		t.Errorf("the loss went from %v to %v; guessing among 16 is %v", first, last, math.Log(16))
	}
}

// TestDistillation has a student learn what a teacher says, from the teacher's logits as a
// second target, beside the labels: Hinton et al. (2015), arXiv:1503.02531. It ends nearer
// to the teacher than one that learns from the labels alone.
func TestDistillation(t *testing.T) {
	set := moons(t, 200, 1)
	teacher, _, err := train.Estimator{Net: models.MLP{Hidden: []int{32, 32}}, Config: train.Config{Epochs: 40}, Seed: 1}.Train(ctx, set)
	if err != nil {
		t.Fatal(err)
	}
	says, err := teacher.Predict(ctx, set.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	taught := *set
	taught.Targets = append([]*tensor.Dense{set.Targets[0]}, says[0])
	distance := func(both float64) float64 {
		student, err := models.MLP{Hidden: []int{8}}.Build(set, 5)
		if err != nil {
			t.Fatal(err)
		}
		o := train.ObjectiveFunc(func(b *graph.Builder, x train.Batch) []train.Term {
			return []train.Term{
				{Name: "labels", Rows: losses.BinaryCrossEntropy{}.Loss(b, x.Outputs[0], x.Targets[0])},
				{Name: "teacher", Rows: losses.MSE{}.Loss(b, x.Outputs[0], x.Targets[1]), Weight: both, Watch: both == 0},
			}
		})
		h, err := train.Fit(ctx, student, &taught, train.Config{Objective: o, Epochs: 200, Seed: 2, Optimizer: optim.Adam{LearningRate: 0.01}})
		if err != nil {
			t.Fatal(err)
		}
		return h.Last("loss teacher")
	}
	if alone, with := distance(0), distance(1); !(with < alone/2) {
		t.Errorf("squared distance from the teacher %v with it, %v without", with, alone)
	}
}

func TestBadObjectives(t *testing.T) {
	f := func(terms func(b *graph.Builder, x train.Batch) []train.Term) train.Config {
		return train.Config{Objective: train.ObjectiveFunc(terms)}
	}
	rows := func(b *graph.Builder, x train.Batch) *graph.Node {
		return losses.MSE{}.Loss(b, x.Outputs[0], x.Targets[0])
	}
	two := []losses.Loss{losses.MSE{}, losses.MSE{}}
	for want, c := range map[string]train.Config{
		"the objective has no terms":          f(func(*graph.Builder, train.Batch) []train.Term { return nil }),
		"panic: mine":                         f(func(*graph.Builder, train.Batch) []train.Term { panic("mine") }),
		"want one number for each of 32 rows": f(func(b *graph.Builder, x train.Batch) []train.Term { return []train.Term{{Rows: x.Outputs[0]}} }),
		"the loss gives":                      f(func(b *graph.Builder, x train.Batch) []train.Term { return []train.Term{{}} }),
		`the term "" has the weight NaN`: f(func(b *graph.Builder, x train.Batch) []train.Term {
			return []train.Term{{Rows: rows(b, x), Weight: math.NaN()}}
		}),
		`the term "a" has no name or one`: f(func(b *graph.Builder, x train.Batch) []train.Term {
			return []train.Term{{Name: "a", Rows: rows(b, x)}, {Name: "a", Rows: rows(b, x)}}
		}),
		"terms of the objective are only": f(func(b *graph.Builder, x train.Batch) []train.Term {
			return []train.Term{{Rows: rows(b, x), Watch: true}}
		}),
		"the objective's function is nil":     {Objective: train.ObjectiveFunc(nil)},
		"an objective takes the place":        {Objective: train.Outputs{}, Losses: two},
		"0 losses, 0 weights and 0 names for": {Objective: train.Outputs{}},
		"2 losses, 1 weights and 0 names for": {Objective: train.Outputs{Losses: two, Weights: []float64{1}}},
		`the term "1" has the weight -1`:      {Objective: train.Outputs{Losses: two, Weights: []float64{1, -1}}},
		"metric x: there is no output 2":      {Outputs: []train.OutputMetric{{Name: "x", Output: 2, Score: func(_, _ *tensor.Dense) (float64, error) { return 0, nil }}}},
		"metric x: there is no target 2":      {Outputs: []train.OutputMetric{{Name: "x", Target: 2, Score: func(_, _ *tensor.Dense) (float64, error) { return 0, nil }}}},
		"metric x: panic: mine":               {Outputs: []train.OutputMetric{{Name: "x", Score: func(_, _ *tensor.Dense) (float64, error) { panic("mine") }}}},
		"metric 0 of outputs has no name":     {Outputs: []train.OutputMetric{{Name: "x"}}},
	} {
		m, set := twoHeads(t)
		if _, err := train.Fit(ctx, m, set, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
