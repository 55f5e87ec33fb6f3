package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/setfile"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func jobCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "job",
		Short: "Cross-validation in parts: by a cluster's scheduler, on many machines",
		Long: `Job divides aegis crossval into parts that run anywhere: plan writes down what is
compared, run runs one fit of it, list says which are there, and merge makes of
them what aegis crossval makes in one process, byte for byte except for times.
Parts of other rows, another version of Aegis or other kernels are refused.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(jobPlanCommand(), jobRunCommand(), jobListCommand(), jobMergeCommand())
	return c
}

// jobFiles are where jobs and their results are.
type jobFiles struct {
	jobs, results string
	rows          string // of plan
	quiet         bool
}

func (j *jobFiles) flags(f *pflag.FlagSet, results string) {
	f.StringVar(&j.jobs, "jobs", "", "`FILE` of jobs, written by plan")
	if results != "" {
		f.StringVar(&j.results, results, "", "`FOLDER` of the jobs' results (default: the file of jobs with .results for its ending)")
	}
	f.BoolVar(&j.quiet, "quiet", false, "no remarks")
}

func (j *jobFiles) check() error {
	if j.jobs == "" {
		return usage("--jobs FILE is missing")
	}
	if j.results == "" {
		j.results = strings.TrimSuffix(j.jobs, filepath.Ext(j.jobs)) + ".results"
	}
	return nil
}

// status returns where remarks go.
func (j *jobFiles) status(c *cobra.Command) io.Writer {
	if j.quiet {
		return io.Discard
	}
	return c.ErrOrStderr()
}

// path returns the file of a job's result.
func (j *jobFiles) path(i int) string { return filepath.Join(j.results, fmt.Sprintf("job-%d.json", i)) }

// outcome reads the result of a job; nil: there is none yet. One of another plan is an error.
func (j *jobFiles) outcome(p *crossval.Plan, i int) (*crossval.Outcome, error) {
	o, err := crossval.LoadOutcome(j.path(i))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.Accept(o); err != nil {
		return nil, fmt.Errorf("%s: %w", j.path(i), err)
	}
	if o.Index != i {
		return nil, fmt.Errorf("%s: index: this is the result of job %d", j.path(i), o.Index)
	}
	return o, nil
}

// flagRecord is a flag that was given to plan.
type flagRecord struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// record writes down the flags of planFlags that were given, the file by its absolute path.
func record(f *pflag.FlagSet) (json.RawMessage, error) {
	list := []flagRecord{}
	var err error
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(crossvalFlags).planFlags(own)
	f.Visit(func(x *pflag.Flag) {
		if own.Lookup(x.Name) == nil {
			return
		}
		values := []string{x.Value.String()}
		if s, ok := x.Value.(pflag.SliceValue); ok {
			values = s.GetSlice()
		}
		if x.Name == "data" {
			var e error
			values[0], e = filepath.Abs(values[0])
			err = errors.Join(err, e)
		}
		list = append(list, flagRecord{x.Name, values})
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Flags []flagRecord `json:"flags"`
	}{list})
}

// planned returns the flags that a plan was made with, and a command that has them.
func planned(text json.RawMessage, path, file string) (*crossvalFlags, *cobra.Command, error) {
	about := fmt.Sprintf("%s: read.flags", path)
	var r struct {
		Flags []flagRecord `json:"flags"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", about, err)
	}
	var o crossvalFlags
	c := &cobra.Command{}
	o.planFlags(c.Flags())
	for _, x := range r.Flags {
		f := c.Flags().Lookup(x.Name)
		if f == nil {
			return nil, nil, fmt.Errorf("%s: there is no flag %q", about, x.Name)
		}
		if x.Name == "data" && file != "" {
			x.Values = []string{file}
		}
		var err error
		if s, ok := f.Value.(pflag.SliceValue); ok {
			err = s.Replace(x.Values)
		} else if len(x.Values) != 1 {
			err = fmt.Errorf("%d values, want 1", len(x.Values))
		} else {
			err = f.Value.Set(x.Values[0])
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", about, x.Name, err)
		}
		f.Changed = true
	}
	switch {
	case o.file == "-":
		return nil, nil, fmt.Errorf("%s: data: standard input has no rows for several jobs", about)
	case o.file == "" && file != "":
		return nil, nil, usage("--data: the jobs are of the embedded data set %s", o.dataset)
	}
	if err := o.check(c); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", about, err)
	}
	return &o, c, nil
}

