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

// progress reports how many tasks are finished and which one is running: a bar on a
// terminal, plain lines otherwise, nothing if quiet.
type progress struct {
	w     io.Writer
	bars  *mpb.Progress
	bar   *mpb.Bar
	total int
	begin time.Time

	mu    sync.Mutex
	who   string      // the task that started last
	shown int         // finished tasks
	quiet *time.Timer // writes a plain line when there has been none for quietFor
}

// quietFor is the longest pause between plain lines.
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

// done reports that n tasks are finished, and names the last of them. A plain line is
// written at every tenth of the total.
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

// grow raises the number of tasks.
func (p *progress) grow(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = total
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
	}
}

// at names the task that has just started.
func (p *progress) at(who string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who = who
}

// line writes a plain line and restarts the timer.
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
