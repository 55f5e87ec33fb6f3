// Package line writes a line of progress over itself, as terminals and notebooks
// do at a carriage return.
package line

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Line is a line that is written over.
type Line struct {
	W     io.Writer
	width int
	last  time.Time
}

// pause between two texts that is long enough to read and short enough to live.
const pause = 100 * time.Millisecond

// Show writes text over the last one, unless that was shown a moment ago.
func (l *Line) Show(text string) error {
	if !l.last.IsZero() && time.Since(l.last) < pause {
		return nil
	}
	l.last = time.Now()
	return l.write(text, "")
}

// End writes the last text and ends the line.
func (l *Line) End(text string) error { return l.write(text, "\n") }

// write fills up with spaces what the text before leaves uncovered.
func (l *Line) write(text, end string) error {
	width := utf8.RuneCountInString(text)
	_, err := fmt.Fprint(l.W, "\r", text, strings.Repeat(" ", max(0, l.width-width)), end)
	l.width = width
	return err
}
