package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/setfile"
)

// WorkOptions are the settings of [Conn.Work].
type WorkOptions struct {
	Plan     string // fingerprint of the only plan to work for; a refusal is an error then. "": all plans
	Parallel int    // number of fits at a time; 0: GOMAXPROCS
	// Deliveries is how many workers may be given a job. One that all of them left without a
	// result, because they were killed, say, fails, and that is its result. 0: 10.
	Deliveries int
	Finished   func(o *crossval.Outcome, took time.Duration) // called for each job, in its goroutine; nil: not called
}

// Work runs jobs of all plans on the server, and waits for those to come, until ctx is done,
// which it returns the error of. A plan for another version of Aegis, other kernels or
// another processor is refused with a remark, here and at the coordinator. Jobs in progress
// when ctx is done are given back.
func (c *Conn) Work(ctx context.Context, o WorkOptions) error {
	if c == nil || c.js == nil {
		return errNoConn
	}
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	if o.Deliveries <= 0 {
		o.Deliveries = 10
	}
	w := &working{conn: c, o: o, slots: make(chan struct{}, o.Parallel), news: make(chan struct{}), served: map[run]context.CancelFunc{}, refused: map[run]*said{}, broken: make(chan error, 1)}
	defer w.wait.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news := make(chan *nats.Msg, 64)
	heard, err := c.nc.ChanSubscribe(newsSubject, news)
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	defer heard.Unsubscribe()
	waits := false
	for {
		var names []string
		err := c.retry(ctx, 5*time.Second, func(ctx context.Context) error {
			names = nil
			list := c.js.StreamNames(ctx, jetstream.WithStreamListSubject("aegis.*.job.*"))
			for name := range list.Name() {
				names = append(names, name)
			}
			return list.Err()
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("jetstream: %w", err)
		}
		for _, name := range names {
			if r, ours := runNamed(name); ours && (o.Plan == "" || strings.HasPrefix(o.Plan, string(r))) {
				w.serve(ctx, r)
			}
		}
		if len(names) == 0 && !waits {
			c.remark("waiting for jobs")
		}
		waits = len(names) == 0
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-w.broken:
			return err
		case m := <-news:
			w.hear(run(m.Data))
		case <-time.After(time.Second):
		}
	}
}

// working is Work in progress.
type working struct {
	conn   *Conn
	o      WorkOptions
	slots  chan struct{} // one for each fit
	wait   sync.WaitGroup
	broken chan error

	mu      sync.Mutex
	rows    *data.Set     // those of the last plan, as the next one's are often the same
	print   string        // their fingerprint
	news    chan struct{} // closed, and made anew, when there may be jobs
	served  map[run]context.CancelFunc
	refused map[run]*said
}

// said is what is said to coordinators now and then, as one may come later.
type said struct {
	text string
	last time.Time
}

// repeat says why a run is refused, unless it was said a short while ago.
func (w *working) repeat(r run) {
	const often = 10 * time.Second
	if s := w.refused[r]; time.Since(s.last) > often {
		s.last = time.Now()
		_ = w.conn.nc.Publish(r.refused(), []byte(s.text)) // for people; nothing depends on it
	}
}

// serve works for a run until it is removed, unless that is done or refused already.
func (w *working) serve(ctx context.Context, r run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused[r] != nil {
		w.repeat(r)
		return
	}
	if w.served[r] != nil {
		return
	}
	ctx, w.served[r] = context.WithCancel(ctx)
	w.wait.Go(func() {
		err := w.jobs(ctx, r)
		stopped := ctx.Err() != nil
		w.mu.Lock()
		defer w.mu.Unlock()
		w.served[r]()
		delete(w.served, r)
		if err == nil || stopped {
			return
		}
		if refusal := (refusal{}); errors.As(err, &refusal) {
			host, _ := os.Hostname()
			w.refused[r] = &said{text: fmt.Sprintf("worker %s, process %d, refuses plan %s: %v", host, os.Getpid(), r, err)}
			w.conn.remark(w.refused[r].text)
			w.repeat(r)
			if w.o.Plan != "" {
				w.broken <- fmt.Errorf("jetstream: plan %s: %w", r, err)
			}
			return
		}
		w.conn.remark(fmt.Sprintf("plan %s: %v", r, err))
	})
}

// hear stops the work for a run that was removed, and wakes what waits for jobs.
func (w *working) hear(removed run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if stop := w.served[removed]; stop != nil {
		stop()
	}
	close(w.news)
	w.news = make(chan struct{})
}

func (w *working) wake() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.news
}

// refusal is an error that does not go away.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// attach reads plan and rows of a run.
func (w *working) attach(ctx context.Context, r run) (*crossval.Plan, *crossval.Worker, error) {
	text, err := w.conn.get(ctx, r.bucket(), planObject)
	if err != nil {
		return nil, nil, err
	}
	p, err := crossval.ReadPlan(bytes.NewReader(text))
	if err != nil {
		return nil, nil, refusal{err} // of a version to come, or with unknown types
	}
	if err := p.Check(); err != nil {
		return nil, nil, refusal{err}
	}
	set, err := w.fetch(ctx, r, p.Data())
	if err != nil {
		return nil, nil, err
	}
	worker, err := p.Worker(set)
	if err != nil {
		return nil, nil, refusal{err}
	}
	return p, worker, nil
}

