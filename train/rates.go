package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/models"
)

// RateSweep configures FindRate. The zero value works.
type RateSweep struct {
	Low, High float64 // first and last learning rate; 0: 1e-7 and 10
	Steps     int     // optimizer steps; 0: 100
	Smoothing float64 // β of the smoothed losses, in [0, 1); 0: 0.9
	StopAt    float64 // stop when the smoothed loss exceeds StopAt times its minimum; 0: 4
}

// RateCurve is what FindRate measured, up to the rate at which it stopped.
// plots.LearningRates draws it.
type RateCurve struct {
	Rates    []float64 // one per step
	Losses   []float64 // on the rows of each step, before it, without penalties
	Smoothed []float64 // sᵢ = mᵢ/(1 − βⁱ), where mᵢ = β·mᵢ₋₁ + (1 − β)·lossᵢ and m₀ = 0

	// Suggestion is the rate at which the smoothed loss falls most steeply with respect to
	// the logarithm of the rate: the least slope by central differences up to the lowest
	// smoothed loss, ignoring the first tenth of the steps. 0: the loss did not fall.
	Suggestion float64

	mean float64 // mᵢ
}

// FindRate trains for a few steps while the learning rate grows exponentially, and records
// the loss, which begins to fall where the rate is large enough to learn and rises where it
// is too large. Smith (2017), "Cyclical learning rates for training neural networks",
// arXiv:1506.01186; smoothing and suggestion as in fast.ai.
//
// It uses the same rows, losses, optimizer, groups, clipping, batches and seed as Fit would
// with c, and ignores schedules, validation rows, callbacks, metrics, Average and From. The
// model is restored afterwards, also after an error, and a later fit gives the same bits as
// without the search. optim.Gorgonia is an error, because its state cannot be reset.
func FindRate(ctx context.Context, m *models.Model, rows data.Source, c Config, s RateSweep) (*RateCurve, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	kernel.Enter()
	defer kernel.Leave()
	c.Schedule, c.DecaySchedule, c.NoiseSchedule = nil, nil, nil
	c.Validation, c.Callbacks, c.Metrics, c.From, c.Average = nil, nil, []data.Metric{}, nil, 0
	f, err := newFitting(m, rows, c)
	if err != nil {
		return nil, err
	}
	if _, err := f.trainer.opt.State(); err != nil {
		return nil, fmt.Errorf("train: find rate: %w", err)
	}
	before := m.Params().Snapshot()
	curve, err := f.sweep(ctx, s)
	return curve, errors.Join(err, m.Params().Restore(before))
}

func (s RateSweep) withDefaults() (RateSweep, error) {
	if s.Low == 0 {
		s.Low = 1e-7
	}
	if s.High == 0 {
		s.High = 10
	}
	if s.Steps == 0 {
		s.Steps = 100
	}
	if s.Smoothing == 0 {
		s.Smoothing = 0.9
	}
	if s.StopAt == 0 {
		s.StopAt = 4
	}
	switch {
	case !(s.Low > 0 && s.Low < s.High && s.High <= math.MaxFloat64):
		return s, fmt.Errorf("train: find rate: rates from %v to %v: want positive ones that grow", s.Low, s.High)
	case s.Steps < 2 || s.Steps > mostSweepSteps:
		return s, fmt.Errorf("train: find rate: %d steps: want 2 to %d", s.Steps, mostSweepSteps)
	case !(s.Smoothing >= 0 && s.Smoothing < 1):
		return s, fmt.Errorf("train: find rate: a smoothing of %v: want one in [0, 1)", s.Smoothing)
	case !(s.StopAt > 1):
		return s, fmt.Errorf("train: find rate: an end at %v times the least loss: want more than 1", s.StopAt)
	}
	return s, nil
}

// mostSweepSteps is a limit that only a mistake exceeds.
const mostSweepSteps = 1_000_000

// sweep takes the steps.
func (f *Fitting) sweep(ctx context.Context, s RateSweep) (*RateCurve, error) {
	curve := &RateCurve{}
	least := math.Inf(1)
	epoch, batch := 0, f.Batches
	for i := range s.Steps {
		rate := s.Low * math.Exp(math.Log(s.High/s.Low)*float64(i)/float64(s.Steps-1))
		loss, weight := 0.0, 0.0
		for k := range f.Config.Accumulate {
			if batch == f.Batches {
				epoch, batch = epoch+1, 0
				f.trainer.epoch(ctx, epoch)
			}
			batch++
			last := k == f.Config.Accumulate-1
			err := f.trainer.step(ctx, factors{rate / f.trainer.opt.Rate(), 1, 1}, last)
			if errors.Is(err, ErrDiverged) {
				curve.suggest(s.Steps / 10)
				return curve, nil
			}
			if err != nil {
				return nil, fmt.Errorf("train: find rate: step %d: %w", i+1, err)
			}
			w := f.trainer.weighed
			loss, weight = loss+w*f.trainer.now, weight+w
		}
		if weight == 0 { // no step was taken
			continue
		}
		smoothed := curve.add(rate, loss/weight, s.Smoothing)
		if math.IsNaN(smoothed) || math.IsInf(smoothed, 0) {
			break
		}
		least = min(least, smoothed)
		if least > 0 && smoothed > s.StopAt*least {
			break
		}
	}
	curve.suggest(s.Steps / 10)
	return curve, nil
}

// add records the loss of a step, unless it is not finite, and returns the smoothed loss.
func (c *RateCurve) add(rate, loss, beta float64) float64 {
	c.mean = beta*c.mean + (1-beta)*loss
	smoothed := c.mean / (1 - math.Pow(beta, float64(len(c.Losses)+1)))
	if !math.IsNaN(smoothed) && !math.IsInf(smoothed, 0) {
		c.Rates, c.Losses, c.Smoothed = append(c.Rates, rate), append(c.Losses, loss), append(c.Smoothed, smoothed)
	}
	return smoothed
}

// suggest sets the suggestion, ignoring the steps before from.
func (c *RateCurve) suggest(from int) {
	lowest := 0
	for i, v := range c.Smoothed {
		if v < c.Smoothed[lowest] {
			lowest = i
		}
	}
	steepest := 0.0
	for i := max(from, 1); i <= lowest && i+1 < len(c.Smoothed); i++ {
		slope := (c.Smoothed[i+1] - c.Smoothed[i-1]) / math.Log(c.Rates[i+1]/c.Rates[i-1])
		if slope < steepest {
			steepest, c.Suggestion = slope, c.Rates[i]
		}
	}
}
