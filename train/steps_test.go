package train_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// furthest returns the largest difference of two models' parameters.
func furthest(a, b *models.Model) float64 {
	d := 0.0
	other := b.Params().Snapshot()
	for i, v := range a.Params().Snapshot() {
		for j, x := range v {
			d = max(d, math.Abs(x-other[i][j]))
		}
	}
	return d
}

// TestAccumulate: batches of 8 rows, four to a step, are batches of 32, by definition;
// 110 rows leave two of 8 and 6 for the last step.
func TestAccumulate(t *testing.T) {
	plain := moons(t, 110, 1)
	weighted := *plain
	for i := range 110 {
		weighted.Weights = append(weighted.Weights, float64(i%5)) // every fifth is 0
	}
	for _, c := range []struct {
		name   string
		set    *data.Set
		dtype  graph.Dtype
		config train.Config
	}{
		{"Adam in float64", plain, graph.Float64, train.Config{Schedule: optim.CosineDecay{}}},
		{"row weights", &weighted, graph.Float64, train.Config{}},
		{"clipped, with groups", plain, graph.Float64, train.Config{Clip: optim.Clip{Norm: 0.1}, Groups: []optim.Group{{Match: "bias", Rate: 0.1}}, DecaySchedule: optim.CosineDecay{}, Optimizer: optim.AdamW{}}},
		{"left out rows", plain, graph.Float64, train.Config{DropLast: true}},
		{"momentum in float32", plain, graph.Float32, train.Config{Optimizer: optim.SGD{LearningRate: 0.1, Momentum: 0.9}}},
		{"an average", plain, graph.Float64, train.Config{Average: 0.9}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var fitted [2]*models.Model
			var histories [2]*train.History
			for i, by := range []int{1, 4} {
				m, err := models.MLP{Hidden: []int{12}, L2: 1e-3, Type: c.dtype}.Build(c.set, 2)
				if err != nil {
					t.Fatal(err)
				}
				config := c.config
				config.Epochs, config.BatchSize, config.Accumulate, config.Validation = 6, 32/by, by, plain
				set := c.set
				if config.DropLast { // the same rows have to go
					if set, err = c.set.Rows(seq(96)); err != nil {
						t.Fatal(err)
					}
				}
				if histories[i], err = train.Fit(ctx, m, set, config); err != nil {
					t.Fatal(err)
				}
				fitted[i] = m
			}
			if d := furthest(fitted[0], fitted[1]); !(d <= 1e-6) {
				t.Errorf("weights differ by %v", d)
			} else {
				t.Logf("weights within %.2g", d)
			}
			for _, curve := range []string{"loss", "val_loss"} {
				for i, v := range histories[0].Get(curve) {
					if w := histories[1].Get(curve)[i]; !(math.Abs(v-w) <= 1e-6) {
						t.Errorf("%s of epoch %d: %v and %v", curve, i+1, v, w)
					}
				}
			}
		})
	}
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// TestAccumulatedNoise: the batches of a step have different dropout masks.
func TestAccumulatedNoise(t *testing.T) {
	half := moons(t, 40, 1)
	twice, err := half.Rows(append(seq(40), seq(40)...))
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.MLP{Hidden: []int{12}, Dropout: 0.5}.Build(twice, 2)
	if err != nil {
		t.Fatal(err)
	}
	var seen []float64
	note := train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				seen = append(seen, e.Loss)
			}
			return nil
		}, nil
	})
	_, err = train.Fit(ctx, m, twice, train.Config{Epochs: 2, BatchSize: 40, Accumulate: 2, NoShuffle: true, Optimizer: optim.SGD{LearningRate: 1e-20}, Callbacks: []train.Callback{note}})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	if n := len(slices.Compact(seen)); n != 4 {
		t.Errorf("%d different losses of four passes over the same rows: %v", n, seen)
	}
}

