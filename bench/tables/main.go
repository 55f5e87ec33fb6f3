// Command tables measures what the recipes and the baselines reach on tables, fold
// by fold, beside scikit-learn on the same folds. Every fit is one file in the
// folder of results, so that a run can be stopped and goes on where it was:
//
//	data/testdata/fetch-tables.sh DIR
//	go run ./bench/tables -data DIR
//	/usr/bin/python3 bench/tables/reference.py bench/tables/results
//	go run ./bench/tables -data DIR -models ablation -seeds 1 -only glass,…
//	go run ./bench/tables -table docs/tables.md
//
// For scikit-learn (Debian's python3-sklearn and python3-pandas) it writes every
// table as it was read, with the kinds of its columns and the folds.
package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/recipes/tabular"
)

// table is a row of the list.
type table struct{ name, file, target, task string }

// fit is what one candidate reached on one fold.
type fit struct {
	Table, Model string
	Seed, Fold   int
	Rows         int                // test rows
	Scores       map[string]float64 // by metric
	Seconds      float64            // fit and prediction
	Notes        []string           `json:",omitempty"`
	Error        string             `json:",omitempty"`
}

// folds are the test rows of every fold, by seed, written where reference.py reads
// them with what it has to know of the columns.
type folds struct {
	Rows       int // of the table, without those that lack a target
	Task       string
	Target     string
	Categories []string // categorical columns
	Tests      [][][]int
}

const (
	foldCount = 5
	seedCount = 2
)