// fetch returns the rows with a fingerprint.
func (w *working) fetch(ctx context.Context, r run, print string) (*data.Set, error) {
	w.mu.Lock()
	set, is := w.rows, w.print
	w.mu.Unlock()
	if is == print {
		return set, nil
	}
	text, err := w.conn.get(ctx, r.bucket(), print)
	if err != nil {
		return nil, err
	}
	if set, err = setfile.Read(bytes.NewReader(text)); err != nil {
		return nil, refusal{err}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows, w.print = set, print
	return set, nil
}

// jobs runs jobs of a run until it is removed.
func (w *working) jobs(ctx context.Context, r run) error {
	p, worker, err := w.attach(ctx, r)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	const shortest, longest = 5 * time.Millisecond, 250 * time.Millisecond
	var pull jetstream.Consumer
	pause := shortest
	for {
		wake := w.wake()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case w.slots <- struct{}{}:
		}
		m, err := w.next(ctx, r, &pull)
		if m == nil {
			<-w.slots // other runs may need it
			if gone(err) {
				return nil
			}
			if err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-wake:
				pause = shortest
			case <-time.After(pause):
				pause = min(2*pause, longest)
			}
			continue
		}
		pause = shortest
		consumer := pull
		w.wait.Go(func() {
			defer func() { <-w.slots }()
			if err := w.run(ctx, r, p, worker, m, consumer); err != nil && ctx.Err() == nil {
				w.conn.remark(fmt.Sprintf("plan %s, %s: %v", r, m.Subject(), err))
			}
		})
	}
}

// next returns a job, or nil if there is none now.
func (w *working) next(ctx context.Context, r run, pull *jetstream.Consumer) (m jetstream.Msg, err error) {
	err = w.conn.retry(ctx, 10*time.Second, func(attempt context.Context) (err error) {
		if *pull == nil {
			if *pull, err = w.conn.js.Consumer(attempt, r.jobs(), consumer); err != nil {
				return err
			}
		}
		batch, err := (*pull).FetchNoWait(1)
		if err == nil {
			for m = range batch.Messages() {
			}
			err = batch.Error()
		}
		if err != nil && m == nil {
			*pull = nil // asking for it anew says whether it is gone
			return err
		}
		return nil
	})
	return m, err
}

// gone reports whether a run was removed, or is not whole yet.
func gone(err error) bool {
	for _, e := range []error{jetstream.ErrStreamNotFound, jetstream.ErrConsumerNotFound, jetstream.ErrBucketNotFound, jetstream.ErrObjectNotFound} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// run runs one job and publishes its outcome.
func (w *working) run(ctx context.Context, r run, p *crossval.Plan, worker *crossval.Worker, m jetstream.Msg, consumer jetstream.Consumer) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	i := r.index(m.Subject())
	if _, err := p.Job(i); err != nil {
		return errors.Join(err, m.Term())
	}
	alive := make(chan struct{})
	defer close(alive)
	go func() { // a sign of life: a fit that takes longer than AckWait is not given to another
		wait, asked := consumer.CachedInfo().Config.AckWait, time.Now()
		for {
			select {
			case <-alive:
				return
			case <-time.After(min(wait/4, time.Second)):
				_ = m.InProgress() // a lost connection ends that, and comes again
			}
			if time.Since(asked) >= time.Second { // a coordinator that was started again may have another
				if info, err := consumer.Info(ctx); err == nil {
					wait = info.Config.AckWait
				}
				asked = time.Now()
			}
		}
	}()
	if meta.NumDelivered > 1 && w.finished(ctx, r, i) {
		return m.Ack()
	}
	begin := time.Now()
	var out *crossval.Outcome
	if n := meta.NumDelivered - 1; n >= uint64(w.o.Deliveries) {
		out, err = p.Fail(i, fmt.Sprintf("it was given to %d workers, none of which finished it", n))
	} else {
		out, err = worker.Run(ctx, i)
	}
	if err != nil { // stopped
		return errors.Join(err, m.Nak())
	}
	if err := w.publish(ctx, r, p, out); err != nil {
		return err
	}
	if w.o.Finished != nil {
		w.o.Finished(out, time.Since(begin))
	}
	return m.Ack() // not waited for: if it is lost, the job is delivered again and found finished
}

// finished reports whether a job has a result: its worker may have been killed just before
// it acknowledged the job.
func (w *working) finished(ctx context.Context, r run, i int) bool {
	err := w.conn.retry(ctx, 5*time.Second, func(ctx context.Context) error {
		s, err := w.conn.js.Stream(ctx, r.results())
		if err != nil {
			return err
		}
		_, err = s.GetLastMsgForSubject(ctx, r.result(i))
		return err
	})
	return err == nil
}

// mostInMessage is the size beyond which a result becomes an object, where the server takes
// messages of twice that: 1 MiB by default.
const mostInMessage = 512 << 10

// publish publishes an outcome until the server has it.
func (w *working) publish(ctx context.Context, r run, p *crossval.Plan, out *crossval.Outcome) error {
	var text bytes.Buffer
	if err := out.WriteJSON(&text); err != nil {
		failed, e := p.Fail(out.Index, err.Error())
		if e != nil {
			return errors.Join(err, e)
		}
		text.Reset()
		if e := failed.WriteJSON(&text); e != nil {
			return errors.Join(err, e)
		}
	}
	m := nats.NewMsg(r.result(out.Index))
	m.Header.Set(jetstream.MsgIDHeader, out.Job)
	m.Data = text.Bytes()
	if len(m.Data) > min(mostInMessage, int(w.conn.nc.MaxPayload()/2)) {
		name := out.Job + "-" + nats.NewInbox() // its own, as another worker may write that of the same job
		if err := w.conn.retry(ctx, objectTime, func(ctx context.Context) error {
			store, err := w.conn.js.ObjectStore(ctx, r.bucket())
			if err != nil {
				return err
			}
			_, err = store.PutBytes(ctx, name, m.Data)
			return err
		}); err != nil {
			return err
		}
		m.Header.Set(objectHeader, name)
		m.Data = nil
	}
	return w.conn.publish(ctx, m)
}
