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

// board hands out jobs to the workers and collects their runs. Job j belongs to candidate
// j mod len(candidates), in order of folds, so that after an interruption all candidates
// have the same folds, except for the last.
type board struct {
	set        data.Source
	answers    *data.Set // of the set
	jobs       []Job
	candidates []Candidate
	options    Options
	log        *runLog // nil: none

	mu     sync.Mutex // guards what follows, and is held while Progress runs
	next   int
	done   int
	runs   []*Run
	failed []*FoldError    // by candidate: the failure in the lowest fold
	spent  []time.Duration // by candidate: the time of its fits so far
	broken error           // why the log could not be written
}

func newBoard(set data.Source, answers *data.Set, jobs []Job, candidates []Candidate, o Options) *board {
	return &board{
		set: set, answers: answers, jobs: jobs, candidates: candidates, options: o,
		runs:   make([]*Run, len(jobs)),
		failed: make([]*FoldError, len(candidates)),
		spent:  make([]time.Duration, len(candidates)),
	}
}

// open opens the log and takes over its runs.
func (b *board) open(r *Result) error {
	var err error
	if b.log, err = openRunLog(b.options.Log, b.set, r, b.jobs, b.candidates); err != nil {
		return err
	}
	for j := range b.jobs {
		b.runs[j] = b.log.find(j)
		if run := b.runs[j]; run != nil {
			b.spent[j%len(b.candidates)] += run.FitTime + run.PredictTime
		}
	}
	return nil
}

// close closes the log and returns its error, if any.
func (b *board) close() error {
	if b.log == nil {
		return nil
	}
	return errors.Join(b.broken, b.log.close())
}

func (b *board) work(ctx context.Context) {
	workers := b.options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	for range min(workers, len(b.jobs)) {
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

// grace is how long a fit may run after its context is done.
const grace = time.Second

// bounded runs one job within its candidate's remaining time. A job that does not return
// is abandoned.
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
		run, failure := b.jobs[job].run(limited, b.set, b.answers)
		done <- outcome{run, failure}
	}()
	var out outcome
	select {
	case out = <-done:
	case <-limited.Done():
		select {
		case out = <-done:
		case <-time.After(grace):
			out.failure = b.jobs[job].failure("fit", limited.Err())
		}
	}
	if out.failure != nil && ctx.Err() == nil && limited.Err() != nil {
		out.failure.Err = fmt.Errorf("%w: its fits took more than the %v that a candidate has", ErrSkipped, b.options.TimeLimit)
	}
	return out.run, out.failure
}

// take returns the next job. It skips candidates that failed in an earlier fold. Jobs are
// taken in order, so the reported failure is the same for any number of workers.
func (b *board) take(ctx context.Context) (job int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.next < len(b.jobs) && ctx.Err() == nil && b.broken == nil {
		job := b.next
		b.next++
		if b.failed[job%len(b.candidates)] != nil {
			b.done++
			continue
		}
		if run := b.runs[job]; run != nil {
			b.done++
			b.tell(job, Event{Finished: true, Logged: true, Scores: slices.Clone(run.Scores)})
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
		b.fail(job, failure)
	} else {
		b.runs[job] = run
		e.Scores = slices.Clone(run.Scores)
		if b.log != nil && b.broken == nil {
			b.broken = b.log.append(job, run)
		}
	}
	b.tell(job, e)
}

// fail records a failure, unless the candidate has failed in a lower fold.
func (b *board) fail(job int, failure *FoldError) {
	c := job % len(b.candidates)
	if old := b.failed[c]; old == nil || failure.number < old.number {
		b.failed[c] = failure
	}
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (b *board) tell(job int, e Event) {
	if b.options.Progress == nil {
		return
	}
	j := &b.jobs[job]
	e.Candidate, e.Repeat, e.Fold = j.Candidate, j.Split.Repeat, j.Split.Fold
	e.Done, e.Total = b.done, len(b.jobs)
	b.options.Progress(e)
}

// collect moves the runs into the result, candidate by candidate, and reports what is
// missing.
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
		for j := c; j < len(b.jobs); j += len(b.candidates) {
			if run := b.runs[j]; run != nil {
				r.Runs = append(r.Runs, *run)
				finished++
			}
		}
	}
	if ctx.Err() != nil && b.done < len(b.jobs) {
		errs = append(errs, fmt.Errorf("crossval: stopped after %d of %d fits: %w", finished, len(b.jobs), ctx.Err()))
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
