package search

import (
	"context"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/trees"
)

// Importance is how much of the variance of the score over the space a setting explains.
type Importance struct {
	Setting string
	Share   float64 // from its own effect, averaged over all other settings
	Std     float64 // over the forests
}

// importanceLeast is the fewest trials that say anything about settings.
const importanceLeast = 10

// Importance says which settings matter, by functional analysis of variance (Hutter, Hoos &
// Leyton-Brown, "An efficient approach for assessing hyperparameter importance", 2014): random
// forests learn the score from the settings, and the variance of a forest's mean prediction as
// a function of one setting, over all values of the others, is divided by its whole variance.
// Shares need not sum to 1, as settings act together. The mean and the standard deviation are
// over 10 forests of 64 trees; the averages over 512 Sobol' points.
//
// Scores are cut at the median less five times the distance to the upper quartile, towards the
// bad side, so that a few bad trials do not make up all of the variance. A setting that is not
// open in a trial is missing there. It is an error if fewer than 10 trials have a score.
func (o *Outcome) Importance(ctx context.Context) ([]Importance, error) {
	if !o.fits() {
		return nil, errNoOutcome
	}
	settings := o.search.Space.Settings
	var rows [][]float64
	var y []float64
	for i := range o.Trials {
		t := &o.Trials[i]
		if t.Number == 0 || t.Same >= 0 || t.Failed != "" || !t.Final || math.IsNaN(t.Score) || len(t.Point) != len(settings) {
			continue // the base has no place in the space
		}
		loss := t.Score
		if o.Metric.Greater {
			loss = -loss
		}
		rows, y = append(rows, asRow(t.Point)), append(y, loss)
	}
	if len(y) < importanceLeast || len(settings) == 0 {
		return nil, fmt.Errorf("search: %d trials with a score: the importance of settings needs %d", len(y), importanceLeast)
	}
	y = cut(y)
	table, err := trees.FromRows(rows)
	if err != nil {
		return nil, fmt.Errorf("search: importance: %w", err)
	}
	const forests = 10
	shares := make([][]float64, len(settings))
	for f := range forests {
		m, err := trees.Forest{Trees: 64, Columns: (len(settings) + 1) / 2, MinLeaf: 2, Seed: uint64(f), Threads: 1}.FitValues(ctx, table, y)
		if err != nil {
			return nil, fmt.Errorf("search: importance: %w", err)
		}
		if err := marginals(ctx, m, settings, shares); err != nil {
			return nil, err
		}
	}
	out := make([]Importance, len(settings))
	for i := range settings {
		mean, std := meanStd(shares[i])
		out[i] = Importance{settings[i].name(), mean, std}
	}
	return out, nil
}

// asRow returns a point as a row for trees: a setting that is not open is −1.
func asRow(p Point) []float64 {
	row := make([]float64, len(p))
	for i, u := range p {
		if row[i] = u; math.IsNaN(u) {
			row[i] = -1
		}
	}
	return row
}

// cut bounds losses on the bad side.
func cut(y []float64) []float64 {
	sorted := sortedCopy(y)
	most := quantile(sorted, 0.5) + 5*(quantile(sorted, 0.5)-quantile(sorted, 0.25))
	out := make([]float64, len(y))
	for i, v := range y {
		if out[i] = v; most > quantile(sorted, 0.5) {
			out[i] = min(v, most)
		}
	}
	return out
}

// marginals adds to shares what a forest says of each setting.
func marginals(ctx context.Context, m *trees.Model, settings []Setting, shares [][]float64) error {
	const points, values = 512, 32
	at := make([][]float64, points)
	for k := range at {
		at[k] = make([]float64, len(settings))
		for i := range at[k] {
			at[k][i] = float64(sobol(uint32(k), i%len(directions))) / (1 << 32)
		}
	}
	predict := func(rows [][]float64) ([]float64, error) {
		t, err := trees.FromRows(rows)
		if err != nil {
			return nil, err
		}
		return m.Values(ctx, t)
	}
	all, err := predict(at)
	if err != nil {
		return fmt.Errorf("search: importance: %w", err)
	}
	_, whole := meanStd(all)
	for i := range settings {
		n := values
		if c := cells(settings[i].Domain); c > 0 {
			n = c
		}
		means := make([]float64, n)
		moved := make([][]float64, points)
		for v := range means {
			for k := range moved {
				moved[k] = append([]float64(nil), at[k]...)
				moved[k][i] = (float64(v) + 0.5) / float64(n)
			}
			p, err := predict(moved)
			if err != nil {
				return fmt.Errorf("search: importance: %w", err)
			}
			means[v], _ = meanStd(p)
		}
		_, own := meanStd(means)
		share := 0.0
		if whole > 0 {
			share = own * own / (whole * whole)
		}
		shares[i] = append(shares[i], share)
	}
	return nil
}

// meanStd returns the mean and the standard deviation, with n in its denominator.
func meanStd(x []float64) (mean, std float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		std += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(std)
}
