package crossval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// Options are the settings of [Validate]; the zero value works.
type Options struct {
	Seed     uint64
	Workers  int           // fits that run at the same time; 0: GOMAXPROCS
	Metrics  []data.Metric // nil: data.DefaultMetrics of the set's task
	Progress func(Event)   // is called for every fit; never twice at a time

	// TimeLimit bounds the time that all fits of a candidate take together; one that
	// needs more is left out of the result, with a note. 0: no bound.
	TimeLimit time.Duration
	// Importance names candidates whose columns are shuffled one after another in the
	// test rows, to see by how much the first metric gets worse: Run.Importance.
	// Breiman (2001), "Random Forests", section 10.
	Importance []string

	// Log is a file to which every fit that ends well is appended as soon as it has ended,
	// and from which it is taken, rather than done again, if it stands there: a validation
	// that was stopped, however that came, goes on where it was. The file is made if it is
	// not there. "": none.
	//
	// A log is of one set, one list of folds, one seed, one list of metrics, and one
	// version of Aegis with its kernels; of others it is an error that says what differs,
	// as is a candidate that had another description. Candidates may be added. A fit that
	// failed is tried again.
	Log string
}

// Event is told to Options.Progress when a fit begins and when it has ended.
type Event struct {
	Candidate    string
	Repeat, Fold int       // from 0
	Finished     bool      // false: the fit begins
	Logged       bool      // the fit was taken from Options.Log
	Scores       []float64 // of a fit that ended well, in the order of the metrics
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
// If Options.Log cannot be written, Validate stops likewise.
//
// The result is nil only if nothing could be started: no rows, no candidates,
// two of one name, a splitter's error, a log of another validation.
func Validate(ctx context.Context, set data.Source, sp Splitter, candidates []Candidate, o Options) (*Result, error) {
	jobs, answers, result, err := plan(set, sp, candidates, &o)
	if err != nil {
		return nil, err
	}
	b := newBoard(set, answers, jobs, candidates, o)
	if o.Log != "" {
		if err := b.open(result); err != nil {
			return nil, err
		}
	}
	b.work(ctx)
	err = b.collect(ctx, result)
	if e := b.close(); e != nil {
		err = errors.Join(err, e)
	}
	return result, err
}

// plan checks everything, fills in defaults, and returns the jobs, fold by fold, the
// answers of the rows, and a result without runs.
func plan(set data.Source, sp Splitter, candidates []Candidate, o *Options) ([]Job, *data.Set, *Result, error) {
	if err := checkCandidates(candidates); err != nil {
		return nil, nil, nil, err
	}
	if set == nil {
		return nil, nil, nil, data.ErrEmpty
	}
	answers, err := data.Answers(set)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("crossval: %w", err)
	}
	splits, err := Splits(answers, sp)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := data.Check(set); err != nil {
		return nil, nil, nil, fmt.Errorf("crossval: %w", err)
	}
	if o.Metrics == nil {
		o.Metrics = data.DefaultMetrics(answers.Task())
	}
	if err := checkMetrics(o.Metrics); err != nil {
		return nil, nil, nil, err
	}
	result, err := newResult(answers, sp, splits, candidates, *o)
	if err != nil {
		return nil, nil, nil, err
	}
	jobs := make([]Job, 0, len(splits)*len(candidates))
	for i, s := range result.Splits {
		for _, c := range candidates {
			jobs = append(jobs, Job{
				Candidate: c.Name, Estimator: c.Estimator, Code: c.Code, Number: i, Split: s, Seed: JobSeed(o.Seed, c.Name, i),
				Metrics: o.Metrics, Importance: slices.Contains(o.Importance, c.Name),
			})
		}
	}
	return jobs, answers, result, nil
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
