package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/setfile"
)

// A run is what the server holds of one plan. Its name is that of the plan's fingerprint, so
// that a coordinator that is started again finds it.
//
// Jobs and results have a subject for each job, and streams take one message for each subject:
// beside message ids, which a server remembers for a window, this is what keeps a job from
// being queued twice and a result from being there twice, however long a run takes.
type run string

func runOf(p *crossval.Plan) (run, error) {
	print, err := p.Fingerprint()
	if err != nil {
		return "", err
	}
	return run(print[:nameLength]), nil
}

const nameLength = 32 // of a run

const (
	prefix     = "AEGIS-"
	jobsSuffix = "-jobs"
	consumer   = "workers"
	planObject = "plan"

	newsSubject = "aegis.news"
)

func (r run) jobs() string        { return prefix + string(r) + jobsSuffix }
func (r run) results() string     { return prefix + string(r) + "-results" }
func (r run) bucket() string      { return prefix + string(r) }
func (r run) job(i int) string    { return fmt.Sprintf("aegis.%s.job.%d", r, i) }
func (r run) result(i int) string { return fmt.Sprintf("aegis.%s.result.%d", r, i) }
func (r run) refused() string     { return fmt.Sprintf("aegis.%s.refused", r) }
func (r run) index(subject string) int {
	i, err := strconv.Atoi(subject[strings.LastIndexByte(subject, '.')+1:])
	if err != nil {
		return -1
	}
	return i
}

// runNamed returns the run of a stream of jobs.
func runNamed(stream string) (r run, ours bool) {
	name, ours := strings.CutPrefix(stream, prefix)
	if !ours {
		return "", false
	}
	name, ours = strings.CutSuffix(name, jobsSuffix)
	return run(name), ours && len(name) == nameLength
}

// window is how long the server remembers message ids.
const window = 24 * time.Hour

// stream returns the configuration of a stream of one message for each subject.
func (r run) stream(name, subjects string, keep jetstream.RetentionPolicy) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: name, Subjects: []string{fmt.Sprintf("aegis.%s.%s", r, subjects)}, Retention: keep, Storage: jetstream.FileStorage,
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1, Duplicates: window, AllowDirect: false,
	}
}

// taken reports whether a message was refused because its subject has one.
func taken(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && strings.Contains(api.Description, "maximum messages per subject exceeded")
}

// Run runs jobs of a plan on the workers of the server and returns their outcomes, in the
// order of the jobs, for [crossval.Plan.Merge]. Outcomes that an earlier Run of the same
// plan has collected are taken over: after a stop, start it again. They stay on the server
// until [Conn.Remove].
//
// The rows go to the server whole, and to every worker's memory. The options may be zero.
func (c *Conn) Run(ctx context.Context, p *crossval.Plan, set data.Source, o RunOptions) ([]*crossval.Outcome, error) {
	if c == nil || c.js == nil {
		return nil, errNoConn
	}
	r, err := runOf(p)
	if err != nil {
		return nil, err
	}
	print, err := data.Fingerprint(set)
	if err != nil {
		return nil, err
	}
	if print != p.Data() {
		return nil, fmt.Errorf("jetstream: the plan is for other rows: their fingerprint is %.12s, that of these %.12s", p.Data(), print)
	}
	if o.AckWait == 0 {
		o.AckWait = 30 * time.Second
	}
	if o.AckWait < 100*time.Millisecond {
		return nil, fmt.Errorf("jetstream: AckWait %v: want at least 100ms", o.AckWait)
	}
	jobs, err := o.jobs(p)
	if err != nil {
		return nil, err
	}
	refusals, err := c.nc.Subscribe(r.refused(), func(m *nats.Msg) { c.remark(string(m.Data)) })
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	defer refusals.Unsubscribe()
	if err := c.prepare(ctx, r, p, set, o); err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	if err := c.publishJobs(ctx, r, p, jobs); err != nil {
		return nil, fmt.Errorf("jetstream: publish the jobs: %w", err)
	}
	_ = c.nc.Publish(newsSubject, nil) // workers look for runs now and then; this is sooner
	outcomes, err := c.collect(ctx, r, p, jobs, o)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return outcomes, nil
}

