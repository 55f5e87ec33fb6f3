package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/seed732fc211/aegis/crossval/jetstream"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/searchfiles"
	"github.com/seed732fc211/aegis/internal/stamp"
	"github.com/seed732fc211/aegis/plots"
	"github.com/spf13/cobra"
)

// searching is search with its flags.
type searching struct {
	coordinator
	files       searchfiles.Files
	search, log string
	fits        int
}

func searchCommand() *cobra.Command {
	var o searching
	c := &cobra.Command{
		Use: "search", Short: "Search with fits on the workers of the server",
		Long: `Search runs the search that aegis search --plan search.json --rows rows.set wrote: its
fits on folds are given to the workers of the server, and the model that comes of it is fitted
here. A search that is bounded by trials has the result of one in one process. Without --url the
server and the workers are in this process.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.work(c.Context(), c) },
	}
	f := c.Flags()
	o.coordinator.flags(f)
	o.files.Flags(f)
	f.StringVar(&o.search, "search", "", "`FILE` of the search, written by aegis search --plan")
	f.StringVar(&o.rows, "rows", "", "`FILE` of rows, written by aegis search --rows")
	f.StringVar(&o.log, "log", "", "`FILE` that every finished fit is added to: run again with it, the command goes on where it was")
	f.IntVar(&o.fits, "fits", 0, "`NUMBER` of fits that all workers run at a time, by which a budget of time is divided (default: as aegis search --workers said, or one for each processor here)")
	return c
}

func (o *searching) work(ctx context.Context, c *cobra.Command) error {
	if o.search == "" || o.rows == "" || o.fits < 0 {
		return fmt.Errorf("%w: want --search FILE and --rows FILE, written by aegis search --plan, and --fits of 0 or more", errUsage)
	}
	if err := o.check(); err != nil {
		return err
	}
	if err := o.files.Check(); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	text, err := os.ReadFile(o.search)
	if err != nil {
		return err
	}
	var s search.Search
	if err := describe.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s: %w", o.search, err)
	}
	if err := o.files.CheckSpace(s.Space); err != nil {
		return err
	}
	set, err := o.set()
	if err != nil {
		return err
	}
	s.Log = o.log
	if o.fits > 0 {
		s.Workers = o.fits
	}
	status := c.ErrOrStderr()
	if !o.quiet {
		last := time.Now()
		s.Progress = func(e search.Event) {
			const often = 10 * time.Second
			if e.Finished && time.Since(last) > often {
				last = time.Now()
				fmt.Fprintf(status, "trial %d, %d fits, best %.4g\n", e.Trial, e.Fits, e.Best)
			}
		}
	}
	var found *search.Outcome
	err = o.connected(ctx, status, func(conn *jetstream.Conn) (err error) {
		run, end := conn.Elsewhere(o.run)
		s.Elsewhere = run
		found, err = s.Run(ctx, set)
		// What is on the server is removed even after a stop. That it is not is no reason to
		// lose what was found.
		final, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if e := end(final); e != nil {
			fmt.Fprintf(status, "aegis-nats: warning: %v\n", e)
		}
		return err
	})
	if found == nil {
		return err
	}
	if _, e := fmt.Fprint(c.OutOrStdout(), found.Table()); e != nil || err != nil {
		return errors.Join(err, e)
	}
	facts := []plots.Fact{
		{Name: "seed", Value: fmt.Sprint(s.Seed)},
		{Name: "versions", Value: fmt.Sprintf("aegis %s, %s %s/%s", stamp.Now().Aegis, runtime.Version(), runtime.GOOS, runtime.GOARCH)},
	}
	return o.files.Write(ctx, set, found, facts, c.OutOrStdout(), func(w string) { fmt.Fprintf(status, "aegis-nats: warning: %s\n", w) })
}
