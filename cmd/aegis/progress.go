package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress tells how far a piece of work has come and who is at work: a bar on a
// terminal, plain lines otherwise, nothing if quiet.
type progress struct {
	w     io.Writer
	bars  *mpb.Progress
	bar   *mpb.Bar
	total int
	begin time.Time

	mu    sync.Mutex
	who   string      // began last
	shown int         // pieces
	quiet *time.Timer // of plain lines: writes one when none was for a while
}

// quietFor is how long plain lines may be silent.
const quietFor = 10 * time.Second

func newProgress(w io.Writer, quiet bool, total int, what string) *progress {
	p := &progress{w: w, total: total, begin: time.Now()}
	if quiet {
		return p
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(80))
		p.bar = p.bars.AddBar(int64(total), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CountersNoUnit("%d/%d "+what)),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8}), decor.Any(func(decor.Statistics) string {
				p.mu.Lock()
				defer p.mu.Unlock()
				return " " + p.who
			})))
		return p
	}
	p.quiet = time.AfterFunc(quietFor, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.who != "" {
			p.line("at work: " + p.who)
		}
	})
	return p
}

// done tells that n pieces of the work are done, the last of which is named.
// Plain lines come at every tenth.
func (p *progress) done(n int, last string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.SetCurrent(int64(n))
	}
	tenth := n*10/p.total > p.shown*10/p.total || n == p.total
	p.shown = n
	if p.quiet != nil && tenth {
		p.line(last)
	}
}

// grow makes the work longer than was thought.
func (p *progress) grow(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = total
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
	}
}

// at tells who has begun to work.
func (p *progress) at(who string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who = who
}

// line writes a plain line; the next comes when there is news, or in a while.
func (p *progress) line(text string) {
	fmt.Fprintf(p.w, "%d/%d  %s  %s\n", p.shown, p.total, time.Since(p.begin).Round(100*time.Millisecond), text)
	p.quiet.Reset(quietFor)
}

func (p *progress) end() {
	if p.quiet != nil {
		p.mu.Lock()
		p.quiet.Stop()
		p.quiet, p.who = nil, ""
		p.mu.Unlock()
	}
	if p.bar != nil {
		p.bar.Abort(true) // takes the bar off the screen
		p.bars.Wait()
	}
}
