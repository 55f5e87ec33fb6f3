package crossval

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// importance returns, for every column of the test rows, how much the first score worsens
// when the column's values are shuffled among them; nil if the job does not ask for it or
// the rows are not a table.
func (j *Job) importance(ctx context.Context, model *data.Predictor, set data.Source, score float64) ([]float64, error) {
	if !j.Importance {
		return nil, nil
	}
	test, err := data.Collect(data.View(set, j.Split.Test))
	if err != nil {
		return nil, err
	}
	values, p, err := test.Table()
	if err != nil || len(test.Features) != p || math.IsNaN(score) {
		return nil, nil
	}
	metric := j.Metrics[0]
	out := make([]float64, p)
	n := test.Len()
	for c := range p {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		shuffled := slices.Clone(values)
		for i, k := range generator(j.Seed, "importance", c).Perm(n) {
			shuffled[i*p+c] = values[k*p+c]
		}
		rows := *test.Without()
		rows.Inputs = append([]*tensor.Dense{tensor.New(tensor.WithShape(n, p), tensor.WithBacking(shuffled))}, rows.Inputs[1:]...)
		prediction, err := model.Predict(ctx, &rows)
		if err == nil {
			prediction, err = checked(prediction, test)
		}
		if err != nil {
			return nil, err
		}
		now, err := metric.Score(test, prediction)
		if errors.Is(err, data.ErrUndefined) {
			now, err = math.NaN(), nil
		}
		if err != nil {
			return nil, err
		}
		if out[c] = score - now; !metric.Greater {
			out[c] = now - score
		}
	}
	return out, nil
}

// Importance is the permutation importance of a column: how much the first metric worsens
// when the column's test values are shuffled, over the folds.
type Importance struct {
	Column     string
	stats.Test // by stats.CorrectedTTest; Estimate is the mean over the folds
}

// Importances returns the columns of a candidate named in Options.Importance, the most
// important first; nil if fewer than two folds have them.
func (r *Result) Importances(candidate string) []Importance {
	var runs [][]float64
	for _, run := range r.RunsOf(candidate) {
		if run.Importance != nil && len(run.Importance) == len(r.Data.Features) {
			runs = append(runs, run.Importance)
		}
	}
	if len(runs) < 2 {
		return nil
	}
	out := make([]Importance, len(r.Data.Features))
	x := make([]float64, len(runs))
	for j, name := range r.Data.Features {
		for i := range runs {
			x[i] = runs[i][j]
		}
		out[j].Column = name
		t, err := stats.CorrectedTTest(x, r.testOverTrain(), 0)
		if err != nil { // a fold without a score
			t = stats.Test{N: len(x), Estimate: stat.Mean(x, nil), P: math.NaN(), Low: math.NaN(), High: math.NaN()}
		}
		out[j].Test = t
	}
	slices.SortStableFunc(out, func(a, b Importance) int { return cmp.Compare(b.Estimate, a.Estimate) })
	return out
}
