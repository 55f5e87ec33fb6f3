package crossval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/check"
)

// ReadResult reads what [Result.WriteJSON] wrote. The result is consistent: every run
// belongs to a known candidate and fold, occurs once, and has a score for each metric and a
// prediction for each test row. Anything else is an error, as are another format and a later
// version.
func ReadResult(r io.Reader) (*Result, error) {
	if r == nil {
		return nil, errors.New("crossval: read a result: the reader is nil")
	}
	d := json.NewDecoder(r)
	var f file
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("crossval: read a result: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("crossval: read a result: there is more after its end")
	}
	if f.Format != formatName {
		return nil, fmt.Errorf("crossval: read a result: want format %q, have %q", formatName, f.Format)
	}
	if f.Version != formatVersion {
		return nil, fmt.Errorf("crossval: read a result: version %d is not known, only %d", f.Version, formatVersion)
	}
	if f.Timing != nil && len(f.Timing) != len(f.Runs) {
		return nil, fmt.Errorf("crossval: read a result: %d times for %d runs", len(f.Timing), len(f.Runs))
	}
	result, err := f.result()
	if err != nil {
		return nil, fmt.Errorf("crossval: read a result: %w", err)
	}
	if err := result.check(); err != nil {
		return nil, fmt.Errorf("crossval: read a result: %w", err)
	}
	return result, nil
}

// check finds anything that would make another method fail.
func (r *Result) check() error {
	if err := r.Data.check(); err != nil {
		return err
	}
	if len(r.Splits) == 0 {
		return errors.New("there are no folds")
	}
	for i, s := range r.Splits {
		if _, err := trainRows(s, r.Data.Rows); err != nil {
			return fmt.Errorf("fold %d: %w", i, err)
		}
		if err := r.follows(i); err != nil {
			return err
		}
	}
	if err := unique("metric", r.Metrics, func(m data.Metric) string { return m.Name }); err != nil {
		return err
	}
	if err := unique("candidate", r.Candidates, func(c CandidateInfo) string { return c.Name }); err != nil {
		return err
	}
	return r.checkRuns()
}

// follows checks that fold i is numbered consecutively after fold i-1.
func (r *Result) follows(i int) error {
	s := r.Splits[i]
	if i == 0 && s.Repeat == 0 && s.Fold == 0 {
		return nil
	}
	if i > 0 {
		last := r.Splits[i-1]
		if s.Repeat == last.Repeat && s.Fold == last.Fold+1 || s.Repeat == last.Repeat+1 && s.Fold == 0 {
			return nil
		}
	}
	return fmt.Errorf("fold %d has repeat %d, fold %d, out of order", i, s.Repeat, s.Fold)
}

func (d *DataInfo) check() error {
	if d.Rows < 1 {
		return fmt.Errorf("%d rows", d.Rows)
	}
	rules, err := d.Rules()
	if err != nil {
		return err
	}
	if rules.Grouped && len(d.Groups) != d.Rows {
		return fmt.Errorf("%d rows have %d groups", d.Rows, len(d.Groups))
	}
	if d.Classes == nil {
		if columns := len(d.targets().Columns); len(d.Values) != d.Rows*columns || d.Labels != nil {
			return fmt.Errorf("%d rows of %d target columns have %d values, %d labels", d.Rows, columns, len(d.Values), len(d.Labels))
		}
		return nil
	}
	if len(d.Labels) != d.Rows*len(d.targets().Columns) || d.Values != nil {
		return fmt.Errorf("%d rows of classes have %d labels, %d values", d.Rows, len(d.Labels), len(d.Values))
	}
	return check.Labels(d.Labels, len(d.targets().Columns), least(rules), len(d.Classes))
}

func unique[T any](what string, all []T, name func(T) string) error {
	if len(all) == 0 {
		return fmt.Errorf("there is no %s", what)
	}
	seen := map[string]bool{}
	for _, x := range all {
		n := name(x)
		if n == "" || seen[n] {
			return fmt.Errorf("%s %q has no name or one that is taken", what, n)
		}
		seen[n] = true
	}
	return nil
}

func (r *Result) checkRuns() error {
	last, lastSplit := -1, -1
	for i := range r.Runs {
		run := &r.Runs[i]
		c := slices.IndexFunc(r.Candidates, func(c CandidateInfo) bool { return c.Name == run.Candidate })
		if c < 0 || run.Split < 0 || run.Split >= len(r.Splits) {
			return fmt.Errorf("run %d: there is no candidate %q or no fold %d", i, run.Candidate, run.Split)
		}
		if c < last || c == last && run.Split <= lastSplit {
			return fmt.Errorf("run %d: %q on fold %d is out of order or there twice", i, run.Candidate, run.Split)
		}
		last, lastSplit = c, run.Split
		if err := r.checkRun(run); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	return nil
}

// checkRun checks that a run matches the result's data, folds and metrics.
func (r *Result) checkRun(run *Run) error {
	if run.Split < 0 || run.Split >= len(r.Splits) {
		return fmt.Errorf("there is no fold %d", run.Split)
	}
	if len(run.Scores) != len(r.Metrics) {
		return fmt.Errorf("%d scores for %d metrics", len(run.Scores), len(r.Metrics))
	}
	if run.Importance != nil && len(run.Importance) != len(r.Data.Features) {
		return fmt.Errorf("%d importances for %d columns", len(run.Importance), len(r.Data.Features))
	}
	return fits(&run.Prediction, &r.Data, len(r.Splits[run.Split].Test))
}

// fits checks that a prediction is for n rows of the data.
func fits(p *data.Prediction, d *DataInfo, n int) error {
	r, err := d.Rules()
	if err != nil {
		return err
	}
	if r.Labels > 0 && p.Labels == nil {
		return fmt.Errorf("want %d predicted labels, have none", n*r.Labels)
	}
	return r.Fits(p, n, len(d.Classes))
}
