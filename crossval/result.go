package crossval

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/check"
)

// Result is the outcome of a validation: enough to make every table, figure and test without
// the data and the models. Two validations with equal inputs and seed have equal results,
// except for FitTime and PredictTime of the runs.
type Result struct {
	Data       DataInfo
	Seed       uint64
	Splitter   string        // the splitter's description of itself
	Metrics    []data.Metric // without their functions
	Candidates []CandidateInfo
	Splits     []Split // Train is nil: trained on all rows that are not in Test
	Runs       []Run   // successful runs, by candidate and then by split
	Failed     []Failure
	Leaks      []Leak // ways in which test rows may be known from training rows: see FindLeaks
}

// DataInfo describes the predicted data, and holds the true answers.
type DataInfo struct {
	Name    string
	Source  string
	Rows    int
	Task    data.Task // nil: data.Classify{} if there are Classes, otherwise data.Regress{}
	Target  string
	Columns []string // names of several target columns; nil: Target is the only one
	Classes []string
	Labels  []int     // true class of each row, or (rows, steps); nil without Classes
	Values  []float64 // true values (rows, target columns); nil if there are Classes

	Groups   []int    // group of each row, for a task judged within groups; otherwise nil
	Features []string // column names of a table
}

// least returns the smallest class that a target may have.
func least(r *data.Rules) int {
	if r.Padded {
		return -1
	}
	return 0
}

// TaskOf returns Task or, if that is nil, the task implied by Classes.
func (d *DataInfo) TaskOf() data.Task {
	if d == nil {
		return data.Regress{}
	}
	return (&data.Set{As: d.Task, Classes: d.Classes}).Task()
}

// Rules returns the rules of the task for the targets of the data.
func (d *DataInfo) Rules() (*data.Rules, error) { return data.RulesOf(d.TaskOf(), d.targets()) }

func (d *DataInfo) targets() data.Targets {
	if d == nil {
		return data.Targets{}
	}
	if d.Columns == nil {
		return data.Targets{Columns: []string{d.Target}, Classes: d.Classes}
	}
	return data.Targets{Columns: d.Columns, Classes: d.Classes}
}

// CandidateInfo is a candidate without its estimator.
type CandidateInfo struct {
	Name     string
	Baseline bool
}

// Failure is a candidate that is not in the result, with the reason.
type Failure struct {
	Candidate string
	Message   string
	Skipped   bool // left out on purpose, such as for its number of rows: see ErrSkipped
}

// Run is one candidate on one fold.
type Run struct {
	Candidate  string
	Split      int             // index in Result.Splits
	Seed       uint64          // the seed passed to the estimator
	Scores     []float64       // in the order of Result.Metrics; NaN: not defined
	Prediction data.Prediction // for the fold's test rows, in their order
	Curves     []data.Curve
	BestEpoch  int
	Parameters int
	Notes      []string
	// Importance[i] is how much the first metric worsens when the test values of column i
	// are shuffled; nil: Options.Importance did not ask for it.
	Importance  []float64
	FitTime     time.Duration
	PredictTime time.Duration
}

func newResult(set *data.Set, sp Splitter, splits []Split, o Options) (*Result, error) {
	r := &Result{
		Data: DataInfo{
			Name: set.Name, Source: set.Source, Rows: set.Len(), Task: set.Task(),
			Target: set.Target, Classes: slices.Clone(set.Classes),
		},
		Seed:     o.Seed,
		Splitter: inWords(sp),
	}
	if about := set.AboutTargets(); len(about.Columns) > 1 {
		r.Data.Columns = slices.Clone(about.Columns)
	}
	var err error
	if r.Data.Classes != nil {
		r.Data.Labels, _, err = set.ClassTable()
		r.Data.Labels = slices.Clone(r.Data.Labels)
	} else {
		r.Data.Values, _, err = set.TargetTable()
		r.Data.Values = slices.Clone(r.Data.Values)
	}
	if err != nil {
		return nil, err
	}
	rules, err := r.Data.Rules()
	if err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", set.Name, err)
	}
	if rules.Grouped {
		r.Data.Groups = slices.Clone(set.Groups)
	}
	if err := check.Labels(r.Data.Labels, len(r.Data.targets().Columns), least(rules), len(r.Data.Classes)); err != nil {
		return nil, fmt.Errorf("crossval: %s: %w", set.Name, err)
	}
	for _, s := range o.Metrics {
		r.Metrics = append(r.Metrics, data.Metric{Name: s.Name, Greater: s.Greater, Range: s.Range})
	}
	for _, f := range set.Features {
		r.Data.Features = append(r.Data.Features, f.Name)
	}
	for _, s := range splits {
		s.Test = slices.Clone(s.Test)
		if s.Train = slices.Clone(s.Train); len(s.Train)+len(s.Test) == set.Len() && !s.Resampled {
			s.Train = nil
		}
		r.Splits = append(r.Splits, s)
	}
	return r, nil
}

