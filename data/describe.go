package data

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// String describes the set in one line: name, rows, the shape of each input, and the
// classes with their counts or the name of a real target.
func (s *Set) String() string {
	if s == nil {
		return "no set"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d rows", s.Name, s.Len())
	for _, x := range s.Inputs {
		if x == nil || x.Dims() == 0 {
			b.WriteString(", an input without rows")
			continue
		}
		fmt.Fprintf(&b, ", %v of shape %v", x.Dtype(), x.Shape()[1:])
	}
	for k := range s.Sequences {
		q := &s.Sequences[k]
		if q.Values != nil && q.Rows() > 0 {
			fmt.Fprintf(&b, ", sequences %q of %v, %v to %v steps", q.Name, q.Values.Dtype(), slices.Min(s.lengthsOf(q)), slices.Max(s.lengthsOf(q)))
		}
	}
	switch counts, err := s.ClassCounts(); {
	case len(s.Targets) == 0 && len(s.Steps) == 0:
		b.WriteString("; no targets")
	case s.Classes == nil && s.As == nil:
		fmt.Fprintf(&b, "; a regression of %q", s.Target)
	case s.Classes == nil:
		fmt.Fprintf(&b, "; to %s: %s", TaskName(s.As), quoteList(s.AboutTargets().Columns))
	case err == nil:
		b.WriteString("; ")
		for i, c := range s.Classes {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s %d", c, counts[i])
		}
	}
	return b.String()
}

// lengthsOf returns the number of steps of every row.
func (s *Set) lengthsOf(q *Sequences) []int {
	out := make([]int, q.Rows())
	for i := range out {
		out[i] = q.Len(i)
	}
	return out
}

// shownRows and shownColumns are the size of the excerpt that HTML shows of a table.
const (
	shownRows    = 5
	shownColumns = 12
)

// HTML returns the line of String and, for a table, the first rows of its first columns,
// for notebooks.
func (s *Set) HTML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(s.String()))
	if s == nil {
		return b.String()
	}
	v, columns, err := s.Table()
	if err != nil || len(s.Features) != columns {
		return b.String()
	}
	shown := min(columns, shownColumns)
	b.WriteString("<table><tr>")
	for _, f := range s.Features[:shown] {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(f.Name))
	}
	if shown < columns {
		fmt.Fprintf(&b, "<th>%d more</th>", columns-shown)
	}
	if len(s.Targets) > 0 {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(s.Target))
	}
	b.WriteString("</tr>\n")
	for i := range min(s.Len(), shownRows) {
		b.WriteString("<tr>")
		for j, f := range s.Features[:shown] {
			fmt.Fprintf(&b, "<td>%s</td>", html.EscapeString(cellText(f, v[i*columns+j])))
		}
		if shown < columns {
			b.WriteString("<td>…</td>")
		}
		if len(s.Targets) > 0 {
			fmt.Fprintf(&b, "<td>%s</td>", html.EscapeString(s.answer(i)))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	return b.String()
}

func cellText(f Feature, v float64) string {
	if math.IsNaN(v) {
		return "missing"
	}
	switch {
	case f.Levels != nil && v == -1:
		return "unknown"
	case f.Levels != nil && v == math.Trunc(v) && v >= 0 && v < float64(len(f.Levels)):
		return f.Levels[int(v)]
	case f.Time != "" && math.Abs(v) < 1e11:
		return timeText(f.Time, v)
	}
	return fmt.Sprintf("%.5g", v)
}

func (s *Set) answer(i int) string {
	if y, err := s.Labels(); err == nil && i < len(y) && y[i] >= 0 && y[i] < len(s.Classes) {
		return s.Classes[y[i]]
	}
	if y, err := s.Values(); err == nil && i < len(y) {
		return fmt.Sprintf("%.5g", y[i])
	}
	if y, columns, err := s.TargetTable(); err == nil && (i+1)*columns <= len(y) {
		return strings.Trim(fmt.Sprintf("%.5g", y[i*columns:(i+1)*columns]), "[]")
	}
	return "…"
}
