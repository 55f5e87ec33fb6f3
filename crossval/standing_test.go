package crossval_test

import (
	"math"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

func TestStandings(t *testing.T) {
	r := &crossval.Result{
		Data:       crossval.DataInfo{Rows: 4, Task: data.Regress{}, Values: []float64{1, 2, 3, 4}},
		Metrics:    []data.Metric{{Name: "R2", Greater: true, Range: [2]float64{math.Inf(-1), 1}}, {Name: "odd"}},
		Candidates: []crossval.CandidateInfo{{Name: "a"}, {Name: "b", Baseline: true}},
		Splits:     []crossval.Split{{Test: []int{0, 1}}, {Fold: 1, Test: []int{2, 3}}},
		Runs: []crossval.Run{
			{Candidate: "a", Scores: []float64{0.9, math.NaN()}, FitTime: time.Second, PredictTime: time.Millisecond},
			{Candidate: "a", Split: 1, Scores: []float64{0.8, 1}, FitTime: 3 * time.Second, PredictTime: time.Millisecond},
		},
		Failed: []crossval.Failure{{Candidate: "b", Message: "not run: too large", Skipped: true}},
	}
	list := r.Standings()
	if len(list) != 2 {
		t.Fatalf("%d standings", len(list))
	}
	for _, c := range []struct{ name, have, want string }{
		{"score", list[0].Score(0), "0.8500 ± 0.0707"}, // numpy.std([.9, .8], ddof=1)
		{"undefined", list[0].Score(1), "-"},
		{"no such metric", list[0].Score(7), "-"},
		{"metric -1", list[0].Score(-1), "-"},
		// mean ± t(0.975, 1) · sqrt((1/2 + 1) · var), cut at 1: 0.85 - 12.7062·0.0866 = -0.2504
		{"interval", list[0].IntervalText(), "-0.2504 to 1.0000*"},
		{"fit", list[0].FitText(), "2s"},
		{"predict", list[0].PredictText(), "1ms"},
		{"no run", list[1].Score(0) + list[1].IntervalText() + list[1].FitText() + list[1].PredictText(), "----"},
		{"reason", list[1].Reason, "not run: too large"},
		{"zero", crossval.Standing{}.Score(0) + crossval.Standing{}.FitText(), "--"},
	} {
		if c.have != c.want {
			t.Errorf("%s: have %q, want %q", c.name, c.have, c.want)
		}
	}
	if list[0].Folds != 2 || list[0].Of != 2 || list[1].Folds != 0 || !list[1].Skipped || !list[1].Baseline || !list[0].Cut {
		t.Errorf("have %+v", list)
	}
	dollars := crossval.Standing{Means: []float64{75128.71}, Stds: []float64{8327.43}, Low: 63983.98, High: 86273.36}
	if have := dollars.Score(0) + ", " + dollars.IntervalText(); have != "75128.7 ± 8327.4, 63984.0 to 86273.4" {
		t.Errorf("have %s", have)
	}
	vast := crossval.Standing{Means: []float64{1.119e200}, Stds: []float64{2.5e199}, Low: -1e199, High: 2.1e200}
	if have := vast.Score(0) + ", " + vast.IntervalText(); have != "1.119e+200 ± 2.5e+199, -1e+199 to 2.1e+200" {
		t.Errorf("have %s", have)
	}
	if (*crossval.Result)(nil).Standings() != nil {
		t.Error("a nil result has standings")
	}
}
