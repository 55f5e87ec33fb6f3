// Command aegis-nats runs cross-validations and searches on many machines through NATS
// JetStream: worker runs fits; crossval gives out those of aegis job plan, search those of
// aegis search --plan.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	_ "github.com/seed732fc211/aegis/crossval/baselines" // what plans of aegis name
	"github.com/seed732fc211/aegis/crossval/jetstream"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/setfile"
	"github.com/seed732fc211/aegis/internal/stamp"
	_ "github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use: "aegis-nats", Short: "Cross-validation and search on many machines through NATS JetStream", Version: stamp.Now().Aegis,
		SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	ran := false
	for _, c := range []*cobra.Command{workerCommand(), crossvalCommand(), searchCommand()} {
		work := c.RunE
		c.RunE = func(c *cobra.Command, args []string) error {
			ran = true
			return work(c, args)
		}
		root.AddCommand(c)
	}
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case !ran || errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "aegis-nats: %v (see aegis-nats --help)\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "aegis-nats: %v\n", err)
	return exitFailed
}

var errUsage = errors.New("the command line is wrong")

// connection are the flags of the server.
type connection struct {
	server jetstream.Server
	quiet  bool
}

func (o *connection) flags(f *pflag.FlagSet) {
	f.StringVar(&o.server.URL, "url", "", "`URL` of the server, such as nats://host:4222 or tls://host:4222")
	f.StringVar(&o.server.Credentials, "creds", "", "`FILE` of a user's credentials")
	f.StringVar(&o.server.CA, "ca", "", "`FILE` of certificates that the server's is checked with (default: the system's)")
	f.StringVar(&o.server.Cert, "cert", "", "`FILE` of this client's certificate")
	f.StringVar(&o.server.Key, "key", "", "`FILE` of its key")
	f.BoolVar(&o.quiet, "quiet", false, "no remarks")
}

// connect connects, with remarks on standard error.
func (o *connection) connect(ctx context.Context, status io.Writer) (*jetstream.Conn, error) {
	if o.quiet {
		status = io.Discard
	}
	var mu sync.Mutex
	return jetstream.Connect(ctx, o.server, func(text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(status, "%s\n", text)
	})
}

func workerCommand() *cobra.Command {
	var o connection
	var w jetstream.WorkOptions
	c := &cobra.Command{
		Use: "worker", Short: "Run jobs until stopped",
		Long: `Worker runs jobs of all plans on the server, and waits for the server and for plans to
come. Plans for another version of Aegis or other kernels are refused with a remark,
here and at their coordinator. An interrupt or SIGTERM gives jobs in progress back; a worker
that is killed is missed after a while, and its jobs are given to others.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.server.URL == "" {
				return fmt.Errorf("%w: --url is missing", errUsage)
			}
			if w.Parallel < 0 || w.Deliveries < 0 {
				return fmt.Errorf("%w: --parallel %d --deliveries %d: want 0 or more", errUsage, w.Parallel, w.Deliveries)
			}
			conn, err := o.connect(c.Context(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			defer conn.Close()
			return conn.Work(c.Context(), w)
		},
	}
	o.flags(c.Flags())
	c.Flags().IntVar(&w.Parallel, "parallel", 0, "`NUMBER` of fits at a time (default: one for each processor)")
	c.Flags().IntVar(&w.Deliveries, "deliveries", 0, "`NUMBER` of workers that may be given a job before it counts as failed (default 10)")
	c.Flags().StringVar(&w.Plan, "plan", "", "`FINGERPRINT` of the only plan to work for; to refuse it is an error then")
	return c
}

// coordinator are the flags of what gives out jobs.
type coordinator struct {
	connection
	rows    string
	workers int
	run     jetstream.RunOptions
}

func (o *coordinator) flags(f *pflag.FlagSet) {
	o.connection.flags(f)
	f.StringVar(&o.server.Folder, "store", "", "without --url, `FOLDER` of the server in this process (default: a temporary one)")
	f.IntVar(&o.workers, "workers", 0, "`NUMBER` of fits at a time in this process (default: none with --url, otherwise one for each processor)")
	f.DurationVar(&o.run.AckWait, "ack-wait", 30*time.Second, "`TIME` without a sign of life of its worker after which a job is given to another")
}

func (o *coordinator) check() error {
	switch {
	case o.workers < 0 || o.run.AckWait < 100*time.Millisecond:
		return fmt.Errorf("%w: --workers %d --ack-wait %v: want 0 or more workers, and at least 100ms", errUsage, o.workers, o.run.AckWait)
	case o.server.URL != "" && o.server.Folder != "":
		return fmt.Errorf("%w: --store is for the server in this process, which --url excludes", errUsage)
	}
	if o.workers == 0 && o.server.URL == "" {
		o.workers = runtime.GOMAXPROCS(0)
	}
	return nil
}

// set reads the rows.
func (o *coordinator) set() (*data.Set, error) {
	f, err := os.Open(o.rows)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	set, err := setfile.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.rows, err)
	}
	return set, nil
}

// connected calls f with a connection on which workers of this process work, if it has any.
func (o *coordinator) connected(ctx context.Context, status io.Writer, f func(*jetstream.Conn) error) error {
	conn, err := o.connect(ctx, status)
	if err != nil {
		return err
	}
	defer conn.Close()
	working, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop()
	if o.workers > 0 {
		wait.Go(func() {
			if err := conn.Work(working, jetstream.WorkOptions{Parallel: o.workers}); err != nil && working.Err() == nil {
				fmt.Fprintf(status, "aegis-nats: warning: %v\n", err)
			}
		})
	}
	return f(conn)
}
