package crossval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// Session is a validation whose candidates and folds are not all known at its start, such as
// a search's: Run fits some candidates on some folds, Result shows all that have been fitted
// so far. [Validate] is a Session that runs every candidate on every fold. A fit has the
// same outcome in both. The methods may be called from several goroutines; runs take turns.
type Session struct {
	set     data.Source
	answers *data.Set // of the set
	options Options
	base    *Result // without candidates and runs

	turn sync.Mutex // held by Run, and guards what follows
	fits learned

	mu      sync.Mutex // guards what follows, and is held while Progress runs
	log     *runLog    // nil: none
	rows    string     // the fingerprint of the set; "": not known yet
	entries []*entry   // in the order of their first Run
	named   map[string]*entry
	broken  error // why the log could not be written, or what runs fits elsewhere stopped
	closed  bool
	queue   []fit // of the Run at hand
	next    int
	done    int
}

// entry is a candidate with what is known of it.
type entry struct {
	Candidate
	text   json.RawMessage // its description; nil: it has none
	runs   []*Run          // by fold; nil: not run
	failed *FoldError      // the failure in the lowest fold
	spent  time.Duration   // the time of its fits so far
	plan   *Plan           // of those that were admitted together; nil: fits run here
	column int             // its place in the plan
}

// fit is one job of the queue.
type fit struct {
	*entry
	fold int
}

// Open starts a session on the folds of sp. It looks for leaks, and opens Options.Log, if
// there is one, whose fits are not run again. The errors are those of [Validate] that do not
// concern candidates. Close it when done.
func Open(set data.Source, sp Splitter, o Options) (*Session, error) {
	answers, result, err := prepare(set, sp, &o)
	if err != nil {
		return nil, err
	}
	if !o.noLeaks {
		if result.Leaks, err = FindLeaks(known(set, answers), result.Splits); err != nil {
			return nil, err
		}
	}
	s := &Session{set: set, answers: answers, options: o, base: result, named: map[string]*entry{}}
	if o.Log != "" {
		if _, err := describe.Marshal(o.Metrics); err != nil {
			return nil, fmt.Errorf("crossval: run log %s: %w", o.Log, err)
		}
		if s.log, err = openRunLog(o.Log, set, result); err != nil {
			return nil, err
		}
	}
	return s, nil
}

var errClosed = errors.New("crossval: the session is nil or closed")

// Folds returns the number of folds, over all repeats.
func (s *Session) Folds() int {
	if s == nil || s.base == nil {
		return 0
	}
	return len(s.base.Splits)
}

