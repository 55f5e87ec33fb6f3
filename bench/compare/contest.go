package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// session is a contestant at work on one row of the table. A window runs it for
// about a time and returns its rate.
type session interface {
	Window(ctx context.Context, d time.Duration) (float64, error)
	Close() error
}

// candidate is one way in which a contestant can run.
type candidate struct {
	how  string
	open func(ctx context.Context) (session, error)
}

// contestant is a library. It runs in the fastest of its ways.
type contestant struct {
	name       string
	candidates []candidate
}

// row is a line of the table.
type row struct {
	key, what   string // "W1", "training"
	unit        string
	value       func(rate float64) float64 // of the unit
	contestants []contestant               // Aegis is the first
}

// keep leaves out the contestants besides the first that have none of the names, if
// there are any.
func (r *row) keep(names []string) {
	if len(names) > 0 {
		r.contestants = slices.DeleteFunc(r.contestants, func(c contestant) bool {
			return c.name != r.contestants[0].name && !slices.Contains(names, c.name)
		})
	}
}

// measured is what a contestant has reached.
type measured struct {
	name, how string
	rates     []float64
}

func (m measured) median() float64 { return median(m.rates) }

// result is a row with its numbers.
type result struct {
	row
	entries []measured
}

// fastestOther returns the contestant besides the first with the highest median
// rate; −1: there is none.
func (r result) fastestOther() int {
	best := -1
	for i := 1; i < len(r.entries); i++ {
		if best < 0 || r.entries[i].median() > r.entries[best].median() {
			best = i
		}
	}
	return best
}

// ratios returns the first contestant's rate over another's, window by window.
func (r result) ratios(other int) []float64 {
	return r.ratiosOf(r.entries[0], r.entries[other])
}

func (r result) ratiosOf(a, b measured) []float64 {
	out := make([]float64, len(a.rates))
	for i, v := range a.rates {
		out[i] = v / b.rates[i]
	}
	return out
}

func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile interpolates between the sorted values.
func quantile(v []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(v))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// arena runs contestants, one at a time.
type arena struct {
	window time.Duration
	rounds int
	log    io.Writer
}

// settled runs a window after the garbage of whoever ran before was collected, and
// idle threads of theirs, which wait for work in loops for a while, sleep.
func settled(ctx context.Context, s session, d time.Duration) (float64, error) {
	runtime.GC()
	time.Sleep(40 * time.Millisecond)
	return s.Window(ctx, d)
}

const (
	trials    = 3 // short windows in which a way shows what it can
	finalists = 2 // ways of a contestant that run to the end
)

// entrant is a candidate at work.
type entrant struct {
	how     string
	session session
	top     float64 // the best of its short windows
}

// tryOut opens candidates and runs them in turn in short windows. A way that a
// library does not have is told and left out; failure is the last reason.
func (a *arena) tryOut(ctx context.Context, name string, candidates []candidate) (list []*entrant, failure error) {
	leaveOut := func(how string, err error) {
		failure = err
		fmt.Fprintf(a.log, "  %s, %s: left out: %v\n", name, how, err)
	}
	for _, c := range candidates {
		s, err := c.open(ctx)
		if err != nil {
			leaveOut(c.how, err)
			continue
		}
		list = append(list, &entrant{how: c.how, session: s})
	}
	for range trials {
		list = slices.DeleteFunc(list, func(e *entrant) bool {
			rate, err := settled(ctx, e.session, a.window/4)
			if err != nil {
				leaveOut(e.how, err)
				e.session.Close()
				return true
			}
			e.top = max(e.top, rate)
			return false
		})
	}
	return list, failure
}

// choose opens the fastest candidates of a contestant, the best first.
func (a *arena) choose(ctx context.Context, c contestant) ([]*entrant, error) {
	list, failure := a.tryOut(ctx, c.name, c.candidates)
	if ctx.Err() != nil {
		failure = context.Cause(ctx)
	}
	if len(list) == 0 || ctx.Err() != nil {
		closeAll(list)
		return nil, fmt.Errorf("%s runs in no way: %w", c.name, failure)
	}
	slices.SortStableFunc(list, func(a, b *entrant) int { return cmp.Compare(b.top, a.top) })
	for _, e := range list {
		fmt.Fprintf(a.log, "  %s, %s: %.4g\n", c.name, e.how, e.top)
	}
	n := min(finalists, len(list))
	closeAll(list[n:])
	return list[:n], nil
}

func closeAll(list []*entrant) {
	for _, e := range list {
		e.session.Close()
	}
}

// run measures a row: the contestants in turn, window by window, each with the
// finalists of its ways, of which the one with the higher median counts. One that
// does not run is left out, unless it is the first; so is a finalist that fails on
// its way.
func (a *arena) run(ctx context.Context, r row) (result, error) {
	fmt.Fprintf(a.log, "%s %s\n", r.key, r.what)
	out := result{row: r}
	var all []*finalist
	defer func() {
		for _, f := range all {
			f.session.Close()
		}
	}()
	for i, c := range r.contestants {
		list, err := a.choose(ctx, c)
		if err != nil {
			if i == 0 || ctx.Err() != nil {
				return out, err
			}
			fmt.Fprintf(a.log, "  %v\n", err)
			continue
		}
		for _, e := range list {
			all = append(all, &finalist{session: e.session, measured: measured{name: c.name, how: e.how}})
		}
	}
	for range a.rounds {
		for _, f := range all {
			if f.out {
				continue
			}
			rate, err := settled(ctx, f.session, a.window)
			switch {
			case err == nil:
				f.rates = append(f.rates, rate)
			case f.name == r.contestants[0].name || ctx.Err() != nil:
				return out, fmt.Errorf("%s %s: %s: %w", r.key, r.what, f.name, err)
			default:
				f.out = true
				fmt.Fprintf(a.log, "  %s, %s: left out: %v\n", f.name, f.how, err)
			}
		}
	}
	for _, f := range all {
		if f.out {
			continue
		}
		if n := len(out.entries); n > 0 && out.entries[n-1].name == f.name {
			if f.median() > out.entries[n-1].median() {
				out.entries[n-1] = f.measured
			}
			continue
		}
		out.entries = append(out.entries, f.measured)
	}
	for _, e := range out.entries {
		fmt.Fprintf(a.log, "  %-18s %10.4g %s  (%s)\n", e.name, r.value(e.median()), r.unit, e.how)
	}
	if best := out.fastestOther(); best >= 0 {
		fmt.Fprintf(a.log, "  Aegis / %s: %.2f\n", out.entries[best].name, median(out.ratios(best)))
	}
	return out, nil
}

// finalist is a way of a contestant that runs to the end.
type finalist struct {
	session session
	measured
	out bool // it has failed
}
