package graph

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/profile"
)

// Profile is what the operations of a program took: time, calls, and by their
// shapes, operations of products and bytes moved. It is text by its String, and
// plots.DrawProfile draws it.
type Profile = profile.Profile

// OpProfile is one operation of a Profile.
type OpProfile = profile.Op

// mostProfiled is how many runs are profiled at most.
const mostProfiled = 1_000_000

// Profile runs the program the given number of times, at most a million, as Run does, and measures every
// operation. One more run comes first, which does not count. States that have an
// update are overwritten after every run. Besides, a large matrix product is
// measured for the machine's peak, which takes some tens of milliseconds.
//
// The time of an operation is without that of reading the clock. A program that
// is not being profiled pays nothing.
func (p *Program) Profile(ctx context.Context, runs int) (*Profile, error) {
	if runs < 1 {
		return nil, &Error{Op: "profile", Err: fmt.Errorf("%d runs: want at least 1", runs)}
	}
	if runs > mostProfiled {
		return nil, &Error{Op: "profile", Err: fmt.Errorf("%d runs: want at most %d", runs, mostProfiled)}
	}
	if err := p.Run(ctx); err != nil {
		return nil, err
	}
	out := &Profile{Runs: runs, Threads: kernel.Threads(), Ops: make([]OpProfile, len(p.steps))}
	described := map[*Node]Operation{}
	for _, o := range p.Operations() {
		described[o.Node] = o
	}
	for i, s := range p.steps {
		o := described[s.node]
		out.Ops[i] = OpProfile{Path: o.Path, Kind: o.Kind, Shape: dims(o.Shape), FLOP: o.FLOP, Bytes: o.Bytes}
	}
	clock := clockTime()
	begin := time.Now()
	for range runs {
		if err := p.measure(ctx, out.Ops, clock); err != nil {
			return nil, err
		}
	}
	out.Wall = time.Since(begin)
	out.Peak = p.peak()
	return out, nil
}

// measure is Run with the time of every step.
func (p *Program) measure(ctx context.Context, ops []OpProfile, clock time.Duration) (err error) {
	p.at = 0
	defer func() {
		if r := recover(); r != nil {
			err = p.located(&PanicError{Value: r, Stack: debug.Stack()})
		}
	}()
	before := time.Now()
	for ; p.at < len(p.steps); p.at++ {
		if ctx.Err() != nil {
			return p.located(context.Cause(ctx))
		}
		if err := p.steps[p.at].run(); err != nil {
			return p.located(err)
		}
		now := time.Now()
		ops[p.at].Time += max(0, now.Sub(before)-clock)
		ops[p.at].Calls++
		before = now
	}
	for _, c := range p.commits {
		c.to.copyFrom(c.from)
	}
	return nil
}

// clockTime is what a look at the clock takes.
func clockTime() time.Duration {
	const looks = 1000
	begin := time.Now()
	last := begin
	for range looks {
		last = time.Now()
	}
	return last.Sub(begin) / looks
}

// peak measures a large matrix product in the program's element type.
func (p *Program) peak() float64 {
	if p.builder.Dtype() == Float64 {
		return productRate[float64]()
	}
	return productRate[float32]()
}

// productRate returns the best rate of a few large products, in operations a second.
func productRate[T kernel.Float]() float64 {
	const n = 768
	a, b, c := make([]T, n*n), make([]T, n*n), make([]T, n*n)
	for i := range a {
		a[i], b[i] = T(i%7)-3, T(i%5)-2
	}
	best := time.Duration(0)
	for i := range 6 {
		begin := time.Now()
		kernel.Gemm(false, false, n, n, n, a, b, 0, c)
		if t := time.Since(begin); i > 0 && (best == 0 || t < best) {
			best = t
		}
	}
	return 2 * n * n * n / max(best, time.Nanosecond).Seconds()
}
