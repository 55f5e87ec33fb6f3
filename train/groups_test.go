package train_test

import (
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// TestFrozenGroup: the parameters of a frozen group stay as they are, bit for bit,
// and the others are trained.
func TestFrozenGroup(t *testing.T) {
	m := net(t, 1)
	var before [][]float64
	for _, p := range m.Params().All() {
		before = append(before, p.Values())
	}
	_, err := train.Fit(ctx, m, moons(t, 60, 1), train.Config{Epochs: 2, Optimizer: optim.AdamW{}, Groups: []optim.Group{{Match: "0.Dense/**", Frozen: true}, {Match: "bias", Rate: 0.5, NoDecay: true}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Params().All() {
		frozen := optim.Group{Match: "0.Dense/**"}.Has(p.Path)
		if same := slices.Equal(before[i], p.Values()); same != frozen {
			t.Errorf("%s: unchanged %v, want %v", p.Path, same, frozen)
		}
	}
}

// TestDropLast: what is left of the rows makes no batch, unless it is all.
func TestDropLast(t *testing.T) {
	for _, c := range []struct{ rows, size, want int }{{33, 16, 2}, {32, 16, 2}, {10, 16, 1}} {
		batches := 0
		count := train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
			return func(e *train.Event) error {
				if e.Kind == train.BatchEnd {
					batches++
				}
				return nil
			}, nil
		})
		m, err := models.Sequential(models.Config{}, models.Input("x", 2), layers.BatchNorm{}, layers.Dense{Units: 1})
		if err != nil {
			t.Fatal(err)
		}
		m.Info = models.Info{Task: data.Classify{}, Classes: []string{"a", "b"}}
		h, err := train.Fit(ctx, m, moons(t, c.rows, 1), train.Config{Epochs: 1, BatchSize: c.size, DropLast: true, Callbacks: []train.Callback{count}})
		if err != nil || batches != c.want || h.Epochs() != 1 {
			t.Errorf("%d rows in batches of %d: %d batches (%v), want %d", c.rows, c.size, batches, err, c.want)
		}
	}
}

// TestLatestOfEquals: with Latest the last of equally good epochs is kept.
func TestLatestOfEquals(t *testing.T) {
	for _, latest := range []bool{false, true} {
		h, err := train.Fit(ctx, net(t, 1), moons(t, 300, 1), train.Config{
			Epochs: 40, Optimizer: optim.Adam{LearningRate: 0.02}, Validation: moons(t, 20, 2),
			Callbacks: []train.Callback{train.EarlyStopping{Monitor: "val_accuracy", Patience: 100, Latest: latest}},
		})
		if err != nil {
			t.Fatal(err)
		}
		v := h.Get("val_accuracy")
		top := slices.Max(v)
		first := slices.Index(v, top) + 1
		last := len(v)
		for v[last-1] != top {
			last--
		}
		if first == last {
			t.Fatal("one epoch alone is the best: the test shows nothing")
		}
		want := first
		if latest {
			want = last
		}
		if h.BestEpoch != want {
			t.Errorf("latest %v: best epoch %d, want %d", latest, h.BestEpoch, want)
		}
	}
}

// TestSchedulesOfDecayAndNoise reach the optimizer and the dropout: with both at 0
// the fit is that without them.
func TestSchedulesOfDecayAndNoise(t *testing.T) {
	zero := optim.ScheduleFunc(func(_, _ float64) float64 { return 0 })
	fit := func(rate float64, c train.Config) string {
		m, err := models.Sequential(models.Config{Seed: 4}, models.Input("x", 2),
			layers.Dense{Units: 8, Activation: layers.Relu}, layers.Dropout{Rate: rate, Scheduled: true}, layers.Dense{Units: 1})
		if err != nil {
			t.Fatal(err)
		}
		m.Info = models.Info{Task: data.Classify{}, Classes: []string{"a", "b"}}
		if _, err := train.Fit(ctx, m, moons(t, 60, 1), c); err != nil {
			t.Fatal(err)
		}
		var out string
		for _, p := range m.Params().All() {
			out += string(rune(len(p.Values()))) + bits(m)
		}
		return out
	}
	plain := fit(0, train.Config{Epochs: 3, Optimizer: optim.AdamW{WeightDecay: -1}})
	if got := fit(0.4, train.Config{Epochs: 3, Optimizer: optim.AdamW{WeightDecay: 0.3}, DecaySchedule: zero, NoiseSchedule: zero}); got != plain {
		t.Error("schedules of 0 left dropout or weight decay at work")
	}
	if got := fit(0.4, train.Config{Epochs: 3, Optimizer: optim.AdamW{WeightDecay: -1}}); got == plain {
		t.Error("the dropout has no effect: the test shows nothing")
	}
}
