// Command search measures what aegis search is worth on real tables. Every outcome is a line
// of results.csv, and lines that are there are not measured again, so that a run can be
// stopped and goes on where it was:
//
//	go run ./bench/search -data DIR -mode race
//	go run ./bench/search -data DIR -mode search -budget 5m
//	go run ./bench/search -table docs/search.md
//
// Mode search holds a search within the budget against the default recipe on outer folds.
// Mode race holds a race against the full search of the same trials: the winner, its score and
// the number of fits.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/recipes/ensemble"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/trees"
	"gonum.org/v1/gonum/stat"
)

// outer is the number of outer folds of a table.
const outer = 5

type flags struct {
	dir, mode, only, results, list string
	budget                         time.Duration
	folds                          int
}

func main() {
	var o flags
	flag.StringVar(&o.list, "list", "bench/tables/tables.csv", "`FILE` with a line name,file,target,task for each table")
	flag.StringVar(&o.dir, "data", "", "`FOLDER` of the tables")
	flag.StringVar(&o.mode, "mode", "search", "what to measure: search or race")
	flag.StringVar(&o.only, "only", "", "`NAMES` of tables, separated by commas; empty: all")
	flag.StringVar(&o.results, "results", "bench/search/results.csv", "`FILE` of the results")
	flag.DurationVar(&o.budget, "budget", 5*time.Minute, "`TIME` of a search")
	flag.IntVar(&o.folds, "folds", 2, "`NUMBER` of the five outer folds that are measured")
	write := flag.String("table", "", "`FILE` for the document of all results, in place of fits")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.New("-data or -table is missing")
	switch {
	case o.mode != "search" && o.mode != "race" || o.folds < 1 || o.folds > outer:
		err = fmt.Errorf("-mode %s -folds %d: want search or race, and 1 to %d folds", o.mode, o.folds, outer)
	case *write != "":
		err = document(o.results, *write)
	case o.dir != "":
		err = o.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// row is a line of the results.
type row struct {
	mode, table, metric string
	fold                int
	greater             bool
	numbers             []float64 // of search: its score, the default's, seconds; of race: see race
}

func (r *row) record() []string {
	out := []string{r.mode, r.table, r.metric, strconv.FormatBool(r.greater), strconv.Itoa(r.fold)}
	for _, v := range r.numbers {
		out = append(out, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return out
}

func read(path string) ([]row, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var out []row
	for _, l := range lines {
		one := row{mode: l[0], table: l[1], metric: l[2], greater: l[3] == "true"}
		if one.fold, err = strconv.Atoi(l[4]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, cell := range l[5:] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			one.numbers = append(one.numbers, v)
		}
		out = append(out, one)
	}
	return out, nil
}

func (o *flags) add(r row) error {
	f, err := os.OpenFile(o.results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	return errors.Join(w.Write(r.record()), flushed(w), f.Close())
}

func flushed(w *csv.Writer) error {
	w.Flush()
	return w.Error()
}

func (o *flags) run(ctx context.Context) error {
	text, err := os.ReadFile(o.list)
	if err != nil {
		return err
	}
	done, err := read(o.results)
	if err != nil {
		return err
	}
	known := func(table string, fold int) bool {
		return slices.ContainsFunc(done, func(r row) bool { return r.mode == o.mode && r.table == table && r.fold == fold })
	}
	folds := o.folds
	if o.mode == "race" {
		folds = 1
	}
	for fold := range folds {
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			f := strings.Split(line, ",")
			if len(f) != 4 || o.only != "" && !slices.Contains(strings.Split(o.only, ","), f[0]) || known(f[0], fold) {
				continue
			}
			set, _, err := data.CSV{Target: f[2], AsTask: f[3]}.ReadFile(filepath.Join(o.dir, f[1]))
			if err != nil {
				return err
			}
			r := row{mode: o.mode, table: f[0], fold: fold}
			if o.mode == "race" {
				err = r.race(ctx, set)
			} else {
				err = r.search(ctx, set, o.budget)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", f[0], err)
			}
			fmt.Println(r.record())
			if err := o.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// search measures a search and the default recipe on an outer fold.
func (r *row) search(ctx context.Context, set *data.Set, budget time.Duration) error {
	var sp crossval.Splitter = crossval.StratifiedKFold{K: outer, Shuffle: true, Seed: 1}
	if set.Task() == (data.Regress{}) {
		sp = crossval.KFold{K: outer, Shuffle: true, Seed: 1}
	}
	space, err := ensemble.Space(set)
	if err != nil {
		return err
	}
	s := search.Search{Space: space, Budget: budget}
	jobs, err := crossval.Jobs(set, sp, []crossval.Candidate{{Name: "search", Estimator: s}, {Name: "default", Estimator: tabular.Estimator{}}}, crossval.Options{Seed: 1})
	if err != nil {
		return err
	}
	var scores []float64
	var seconds float64
	for _, j := range jobs {
		if j.Number != r.fold {
			continue
		}
		run, err := j.Run(ctx, set)
		if err != nil {
			return err
		}
		r.metric, r.greater = j.Metrics[0].Name, j.Metrics[0].Greater
		scores = append(scores, run.Scores[0])
		if j.Candidate == "search" {
			seconds = run.FitTime.Seconds()
			fmt.Println(r.table, run.Notes)
		}
	}
	r.numbers = []float64{scores[0], scores[1], seconds}
	return nil
}

// raceRows is the number of rows, drawn at random, that a race takes of a larger table.
const raceRows = 5000

// race measures a full search of 40 trials, and the race of the same trials, whose fits are in
// the log of the full one. The numbers are the fits of both, the scores of both winners, and
// the standard error of the difference of the winners' scores over the folds.
func (r *row) race(ctx context.Context, set *data.Set) error {
	iterations := 100
	if set.Len() > raceRows {
		var err error
		if set, err = set.Rows(rand.New(rand.NewPCG(1, 1)).Perm(set.Len())[:raceRows]); err != nil {
			return err
		}
	}
	if len(set.Classes) > 10 { // a tree for each
		iterations = 25
	}
	space := search.Space{
		Base: baselines.Prepared{Estimator: baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 60, Threads: 1}}},
		Settings: []search.Setting{
			{Path: "Estimator.Settings.LearningRate", Domain: search.LogUniform{Low: 0.02, High: 0.5}},
			{Path: "Estimator.Settings.Iterations", Domain: search.Int{Low: 10, High: iterations, Log: true}},
			{Path: "Estimator.Settings.Leaves", Domain: search.Int{Low: 3, High: 40, Log: true}},
			{Path: "Estimator.Settings.MinLeaf", Domain: search.Int{Low: 2, High: 40, Log: true}},
			{Path: "Estimator.Settings.L2", Domain: search.LogUniform{Low: 1e-3, High: 10}},
		},
	}
	log, err := os.CreateTemp("", "search")
	if err != nil {
		return err
	}
	log.Close()
	defer os.Remove(log.Name())
	s := search.Search{Space: space, Proposer: search.Sobol{}, Trials: 40, Folds: 10, Ensemble: search.Ensemble{None: true}, Race: search.Race{Full: true}, Seed: 1, Log: log.Name()}
	full, err := s.Run(ctx, set)
	if err != nil {
		return err
	}
	s.Race = search.Race{}
	raced, err := s.Run(ctx, set)
	if err != nil {
		return err
	}
	fits := func(o *search.Outcome) (n float64) {
		for i := range o.Trials {
			if o.Trials[i].Same < 0 {
				n += float64(o.Trials[i].Folds)
			}
		}
		return n
	}
	a, b := full.Trials[full.Winner], full.Trials[raced.Winner]
	d := make([]float64, len(a.Scores))
	for i := range d {
		d[i] = a.Scores[i] - b.Scores[i]
	}
	se := stat.StdDev(d, nil) / math.Sqrt(float64(len(d)))
	r.metric, r.greater = full.Metric.Name, full.Metric.Greater
	r.numbers = []float64{fits(full), fits(raced), a.Score, b.Score, se}
	return nil
}
