package crossval

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed732fc211/aegis/internal/line"
)

// ProgressLine shows the number of completed fits and their time on one line, which it
// overwrites. Its method Show is for Options.Progress:
//
//	crossval.Options{Progress: (&crossval.ProgressLine{W: os.Stdout}).Show}
type ProgressLine struct {
	W io.Writer // nil: os.Stderr

	line  line.Line
	begin time.Time
}

// Show shows an event.
func (p *ProgressLine) Show(e Event) {
	if p == nil {
		return
	}
	if p.begin.IsZero() {
		p.begin = time.Now()
		p.line.W = p.W
		if p.W == nil {
			p.line.W = os.Stderr
		}
	}
	if !e.Finished {
		return
	}
	text := fmt.Sprintf("%d/%d fits  %.1f s", e.Done, e.Total, time.Since(p.begin).Seconds())
	// Failing to show progress is no reason to stop.
	if e.Done < e.Total {
		_ = p.line.Show(fmt.Sprintf("%s  %s, repeat %d, fold %d", text, e.Candidate, e.Repeat+1, e.Fold+1))
		return
	}
	_ = p.line.End(text)
}
