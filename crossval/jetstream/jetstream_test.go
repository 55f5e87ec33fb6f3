package jetstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/trees"
)

// guess is an estimator that predicts what its seed and its rows say, after a while.
type guess struct {
	Shift uint64
	Slow  time.Duration
	Wide  int    // notes of that many bytes: a result that is too large for a message
	How   string // "error" and "panic": it does not fit; "exit": it takes its process down
}

// fits counts the fits in this process.
var fits atomic.Int64

func (g guess) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	rows, err := data.Collect(train)
	if err != nil {
		return nil, err
	}
	fits.Add(1)
	switch g.How {
	case "error":
		return nil, errors.New("no more ink")
	case "panic":
		panic("out of paper")
	case "exit":
		os.Exit(3)
	}
	select {
	case <-time.After(g.Slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	x, _, err := rows.Table()
	if err != nil {
		return nil, err
	}
	predict := func(_ context.Context, test *data.Set) (*data.Prediction, error) {
		r := rand.New(rand.NewPCG(seed, g.Shift+uint64(len(x))+uint64(x[0]*1e6)))
		p := &data.Prediction{}
		for range test.Len() {
			a := r.Float64()
			p.Proba = append(p.Proba, a, 1-a)
			p.Labels = append(p.Labels, int(1.5-a))
		}
		return p, nil
	}
	return &data.Predictor{Predict: predict, Notes: []string{strings.Repeat("wide ", g.Wide/5)}}, nil
}

func init() {
	if err := describe.Register("jetstream_test.", guess{}); err != nil {
		panic(err)
	}
}

// rows are a table of two classes.
func rows(t testing.TB) *data.Set {
	t.Helper()
	s, err := data.BreastCancer()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Rows(rand.New(rand.NewPCG(1, 1)).Perm(s.Len())[:60]); err != nil {
		t.Fatal(err)
	}
	return s
}

// validation is what processes of tests have in common.
type validation struct {
	Seed       uint64
	Folds      int
	Candidates []guess
}

func (v validation) splitter() crossval.Splitter {
	return crossval.KFold{K: v.Folds, Shuffle: true, Seed: v.Seed}
}

func (v validation) candidates() []crossval.Candidate {
	var list []crossval.Candidate
	for i, g := range v.Candidates {
		list = append(list, crossval.Candidate{Name: fmt.Sprint("guess ", i), Estimator: g})
	}
	return list
}

// bits returns a result's JSON without times.
func bits(t testing.TB, r *crossval.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WithoutTiming().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// alone validates in this process.
func (v validation) alone(t testing.TB) []byte {
	t.Helper()
	for i := range v.Candidates {
		if v.Candidates[i].How == "exit" {
			t.Fatal("not in this process")
		}
	}
	r, err := crossval.Validate(t.Context(), rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed})
	if r == nil {
		t.Fatal(err)
	}
	return bits(t, r)
}

// work begins to work on a connection, until the test ends.
func work(t testing.TB, c *Conn, o WorkOptions) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := c.Work(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("Work: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wait.Wait() })
}

// embedded returns a connection to a server in this process.
func embedded(t testing.TB) *Conn {
	t.Helper()
	c, err := Connect(t.Context(), Server{Folder: t.TempDir()}, func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestEmbedded: a server, a coordinator and workers in this process; some fits fail, some
// results are too large for a message.
func TestEmbedded(t *testing.T) {
	c := embedded(t)
	v := validation{7, 4, []guess{{Shift: 1}, {How: "error"}, {How: "panic"}, {Shift: 2, Wide: 3 << 20}}}
	work(t, c, WorkOptions{Parallel: 2})
	r, err := c.Validate(t.Context(), rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed}, RunOptions{})
	if r == nil || err == nil || !strings.Contains(err.Error(), "guess 1: repeat 1, fold 1: fit: no more ink") || !strings.Contains(err.Error(), "out of paper") {
		t.Fatalf("%v, %v", r, err)
	}
	if !bytes.Equal(bits(t, r), v.alone(t)) {
		t.Error("the result differs from that of crossval.Validate")
	}
	// Nothing is left of it.
	left := c.js.StreamNames(t.Context())
	for name := range left.Name() {
		t.Errorf("the stream %s is left", name)
	}
}

// TestSearch: a search whose fits run on workers has the outcome of one in this process, however
// many workers there are; jobs may be run bit by bit; and nothing is left of it.
func TestSearch(t *testing.T) {
	c := embedded(t)
	set := rows(t)
	written := func(o *search.Outcome) string {
		o.Elapsed = 0
		for i := range o.Trials {
			o.Trials[i].Fit = 0
		}
		var b bytes.Buffer
		if err := o.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	s := search.Search{
		Space: search.Space{
			Base: baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 20, Threads: 1}},
			Settings: []search.Setting{
				{Path: "Settings.LearningRate", Domain: search.LogUniform{Low: 0.01, High: 1}},
				{Path: "Settings.Leaves", Domain: search.Int{Low: 2, High: 32, Log: true}},
			},
		},
		Trials: 20, Folds: 5, Seed: 3,
	}
	o, err := s.Run(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	want, dropped := written(o), 0
	for _, trial := range o.Trials {
		if trial.Dropped != "" {
			dropped++
		}
	}
	if dropped == 0 {
		t.Error("no trial was dropped: a race is not tested")
	}
	for _, parallel := range []int{1, 3} {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Work(ctx, WorkOptions{Parallel: parallel}) }()
		var end func(context.Context) error
		s.Elsewhere, end = c.Elsewhere(RunOptions{})
		o, err := s.Run(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if got := written(o); got != want {
			t.Errorf("%d workers:\n%s\nhere:\n%s", parallel, got, want)
		}
		if err := errors.Join(end(t.Context()), end(t.Context())); err != nil {
			t.Error(err)
		}
		left := c.js.StreamNames(t.Context())
		for name := range left.Name() {
			t.Errorf("the stream %s is left", name)
		}
		stop()
		<-ended
	}
}

// TestSearchBudget: a search whose workers are too slow ends with its budget, and the jobs that
// were given out with it.
func TestSearchBudget(t *testing.T) {
	c := embedded(t)
	work(t, c, WorkOptions{Parallel: 4})
	var end func(context.Context) error
	s := search.Search{
		Space:  search.Space{Base: guess{Slow: 40 * time.Millisecond}, Settings: []search.Setting{{Path: "Shift", Domain: search.Int{Low: 0, High: 1e6}}}},
		Budget: 3 * time.Second, Folds: 3, Seed: 3, Workers: 4,
	}
	s.Elsewhere, end = c.Elsewhere(RunOptions{})
	begin := time.Now()
	o, err := s.Run(t.Context(), rows(t))
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Trials) < 9 || took > s.Budget*5/4 {
		t.Errorf("%d trials in %v", len(o.Trials), took)
	}
	if err := end(t.Context()); err != nil {
		t.Error(err)
	}
	left := c.js.StreamNames(t.Context())
	for name := range left.Name() {
		t.Errorf("the stream %s is left", name)
	}
}

// TestSomeJobs: jobs of a plan may be run bit by bit, and results that are there already are not
// in the way; that there is no such job is an error.
func TestSomeJobs(t *testing.T) {
	c := embedded(t)
	v := validation{9, 5, []guess{{Shift: 1}, {Shift: 2}}}
	work(t, c, WorkOptions{Parallel: 2})
	p, err := crossval.NewPlan(rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed})
	if err != nil {
		t.Fatal(err)
	}
	var all []*crossval.Outcome
	for _, jobs := range [][]int{{7, 2, 2}, {}, {0, 1, 3, 4, 5}, {9, 6, 8}} {
		before := fits.Load()
		done := 0
		list, err := c.Run(t.Context(), p, rows(t), RunOptions{Jobs: jobs, Progress: func(*crossval.Outcome, int, int) { done++ }})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(jobs)
		slices.Sort(want)
		want = slices.Compact(want)
		var have []int
		for _, o := range list {
			have = append(have, o.Index)
		}
		if !slices.Equal(have, want) || done != len(want) || fits.Load()-before != int64(len(want)) {
			t.Errorf("jobs %v: outcomes of %v, %d events, %d fits", jobs, have, done, fits.Load()-before)
		}
		all = append(all, list...)
	}
	r, err := p.Merge(all)
	if err != nil || !bytes.Equal(bits(t, r), v.alone(t)) {
		t.Errorf("the result differs: %v", err)
	}
	if _, err := c.Run(t.Context(), p, rows(t), RunOptions{Jobs: []int{10}}); err == nil {
		t.Error("there is no job 10")
	}
	if err := c.Remove(t.Context(), p); err != nil {
		t.Error(err)
	}
}

// TestPutFails: what cannot be written is an error at once, and is not tried again for ever.
func TestPutFails(t *testing.T) {
	c := embedded(t)
	store, err := c.js.CreateObjectStore(t.Context(), jetstream.ObjectStoreConfig{Bucket: "some"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ink := errors.New("no more ink")
	if err := c.put(ctx, store, "it", func(w io.Writer) error { w.Write([]byte("a")); return ink }); !errors.Is(err, ink) || ctx.Err() != nil {
		t.Errorf("error %v", err)
	}
}

// TestIdleRunsTakeNoSlots: runs whose jobs are done, but which were not removed, do not slow
// another down.
func TestIdleRunsTakeNoSlots(t *testing.T) {
	c := embedded(t)
	work(t, c, WorkOptions{Parallel: 1})
	run := func(seed uint64, folds int) time.Duration {
		v := validation{seed, folds, []guess{{Shift: 1}}}
		p, err := crossval.NewPlan(rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if _, err := c.Run(t.Context(), p, rows(t), RunOptions{}); err != nil {
			t.Fatal(err)
		}
		return time.Since(begin)
	}
	for seed := range uint64(6) {
		run(seed, 2)
	}
	if took := run(99, 10); took > 5*time.Second {
		t.Errorf("10 jobs took %v beside 6 idle runs", took)
	}
}

// TestHeartbeats: a fit that takes longer than AckWait runs once.
func TestHeartbeats(t *testing.T) {
	c := embedded(t)
	v := validation{7, 2, []guess{{Slow: 3 * time.Second}}}
	before := fits.Load()
	work(t, c, WorkOptions{Parallel: 4})
	if _, err := c.Validate(t.Context(), rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed}, RunOptions{AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	if n := fits.Load() - before; n != 2 {
		t.Errorf("%d fits for 2 jobs", n)
	}
}

// TestResume: outcomes of a coordinator that stopped are taken over by the next, and no
// finished job runs again.
func TestResume(t *testing.T) {
	c := embedded(t)
	v := validation{9, 10, []guess{{Shift: 1, Slow: 20 * time.Millisecond}}}
	var mu sync.Mutex
	runs := map[int]int{}
	work(t, c, WorkOptions{Parallel: 1, Finished: func(o *crossval.Outcome, _ time.Duration) { mu.Lock(); defer mu.Unlock(); runs[o.Index]++ }})
	p, err := crossval.NewPlan(rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed})
	if err != nil {
		t.Fatal(err)
	}
	for stop := 2; stop < 10; stop += 3 {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := c.Run(ctx, p, rows(t), RunOptions{Progress: func(_ *crossval.Outcome, done, _ int) {
			if done == stop {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	for range 2 { // the second finds everything done
		outcomes, err := c.Run(t.Context(), p, rows(t), RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Merge(outcomes)
		if err != nil || !bytes.Equal(bits(t, r), v.alone(t)) {
			t.Errorf("the result differs: %v", err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range p.Len() {
		if runs[i] != 1 {
			t.Errorf("job %d ran %d times", i, runs[i])
		}
	}
	if err := errors.Join(c.Remove(t.Context(), p), c.Remove(t.Context(), p)); err != nil {
		t.Error(err)
	}
}

// TestRefusal: a worker of another version refuses a plan, says so with both values, here
// and to the coordinator, and goes on with others.
func TestRefusal(t *testing.T) {
	heard := make(chan string, 100)
	folder := t.TempDir()
	c, err := Connect(t.Context(), Server{Folder: folder}, func(s string) { heard <- s })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := Connect(t.Context(), Server{Folder: folder}, nil); err == nil || !strings.Contains(err.Error(), "another process has its server there") {
		t.Errorf("error %v", err)
	}
	v := validation{7, 3, []guess{{Shift: 1}}}
	p, err := crossval.NewPlan(rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := p.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	old, err := crossval.ReadPlan(strings.NewReader(strings.Replace(text.String(), `"aegis":"`, `"kernels":"abacus","aegis":"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := c.Run(ctx, old, rows(t), RunOptions{})
		ended <- err
	}()
	work(t, c, WorkOptions{})
	want := "the kernels (abacus in the plan, none here)"
	for range 2 { // the worker's own remark, and the coordinator's
		for text := range heard {
			if strings.Contains(text, "refuses plan") && strings.Contains(text, want) {
				break
			}
		}
	}
	print, err := old.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Work(t.Context(), WorkOptions{Plan: print}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	if r, err := c.Validate(t.Context(), rows(t), v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed}, RunOptions{}); err != nil || !bytes.Equal(bits(t, r), v.alone(t)) {
		t.Errorf("the other plan: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	other := rows(t)
	if other, err = other.Rows([]int{0, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), p, other, RunOptions{}); err == nil || !strings.Contains(err.Error(), "for other rows") {
		t.Errorf("error %v", err)
	}
}

// What the processes of these tests do: see TestMain.
const (
	roleVariable = "AEGIS_JETSTREAM_ROLE"
	asServer     = "server"
	asWorker     = "worker"
	asBoss       = "coordinator"
)

// role is what a process does.
type role struct {
	Role                 string
	URL                  string
	Port                 int
	Folder               string
	Out                  string
	Parallel, Deliveries int
	AckWait              time.Duration
	Of                   validation
}

func TestMain(m *testing.M) {
	text, ok := os.LookupEnv(roleVariable)
	if !ok {
		os.Exit(m.Run())
	}
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		panic(err)
	}
	if err := r.do(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, r.Role, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (r role) do(ctx context.Context) error {
	if r.Role == asServer {
		s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: r.Port, JetStream: true, StoreDir: r.Folder, SyncAlways: true, NoSigs: true, NoLog: true})
		if err != nil {
			return err
		}
		s.Start()
		s.WaitForShutdown()
		return nil
	}
	c, err := Connect(ctx, Server{URL: r.URL}, func(s string) { fmt.Fprintln(os.Stderr, r.Role, os.Getpid(), s) })
	if err != nil {
		return err
	}
	defer c.Close()
	if r.Role == asWorker {
		return c.Work(ctx, WorkOptions{Parallel: r.Parallel, Deliveries: r.Deliveries})
	}
	set, err := data.BreastCancer()
	if err != nil {
		return err
	}
	if set, err = set.Rows(rand.New(rand.NewPCG(1, 1)).Perm(set.Len())[:60]); err != nil {
		return err
	}
	p, err := crossval.NewPlan(set, r.Of.splitter(), r.Of.candidates(), crossval.Options{Seed: r.Of.Seed})
	if err != nil {
		return err
	}
	outcomes, err := c.Run(ctx, p, set, RunOptions{AckWait: r.AckWait})
	if err != nil {
		return err
	}
	result, err := p.Merge(outcomes)
	if result == nil {
		return err
	}
	// The server has each result once.
	name, err := runOf(p)
	if err != nil {
		return err
	}
	if err := c.retry(ctx, 5*time.Second, func(ctx context.Context) error {
		s, err := c.js.Stream(ctx, name.results())
		if err != nil {
			return err
		}
		if n := s.CachedInfo().State.Msgs; n != uint64(p.Len()) {
			return fmt.Errorf("%w: %d results of %d jobs", errForGood, n, p.Len())
		}
		return nil
	}); err != nil {
		return err
	}
	if err := atomicfile.Write(r.Out, result.WithoutTiming().WriteJSON); err != nil {
		return err
	}
	return c.Remove(ctx, p)
}

// process is one that runs until it ends or is killed.
type process struct {
	*exec.Cmd
	ended  chan error
	status bytes.Buffer
}

func start(t testing.TB, r role) *process {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(os.Args[0]), ended: make(chan error, 1)}
	p.Env = append(os.Environ(), roleVariable+"="+string(text))
	p.Stderr = &p.status
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	return p
}

// kill kills the process by SIGKILL.
func (p *process) kill() {
	p.Process.Kill()
	<-p.ended
}

// cluster is a server, workers and what coordinators have in common, each a process.
type cluster struct {
	t       testing.TB
	url     string
	serverR role
	server  *process
	workerR role
	workers []*process
}

func newCluster(t testing.TB, workers int, o WorkOptions) *cluster {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	c := &cluster{t: t, url: fmt.Sprintf("nats://127.0.0.1:%d", port)}
	c.serverR = role{Role: asServer, Port: port, Folder: t.TempDir()}
	c.workerR = role{Role: asWorker, URL: c.url, Parallel: o.Parallel, Deliveries: o.Deliveries}
	for range workers { // before the server: they wait for it
		c.workers = append(c.workers, start(t, c.workerR))
	}
	c.server = start(t, c.serverR)
	t.Cleanup(func() {
		for _, p := range append(slices.Clone(c.workers), c.server) {
			p.kill()
		}
		if t.Failed() {
			for _, p := range append(slices.Clone(c.workers), c.server) {
				t.Logf("%s", &p.status)
			}
		}
	})
	return c
}

// validate runs a coordinator, and calls disturb, if any, until it ends.
func (c *cluster) validate(v validation, ackWait time.Duration, disturb func(boss **process, r role)) []byte {
	c.t.Helper()
	out := filepath.Join(c.t.TempDir(), "result.json")
	r := role{Role: asBoss, URL: c.url, Out: out, AckWait: ackWait, Of: v}
	boss := start(c.t, r)
	deadline := time.After(2 * time.Minute)
	for {
		var later <-chan time.Time
		if disturb != nil {
			later = time.After(time.Millisecond)
		}
		select {
		case err := <-boss.ended:
			if err != nil {
				c.t.Fatalf("coordinator: %v: %s", err, &boss.status)
			}
			text, err := os.ReadFile(out)
			if err != nil {
				c.t.Fatal(err)
			}
			return text
		case <-later:
			disturb(&boss, r)
		case <-deadline:
			boss.kill()
			c.t.Fatalf("the coordinator does not end: %s", &boss.status)
		}
	}
}

// TestProcesses: one and three workers, each a process, give what one process gives.
func TestProcesses(t *testing.T) {
	v := validation{7, 6, []guess{{Shift: 1}, {How: "panic"}, {Shift: 2, Slow: 5 * time.Millisecond}}}
	want := v.alone(t)
	for _, n := range []int{1, 3} {
		c := newCluster(t, n, WorkOptions{Parallel: 2})
		if have := c.validate(v, time.Second, nil); !bytes.Equal(have, want) {
			t.Errorf("%d workers: the result differs:\n%s\n%s", n, have, want)
		}
	}
}

// TestDeadly: a fit that takes its process down each time becomes a failure, and does not
// keep the others from their results.
func TestDeadly(t *testing.T) {
	v := validation{7, 2, []guess{{Shift: 1}, {How: "exit"}}}
	c := newCluster(t, 2, WorkOptions{Parallel: 1, Deliveries: 3})
	restart := func(**process, role) {
		for i, p := range c.workers {
			select {
			case <-p.ended:
				c.workers[i] = start(t, c.workerR)
			default:
			}
		}
	}
	r, err := crossval.ReadResult(bytes.NewReader(c.validate(v, 300*time.Millisecond, restart)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 2 || len(r.Failed) != 1 || !strings.HasSuffix(r.Failed[0].Message, "it was given to 3 workers, none of which finished it") {
		t.Errorf("%d runs, failed %+v", len(r.Runs), r.Failed)
	}
}

// TestKills kills workers, coordinators and the server at random points until each kind was
// killed so often. Every result is that of one process.
func TestKills(t *testing.T) {
	kills := map[string]int{asWorker: 0, asBoss: 0, asServer: 0}
	r := rand.New(rand.NewPCG(2026, 11))
	c := newCluster(t, 3, WorkOptions{Parallel: 1, Deliveries: 1000})
	runs := 0
	left := func() (kinds []string) {
		for _, kind := range []string{asWorker, asBoss, asServer} {
			if kills[kind] < killPoints {
				kinds = append(kinds, kind)
			}
		}
		return kinds
	}
	for ; len(left()) > 0; runs++ {
		v := validation{uint64(runs), 10, []guess{{Shift: 1, Slow: 20 * time.Millisecond}, {Shift: 2, Slow: 40 * time.Millisecond}, {Shift: 3, Wide: 600 << 10}}}
		next := time.Now().Add(time.Duration(r.IntN(500)) * time.Millisecond)
		have := c.validate(v, 500*time.Millisecond, func(boss **process, as role) {
			kinds := left()
			if time.Now().Before(next) || len(kinds) == 0 {
				return
			}
			next = time.Now().Add(time.Duration(r.IntN(700)) * time.Millisecond)
			kind := kinds[r.IntN(len(kinds))]
			switch kind {
			case asWorker:
				i := r.IntN(len(c.workers))
				c.workers[i].kill()
				c.workers[i] = start(t, c.workerR)
			case asBoss:
				(*boss).kill()
				*boss = start(t, as)
			case asServer:
				c.server.kill()
				c.server = start(t, c.serverR)
			}
			kills[kind]++
		})
		if !bytes.Equal(have, v.alone(t)) {
			t.Fatalf("run %d: the result differs", runs)
		}
	}
	t.Logf("%v kills in %d runs", kills, runs)
}
