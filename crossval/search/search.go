package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/builtin"
)

// Search looks for the best settings of a Space by cross-validation. At least one of Trials
// and Budget is needed; the other fields have defaults.
//
// Trials are proposed in rounds. The first trial is the base of the space; the proposals of a
// round depend on the trials of earlier rounds alone. What bounds a search by time depends
// on the machine, so that only searches bounded by trials can be repeated exactly.
type Search struct {
	Space    Space
	Proposer Proposer      // nil: TPE{}
	Trials   int           // at most, the base among them; 0: until the budget ends
	Budget   time.Duration // of Fit: the search and the fits of what it has found; 0: none
	Round    int           // trials that are proposed together; 0: 8

	Folds    int               // inner folds; 0: 10, and 5 of 1,000 rows or more
	Splitter crossval.Splitter // nil: Folds folds, shuffled; stratified by class, or of whole groups
	Metric   string            // that decides; "": the first of the task
	Race     Race
	Ensemble Ensemble

	Seed    uint64 // for Run
	Workers int    // fits at a time; 0: GOMAXPROCS
	Memory  int64  // see crossval.Options.Memory

	// Log is a file that finished fits are written to, and taken from when the search is run
	// again: see crossval.Options. Fits in the log count for the budget with the time that
	// they took. "": none.
	Log      string      `describe:"-"`
	Progress func(Event) `describe:"-"` // called as fits begin and end, one call at a time

	// Elsewhere runs the fits on folds in other processes: see crossval.Options. Workers is then
	// how many fits there may be at a time; what the search has found is fitted here.
	Elsewhere crossval.Elsewhere `describe:"-"`
}

func init() {
	builtin.Register(Search{}, Blend{}, Stack{}, Space{}, Uniform{}, LogUniform{}, Int{}, Choice{}, Random{}, Sobol{}, TPE{}, ASHA{})
}

// Fit implements crossval.Estimator: it searches and fits the best outcome to all rows. Log
// is not used, as a log belongs to one set of rows.
func (s Search) Fit(ctx context.Context, rows data.Source, seed uint64) (*data.Predictor, error) {
	s.Seed, s.Log = seed, ""
	out, err := s.Run(ctx, rows)
	if err != nil {
		return nil, err
	}
	p, err := out.Fit(ctx, rows)
	if err != nil {
		return nil, err
	}
	p.Notes = append(p.Notes, out.note())
	return p, nil
}

// Run searches. When the budget ends, running fits are stopped and the outcome is of the
// trials that were fitted on all folds; part of the budget is kept for Outcome.Fit. When ctx
// is done, Run returns the outcome so far with the context's error.
//
// It is an error if the search is not bounded, a setting is wrong, the rows cannot be divided
// into folds, the log is of another search, or no trial was fitted on all folds.
func (s Search) Run(ctx context.Context, rows data.Source) (*Outcome, error) {
	r, err := s.start(rows)
	if err != nil {
		return nil, err
	}
	defer r.session.Close()
	err = r.loop(ctx)
	out, e := r.outcome(ctx)
	if e != nil {
		return nil, errors.Join(err, e)
	}
	return out, err
}

// check returns the search with its defaults.
func (s Search) check() (Search, error) {
	if s.Trials < 0 || s.Budget < 0 || s.Round < 0 || s.Workers < 0 {
		return s, fmt.Errorf("search: %d trials, a budget of %v, rounds of %d, %d workers: want none below 0", s.Trials, s.Budget, s.Round, s.Workers)
	}
	if s.Trials == 0 && s.Budget == 0 {
		return s, errors.New("search: neither a number of trials nor a budget of time: the search would not end")
	}
	if s.Folds != 0 && (s.Folds < 2 || s.Splitter != nil) {
		return s, fmt.Errorf("search: %d folds: want 2 or more, and no splitter beside them", s.Folds)
	}
	if s.Proposer == nil {
		s.Proposer = TPE{}
	}
	s.Round = orDefault(s.Round, 8)
	if err := s.Race.check(); err != nil {
		return s, err
	}
	if err := s.Ensemble.check(); err != nil {
		return s, err
	}
	return s, s.Space.check()
}

// splitter returns the inner folds.
func (s *Search) splitter(rows *data.Set) crossval.Splitter {
	if s.Splitter != nil {
		return s.Splitter
	}
	folds := s.Folds
	if folds == 0 {
		const many = 1000
		if folds = 10; rows.Len() >= many {
			folds = 5
		}
	}
	if rows.Groups != nil {
		return crossval.RepeatedGroupKFold{K: folds, Repeats: 1, Seed: s.Seed}
	}
	if rules, err := rows.Rules(); err == nil && rules.Choice {
		return crossval.StratifiedKFold{K: folds, Shuffle: true, Seed: s.Seed, Rare: true}
	}
	return crossval.KFold{K: folds, Shuffle: true, Seed: s.Seed}
}

