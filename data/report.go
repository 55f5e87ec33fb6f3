package data

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Warning is something about a file that the user should know.
type Warning struct {
	Row    int    `json:"row,omitempty"`    // line of the file, from 1; 0: no particular line
	Column string `json:"column,omitempty"` // "": the whole file
	Text   string `json:"text"`
}

// String returns "row 7, column age: text".
func (w Warning) String() string {
	var parts []string
	if w.Row > 0 {
		parts = append(parts, fmt.Sprintf("row %d", w.Row))
	}
	if w.Column != "" {
		parts = append(parts, "column "+oneLine(cutText(w.Column)))
	}
	if parts == nil {
		return w.Text
	}
	return strings.Join(parts, ", ") + ": " + w.Text
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// LevelCount is a level of a categorical column and its number of rows.
type LevelCount struct {
	Level string `json:"level"`
	Rows  int    `json:"rows"`
}

// ColumnReport describes how a column was read and how it is used.
type ColumnReport struct {
	Name     string       `json:"name"`
	Type     ColumnType   `json:"type,omitempty"` // numeric, categorical, time or text; "" if nothing was read
	Boolean  bool         `json:"boolean,omitempty"`
	Role     string       `json:"role"`          // "feature", "target", "text", "group", "weight" or "left out"
	Why      string       `json:"why,omitempty"` // the reason for an unusual type or role
	Missing  int          `json:"missing"`
	Distinct int          `json:"distinct"`       // distinct values that are not missing
	More     bool         `json:"more,omitempty"` // there are more than Distinct
	Low      *float64     `json:"low,omitempty"`  // smallest number or time; nil: none
	High     *float64     `json:"high,omitempty"`
	Number   NumberFormat `json:"number,omitzero"` // how the numbers are written in the file
	Time     string       `json:"time,omitempty"`  // layout of the times
	Top      []LevelCount `json:"top,omitempty"`   // the most frequent levels
}

// Report describes what was found when a file was read.
type Report struct {
	Name       string         `json:"name"`
	Dialect    Dialect        `json:"dialect"`
	Rows       int            `json:"rows"` // in the file
	Columns    []ColumnReport `json:"columns"`
	Target     string         `json:"target,omitempty"`
	Task       Task           `json:"-"`
	Why        string         `json:"why,omitempty"`        // the reason for the task
	NoTarget   int            `json:"no_target,omitempty"`  // number of rows left out because they have no target
	Duplicates int            `json:"duplicates,omitempty"` // number of rows equal to an earlier one
	Warnings   []Warning      `json:"warnings,omitempty"`
}

// MarshalJSON encodes the report, with its task as a name such as "classify".
func (r *Report) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	type plain Report
	task := ""
	if r.Target != "" {
		task = TaskName(r.Task)
	}
	return json.Marshal(struct {
		*plain
		Task string `json:"task,omitempty"`
	}{(*plain)(r), task})
}

// Summary returns the report in one line.
func (r *Report) Summary() string {
	if r == nil {
		return "no report"
	}
	count := map[string]int{}
	missing := 0
	for _, c := range r.Columns {
		if c.Role == roleFeature {
			count[string(c.Type)]++
			missing += c.Missing
		} else {
			count[c.Role]++
		}
	}
	s := fmt.Sprintf("%d rows, %d numeric and %d categorical columns", r.Rows, count[string(Numeric)], count[string(Categorical)])
	if n := count[string(DateTime)]; n > 0 {
		s += fmt.Sprintf(", %d of times", n)
	}
	if n := count[roleText]; n > 0 {
		s += fmt.Sprintf(", %d of texts", n)
	}
	if n := count[roleOut]; n > 0 {
		s += fmt.Sprintf(" (%d left out)", n)
	}
	s += fmt.Sprintf(", %d missing values", missing)
	if r.Target == "" {
		return s
	}
	return s + fmt.Sprintf("; target %q: %s (%s)", r.Target, TaskName(r.Task), r.Why)
}

