package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/plots"
	"github.com/spf13/cobra"
)

type benchFlags struct {
	time    time.Duration
	only    string
	threads int
	profile string
	quiet   bool

	list []workload.Workload
}

func benchCommand() *cobra.Command {
	var o benchFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure the speed of training and inference on this machine",
		Long: `Bench trains the four networks by which the speed of Aegis is measured, lets them
predict, and prints how many rows they take in a second: W1, a perceptron; W2, a
convolutional network; W3, a long short-term memory; W4, a small net on a table.
Each number is the median of five windows.

W1 to W3 read MNIST if it is on this machine, else random pixels of its shapes;
the output says which.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.DurationVar(&o.time, "time", 2*time.Second, "`TIME` for the training of a workload, and again for its inference")
	f.StringVar(&o.only, "only", "", "`NAMES` of the workloads, separated by commas (default: all)")
	f.IntVar(&o.threads, "threads", 0, "`NUMBER` of threads that compute (default: one for each processor)")
	f.StringVar(&o.profile, "profile", "", "`FILE` for a figure of where a training step's time goes, .png, .svg or .html; the table is printed, too")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

func (o *benchFlags) check() error {
	o.list = nil
	if o.only == "" {
		o.list = workload.All()
	}
	for _, name := range strings.FieldsFunc(o.only, func(r rune) bool { return r == ',' }) {
		w, err := workload.Named(strings.TrimSpace(name))
		if err != nil {
			return usage("--only %s: %v", o.only, strings.TrimPrefix(err.Error(), "workload: "))
		}
		o.list = append(o.list, w)
	}
	if len(o.list) == 0 {
		return usage("--only %s: names no workload", o.only)
	}
	if o.time <= 0 || o.threads < 0 || o.threads > 1024 {
		return usage("--time %v --threads %d: want a time, and from 0 to 1024 threads", o.time, o.threads)
	}
	return figureName("--profile", o.profile)
}

func (o *benchFlags) run(ctx context.Context, c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.threads > 0 {
		defer workload.SetThreads(o.threads)()
	}
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if o.quiet {
		status = io.Discard
	}
	fmt.Fprintf(out, "aegis %s, %s %s/%s\nCPU: %s; processors: %d, threads: %d\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, workload.CPU(), runtime.NumCPU(), kernel.Threads())
	var rows [][]string
	var profiles []string
	var figures []*plots.Figure
	for i, w := range o.list {
		fmt.Fprintf(status, "%d/%d  %s, %s\n", i+1, len(o.list), w.Name, w.Title)
		row, err := o.measure(ctx, w)
		if err != nil {
			return interrupted(ctx, err)
		}
		rows = append(rows, row)
		if o.profile == "" {
			continue
		}
		text, fig, err := o.profileOf(ctx, w)
		if err != nil {
			return interrupted(ctx, err)
		}
		profiles, figures = append(profiles, text), append(figures, fig)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nworkload\ttraining\tinference\tdata")
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if o.profile == "" {
		return nil
	}
	for _, text := range profiles {
		fmt.Fprintf(out, "\n%s", text)
	}
	all, err := plots.Grid(1, figures...)
	if err != nil {
		return err
	}
	if err := all.Save(o.profile); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nprofile: %s\n", o.profile)
	return nil
}

func interrupted(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

// windows is how many windows a number is the median of.
const windows = 5

// pace returns the median rate of windows that make up a time; a short one before
// does not count.
func pace(ctx context.Context, d time.Duration, window func(time.Duration) (float64, error)) (float64, error) {
	if _, err := window(d / 20); err != nil {
		return 0, err
	}
	var rates []float64
	for range windows {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		rate, err := window(d / windows)
		if err != nil {
			return 0, err
		}
		rates = append(rates, rate)
	}
	slices.Sort(rates)
	return rates[windows/2], nil
}

// measure returns the line of a workload.
func (o *benchFlags) measure(ctx context.Context, w workload.Workload) ([]string, error) {
	set, held, source, err := w.Data()
	if err != nil {
		return nil, err
	}
	t, err := w.Train(ctx, set)
	if err != nil {
		return nil, err
	}
	trained, err := pace(ctx, o.time, t.Window)
	if e := t.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	var p *workload.Inference
	if w.Table {
		p, err = w.InferRow(ctx, held)
	} else {
		p, err = w.Infer(ctx, held, workload.PredictRows)
	}
	if err != nil {
		return nil, err
	}
	predicted, err := pace(ctx, o.time, p.Window)
	if err != nil {
		return nil, err
	}
	row := []string{w.Name + " " + w.Title, fmt.Sprintf("%.0f samples/s", trained), fmt.Sprintf("%.0f samples/s, %d rows a call", predicted, workload.PredictRows), source}
	if w.Table {
		row[1] = fmt.Sprintf("%.0f epochs/s", trained/float64(set.Len()))
		row[2] = fmt.Sprintf("%.2f us a row, one by one", 1e6/predicted)
	}
	return row, nil
}

// profileOf returns the profile of a workload's training step as a table and as a
// figure.
func (o *benchFlags) profileOf(ctx context.Context, w workload.Workload) (string, *plots.Figure, error) {
	set, _, _, err := w.Data()
	if err != nil {
		return "", nil, err
	}
	runs := 3
	p, err := w.Profile(ctx, set, runs)
	if err != nil {
		return "", nil, err
	}
	if each := p.Wall / time.Duration(runs); each > 0 { // for about a quarter of the time
		runs = int(max(3, min(10000, o.time/4/each)))
	}
	if p, err = w.Profile(ctx, set, runs); err != nil {
		return "", nil, err
	}
	fig, err := plots.DrawProfile(p)
	return p.String(), fig, err
}