func jobPlanCommand() *cobra.Command {
	var o crossvalFlags
	var j jobFiles
	c := &cobra.Command{
		Use:   "plan",
		Short: "Write down the fits of a cross-validation as jobs",
		Long: `Plan takes the flags of aegis crossval and writes a file of jobs: how the rows are
read and their fingerprint, folds, seed, models, metrics, the version of Aegis and
the kernels that all workers need, and one job for each fit. Kernels are those of
this machine; to plan for lesser ones, set AEGIS_KERNELS=avx2 or portable here and
for the workers.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.plan(c, &j) },
	}
	o.planFlags(c.Flags())
	j.flags(c.Flags(), "")
	c.Flags().StringVar(&j.rows, "rows", "", "`FILE` for a copy of the rows, for machines without the data (aegis-nats)")
	return c
}

func (o *crossvalFlags) plan(c *cobra.Command, j *jobFiles) error {
	if len(o.models) == 1 && o.models[0] == "list" {
		return listModels(c.OutOrStdout())
	}
	if err := j.check(); err != nil {
		return err
	}
	if err := o.check(c); err != nil {
		return err
	}
	if o.file == "-" {
		return usage("--data -: several jobs cannot read standard input; write the rows to a file")
	}
	if err := errors.Join(writable(j.jobs), writable(j.rows)); err != nil {
		return err
	}
	v, err := o.prepare(c, j.status(c))
	if err != nil {
		return err
	}
	defer o.discard()
	p, err := crossval.NewPlan(v.rows, v.splitter, v.candidates, crossval.Options{Seed: o.seed, Metrics: v.metrics, Importance: v.importance})
	if err != nil {
		return err
	}
	if p.Read, err = record(c.Flags()); err != nil {
		return err
	}
	if j.rows != "" {
		set, err := data.Collect(v.rows)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(j.rows, func(w io.Writer) error { return setfile.Write(w, set) }); err != nil {
			return err
		}
	}
	if err := p.Save(j.jobs); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "jobs: %s, 0-%d, for aegis %s with kernels %s\n", j.jobs, p.Len()-1, p.Version(), p.Kernels())
	return err
}

func jobRunCommand() *cobra.Command {
	var o jobRun
	c := &cobra.Command{
		Use:   "run",
		Short: "Run one job and write its result",
		Long: `Run runs one job of a plan and writes its result, which is there whole or not at
all. A fit that fails is a result, too: it is written, and the exit code is 0. A job
whose result is there is not run again. The rows, the version of Aegis and the kernels
must be those of the plan; if not, that is said before any fit, with both values. So is a
result of another plan in the place of this one; --again replaces it.

Jobs are numbered from 0. Schedulers pass the number in a variable, which is read
if it is named: --index-from SLURM_ARRAY_TASK_ID (Slurm, --array=0-269),
--index-from JOB_COMPLETION_INDEX (Kubernetes, completionMode: Indexed). GNU parallel
puts it in place of {}: parallel aegis job run --jobs jobs.json --index {} ::: {0..269}

A stop by SIGTERM or an interrupt leaves no result, and exit code 1.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	o.jobFiles.flags(f, "out")
	f.IntVar(&o.index, "index", 0, "`NUMBER` of the job, from 0")
	f.StringVar(&o.from, "index-from", "", "`VARIABLE` of the environment that holds the number")
	f.StringVar(&o.data, "data", "", "`FILE` of the rows, where it has another path here")
	f.BoolVar(&o.again, "again", false, "run a job whose result is there")
	return c
}

type jobRun struct {
	jobFiles
	index      int
	from, data string
	again      bool
}

// number returns the number of the job.
func (o *jobRun) number(c *cobra.Command) (int, error) {
	given := c.Flags().Changed("index")
	switch {
	case given == (o.from != ""):
		return 0, usage("want one of --index NUMBER and --index-from VARIABLE")
	case given:
		return o.index, nil
	}
	text, ok := os.LookupEnv(o.from)
	if !ok {
		return 0, fmt.Errorf("--index-from %s: the variable is not set", o.from)
	}
	i, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("--index-from %s: %q is no number", o.from, text)
	}
	return i, nil
}