// reportHead is the header of the report's table.
var reportHead = []string{"column", "type", "missing", "distinct", "range or most frequent", "used as"}

// cells returns the line of the table for a column.
func (c ColumnReport) cells(rows int) []string {
	kind := string(c.Type)
	switch {
	case c.Boolean:
		kind = "boolean"
	case kind == "":
		kind = "-"
	case c.Type == DateTime:
		kind = "time " + layoutName(c.Time)
	}
	if f := c.Number.String(); f != "" {
		kind += " (" + f + ")"
	}
	missing := "-"
	if c.Missing > 0 {
		missing = fmt.Sprintf("%d (%s)", c.Missing, share(c.Missing, rows))
	}
	distinct := fmt.Sprint(c.Distinct)
	if c.Type == Text { // not counted
		distinct = ""
	}
	if c.More {
		distinct = "> " + distinct
	}
	use := c.Role
	if c.Why != "" {
		use += ": " + c.Why
	}
	return []string{cutText(c.Name), kind, missing, distinct, c.span(), use}
}

func share(n, of int) string {
	switch p := 100 * float64(n) / float64(max(of, 1)); {
	case p < 0.1:
		return "< 0.1%"
	case p < 10:
		return fmt.Sprintf("%.1f%%", p)
	default:
		return fmt.Sprintf("%.0f%%", p)
	}
}

// span returns the range of numbers and times, or the most frequent levels.
func (c ColumnReport) span() string {
	if c.Low != nil && c.High != nil {
		text := func(v float64) string { return fmt.Sprintf("%.6g", v) }
		if c.Type == DateTime {
			text = func(v float64) string { return timeText(c.Time, v) }
		}
		if *c.Low == *c.High {
			return text(*c.Low)
		}
		return text(*c.Low) + " to " + text(*c.High)
	}
	const shown = 3
	var parts []string
	for i, l := range c.Top {
		if i == shown {
			parts = append(parts, "...")
			break
		}
		name := []rune(oneLine(l.Level))
		if len(name) > 20 {
			name = append(name[:20], '…')
		}
		parts = append(parts, fmt.Sprintf("%s %d", string(name), l.Rows))
	}
	return strings.Join(parts, ", ")
}

// facts returns the lines above the table.
func (r *Report) facts() []string {
	facts := []string{fmt.Sprintf("%s: %d rows, %d columns", oneLine(r.Name), r.Rows, len(r.Columns))}
	if d := r.Dialect.String(); r.Dialect.Format != "" {
		facts = append(facts, "file: "+d)
	}
	if r.Target != "" {
		facts = append(facts, fmt.Sprintf("target: %s, to %s (%s)", oneLine(cutText(r.Target)), TaskName(r.Task), r.Why))
	}
	if r.NoTarget > 0 {
		facts = append(facts, plural(r.NoTarget, "row without a target is left out", "rows without a target are left out"))
	}
	if r.Duplicates > 0 {
		facts = append(facts, plural(r.Duplicates, "row is the same as an earlier one", "rows are the same as an earlier one"))
	}
	return facts
}

// String returns the report as a plain-text table.
func (r *Report) String() string {
	if r == nil {
		return "no report"
	}
	var b strings.Builder
	for _, f := range r.facts() {
		b.WriteString(f + "\n")
	}
	lines := [][]string{reportHead}
	for _, c := range r.Columns {
		lines = append(lines, c.cells(r.Rows))
	}
	b.WriteString("\n")
	writeAligned(&b, lines)
	if len(r.Warnings) > 0 {
		b.WriteString("\nwarnings:\n")
	}
	for _, w := range r.Warnings {
		b.WriteString("  " + w.String() + "\n")
	}
	return b.String()
}

