package search

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// Outcome is what a search has found.
type Outcome struct {
	Trials  []Trial
	Winner  int      // the trial with the best score
	Weights []Weight // of the trials in the ensemble, the largest first; one if the winner is best alone
	Metric  data.Metric

	// Optimistic is the winner's score on the inner folds, by which it was chosen, with the
	// corrected interval of crossval.Result.Interval; Corrected makes up for the choice, and
	// Blended does so for the ensemble; their Method is "" if they could not be made, and Notes
	// says why. What a search as a whole is worth, on rows that it never saw, is what
	// crossval.Validate says of the Search.
	Optimistic, Corrected, Blended Estimate

	Result  *crossval.Result // of all trials on the inner folds, by the name "trial 7"
	Elapsed time.Duration
	Notes   []string

	search Search
}

// outcome sums up a search. When ctx is done, it makes no ensemble and corrects nothing.
func (r *run) outcome(ctx context.Context) (*Outcome, error) {
	best := r.ranked()
	if len(best) == 0 {
		return nil, r.nothing()
	}
	o := &Outcome{
		Trials: r.trials, Winner: best[0], Metric: data.Metric{Name: r.metric.Name, Greater: r.metric.Greater, Range: r.metric.Range},
		Result: r.session.Result(), Notes: r.notes, search: r.Search,
		Weights: []Weight{{Trial: best[0], Weight: 1}},
	}
	in, err := o.Result.Interval(nameOfTrial(o.Winner), r.metric.Name)
	if err == nil {
		o.Optimistic = Estimate{Score: in.Estimate, Low: in.Low, High: in.High, Method: "mean over the inner folds that it was chosen by"}
	} else { // of one fold there is none
		o.Notes = append(o.Notes, err.Error())
	}
	if err := o.combine(ctx, r, best); err != nil {
		o.Notes = append(o.Notes, err.Error())
	}
	o.Elapsed = r.spent()
	return o, nil
}

// nothing says why no trial is complete.
func (r *run) nothing() error {
	for i := range r.trials {
		if t := &r.trials[i]; t.Failed != "" {
			return fmt.Errorf("search: no trial was fitted on all folds; trial %d: %s", t.Number, t.Failed)
		}
	}
	folds := 0
	if len(r.trials) > 0 {
		folds = r.trials[0].Folds
	}
	return fmt.Errorf("search: no trial was fitted on all folds: the search ended when the first had %d of %d", folds, r.session.Folds())
}

// combine selects the ensemble and corrects the estimates.
func (o *Outcome) combine(ctx context.Context, r *run, best []int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("search: no ensemble and no corrected estimate: %w", err)
	}
	l, err := newLibrary(o.Result, r.answers, r.metric, best)
	if err != nil {
		return err
	}
	all := make([]int, l.truth.Len())
	for i := range all {
		all[i] = i
	}
	choose, err := l.best(r.metric)
	if err != nil {
		return err
	}
	if o.Corrected, err = l.corrected(ctx, r.metric, r.Seed, bootstraps, r.accounts()/3, choose); err != nil {
		return err
	}
	if r.Ensemble.None {
		return nil
	}
	counts, err := l.selectOn(all, r.Ensemble)
	if err != nil {
		return err
	}
	o.Weights = l.weights(counts)
	samples, rows := l.affordable(r.Ensemble)
	o.Blended, err = l.corrected(ctx, r.metric, r.Seed, samples, r.accounts()/3, func(in []int) ([]int, error) {
		return l.selectOn(in[:min(len(in), rows)], r.Ensemble)
	})
	return err
}

// affordable returns how many bootstrap samples of how many rows ensemble selection is
// repeated on, so that it takes seconds.
func (l *library) affordable(e Ensemble) (samples, rows int) {
	const work = 4e9
	one := l.cost * float64(orDefault(e.Steps, 50)*len(l.list)*l.width*l.truth.Len())
	samples = min(bootstraps, max(fewest, int(work/one)))
	rows = max(100, int(float64(l.truth.Len())*min(1, work/(one*float64(samples)))))
	return samples, rows
}

