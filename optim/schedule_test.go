package optim_test

import (
	"math"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/optim"
)

// TestRestartsOnTime: with a period of a few batches, the batch that begins a
// period has the factor of its beginning. Epochs are computed as train.Fit does.
func TestRestartsOnTime(t *testing.T) {
	const batches, epochs = 10, 3
	for _, c := range []struct {
		name     string
		schedule optim.Schedule
		want     func(batch int) (factor float64, checked bool)
	}{
		{"cosine, period 0.1", optim.CosineDecay{Period: 0.1}, func(int) (float64, bool) { return 1, true }},
		{"cosine, period 0.3", optim.CosineDecay{Period: 0.3}, func(b int) (float64, bool) { return 1, b%3 == 0 }},
		{"cosine, period 0.1 growing twofold", optim.CosineDecay{Period: 0.1, Growth: 2}, func(b int) (float64, bool) { return 1, b == 0 || b == 1 || b == 3 || b == 7 || b == 15 }},
		{"step of 0.1", optim.Step{Every: 0.1, Gamma: 0.5}, func(b int) (float64, bool) { return math.Pow(0.5, float64(b)), true }},
		{"step of 0.3", optim.Step{Every: 0.3, Gamma: 0.5}, func(b int) (float64, bool) { return math.Pow(0.5, float64(b/3)), true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for b := range batches * epochs {
				epoch := float64(b/batches) + float64(b%batches)/batches
				want, checked := c.want(b)
				if got := c.schedule.Factor(epoch, epochs); checked && math.Abs(got-want) > 1e-6*want {
					t.Errorf("batch %d: factor %v, want %v", b, got, want)
				}
			}
		})
	}
}

// TestCosineLog: the four cycles of "coslog4" end at 0 after 1/15, 3/15, 7/15 and
// all of the epochs, and are highest where 1 + 15·t is √2 times a power of two.
func TestCosineLog(t *testing.T) {
	const epochs = 15.0
	for _, end := range []float64{0, 1, 3, 7, 15} {
		if f := (optim.CosineLog{}).Factor(end, epochs); math.Abs(f) > 1e-12 {
			t.Errorf("factor %v after %v of 15 epochs, want 0", f, end)
		}
	}
	for k := range 4 {
		at := math.Exp2(float64(k))*math.Sqrt2 - 1
		if f := (optim.CosineLog{}).Factor(at, epochs); math.Abs(f-1) > 1e-12 {
			t.Errorf("factor %v after %v of 15 epochs, want 1", f, at)
		}
	}
	for at, want := range map[float64]float64{0: 1, 7.5: 1, 11.25: 0.5, 15: 0} {
		if f := (optim.FlatCosine{}).Factor(at, epochs); math.Abs(f-want) > 1e-12 {
			t.Errorf("flat cosine: %v after %v of 15 epochs, want %v", f, at, want)
		}
	}
}

// TestSchedulesEnd: no period, growth or epoch makes a schedule loop.
func TestSchedulesEnd(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, s := range []optim.Schedule{
			optim.CosineDecay{Period: 1e-9}, optim.CosineDecay{Period: 1e-300, Growth: 1 + 1e-9}, optim.CosineDecay{Period: 1, Growth: 1e300},
			optim.CosineDecay{}, optim.Step{Every: 1e-300}, optim.WarmUp{After: optim.CosineDecay{Period: 1e-12}}, optim.OneCycle{}, optim.CosineLog{}, optim.CosineLog{Cycles: 1000}, optim.FlatCosine{}, optim.FlatCosine{Flat: 1},
		} {
			for _, epoch := range []float64{0, 1e-9, 20, 1e300, math.Inf(1)} {
				if f := s.Factor(epoch, 100); math.IsNaN(f) || f < 0 || f > 1 {
					t.Errorf("%+v: factor %v at epoch %v", s, f, epoch)
				}
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("a schedule does not return")
	}
}
