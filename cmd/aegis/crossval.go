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
	"text/tabwriter"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/plots"
	"github.com/spf13/cobra"
)

// netName is the candidate that all others are compared with.
const netName = "net"

type crossvalFlags struct {
	source
	netFlags
	folds, repeats, workers int
	report, json            string
	quiet                   bool
}

func crossvalCommand() *cobra.Command {
	var o crossvalFlags
	c := &cobra.Command{
		Use:   "crossval",
		Short: "Compare a regularised net with baselines on the same folds",
		Long: `Crossval runs repeated stratified k-fold cross-validation of a regularised net
and of baselines on the same folds, preprocessing fitted on each fold's training
rows only, and tests each difference with the corrected resampled t-test of
Nadeau and Bengio (2003). It prints a table and verdicts and draws a page.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c.Context(), c)
		},
	}
	f := c.Flags()
	o.source.flags(f)
	o.netFlags.flags(f)
	f.IntVar(&o.folds, "folds", 10, "`NUMBER` of folds")
	f.IntVar(&o.repeats, "repeats", 3, "`NUMBER` of repeats with other folds")
	f.IntVar(&o.workers, "workers", 0, "`NUMBER` of fits at a time (default: one for each processor)")
	f.StringVar(&o.report, "report", "report.png", "`FILE` for the page: .png or .svg; empty: none")
	f.StringVar(&o.json, "json", "", "`FILE` for all results, machine-readable")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

func (o *crossvalFlags) check() error {
	if err := o.netFlags.check(); err != nil {
		return err
	}
	if o.folds < 2 || o.repeats < 1 || o.workers < 0 {
		return usage("--folds %d --repeats %d --workers %d: want at least 2 folds, 1 repeat and no negative number of workers", o.folds, o.repeats, o.workers)
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	return writable(o.json)
}

func (o *crossvalFlags) run(ctx context.Context, c *cobra.Command) error {
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if err := o.check(); err != nil {
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
	candidates := o.candidates(set.Task())
	begin := time.Now()
	bar := newProgress(c.ErrOrStderr(), o.quiet, len(candidates)*o.folds*o.repeats, "fits")
	res, err := crossval.Validate(ctx, set, o.grouped(set, o.splitter(set.Task())), candidates, crossval.Options{
		Seed: o.seed, Workers: o.workers,
		Progress: func(e crossval.Event) {
			if e.Finished {
				bar.done(e.Done, fmt.Sprintf("%s, repeat %d, fold %d", e.Candidate, e.Repeat+1, e.Fold+1))
			}
		},
	})
	bar.end()
	if err != nil {
		return o.partial(out, res, err)
	}
	return o.show(out, res, time.Since(begin))
}

// enough tells whether there is something to learn from the rows.
func enough(set *data.Set) error {
	if set.Len() < 2 {
		return fmt.Errorf("%s: %d row: cross-validation needs at least 2", set.Name, set.Len())
	}
	if set.Task() == data.Classify && len(set.Classes) < 2 {
		return fmt.Errorf("%s: the target %q has one class only, %q: there is nothing to tell apart", set.Name, set.Target, set.Classes)
	}
	return nil
}

func (o *crossvalFlags) splitter(t data.Task) crossval.Splitter {
	if t == data.Regress {
		return crossval.RepeatedKFold{K: o.folds, Repeats: o.repeats, Seed: o.seed}
	}
	return crossval.RepeatedStratifiedKFold{K: o.folds, Repeats: o.repeats, Seed: o.seed}
}

// candidates are the net, a linear model of our own graph, and the baselines.
func (o *crossvalFlags) candidates(t data.Task) []crossval.Candidate {
	linear := "logistic regression"
	if t == data.Regress {
		linear = "linear regression"
	}
	list := []crossval.Candidate{
		{Name: netName, New: o.factory(o.units)},
		{Name: linear, New: o.factory(nil), Baseline: true},
	}
	for _, b := range baselines.Default(t) {
		if b.Name == linear {
			b.Name += " (golearn)"
		}
		b.New = crossval.Preprocessed(preprocess(), b.New)
		list = append(list, b)
	}
	return list
}

// partial shows what was finished before an interrupt or a failure.
func (o *crossvalFlags) partial(out io.Writer, res *crossval.Result, err error) error {
	if res == nil {
		return err
	}
	total := len(res.Candidates) * len(res.Splits)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(out, "interrupted: %d of %d fits were finished; no report was written\n", len(res.Runs), total)
		if len(res.Runs) > 0 {
			fmt.Fprint(out, res.Table())
		}
		return errors.New("interrupted")
	}
	return err
}

func (o *crossvalFlags) show(out io.Writer, res *crossval.Result, took time.Duration) error {
	if err := table(out, res); err != nil {
		return err
	}
	comparisons, err := crossval.Compare(res, netName, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s of the net against each baseline, corrected resampled t-test (Nadeau & Bengio 2003), p adjusted by Holm:\n", res.Metrics[0].Name)
	for i := range comparisons {
		fmt.Fprintf(out, "  %s\n", comparisons[i].Verdict())
	}
	fmt.Fprintf(out, "\n%d fits in %s\n", len(res.Runs), took.Round(10*time.Millisecond))
	if o.json != "" {
		if err := o.writeJSON(res, comparisons); err != nil {
			return err
		}
		fmt.Fprintf(out, "results: %s\n", o.json)
	}
	if o.report == "" {
		return nil
	}
	facts := append(o.facts(), versionFacts()...)
	facts = append(facts, plots.Fact{Name: "time", Value: fmt.Sprintf("%s for %d fits, %d at a time", took.Round(100*time.Millisecond), len(res.Runs), o.atATime())})
	page, err := plots.CrossValidation(plots.Report{Result: res, Reference: netName, Facts: facts})
	if err != nil {
		return err
	}
	if err := page.Save(o.report); err != nil {
		return err
	}
	fmt.Fprintf(out, "report: %s\n", o.report)
	return nil
}

func (o *crossvalFlags) atATime() int {
	if o.workers > 0 {
		return o.workers
	}
	return runtime.GOMAXPROCS(0)
}

// table prints mean, standard deviation, corrected interval and fit time.
func table(out io.Writer, res *crossval.Result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	m := res.Metrics[0].Name
	fmt.Fprintf(w, "model\t%s\tstd\t95%% interval", m)
	for _, other := range res.Metrics[1:] {
		fmt.Fprintf(w, "\t%s", other.Name)
	}
	fmt.Fprintln(w, "\tfit")
	for _, c := range res.Candidates {
		interval := "-"
		if i, err := res.Interval(c.Name, m); err == nil {
			interval = fmt.Sprintf("%s to %s", number(i.Low), number(i.High))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s", c.Name, number(res.Mean(c.Name, m)), number(res.Std(c.Name, m)), interval)
		for _, other := range res.Metrics[1:] {
			fmt.Fprintf(w, "\t%s", number(res.Mean(c.Name, other.Name)))
		}
		fmt.Fprintf(w, "\t%s\n", res.FitTime(c.Name).Round(100*time.Microsecond))
	}
	return w.Flush()
}

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// document is the JSON of --json. Times are in result.timing and nowhere else.
type document struct {
	Aegis       string            `json:"aegis"`
	Parameters  map[string]string `json:"parameters"`
	Comparisons []comparisonJSON  `json:"comparisons"`
	Result      json.RawMessage   `json:"result"`
}

type comparisonJSON struct {
	Reference  string  `json:"reference"`
	Other      string  `json:"other"`
	Metric     string  `json:"metric"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	T          any     `json:"t"`
	P          float64 `json:"p"`
	PHolm      float64 `json:"p_holm"`
	Verdict    string  `json:"verdict"`
}

func (o *crossvalFlags) writeJSON(res *crossval.Result, list []crossval.Comparison) error {
	d := document{Aegis: version, Parameters: map[string]string{
		"hidden": o.hidden, "dropout": fmt.Sprint(o.dropout), "l1": fmt.Sprint(o.l1), "l2": fmt.Sprint(o.l2), "epochs": fmt.Sprint(o.epochs),
		"patience": fmt.Sprint(o.patience), "batch": fmt.Sprint(o.batch), "learning_rate": fmt.Sprint(o.learningRate),
		"folds": fmt.Sprint(o.folds), "repeats": fmt.Sprint(o.repeats), "seed": fmt.Sprint(o.seed), "validation_share": fmt.Sprint(validationShare),
	}}
	for i := range list {
		c := &list[i]
		var t any = c.T
		if math.IsInf(c.T, 0) || math.IsNaN(c.T) {
			t = fmt.Sprint(c.T)
		}
		d.Comparisons = append(d.Comparisons, comparisonJSON{c.Reference, c.Other, c.Metric, c.Mean, c.Low, c.High, t, c.P, c.PHolm, c.Verdict()})
	}
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
