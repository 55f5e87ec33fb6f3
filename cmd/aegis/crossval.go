package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// netName is the candidate that all others are compared with.
const netName = "net"

type crossvalFlags struct {
	source
	netFlags
	folds, repeats, workers int
	models                  []string
	limit                   time.Duration
	metric, time            string
	gap                     int
	region, margin          float64
	report, json, log       string
	quiet                   bool
}

func crossvalCommand() *cobra.Command {
	var o crossvalFlags
	c := &cobra.Command{
		Use:   "crossval",
		Short: "Compare a regularised net with baselines on the same folds",
		Long: `Crossval runs repeated stratified k-fold cross-validation of a net and of
baselines on the same folds, preprocessing fitted on each fold's training rows
only, and tests each difference with the corrected resampled t-test of Nadeau and
Bengio (2003). It prints a table and verdicts and draws a page. A model that fails
or takes too long is left out with its reason; the others stay.

A file of more than 1 GiB is not read to memory, as aegis train has it: nets read
the rows of their folds from it, a window at a time, and the result is the same.
Baselines hold their training rows in memory, and those that have bounds are left out;
what each column is worth is not measured.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c.Context(), c)
		},
	}
	f := c.Flags()
	o.planFlags(f)
	f.IntVar(&o.workers, "workers", 0, "`NUMBER` of fits at a time (default: one for each processor)")
	f.DurationVar(&o.limit, "time-limit", 20*time.Minute, "`TIME` that all fits of one model may take together, such as 90s or 10m; 0: no bound")
	o.pageFlags(f, "json")
	f.StringVar(&o.log, "log", "", "`FILE` that every finished fit is added to: run again with it, the command goes on where it was")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

// planFlags are those that say what is compared, on what.
func (o *crossvalFlags) planFlags(f *pflag.FlagSet) {
	o.source.flags(f)
	o.netFlags.flags(f)
	o.streamFlag(f)
	f.IntVar(&o.folds, "folds", 10, "`NUMBER` of folds")
	f.IntVar(&o.repeats, "repeats", 3, "`NUMBER` of repeats with other folds")
	f.StringVar(&o.time, "time", "", "`COLUMN` of times: each fold trains on rows before its test rows alone, in place of repeats; with --group on whole groups, such as days")
	f.IntVar(&o.gap, "gap", 0, "with --time, `NUMBER` of rows, or of groups, left out between training and test")
	f.StringSliceVar(&o.models, "models", nil, "`NAMES` of the models, separated by commas (default: net and all baselines); net is that of --recipe, recipes and baselines go by their names; list shows them")
	f.StringVar(&o.metric, "metric", "", "`METRIC` that models are compared by (default: that of the task, such as accuracy or RMSE)")
	f.Float64Var(&o.region, "region", 0, "`DIFFERENCE` that does not matter in practice, in units of the metric: says how probable more than that is (default: a hundredth of the metric's range, on the page)")
	f.Float64Var(&o.margin, "margin", 0, "`DIFFERENCE` by which the first model may be worse: tests whether it is worse by less (non-inferiority)")
}

// pageFlags are those of what a result is written to.
func (o *crossvalFlags) pageFlags(f *pflag.FlagSet, json string) {
	f.StringVar(&o.report, "report", "report.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	f.StringVar(&o.json, json, "", "`FILE` for all results, machine-readable")
}

func (o *crossvalFlags) check(c *cobra.Command) error {
	if err := o.netFlags.check(c); err != nil {
		return err
	}
	if o.limit < 0 {
		return usage("--time-limit %v: want a positive time, or 0", o.limit)
	}
	if o.folds < 2 || o.repeats < 1 || o.workers < 0 {
		return usage("--folds %d --repeats %d --workers %d: want at least 2 folds, 1 repeat and no negative number of workers", o.folds, o.repeats, o.workers)
	}
	if !(o.region >= 0) || !(o.margin >= 0) || math.IsInf(o.region+o.margin, 1) {
		return usage("--region %v --margin %v: want finite numbers of at least 0", o.region, o.margin)
	}
	switch {
	case o.time == "" && c.Flags().Changed("gap"):
		return usage("--gap goes with --time")
	case o.gap < 0:
		return usage("--gap %d: want 0 or more", o.gap)
	case o.time != "" && c.Flags().Changed("repeats") && o.repeats != 1:
		return usage("--time and --repeats exclude each other: time has one order")
	case o.time != "":
		o.repeats = 1
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	return writable(o.json)
}

func (o *crossvalFlags) run(ctx context.Context, c *cobra.Command) error {
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if len(o.models) == 1 && o.models[0] == "list" {
		return listModels(out)
	}
	if err := o.check(c); err != nil {
		return err
	}
	if o.quiet {
		status = io.Discard
	}
	v, err := o.prepare(c, status)
	if err != nil {
		return err
	}
	defer o.discard()
	_, err = o.validate(ctx, c, v)
	return err
}

// validate fits the candidates on the folds, and shows what came of it.
func (o *crossvalFlags) validate(ctx context.Context, c *cobra.Command, v validation) (*crossval.Result, error) {
	splits, err := crossval.Splits(v.set, v.splitter)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	bar := newProgress(c.ErrOrStderr(), o.quiet, len(v.candidates)*len(splits), "fits")
	logged := 0
	res, err := crossval.Validate(ctx, v.rows, v.splitter, v.candidates, crossval.Options{
		Seed: o.seed, Workers: o.workers, Metrics: v.metrics, TimeLimit: o.limit, Importance: v.importance, Log: o.log,
		Progress: func(e crossval.Event) {
			if e.Logged {
				logged++
			}
			if e.Finished {
				bar.done(e.Done, fmt.Sprintf("%s, repeat %d, fold %d", e.Candidate, e.Repeat+1, e.Fold+1))
			} else {
				bar.at(e.Candidate)
			}
		},
	})
	bar.end()
	interrupted := errors.Is(err, context.Canceled)
	if res == nil || len(res.Runs) == 0 && !interrupted {
		return res, err
	}
	if err := o.show(c, res, v, spent{fits: len(res.Runs) - logged, logged: logged, took: time.Since(begin)}); err != nil || !interrupted {
		return res, err
	}
	if o.log != "" {
		return res, fmt.Errorf("interrupted: %d of %d fits are in %s; the same command goes on from there", len(res.Runs), len(res.Candidates)*len(res.Splits), o.log)
	}
	return res, fmt.Errorf("interrupted: %d of %d fits were finished", len(res.Runs), len(res.Candidates)*len(res.Splits))
}

// validation is what the flags ask for.
type validation struct {
	rows       data.Source
	set        *data.Set // rows, but for their inputs if they are not in memory
	candidates []crossval.Candidate
	metrics    []data.Metric
	splitter   crossval.Splitter
	importance []string

	rowNames []string                        // on the page; nil: their numbers
	facts    func(model string) []plots.Fact // of a candidate, for the page; nil: those of the net
	notes    func() ([]string, error)        // for the page; nil: none
}

// prepare reads the rows and makes what is to be compared on them. After it, discard.
func (o *crossvalFlags) prepare(c *cobra.Command, status io.Writer) (v validation, err error) {
	if v.rows, v.set, err = o.rows(c, status); err != nil {
		return v, err
	}
	defer func() {
		if err != nil {
			o.discard()
		}
	}()
	if err := enough(v.set); err != nil {
		return v, err
	}
	if err := o.fits(v.set); err != nil {
		return v, err
	}
	if v.candidates, err = o.candidates(v.set); err != nil {
		return v, err
	}
	if v.metrics, err = o.scorers(v.set); err != nil {
		return v, err
	}
	v.splitter, v.importance, v.rowNames = o.splitter(v.set), o.importance(v.rows, v.set, v.candidates), rowNames(v.set)
	return v, nil
}

// importanceColumns is up to how many columns the page shows what each is worth.
const importanceColumns = 200

// importance names the candidate whose columns are shuffled: the first. Rows that are not in
// memory are not, as that takes all test rows of a fold to memory.
func (o *crossvalFlags) importance(rows data.Source, set *data.Set, candidates []crossval.Candidate) []string {
	if len(set.Features) > importanceColumns || rows != data.Source(set) {
		return nil
	}
	return []string{candidates[0].Name}
}

// scorers puts the metric that was asked for first.
func (o *crossvalFlags) scorers(set *data.Set) ([]data.Metric, error) {
	rules, err := set.Rules()
	if err != nil {
		return nil, err
	}
	list := slices.Clone(rules.Metrics)
	if o.metric == "" {
		return list, nil
	}
	all := rules.AllMetrics()
	i := slices.IndexFunc(all, func(s data.Metric) bool { return strings.EqualFold(s.Name, o.metric) })
	if i < 0 {
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		return nil, usage("--metric %s: want one of %s", o.metric, strings.Join(names, ", "))
	}
	list = slices.DeleteFunc(list, func(s data.Metric) bool { return s.Name == all[i].Name })
	return append([]data.Metric{all[i]}, list...), nil
}

// listModels writes the names that --models takes.
func listModels(out io.Writer) error {
	_, err := fmt.Fprintf(out, "net: that of --recipe\nrecipes: %s\nbaselines of classifications: %s\nbaselines of regressions: %s\n",
		strings.Join(tabular.Names(), ", "), strings.Join(baselines.Names(data.Classify{}), ", "), strings.Join(baselines.Names(data.Regress{}), ", "))
	return err
}

// enough reports whether there is something to learn from the rows.
func enough(set *data.Set) error {
	if set.Len() < 2 {
		return fmt.Errorf("%s: %d row: cross-validation needs at least 2", set.Name, set.Len())
	}
	if set.Classes != nil && len(set.Classes) < 2 {
		return fmt.Errorf("%s: the target %q has one class only, %q: there is nothing to tell apart", set.Name, set.Target, set.Classes)
	}
	return nil
}

// splitter returns the folds through time, of whole groups, or stratified by class.
func (o *crossvalFlags) splitter(set *data.Set) crossval.Splitter {
	switch {
	case o.time != "" && set.Groups != nil:
		return crossval.PurgedTimeSeries{K: o.folds, Purge: o.gap, Column: o.time}
	case o.time != "":
		return crossval.TimeSeries{K: o.folds, Gap: o.gap, Column: o.time}
	case set.Groups != nil:
		return crossval.RepeatedGroupKFold{K: o.folds, Repeats: o.repeats, Seed: o.seed}
	}
	if rules, err := set.Rules(); err == nil && !rules.Choice {
		return crossval.RepeatedKFold{K: o.folds, Repeats: o.repeats, Seed: o.seed}
	}
	return crossval.RepeatedStratifiedKFold{K: o.folds, Repeats: o.repeats, Seed: o.seed, Rare: true}
}

// candidates are the net and the baselines, or those of --models.
func (o *crossvalFlags) candidates(set *data.Set) ([]crossval.Candidate, error) {
	e, err := o.estimator()
	if err != nil {
		return nil, err
	}
	net := crossval.Candidate{Name: netName, Estimator: e}
	if len(o.models) == 0 {
		return append([]crossval.Candidate{net}, baselines.For(set)...), nil
	}
	var list []crossval.Candidate
	for _, name := range o.models {
		name = strings.TrimSpace(name)
		if name == netName {
			list = append(list, net)
			continue
		}
		if recipe, err := tabular.ByName(name); err == nil {
			one := e
			one.Recipe = recipe
			list = append(list, crossval.Candidate{Name: name, Estimator: one})
			continue
		}
		all := baselines.For(set)
		at := slices.IndexFunc(all, func(c crossval.Candidate) bool { return c.Name == name })
		if at < 0 {
			var names []string
			for _, c := range all {
				names = append(names, c.Name)
			}
			return nil, usage("--models: there is no %q; there are net, %s, %s", name, strings.Join(tabular.Names(), ", "), strings.Join(names, ", "))
		}
		list = append(list, all[at])
	}
	return list, nil
}

// reference is the candidate that the others are held against: the first that has
// finished, one that learns nothing only if there is no other.
func reference(res *crossval.Result) string {
	last := ""
	for _, c := range res.Candidates {
		switch {
		case !res.Complete(c.Name):
		case c.Name != "majority" && c.Name != "mean" && c.Name != "constant":
			return c.Name
		case last == "":
			last = c.Name
		}
	}
	return last
}

// spent is what fits took.
type spent struct {
	fits, logged int // done now, and taken from the log
	took         time.Duration
	jobs         bool // by jobs, maybe on many machines; took is the sum of their times
}

func (s spent) String() string {
	if s.jobs {
		return fmt.Sprintf("%d fits of %s by jobs", s.fits, s.took.Round(10*time.Millisecond))
	}
	text := fmt.Sprintf("%d fits in %s", s.fits, s.took.Round(10*time.Millisecond))
	if s.logged > 0 {
		text += fmt.Sprintf(", %d from the log", s.logged)
	}
	return text
}

func (o *crossvalFlags) show(c *cobra.Command, res *crossval.Result, v validation, work spent) error {
	out := c.OutOrStdout()
	if len(res.Runs) == 0 {
		return nil
	}
	if _, err := fmt.Fprint(out, res.Table()); err != nil {
		return err
	}
	for _, f := range res.Failed {
		if !f.Skipped {
			fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: %v\n", f)
		}
	}
	ref := reference(res)
	var comparisons []crossval.Comparison
	if ref != "" {
		var err error
		comparisons, err = crossval.CompareWith(res, ref, crossval.CompareOptions{Region: o.region, Margin: o.margin})
		switch {
		case err == nil:
			fmt.Fprintf(out, "\n%s\n", crossval.Title(comparisons))
		case len(res.Candidates) > 1:
			fmt.Fprintf(out, "\nno comparison: %v\n", err)
		}
		for i := range comparisons {
			fmt.Fprintf(out, "  %s\n", comparisons[i].Verdict())
			if text := comparisons[i].Practical(); text != "" && (o.region > 0 || o.margin > 0) {
				fmt.Fprintf(out, "    %s\n", text)
			}
		}
		if note := crossval.PowerNote(comparisons); note != "" {
			fmt.Fprintf(out, "  %s\n", note)
		}
		for _, text := range res.Caveats() {
			fmt.Fprintf(out, "  %s\n", text)
		}
		for _, n := range res.Notes(ref) {
			if !strings.HasPrefix(n, "val_loss has not improved") {
				fmt.Fprintf(out, "note: %s: %s\n", ref, n)
			}
		}
	}
	fmt.Fprintf(out, "\n%s\n", work)
	if o.json != "" {
		if err := o.writeJSON(res, comparisons); err != nil {
			return err
		}
		fmt.Fprintf(out, "results: %s\n", o.json)
	}
	if o.report == "" || ref == "" {
		return nil
	}
	return o.draw(c, res, v, ref, comparisons, work)
}

// draw writes the page.
func (o *crossvalFlags) draw(c *cobra.Command, res *crossval.Result, v validation, ref string, comparisons []crossval.Comparison, work spent) error {
	var facts []plots.Fact
	if v.facts != nil {
		facts = v.facts(ref)
	} else if e, err := o.estimator(); err == nil && ref == netName {
		facts = o.facts(e, v.set)
	}
	var notes []string
	if v.notes != nil {
		var err error
		if notes, err = v.notes(); err != nil {
			return err
		}
	}
	facts = append(facts, versionFacts()...)
	took := work.String()
	if !work.jobs {
		took += fmt.Sprintf(", %d at a time", o.atATime())
	}
	facts = append(facts, plots.Fact{Name: "time", Value: took})
	page, err := plots.CrossValidation(plots.Report{Result: res, Reference: ref, Comparisons: comparisons, RowNames: v.rowNames, Facts: facts, Notes: notes})
	if err != nil {
		return err
	}
	return save(c, page, o.report)
}

// save writes a page and says where it is, and what could not be drawn.
func save(c *cobra.Command, page *plots.Figure, path string) error {
	if err := page.Save(path); err != nil {
		return err
	}
	for _, w := range page.Warnings() {
		fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: %s\n", w)
	}
	fmt.Fprintf(c.OutOrStdout(), "report: %s\n", path)
	return nil
}

// rowNames returns what identifies the rows, if a column was kept for that; nil:
// none was.
func rowNames(set *data.Set) []string {
	if set == nil || len(set.Texts) == 0 {
		return nil
	}
	return set.Texts[0].Cells
}

func (o *crossvalFlags) atATime() int {
	if o.workers > 0 {
		return o.workers
	}
	return runtime.GOMAXPROCS(0)
}

// document is the JSON of --json. Times are in result.timing and nowhere else.
type document struct {
	Aegis       string                `json:"aegis"`
	Parameters  map[string]string     `json:"parameters"`
	Comparisons []crossval.Comparison `json:"comparisons"`
	Result      json.RawMessage       `json:"result"`
}

func (o *crossvalFlags) writeJSON(res *crossval.Result, list []crossval.Comparison) error {
	d := document{Aegis: version, Comparisons: list, Parameters: map[string]string{
		"recipe": o.recipe, "hidden": o.hidden, "dropout": fmt.Sprint(o.dropout), "l1": fmt.Sprint(o.l1), "l2": fmt.Sprint(o.l2), "epochs": fmt.Sprint(o.epochs),
		"patience": fmt.Sprint(o.patience), "batch": fmt.Sprint(o.batch), "learning_rate": fmt.Sprint(o.learningRate),
		"class_weight": o.classWeight, "calibrate": o.calibrate, "decide": o.decide, "costs": o.costs,
		"folds": fmt.Sprint(o.folds), "repeats": fmt.Sprint(o.repeats), "time": o.time, "gap": fmt.Sprint(o.gap), "seed": fmt.Sprint(o.seed),
		"region": fmt.Sprint(o.region), "margin": fmt.Sprint(o.margin),
	}}
	return atomicfile.Write(o.json, func(w io.Writer) error {
		var b bytes.Buffer
		if err := res.WriteJSON(&b); err != nil {
			return err
		}
		d.Result = b.Bytes()
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(d)
	})
}
