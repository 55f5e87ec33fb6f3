package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/internal/atomicfile"
	"gonum.org/v1/gonum/stat"
)

// columns are the models of the table, ours first.
var columns = []string{"default", "auto", "boosted trees", "random forest", "linear", "sklearn HGB", "sklearn RF", "sklearn linear", "sklearn MLP"}

// others are scikit-learn's.
func others() []string { return columns[5:] }

// summary is what the results of a table come to.
type summary struct {
	table   table
	metric  string
	scores  map[string][]float64 // by model, a fold each, in the order of seeds and folds
	losses  map[string][]float64 // log losses of classifications
	seconds map[string]float64   // median of a fit with its prediction
	errors  map[string]string
}

// summarise reads the results of a table.
func summarise(t table, out string) (summary, error) {
	s := summary{table: t, metric: "accuracy", scores: map[string][]float64{}, losses: map[string][]float64{}, seconds: map[string]float64{}, errors: map[string]string{}}
	if t.task == "regress" {
		s.metric = "R2"
	}
	for _, m := range slices.Concat(columns, partNames()[1:]) {
		paths, err := filepath.Glob(filepath.Join(out, fmt.Sprintf("%s.%s.*.*.json", t.name, strings.ReplaceAll(m, " ", "-"))))
		if err != nil {
			return s, err
		}
		slices.Sort(paths)
		var seconds []float64
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return s, err
			}
			var f fit
			if err := json.Unmarshal(text, &f); err != nil {
				return s, fmt.Errorf("%s: %w", path, err)
			}
			if f.Error != "" {
				s.errors[m] = f.Error
				continue
			}
			s.scores[m] = append(s.scores[m], f.Scores[s.metric])
			if v, ok := f.Scores["log loss"]; ok {
				s.losses[m] = append(s.losses[m], v)
			}
			seconds = append(seconds, f.Seconds)
		}
		if len(seconds) > 0 {
			slices.Sort(seconds)
			s.seconds[m] = seconds[len(seconds)/2]
		}
	}
	return s, nil
}

func (s summary) mean(model string) float64 {
	if len(s.scores[model]) == 0 {
		return math.NaN()
	}
	return stat.Mean(s.scores[model], nil)
}

// best returns scikit-learn's best model of the table.
func (s summary) best() (model string, score float64) {
	score = math.Inf(-1)
	for _, m := range others() {
		if v := s.mean(m); v > score {
			model, score = m, v
		}
	}
	return model, score
}

// margin is how far a model may be behind the best and still count as level.
func (s summary) margin() float64 {
	if s.metric == "R2" {
		return 0.02
	}
	return 0.01
}

// standardError returns that of the difference of two models over the folds, and
// whether they have the same folds.
func (s summary) standardError(a, b string) (float64, bool) {
	x, y := s.scores[a], s.scores[b]
	if len(x) != len(y) || len(x) < 2 {
		return math.NaN(), false
	}
	d := make([]float64, len(x))
	for i := range d {
		d[i] = x[i] - y[i]
	}
	return stat.StdDev(d, nil) / math.Sqrt(float64(len(d))), true
}

func writeTable(tables []table, out, path string) error {
	var all []summary
	for _, t := range tables {
		s, err := summarise(t, out)
		if err != nil {
			return err
		}
		if len(s.scores) > 0 {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("there are no results in %s", out)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return report(w, all) })
}

func report(w io.Writer, all []summary) error {
	p := func(format string, args ...any) { fmt.Fprintf(w, format, args...) }
	p("# What the models reach on real tables\n\n")
	p("Made by `bench/tables` ([how](../bench/tables/main.go)): every model on the same folds of five-fold cross-validation, accuracy of\nclassifications and R2 of regressions, mean over folds. \"default\" is the net\nof the commands, whose numbers were chosen on other tables; \"auto\" chooses among recipes by inner folds alone. scikit-learn is 1.2.1\n([settings](../bench/tables/reference.py)) and gets the tables as Aegis has read them, times as year, day of year, weekday and hour.\n\n")
	p("| table | folds |")
	for _, m := range columns {
		p(" %s |", m)
	}
	p("\n|---|---|%s\n", strings.Repeat("---|", len(columns)))
	for _, s := range all {
		p("| %s (%s) | %d |", s.table.name, s.metric, len(s.scores["default"]))
		top := math.Inf(-1)
		for _, m := range columns {
			top = max(top, s.mean(m))
		}
		for _, m := range columns {
			v := s.mean(m)
			text := fmt.Sprintf("%.3f", v)
			switch {
			case math.IsNaN(v):
				text = "-"
			case v == top:
				text = "**" + text + "**"
			}
			p(" %s |", text)
		}
		p("\n")
	}
	ranks(p, all)
	level(p, all)
	trees(p, all)
	worth(p, all)
	times(p, all)
	for _, s := range all {
		for m, e := range s.errors {
			p("\n%s on %s: %s\n", m, s.table.name, e)
		}
	}
	return nil
}