var errNoOutcome = errors.New("search: no outcome, or one whose parts do not fit together")

// fits reports whether the parts of an outcome fit together, as those that Run returns do.
func (o *Outcome) fits() bool {
	if o == nil || o.Result == nil || len(o.Weights) == 0 || o.Winner < 0 || o.Winner >= len(o.Trials) {
		return false
	}
	for _, w := range o.Weights {
		if w.Trial < 0 || w.Trial >= len(o.Trials) {
			return false
		}
	}
	return true
}

// Best returns the estimator of the outcome: the ensemble's Blend, or the winner's if that is
// best alone. It is the base of the space's type, fitted to whatever rows it is given.
func (o *Outcome) Best() crossval.Estimator {
	if !o.fits() {
		return nil
	}
	if len(o.Weights) == 1 {
		return o.Trials[o.Weights[0].Trial].Estimator
	}
	return o.blend(len(o.Weights))
}

// blend returns the Blend of the first n members.
func (o *Outcome) blend(n int) Blend {
	var b Blend
	for _, w := range o.Weights[:n] {
		b.Members = append(b.Members, Member{o.Trials[w.Trial].Estimator, w.Weight})
	}
	return b
}

// Fit fits the outcome to all rows within what is left of the search's budget: members of the
// ensemble whose fits would end after it are left out, with a note, the one with the largest
// weight never. Members are fitted side by side, as many as Search.Workers says and this
// process has processors for, one at a time with Search.Memory. The seed of member i is
// crossval.JobSeed(Search.Seed, "member", i).
func (o *Outcome) Fit(ctx context.Context, rows data.Source) (*data.Predictor, error) {
	if !o.fits() {
		return nil, errNoOutcome
	}
	fitted := make([]*data.Predictor, len(o.Weights))
	err := o.FitMembers(ctx, func(ctx context.Context, i int, m Member, seed uint64) (err error) {
		fitted[i], err = m.Estimator.Fit(ctx, rows, seed)
		return err
	})
	if err != nil {
		return nil, err
	}
	b := o.blend(len(fitted))
	var kept Blend
	var list []*data.Predictor
	for i, f := range fitted {
		if f != nil {
			kept.Members, list = append(kept.Members, b.Members[i]), append(list, f)
		}
	}
	p, err := kept.join(rows, list)
	if err == nil && len(list) < len(fitted) {
		p.Notes = append(p.Notes, fmt.Sprintf("%d of the %d members of the ensemble were left out: the budget of %v had ended", len(fitted)-len(list), len(fitted), o.search.Budget))
	}
	return p, err
}

// FitMembers calls fit for the members of the ensemble, side by side, as Outcome.Fit does: the
// context of all but the first ends with the budget of the search, and a member that is
// stopped by it is no error. It is for who wants more than predictors, such as models to save.
func (o *Outcome) FitMembers(ctx context.Context, fit func(ctx context.Context, i int, m Member, seed uint64) error) error {
	if !o.fits() || fit == nil {
		return errNoOutcome
	}
	limited, cancel := ctx, context.CancelFunc(func() {})
	if o.search.Budget > 0 {
		limited, cancel = context.WithTimeout(ctx, max(0, o.search.Budget-o.Elapsed))
	}
	defer cancel()
	b := o.blend(len(o.Weights))
	if err := b.check(); err != nil {
		return err
	}
	errs := make([]error, len(b.Members))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(len(errs), o.search.membersAtATime()) {
		wg.Go(func() {
			for i := range next {
				of := limited
				if i == 0 {
					of = ctx
				}
				if of.Err() == nil {
					errs[i] = fit(of, i, b.Members[i], crossval.JobSeed(o.search.Seed, "member", i))
				}
				if i > 0 && limited.Err() != nil && ctx.Err() == nil {
					errs[i] = nil
				}
			}
		})
	}
	for i := range errs {
		next <- i
	}
	close(next)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("search: trial %d: %w", o.Weights[i].Trial, err)
		}
	}
	return ctx.Err()
}

// note is the outcome in a sentence.
func (o *Outcome) note() string {
	return fmt.Sprintf("search: trial %d of %d is best: %s", o.Winner, len(o.Trials), inWords(o.Trials[o.Winner].Values))
}

