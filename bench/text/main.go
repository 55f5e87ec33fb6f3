// Command text measures what aegis text classify's models are worth on real texts, beside
// scikit-learn's TF-IDF with logistic regression, on the same rows and folds. Every finished fold is a
// line of results.csv, and lines that are there are not measured again:
//
//	data/testdata/fetch-texts.sh
//	go run ./bench/text
//	go run ./bench/text -unlabelled /tmp/descriptions.jsonl
//	go run ./cmd/aegis text lm --data /tmp/descriptions.jsonl --tokens bpe --net transformer --context 128 --epochs 3 --model /tmp/descriptions.safetensors
//	go run ./bench/text -language /tmp/descriptions.safetensors
//	go run ./bench/text -table docs/text.md
//
// With -language, networks that begin as that language model are compared on 500 labels.
//
// Near-duplicates are left out first; folds of package descriptions keep source packages whole.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/recipes/tabular"
	textrecipes "github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/text"
)

// set is a collection of texts and how it is measured.
type set struct {
	name, title string
	folds       int
	read        func() (*data.Set, error)
	terms       text.TFIDF // of the logistic regression
	strengths   []float64  // it tries; nil: its own
	sklearn     []string   // and scikit-learn
}

var sets = []set{
	{"spam", "SpamAssassin's mails, subject and body, ham or spam", 5, corpus.SpamAssassin, text.TFIDF{Longest: 2, MinTexts: 2}, nil, []string{"1", "10", "100"}},
	{"foods", "reviews of fine foods, great or other", 5, func() (*data.Set, error) { s, _, err := corpus.FineFoods(); return s, err }, text.TFIDF{Longest: 2, MinTexts: 2}, nil, []string{"1", "10", "100"}},
	{"sections", "sections of Debian's package descriptions", 3, corpus.PackageSections, text.TFIDF{MinTexts: 2}, []float64{10}, []string{"10"}},
}

const sklearn = "scikit-learn"

func main() {
	results := flag.String("results", "bench/text/results.csv", "`FILE` of the results")
	only := flag.String("only", "", "`NAMES` of sets, separated by commas; empty: all")
	models := flag.String("models", strings.Join(names(), ","), "`NAMES` of models, separated by commas")
	python := flag.String("python", "/usr/bin/python3", "`COMMAND` with scikit-learn")
	unlabelled := flag.String("unlabelled", "", "`FILE` for the texts that the language model of -language may learn of, in place of fits")
	language := flag.String("language", "", "`FILE` of a language model, for the models of few labels in place of the others")
	choosing := flag.Bool("choosing", false, "with -language: the rows by which settings are chosen")
	table := flag.String("table", "", "`FILE` for the document of all results, in place of fits")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *table != "":
		err = document(*results, *table)
	case *unlabelled != "":
		err = writeUnlabelled(*unlabelled)
	case *language != "":
		path, part, of := tunedResult, measured, tuned
		if *choosing {
			path, part = *results, chosen
		}
		if given(flag.CommandLine, "models") {
			of = strings.Split(*models, ",")
		}
		err = measureTuned(ctx, path, *language, of, part)
	default:
		for _, s := range sets {
			if err == nil && (*only == "" || slices.Contains(strings.Split(*only, ","), s.name)) {
				err = s.measure(ctx, *results, strings.Split(*models, ","), *python)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "text:", err)
		os.Exit(1)
	}
}

