package train_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/gorgonia"
)

// TestFindRateOfAQuadratic: the loss of a linear regression over all rows is a quadratic
// form, and gradient descent converges below the rate 2/λ and diverges above, λ being the
// largest eigenvalue of its Hessian 2·[[mean x², mean x], [mean x, 1]].
func TestFindRateOfAQuadratic(t *testing.T) {
	s := line(t, 20)
	x, _, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	var a, b float64
	for _, v := range x {
		a, b = a+v*v/10, b+v/10
	}
	bound := 2 / ((a+2)/2 + math.Sqrt((a-2)*(a-2)/4+b*b))
	c, err := train.FindRate(ctx, linear(t), s, train.Config{BatchSize: 20, Optimizer: optim.SGD{}}, train.RateSweep{Low: 1e-4, Smoothing: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if !(c.Suggestion > bound/100 && c.Suggestion < bound) {
		t.Errorf("suggestion %v, want one below %v, and not far", c.Suggestion, bound)
	}
	n := len(c.Rates)
	if n >= 100 || c.Rates[n-1] < bound || len(c.Losses) != n || len(c.Smoothed) != n {
		t.Errorf("%d steps, the last at %v: want an end soon above %v", n, c.Rates[n-1], bound)
	}
	if c.Rates[0] != 1e-4 || math.Abs(c.Rates[1]/c.Rates[0]-math.Pow(1e5, 1./99)) > 1e-12 {
		t.Errorf("rates %v, %v, ...: want an exponential ramp", c.Rates[0], c.Rates[1])
	}
	for i := 1; i < n; i++ { // below the bound a convex quadratic falls at every step
		if c.Rates[i-1] < 0.99*bound && c.Losses[i] > c.Losses[i-1] {
			t.Errorf("the loss grows at the rate %v", c.Rates[i-1])
		}
	}
}

// TestFindRateLeavesNoTrace: weights, statistics and the fit afterwards are to the bit what
// they are without.
func TestFindRateLeavesNoTrace(t *testing.T) {
	s := moons(t, 130, 1)
	fit := func(find bool) string {
		m := net(t, 1)
		c := train.Config{Epochs: 3, Seed: 2, ValidationFraction: 0.2, Accumulate: 2, Average: 0.9}
		if find {
			before := bits(m)
			curve, err := train.FindRate(ctx, m, s, c, train.RateSweep{})
			if err != nil {
				t.Fatal(err)
			}
			if curve.Suggestion == 0 || curve.Suggestion > 1 {
				t.Errorf("suggestion %v", curve.Suggestion)
			}
			again, err := train.FindRate(ctx, m, s, c, train.RateSweep{})
			if err != nil {
				t.Fatal(err)
			}
			if again.Suggestion != curve.Suggestion || len(again.Losses) != len(curve.Losses) {
				t.Error("the same search gave another result")
			}
			if bits(m) != before {
				t.Error("the model has changed")
			}
		}
		if _, err := train.Fit(ctx, m, s, c); err != nil {
			t.Fatal(err)
		}
		return bits(m)
	}
	if fit(true) != fit(false) {
		t.Error("a fit after the search has other bits than one without")
	}
}

func TestFindRateMistakes(t *testing.T) {
	s := moons(t, 40, 1)
	for _, c := range []struct {
		name   string
		config train.Config
		sweep  train.RateSweep
		want   string
	}{
		{"falling rates", train.Config{}, train.RateSweep{Low: 1, High: 0.1}, "rates from 1 to 0.1"},
		{"NaN", train.Config{}, train.RateSweep{Low: math.NaN()}, "rates from NaN"},
		{"one step", train.Config{}, train.RateSweep{Steps: 1}, "1 steps: want 2"},
		{"smoothing", train.Config{}, train.RateSweep{Smoothing: 1}, "smoothing of 1"},
		{"end", train.Config{}, train.RateSweep{StopAt: 0.5}, "0.5 times the least loss"},
		{"config", train.Config{BatchSize: -1}, train.RateSweep{}, "in batches of -1"},
		{"Gorgonia's", train.Config{Optimizer: optim.Gorgonia{Solver: gorgonia.NewVanillaSolver()}}, train.RateSweep{}, "keeps its state to itself"},
	} {
		m := net(t, 1)
		before := bits(m)
		if _, err := train.FindRate(ctx, m, s, c.config, c.sweep); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if bits(m) != before {
			t.Errorf("%s: the model has changed", c.name)
		}
	}
	m := net(t, 1)
	before := bits(m)
	late, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := train.FindRate(late, m, s, train.Config{}, train.RateSweep{}); !errors.Is(err, context.Canceled) || bits(m) != before {
		t.Errorf("error %v, model changed: %v", err, bits(m) != before)
	}
	if _, err := train.FindRate(ctx, nil, s, train.Config{}, train.RateSweep{}); err == nil {
		t.Error("no error of a nil model")
	}
}
