package crossval

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
)

// Confusion returns how often rows of one class (first index) were predicted to
// be of another (second index), summed over the folds and divided by the number
// of repeats: over complete repeats the counts of a row sum to the number of
// rows of that class. It is an error if the task is regression or the candidate
// has no run.
func (r *Result) Confusion(candidate string) ([][]float64, error) {
	if r == nil {
		return nil, noRuns(candidate)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	if r.Data.Task != data.Classify {
		return nil, fmt.Errorf("crossval: %s: a regression has no confusion matrix", candidate)
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

// OutOfFold is what models said of rows they were not fitted on.
type OutOfFold struct {
	Rows       []int // ascending
	Labels     []int // true classes; nil for regression
	Values     []float64
	Prediction data.Prediction
}

// OutOfFold joins the predictions of a candidate for all rows that it was tested
// on, for a ROC curve, a calibration curve or a plot of residuals. Where a row
// was tested in several repeats, probabilities and values are means over the
// repeats, and the label is the class of the greatest mean probability, or
// without probabilities the class predicted most often, the first of equals.
// Proba is nil unless every run has probabilities. It is an error if the
// candidate has no run.
func (r *Result) OutOfFold(candidate string) (*OutOfFold, error) {
	runs := r.RunsOf(candidate)
	if len(runs) == 0 {
		return nil, noRuns(candidate)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	k := max(1, len(r.Data.Classes))
	count := make([]int, r.Data.Rows)
	votes := make([]float64, r.Data.Rows*k)
	sums := make([]float64, r.Data.Rows*k)
	hasProba := r.Data.Task == data.Classify
	for _, run := range runs {
		p := run.Prediction
		hasProba = hasProba && p.Proba != nil
		for i, row := range r.Splits[run.Split].Test {
			count[row]++
			switch {
			case r.Data.Task == data.Regress:
				sums[row] += p.Values[i]
				continue
			case hasProba:
				for c := range k {
					sums[row*k+c] += p.Proba[i*k+c]
				}
			}
			votes[row*k+p.Labels[i]]++
		}
	}
	out := &OutOfFold{}
	for row, n := range count {
		if n > 0 {
			out.add(r, row, n, sums[row*k:(row+1)*k], votes[row*k:(row+1)*k], hasProba)
		}
	}
	return out, nil
}

func (o *OutOfFold) add(r *Result, row, n int, sums, votes []float64, hasProba bool) {
	o.Rows = append(o.Rows, row)
	if r.Data.Task == data.Regress {
		o.Values = append(o.Values, r.Data.Values[row])
		o.Prediction.Values = append(o.Prediction.Values, sums[0]/float64(n))
		return
	}
	o.Labels = append(o.Labels, r.Data.Labels[row])
	by := votes
	if hasProba {
		by = sums
		for _, s := range sums {
			o.Prediction.Proba = append(o.Prediction.Proba, s/float64(n))
		}
	}
	o.Prediction.Labels = append(o.Prediction.Labels, argmax(by))
}
