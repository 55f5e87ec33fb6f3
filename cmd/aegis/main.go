// Command aegis answers questions about tables of data with networks: inspect
// shows what a file holds, crossval compares a regularised net with baselines on
// the same folds, job does so on many machines, search looks for the best model within
// a time, text classifies texts, recommend recommends items to users, train fits one net and saves it, predict applies a
// model to new rows, summary describes it, bench measures the machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed732fc211/aegis/internal/stamp"
	"github.com/spf13/cobra"
)

// version of the command and the library.
const version = stamp.Version

// Exit codes.
const (
	exitFailed = 1 // the work failed or was interrupted
	exitUsage  = 2 // the command line is wrong
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the command without its process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil { // a defect of ours, still no stack trace
			fmt.Fprintf(stderr, "aegis: internal error: %v\n", r)
			code = exitFailed
		}
	}()
	root := &cobra.Command{
		Use:           "aegis",
		Short:         "Networks for tables, compared fairly",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	ran := false
	watch := func(c *cobra.Command) {
		work := c.RunE
		c.RunE = func(c *cobra.Command, args []string) error {
			ran = true
			return work(c, args)
		}
	}
	for _, c := range []*cobra.Command{inspectCommand(), crossvalCommand(), jobCommand(), searchCommand(), textCommand(), recommendCommand(), trainCommand(), predictCommand(), summaryCommand(), benchCommand()} {
		watch(c)
		for _, sub := range c.Commands() {
			watch(sub)
		}
		root.AddCommand(c)
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var u usageError
	if errors.As(err, &u) || !ran {
		fmt.Fprintf(stderr, "aegis: %v (see aegis --help)\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "aegis: %v\n", err)
	return exitFailed
}
