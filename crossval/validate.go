package crossval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// Options are the settings of [Validate]. The zero value is ready to use.
type Options struct {
	Seed    uint64
	Workers int           // number of fits that run at once; 0: GOMAXPROCS
	Metrics []data.Metric // nil: those of the set's task
	// Progress is called when a fit starts and when it ends, one call at a time. It must not call
	// methods of the session, which waits for it.
	Progress func(Event)

	// TimeLimit bounds the total time of one candidate's fits and predictions, those side by side
	// counted singly. A candidate that exceeds it is left out of the result, with a note. 0: no
	// limit.
	TimeLimit time.Duration
	// Memory bounds what the process holds while fits run, in bytes: fewer run side by side
	// than Workers where they would not fit. A fit that does not fit alone is left out, as
	// one that takes too long. It rests on fits that end soon after their context is done.
	// 0: no limit.
	Memory int64
	// Importance names candidates for permutation importance: each column of the test rows
	// is shuffled in turn, and Run.Importance holds how much the first metric worsens.
	// Breiman (2001), "Random Forests", section 10.
	Importance []string

	// Log is a file to which each successful fit is appended as soon as it ends. Fits
	// already in the file are not run again, so an interrupted validation resumes where it
	// stopped. The file is created if it does not exist. "": no log.
	//
	// A log belongs to one set, list of folds, seed, list of metrics, and version of Aegis
	// with its kernels. If any of these differs, or a candidate's description does,
	// Validate returns an error that names the difference. Candidates may be added. Failed
	// fits are retried.
	Log string

	// Elsewhere runs fits in place of this process. Workers and Progress's first event of a
	// fit mean less then, TimeLimit and Memory are errors, a candidate's FitLimit is applied when
	// its fits have come, and every estimator must have a description. nil: fits run here.
	Elsewhere Elsewhere

	noLeaks bool // FindLeaks is not called
}

// Elsewhere runs the given jobs of a plan on these rows, which are the plan's, in other
// processes: see package jetstream. It calls done for each outcome as it comes, one call at a
// time, and returns when all have come, or an error. When ctx is done it returns soon, with
// the context's error; jobs that have not ended are forgotten. A later call may be for other
// jobs of the same plan.
type Elsewhere func(ctx context.Context, p *Plan, rows data.Source, jobs []int, done func(*Outcome)) error

// Event is passed to Options.Progress when a fit starts and when it ends.
type Event struct {
	Candidate    string
	Repeat, Fold int           // from 0
	Finished     bool          // false: the fit begins
	Logged       bool          // the fit was taken from Options.Log
	Scores       []float64     // of a successful fit, in the order of the metrics
	Err          error         // of a failed fit
	Elapsed      time.Duration // of a finished fit; of one from the log, what it took then
	Done, Total  int           // fits completed, or left out after a failure, out of all
}

// Validate fits every candidate on the training rows of every fold of sp and scores it on
// the test rows. All candidates share the same folds. The seed of a fit is [JobSeed] of
// Options.Seed, the candidate's name and the fold number, so apart from times the result
// depends on neither the number of workers nor the other candidates.
//
// A candidate that fails in any fold is left out of the result, and a [*FoldError] for it
// is joined to the error; the other candidates are kept. A panic in the goroutine that
// called the estimator counts as such a failure. A candidate that returns ErrSkipped or
// exceeds Options.TimeLimit is left out and marked as skipped, which is not an error.
//
// When ctx is done, Validate waits at most one second for running fits, then returns the
// result of the finished ones with an error that wraps the context's. A fit that ignores
// its context is abandoned in its goroutine. If Options.Log cannot be written, Validate
// stops in the same way.
//
// The result is nil only if nothing could be started: no rows, no candidates, duplicate
// names, an error from the splitter, or a log of a different validation.
func Validate(ctx context.Context, set data.Source, sp Splitter, candidates []Candidate, o Options) (*Result, error) {
	if err := checkCandidates(candidates); err != nil {
		return nil, err
	}
	s, err := Open(set, sp, o)
	if err != nil {
		return nil, err
	}
	if err := s.admit(candidates); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	stopped := s.Run(ctx, candidates, nil)
	return s.Result(), failures(s.entries, stopped, s.Close())
}