// TestAverage follows the formula of Config.Average by hand.
func TestAverage(t *testing.T) {
	const decay = 0.3 // (1 + t)/(10 + t) exceeds it from step 3 on
	s := line(t, 12)
	m := linear(t)
	average := m.Params().Snapshot()
	step, epochs := 0, 0
	best := [][]float64{}
	check := func(what string) {
		t.Helper()
		for i, v := range m.Params().Snapshot() {
			for j, x := range v {
				if math.Abs(x-average[i][j]) > 1e-14 {
					t.Errorf("%s: parameter %d is %v, want %v", what, i, x, average[i][j])
				}
			}
		}
	}
	follow := train.CallbackFunc(func(f *train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			switch e.Kind {
			case train.BatchEnd:
				step++
				d := min(decay, (1+float64(step))/(10+float64(step)))
				for i, v := range m.Params().Snapshot() {
					for j, w := range v {
						average[i][j] = d*average[i][j] + (1-d)*w
					}
				}
			case train.EpochEnd:
				epochs++
				check("at the end of an epoch")
				loss, err := m.Evaluate(ctx, s, losses.MSE{})
				if err != nil {
					return err
				}
				if v := f.History().Last("val_loss"); math.Abs(v-loss) > 1e-12 {
					t.Errorf("val_loss %v is not that of the average, %v", v, loss)
				}
				if e.Epoch == 2 {
					best = m.Params().Snapshot()
					f.KeepBest(2, loss)
				}
			}
			return nil
		}, nil
	})
	c := train.Config{Epochs: 4, BatchSize: 5, Average: decay, Validation: s, Optimizer: optim.SGD{LearningRate: 0.1}, Callbacks: []train.Callback{follow}}
	if _, err := train.Fit(ctx, m, s, c); err != nil {
		t.Fatal(err)
	}
	check("at the end")
	if step != 12 || epochs != 4 {
		t.Errorf("%d steps in %d epochs", step, epochs)
	}

	// The fit goes on from the weights: they are those of a fit without an average.
	plain := linear(t)
	var last [][]float64
	c.Average, c.Callbacks = 0, nil
	if _, err := train.Fit(ctx, plain, s, c); err != nil {
		t.Fatal(err)
	}
	again := linear(t)
	c.Average, c.Callbacks = decay, []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				last = again.Params().Snapshot()
			}
			if e.Kind == train.End {
				return e.RestoreBest()
			}
			if e.Kind == train.EpochEnd && e.Epoch == 2 {
				e.KeepBest(2, 0)
			}
			return nil
		}, nil
	})}
	if _, err := train.Fit(ctx, again, s, c); err != nil {
		t.Fatal(err)
	}
	for i, v := range plain.Params().Snapshot() {
		if !slices.Equal(v, last[i]) {
			t.Errorf("weights %v, without an average %v", last[i], v)
		}
	}
	for i, v := range again.Params().Snapshot() {
		if !slices.Equal(v, best[i]) {
			t.Errorf("the best weights are %v, want the average of epoch 2, %v", v, best[i])
		}
	}
}

// TestAverageOfStatistics: running statistics are averaged too, and a parameter that does
// not move stays as it is to the bit.
func TestAverageOfStatistics(t *testing.T) {
	s := moons(t, 64, 1)
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 6}, layers.BatchNorm{}, layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: s.Classes}
	frozen := m.Params().Get("0.Dense/kernel").Values()
	var running []float64
	note := train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				running = m.Params().Get("1.BatchNorm/running_mean").Values()
			}
			return nil
		}, nil
	})
	_, err = train.Fit(ctx, m, s, train.Config{Epochs: 3, Average: 0.9, Groups: []optim.Group{{Match: "0.Dense/**", Frozen: true}}, Callbacks: []train.Callback{note}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Params().Get("0.Dense/kernel").Values(), frozen) {
		t.Error("a frozen kernel has moved")
	}
	if slices.Equal(m.Params().Get("1.BatchNorm/running_mean").Values(), running) {
		t.Error("the running mean is that of the last batch, not averaged")
	}
}

func TestStepMistakes(t *testing.T) {
	s := moons(t, 40, 1)
	for _, c := range []struct {
		config train.Config
		want   string
	}{
		{train.Config{Accumulate: -1}, "-1 batches to a step"},
		{train.Config{Average: 1}, "decay 1: want one in [0, 1)"},
		{train.Config{Average: math.NaN()}, "decay NaN"},
	} {
		if _, err := train.Fit(ctx, net(t, 1), s, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	for _, average := range []float64{0, 0.9} {
		path := filepath.Join(t.TempDir(), "fit.safetensors")
		if _, err := train.Fit(ctx, net(t, 1), s, train.Config{Epochs: 1, Average: average, Callbacks: []train.Callback{train.Checkpoint{Path: path}}}); err != nil {
			t.Fatal(err)
		}
		m, state, err := train.LoadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Fit(ctx, m, s, train.Config{Epochs: 2, Average: 0.9 - average, From: state}); err == nil || !strings.Contains(err.Error(), "Config.Average") {
			t.Errorf("error %v of a checkpoint with average %v", err, average)
		}
	}
}