// metrics returns the metrics of the task, the one that decides first.
func (s *Search) metrics(rows *data.Set) ([]data.Metric, error) {
	rules, err := rows.Rules()
	if err != nil {
		return nil, err
	}
	list := slices.Clone(rules.Metrics)
	if s.Metric == "" {
		return list, nil
	}
	all := rules.AllMetrics()
	at := slices.IndexFunc(all, func(m data.Metric) bool { return m.Name == s.Metric })
	if at < 0 {
		var names []string
		for _, m := range all {
			names = append(names, m.Name)
		}
		return nil, fmt.Errorf("search: there is no metric %q; there are %q", s.Metric, names)
	}
	list = slices.DeleteFunc(list, func(m data.Metric) bool { return m.Name == s.Metric })
	return append([]data.Metric{all[at]}, list...), nil
}

// run is a search under way.
type run struct {
	Search
	answers *data.Set
	session *crossval.Session
	metric  data.Metric
	begin   time.Time
	trials  []Trial
	notes   []string

	growth float64 // all rows over the mean number of training rows of a fold

	mu     sync.Mutex    // guards what follows
	logged time.Duration // what fits of the log took
	fits   int           // finished
	best   float64       // the best score of a complete trial; NaN: none
}

func (s Search) start(rows data.Source) (*run, error) {
	begin := time.Now()
	s, err := s.check()
	if err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, fmt.Errorf("search: %w", data.ErrEmpty)
	}
	answers, err := data.Answers(rows)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	metrics, err := s.metrics(answers)
	if err != nil {
		return nil, err
	}
	r := &run{Search: s, answers: answers, metric: metrics[0], begin: begin, best: math.NaN()}
	r.session, err = crossval.Open(rows, s.splitter(answers), crossval.Options{
		Seed: s.Seed, Workers: s.Workers, Memory: s.Memory, Metrics: metrics, Log: s.Log, Progress: r.tell, Elsewhere: s.Elsewhere,
	})
	if err != nil {
		return nil, err
	}
	r.growth = growth(r.session.Result())
	return r, nil
}

// tell counts fits and passes on events of the session.
func (r *run) tell(e crossval.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Finished {
		r.fits++
	}
	if e.Logged {
		r.logged += e.Elapsed
	}
	if r.Progress == nil {
		return
	}
	t := &r.trials[numberOf(e.Candidate)]
	r.Progress(Event{
		Trial: t.Number, Values: t.Values, Repeat: e.Repeat, Fold: e.Fold, Finished: e.Finished, Err: e.Err,
		Best: r.best, Trials: len(r.trials), Fits: r.fits, Elapsed: time.Since(r.begin),
	})
}

// nameOfTrial is the candidate of a trial in the session; numberOf is its inverse.
func nameOfTrial(number int) string { return fmt.Sprintf("trial %d", number) }

func numberOf(name string) int {
	var n int
	fmt.Sscanf(name, "trial %d", &n)
	return n
}

// loop proposes and fits, round by round.
func (r *run) loop(ctx context.Context) error {
	idle := 0
	for round := 0; ; round++ {
		n := r.Round
		if round == 0 {
			n = 1 // the base
		}
		if r.Trials > 0 {
			n = min(n, r.Trials-len(r.trials))
		}
		if n == 0 {
			return nil
		}
		if r.Budget > 0 && r.left() <= 0 {
			r.over(round)
			return nil
		}
		first := len(r.trials)
		if err := r.propose(round, n); err != nil {
			return err
		}
		err := r.inBudget(ctx, func(ctx context.Context) error { return r.race(ctx, r.trials[first:]) })
		if errors.Is(err, errBudget) {
			r.over(round)
			return nil
		}
		if err != nil {
			return err
		}
		if idle++; slices.ContainsFunc(r.trials[first:], func(t Trial) bool { return t.Same < 0 }) {
			idle = 0
		}
		if idle == 4 {
			r.notes = append(r.notes, "the last four rounds proposed nothing new: the space is small")
			return nil
		}
	}
}

func (r *run) over(round int) {
	r.notes = append(r.notes, fmt.Sprintf("the budget of %v ended in round %d", r.Budget, round))
}

var errBudget = errors.New("search: the budget has ended")

