package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/jetstream"
	"github.com/spf13/cobra"
)

// validation is crossval with its flags.
type validation struct {
	coordinator
	jobs, results string
	keep          bool
}

func crossvalCommand() *cobra.Command {
	var o validation
	c := &cobra.Command{
		Use: "crossval", Short: "Give out the jobs of a plan and collect their results",
		Long: `Crossval takes the jobs and the rows that aegis job plan --jobs jobs.json --rows rows.set
wrote, gives the jobs to the workers of the server, and writes their results to the folder
that aegis job merge reads. Stopped or killed, and started again, it goes on where it was: results are
kept by the server. Without --url the server and the workers are in this process, and --store keeps
results.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.work(c.Context(), c) },
	}
	f := c.Flags()
	o.coordinator.flags(f)
	f.StringVar(&o.jobs, "jobs", "", "`FILE` of jobs, written by aegis job plan")
	f.StringVar(&o.rows, "rows", "", "`FILE` of rows, written by aegis job plan --rows")
	f.StringVar(&o.results, "results", "", "`FOLDER` for the jobs' results (default: the file of jobs with .results for its ending)")
	f.BoolVar(&o.keep, "keep", false, "leave jobs, rows and results on the server")
	return c
}

func (o *validation) work(ctx context.Context, c *cobra.Command) error {
	if o.jobs == "" || o.rows == "" {
		return fmt.Errorf("%w: want --jobs FILE and --rows FILE, written by aegis job plan", errUsage)
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.results == "" {
		o.results = strings.TrimSuffix(o.jobs, filepath.Ext(o.jobs)) + ".results"
	}
	plan, err := crossval.LoadPlan(o.jobs)
	if err != nil {
		return err
	}
	set, err := o.set()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.results, 0o777); err != nil {
		return err
	}
	if o.workers > 0 {
		if err := plan.Check(); err != nil {
			return err
		}
	}
	status := c.ErrOrStderr()
	tenth := 0
	o.run.Progress = func(_ *crossval.Outcome, done, total int) {
		if now := done * 10 / total; now > tenth && !o.quiet {
			tenth = now
			fmt.Fprintf(status, "%d/%d jobs\n", done, total)
		}
	}
	return o.connected(ctx, status, func(conn *jetstream.Conn) error {
		outcomes, err := conn.Run(ctx, plan, set, o.run)
		if err != nil {
			return err
		}
		for _, out := range outcomes {
			if err := out.Save(filepath.Join(o.results, fmt.Sprintf("job-%d.json", out.Index))); err != nil {
				return err
			}
		}
		result, err := plan.Merge(outcomes)
		if result == nil {
			return err
		}
		if err != nil {
			fmt.Fprintf(status, "aegis-nats: warning: %v\n", err)
		}
		if !o.keep {
			if err := conn.Remove(ctx, plan); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s\nresults: %s, for aegis job merge\n", result.Table(), o.results)
		return err
	})
}
