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
	Progress func(Event) // is called for every fit; never twice at a time

	// TimeLimit bounds the time that all fits of a candidate take together; one that
	// needs more is left out of the result, with a note. 0: no bound.
	TimeLimit time.Duration
	// Importance names candidates whose columns are shuffled one after another in the
	// test rows, to see by how much the first metric gets worse: Run.Importance.
	// Breiman (2001), "Random Forests", section 10.
	Importance []string
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
// error too. One that declines with ErrSkipped, or takes longer than
// Options.TimeLimit, is left out as well, marked as skipped, which is no error.
//
// When ctx is done, Validate waits a second at most for the fits that run and
// returns the result of those that ended, with an error that wraps the context's.
// A fit that does not heed its context goes on in a goroutine that nobody waits for.
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
		spent:  make([]time.Duration, len(candidates)),
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
	failed []*FoldError    // by candidate: the failure in the lowest split
	spent  []time.Duration // by candidate: the time of its fits so far
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
				run, failure := b.bounded(ctx, job)
				b.put(ctx, job, run, failure, time.Since(begin))
			}
		})
	}
	wg.Wait()
}

// grace is how long a fit may go on after its context is done.
const grace = time.Second

// bounded does one job within the time that its candidate has left. A job that
// does not come back is given up.
func (b *board) bounded(ctx context.Context, job int) (*Run, *FoldError) {
	type outcome struct {
		run     *Run
		failure *FoldError
	}
	limited := ctx
	if limit := b.options.TimeLimit; limit > 0 {
		b.mu.Lock()
		left := limit - b.spent[job%len(b.candidates)]
		b.mu.Unlock()
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, left)
		defer cancel()
	}
	done := make(chan outcome, 1)
	go func() {
		run, failure := b.run(limited, job)
		done <- outcome{run, failure}
	}()
	var out outcome
	select {
	case out = <-done:
	case <-limited.Done():
		select {
		case out = <-done:
		case <-time.After(grace):
			out.failure = b.failure(job, "fit", limited.Err())
		}
	}
	if out.failure != nil && ctx.Err() == nil && limited.Err() != nil {
		out.failure.Err = fmt.Errorf("%w: its fits took more than the %v that a candidate has", ErrSkipped, b.options.TimeLimit)
	}
	return out.run, out.failure
}

// failure describes what went wrong with a job.
func (b *board) failure(job int, stage string, err error) *FoldError {
	index := job / len(b.candidates)
	split := b.splits[index]
	return &FoldError{Candidate: b.candidates[job%len(b.candidates)].Name, Repeat: split.Repeat, Fold: split.Fold, Stage: stage, Err: err, split: index}
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
	b.spent[job%len(b.candidates)] += elapsed
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
		if f := b.failed[c]; f != nil {
			skipped := errors.Is(f, ErrSkipped)
			message := f.Error()
			if skipped {
				message = f.Err.Error()
			} else {
				errs = append(errs, f)
			}
			r.Failed = append(r.Failed, Failure{Candidate: b.candidates[c].Name, Message: message, Skipped: skipped})
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
