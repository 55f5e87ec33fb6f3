package search_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/trees"
)

// treeSpace is a space of boosted trees, which fit in milliseconds.
func treeSpace() search.Space {
	return search.Space{
		Base: baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 20, Threads: 1}},
		Settings: []search.Setting{
			{Path: "Settings.LearningRate", Name: "rate", Domain: search.LogUniform{Low: 0.01, High: 1}},
			{Path: "Settings.Leaves", Name: "leaves", Domain: search.Int{Low: 2, High: 32, Log: true}},
			{Path: "Settings.MinLeaf", Domain: search.Choice{Values: []any{1, 5, 20}}},
		},
	}
}

// table returns a table of the repository.
func table(t *testing.T, load func() (*data.Set, error)) *data.Set {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// text is an outcome as JSON, without times.
func text(t *testing.T, o *search.Outcome) string {
	t.Helper()
	o.Elapsed = 0
	for i := range o.Trials {
		o.Trials[i].Fit = 0
	}
	var b bytes.Buffer
	if err := o.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elsewhere runs jobs as a worker of another process does, the last first.
func elsewhere(ctx context.Context, p *crossval.Plan, rows data.Source, jobs []int, done func(*crossval.Outcome)) error {
	w, err := p.Worker(rows)
	if err != nil {
		return err
	}
	for _, i := range slices.Backward(jobs) {
		o, err := w.Run(ctx, i)
		if err != nil {
			return err
		}
		done(o)
	}
	return nil
}

// TestSameBits: a search in trials has the same outcome with 1, 2 and 4 workers, with fits that
// run elsewhere, and when it goes on from a log, for every proposer.
func TestSameBits(t *testing.T) {
	set := table(t, data.Wine)
	for _, p := range []search.Proposer{search.Random{}, search.Sobol{}, search.TPE{Start: 4}, search.ASHA{Path: "Settings.Iterations", Low: 2, High: 18}} {
		var first string
		log := filepath.Join(t.TempDir(), "log")
		for _, workers := range []int{1, 2, 3, 4} {
			s := search.Search{Space: treeSpace(), Proposer: p, Trials: 18, Round: 6, Folds: 5, Workers: workers, Seed: 3, Log: log}
			switch workers {
			case 2:
				s.Log = "" // 4 workers take all from the log of 1
			case 3:
				s.Log, s.Elsewhere = "", elsewhere
			}
			o, err := s.Run(t.Context(), set)
			if err != nil {
				t.Fatalf("%T: %v", p, err)
			}
			if first == "" {
				first = text(t, o)
				t.Logf("%T\n%s", p, o.Table())
			} else if got := text(t, o); got != first {
				t.Errorf("%T: %d workers:\n%s\none:\n%s", p, workers, got, first)
			}
		}
	}
}

// TestBudget: a search ends with its budget, the fits of its outcome included, and never
// without one that was fitted on all folds.
func TestBudget(t *testing.T) {
	set := table(t, data.Iris)
	s := search.Search{Space: treeSpace(), Budget: 3 * time.Second, Seed: 1}
	begin := time.Now()
	p, err := s.Fit(t.Context(), set, 1)
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	// Within 5% on a machine that does nothing else; other tests may run beside this one.
	if took < s.Budget*8/10 || took > s.Budget*105/100+time.Second {
		t.Errorf("a budget of %v took %v", s.Budget, took)
	}
	t.Log(took, p.Notes)
	s.Budget = time.Millisecond
	if _, err := s.Run(t.Context(), set); err == nil || !strings.Contains(err.Error(), "the search ended when the first had") {
		t.Errorf("a millisecond: error %v", err)
	}
}

// TestNested: a search is a candidate like any other.
func TestNested(t *testing.T) {
	set := table(t, data.Iris)
	s := search.Search{Space: treeSpace(), Trials: 6, Folds: 3, Workers: 1}
	res, err := crossval.Validate(t.Context(), set, crossval.StratifiedKFold{K: 3, Shuffle: true}, []crossval.Candidate{
		{Name: "search", Estimator: s}, {Name: "base", Estimator: s.Space.Base},
	}, crossval.Options{Workers: 2, Log: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(res.Table())
}

// TestFewSettings: where settings are few whole numbers and choices, the search goes on to what
// it has not tried after the best ones are known.
func TestFewSettings(t *testing.T) {
	set := table(t, data.Iris)
	s := search.Search{
		Space: search.Space{
			Base: baselines.KNN{K: 1},
			Settings: []search.Setting{
				{Path: "K", Domain: search.Int{Low: 1, High: 30}},
			},
		},
		Trials: 200, Folds: 3, Seed: 1, Ensemble: search.Ensemble{None: true},
	}
	o, err := s.Run(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	distinct := 0
	for _, one := range o.Trials {
		if one.Same < 0 {
			distinct++
		}
	}
	t.Log(distinct, len(o.Trials), o.Notes)
	if distinct < 27 {
		t.Errorf("%d of 30 settings were tried in %d trials: %v", distinct, len(o.Trials), o.Notes)
	}
}
