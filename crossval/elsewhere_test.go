package crossval_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// throughFiles runs jobs by what a worker elsewhere would read and write, the last first.
func throughFiles(t testing.TB, calls *[]int) crossval.Elsewhere {
	return func(ctx context.Context, p *crossval.Plan, rows data.Source, jobs []int, done func(*crossval.Outcome)) error {
		*calls = append(*calls, len(jobs))
		var plan bytes.Buffer
		if err := p.WriteJSON(&plan); err != nil {
			return err
		}
		p, err := crossval.ReadPlan(&plan)
		if err != nil {
			return err
		}
		w, err := p.Worker(rows)
		if err != nil {
			return err
		}
		for _, i := range slices.Backward(jobs) {
			o, err := w.Run(ctx, i)
			if err != nil {
				return err
			}
			var text bytes.Buffer
			if err := o.WriteJSON(&text); err != nil {
				return err
			}
			if o, err = crossval.ReadOutcome(&text); err != nil {
				return err
			}
			done(o)
			done(o) // twice counts once
		}
		return nil
	}
}

// TestElsewhere: a validation whose fits run elsewhere, failing ones among them, has the result
// and the error of one whose fits run here, byte for byte except for times; so does one that
// goes on from a log.
func TestElsewhere(t *testing.T) {
	set, sp, candidates, o := planned(t)
	here, wanted := crossval.Validate(t.Context(), set, sp, candidates, o)
	want := withoutTimes(t, here)
	var calls []int
	o.Elsewhere, o.Log = throughFiles(t, &calls), filepath.Join(t.TempDir(), "log")
	for _, again := range []bool{false, true} {
		events := 0
		o.Progress = func(e crossval.Event) {
			if e.Finished {
				events++
			}
		}
		r, err := crossval.Validate(t.Context(), set, sp, candidates, o)
		if err == nil || err.Error() != wanted.Error() {
			t.Errorf("error %v\nwant %v", err, wanted)
		}
		if got := withoutTimes(t, r); got != want {
			t.Errorf("elsewhere\n%s\nhere\n%s", got, want)
		}
		if want := len(r.Splits) * len(candidates); events != want {
			t.Errorf("again %v: %d events of ends, want %d", again, events, want)
		}
	}
	if folds := len(here.Splits); !slices.Equal(calls, []int{6 * folds, 3 * folds}) { // from the log: three that fit
		t.Errorf("calls of %d jobs", calls)
	}
}

func withoutTimes(t testing.TB, r *crossval.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WithoutTiming().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestElsewhereInPieces: candidates of several runs of a session have plans of their own, a run
// may be of several plans and of some folds, and nothing runs twice.
func TestElsewhereInPieces(t *testing.T) {
	set, sp, candidates, o := planned(t)
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(c crossval.Candidate) bool { return c.Name == "error" || c.Name == "panic" })
	whole, err := crossval.Validate(t.Context(), set, sp, candidates, o)
	if err != nil {
		t.Fatal(err)
	}
	var calls []int
	o.Elsewhere = throughFiles(t, &calls)
	s, err := crossval.Open(set, sp, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(
		s.Run(t.Context(), candidates[:2], []int{4, 1}), s.Run(t.Context(), candidates[1:], []int{1, 0}), s.Run(t.Context(), candidates, nil),
	); err != nil {
		t.Fatal(err)
	}
	if got, want := withoutTimes(t, s.Result()), withoutTimes(t, whole); got != want {
		t.Errorf("in pieces\n%s\nat once\n%s", got, want)
	}
	// By plan: that of the first run's two candidates, of which the first fails there and is not
	// asked for again, and that of the others.
	if !slices.Equal(calls, []int{4, 4, 1, 3, 8}) {
		t.Errorf("calls of %d jobs", calls)
	}
}

// TestElsewhereFails: what goes wrong elsewhere is an error that says so, beside what came
// before it.
func TestElsewhereFails(t *testing.T) {
	set, sp, candidates, o := planned(t)
	candidates = candidates[3:]
	other, err := crossval.NewPlan(set, sp, candidates, crossval.Options{Seed: 8})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, want string
		how        func(ctx context.Context, first *crossval.Outcome, done func(*crossval.Outcome)) error
	}{
		{"an error", "out of reach", func(_ context.Context, first *crossval.Outcome, done func(*crossval.Outcome)) error {
			done(first)
			return errors.New("out of reach")
		}},
		{"too little", "jobs have no outcome: 1-17", func(_ context.Context, first *crossval.Outcome, done func(*crossval.Outcome)) error {
			done(first)
			return nil
		}},
		{"of another plan", "the seed", func(ctx context.Context, first *crossval.Outcome, done func(*crossval.Outcome)) error {
			done(first)
			w, err := other.Worker(set)
			if err != nil {
				return err
			}
			foreign, err := w.Run(ctx, 0)
			if err != nil {
				return err
			}
			done(foreign)
			<-ctx.Done()
			return ctx.Err()
		}},
		{"nothing", "nil", func(_ context.Context, first *crossval.Outcome, done func(*crossval.Outcome)) error {
			done(first)
			done(nil)
			return nil
		}},
	} {
		o.Elsewhere = func(ctx context.Context, p *crossval.Plan, rows data.Source, jobs []int, done func(*crossval.Outcome)) error {
			w, err := p.Worker(rows)
			if err != nil {
				return err
			}
			first, err := w.Run(ctx, jobs[0])
			if err != nil {
				return err
			}
			return test.how(ctx, first, done)
		}
		r, err := crossval.Validate(t.Context(), set, sp, candidates, o)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		if r == nil || len(r.Runs) != 1 {
			t.Errorf("%s: the run that came is not in the result", test.name)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	o.Elsewhere = func(ctx context.Context, _ *crossval.Plan, _ data.Source, _ []int, _ func(*crossval.Outcome)) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	}
	if _, err := crossval.Validate(ctx, set, sp, candidates, o); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after 0 of 18 fits") {
		t.Errorf("stopped: %v", err)
	}
	for _, limited := range []crossval.Options{{TimeLimit: time.Hour}, {Memory: 1 << 30}} {
		limited.Elsewhere = o.Elsewhere
		if _, err := crossval.Validate(t.Context(), set, sp, candidates, limited); err == nil || !strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("a limit: %v", err)
		}
	}
	bare := crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) { return nil, nil })
	o.Importance = nil
	if _, err := crossval.Validate(t.Context(), set, sp, []crossval.Candidate{{Name: "bare", Estimator: bare, Code: "1"}}, o); err == nil || !strings.Contains(err.Error(), "bare") {
		t.Errorf("without a description: %v", err)
	}
}
