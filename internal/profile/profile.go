// Package profile holds what a program's run took, operation by operation, for
// package graph to measure and package plots to draw.
package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Profile is what the operations of a program took.
type Profile struct {
	Title   string        // "": none
	Runs    int           // that were measured
	Wall    time.Duration // of all runs, with what lies between operations
	Peak    float64       // operations a second of a large matrix product on this machine, measured beside
	Threads int           // that computed at most
	Ops     []Op          // in the order of a run
}

// Op is one operation of a program.
type Op struct {
	Path  string // of the layer, such as "encoder/2.Dense"; "": none
	Kind  string // the operation, such as "MatMul"
	Shape string // of the result, such as "(128,10)"

	Calls int
	Time  time.Duration // of all calls

	// FLOP is the multiplications and additions of the products in a call: 2·m·n·k of
	// a matrix product. Bias, activation and everything that is no product count 0. A
	// convolution counts as many as its definition has; one of 3×3 kernels may get by
	// with fewer, and so be faster than the peak.
	FLOP int

	// Bytes is the size of a call's operands and result: what it moves if it reads and
	// writes each once. What only takes a part out of its operands, such as Slice, reads
	// as much as it writes.
	Bytes int
}

// shortest is the time of a call from which on the clock tells its rate.
const shortest = 50 * time.Nanosecond

func (o Op) timed() bool { return o.Calls > 0 && o.Time/time.Duration(o.Calls) >= shortest }

// Rate returns the operations a second; 0 if the operation has no products, or is
// too short for the clock.
func (o Op) Rate() float64 {
	if !o.timed() {
		return 0
	}
	return perSecond(o.FLOP*o.Calls, o.Time)
}

// Bandwidth returns the bytes moved in a second; 0 if the operation is too short
// for the clock.
func (o Op) Bandwidth() float64 {
	if !o.timed() {
		return 0
	}
	return perSecond(o.Bytes*o.Calls, o.Time)
}

func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Time returns the time of all operations.
func (p *Profile) Time() time.Duration {
	var t time.Duration
	for _, o := range p.Ops {
		t += o.Time
	}
	return t
}

// FLOP returns the operations of one run's products.
func (p *Profile) FLOP() int {
	n := 0
	for _, o := range p.Ops {
		if p.Runs > 0 {
			n += o.FLOP * o.Calls / p.Runs
		}
	}
	return n
}

// Share returns the part of the time of all operations that one took, from 0 to 1.
func (p *Profile) Share(o Op) float64 {
	if t := p.Time(); t > 0 {
		return float64(o.Time) / float64(t)
	}
	return 0
}

// OfPeak returns the part of the machine's measured peak that an operation
// reaches, from 0 to about 1; 0 if it has no products.
func (p *Profile) OfPeak(o Op) float64 {
	if p.Peak <= 0 {
		return 0
	}
	return o.Rate() / p.Peak
}

// ByTime returns the operations, the longest first.
func (p *Profile) ByTime() []Op {
	return slices.SortedStableFunc(slices.Values(p.Ops), func(a, b Op) int { return cmp.Compare(b.Time, a.Time) })
}

// String returns a table of the operations, the longest first: time of a call and
// share of the whole, calls, operations and bytes of a call, and their rates.
func (p *Profile) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, p.Summary())
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "us a call\tshare\tcalls\tMFLOP\tGFLOP/s\tof peak\tkB\tGB/s\t  operation")
	for _, o := range p.ByTime() {
		calls := max(o.Calls, 1)
		fmt.Fprintf(w, "%.2f\t%.1f%%\t%d\t%s\t%s\t%s\t%.1f\t%s\t  %s\n", float64(o.Time)/float64(calls)/1e3, 100*p.Share(o), o.Calls,
			known("%.3f", float64(o.FLOP)/1e6), known("%.1f", o.Rate()/1e9), known("%.0f%%", 100*p.OfPeak(o)),
			float64(o.Bytes)/1e3, known("%.1f", o.Bandwidth()/1e9), o)
	}
	w.Flush()
	return b.String()
}

// known writes a number, and a dash for 0, which stands for none.
func known(format string, v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

// Summary returns the whole in a line.
func (p *Profile) Summary() string {
	s := ""
	if p.Title != "" {
		s = p.Title + ": "
	}
	runs := max(p.Runs, 1)
	s += fmt.Sprintf("%.1f us a run, %.1f of them in %d operations; runs: %d, threads: %d", us(p.Wall)/float64(runs), us(p.Time())/float64(runs), len(p.Ops), p.Runs, p.Threads)
	if f := p.FLOP(); f > 0 {
		s += fmt.Sprintf("; %.3f MFLOP a run, %.1f GFLOP/s of a measured peak of %.1f", float64(f)/1e6, perSecond(f*runs, p.Wall)/1e9, p.Peak/1e9)
	}
	return s
}

func us(d time.Duration) float64 { return float64(d) / 1e3 }

// String returns the operation, its layer and its result's shape.
func (o Op) String() string {
	s := o.Kind + " " + o.Shape
	if o.Path != "" {
		s = o.Path + ": " + s
	}
	return s
}