// Limit leaves the session with its first folds alone, as if there had never been others.
func (s *Session) Limit(folds int) error {
	if s == nil || s.base == nil {
		return errClosed
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := len(s.base.Splits)
	if folds < 1 || folds > all {
		return fmt.Errorf("crossval: a session of %d folds cannot go on with the first %d", all, folds)
	}
	base := *s.base
	base.Splits = base.Splits[:folds:folds]
	if folds < all {
		base.Splitter += fmt.Sprintf(", the first %d of %d folds", folds, all)
	}
	s.base = &base
	for _, e := range s.entries {
		e.runs = e.runs[:folds]
		if e.failed != nil && e.failed.number >= folds {
			e.failed = nil
		}
	}
	return nil
}

// Run fits candidates on the given folds, counted from 0 over all repeats; nil is all. Folds
// that a candidate has been fitted on are not run again, and no more are run of a candidate
// that has failed. Failures of fits are in the result and no error here. Run waits for running
// fits as [Validate] does.
//
// It is an error if candidates have no name, no estimator or a name twice, or have the name
// of an earlier candidate with another description; if there is no such fold; if ctx ended
// before all fits; if the log cannot be written; or if what runs fits elsewhere stopped.
func (s *Session) Run(ctx context.Context, candidates []Candidate, folds []int) error {
	if s == nil || s.base == nil {
		return errClosed
	}
	if err := checkCandidates(candidates); err != nil {
		return err
	}
	if folds == nil {
		folds = numbered(0, s.Folds())
	}
	for _, f := range folds {
		if f < 0 || f >= s.Folds() {
			return fmt.Errorf("crossval: there is no fold %d; there are %d", f, s.Folds())
		}
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.admit(candidates); err != nil {
		return err
	}
	s.line(candidates, folds)
	if s.options.Elsewhere != nil {
		s.elsewhere(ctx)
	} else {
		s.work(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if ctx.Err() != nil && s.done < len(s.queue) {
		finished := 0
		for _, f := range s.queue {
			if f.runs[f.fold] != nil && f.failed == nil {
				finished++
			}
		}
		return fmt.Errorf("crossval: stopped after %d of %d fits: %w", finished, len(s.queue), ctx.Err())
	}
	return nil
}

// admit makes entries of candidates that are new, and takes over their runs from the log.
func (s *Session) admit(candidates []Candidate) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	var added []*entry
	for _, c := range candidates {
		text, err := describeEstimator(c.Estimator, c.Code)
		if err != nil && s.log != nil {
			return fmt.Errorf("crossval: run log %s: %s: %w", s.log.path, c.Name, err)
		}
		if old := s.named[c.Name]; old != nil {
			if !bytes.Equal(old.text, text) {
				return fmt.Errorf("crossval: two candidates are named %q", c.Name)
			}
			continue
		}
		e := &entry{Candidate: c, text: text, runs: make([]*Run, s.Folds())}
		if s.log != nil {
			if err := s.recall(e); err != nil {
				return err
			}
		}
		added = append(added, e)
	}
	if s.options.Elsewhere != nil && added != nil {
		if err := s.plan(added); err != nil {
			return err
		}
	}
	for _, e := range added {
		s.entries = append(s.entries, e)
		s.named[e.Name] = e
	}
	return nil
}

// plan makes the plan of new entries.
func (s *Session) plan(entries []*entry) (err error) {
	if s.rows == "" {
		if s.rows, err = data.Fingerprint(s.set); err != nil {
			return err
		}
	}
	var list []Candidate
	for _, e := range entries {
		list = append(list, e.Candidate)
	}
	p, err := s.base.plan(list, &s.options, s.rows)
	for i, e := range entries {
		e.plan, e.column = p, i
	}
	return err
}

// recall compares an entry with the log and takes over its runs.
func (s *Session) recall(e *entry) error {
	if err := s.log.introduce(e.Candidate); err != nil {
		return fmt.Errorf("crossval: run log %s: %w", s.log.path, err)
	}
	for fold := range e.runs {
		print, err := s.print(e.Candidate, fold)
		if err != nil {
			return err
		}
		if e.runs[fold] = s.log.runs[print]; e.runs[fold] != nil {
			e.spent += e.runs[fold].FitTime + e.runs[fold].PredictTime
		}
	}
	return nil
}

// print returns the fingerprint of a job in the log.
func (s *Session) print(c Candidate, fold int) (string, error) {
	job := s.base.job(c, fold, &s.options)
	job.Data = s.log.data
	return job.Fingerprint()
}

// line queues fits, ordered by fold, so that after an interruption all candidates have the
// same folds, except for the last.
func (s *Session) line(candidates []Candidate, folds []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue, s.next, s.done = nil, 0, 0
	for _, fold := range folds {
		for _, c := range candidates {
			s.queue = append(s.queue, fit{s.named[c.Name], fold})
		}
	}
}

func (s *Session) work(ctx context.Context) {
	workers := s.options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	memory := newKeeper(s.options.Memory, s.fits)
	defer func() { s.fits = memory.end() }()
	var wg sync.WaitGroup
	for range min(workers, len(s.queue)) {
		wg.Go(func() {
			for {
				f, ok := s.take(ctx)
				if !ok {
					return
				}
				s.fit(ctx, memory, f)
			}
		})
	}
	wg.Wait()
}

// elsewhere has the fits of the queue run elsewhere, those of one plan together.
func (s *Session) elsewhere(ctx context.Context) {
	var plans []*Plan
	asked := map[*Plan]map[int]fit{} // by job
	for {
		f, ok := s.take(ctx)
		if !ok {
			break
		}
		if asked[f.plan] == nil {
			plans, asked[f.plan] = append(plans, f.plan), map[int]fit{}
		}
		asked[f.plan][f.fold*len(f.plan.candidates)+f.column] = f
	}
	for _, p := range plans {
		if err := s.away(ctx, p, asked[p]); err != nil && ctx.Err() == nil {
			s.mu.Lock()
			s.broken = fmt.Errorf("crossval: fits elsewhere: %w", err)
			s.mu.Unlock()
			return
		}
	}
}

// away has jobs of a plan run elsewhere.
func (s *Session) away(ctx context.Context, p *Plan, jobs map[int]fit) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := s.options.Elsewhere(ctx, p, s.set, slices.Sorted(maps.Keys(jobs)), func(o *Outcome) {
		if err := p.Accept(o); err != nil {
			cancel(err)
			return
		}
		f, ok := jobs[o.Index]
		if !ok {
			return // twice, or not asked for
		}
		delete(jobs, o.Index)
		if o.Run == nil {
			s.put(ctx, f, nil, o.failure(p.job(o.Index)), 0)
			return
		}
		s.put(ctx, f, o.Run, nil, o.Run.FitTime+o.Run.PredictTime)
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil && len(jobs) > 0 {
		err = &MissingError{slices.Sorted(maps.Keys(jobs))}
	}
	return err
}

// fit runs one fit, again if it was stopped to make room for others.
func (s *Session) fit(ctx context.Context, memory *keeper, f fit) {
	for {
		limited, r := memory.begin(ctx)
		if ctx.Err() != nil { // while it waited
			memory.finish(r)
			return
		}
		begin := time.Now()
		run, failure := s.bounded(limited, f)
		stopped, alone := memory.finish(r)
		if failure != nil && stopped && ctx.Err() == nil {
			if !alone {
				continue
			}
			failure.Err = memory.tooMuch()
		}
		s.put(ctx, f, run, failure, time.Since(begin))
		return
	}
}

// grace is how long a fit may run after its context is done.
const grace = time.Second

// bounded runs one fit within its limit and its candidate's remaining time.
func (s *Session) bounded(ctx context.Context, f fit) (*Run, *FoldError) {
	limited := ctx
	limit := f.FitLimit
	if total := s.options.TimeLimit; total > 0 {
		s.mu.Lock()
		left := total - f.spent
		s.mu.Unlock()
		if limit == 0 || left < limit {
			limit = max(1, left)
		}
	}
	if limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	job := s.base.job(f.Candidate, f.fold, &s.options)
	run, failure := job.abandoned(limited, s.set, s.answers)
	if failure != nil && ctx.Err() == nil && limited.Err() != nil {
		if failure.Err = s.overTime(); limit == f.FitLimit {
			failure.Err = f.tooLong()
		}
	}
	return run, failure
}

func (f fit) tooLong() error {
	return fmt.Errorf("%w: a fit takes more than the %v that it has", ErrSkipped, f.FitLimit.Round(time.Millisecond))
}

func (s *Session) overTime() error {
	return fmt.Errorf("%w: its fits took more than the %v that a candidate has", ErrSkipped, s.options.TimeLimit)
}

// abandoned runs a job. One that does not return after its context is done is abandoned.
func (j *Job) abandoned(ctx context.Context, set data.Source, answers *data.Set) (*Run, *FoldError) {
	type outcome struct {
		run     *Run
		failure *FoldError
	}
	done := make(chan outcome, 1)
	go func() {
		run, failure := j.run(ctx, set, answers)
		done <- outcome{run, failure}
	}()
	var out outcome
	select {
	case out = <-done:
	case <-ctx.Done():
		select {
		case out = <-done:
		case <-time.After(grace):
			out.failure = j.failure("fit", ctx.Err())
		}
	}
	return out.run, out.failure
}

// take returns the next fit. It skips candidates that have failed. Fits are taken in order,
// so the reported failure is the same for any number of workers.
func (s *Session) take(ctx context.Context) (f fit, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.next < len(s.queue) && ctx.Err() == nil && s.broken == nil {
		f := s.queue[s.next]
		s.next++
		if f.failed != nil {
			s.done++
			continue
		}
		if run := f.runs[f.fold]; run != nil {
			s.done++
			s.tell(f, Event{Finished: true, Logged: true, Scores: slices.Clone(run.Scores), Elapsed: run.FitTime + run.PredictTime})
			continue
		}
		s.tell(f, Event{})
		return f, true
	}
	return fit{}, false
}

func (s *Session) put(ctx context.Context, f fit, run *Run, failure *FoldError, elapsed time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failure != nil && ctx.Err() != nil && isContextError(failure) {
		return // stopped, not failed
	}
	s.done++
	f.spent += elapsed
	if failure == nil { // which fits side by side, or elsewhere, have not kept
		job := s.base.job(f.Candidate, f.fold, &s.options)
		if limit := s.options.TimeLimit; limit > 0 && f.spent > limit {
			failure = job.failure("fit", s.overTime())
		} else if f.FitLimit > 0 && run.FitTime+run.PredictTime > f.FitLimit {
			failure = job.failure("fit", f.tooLong())
		}
	}
	e := Event{Finished: true, Elapsed: elapsed}
	if failure != nil {
		e.Err = failure
		f.fail(failure)
	} else {
		f.runs[f.fold] = run
		e.Scores = slices.Clone(run.Scores)
		s.record(f, run)
	}
	s.tell(f, e)
}

// record writes a run to the log.
func (s *Session) record(f fit, run *Run) {
	if s.log == nil || s.broken != nil {
		return
	}
	print, err := s.print(f.Candidate, f.fold)
	if err == nil {
		err = s.log.append(print, run)
	}
	s.broken = err
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (s *Session) tell(f fit, e Event) {
	if s.options.Progress == nil {
		return
	}
	split := s.base.Splits[f.fold]
	e.Candidate, e.Repeat, e.Fold = f.Name, split.Repeat, split.Fold
	e.Done, e.Total = s.done, len(s.queue)
	s.options.Progress(e)
}

// Result returns what the session has so far: candidates in the order of their first Run.
// One that has not been fitted on every fold is not [Result.Complete].
func (s *Session) Result() *Result {
	if s == nil || s.base == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := *s.base
	r.collect(s.entries)
	return &r
}

// fail records a failure, unless the candidate has failed in a lower fold.
func (e *entry) fail(failure *FoldError) {
	if e.failed == nil || failure.number < e.failed.number {
		e.failed = failure
	}
}

// collect puts candidates with their runs and failures into a result that has none.
func (r *Result) collect(entries []*entry) {
	for _, e := range entries {
		r.Candidates = append(r.Candidates, CandidateInfo{Name: e.Name, Baseline: e.Baseline})
		if f := e.failed; f != nil {
			message, skipped := f.Error(), errors.Is(f, ErrSkipped)
			if skipped {
				message = f.Err.Error()
			}
			r.Failed = append(r.Failed, Failure{Candidate: e.Name, Message: message, Skipped: skipped})
			continue
		}
		for _, run := range e.runs {
			if run != nil {
				r.Runs = append(r.Runs, *run)
			}
		}
	}
}

// failures joins the failures that are not skipped, and other errors.
func failures(entries []*entry, others ...error) error {
	var errs []error
	for _, e := range entries {
		if e.failed != nil && !errors.Is(e.failed, ErrSkipped) {
			errs = append(errs, e.failed)
		}
	}
	errs = slices.DeleteFunc(append(errs, others...), func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// Close closes the log. A closed session can still show its Result.
func (s *Session) Close() error {
	if s == nil {
		return nil
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.log == nil {
		return nil
	}
	return s.log.close()
}