// ranks writes the mean rank of every model over the tables that have all of them.
func ranks(p func(string, ...any), all []summary) {
	sum := map[string]float64{}
	n := 0.0
	for _, s := range all {
		if slices.ContainsFunc(columns, func(m string) bool { return math.IsNaN(s.mean(m)) }) {
			continue
		}
		n++
		for _, m := range columns {
			rank := 1.0
			for _, o := range columns {
				if v := s.mean(o); v > s.mean(m) {
					rank++
				} else if v == s.mean(m) && o != m {
					rank += 0.5
				}
			}
			sum[m] += rank
		}
	}
	if n == 0 {
		return
	}
	p("| mean rank | %.0f tables |", n)
	for _, m := range columns {
		p(" %.1f |", sum[m]/n)
	}
	p("\n")
}

// level writes on how many tables a net is level with scikit-learn's best.
func level(p func(string, ...any), all []summary) {
	p("\n## Beside scikit-learn's best of four\n\nA model is level if it is no more than 0.010 accuracy or 0.02 R2 behind.\n\n| table | best of scikit-learn | default less best | auto less best |\n|---|---|---|---|\n")
	count, seen, behind := map[string]int{}, map[string]int{}, map[string][]string{}
	for _, s := range all {
		name, best := s.best()
		if math.IsInf(best, 0) {
			continue
		}
		p("| %s | %s %.4f |", s.table.name, strings.TrimPrefix(name, "sklearn "), best)
		for _, m := range columns[:2] {
			d := s.mean(m) - best
			if math.IsNaN(d) {
				p(" - |")
				continue
			}
			seen[m]++
			mark := ""
			if d >= -s.margin() {
				count[m]++
				mark = " level"
			} else {
				behind[m] = append(behind[m], s.table.name)
			}
			p(" %+.4f%s |", d, mark)
		}
		p("\n")
	}
	p("\n")
	for _, m := range columns[:2] {
		p("%s is level on %d of %d tables; behind on %s.\n", m, count[m], seen[m], strings.Join(behind[m], ", "))
	}
}

// trees writes how package trees does beside the same models of scikit-learn.
func trees(p func(string, ...any), all []summary) {
	p("\n## Package trees beside scikit-learn's\n\nDifference of the mean scores, and in brackets how many standard errors of the differences over folds that is. Ours takes categories as\nsuch; scikit-learn's boosting gets codes, its forest indicators. With the same columns boosting\nagrees to 1e-5 ([trees](../trees)).\n\n| table | boosted trees less HGB | random forest less RF |\n|---|---|---|\n")
	for _, s := range all {
		p("| %s |", s.table.name)
		for _, pair := range [][2]string{{"boosted trees", "sklearn HGB"}, {"random forest", "sklearn RF"}} {
			se, ok := s.standardError(pair[0], pair[1])
			d := s.mean(pair[0]) - s.mean(pair[1])
			if !ok {
				p(" - |")
				continue
			}
			if se == 0 {
				p(" %+.4f |", d)
				continue
			}
			p(" %+.4f (%+.1f) |", d, d/se)
		}
		p("\n")
	}
}

// worth writes what the parts of the default are worth: how the scores change where
// one is changed, on the same folds.
func worth(p func(string, ...any), all []summary) {
	var seen []summary
	for _, s := range all {
		if len(s.scores[partNames()[1]]) > 0 {
			seen = append(seen, s)
		}
	}
	if len(seen) == 0 {
		return
	}
	p("\n## What the parts of the default are worth\n\nMean change of accuracy or R2 over %d folds of each table, in hundredths, and over the tables with its standard error; that of the\nlog loss over the classifications. Negative scores and positive losses say that the part earns its place.\n\n| changed |", len(seen[0].scores[partNames()[1]]))
	for _, s := range seen {
		p(" %s |", s.table.name)
	}
	p(" mean | log loss |\n|---|%s---|---|\n", strings.Repeat("---|", len(seen)))
	for _, name := range partNames()[1:] {
		p("| %s |", name)
		var changes, losses []float64
		for _, s := range seen {
			d, ok := meanChange(s.scores[name], s.scores["default"])
			if !ok {
				p(" - |")
				continue
			}
			changes = append(changes, 100*d)
			p(" %+.1f |", 100*d)
			if d, ok := meanChange(s.losses[name], s.losses["default"]); ok {
				losses = append(losses, d)
			}
		}
		mean, std := stat.MeanStdDev(changes, nil)
		p(" %+.1f ± %.1f |", mean, std/math.Sqrt(float64(len(changes))))
		if len(losses) > 0 {
			p(" %+.3f |\n", stat.Mean(losses, nil))
		} else {
			p(" - |\n")
		}
	}
}

// meanChange returns the mean of a less that of b on the folds that a has, which are
// the first ones of b.
func meanChange(a, b []float64) (float64, bool) {
	if len(a) == 0 || len(b) < len(a) {
		return 0, false
	}
	return stat.Mean(a, nil) - stat.Mean(b[:len(a)], nil), true
}

// times writes the median time of a fit with its prediction.
func times(p func(string, ...any), all []summary) {
	p("\n## Seconds of a fit and its prediction, median\n\nOne process, while others may have run beside it: an order of magnitude, not a comparison of speed.\n\n| table |")
	for _, m := range columns {
		p(" %s |", m)
	}
	p("\n|---|%s\n", strings.Repeat("---|", len(columns)))
	for _, s := range all {
		p("| %s |", s.table.name)
		for _, m := range columns {
			if v, ok := s.seconds[m]; ok {
				p(" %.2g |", v)
			} else {
				p(" - |")
			}
		}
		p("\n")
	}
}