// given reports whether a flag was set.
func given(flags *flag.FlagSet, name string) bool {
	found := false
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

func names() []string {
	return append([]string{sklearn, "tfidf-logistic", "naive-bayes"}, textrecipes.Names()...)
}

// line is an outcome of a fold.
type line struct {
	set, model string
	fold, rows int
	accuracy   float64
	seconds    float64 // of the fit and the prediction
}

func readLines(path string) ([]line, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []line
	for _, r := range records {
		l := line{set: r[0], model: r[1]}
		var e [4]error
		l.fold, e[0] = strconv.Atoi(r[2])
		l.rows, e[1] = strconv.Atoi(r[3])
		l.accuracy, e[2] = strconv.ParseFloat(r[4], 64)
		l.seconds, e[3] = strconv.ParseFloat(r[5], 64)
		if err := errors.Join(e[:]...); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func (l line) write(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	w.Write([]string{l.set, l.model, fmt.Sprint(l.fold), fmt.Sprint(l.rows), fmt.Sprint(l.accuracy), fmt.Sprintf("%.1f", l.seconds)})
	w.Flush()
	fmt.Println(l)
	return w.Error()
}

// measure measures the models that have no line for a fold.
func (s set) measure(ctx context.Context, results string, models []string, python string) error {
	rows, err := s.read()
	if err != nil {
		return err
	}
	rows, removed, err := corpus.Distinct(rows, "text", text.Duplicates{})
	if err != nil {
		return err
	}
	fmt.Printf("%s: %v; %d rows stay\n", s.name, removed, rows.Len())
	var splitter crossval.Splitter = crossval.StratifiedKFold{K: s.folds, Shuffle: true, Seed: 1}
	if rows.Groups != nil {
		splitter = crossval.StratifiedGroupKFold{K: s.folds, Shuffle: true, Seed: 1}
	}
	splits, err := crossval.Splits(rows, splitter)
	if err != nil {
		return err
	}
	for _, model := range models {
		for fold, split := range splits {
			lines, err := readLines(results)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(lines, func(l line) bool { return l.set == s.name && l.model == model && l.fold == fold }) {
				continue
			}
			l := line{set: s.name, model: model, fold: fold, rows: rows.Len()}
			if model == sklearn {
				err = s.peer(ctx, python, rows, split, &l)
			} else {
				err = s.ours(ctx, model, rows, split, &l)
			}
			if err != nil {
				return fmt.Errorf("%s, %s, fold %d: %w", s.name, model, fold, err)
			}
			if err := l.write(results); err != nil {
				return err
			}
		}
	}
	return nil
}

// ours fits and scores a model of Aegis.
func (s set) ours(ctx context.Context, model string, rows *data.Set, split crossval.Split, l *line) error {
	var e crossval.Estimator
	switch model {
	case "tfidf-logistic":
		e = baselines.TextLogistic{Column: "text", Terms: s.terms, C: s.strengths}
	case "naive-bayes":
		e = baselines.TextBayes{Column: "text", Terms: text.TFIDF{Counts: true}}
	default:
		r, err := textrecipes.ByName(model, corpus.Tokens{Column: "text"})
		if err != nil {
			return err
		}
		e = tabular.Estimator{Recipe: r}
	}
	fold := slices.Repeat([]int{-1}, rows.Len())
	for _, i := range split.Test {
		fold[i] = 0
	}
	res, err := crossval.Validate(ctx, rows, crossval.Predefined{Fold: fold}, []crossval.Candidate{{Name: model, Estimator: e}}, crossval.Options{Seed: 1})
	if err != nil {
		return err
	}
	if len(res.Runs) != 1 {
		return fmt.Errorf("%v", res.Failed)
	}
	l.accuracy, l.seconds = res.Mean(model, "accuracy"), (res.Runs[0].FitTime + res.Runs[0].PredictTime).Seconds()
	return nil
}

// peer lets scikit-learn fit and score the same rows.
func (s set) peer(ctx context.Context, python string, rows *data.Set, split crossval.Split, l *line) error {
	labels, err := rows.Labels()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "aegis-text-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	for part, list := range map[string][]int{"train": split.Train, "test": split.Test} {
		for _, i := range list {
			if err := w.Encode(map[string]any{"part": part, "text": rows.Texts[0].Cells[i], "label": labels[i]}); err != nil {
				return err
			}
		}
	}
	path := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, append([]string{"bench/text/peer.py", path}, s.sklearn...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var got struct{ Accuracy, Seconds float64 }
	if err := json.Unmarshal(out, &got); err != nil {
		return err
	}
	l.accuracy, l.seconds = got.Accuracy, got.Seconds
	return nil
}