func (o *jobRun) run(ctx context.Context, c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	i, err := o.number(c)
	if err != nil {
		return err
	}
	p, err := crossval.LoadPlan(o.jobs)
	if err != nil {
		return err
	}
	if _, err := p.Job(i); err != nil {
		return fmt.Errorf("%s: %w", o.jobs, err)
	}
	if err := p.Check(); err != nil {
		return fmt.Errorf("%s: %w", o.jobs, err)
	}
	if !o.again {
		old, err := crossval.LoadOutcome(o.path(i))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil: // not a result: it is replaced
			fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: %v\n", err)
		default:
			if err := p.Accept(old); err != nil {
				return fmt.Errorf("%s: %w (--again replaces it)", o.path(i), err)
			}
			fmt.Fprintf(o.status(c), "job %d: the result is there: %s\n", i, o.path(i))
			return nil
		}
	}
	flags, like, err := planned(p.Read, o.jobs, o.data)
	if err != nil {
		return err
	}
	rows, _, err := flags.rows(like, o.status(c))
	if err != nil {
		return err
	}
	defer flags.discard()
	worker, err := p.Worker(rows)
	if err != nil {
		return fmt.Errorf("%s: %w", o.jobs, err)
	}
	if err := os.MkdirAll(o.results, 0o777); err != nil {
		return err
	}
	if err := writable(o.path(i)); err != nil {
		return err
	}
	out, err := worker.Run(ctx, i)
	if err != nil {
		return err
	}
	if err := out.Save(o.path(i)); err != nil {
		return err
	}
	if f := out.Failure; f != nil {
		fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: job %d: %s: %s\n", i, f.Stage, f.Message)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "result: %s\n", o.path(i))
	return err
}