// RunOptions are the settings of [Conn.Run].
type RunOptions struct {
	Jobs []int // indices of the jobs to run; nil: all
	// AckWait is how long after the last sign of life of its worker a job is given to
	// another. Workers give a sign four times in it, however long a fit takes. At least 100 ms; 0: 30 s.
	AckWait time.Duration
	// Progress is called for each outcome, those of an earlier Run included.
	Progress func(o *crossval.Outcome, done, total int)
}

// jobs returns the indices of the jobs in order, each once.
func (o *RunOptions) jobs(p *crossval.Plan) ([]int, error) {
	if o.Jobs == nil {
		all := make([]int, p.Len())
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	list := slices.Clone(o.Jobs)
	slices.Sort(list)
	list = slices.Compact(list)
	for _, i := range list {
		if _, err := p.Job(i); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// prepare makes what the server holds of a run, as far as it is not there.
func (c *Conn) prepare(ctx context.Context, r run, p *crossval.Plan, set data.Source, o RunOptions) error {
	var store jetstream.ObjectStore
	if err := c.retry(ctx, 5*time.Second, func(ctx context.Context) (err error) {
		store, err = c.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: r.bucket()})
		return err
	}); err != nil {
		return fmt.Errorf("object store: %w", err)
	}
	var rows *data.Set
	if err := c.put(ctx, store, p.Data(), func(w io.Writer) (err error) {
		if rows == nil {
			if rows, err = data.Collect(set); err != nil {
				return err
			}
		}
		return setfile.Write(w, rows)
	}); err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	if err := c.put(ctx, store, planObject, p.WriteJSON); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	for _, s := range []jetstream.StreamConfig{
		r.stream(r.results(), "result.*", jetstream.LimitsPolicy), r.stream(r.jobs(), "job.*", jetstream.WorkQueuePolicy),
	} {
		if err := c.retry(ctx, 5*time.Second, func(ctx context.Context) error {
			_, err := c.js.CreateOrUpdateStream(ctx, s)
			return err
		}); err != nil {
			return fmt.Errorf("stream: %w", err)
		}
	}
	if err := c.retry(ctx, 5*time.Second, func(ctx context.Context) error {
		_, err := c.js.CreateOrUpdateConsumer(ctx, r.jobs(), jetstream.ConsumerConfig{
			// No MaxDeliver: beyond it a message would stay in the stream in silence. Workers count.
			Durable: consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: o.AckWait, MaxDeliver: -1, MaxAckPending: -1,
		})
		return err
	}); err != nil {
		return fmt.Errorf("consumer: %w", err)
	}
	return nil
}

// objectTime is what the first attempt to move an object may take.
const objectTime = 30 * time.Second

// put makes an object, unless it is there.
func (c *Conn) put(ctx context.Context, store jetstream.ObjectStore, name string, write func(io.Writer) error) error {
	return c.retry(ctx, objectTime, func(ctx context.Context) error {
		_, err := store.GetInfo(ctx, name)
		if err == nil || !errors.Is(err, jetstream.ErrObjectNotFound) {
			return err
		}
		r, w := io.Pipe()
		go func() {
			err := write(w)
			if err != nil {
				err = fmt.Errorf("%w: %w", errForGood, err)
			}
			w.CloseWithError(err)
		}()
		_, err = store.Put(ctx, jetstream.ObjectMeta{Name: name}, r)
		r.CloseWithError(err)
		return err
	})
}

// get returns an object.
func (c *Conn) get(ctx context.Context, bucket, name string) (text []byte, err error) {
	err = c.retry(ctx, objectTime, func(ctx context.Context) error {
		store, err := c.js.ObjectStore(ctx, bucket)
		if err != nil {
			return err
		}
		text, err = store.GetBytes(ctx, name) // which checks its digest
		return err
	})
	return text, err
}

// publishJobs publishes the jobs that have no result.
func (c *Conn) publishJobs(ctx context.Context, r run, p *crossval.Plan, jobs []int) error {
	done := map[int]bool{}
	if err := c.retry(ctx, 30*time.Second, func(ctx context.Context) error {
		s, err := c.js.Stream(ctx, r.results())
		if err != nil {
			return err
		}
		info, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
		if err != nil {
			return err
		}
		for subject := range info.State.Subjects {
			done[r.index(subject)] = true
		}
		return nil
	}); err != nil {
		return err
	}
	const batch = 256 // messages that may wait for the server's word
	for part := range slices.Chunk(jobs, batch) {
		type sent struct {
			job    int
			future jetstream.PubAckFuture
		}
		var list []sent
		for _, i := range part {
			if done[i] {
				continue
			}
			m, err := jobMessage(r, p, i)
			if err != nil {
				return err
			}
			future, err := c.js.PublishMsgAsync(m)
			if err != nil {
				future = nil
			}
			list = append(list, sent{i, future})
		}
		for _, x := range list {
			if x.future != nil {
				select {
				case <-x.future.Ok():
					continue
				case err := <-x.future.Err():
					if taken(err) {
						continue
					}
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			m, err := jobMessage(r, p, x.job)
			if err == nil {
				err = c.publish(ctx, m)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func jobMessage(r run, p *crossval.Plan, i int) (*nats.Msg, error) {
	j, err := p.Job(i)
	if err != nil {
		return nil, err
	}
	print, err := j.Fingerprint()
	if err != nil {
		return nil, err
	}
	m := nats.NewMsg(r.job(i))
	m.Header.Set(jetstream.MsgIDHeader, print)
	return m, nil
}

// publish publishes a message until the server has it. That its subject has one already is
// no error.
func (c *Conn) publish(ctx context.Context, m *nats.Msg) error {
	err := c.retry(ctx, 5*time.Second, func(ctx context.Context) error {
		_, err := c.js.PublishMsg(ctx, m)
		return err
	})
	if taken(err) {
		return nil
	}
	return err
}

// collect reads results until those of all jobs are there.
func (c *Conn) collect(ctx context.Context, r run, p *crossval.Plan, jobs []int, o RunOptions) ([]*crossval.Outcome, error) {
	outcomes, done, next := make([]*crossval.Outcome, len(jobs)), 0, uint64(1)
	const few = 256
	var subjects []string // nil: all, of which those that were not asked for are left out
	if len(jobs) < p.Len() && len(jobs) <= few {
		for _, i := range jobs {
			subjects = append(subjects, r.result(i))
		}
	}
	for done < len(jobs) {
		err := c.retry(ctx, 30*time.Second, func(attempt context.Context) error {
			results, err := c.js.CreateConsumer(attempt, r.results(), jetstream.ConsumerConfig{
				AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: next, InactiveThreshold: time.Minute, FilterSubjects: subjects,
			})
			if err != nil {
				return err
			}
			for done < len(jobs) {
				if err := ctx.Err(); err != nil {
					return err
				}
				batch, err := results.Fetch(256, jetstream.FetchMaxWait(time.Second))
				if err != nil {
					return err
				}
				for m := range batch.Messages() {
					if err := ctx.Err(); err != nil {
						return err
					}
					meta, err := m.Metadata()
					if err != nil {
						return fmt.Errorf("%w: %w", errForGood, err)
					}
					out, err := c.outcome(ctx, r, p, m)
					if err != nil {
						return fmt.Errorf("%w: result %d: %w", errForGood, meta.Sequence.Stream, err)
					}
					next = meta.Sequence.Stream + 1
					at, asked := slices.BinarySearch(jobs, out.Index)
					if !asked || outcomes[at] != nil {
						continue
					}
					outcomes[at] = out
					done++
					if o.Progress != nil {
						o.Progress(out, done, len(jobs))
					}
					if done == len(jobs) {
						break
					}
				}
				if err := batch.Error(); err != nil && done < len(jobs) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// objectHeader names the object of a result that is too large for a message.
const objectHeader = "Aegis-Object"

// outcome returns the outcome of a message.
func (c *Conn) outcome(ctx context.Context, r run, p *crossval.Plan, m jetstream.Msg) (*crossval.Outcome, error) {
	text := m.Data()
	if name := m.Headers().Get(objectHeader); name != "" {
		var err error
		if text, err = c.get(ctx, r.bucket(), name); err != nil {
			return nil, err
		}
	}
	o, err := crossval.ReadOutcome(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := p.Accept(o); err != nil {
		return nil, err
	}
	if i := r.index(m.Subject()); i != o.Index {
		return nil, fmt.Errorf("the result of job %d has the subject of job %d", o.Index, i)
	}
	return o, nil
}

// Remove removes everything that the server holds of a plan. That there is nothing is no
// error.
func (c *Conn) Remove(ctx context.Context, p *crossval.Plan) error {
	if c == nil || c.js == nil {
		return errNoConn
	}
	r, err := runOf(p)
	if err != nil {
		return err
	}
	for _, remove := range []func(context.Context) error{
		func(ctx context.Context) error { return c.js.DeleteStream(ctx, r.jobs()) },
		func(ctx context.Context) error { return c.js.DeleteStream(ctx, r.results()) },
		func(ctx context.Context) error { return c.js.DeleteObjectStore(ctx, r.bucket()) },
	} {
		err := c.retry(ctx, 10*time.Second, remove)
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrBucketNotFound) {
			return fmt.Errorf("jetstream: remove: %w", err)
		}
	}
	_ = c.nc.Publish(newsSubject, []byte(r)) // workers would notice by themselves, a second later
	return nil
}

// Validate is [crossval.Validate] on the workers of the server: it plans, runs, merges and
// removes. Of the options, only Seed, Metrics and Importance matter; every estimator must
// have a description, which workers know.
func (c *Conn) Validate(ctx context.Context, set data.Source, sp crossval.Splitter, candidates []crossval.Candidate, o crossval.Options, ro RunOptions) (*crossval.Result, error) {
	p, err := crossval.NewPlan(set, sp, candidates, o)
	if err != nil {
		return nil, err
	}
	outcomes, err := c.Run(ctx, p, set, ro)
	if err != nil {
		return nil, err
	}
	result, err := p.Merge(outcomes)
	if result == nil {
		return nil, err
	}
	return result, errors.Join(err, c.Remove(ctx, p))
}

// Elsewhere returns what runs the fits of a [crossval.Session], or of a search, on the workers
// of the server, and what ends that. The server holds one plan at a time: it is removed when
// the next one begins, and by end. Of the options, Jobs does not matter.
func (c *Conn) Elsewhere(o RunOptions) (run crossval.Elsewhere, end func(context.Context) error) {
	var held *crossval.Plan
	end = func(ctx context.Context) error {
		if held == nil {
			return nil
		}
		err := c.Remove(ctx, held)
		if err == nil {
			held = nil
		}
		return err
	}
	run = func(ctx context.Context, p *crossval.Plan, rows data.Source, jobs []int, done func(*crossval.Outcome)) error {
		if p != held {
			if err := end(ctx); err != nil {
				return err
			}
			held = p
		}
		o := o
		o.Jobs = jobs
		progress := o.Progress
		o.Progress = func(out *crossval.Outcome, n, total int) {
			done(out)
			if progress != nil {
				progress(out, n, total)
			}
		}
		_, err := c.Run(ctx, p, rows, o)
		return err
	}
	return run, end
}
