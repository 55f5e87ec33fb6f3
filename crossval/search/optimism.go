package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// Estimate is an estimate of a score with an interval of 95%.
type Estimate struct {
	Score  float64 `json:"score"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Method string  `json:"method"`
}

// bootstraps is the number of bootstrap samples of a corrected estimate, and fewest the
// smallest.
const bootstraps, fewest = 400, 50

// corrected estimates the score of what a choice makes of a library, on rows that took no
// part in the choice: the bootstrap bias correction of Tsamardinos, Greasidou & Borboudakis,
// "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation"
// (2018). From each bootstrap sample of the rows choose returns how often each member is
// taken, and the rows that are not in the sample score the mean of these members. The
// estimate is the mean over the samples, the interval lies between the 2.5% and 97.5%
// quantiles. Rows of a group are drawn together. After the time left, fewer samples are made,
// but fewest at least; 0: no limit.
func (l *library) corrected(ctx context.Context, metric data.Metric, seed uint64, samples int, left time.Duration, choose func(rows []int) ([]int, error)) (Estimate, error) {
	begin, units := time.Now(), l.units()
	scores := make([]float64, samples)
	errs := make([]error, samples)
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(samples, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for b := range next {
				scores[b], errs[b] = l.sample(metric, seed, b, units, choose)
			}
		})
	}
	made := 0
	for ; made < samples && ctx.Err() == nil && (left == 0 || made < fewest || time.Since(begin) < left); made++ {
		next <- made
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return Estimate{}, fmt.Errorf("search: the correction: %w", err)
	}
	scores = scores[:made]
	if err := errors.Join(errs...); err != nil {
		return Estimate{}, err
	}
	scores = slices.DeleteFunc(scores, math.IsNaN) // no rows were left, or the metric is not defined on them
	if len(scores) < made/2 || len(scores) == 0 {
		return Estimate{}, fmt.Errorf("search: the %s is defined on few bootstrap samples only", metric.Name)
	}
	slices.Sort(scores)
	sum := 0.0
	for _, v := range scores {
		sum += v
	}
	e := Estimate{
		Score: sum / float64(len(scores)), Low: quantile(scores, 0.025), High: quantile(scores, 0.975),
		Method: fmt.Sprintf("bootstrap bias corrected (Tsamardinos et al. 2018), %d samples", len(scores)),
	}
	if metric.Greater {
		e.Score, e.Low, e.High = -e.Score, -e.High, -e.Low
	}
	return e, nil
}

// quantile interpolates linearly between sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// units returns the rows that are drawn together: single rows, or those of a group.
func (l *library) units() [][]int {
	var out [][]int
	if l.truth.Groups == nil {
		for i := range l.truth.Len() {
			out = append(out, []int{i})
		}
		return out
	}
	at := map[int]int{}
	for i, g := range l.truth.Groups {
		k, ok := at[g]
		if !ok {
			k = len(out)
			at[g], out = k, append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// sample is one bootstrap sample's loss on the rows that it lacks; NaN: it is not defined.
func (l *library) sample(metric data.Metric, seed uint64, b int, units [][]int, choose func([]int) ([]int, error)) (float64, error) {
	r := source(seed, "bootstrap", b)
	taken := make([]int, len(units))
	for range units {
		taken[r.IntN(len(units))]++
	}
	var in, out []int
	for u, n := range taken {
		for range n {
			in = append(in, units[u]...)
		}
		if n == 0 {
			out = append(out, units[u]...)
		}
	}
	if len(out) == 0 {
		return math.NaN(), nil
	}
	r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] }) // who chooses may look at the first alone
	counts, err := choose(in)
	if errors.Is(err, data.ErrUndefined) {
		return math.NaN(), nil
	}
	if err != nil {
		return 0, err
	}
	loss, err := l.score(metric, out, l.blend(out, counts))
	if errors.Is(err, data.ErrUndefined) {
		return math.NaN(), nil
	}
	return loss, err
}

// best chooses the member with the best score by the metric.
func (l *library) best(metric data.Metric) (func(rows []int) ([]int, error), error) {
	perRow, err := l.perRow(metric)
	if err != nil {
		return nil, err
	}
	return func(rows []int) ([]int, error) {
		counts, at, least := make([]int, len(l.list)), 0, math.Inf(1)
		for m := range l.list {
			var loss float64
			if perRow != nil {
				for _, row := range rows {
					loss += perRow[m][row]
				}
			} else {
				one := make([]int, len(l.list))
				one[m] = 1
				var err error
				if loss, err = l.score(metric, rows, l.blend(rows, one)); err != nil {
					return nil, err
				}
			}
			if loss < least {
				at, least = m, loss
			}
		}
		counts[at] = 1
		return counts, nil
	}, nil
}

// perRow returns each member's loss in each row, for metrics that rank members as a mean over
// rows does; nil: the metric is none of these.
func (l *library) perRow(metric data.Metric) ([][]float64, error) {
	switch metric.Name {
	case data.Accuracy.Name, data.LogLoss.Name, data.Brier.Name, data.RMSE.Name, data.R2.Name, data.MAE.Name:
	default:
		return nil, nil
	}
	if l.width > 1 && (metric.Name == data.RMSE.Name || metric.Name == data.R2.Name) {
		return nil, nil // the mean over columns of what is no mean over rows
	}
	as := metric
	if metric.Name == data.R2.Name {
		as = data.RMSE // of a single row R2 is not defined
	}
	out := make([][]float64, len(l.list))
	for m := range l.list {
		out[m] = make([]float64, l.truth.Len())
	}
	for row := range l.truth.Len() {
		truth, err := data.Truth(l.truth, l.truth, []int{row})
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		for m, p := range l.list {
			v, err := as.Score(truth, l.rules.Row(p, row))
			if err != nil {
				return nil, fmt.Errorf("search: %w", err)
			}
			switch {
			case as.Name == data.RMSE.Name:
				v *= v
			case as.Greater:
				v = -v
			}
			out[m][row] = v
		}
	}
	return out, nil
}
