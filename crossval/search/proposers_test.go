package search

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestSobolOfSciPy: the points are those of SciPy's unscrambled sequence (testdata/sobol.py).
func TestSobolOfSciPy(t *testing.T) {
	text, err := os.ReadFile("testdata/sobol.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ Points [][]float64 }
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Points) != 64 || len(want.Points[0]) != len(directions) {
		t.Fatalf("%d points of %d dimensions", len(want.Points), len(want.Points[0]))
	}
	for i, p := range want.Points {
		for j, v := range p {
			if have := float64(sobol(uint32(i), j)) / (1 << 32); have != v {
				t.Errorf("point %d, dimension %d: %v, want %v", i, j, have, v)
			}
		}
	}
}

// TestSobolIsEven: shifted points still have one in each of 64 parts of every setting.
func TestSobolIsEven(t *testing.T) {
	h := History{Settings: make([]Setting, 32), Seed: 9}
	seen := map[[2]int]bool{}
	for i := range 64 {
		p, err := Sobol{}.Propose(h, i)
		if err != nil {
			t.Fatal(err)
		}
		for j, u := range p.Point {
			if u < 0 || u >= 1 {
				t.Fatalf("point %d: %v", i, u)
			}
			seen[[2]int{j, int(u * 64)}] = true
		}
	}
	if len(seen) != 32*64 {
		t.Errorf("%d of %d parts have a point", len(seen), 32*64)
	}
	if _, err := (Sobol{}).Propose(History{Settings: make([]Setting, 33)}, 0); err == nil {
		t.Error("33 settings are no error")
	}
}

// TestASHARungs: the resource grows by Eta up to the whole, and only the best third of a rung
// that has finished goes on, each trial once.
func TestASHARungs(t *testing.T) {
	for _, c := range []struct {
		low, high, eta int
		want           []int
	}{{1, 27, 3, []int{1, 3, 9, 27}}, {4, 36, 0, []int{4, 12, 36}}, {5, 100, 4, []int{5, 25, 100}}, {7, 7, 2, []int{7}}, {1, 2, 3, []int{1, 2}}} {
		have, err := ASHA{Path: "x", Low: c.low, High: c.high, Eta: c.eta}.rungs()
		if err != nil || len(have) != len(c.want) {
			t.Fatalf("%+v: %v, %v", c, have, err)
		}
		for i := range have {
			if have[i] != c.want[i] {
				t.Errorf("%+v: %v", c, have)
			}
		}
	}
	a := ASHA{Path: "x", Low: 1, High: 9}
	h := History{Settings: []Setting{{Path: "y", Domain: Uniform{High: 1}}}}
	h.Trials = append(h.Trials, Trial{Number: 0, Final: true, Of: -1, Same: -1, Folds: 1}) // the base
	promoted := map[int]bool{}
	for len(h.Trials) < 200 {
		first := len(h.Trials)
		for range 8 {
			p, err := a.Propose(h, len(h.Trials))
			if err != nil {
				t.Fatal(err)
			}
			if p.Of >= 0 {
				of := h.Trials[p.Of]
				if promoted[p.Of] || of.Rung+1 != p.Rung || of.Folds == 0 || of.Point[0] != p.Point[0] {
					t.Fatalf("trial %d is promoted from %+v to rung %d", len(h.Trials), of, p.Rung)
				}
				better := 0
				rung := 0
				for _, o := range h.Trials[1:] {
					if o.Rung == of.Rung && o.Folds > 0 {
						rung++
						if o.Score < of.Score {
							better++
						}
					}
				}
				if better >= rung/3 {
					t.Errorf("trial %d goes on though %d of %d are better", p.Of, better, rung)
				}
				promoted[p.Of] = true
			}
			h.Trials = append(h.Trials, Trial{Number: len(h.Trials), Point: p.Point, Rung: p.Rung, Of: p.Of, Same: -1, Final: p.Final, Score: math.NaN()})
		}
		for i := first; i < len(h.Trials); i++ {
			h.Trials[i].Folds, h.Trials[i].Score = 1, h.Trials[i].Point[0]
		}
	}
	final := 0
	for _, o := range h.Trials[1:] {
		if o.Final {
			final++
		}
	}
	if final < 5 || final > 40 {
		t.Errorf("%d of 200 trials have the whole resource", final)
	}
}
