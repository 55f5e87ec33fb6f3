package main

import (
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

// choose opens the fastest candidate of a contestant: that with the best of two
// short windows. A way that a library does not have is told and left out.
func (a *arena) choose(ctx context.Context, c contestant) (session, string, error) {
	var best session
	how, top := "", 0.0
	var failure error
	for _, cand := range c.candidates {
		s, err := cand.open(ctx)
		rate := 0.0
		for range 2 {
			if err != nil {
				break
			}
			if len(c.candidates) == 1 {
				return s, cand.how, nil
			}
			var one float64
			if one, err = settled(ctx, s, a.window/4); err == nil {
				rate = max(rate, one)
			}
		}
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		if err != nil {
			failure = err
			fmt.Fprintf(a.log, "  %s, %s: left out: %v\n", c.name, cand.how, err)
			continue
		}
		fmt.Fprintf(a.log, "  %s, %s: %.4g\n", c.name, cand.how, rate)
		if best == nil || rate > top {
			if best != nil {
				best.Close()
			}
			best, how, top = s, cand.how, rate
		} else {
			s.Close()
		}
	}
	if best == nil {
		return nil, "", fmt.Errorf("%s runs in no way: %w", c.name, failure)
	}
	return best, how, nil
}

// run measures a row: the contestants in turn, window by window. One that does
// not run is left out, unless it is the first.
func (a *arena) run(ctx context.Context, r row) (result, error) {
	fmt.Fprintf(a.log, "%s %s\n", r.key, r.what)
	out := result{row: r}
	var sessions []session
	defer func() {
		for _, s := range sessions {
			s.Close()
		}
	}()
	for i, c := range r.contestants {
		s, how, err := a.choose(ctx, c)
		if err != nil {
			if i == 0 || ctx.Err() != nil {
				return out, err
			}
			fmt.Fprintf(a.log, "  %v\n", err)
			continue
		}
		sessions = append(sessions, s)
		out.entries = append(out.entries, measured{name: c.name, how: how})
	}
	for _, s := range sessions { // not counted
		if _, err := settled(ctx, s, a.window/4); err != nil {
			return out, err
		}
	}
	for range a.rounds {
		for i, s := range sessions {
			rate, err := settled(ctx, s, a.window)
			if err != nil {
				return out, fmt.Errorf("%s %s: %s: %w", r.key, r.what, out.entries[i].name, err)
			}
			out.entries[i].rates = append(out.entries[i].rates, rate)
		}
	}
	for _, e := range out.entries {
		fmt.Fprintf(a.log, "  %-18s %10.4g %s  (%s)\n", e.name, r.value(e.median()), r.unit, e.how)
	}
	if best := out.fastestOther(); best >= 0 {
		fmt.Fprintf(a.log, "  Aegis / %s: %.2f\n", out.entries[best].name, median(out.ratios(best)))
	}
	return out, nil
}