func jobListCommand() *cobra.Command {
	var j jobFiles
	var only string
	c := &cobra.Command{
		Use:   "list",
		Short: "Say which jobs are done, failed and missing",
		Long: `List says how many jobs are done, have failed, and are missing, and which. A result
that cannot be read, or is of another plan, counts as missing, with a warning. --only
writes the numbers alone, for sbatch --array=$(aegis job list --jobs F --only missing).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return j.list(c, only) },
	}
	j.flags(c.Flags(), "results")
	c.Flags().StringVar(&only, "only", "", "`STATE` of jobs whose numbers are written: done, failed or missing")
	return c
}

// jobStates are in the order of the list.
var jobStates = []string{"done", "failed", "missing"}

func (j *jobFiles) list(c *cobra.Command, only string) error {
	if err := j.check(); err != nil {
		return err
	}
	if only != "" && !slices.Contains(jobStates, only) {
		return usage("--only %s: want done, failed or missing", only)
	}
	p, err := crossval.LoadPlan(j.jobs)
	if err != nil {
		return err
	}
	jobs := map[string][]int{}
	for i := range p.Len() {
		o, err := j.outcome(p, i)
		if err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: %v\n", err)
		}
		state := "missing"
		switch {
		case o == nil:
		case o.Run != nil:
			state = "done"
		default:
			state = "failed"
		}
		jobs[state] = append(jobs[state], i)
	}
	out := c.OutOrStdout()
	if only != "" {
		_, err := fmt.Fprintln(out, crossval.Ranges(jobs[only]))
		return err
	}
	for _, state := range jobStates {
		if _, err := fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-8s %5d  %s", state, len(jobs[state]), crossval.Ranges(jobs[state])), " ")); err != nil {
			return err
		}
	}
	return nil
}

func jobMergeCommand() *cobra.Command {
	var o jobMerge
	c := &cobra.Command{
		Use:   "merge",
		Short: "Make a cross-validation of the results of its jobs",
		Long: `Merge makes of the jobs' results what aegis crossval makes in one process: the
table, the verdicts, the page and the file of all results, byte for byte except for
times. Results of other rows, another seed, version or set of kernels are refused.
Missing jobs are listed, and are an error unless --partial. The rows are read again
for the page alone: --report "" does without them.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	f := c.Flags()
	o.jobFiles.flags(f, "results")
	o.page.pageFlags(f, "out")
	f.StringVar(&o.data, "data", "", "`FILE` of the rows, where it has another path here")
	f.BoolVar(&o.partial, "partial", false, "make a result of what is there")
	return c
}

type jobMerge struct {
	jobFiles
	page    crossvalFlags // report and json alone
	data    string
	partial bool
}

func (o *jobMerge) run(c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := errors.Join(drawable(o.page.report), writable(o.page.json)); err != nil {
		return err
	}
	p, err := crossval.LoadPlan(o.jobs)
	if err != nil {
		return err
	}
	outcomes, err := o.outcomes(p)
	if err != nil {
		return err
	}
	res, err := p.Merge(outcomes)
	if res == nil {
		return fmt.Errorf("%s: %w", o.results, err)
	}
	missing := (*crossval.MissingError)(nil)
	if errors.As(err, &missing) && !o.partial {
		return fmt.Errorf("%s: %d of %d jobs have no result: %s (--partial makes a result without them)", o.results, len(missing.Jobs), p.Len(), crossval.Ranges(missing.Jobs))
	}
	if len(res.Runs) == 0 {
		return err
	}
	if missing != nil {
		fmt.Fprintf(c.ErrOrStderr(), "aegis: warning: %d of %d jobs have no result: %s\n", len(missing.Jobs), p.Len(), crossval.Ranges(missing.Jobs))
	}
	flags, like, err := planned(p.Read, o.jobs, o.data)
	if err != nil {
		return err
	}
	flags.report, flags.json = o.page.report, o.page.json
	var set *data.Set
	if flags.report != "" {
		var rows data.Source
		if rows, set, err = flags.rows(like, io.Discard); err != nil {
			return err
		}
		defer flags.discard()
		if print, err := data.Fingerprint(rows); err != nil || print != p.Data() {
			return errors.Join(err, fmt.Errorf("%s: the plan is for other rows: their fingerprint is %.12s, that of %s %.12s", o.jobs, p.Data(), set.Name, print))
		}
	}
	work := spent{fits: len(res.Runs), jobs: true}
	for i := range res.Runs {
		work.took += res.Runs[i].FitTime + res.Runs[i].PredictTime
	}
	return flags.show(c, res, validation{set: set, rowNames: rowNames(set)}, work)
}

// outcomes reads all results that are there. Files in the folder that are named as no job is
// are left alone.
func (o *jobMerge) outcomes(p *crossval.Plan) ([]*crossval.Outcome, error) {
	if _, err := os.Stat(o.results); err != nil {
		return nil, fmt.Errorf("--results: %w", err)
	}
	var list []*crossval.Outcome
	for i := range p.Len() {
		out, err := o.outcome(p, i)
		if err != nil {
			return nil, err
		}
		if out != nil {
			list = append(list, out)
		}
	}
	return list, nil
}