// left returns what is left of the budget, less what the fits of the outcome are going to take.
func (r *run) left() time.Duration { return r.Budget - r.spent() - r.reserve() - r.accounts() }

// inBudget calls f with a context that ends with what is left of the budget.
func (r *run) inBudget(ctx context.Context, f func(context.Context) error) error {
	if r.Budget == 0 {
		return f(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, r.left())
	defer cancel()
	err := f(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return errBudget
	}
	return err
}

// accounts returns the part of the budget that is kept for the ensemble and the estimates.
func (s *Search) accounts() time.Duration { return min(s.Budget*6/100, 10*time.Second) }

// spent returns the time of the search so far, that of fits in the log included.
func (r *run) spent() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.begin) + r.logged/time.Duration(r.atATime())
}

func (s *Search) atATime() int {
	if s.Workers > 0 {
		return s.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// membersAtATime returns how many members of the outcome are fitted at a time, in this process.
func (s *Search) membersAtATime() int {
	if s.Memory > 0 {
		return 1 // nothing keeps their memory within bounds
	}
	return min(s.atATime(), runtime.GOMAXPROCS(0))
}

// propose adds the trials of a round.
func (r *run) propose(round, n int) error {
	known := map[string]int{}
	for i := range r.trials {
		if r.trials[i].Same < 0 {
			known[string(r.trials[i].text)] = i
		}
	}
	list := r.trials
	for range n {
		t, err := r.proposal(round, list, known)
		if err != nil {
			return err
		}
		list = append(list, t)
	}
	r.mu.Lock()
	r.trials = list
	r.mu.Unlock()
	return nil
}

// again is how often another proposal is asked for in place of one that is known.
const again = 8

// proposal returns the next trial. In place of one that is known, another is asked for, with
// another seed; known is of all trials by their descriptions, and gains this one.
func (r *run) proposal(round int, list []Trial, known map[string]int) (t Trial, err error) {
	number := len(list)
	h := History{Settings: r.Space.Settings, Seed: r.Seed, Trials: list, Greater: r.metric.Greater}
	for try := range again {
		h.Known = try
		p := Proposal{Point: make(Point, len(r.Space.Settings)), Final: true, Of: -1}
		for i := range p.Point {
			p.Point[i] = math.NaN()
		}
		if round > 0 {
			if p, err = r.Proposer.Propose(h, number); err != nil {
				return t, err
			}
		}
		t = Trial{Number: number, Round: round, Point: p.Point, Rung: p.Rung, Of: p.Of, Final: p.Final, Same: -1, Score: math.NaN(), all: r.session.Folds()}
		if t.Estimator, t.Values, err = r.Space.candidate(t.Point, p.more); err != nil {
			return t, err
		}
		if t.text, err = describe.Marshal(&t.Estimator); err != nil {
			return t, fmt.Errorf("search: trial %d: %w", number, err)
		}
		same, ok := known[string(t.text)]
		if !ok {
			known[string(t.text)] = number
			break
		}
		t.Same = same
		h.Seed = crossval.JobSeed(r.Seed, "again", try)
	}
	return t, nil
}

// reserve returns what fitting the outcome to all rows is going to take: the winner and the
// members of an ensemble, as long as their fits on the folds took, scaled up to all rows.
func (r *run) reserve() time.Duration {
	best := r.ranked()
	if len(best) == 0 {
		return 0
	}
	var sum, longest time.Duration
	for _, i := range best[:min(len(best), r.Ensemble.size())] {
		t := &r.trials[i]
		one := time.Duration(float64(t.Fit) * r.growth)
		sum, longest = sum+one, max(longest, one)
	}
	return max(longest, sum/time.Duration(r.membersAtATime())) * 5 / 4
}

// ranked returns the numbers of the complete trials that compete, the best first.
func (r *run) ranked() []int {
	var out []int
	for i := range r.trials {
		if t := &r.trials[i]; t.Complete() && t.Final && t.Same < 0 && !math.IsNaN(t.Score) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(r.loss(a), r.loss(b)) })
	return out
}

func (r *run) loss(i int) float64 {
	if r.metric.Greater {
		return -r.trials[i].Score
	}
	return r.trials[i].Score
}

// growth returns all rows over the mean number of training rows of a fold.
func growth(r *crossval.Result) float64 {
	train := 0
	for _, s := range r.Splits {
		if s.Train != nil {
			train += len(s.Train)
		} else {
			train += r.Data.Rows - len(s.Test)
		}
	}
	return float64(r.Data.Rows*len(r.Splits)) / float64(max(1, train))
}