// Notes returns the notes of a candidate's fits, each once, with the number of folds that
// have it.
func (r *Result) Notes(candidate string) []string {
	var order []string
	count := map[string]int{}
	for _, run := range r.RunsOf(candidate) {
		for _, n := range run.Notes {
			if count[n] == 0 {
				order = append(order, n)
			}
			count[n]++
		}
	}
	out := make([]string, len(order))
	for i, n := range order {
		out[i] = fmt.Sprintf("%s (%d of %d folds)", n, count[n], len(r.Splits))
	}
	return out
}

// Complete reports whether the candidate has a run for every fold.
func (r *Result) Complete(candidate string) bool {
	if r == nil {
		return false
	}
	n := 0
	for i := range r.Runs {
		if r.Runs[i].Candidate == candidate {
			n++
		}
	}
	return n > 0 && n == len(r.Splits)
}

// Repeats returns the number of repeats.
func (r *Result) Repeats() int {
	if r == nil {
		return 0
	}
	n := 0
	for _, s := range r.Splits {
		n = max(n, s.Repeat+1)
	}
	return n
}

// RunsOf returns the runs of a candidate in the order of the folds, or none if there is no
// such candidate.
func (r *Result) RunsOf(candidate string) []Run {
	if r == nil {
		return nil
	}
	var runs []Run
	for _, run := range r.Runs {
		if run.Candidate == candidate {
			runs = append(runs, run)
		}
	}
	return runs
}

// metric returns the index of a metric; "" is the first.
func (r *Result) metric(name string) (int, bool) {
	if r == nil {
		return 0, false
	}
	if name == "" && len(r.Metrics) > 0 {
		return 0, true
	}
	i := slices.IndexFunc(r.Metrics, func(m data.Metric) bool { return m.Name == name })
	return i, i >= 0
}

// Scores returns the scores of a candidate, one per run, in the order of the folds. A metric
// of "" is the first. It returns nil if there is no such candidate or metric.
func (r *Result) Scores(candidate, metric string) []float64 {
	m, ok := r.metric(metric)
	if !ok {
		return nil
	}
	var scores []float64
	for _, run := range r.Runs {
		if run.Candidate == candidate && m < len(run.Scores) {
			scores = append(scores, run.Scores[m])
		}
	}
	return scores
}

// Mean returns the mean of [Result.Scores]; NaN if there are none or one is not defined.
func (r *Result) Mean(candidate, metric string) float64 {
	scores := r.Scores(candidate, metric)
	if len(scores) == 0 {
		return math.NaN()
	}
	mean, _ := meanStd(scores)
	return mean
}

// Std returns the standard deviation of [Result.Scores], with n-1 in the denominator; NaN if
// there are fewer than two. It measures how much folds differ, not how certain the mean is:
// for that see [Result.Interval].
func (r *Result) Std(candidate, metric string) float64 {
	scores := r.Scores(candidate, metric)
	if len(scores) < 2 {
		return math.NaN()
	}
	_, std := meanStd(scores)
	return std
}

// FitTime returns the candidate's mean fit time, or 0 if it has no run.
func (r *Result) FitTime(candidate string) time.Duration {
	return r.meanTime(candidate, func(run *Run) time.Duration { return run.FitTime })
}

// PredictTime returns the candidate's mean time to predict the test rows of a fold, or 0 if
// it has no run.
func (r *Result) PredictTime(candidate string) time.Duration {
	return r.meanTime(candidate, func(run *Run) time.Duration { return run.PredictTime })
}

func (r *Result) meanTime(candidate string, of func(*Run) time.Duration) time.Duration {
	if r == nil {
		return 0
	}
	var sum time.Duration
	n := 0
	for i := range r.Runs {
		if r.Runs[i].Candidate == candidate {
			sum += of(&r.Runs[i])
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / time.Duration(n)
}

// testOverTrain returns the mean number of test rows divided by that of training rows.
func (r *Result) testOverTrain() float64 {
	test, train := 0, 0
	for _, s := range r.Splits {
		test += len(s.Test)
		if s.Train != nil {
			train += len(s.Train)
		} else {
			train += r.Data.Rows - len(s.Test)
		}
	}
	return float64(test) / float64(train)
}
