package crossval

import (
	"fmt"
	"html"
	"strings"

	"github.com/seed732fc211/aegis/data"
)

// String returns the same as Table.
func (r *Result) String() string { return r.Table() }

// HTML returns the table of Result.Table as HTML, with the best mean of each metric in bold.
// Notebooks show a result this way.
func (r *Result) HTML() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<table><caption>%s: %d rows, %s, seed %d; mean ± standard deviation over folds</caption>\n<tr><th>model</th>",
		html.EscapeString(r.Data.Name), r.Data.Rows, html.EscapeString(r.Splitter), r.Seed)
	for _, name := range r.head()[1:] {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(name))
	}
	b.WriteString("</tr>\n")
	cut := ""
	for _, s := range r.Standings() {
		b.WriteString("<tr>")
		for i, text := range s.cells() {
			text = html.EscapeString(text)
			if r.bestIn(i) == s.Candidate {
				text = "<b>" + text + "</b>"
			}
			fmt.Fprintf(&b, "<td>%s</td>", text)
		}
		b.WriteString("</tr>\n")
		if s.Cut {
			cut = "<p>" + cutNote + "</p>\n"
		}
	}
	b.WriteString("</table>\n" + cut)
	for _, f := range r.Failed {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(f.String()))
	}
	return b.String()
}

// bestIn returns the best candidate by the metric in a column of the table (column 0 is the
// model, 2 the interval of the first metric), or "" for a column without a metric.
func (r *Result) bestIn(column int) string {
	metric := column - 1
	if column > 1 {
		metric--
	}
	if metric < 0 || column == 2 || metric >= len(r.Metrics) {
		return ""
	}
	return r.best(r.Metrics[metric])
}

// best returns the first candidate with the best mean, "" if no mean is defined.
func (r *Result) best(m data.Metric) string {
	name, best := "", 0.0
	for _, c := range r.Candidates {
		v := r.Mean(c.Name, m.Name)
		if !m.Greater {
			v = -v
		}
		if v == v && (name == "" || v > best) {
			name, best = c.Name, v
		}
	}
	return name
}
