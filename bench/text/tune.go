package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/recipes/tabular"
	textrecipes "github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/text"
)

// Source packages are divided in twenty by a hash of their names: of one part models learn the section
// from tunedRows labels, by another the settings were chosen, and of the other eighteen parts a language
// model has learned.
const (
	tunedParts  = 20
	measured    = 0
	chosen      = 1
	tunedRows   = 500
	tunedTests  = 500
	tunedDraws  = 5
	tunedResult = "bench/text/tuned.csv"
)

// tuned are the models that are compared by tunedRows labels.
var tuned = append([]string{"tfidf-logistic", "bag"}, tunings()...)

func tunings() []string {
	var out []string
	for _, t := range nets.Tunings() {
		out = append(out, "tuned-"+string(t))
	}
	return out
}

func partOf(source string) int {
	h := fnv.New32a()
	h.Write([]byte(source))
	return int(h.Sum32() % tunedParts)
}

// parts returns the sections of packages, near-duplicates left out, by part.
func parts() (parts [tunedParts]*data.Set, err error) {
	rows, err := corpus.PackageSections()
	if err != nil {
		return parts, err
	}
	if rows, _, err = corpus.Distinct(rows, "text", text.Duplicates{}); err != nil {
		return parts, err
	}
	at := slices.IndexFunc(rows.Texts, func(c data.TextColumn) bool { return c.Name == "source" })
	if at < 0 {
		return parts, fmt.Errorf("the sections have no column of source packages")
	}
	var lists [tunedParts][]int
	for i, source := range rows.Texts[at].Cells {
		k := partOf(source)
		lists[k] = append(lists[k], i)
	}
	for k, list := range lists {
		if parts[k], err = rows.Rows(list); err != nil {
			return parts, err
		}
	}
	return parts, nil
}

// writeUnlabelled writes the texts that a language model may learn of.
func writeUnlabelled(path string) error {
	parts, err := parts()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	n := 0
	for k, set := range parts {
		if k == measured || k == chosen {
			continue
		}
		for _, c := range set.Texts {
			if c.Name != "text" {
				continue
			}
			for _, cell := range c.Cells {
				if err := e.Encode(map[string]string{"text": cell}); err != nil {
					return err
				}
				n++
			}
		}
	}
	fmt.Printf("%s: %d texts\n", path, n)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// measureTuned measures the models on draws of rows of a part; those that have a line are left out.
func measureTuned(ctx context.Context, results, language string, models []string, part int) error {
	parts, err := parts()
	if err != nil {
		return err
	}
	pool := parts[part]
	for draw := range tunedDraws {
		rows, err := drawn(pool, draw)
		if err != nil {
			return err
		}
		for _, model := range models {
			lines, err := readLines(results)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(lines, func(l line) bool { return l.model == model && l.fold == draw }) {
				continue
			}
			e, err := few(model, language)
			if err != nil {
				return err
			}
			fold := slices.Repeat([]int{-1}, rows.Len())
			for i := tunedRows; i < rows.Len(); i++ {
				fold[i] = 0
			}
			res, err := crossval.Validate(ctx, rows, crossval.Predefined{Fold: fold}, []crossval.Candidate{{Name: model, Estimator: e}}, crossval.Options{Seed: uint64(draw)})
			if err != nil {
				return err
			}
			if len(res.Runs) != 1 {
				return fmt.Errorf("%s: %v", model, res.Failed)
			}
			l := line{set: "tuned", model: model, fold: draw, rows: tunedRows, accuracy: res.Mean(model, "accuracy"), seconds: (res.Runs[0].FitTime + res.Runs[0].PredictTime).Seconds()}
			if err := l.write(results); err != nil {
				return err
			}
		}
	}
	return nil
}

// drawn returns tunedRows rows to train and as many others to test; no source package is in both.
func drawn(pool *data.Set, draw int) (*data.Set, error) {
	r := rand.New(rand.NewPCG(uint64(draw), 500))
	groups := map[int][]int{}
	var order []int
	for i, g := range pool.Groups {
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], i)
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var train, test []int
	for _, g := range order {
		switch list := groups[g]; {
		case len(train) < tunedRows:
			train = append(train, list[:min(len(list), tunedRows-len(train))]...)
		case len(test) < tunedTests:
			test = append(test, list[:min(len(list), tunedTests-len(test))]...)
		}
	}
	if len(train) < tunedRows || len(test) < tunedTests {
		return nil, fmt.Errorf("a part has %d rows: too few", pool.Len())
	}
	return pool.Rows(append(train, test...))
}

// few returns a model for few labels.
func few(model, language string) (crossval.Estimator, error) {
	switch model {
	case "tfidf-logistic":
		return baselines.TextLogistic{Column: "text", Terms: text.TFIDF{Longest: 2, MinTexts: 2}}, nil
	case "bag":
		return tabular.Estimator{Recipe: textrecipes.Bag{Tokens: corpus.Tokens{Column: "text"}}}, nil
	}
	for _, t := range nets.Tunings() {
		if model == "tuned-"+string(t) {
			return tabular.Estimator{Recipe: textrecipes.Tuned{Column: "text", Net: nets.Tuned{File: language, Tuning: t}}}, nil
		}
	}
	return nil, fmt.Errorf("there is no model %q; there are %q", model, tuned)
}
