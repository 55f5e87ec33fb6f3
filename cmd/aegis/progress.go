package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress tells how far a piece of work has come: a bar on a terminal, plain
// lines otherwise, nothing if quiet.
type progress struct {
	w     io.Writer
	bars  *mpb.Progress
	bar   *mpb.Bar
	lines bool
	total int
	shown int
	begin time.Time
	said  time.Time // when the last plain line was written
}

func newProgress(w io.Writer, quiet bool, total int, what string) *progress {
	p := &progress{w: w, total: total, begin: time.Now(), said: time.Now()}
	if quiet {
		return p
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(60))
		p.bar = p.bars.AddBar(int64(total), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CountersNoUnit("%d/%d "+what)),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})))
		return p
	}
	p.lines = true
	return p
}

// done tells that n pieces of the work are done, the last of which is named.
// Plain lines come at every tenth.
func (p *progress) done(n int, last string) {
	switch {
	case p.bar != nil:
		p.bar.SetCurrent(int64(n))
	case p.lines && (n*10/p.total > p.shown*10/p.total || n == p.total):
		p.said = time.Now()
		fmt.Fprintf(p.w, "%d/%d  %s  %s\n", n, p.total, time.Since(p.begin).Round(100*time.Millisecond), last)
	}
	p.shown = n
}

// at tells who is at work: on a plain screen when nothing has been said for a
// while.
func (p *progress) at(who string) {
	if p.lines && time.Since(p.said) > quietFor {
		p.said = time.Now()
		fmt.Fprintf(p.w, "%d/%d  %s  at work: %s\n", p.shown, p.total, time.Since(p.begin).Round(100*time.Millisecond), who)
	}
}

// quietFor is how long plain lines may be silent.
const quietFor = 10 * time.Second

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true) // takes the bar off the screen
		p.bars.Wait()
	}
}
