// Command opponents fits package trees' models for opponents.py, which compares them
// with scikit-learn's on the same folds:
//
//	go build -o /tmp/opponents ./bench/opponents
//	/usr/bin/python3 bench/opponents/opponents.py --tables FOLDER --child /tmp/opponents --threads 1
//
// It reads jobs from standard input, one JSON object a line, and answers each with one
// line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// job is a model to fit on the rows of a table, and to predict others with.
type job struct {
	Table string `json:"table"` // path of a table
	Model string `json:"model"` // a name of package baselines
	Seed  uint64 `json:"seed"`
	Train []int  `json:"train"`
	Test  []int  `json:"test"`
}

// answer is what came of a job: labels or values of the test rows, and seconds.
type answer struct {
	Labels  []int     `json:"labels,omitempty"`
	Values  []float64 `json:"values,omitempty"`
	Proba   []float64 `json:"proba,omitempty"`
	Fit     float64   `json:"fit"`
	Predict float64   `json:"predict"`
	CPU     float64   `json:"cpu"` // seconds of processor time of both
	Error   string    `json:"error,omitempty"`
}

// table is a table as opponents.py writes it: null is a missing value.
type table struct {
	Features []struct {
		Name   string   `json:"name"`
		Levels []string `json:"levels"`
	} `json:"features"`
	Classes []string     `json:"classes"`
	Rows    [][]*float64 `json:"rows"`
	Labels  []int        `json:"labels"`
	Values  []float64    `json:"values"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "opponents:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	tables := map[string]*data.Set{}
	jobs := json.NewDecoder(bufio.NewReader(in))
	answers := json.NewEncoder(out)
	for {
		var j job
		if err := jobs.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := do(tables, j)
		if err != nil {
			a = &answer{Error: err.Error()}
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

func do(tables map[string]*data.Set, j job) (*answer, error) {
	set := tables[j.Table]
	if set == nil {
		var err error
		if set, err = read(j.Table); err != nil {
			return nil, err
		}
		tables[j.Table] = set
	}
	candidates, err := baselines.Select(set.Task(), []string{j.Model})
	if err != nil {
		return nil, err
	}
	train, err := set.Rows(j.Train)
	if err != nil {
		return nil, err
	}
	test, err := set.Without().Rows(j.Test)
	if err != nil {
		return nil, err
	}
	return timed(candidates[0], j.Seed, train, test)
}

func timed(c crossval.Candidate, seed uint64, train, test *data.Set) (*answer, error) {
	cpu, begin := processorTime(), time.Now()
	m, err := c.Estimator.Fit(context.Background(), train, seed)
	if err != nil {
		return nil, err
	}
	fitted := time.Now()
	p, err := m.Predict(context.Background(), test)
	if err != nil {
		return nil, err
	}
	end := time.Now()
	return &answer{
		Labels: p.Labels, Values: p.Values, Proba: p.Proba,
		Fit: fitted.Sub(begin).Seconds(), Predict: end.Sub(fitted).Seconds(), CPU: processorTime() - cpu,
	}, nil
}

// processorTime returns the seconds that the process has computed for.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func read(path string) (*data.Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var t table
	if err := json.NewDecoder(bufio.NewReader(f)).Decode(&t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	nan := math.NaN()
	rows := make([][]float64, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = make([]float64, len(r))
		for j, v := range r {
			if rows[i][j] = nan; v != nil {
				rows[i][j] = *v
			}
		}
	}
	var set *data.Set
	if t.Classes != nil {
		set, err = data.FromLabels(strings.TrimSuffix(path, ".json"), rows, t.Labels, t.Classes)
	} else {
		set, err = data.FromRows(path, rows, t.Values)
	}
	if err != nil {
		return nil, err
	}
	set.Features = nil // they had made-up names
	for _, f := range t.Features {
		set.Features = append(set.Features, data.Feature{Name: f.Name, Levels: f.Levels})
	}
	return set, nil
}