// Ranked returns the numbers of the trials, the best first: complete ones by their scores, those
// that compete before those that do not, then dropped ones by theirs, then failed ones. Trials
// that repeat another are left out.
func (o *Outcome) Ranked() []int {
	if o == nil {
		return nil
	}
	class := func(t *Trial) int {
		switch {
		case t.Failed != "":
			return 3
		case !t.Complete():
			return 2
		case !t.Final:
			return 1
		}
		return 0
	}
	var out []int
	for i := range o.Trials {
		if o.Trials[i].Same < 0 {
			out = append(out, i)
		}
	}
	loss := func(t *Trial) float64 {
		switch {
		case math.IsNaN(t.Score):
			return math.Inf(1)
		case o.Metric.Greater:
			return -t.Score
		}
		return t.Score
	}
	slices.SortStableFunc(out, func(i, j int) int {
		a, b := &o.Trials[i], &o.Trials[j]
		return cmp.Or(class(a)-class(b), cmp.Compare(loss(a), loss(b)))
	})
	return out
}

// tableMost is the number of trials that Table shows.
const tableMost = 15

// Table writes what was tried, the best trials first, then the winner with its estimates and
// the ensemble.
func (o *Outcome) Table() string {
	if !o.fits() {
		return ""
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "trial\t%s\tfolds\tfit\tsettings\n", o.Metric.Name)
	ranked := o.Ranked()
	for _, i := range ranked[:min(len(ranked), tableMost)] {
		t := &o.Trials[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", t.Number, t.ScoreText(), t.FoldsText(), t.Fit.Round(time.Millisecond), t.SettingsText())
	}
	w.Flush()
	fmt.Fprintf(&b, "%s\n", o.Counts())
	fmt.Fprintf(&b, "\nwinner: trial %d, %s\n", o.Winner, o.Trials[o.Winner].SettingsText())
	for _, line := range o.Estimates() {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	if text := o.EnsembleText(); text != "" {
		fmt.Fprintf(&b, "ensemble: %s\n", text)
	}
	for _, n := range o.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// Counts says how many trials there are of each kind, and fits.
func (o *Outcome) Counts() string {
	if !o.fits() {
		return ""
	}
	complete, dropped, failed, same, fits := 0, 0, 0, 0, 0
	for i := range o.Trials {
		switch t := &o.Trials[i]; {
		case t.Same >= 0:
			same++
			continue
		case t.Failed != "":
			failed++
		case t.Complete():
			complete++
		default:
			dropped++
		}
		fits += o.Trials[i].Folds
	}
	text := fmt.Sprintf("%d trials: %d fitted on all %d folds, %d dropped", len(o.Trials), complete, len(o.Result.Splits), dropped)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	if same > 0 {
		text += fmt.Sprintf(", %d repeat another", same)
	}
	return text + fmt.Sprintf("; %d fits", fits)
}

// EnsembleText lists the trials of the ensemble with their weights, as in 0.60 of trial 3,
// 0.40 of trial 7; "" if the winner is best alone.
func (o *Outcome) EnsembleText() string {
	if !o.fits() || len(o.Weights) == 1 && o.Weights[0].Trial == o.Winner {
		return ""
	}
	if len(o.Weights) == 1 {
		return fmt.Sprintf("trial %d alone", o.Weights[0].Trial)
	}
	var parts []string
	for _, w := range o.Weights {
		parts = append(parts, fmt.Sprintf("%.2f of trial %d", w.Weight, w.Trial))
	}
	return strings.Join(parts, ", ")
}

// Estimates returns the estimates in words, one a line.
func (o *Outcome) Estimates() []string {
	if o == nil {
		return nil
	}
	var out []string
	add := func(of string, e Estimate) {
		if e.Method != "" {
			out = append(out, fmt.Sprintf("%s: %s %.4f (95%% interval %.4f to %.4f; %s)", of, o.Metric.Name, e.Score, e.Low, e.High, e.Method))
		}
	}
	add("optimistic", o.Optimistic)
	add("corrected for the choice", o.Corrected)
	add("ensemble, corrected", o.Blended)
	return out
}

// Settings returns the settings of the space that was searched, in the order of
// Trial.Point.
func (o *Outcome) Settings() []Setting {
	if o == nil {
		return nil
	}
	return slices.Clone(o.search.Space.Settings)
}

// ScoreText formats the score, as in 0.9513; ~0.9513 is the estimate of a trial that was
// dropped, and "-" one that failed.
func (t *Trial) ScoreText() string {
	switch {
	case t == nil || t.Failed != "" || math.IsNaN(t.Score):
		return "-"
	case t.Dropped != "":
		return fmt.Sprintf("~%.4f", t.Score)
	}
	return fmt.Sprintf("%.4f", t.Score)
}

// FoldsText says how many folds the trial was fitted on, as in 2 of 10, or that it failed.
func (t *Trial) FoldsText() string {
	switch {
	case t == nil:
		return "-"
	case t.Failed != "":
		return "failed"
	}
	return fmt.Sprintf("%d of %d", t.Folds, t.all)
}

// SettingsText lists the open settings with their values, as in rate = 0.03, leaves = 12, and
// the rung of a trial that has one.
func (t *Trial) SettingsText() string {
	if t == nil {
		return ""
	}
	text := inWords(t.Values)
	if t.Rung > 0 || !t.Final {
		text += fmt.Sprintf(" (rung %d)", t.Rung)
	}
	return text
}

// trialJSON is a trial in a file.
type trialJSON struct {
	Number    int             `json:"number"`
	Round     int             `json:"round"`
	Rung      int             `json:"rung"`
	Of        *int            `json:"of,omitempty"`
	Same      *int            `json:"same,omitempty"`
	Values    []Value         `json:"values"`
	Point     []*float64      `json:"point"`
	Estimator json.RawMessage `json:"estimator"`
	Scores    []*float64      `json:"scores"`
	Score     *float64        `json:"score"`
	Dropped   string          `json:"dropped,omitempty"`
	Failed    string          `json:"failed,omitempty"`
	FitNs     int64           `json:"fit_ns"`
}

// WriteJSON writes the trials, the winner, the ensemble and the estimates. Points that are not
// open, and scores that are not known, are null.
func (o *Outcome) WriteJSON(w io.Writer) error {
	if !o.fits() || w == nil {
		return errNoOutcome
	}
	known := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	out := struct {
		Format   string              `json:"format"`
		Version  int                 `json:"version"`
		Metric   string              `json:"metric"`
		Greater  bool                `json:"greater"`
		Winner   int                 `json:"winner"`
		Weights  []Weight            `json:"weights"`
		Estimate map[string]Estimate `json:"estimates"`
		Trials   []trialJSON         `json:"trials"`
		Notes    []string            `json:"notes"`
		TookNs   int64               `json:"took_ns"`
	}{"aegis-search", 1, o.Metric.Name, o.Metric.Greater, o.Winner, o.Weights, map[string]Estimate{}, nil, o.Notes, int64(o.Elapsed)}
	for name, e := range map[string]Estimate{"optimistic": o.Optimistic, "corrected": o.Corrected, "ensemble": o.Blended} {
		if e.Method != "" {
			out.Estimate[name] = e
		}
	}
	for i := range o.Trials {
		t := &o.Trials[i]
		text, err := describe.Marshal(&t.Estimator)
		if err != nil {
			return fmt.Errorf("search: trial %d: %w", i, err)
		}
		j := trialJSON{
			Number: t.Number, Round: t.Round, Rung: t.Rung, Values: t.Values, Estimator: text, Scores: []*float64{}, Score: known(t.Score),
			Dropped: t.Dropped, Failed: t.Failed, FitNs: int64(t.Fit),
		}
		if t.Of >= 0 {
			j.Of = &t.Of
		}
		if t.Same >= 0 {
			j.Same = &t.Same
		}
		for _, v := range t.Scores {
			j.Scores = append(j.Scores, known(v))
		}
		for _, u := range t.Point {
			j.Point = append(j.Point, known(u))
		}
		out.Trials = append(out.Trials, j)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}
