package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress tells how far a piece of work has come: a bar on a terminal, plain
// lines otherwise, nothing if quiet.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar
	lines bool
	total int
	shown int
	begin time.Time
}

func newProgress(w io.Writer, quiet bool, total int, what string) *progress {
	p := &progress{w: w, total: total, begin: time.Now()}
	if quiet {
		return p
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(50*time.Millisecond))
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
		_ = p.bar.Set(n) // a bar that cannot be drawn harms nothing
	case p.lines && (n*10/p.total > p.shown*10/p.total || n == p.total):
		fmt.Fprintf(p.w, "%d/%d  %s  %s\n", n, p.total, time.Since(p.begin).Round(100*time.Millisecond), last)
	}
	p.shown = n
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
