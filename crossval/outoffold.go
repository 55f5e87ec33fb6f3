package crossval

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
)

// Confusion returns how often rows of one class (first index) were predicted as another
// (second index), summed over the folds and divided by the number of repeats, so that over
// complete repeats the counts of a class sum to its number of rows. It is an error if the
// task is not a classification or the candidate has no run.
func (r *Result) Confusion(candidate string) ([][]float64, error) {
	if r == nil {
		return nil, noRuns(candidate)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	if rules, err := r.Data.Rules(); err != nil || !rules.Choice {
		return nil, fmt.Errorf("crossval: %s: to %s has no confusion matrix", candidate, data.TaskName(r.Data.TaskOf()))
	}
	k := len(r.Data.Classes)
	counts := make([][]float64, k)
	for i := range counts {
		counts[i] = make([]float64, k)
	}
	repeats := map[int]bool{}
	for _, run := range r.RunsOf(candidate) {
		split := r.Splits[run.Split]
		repeats[split.Repeat] = true
		for i, row := range split.Test {
			counts[r.Data.Labels[row]][run.Prediction.Labels[i]]++
		}
	}
	if len(repeats) == 0 {
		return nil, noRuns(candidate)
	}
	for _, row := range counts {
		for j := range row {
			row[j] /= float64(len(repeats))
		}
	}
	return counts, nil
}

func noRuns(candidate string) error {
	return fmt.Errorf("crossval: there is no run of a candidate %q", candidate)
}

// OutOfFold holds predictions for rows that the models were not fitted on.
type OutOfFold struct {
	Rows       []int // ascending
	Labels     []int // true classes; nil if the targets are numbers
	Values     []float64
	Prediction data.Prediction
}

// OutOfFold joins a candidate's predictions for all rows that it was tested on, for a ROC
// curve, a calibration curve or a plot of residuals. For a row tested in several repeats,
// probabilities and values are means over the repeats. Labels are decided by the mean
// probabilities or, without probabilities, by the most frequent prediction, the first in a
// tie. Proba is nil unless every run has probabilities. It is an error if the candidate has
// no run.
func (r *Result) OutOfFold(candidate string) (*OutOfFold, error) {
	runs := r.RunsOf(candidate)
	if len(runs) == 0 {
		return nil, noRuns(candidate)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	rules, err := r.Data.Rules()
	if err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	j := joining{rules: rules, count: make([]int, r.Data.Rows), sums: &data.Prediction{}, votes: map[vote]int{}, hasProba: rules.Proba > 0}
	for range r.Data.Rows {
		rules.AddRow(j.sums)
	}
	for _, run := range runs {
		j.hasProba = j.hasProba && run.Prediction.Proba != nil
		for i, row := range r.Splits[run.Split].Test {
			j.add(row, rules.Row(&run.Prediction, i))
		}
	}
	return j.end(&r.Data), nil
}

// joining adds up predictions by row.
type joining struct {
	rules    *data.Rules
	count    []int            // number of predictions per row
	sums     *data.Prediction // of values and probabilities
	votes    map[vote]int
	hasProba bool
}

// vote is one predicted label of a row.
type vote struct{ row, at, label int }

func (j *joining) add(row int, said *data.Prediction) {
	j.count[row]++
	sum := j.rules.Row(j.sums, row)
	for k, v := range said.Values {
		sum.Values[k] += v
	}
	if j.hasProba {
		for k, v := range said.Proba {
			sum.Proba[k] += v
		}
	}
	for k, l := range said.Labels {
		j.votes[vote{row, k, l}]++
	}
}

// end divides the sums and decides the labels.
func (j *joining) end(d *DataInfo) *OutOfFold {
	o := &OutOfFold{}
	for row, n := range j.count {
		if n == 0 {
			continue
		}
		o.Rows = append(o.Rows, row)
		columns := len(d.targets().Columns)
		if d.Labels != nil {
			o.Labels = append(o.Labels, d.Labels[row*columns:(row+1)*columns]...)
		}
		if d.Values != nil {
			o.Values = append(o.Values, d.Values[row*columns:(row+1)*columns]...)
		}
		one := j.rules.Row(j.sums, row)
		for k := range one.Values {
			one.Values[k] /= float64(n)
		}
		o.Prediction.Values = append(o.Prediction.Values, one.Values...)
		switch {
		case j.hasProba:
			for k := range one.Proba {
				one.Proba[k] /= float64(n)
			}
			o.Prediction.Proba = append(o.Prediction.Proba, one.Proba...)
			if j.rules.Decide != nil {
				j.rules.Decide(one)
			}
		default:
			for k := range one.Labels {
				one.Labels[k] = j.mostVotes(row, k, max(2, len(d.Classes)))
			}
		}
		o.Prediction.Labels = append(o.Prediction.Labels, one.Labels...)
	}
	return o
}

// mostVotes returns the most frequently predicted label; ties go to the first.
func (j *joining) mostVotes(row, at, classes int) int {
	best := 0
	for l := range classes {
		if j.votes[vote{row, at, l}] > j.votes[vote{row, at, best}] {
			best = l
		}
	}
	return best
}
