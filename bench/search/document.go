package main

import (
	"fmt"
	"math"
	"os"
	"strings"
)

// document writes what the results say.
func document(results, path string) error {
	rows, err := read(results)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(`# What a search is worth on real tables

Made by [bench/search](../bench/search/main.go) from [results.csv](../bench/search/results.csv).

## Five minutes against the default recipe

A search of five minutes on two cores (` + "`aegis search`" + `: nets, boosted trees, forests, an ensemble of five at most), the fits of its
outcome included, and the default recipe, both on the training rows of outer folds (of five, seed 1), scored on their test rows.

| table | metric | outer folds | search | default | search is better by | seconds a search |
|---|---|---|---|---|---|---|
`)
	won, tables := 0, 0
	for _, t := range names(rows, "search") {
		var n, a, c, seconds float64
		var one row
		for _, r := range rows {
			if r.mode == "search" && r.table == t {
				one = r
				n++
				a, c, seconds = a+r.numbers[0], c+r.numbers[1], seconds+r.numbers[2]
			}
		}
		better := (a - c) / n
		if !one.greater {
			better = -better
		}
		tables++
		if better > 0 {
			won++
		}
		fmt.Fprintf(&b, "| %s | %s | %.0f | %.4g | %.4g | %+.4g | %.0f |\n", t, one.metric, n, a/n, c/n, better, seconds/n)
	}
	fmt.Fprintf(&b, "\nThe search is better on %d of %d tables measured. On one fold of few rows a small difference, either way, is chance; where five minutes are\nfew, what the search gives is the default recipe again, fitted with another seed.\n", won, tables)
	b.WriteString(`
## A race against the full search

40 trials (Sobol') of the settings of boosted trees on 10 inner folds. The full search fits every trial on every fold; the race
drops trials that can no longer win. Of letters 5,000 rows take part. "Behind by" is the score that the race's winner is behind the full search's on all folds,
beside the standard error of that difference over the folds.

| table | metric | fits | of the full search's | share | winner's score, full | race | behind by | standard error | within it |
|---|---|---|---|---|---|---|---|---|---|
`)
	kept, within, both := 0, 0, 0
	list := names(rows, "race")
	for _, t := range list {
		for _, r := range rows {
			if r.mode != "race" || r.table != t {
				continue
			}
			n := r.numbers
			behind := math.Abs(n[2] - n[3])
			say := "yes"
			if behind > n[4] {
				say = "no"
			} else {
				within++
			}
			if n[1] <= 0.4*n[0] {
				kept++
				if say == "yes" {
					both++
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %.0f | %.0f | %.2f | %.4f | %.4f | %.4f | %.4f | %s |\n", t, r.metric, n[1], n[0], n[1]/n[0], n[2], n[3], behind, n[4], say)
		}
	}
	fmt.Fprintf(&b, "\nOf %d tables, the race takes at most 0.40 of the fits on %d, its winner is within a standard error of the full search's on %d, and both on %d.\n", len(list), kept, within, both)
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// names lists the tables of a mode in order.
func names(rows []row, mode string) []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range rows {
		if r.mode == mode && !seen[r.table] {
			seen[r.table] = true
			out = append(out, r.table)
		}
	}
	return out
}
