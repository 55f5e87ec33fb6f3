package search

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// unfitted returns an outcome of trials that were not fitted.
func unfitted(space Space, trials []Trial) *Outcome {
	o := &Outcome{Trials: trials, Weights: []Weight{{Trial: 0, Weight: 1}}, Result: &crossval.Result{}, search: Search{Space: space}}
	for i := range trials {
		t := &trials[i]
		t.Number, t.Same, t.Of, t.Final = i, -1, -1, true
	}
	return o
}

// TestImportanceUnderConditions: of a score of 0 where a choice is a, and 1 + (x − ½) where it
// is b, the choice explains 0.857 of the variance and x, open for b alone, 0.071: the variances
// are ¼ + 1/24 − ... by hand, with m and x independent and uniform.
func TestImportanceUnderConditions(t *testing.T) {
	b := []Condition{{Setting: "m", Is: []string{"b"}}}
	space := Space{Settings: []Setting{{Name: "m", Domain: Choice{Values: []any{"a", "b"}}}}}
	for _, name := range []string{"x", "y", "z", "w"} {
		space.Settings = append(space.Settings, Setting{Name: name, Domain: Uniform{High: 1}, When: b})
	}
	r := rand.New(rand.NewPCG(3, 4))
	trials := make([]Trial, 401)
	for i := range trials {
		p := make(Point, len(space.Settings))
		for j := range p {
			p[j] = r.Float64()
		}
		if p[0] >= 0.5 {
			trials[i].Score = 1 + (p[1] - 0.5)
		}
		if err := space.close(p); err != nil {
			t.Fatal(err)
		}
		trials[i].Point, trials[i].Folds = p, 1
	}
	list, err := unfitted(space, trials).Importance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// E[score] is 0 or 1 by m: variance 1/4. By x, averaged over m: (x − ½)/2 + ½: variance 1/48.
	// In all: 1/4 + E over m of the variance by x, 1/24.
	whole := 1./4 + 1./24
	for i, want := range []float64{1. / 4 / whole, 1. / 48 / whole, 0, 0, 0} {
		if math.Abs(list[i].Share-want) > 0.06 {
			t.Errorf("%s explains %.3f, want %.3f", list[i].Setting, list[i].Share, want)
		}
	}
}

// TestUndefinedScores: a score that is not defined is null in the file, and is ranked last.
func TestUndefinedScores(t *testing.T) {
	var e crossval.Estimator = Stack{}
	trials := make([]Trial, 4)
	for i, score := range []float64{3, math.NaN(), 1, 2} {
		trials[i] = Trial{Estimator: e, Score: score, Scores: []float64{score, math.Inf(1)}, Folds: 2, all: 3, Dropped: "late"}
	}
	o := unfitted(Space{}, trials)
	if got := o.Ranked(); !slices.Equal(got, []int{2, 3, 0, 1}) {
		t.Errorf("ranked %v", got)
	}
	o.Metric.Greater = true
	if got := o.Ranked(); !slices.Equal(got, []int{0, 3, 2, 1}) {
		t.Errorf("ranked %v", got)
	}
	var b bytes.Buffer
	if err := o.WriteJSON(&b); err != nil || strings.Count(b.String(), `"score": null`) != 1 {
		t.Errorf("%v in %s", err, &b)
	}
	var read struct{ Trials []struct{ Scores []*float64 } }
	if err := json.Unmarshal(b.Bytes(), &read); err != nil || *read.Trials[2].Scores[0] != 1 || read.Trials[2].Scores[1] != nil || read.Trials[1].Scores[0] != nil {
		t.Errorf("%v in %s", err, &b)
	}
}

// TestCounts: a trial that was proposed and never fitted is not counted as fitted.
func TestCounts(t *testing.T) {
	o := unfitted(Space{}, []Trial{{Folds: 3, all: 3}, {all: 3}, {Folds: 1, all: 3, Failed: "no"}})
	if got, want := o.Counts(), "3 trials: 1 fitted on all 0 folds, 1 dropped, 1 failed; 4 fits"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestSlowIsNoLeader: a trial that is too slow for the budget drops no other.
func TestSlowIsNoLeader(t *testing.T) {
	losses := [][]float64{{3, 3.1, 3, 3}, {1, 1.1, 1, 1}, {2, 2.1, 2, 2}}
	r := &run{Search: Search{Budget: time.Minute, Workers: 1}}
	for i, l := range losses {
		n := 2
		if i == 0 {
			n = 4
		}
		r.trials = append(r.trials, Trial{Number: i, Same: -1, Of: -1, Final: true, Scores: l[:n], Folds: n, Score: 3 - float64(i), all: 4, Fit: time.Second})
	}
	r.trials[1].Fit = time.Minute
	r.drop(r.trials[1:])
	if r.trials[1].Failed == "" || r.trials[2].Dropped != "" {
		t.Errorf("the slow trial: %q; the other: %q", r.trials[1].Failed, r.trials[2].Dropped)
	}
}

// TestBudgetHidesNothing: an error that is not the end of the budget stays one, though the
// budget has ended.
func TestBudgetHidesNothing(t *testing.T) {
	r := &run{Search: Search{Budget: time.Hour}, begin: time.Now().Add(-2 * time.Hour)}
	full := errors.New("the disk is full")
	if err := r.inBudget(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return full }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if err := r.inBudget(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }); !errors.Is(err, errBudget) {
		t.Errorf("error %v", err)
	}
}

// TestSampleHasNoOrder: who chooses on a part of a bootstrap sample must not get the first rows
// of the file.
func TestSampleHasNoOrder(t *testing.T) {
	const n = 1000
	x, y := make([][]float64, n), make([]float64, n)
	for i := range x {
		x[i] = []float64{0}
	}
	set, err := data.FromRows("rows", x, y)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := set.Rules()
	if err != nil {
		t.Fatal(err)
	}
	l := &library{rules: rules, truth: set, list: []*data.Prediction{{Values: y}}, width: 1}
	if _, err := l.sample(data.RMSE, 1, 0, l.units(), func(in []int) ([]int, error) {
		mean := 0.0
		for _, row := range in[:100] {
			mean += float64(row) / 100
		}
		if math.Abs(mean-n/2) > 4*n/math.Sqrt(12*100) {
			t.Errorf("the first hundred rows of a sample are %.0f on average", mean)
		}
		return []int{1}, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestRootsOfColumns: of several columns, RMSE and R² are means over columns, which no mean
// over rows ranks alike.
func TestRootsOfColumns(t *testing.T) {
	l := &library{width: 2}
	for _, m := range []data.Metric{data.RMSE, data.R2} {
		if rows, err := l.perRow(m); rows != nil || err != nil {
			t.Errorf("%s: %v, %v", m.Name, rows, err)
		}
	}
}

// TestRepeatsOfRepeats: a trial that is proposed a third time repeats the first, whose fits they
// are.
func TestRepeatsOfRepeats(t *testing.T) {
	space := Space{Base: Stack{}, Settings: []Setting{{Path: "Folds", Domain: Choice{Values: []any{2}}}}}
	r := &run{Search: Search{Space: space, Proposer: Random{}}, session: &crossval.Session{}}
	for round := range 4 {
		if err := r.propose(round, 1); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int{-1, -1, 1, 1} {
		if r.trials[i].Same != want {
			t.Errorf("trial %d repeats %d, want %d", i, r.trials[i].Same, want)
		}
	}
}
