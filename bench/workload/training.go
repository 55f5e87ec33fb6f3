package workload

import (
	"context"
	"errors"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// Training is a fit that goes on for a while when it is asked to: train.Fit at
// work in a goroutine that stands still between windows.
type Training struct {
	Model *models.Model

	rows, batch int
	begin       chan window
	end         chan float64
	done        chan error
	stop        context.CancelFunc
	err         error // of the fit, once it has ended

	now   window
	since time.Time
	seen  int // rows in this window
	steps int
	every int // steps between two looks at the clock
}

// window is how long a fit goes on: for a time, or for a number of steps.
type window struct {
	d     time.Duration
	steps int
}

// Train starts the training of a workload on the rows of a set, at rest.
func (w Workload) Train(ctx context.Context, set *data.Set) (*Training, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	every := 1
	if w.Table {
		every = 16
	}
	return start(ctx, m, set, w.Config(), every), nil
}

// start starts a fit, at rest, that looks at the clock after the given number of steps.
func start(ctx context.Context, m *models.Model, set *data.Set, c train.Config, every int) *Training {
	ctx, stop := context.WithCancel(ctx)
	t := &Training{
		Model: m, rows: set.Len(), batch: c.BatchSize, stop: stop, every: every,
		begin: make(chan window), end: make(chan float64), done: make(chan error, 1),
	}
	c.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) { return t.hook(ctx), nil })}
	go func() {
		_, err := train.Fit(ctx, m, set, c)
		t.done <- err
	}()
	return t
}

func (t *Training) hook(ctx context.Context) train.Hook {
	rest := func() error {
		select {
		case t.now = <-t.begin:
			t.seen, t.steps, t.since = 0, 0, time.Now()
			return nil
		case <-ctx.Done():
			return train.ErrStop
		}
	}
	return func(e *train.Event) error {
		switch e.Kind {
		case train.Begin:
			return rest()
		case train.BatchEnd:
			t.steps++
			t.seen += min(t.batch, t.rows-(e.Batch-1)*t.batch)
			if t.now.steps > 0 && t.steps < t.now.steps || t.now.steps == 0 && (t.steps%t.every != 0 || time.Since(t.since) < t.now.d) {
				return nil
			}
			took := time.Since(t.since)
			t.end <- float64(t.seen) / took.Seconds()
			return rest()
		}
		return nil
	}
}

// Window trains for about a time, at least one step, and returns rows a second.
func (t *Training) Window(d time.Duration) (float64, error) { return t.run(window{d: d}) }

// Steps trains for a number of steps and returns rows a second.
func (t *Training) Steps(n int) (float64, error) { return t.run(window{steps: n}) }

func (t *Training) run(w window) (float64, error) {
	select {
	case t.begin <- w:
	case err := <-t.done:
		return 0, t.ended(err)
	}
	select {
	case rate := <-t.end:
		return rate, nil
	case err := <-t.done:
		return 0, t.ended(err)
	}
}

func (t *Training) ended(err error) error {
	if err == nil {
		err = errors.New("workload: the training has ended")
	}
	t.err = err
	t.done <- err // for who asks again
	return err
}

// Close ends the training.
func (t *Training) Close() error {
	t.stop()
	err := <-t.done
	t.done <- err
	if t.err != nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
