package metrics

import (
	"fmt"
	"html"
	"strings"
	"text/tabwriter"
)

// ConfusionTable is a confusion matrix with the names of its classes. A notebook
// shows it as a table.
type ConfusionTable struct {
	Classes []string // in index order
	Counts  [][]int  // rows of one true class (first index) that were predicted as another (second index)
}

// NewConfusionTable counts as Confusion does. classes are the names of the
// classes in index order.
func NewConfusionTable(want, got []int, classes []string) (*ConfusionTable, error) {
	counts, err := Confusion(want, got, len(classes))
	if err != nil {
		return nil, err
	}
	return &ConfusionTable{Classes: classes, Counts: counts}, nil
}

// scores returns the number of rows of class i, its recall and its precision; 0
// where a share is of no rows.
func (t *ConfusionTable) scores(i int) (rows int, recall, precision float64) {
	predicted := 0
	for j := range t.Counts {
		rows += t.count(i, j)
		predicted += t.count(j, i)
	}
	share := func(n int) float64 {
		if n == 0 {
			return 0
		}
		return float64(t.count(i, i)) / float64(n)
	}
	return rows, share(rows), share(predicted)
}

// count returns 0 for a cell that the matrix does not have.
func (t *ConfusionTable) count(i, j int) int {
	if i >= len(t.Counts) || j >= len(t.Counts[i]) {
		return 0
	}
	return t.Counts[i][j]
}

// classes returns the names of the classes, none of a nil table.
func (t *ConfusionTable) classes() []string {
	if t == nil {
		return nil
	}
	return t.Classes
}

// String returns the table as text.
func (t *ConfusionTable) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "true \\ predicted\t")
	for _, c := range t.classes() {
		fmt.Fprint(w, c, "\t")
	}
	fmt.Fprint(w, "recall\tprecision\t\n")
	for i, c := range t.classes() {
		fmt.Fprint(w, c, "\t")
		for j := range t.Classes {
			fmt.Fprint(w, t.count(i, j), "\t")
		}
		_, recall, precision := t.scores(i)
		fmt.Fprintf(w, "%.3f\t%.3f\t\n", recall, precision)
	}
	w.Flush() // a strings.Builder takes all
	return b.String()
}

// HTML returns the table as HTML, each cell shaded by its share of the true
// class's rows: blue where the prediction is right, orange where it is wrong.
func (t *ConfusionTable) HTML() string {
	var b strings.Builder
	b.WriteString("<table><tr><th>true \\ predicted</th>")
	for _, c := range t.classes() {
		fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(c))
	}
	b.WriteString("<th>recall</th><th>precision</th></tr>\n")
	for i, c := range t.classes() {
		rows, recall, precision := t.scores(i)
		fmt.Fprintf(&b, "<tr><th>%s</th>", html.EscapeString(c))
		for j := range t.Classes {
			n := t.count(i, j)
			colour := "0,114,178"
			if i != j {
				colour = "213,94,0"
			}
			share := 0.0
			if rows > 0 {
				share = float64(n) / float64(rows)
			}
			fmt.Fprintf(&b, "<td style=\"text-align:right;background:rgba(%s,%.2f)\">%d</td>", colour, 0.6*share, n)
		}
		fmt.Fprintf(&b, "<td style=\"text-align:right\">%.3f</td><td style=\"text-align:right\">%.3f</td></tr>\n", recall, precision)
	}
	b.WriteString("</table>\n")
	return b.String()
}
