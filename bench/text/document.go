package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/crossval/stats"
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
	few, err := readLines(tunedResult)
	if err != nil {
		return err
	}
	if len(few) > 0 {
		text, err := fewLabels(few)
		if err != nil {
			return err
		}
		b.WriteString(text)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// fewLabels is the part about networks that begin as a language model.
func fewLabels(lines []line) (string, error) {
	of := map[string][]float64{}
	seconds := map[string][]float64{}
	draws := 0
	for _, l := range lines {
		if l.fold != len(of[l.model]) {
			return "", fmt.Errorf("%s: draw %d of %s comes after %d", tunedResult, l.fold, l.model, len(of[l.model]))
		}
		of[l.model], seconds[l.model] = append(of[l.model], l.accuracy), append(seconds[l.model], l.seconds)
		draws = max(draws, l.fold+1)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `
## Sections from %d labels, with and without a language model

Of the source packages a twentieth is set aside. Of it %d rows are drawn to learn the section and %d others to test, %d times; no source package is in both. A transformer has learned the
next token on the descriptions of eighteen other twentieths, 47,435 texts, without their sections (language.md). Networks begin as that model: wholly trained, by products of rank 8 beside
the matrices of its blocks (LoRA), with its output alone trained (frozen), or the same network from random weights (anew). Settings are the defaults of `+"`recipes/text.Tuned`"+`; none was
chosen on these rows, but that the network anew was given 50 epochs after it had 0.238 with 12. Differences are by the corrected resampled t-test (Nadeau & Bengio 2003) over the draws, with their 95%% intervals.

| model | accuracy | less the network anew | less tfidf-logistic | draws | seconds a fit |
|---|---|---|---|---|---|
`, tunedRows, tunedRows, tunedTests, draws)
	for _, name := range tuned {
		a := of[name]
		if len(a) == 0 {
			continue
		}
		slices.Sort(seconds[name])
		mean, std := stat.MeanStdDev(a, nil)
		fromAnew, err := fromModel(a, of["tuned-anew"], name == "tuned-anew")
		if err != nil {
			return "", err
		}
		fromLinear, err := fromModel(a, of["tfidf-logistic"], name == "tfidf-logistic")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %.4f ± %.4f | %s | %s | %d | %.1f |\n", name, mean, std, fromAnew, fromLinear, len(a), seconds[name][len(a)/2])
	}
	return b.String(), nil
}

// fromModel is the difference of accuracies from another model's, draw by draw.
func fromModel(a, other []float64, same bool) (string, error) {
	n := min(len(a), len(other))
	if same || n < 2 {
		return "", nil
	}
	d := make([]float64, n)
	for i := range d {
		d[i] = a[i] - other[i]
	}
	t, err := stats.CorrectedTTest(d, float64(tunedTests)/tunedRows, 0.95)
	return fmt.Sprintf("%+.3f (%+.3f to %+.3f), p = %.2g", t.Estimate, t.Low, t.High, t.P), err
}
