package crossval

import (
	"fmt"
	"html"
	"strings"
)

// String returns what Table returns.
func (r *Result) String() string { return r.Table() }

// HTML returns the table of Result.Table as HTML, the best mean of each metric
// in bold: how a notebook shows a result.
func (r *Result) HTML() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<table><caption>%s: %d rows, %s, seed %d; mean ± standard deviation over folds</caption>\n<tr><th>candidate</th>",
		html.EscapeString(r.Data.Name), r.Data.Rows, html.EscapeString(r.Splitter), r.Seed)
	for _, m := range r.Metrics {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(m.Name))
	}
	b.WriteString("<th>fit</th></tr>\n")
	for _, c := range r.Candidates {
		fmt.Fprintf(&b, "<tr><td>%s</td>", html.EscapeString(c.Name))
		for _, m := range r.Metrics {
			cell := meanAndStd(r.Mean(c.Name, m.Name), r.Std(c.Name, m.Name))
			if r.best(m) == c.Name {
				cell = "<b>" + cell + "</b>"
			}
			fmt.Fprintf(&b, "<td>%s</td>", cell)
		}
		fmt.Fprintf(&b, "<td>%s</td></tr>\n", short(r.FitTime(c.Name)))
	}
	b.WriteString("</table>\n")
	for _, f := range r.Failed {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(f.line()))
	}
	return b.String()
}

// best returns the first candidate of the best mean, "" if no mean is defined.
func (r *Result) best(m Metric) string {
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
