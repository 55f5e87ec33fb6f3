package crossval

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// Options are the settings of [Validate]; the zero value works.
type Options struct {
	Seed     uint64
	Workers  int         // fits that run at the same time; 0: GOMAXPROCS
	Scorers  []Scorer    // nil: DefaultScorers of the set's task
	Progress func(Event) // is told of every fit; never called twice at a time
}

// Event is told to Options.Progress when a fit begins and when it has ended.
type Event struct {
	Candidate    string
	Repeat, Fold int       // from 0
	Finished     bool      // false: the fit begins
	Scores       []float64 // of a fit that ended well, in the order of the scorers
	Err          error     // of a fit that failed
	Elapsed      time.Duration
	Done, Total  int // fits ended, or left out after a failure, of all
}

// Validate fits every candidate on the training rows of every fold of sp and
// scores it on the test rows. All candidates have the same folds. The seed of a
// fit is [JobSeed] of Options.Seed, the candidate's name and the number of the
// fold, so the result, but for its times, depends neither on the number of
// workers nor on the other candidates.
//
// A candidate that fails in one fold is left out of the result, and the error is
// or joins a [*FoldError] for each such candidate; the other candidates are in
// the result. A panic of an estimator in the goroutine that called it is such an
// error too. When ctx is done, Validate waits for the fits that run and returns
// the result of those that ended, with an error that wraps the context's.
//
// The result is nil only if nothing could be started: no rows, no candidates,
// two of one name, a splitter's error.
func Validate(ctx context.Context, set *data.Set, sp Splitter, candidates []Candidate, o Options) (*Result, error) {
	if err := checkCandidates(candidates); err != nil {
		return nil, err
	}
	splits, err := Splits(set, sp)
	if err != nil {
		return nil, err
	}
	if len(set.Targets) == 0 {
		return nil, fmt.Errorf("crossval: %s: the set has no targets", set.Name)
	}
	if err := set.Validate(); err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	if o.Scorers == nil {
		o.Scorers = DefaultScorers(set.Task())
	}
	if err := checkScorers(o.Scorers); err != nil {
		return nil, err
	}
	result, err := newResult(set, sp, splits, candidates, o)
	if err != nil {
		return nil, err
	}
	b := &board{
		set: set, splits: splits, candidates: candidates, options: o,
		runs:   make([]*Run, len(splits)*len(candidates)),
		failed: make([]*FoldError, len(candidates)),
	}
	b.work(ctx)
	err = b.collect(ctx, result)
	return result, err
}

func checkCandidates(candidates []Candidate) error {
	if len(candidates) == 0 {
		return errors.New("crossval: no candidates")
	}
	seen := map[string]bool{}
	for i, c := range candidates {
		switch {
		case c.Name == "":
			return fmt.Errorf("crossval: candidate %d has no name", i)
		case c.New == nil:
			return fmt.Errorf("crossval: %s: the factory is nil", c.Name)
		case seen[c.Name]:
			return fmt.Errorf("crossval: two candidates are named %q", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func checkScorers(scorers []Scorer) error {
	if len(scorers) == 0 {
		return errors.New("crossval: no scorers")
	}
	seen := map[string]bool{}
	for i, s := range scorers {
		switch {
		case s.Name == "" || s.Score == nil:
			return fmt.Errorf("crossval: scorer %d has no name or no function", i)
		case seen[s.Name]:
			return fmt.Errorf("crossval: two scorers are named %q", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// board is where the workers take their jobs and leave their runs. Job j is
// candidate j mod len(candidates) on split j div len(candidates), so that a
// stopped validation has the same folds for all candidates, but for the last.
type board struct {
	set        *data.Set
	splits     []Split
	candidates []Candidate
	options    Options

	mu     sync.Mutex // guards what follows, and is held while Progress runs
	next   int
	done   int
	runs   []*Run
	failed []*FoldError // by candidate: the failure in the lowest split
}

func (b *board) work(ctx context.Context) {
	workers := b.options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	for range min(workers, len(b.runs)) {
		wg.Go(func() {
			for {
				job, ok := b.take(ctx)
				if !ok {
					return
				}
				begin := time.Now()
				run, failure := b.run(ctx, job)
				b.put(ctx, job, run, failure, time.Since(begin))
			}
		})
	}
	wg.Wait()
}

// take returns the next job. It leaves out the jobs of a candidate that has
// failed in a lower split: jobs are taken in order, so that the failure that is
// reported is the same for any number of workers.
func (b *board) take(ctx context.Context) (job int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.next < len(b.runs) && ctx.Err() == nil {
		job := b.next
		b.next++
		if b.failed[job%len(b.candidates)] != nil {
			b.done++
			continue
		}
		b.tell(job, Event{})
		return job, true
	}
	return 0, false
}

func (b *board) put(ctx context.Context, job int, run *Run, failure *FoldError, elapsed time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if failure != nil && ctx.Err() != nil && isContextError(failure) {
		return // stopped, not failed
	}
	b.done++
	e := Event{Finished: true, Elapsed: elapsed}
	if failure != nil {
		e.Err = failure
		c := job % len(b.candidates)
		if old := b.failed[c]; old == nil || failure.split < old.split {
			b.failed[c] = failure
		}
	} else {
		b.runs[job] = run
		e.Scores = slices.Clone(run.Scores)
	}
	b.tell(job, e)
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (b *board) tell(job int, e Event) {
	if b.options.Progress == nil {
		return
	}
	split := b.splits[job/len(b.candidates)]
	e.Candidate = b.candidates[job%len(b.candidates)].Name
	e.Repeat, e.Fold = split.Repeat, split.Fold
	e.Done, e.Total = b.done, len(b.runs)
	b.options.Progress(e)
}

// collect moves the runs to the result, candidate by candidate, and says what
// is missing.
func (b *board) collect(ctx context.Context, r *Result) error {
	var errs []error
	finished := 0
	for c := range b.candidates {
		if b.failed[c] != nil {
			errs = append(errs, b.failed[c])
			r.Failed = append(r.Failed, Failure{Candidate: b.candidates[c].Name, Message: b.failed[c].Error()})
			continue
		}
		for s := range b.splits {
			if run := b.runs[s*len(b.candidates)+c]; run != nil {
				r.Runs = append(r.Runs, *run)
				finished++
			}
		}
	}
	if ctx.Err() != nil && b.done < len(b.runs) {
		errs = append(errs, fmt.Errorf("crossval: stopped after %d of %d fits: %w", finished, len(b.runs), ctx.Err()))
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
