package crossval

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// Table returns a text table: a line for each candidate with mean ± standard
// deviation over the folds of every metric ("-" where it is not defined) and
// the mean times of a fit and of a prediction.
func (r *Result) Table() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d rows, %s, seed %d\n", r.Data.Name, r.Data.Rows, r.Splitter, r.Seed)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "candidate")
	for _, m := range r.Metrics {
		fmt.Fprint(w, "\t", m.Name)
	}
	fmt.Fprint(w, "\tfit\tpredict\n")
	for _, c := range r.Candidates {
		fmt.Fprint(w, c.Name)
		for _, m := range r.Metrics {
			fmt.Fprint(w, "\t", meanAndStd(r.Mean(c.Name, m.Name), r.Std(c.Name, m.Name)))
		}
		fmt.Fprintf(w, "\t%s\t%s", short(r.FitTime(c.Name)), short(r.PredictTime(c.Name)))
		if n := len(r.RunsOf(c.Name)); n < len(r.Splits) {
			fmt.Fprintf(w, "\t%d of %d folds", n, len(r.Splits))
		}
		fmt.Fprintln(w)
	}
	w.Flush() // a strings.Builder takes all
	for _, f := range r.Failed {
		fmt.Fprintln(&b, f.line())
	}
	return b.String()
}

// line says in one line why the candidate is not in the result.
func (f Failure) line() string {
	if f.Skipped {
		return f.Candidate + ": " + f.Message
	}
	return "failed: " + f.Message
}

func meanAndStd(mean, std float64) string {
	switch {
	case math.IsNaN(mean):
		return "-"
	case math.IsNaN(std):
		return fmt.Sprintf("%.4g", mean)
	}
	return fmt.Sprintf("%.4f ± %.4f", mean, std)
}

func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}