// prepare checks the rows and the options, fills in defaults, and returns the true answers
// and a result without candidates.
func prepare(set data.Source, sp Splitter, o *Options) (*data.Set, *Result, error) {
	if set == nil {
		return nil, nil, data.ErrEmpty
	}
	if err := counted(set); err != nil {
		return nil, nil, fmt.Errorf("crossval: %w", err)
	}
	answers, err := data.Answers(set)
	if err != nil {
		return nil, nil, fmt.Errorf("crossval: %w", err)
	}
	if len(answers.Steps) > 0 {
		return nil, nil, fmt.Errorf("crossval: %s: targets of steps: a validation scores one answer for each row", answers.Name)
	}
	splits, err := numberedSplits(known(set, answers), sp)
	if err != nil {
		return nil, nil, err
	}
	if err := data.Check(set); err != nil {
		return nil, nil, fmt.Errorf("crossval: %w", err)
	}
	if err := answers.CheckTask(); err != nil {
		return nil, nil, fmt.Errorf("crossval: %w", err)
	}
	rules, err := answers.Rules()
	if err != nil {
		return nil, nil, fmt.Errorf("crossval: %w", err)
	}
	if rules.Grouped {
		if err := keepsGroups(splits, answers.Groups); err != nil {
			return nil, nil, fmt.Errorf("crossval: to %s %s: %w", data.TaskName(answers.Task()), answers.Name, err)
		}
	}
	if o.Metrics == nil {
		o.Metrics = rules.Metrics
	}
	if err := checkMetrics(o.Metrics); err != nil {
		return nil, nil, err
	}
	if o.Elsewhere != nil && (o.TimeLimit != 0 || o.Memory != 0) {
		return nil, nil, fmt.Errorf("crossval: a time limit of %v and one of %d bytes: there is none where fits run elsewhere", o.TimeLimit, o.Memory)
	}
	result, err := newResult(answers, sp, splits, *o)
	return answers, result, err
}

// job returns the fit of a candidate on a fold.
func (r *Result) job(c Candidate, fold int, o *Options) Job {
	return Job{
		Candidate: c.Name, Estimator: c.Estimator, Code: c.Code, Number: fold, Split: r.Splits[fold], Seed: JobSeed(o.Seed, c.Name, fold),
		Metrics: o.Metrics, Importance: slices.Contains(o.Importance, c.Name),
	}
}

// known returns the rows with their inputs if they are in memory, else the answers alone.
// A splitter may look at a column, such as one of times.
func known(src data.Source, answers *data.Set) *data.Set {
	if s, ok := src.(*data.Set); ok {
		return s
	}
	return answers
}

// counted returns an error if the number of rows is not known, which folds need.
func counted(set data.Source) error {
	st, err := set.Stream()
	if err == nil && st != nil && st.Rows == data.Unknown {
		err = fmt.Errorf("folds: %w", data.ErrUnknown)
	}
	return err
}

// keepsGroups checks that no group has both test and training rows.
func keepsGroups(splits []Split, groups []int) error {
	for i, s := range splits {
		tested, in := map[int]bool{}, make([]bool, len(groups))
		for _, row := range s.Test {
			tested[groups[row]], in[row] = true, true
		}
		train := s.Train
		if train == nil {
			train = numbered(0, len(groups))
		}
		for _, row := range train {
			if !in[row] && tested[groups[row]] {
				return fmt.Errorf("fold %d divides group %d: use a splitter of whole groups, such as GroupKFold", i+1, groups[row])
			}
		}
	}
	return nil
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
		case c.Estimator == nil:
			return fmt.Errorf("crossval: %s: the estimator is nil", c.Name)
		case seen[c.Name]:
			return fmt.Errorf("crossval: two candidates are named %q", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func checkMetrics(metrics []data.Metric) error {
	if len(metrics) == 0 {
		return errors.New("crossval: no metrics")
	}
	seen := map[string]bool{}
	for i, m := range metrics {
		switch {
		case m.Name == "" || m.Score == nil:
			return fmt.Errorf("crossval: metric %d has no name or no function", i)
		case seen[m.Name]:
			return fmt.Errorf("crossval: two metrics are named %q", m.Name)
		}
		seen[m.Name] = true
	}
	return nil
}