func main() {
	list := flag.String("list", "bench/tables/tables.csv", "`FILE` with a line name,file,target,task for each table")
	dir := flag.String("data", "", "`FOLDER` of the tables")
	out := flag.String("out", "bench/tables/results", "`FOLDER` of the results")
	only := flag.String("only", "", "`NAMES` of tables, separated by commas; empty: all")
	models := flag.String("models", strings.Join(defaultModels(), ","), "`NAMES` of models, separated by commas; ablation: what the parts of the default are worth")
	seeds := flag.Int("seeds", seedCount, "`NUMBER` of seeds of the folds")
	write := flag.String("table", "", "`FILE` for the table of all results, in place of fits")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *list, *dir, *out, *only, *models, *seeds, *write); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, list, dir, out, only, models string, seeds int, write string) error {
	tables, err := readList(list)
	if err != nil {
		return err
	}
	if only != "" {
		names := strings.Split(only, ",")
		tables = slices.DeleteFunc(tables, func(t table) bool { return !slices.Contains(names, t.name) })
	}
	if write != "" {
		return writeTable(tables, out, write)
	}
	for _, t := range tables {
		names := strings.Split(models, ",")
		if models == "ablation" {
			names = partNames()
		}
		if err := measure(ctx, t, dir, out, names, seeds); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

func readList(path string) ([]table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []table
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		f := strings.Split(line, ",")
		if len(f) != 4 || f[3] != "classify" && f[3] != "regress" {
			return nil, fmt.Errorf("%s: line %d: want name,file,target,task", path, i+1)
		}
		out = append(out, table{f[0], f[1], f[2], f[3]})
	}
	return out, nil
}

// measure fits the models on the folds of a table that have no result yet.
func measure(ctx context.Context, t table, dir, out string, models []string, seeds int) error {
	set, _, err := data.CSV{Target: t.target, AsTask: t.task}.ReadFile(filepath.Join(dir, t.file))
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("%s: %s is not there, passed over\n", t.name, t.file)
		return nil
	}
	if err != nil {
		return err
	}
	f, err := makeFolds(set, out, t.name, seeds)
	if err != nil {
		return err
	}
	for seed := range seeds {
		splits, err := crossval.Splits(set, crossval.SplitterFunc(func(*data.Set) ([]crossval.Split, error) { return crossval.TestSplits(f.Tests[seed]), nil }))
		if err != nil {
			return err
		}
		for i, s := range splits {
			for _, name := range models {
				path := filepath.Join(out, fmt.Sprintf("%s.%s.%d.%d.json", t.name, strings.ReplaceAll(name, " ", "-"), seed, i))
				if _, err := os.Stat(path); err == nil {
					continue
				}
				r, err := one(ctx, set, s, t.name, name, seed, i)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					r.Error = err.Error()
				}
				fmt.Printf("%s, %s, seed %d, fold %d: %v %.1f s %s %v\n", t.name, name, seed, i, r.Scores, r.Seconds, r.Error, r.Notes)
				if err := writeJSON(path, r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func one(ctx context.Context, set *data.Set, s crossval.Split, name, model string, seed, fold int) (fit, error) {
	r := fit{Table: name, Model: model, Seed: seed, Fold: fold, Rows: len(s.Test), Scores: map[string]float64{}}
	estimator, err := estimatorOf(model, set.Task())
	if err != nil {
		return r, err
	}
	seeded := model
	if slices.Contains(partNames(), model) {
		seeded = "default" // parts begin with the same weights, and draw the same inner folds
	}
	rules, err := set.Rules()
	if err != nil {
		return r, err
	}
	metrics := rules.Metrics
	run, err := crossval.Job{
		Candidate: model, Estimator: estimator, Number: fold, Split: s, Seed: crossval.JobSeed(uint64(seed), seeded, fold), Metrics: metrics,
	}.Run(ctx, set)
	if err != nil {
		return r, err
	}
	r.Seconds, r.Notes = (run.FitTime + run.PredictTime).Seconds(), run.Notes
	for i, m := range metrics {
		if !math.IsNaN(run.Scores[i]) { // else it is not defined here
			r.Scores[m.Name] = run.Scores[i]
		}
	}
	return r, nil
}

// makeFolds reads the folds of a table, or draws and writes them.
func makeFolds(set *data.Set, out, name string, seeds int) (*folds, error) {
	path := filepath.Join(out, name+".folds.json")
	f := &folds{Rows: set.Len(), Task: data.TaskName(set.Task()), Target: set.Target}
	for _, c := range set.Features {
		if c.Levels != nil {
			f.Categories = append(f.Categories, c.Name)
		}
	}
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, f); err != nil {
			return nil, err
		}
		if f.Rows != set.Len() {
			return nil, fmt.Errorf("%s is of %d rows, the table has %d", path, f.Rows, set.Len())
		}
		if len(f.Tests) >= seeds {
			return f, nil
		}
	}
	for seed := len(f.Tests); seed < seeds; seed++ {
		var sp crossval.Splitter = crossval.StratifiedKFold{K: foldCount, Shuffle: true, Seed: uint64(seed + 1)}
		if set.Task() == (data.Regress{}) {
			sp = crossval.KFold{K: foldCount, Shuffle: true, Seed: uint64(seed + 1)}
		}
		splits, err := sp.Split(set)
		if err != nil {
			return nil, err
		}
		var tests [][]int
		for _, s := range splits {
			tests = append(tests, s.Test)
		}
		f.Tests = append(f.Tests, tests)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	if err := export(set, filepath.Join(out, name+".table.csv")); err != nil {
		return nil, err
	}
	return f, writeJSON(path, f)
}

// export writes a table as it was read: times as year, day of year, weekday and
// hour, as package trees gets them, and missing values empty.
func export(set *data.Set, path string) error {
	fitted, err := data.ExpandTimes{}.Fit(set)
	if err != nil {
		return err
	}
	if set, err = fitted.Apply(set); err != nil {
		return err
	}
	values, p, err := set.Table()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		cw := csv.NewWriter(w)
		record := make([]string, p+1)
		for j, f := range set.Features {
			record[j] = f.Name
		}
		record[p] = set.Target
		if err := cw.Write(record); err != nil {
			return err
		}
		for i := range set.Len() {
			for j, f := range set.Features {
				switch v := values[i*p+j]; {
				case math.IsNaN(v):
					record[j] = ""
				case f.Levels != nil:
					record[j] = f.Levels[int(v)]
				default:
					record[j] = strconv.FormatFloat(v, 'g', -1, 64)
				}
			}
			if labels, err := set.Labels(); err == nil {
				record[p] = set.Classes[labels[i]]
			} else if y, err := set.Values(); err == nil {
				record[p] = strconv.FormatFloat(y[i], 'g', -1, 64)
			}
			if err := cw.Write(record); err != nil {
				return err
			}
		}
		cw.Flush()
		return cw.Error()
	})
}

func writeJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

func defaultModels() []string {
	return []string{"default", "boosted trees", "random forest", "linear", "auto"}
}

// estimatorOf returns the estimator of a model: a recipe's name, that of a baseline, or
// "linear", the linear model of the task whose strength is chosen inside the fold.
func estimatorOf(model string, task data.Task) (crossval.Estimator, error) {
	if recipe, err := tabular.ByName(model); err == nil {
		return tabular.Estimator{Recipe: recipe}, nil
	}
	for _, p := range parts()[1:] {
		if p.name == model {
			return tabular.Estimator{Recipe: p}, nil
		}
	}
	if model == "linear" {
		model = "logistic regression"
		if task == (data.Regress{}) {
			model = "ridge"
		}
	}
	found, err := baselines.Select(task, []string{model})
	if err != nil {
		return nil, err
	}
	return found[0].Estimator, nil
}
