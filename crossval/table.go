package crossval

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// Table returns a text table with a line for each candidate: mean ± standard deviation over
// the folds of every metric ("-" if not defined), the 95% interval of the first
// (Result.Interval), and the mean times of a fit and of a prediction. The numbers are those
// of Standings.
func (r *Result) Table() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d rows, %s, seed %d\n", r.Data.Name, r.Data.Rows, r.Splitter, r.Seed)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(r.head(), "\t"))
	cut := ""
	for _, s := range r.Standings() {
		fmt.Fprint(w, strings.Join(s.cells(), "\t"))
		if s.Folds < s.Of {
			fmt.Fprintf(w, "\t%d of %d folds", s.Folds, s.Of)
		}
		fmt.Fprintln(w)
		if s.Cut {
			cut = cutNote + "\n"
		}
	}
	w.Flush() // writing to a strings.Builder cannot fail
	b.WriteString(cut)
	for _, f := range r.Failed {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

const cutNote = "*: the interval was held to the range that the metric can have."

// head returns the column names of the table.
func (r *Result) head() []string {
	out := []string{"model"}
	for i, m := range r.Metrics {
		out = append(out, m.Name)
		if i == 0 {
			out = append(out, "95% interval")
		}
	}
	return append(out, "fit", "predict")
}

// cells returns the columns named by head.
func (s Standing) cells() []string {
	out := []string{s.Candidate}
	for i := range s.Means {
		out = append(out, s.Score(i))
		if i == 0 {
			out = append(out, s.IntervalText())
		}
	}
	return append(out, s.FitText(), s.PredictText())
}

// String explains in one line why the candidate is not in the result.
func (f Failure) String() string {
	if f.Skipped {
		return f.Candidate + ": " + f.Message
	}
	return f.Candidate + " failed and is left out: " + f.Message
}

func meanAndStd(mean, std float64) string {
	switch {
	case math.IsNaN(mean):
		return "-"
	case math.IsNaN(std):
		return fmt.Sprintf("%.4g", mean)
	}
	write := digitsOf(math.Abs(mean))
	return write(mean) + " ± " + write(std)
}

// digitsOf returns the format for scores of a given size: four decimals, one decimal for
// thousands (of dollars, say), and four digits for anything far larger.
func digitsOf(size float64) func(float64) string {
	format := "%.4f"
	switch {
	case size >= 1e9:
		format = "%.4g"
	case size >= 100:
		format = "%.1f"
	}
	return func(v float64) string { return fmt.Sprintf(format, v) }
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
