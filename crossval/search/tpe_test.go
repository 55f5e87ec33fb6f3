package search

import (
	"math"
	"slices"
	"testing"
)

// best runs a proposer on a function of points and returns the least value found.
func best(t *testing.T, p Proposer, settings []Setting, seed uint64, trials int, f func(Point) float64) float64 {
	t.Helper()
	h := History{Settings: settings, Seed: seed}
	least := math.Inf(1)
	for round := 0; len(h.Trials) < trials; round++ {
		var pending []Trial
		for range 5 {
			h.Trials = append(h.Trials, pending...)
			one, err := p.Propose(h, len(h.Trials))
			h.Trials = h.Trials[:len(h.Trials)-len(pending)]
			if err != nil {
				t.Fatal(err)
			}
			pending = append(pending, Trial{Number: len(h.Trials) + len(pending), Point: one.Point, Final: one.Final, Score: math.NaN()})
		}
		for _, one := range pending {
			one.Folds, one.Score = 1, f(one.Point)
			least = min(least, one.Score)
			h.Trials = append(h.Trials, one)
		}
	}
	return least
}

// TestTPEIsBetterThanRandom: on functions with an optimum that is hard to hit, the median over
// 31 seeds of the best of 60 trials is well below that of a random search.
func TestTPEIsBetterThanRandom(t *testing.T) {
	u := Setting{Path: "x", Domain: Uniform{High: 1}}
	c := Setting{Path: "x", Domain: Choice{Values: []any{1, 2, 3, 4}}}
	for _, test := range []struct {
		name     string
		settings []Setting
		f        func(Point) float64
	}{
		{"a bowl of four settings", []Setting{u, u, u, u}, func(p Point) float64 {
			sum := 0.0
			for i, x := range p {
				d := x - 0.2*float64(i+1)
				sum += d * d
			}
			return sum
		}},
		{"one setting of eight matters", slices.Repeat([]Setting{u}, 8), func(p Point) float64 { return math.Abs(p[3] - 0.777) }},
		{"a choice and a setting", []Setting{c, c, u, u}, func(p Point) float64 {
			v := math.Abs(p[2]-0.1) + math.Abs(p[3]-0.9)
			if p[0] < 0.75 {
				v++
			}
			if p[1] >= 0.25 {
				v++
			}
			return v
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tpe, random []float64
			for seed := range uint64(31) {
				tpe = append(tpe, best(t, TPE{}, test.settings, seed, 60, test.f))
				random = append(random, best(t, Random{}, test.settings, seed, 60, test.f))
			}
			slices.Sort(tpe)
			slices.Sort(random)
			t.Logf("medians: TPE %.4f, random %.4f", tpe[15], random[15])
			if tpe[15] > 0.75*random[15] {
				t.Errorf("TPE %v is not well below random %v", tpe[15], random[15])
			}
		})
	}
}

// TestTPEDensity: the densities sum to 1, and what is drawn has them.
func TestTPEDensity(t *testing.T) {
	points := []Point{{0.1}, {0.15}, {0.9}, {0.5}, {math.NaN()}}
	d := densityOf(points, 0, 0)
	sum := 0.0
	const n = 20000
	for i := range n {
		sum += math.Exp(d.log((float64(i)+0.5)/n)) / n
	}
	if math.Abs(sum-1) > 1e-6 {
		t.Errorf("the density sums to %v", sum)
	}
	r := source(1, "test", 0)
	below := 0
	for range n {
		u := d.draw(r)
		if u < 0 || u >= 1 {
			t.Fatalf("drew %v", u)
		}
		if u < 0.3 {
			below++
		}
	}
	want := 0.0
	for i := range n * 3 / 10 {
		want += math.Exp(d.log((float64(i)+0.5)/n)) / n
	}
	if math.Abs(float64(below)/n-want) > 0.015 {
		t.Errorf("a share of %v below 0.3, the density says %v", float64(below)/n, want)
	}
	c := densityOf([]Point{{0.1}, {0.1}, {0.9}}, 0, 3) // (2+1)/6, 1/6, (1+1)/6
	for u, want := range map[float64]float64{0.1: 3. / 6, 0.5: 1. / 6, 0.9: 2. / 6} {
		if have := math.Exp(c.log(u)); math.Abs(have-want) > 1e-12 {
			t.Errorf("the value at %v has %v, want %v", u, have, want)
		}
	}
}
