package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// document writes the table of all results.
func document(results, path string) error {
	lines, err := readLines(results)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(`# What networks and linear models make of real texts

Made by [bench/text](../bench/text/main.go) from [results.csv](../bench/text/results.csv).

Accuracy, mean and standard deviation over the folds, which are the same for all models; the time of a fit with its prediction, on a machine of two
cores that did other work beside it. Near-duplicates are left out first. scikit-learn 1.2.1's model is ` + "`TfidfVectorizer()`" + ` with ` + "`LogisticRegression`" + `, its C chosen
on inner folds as ours is; of sections C is 10 for both, and terms are single words, else ours takes pairs of words, too. Networks have the defaults of
` + "`aegis text classify`" + `: words as tokens, no pretraining.
`)
	for _, s := range sets {
		var of []line
		for _, l := range lines {
			if l.set == s.name {
				of = append(of, l)
			}
		}
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%d rows, %d folds.\n\n| model | accuracy | folds | seconds a fit |\n|---|---|---|---|\n", strings.ToUpper(s.title[:1])+s.title[1:], of[0].rows, s.folds)
		best, top := "", 0.0
		for _, name := range names() {
			var accuracy, seconds []float64
			for _, l := range of {
				if l.model == name {
					accuracy, seconds = append(accuracy, l.accuracy), append(seconds, l.seconds)
				}
			}
			if len(accuracy) == 0 {
				continue
			}
			slices.Sort(seconds)
			mean, std := stat.MeanStdDev(accuracy, nil)
			if len(accuracy) == 1 {
				fmt.Fprintf(&b, "| %s | %.4f | 1 | %.1f |\n", name, mean, seconds[0])
			} else {
				fmt.Fprintf(&b, "| %s | %.4f ± %.4f | %d | %.1f |\n", name, mean, std, len(accuracy), seconds[len(seconds)/2])
			}
			if mean > top {
				best, top = name, mean
			}
		}
		fmt.Fprintf(&b, "\nThe best is %s.\n", best)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
