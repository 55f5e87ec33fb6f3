package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/searchfiles"
	"github.com/seed732fc211/aegis/internal/setfile"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/ensemble"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/spf13/cobra"
)

type searchFlags struct {
	source
	files                        searchfiles.Files
	budget                       time.Duration
	trials, round                int
	folds, outer, workers        int
	metric, proposer, space, log string
	planned, rows                string
	memory                       int64
	full, alone, quiet           bool
	seed                         uint64
}

func searchCommand() *cobra.Command {
	var o searchFlags
	c := &cobra.Command{
		Use:   "search",
		Short: "Look for the best model of a table within a time, and say what it is worth",
		Long: `Search tries nets, boosted trees and forests with many settings on inner folds of the
rows, drops what can no longer win, averages the best ones and saves the result for aegis
predict. The first trial is the net of the other commands. It prints the trials and draws
a page: scores, settings, what each setting matters, the best trials.

The score by which the winner was chosen is too good: beside it stands one that is
corrected for the choice (Tsamardinos et al. 2018). --outer repeats the whole search on
the training rows of outer folds, which is the nested estimate, and holds it against the
net of the other commands there; it takes --outer times the budget more.

A search that is bounded by --trials alone gives the same result for any number of
workers; one that is bounded by --budget depends on the machine.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	o.source.flags(f)
	f.DurationVar(&o.budget, "budget", 5*time.Minute, "`TIME` for the search and the fits of its outcome, such as 90s or 10m; 0: none, with --trials")
	f.IntVar(&o.trials, "trials", 0, "`NUMBER` of trials at most; 0: until the budget ends")
	f.IntVar(&o.round, "round", 0, "`NUMBER` of trials that are proposed together, which then run side by side (default 8)")
	f.IntVar(&o.folds, "folds", 0, "`NUMBER` of inner folds (default: 10, from 1,000 rows on 5)")
	f.IntVar(&o.outer, "outer", 0, "`NUMBER` of outer folds for the nested estimate; 0: none")
	f.IntVar(&o.workers, "workers", 0, "`NUMBER` of fits at a time (default: one for each processor)")
	f.Int64Var(&o.memory, "memory", 0, "`MEBIBYTES` that the process may hold while fits run: fewer run at a time where they would not fit; 0: no bound")
	f.StringVar(&o.metric, "metric", "", "`METRIC` that decides (default: that of the task, such as accuracy or RMSE)")
	f.StringVar(&o.proposer, "proposer", "tpe", "`HOW` trials are proposed: tpe, sobol, random")
	f.StringVar(&o.space, "space", "", "JSON `FILE` of the space, as package describe writes a search.Space (default: nets and trees)")
	f.BoolVar(&o.full, "full", false, "fit every trial on every fold, even if it can no longer win")
	f.BoolVar(&o.alone, "alone", false, "keep the best trial alone, no ensemble")
	o.files.Flags(f)
	f.StringVar(&o.log, "log", "", "`FILE` that every finished fit is added to: run again with it, the command goes on where it was")
	f.StringVar(&o.planned, "plan", "", "`FILE` for the search, with --rows, in place of a search: for aegis-nats search, on many machines")
	f.StringVar(&o.rows, "rows", "", "with --plan, `FILE` for a copy of the rows")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of everything random")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

func (o *searchFlags) check(c *cobra.Command) error {
	if o.trials > 0 && !c.Flags().Changed("budget") {
		o.budget = 0
	}
	switch {
	case o.budget < 0 || o.trials < 0 || o.round < 0 || o.workers < 0 || o.memory < 0 || o.memory > 1<<40:
		return usage("--budget %v --trials %d --round %d --workers %d --memory %d: want none below 0", o.budget, o.trials, o.round, o.workers, o.memory)
	case o.budget == 0 && o.trials == 0:
		return usage("--budget 0 needs --trials, else the search does not end")
	case o.folds == 1 || o.folds < 0 || o.outer == 1 || o.outer < 0:
		return usage("--folds %d --outer %d: want 2 or more", o.folds, o.outer)
	case !slices.Contains([]string{"tpe", "sobol", "random"}, o.proposer):
		return usage("--proposer %s: want tpe, sobol or random", o.proposer)
	case (o.planned == "") != (o.rows == ""):
		return usage("--plan and --rows go together")
	case o.planned != "" && (o.memory > 0 || o.outer > 0 || o.log != ""):
		return usage("--plan with --memory, --outer or --log: these are for a search in this process")
	}
	if err := drawable(o.files.Report); err != nil {
		return err
	}
	return errors.Join(o.files.Check(), writable(o.planned), writable(o.rows))
}

// search returns the search that the flags describe.
func (o *searchFlags) search(set *data.Set) (search.Search, error) {
	s := search.Search{
		Trials: o.trials, Budget: o.budget, Round: o.round, Folds: o.folds, Metric: o.metric, Workers: o.workers, Memory: o.memory << 20, Seed: o.seed, Log: o.log,
		Race: search.Race{Full: o.full}, Ensemble: search.Ensemble{None: o.alone},
	}
	switch o.proposer {
	case "sobol":
		s.Proposer = search.Sobol{}
	case "random":
		s.Proposer = search.Random{}
	}
	if o.space == "" {
		var err error
		s.Space, err = ensemble.Space(set)
		return s, err
	}
	text, err := os.ReadFile(o.space)
	if err != nil {
		return s, err
	}
	if err := describe.Unmarshal(text, &s.Space); err != nil {
		return s, fmt.Errorf("%s: %w", o.space, err)
	}
	return s, nil
}

func (o *searchFlags) run(ctx context.Context, c *cobra.Command) error {
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if err := o.check(c); err != nil {
		return err
	}
	if o.quiet {
		status = io.Discard
	}
	set, err := o.load(c, status)
	if err != nil {
		return err
	}
	if err := enough(set); err != nil {
		return err
	}
	s, err := o.search(set)
	if err != nil {
		return err
	}
	if o.planned != "" {
		return o.plan(c, set, s)
	}
	if err := o.files.CheckSpace(s.Space); err != nil {
		return err
	}
	total, what := o.trials, "trials"
	if o.budget > 0 {
		total, what = max(1, int(o.budget.Seconds())), "seconds"
	}
	bar := newProgress(c.ErrOrStderr(), o.quiet, total, what)
	s.Progress = func(e search.Event) {
		n := e.Trials
		if o.budget > 0 {
			n = min(total, int(e.Elapsed.Seconds()))
		}
		bar.done(n, fmt.Sprintf("trial %d, %d fits, best %.4g", e.Trial, e.Fits, e.Best))
	}
	found, err := s.Run(ctx, set)
	bar.end()
	if found == nil {
		return err
	}
	if _, e := fmt.Fprint(out, found.Table()); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	facts := append([]plots.Fact{{Name: "proposals", Value: o.proposer}, {Name: "seed", Value: fmt.Sprint(o.seed)}}, versionFacts()...)
	if err := o.files.Write(ctx, set, found, facts, out, func(w string) { fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: %s\n", w) }); err != nil {
		return err
	}
	return o.nested(ctx, c, set, s)
}

// plan writes the search and the rows.
func (o *searchFlags) plan(c *cobra.Command, set *data.Set, s search.Search) error {
	text, err := describe.Marshal(s)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(o.rows, func(w io.Writer) error { return setfile.Write(w, set) }); err != nil {
		return err
	}
	if err := atomicfile.Write(o.planned, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "search: %s, of the rows: %s, for aegis-nats search\n", o.planned, o.rows)
	return err
}

// nested holds the search against the net of the other commands on outer folds.
func (o *searchFlags) nested(ctx context.Context, c *cobra.Command, set *data.Set, s search.Search) error {
	out := c.OutOrStdout()
	if o.outer == 0 {
		fmt.Fprintf(out, "The nested estimate, of the search as a whole on rows it never saw: --outer 5, which takes five times as long again.\n")
		return nil
	}
	how := crossvalFlags{folds: o.outer, repeats: 1, metric: o.metric}
	how.seed = o.seed
	scorers, err := how.scorers(set)
	if err != nil {
		return err
	}
	s.Progress = nil
	bar := newProgress(c.ErrOrStderr(), o.quiet, 2*o.outer, "outer fits")
	var log string
	if o.log != "" {
		log = o.log + ".outer"
	}
	res, err := crossval.Validate(ctx, set, how.splitter(set), []crossval.Candidate{
		{Name: "search", Estimator: s}, {Name: "default", Estimator: tabular.Estimator{}},
	}, crossval.Options{
		Seed: o.seed, Workers: 1, Metrics: scorers, Log: log,
		Progress: func(e crossval.Event) {
			if e.Finished {
				bar.done(e.Done, e.Candidate)
			}
		},
	})
	bar.end()
	if res == nil || err != nil {
		return err
	}
	fmt.Fprintf(out, "\nnested estimate: the whole search repeated on the training rows of %d outer folds\n%s", o.outer, res.Table())
	comparisons, err := crossval.Compare(res, "search", "")
	if err != nil {
		return err
	}
	for i := range comparisons {
		fmt.Fprintf(out, "  %s\n", comparisons[i].Verdict())
	}
	return nil
}
