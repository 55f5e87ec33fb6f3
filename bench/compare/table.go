package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/plots"
)

// report is all that a run has found.
type report struct {
	facts   []string
	results []result
	memory  []memory
	above   []above
}

// above is by how much the peaks of processes that trained a network on tokens were above their library
// and data, in bytes; 0: it took no part.
type above struct {
	net         string
	ours, torch int
}

// memory is the peak of a process that trained W2.
type memory struct {
	name  string
	bytes int
}

// markdown writes the tables, and how each number came about.
func (r report) markdown() string {
	var b strings.Builder
	for _, f := range r.facts {
		fmt.Fprintf(&b, "- %s\n", f)
	}
	var nets, products []result
	for _, one := range r.results {
		if one.key == "SGEMM" {
			products = append(products, one)
		} else {
			nets = append(nets, one)
		}
	}
	writeTable(&b, nets)
	writeTable(&b, products)
	if len(r.memory) > 0 {
		fmt.Fprintf(&b, "\nPeak resident memory of a process that trains W2 for %d steps on %d random images:\n\n| library | MB |\n|---|---|\n", memorySteps, memoryRows)
		for _, m := range r.memory {
			fmt.Fprintf(&b, "| %s | %d |\n", m.name, m.bytes>>20)
		}
	}
	if len(r.above) > 0 {
		fmt.Fprintf(&b, "\nPeak resident memory above that of the library and the data, in %d steps:\n\n| network | Aegis, MB | PyTorch, MB | of PyTorch's |\n|---|---|---|---|\n", languageSteps)
		for _, a := range r.above {
			share := "-"
			if a.torch > 0 {
				share = fmt.Sprintf("%.2f", float64(a.ours)/float64(a.torch))
			}
			fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", a.net, a.ours>>20, a.torch>>20, share)
		}
	}
	if len(r.results) > 0 {
		b.WriteString("\nHow each ran, the fastest of the ways that were tried:\n\n")
		for _, one := range r.results {
			for _, e := range one.entries {
				fmt.Fprintf(&b, "- %s %s: %s: %s\n", one.key, one.what, e.name, e.how)
			}
		}
	}
	return b.String()
}

// names returns the contestants of results in the order of their appearance.
func names(results []result) []string {
	var out []string
	for _, r := range results {
		for _, e := range r.entries {
			if !slices.Contains(out, e.name) {
				out = append(out, e.name)
			}
		}
	}
	return out
}

func (r result) entry(name string) (measured, bool) {
	i := slices.IndexFunc(r.entries, func(e measured) bool { return e.name == name })
	if i < 0 {
		return measured{}, false
	}
	return r.entries[i], true
}

// writeTable writes medians, and the ratio of the first to the fastest other with
// its quartiles.
func writeTable(b *strings.Builder, results []result) {
	if len(results) == 0 {
		return
	}
	columns := names(results)
	fmt.Fprintf(b, "\n| workload | unit | %s | %s / fastest other (quartiles) |\n|---|---|%s---|\n", strings.Join(columns, " | "), columns[0], strings.Repeat("---|", len(columns)))
	for _, r := range results {
		fmt.Fprintf(b, "| %s %s | %s |", r.key, r.what, r.unit)
		for _, name := range columns {
			cell := "-"
			if e, ok := r.entry(name); ok {
				cell = number(r.value(e.median()))
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		cell := "-"
		if best := r.fastestOther(); best >= 0 {
			q := r.ratios(best)
			cell = fmt.Sprintf("**%.2f** (%.2f-%.2f) of %s", median(q), quantile(q, 0.25), quantile(q, 0.75), r.entries[best].name)
		}
		fmt.Fprintf(b, " %s |\n", cell)
	}
}

// number writes three or four digits.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', 2, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'f', 1, 64) + "k"
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// figure draws the medians of the ratios to the fastest other.
func (r report) figure(title string) (*plots.Figure, error) {
	s := plots.Speeds{Title: title, Names: names(r.results)}
	for _, one := range r.results {
		if len(one.entries) < 2 {
			continue
		}
		t := plots.SpeedTask{Name: one.key + " " + one.what, Speeds: make([]float64, len(s.Names))}
		for i, name := range s.Names {
			t.Speeds[i] = math.NaN()
			if e, ok := one.entry(name); ok {
				t.Speeds[i] = median(one.ratiosOf(e, one.entries[one.fastestOther()]))
			}
		}
		s.Tasks = append(s.Tasks, t)
	}
	return plots.SpeedRatios(s)
}
