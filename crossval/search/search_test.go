package search_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
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

// TestLogOfMore: a log that has more fits than a race takes, or was cut short, changes nothing.
func TestLogOfMore(t *testing.T) {
	set := table(t, data.Wine)
	s := search.Search{Space: treeSpace(), Proposer: search.Sobol{}, Trials: 20, Folds: 6, Seed: 4}
	o, err := s.Run(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	want, counts := text(t, o), o.Counts()
	if !strings.Contains(counts, "dropped") || strings.Contains(counts, " 0 dropped") {
		t.Fatalf("no race: %s", counts)
	}
	s.Log = filepath.Join(t.TempDir(), "log")
	full := s
	full.Race.Full = true
	if _, err := full.Run(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	for _, keep := range []float64{1, 0.5} {
		log, err := os.ReadFile(s.Log)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(log, []byte("\n"))
		if err := os.WriteFile(s.Log, bytes.Join(lines[:int(keep*float64(len(lines)))], nil), 0o666); err != nil {
			t.Fatal(err)
		}
		o, err := s.Run(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(t, o); got != want {
			t.Errorf("with %v of the log of a full search:\n%s\nwithout:\n%s", keep, got, want)
		}
	}
}

// TestOneFold: a search on one fold has an outcome, without an interval of the winner's score.
func TestOneFold(t *testing.T) {
	set := table(t, data.Wine)
	o, err := search.Search{Space: treeSpace(), Splitter: crossval.Holdout{Seed: 1}, Trials: 3}.Run(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	if o.Optimistic.Method != "" || len(o.Notes) == 0 || o.Best() == nil {
		t.Errorf("optimistic %+v, notes %q", o.Optimistic, o.Notes)
	}
}

// TestStoppedSearch: a search that is interrupted has the outcome so far, without what takes
// time to make.
func TestStoppedSearch(t *testing.T) {
	set := table(t, data.Wine)
	ctx, cancel := context.WithCancel(t.Context())
	s := search.Search{Space: treeSpace(), Trials: 1000, Folds: 3, Progress: func(e search.Event) {
		if e.Trial == 3 {
			cancel()
		}
	}}
	o, err := s.Run(ctx, set)
	if !errors.Is(err, context.Canceled) || o == nil {
		t.Fatalf("error %v", err)
	}
	if o.Corrected.Method != "" || len(o.Weights) != 1 || len(o.Notes) == 0 {
		t.Errorf("corrected %+v, weights %v, notes %q", o.Corrected, o.Weights, o.Notes)
	}
}

// TestMembersInBudget: when the budget has ended, the member with the largest weight alone is
// fitted, and a note says so.
func TestMembersInBudget(t *testing.T) {
	set := table(t, data.Wine)
	o, err := search.Search{Space: treeSpace(), Trials: 6, Budget: time.Hour, Folds: 3}.Run(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	o.Weights = []search.Weight{{Trial: 2, Weight: 0.5}, {Trial: 1, Weight: 0.3}, {Trial: 0, Weight: 0.2}}
	p, err := o.Fit(t.Context(), set)
	if err != nil || strings.Contains(strings.Join(p.Notes, ""), "left out") {
		t.Errorf("within the budget: %v, notes %q", err, p.Notes)
	}
	o.Elapsed = 2 * time.Hour
	if p, err = o.Fit(t.Context(), set); err != nil || !strings.Contains(strings.Join(p.Notes, ""), "2 of the 3 members of the ensemble were left out") {
		t.Errorf("after the budget: %v, notes %q", err, p.Notes)
	}
	o.Trials[1].Estimator = nil
	if _, err := o.Fit(t.Context(), set); err == nil {
		t.Error("a member without an estimator is no error")
	}
}

// sleepy is an estimator that takes its time.
type sleepy struct {
	Nap   int // in milliseconds
	Label int
}

func (e sleepy) Fit(ctx context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	select {
	case <-time.After(time.Duration(e.Nap) * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		p := &data.Prediction{}
		for range rows.Len() {
			p.Labels = append(p.Labels, e.Label)
			for c := range rows.Classes {
				p.Proba = append(p.Proba, map[bool]float64{true: 1}[c == e.Label])
			}
		}
		return p, nil
	}}, nil
}

func init() {
	if err := describe.Register("search_test.", sleepy{}); err != nil {
		panic(err)
	}
}

// TestSlowBase: where the base would take most of the budget, the first folds alone are used, by
// all trials, and one whose fit takes too long is stopped before the others have waited for it.
func TestSlowBase(t *testing.T) {
	s := search.Search{
		Space: search.Space{Base: sleepy{Nap: 300, Label: 1}, Settings: []search.Setting{
			{Path: "Nap", Domain: search.Choice{Values: []any{1, 2, 3, 60000}}}, {Path: "Label", Domain: search.Int{Low: 0, High: 2}},
		}},
		Proposer: search.Random{}, Budget: 3 * time.Second, Folds: 10, Workers: 1, Seed: 2,
	}
	begin := time.Now()
	o, err := s.Run(t.Context(), table(t, data.Wine))
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(o.Result.Splits); n != 2 || !o.Trials[0].Complete() || took > s.Budget*5/4 || len(o.Trials) < 9 {
		t.Errorf("%d folds, %d trials in %v, notes %q", n, len(o.Trials), took, o.Notes)
	}
	stopped := 0
	for _, one := range o.Trials {
		if strings.Contains(one.Failed, "a fit takes more than the") {
			stopped++
		}
	}
	if stopped == 0 || !strings.Contains(strings.Join(o.Notes, ""), "of 10 folds the first 2 are used") {
		t.Errorf("%d trials were stopped; notes %q\n%s", stopped, o.Notes, o.Table())
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
