package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/spf13/pflag"
)

// source is where a command's rows come from.
type source struct {
	file, target, task, dataset string
}

func (s *source) flags(f *pflag.FlagSet) {
	f.StringVar(&s.file, "data", "", "CSV `FILE` with a header")
	f.StringVar(&s.target, "target", "", "target `COLUMN` of the CSV file (default: the last)")
	f.StringVar(&s.task, "task", "", "`TASK`, classify or regress (default: guessed from the target, and said)")
	f.StringVar(&s.dataset, "dataset", "breast-cancer", "embedded data set `NAME`: "+strings.Join(data.Names(), ", "))
}

// load reads the rows and says on w what was read and guessed.
func (s *source) load(f *pflag.FlagSet, w io.Writer) (*data.Set, error) {
	if s.task != "" && s.task != "classify" && s.task != "regress" {
		return nil, usage("--task %s: want classify or regress", s.task)
	}
	if s.file == "" {
		if s.target != "" || s.task != "" {
			return nil, usage("--target and --task go with --data")
		}
		set, err := data.Load(s.dataset)
		if err != nil {
			return nil, usageError{err}
		}
		fmt.Fprintf(w, "data: %s, %d rows, %d columns, target %q: %v (%s)\n", set.Name, set.Len(), len(set.Features), set.Target, set.Task(), set.Source)
		return set, nil
	}
	if f.Changed("dataset") {
		return nil, usage("--data and --dataset exclude each other")
	}
	set, report, err := data.CSV{Target: s.target, AsTask: s.task}.ReadFile(s.file)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(w, "data: %s, %v\n", set.Name, report)
	for _, c := range report.Columns {
		if c.Missing > 0 {
			fmt.Fprintf(w, "  column %s: %d missing values, filled in from the training rows\n", c.Name, c.Missing)
		}
	}
	return set, nil
}

// preprocess is fitted on training rows: missing values, categories, scale.
func preprocess() data.Transform {
	return data.Pipeline{data.Impute{}, data.OneHot{}, data.Standardize{}}
}

// drawable checks that a report can be written under a name.
func drawable(path string) error { return figureName("--report", path) }

// figureName checks that a flag names a figure that can be written, or none.
func figureName(flag, path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".svg":
		return writable(path)
	case "":
		if path == "" {
			return nil
		}
	}
	return usage("%s %s: want a name that ends in .png or .svg", flag, path)
}

// writable checks, before the work, that a file could be written at path.
func writable(path string) error {
	if path == "" {
		return nil
	}
	dir := filepath.Dir(path)
	st, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if !st.IsDir() {
		return fmt.Errorf("cannot write %s: %s is not a folder", path, dir)
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return fmt.Errorf("cannot write %s: it is a folder", path)
	}
	f, err := os.CreateTemp(dir, ".aegis-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	f.Close()
	return os.Remove(f.Name())
}