// writeAligned writes lines of cells in columns.
func writeAligned(b *strings.Builder, lines [][]string) {
	width := make([]int, len(lines[0]))
	for _, l := range lines {
		for k, cell := range l {
			width[k] = max(width[k], shownWidth(oneLine(cell)))
		}
	}
	for _, l := range lines {
		for k, cell := range l {
			cell = oneLine(cell)
			b.WriteString(cell)
			if k < len(l)-1 {
				b.WriteString(strings.Repeat(" ", width[k]-shownWidth(cell)+2))
			}
		}
		b.WriteString("\n")
	}
}

// shownWidth returns the number of terminal cells that a text occupies; characters of East
// Asian scripts occupy two.
func shownWidth(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x1faff {
			n++
		}
	}
	return n
}

// HTML returns the report as a table for a web page or notebook.
func (r *Report) HTML() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for _, f := range r.facts() {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(f))
	}
	b.WriteString("<table>\n<tr>")
	for _, h := range reportHead {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(h))
	}
	b.WriteString("</tr>\n")
	for _, c := range r.Columns {
		b.WriteString("<tr>")
		for _, cell := range c.cells(r.Rows) {
			fmt.Fprintf(&b, "<td>%s</td>", html.EscapeString(oneLine(cell)))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	if len(r.Warnings) > 0 {
		b.WriteString("<ul>\n")
		for _, w := range r.Warnings {
			fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(w.String()))
		}
		b.WriteString("</ul>\n")
	}
	return b.String()
}

// fill fills in the column reports once the set is complete.
func (r *Report) fill(p *planner, s *Set) {
	features := map[int]Feature{}
	k := 0
	for j := range p.plans {
		if p.plans[j].role == roleFeature {
			features[j] = s.Features[k]
			k++
		}
	}
	for j := range p.plans {
		q := &p.plans[j]
		c := ColumnReport{
			Name: p.t.names[j], Type: q.kind, Boolean: q.boolean, Role: q.role, Why: q.why, Missing: q.blank, Number: q.number, Time: q.layout,
		}
		c.Distinct = p.distinct(q)
		if q.kind != Categorical && q.scan.distinct > maxDistinct {
			c.Distinct, c.More = maxDistinct, true
		}
		switch {
		case q.kind == Categorical:
			c.Top = topLevels(q)
		case q.role == roleFeature:
			c.span2(features[j].Seen.Low, features[j].Seen.High)
		case q.kind == Numeric && q.scan.plain.count > 0 && q.number.Thousands == "":
			c.span2(q.scan.low, q.scan.high)
		}
		r.Columns = append(r.Columns, c)
		if q.kind == Categorical && q.role == roleFeature {
			p.alike(q)
		}
	}
	if r.Target != "" && r.Task == (Regress{}) {
		r.targetSpan(s)
	}
	r.large(p, s)
	r.Warnings = append(r.Warnings, Suspects(s)...)
	r.sortWarnings(p.t.names)
}

func (c *ColumnReport) span2(low, high float64) {
	if low <= high && !math.IsInf(low, 0) && !math.IsInf(high, 0) {
		c.Low, c.High = &low, &high
	}
}

func (r *Report) targetSpan(s *Set) {
	y, err := s.Values()
	if err != nil {
		return
	}
	for k := range r.Columns {
		if c := &r.Columns[k]; c.Role == roleTarget {
			c.span2(slices.Min(y), slices.Max(y))
		}
	}
}

// mostTop is the number of levels that a report keeps.
const mostTop = 8

func topLevels(q *plan) []LevelCount {
	list := make([]LevelCount, len(q.levels))
	for k, l := range q.levels {
		list[k] = LevelCount{l, q.counts[k]}
	}
	slices.SortStableFunc(list, func(a, b LevelCount) int { return b.Rows - a.Rows })
	return list[:min(len(list), mostTop)]
}

// sortWarnings puts the warnings in the order of the columns.
func (r *Report) sortWarnings(names []string) {
	place := map[string]int{}
	for j, n := range names {
		place[n] = j + 1
	}
	slices.SortStableFunc(r.Warnings, func(a, b Warning) int { return place[a.Column] - place[b.Column] })
}
