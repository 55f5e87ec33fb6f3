package search

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/trees"
	"gonum.org/v1/gonum/stat"
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
// over 10 forests of 64 trees; the averages over 512 Sobol' points. Where its conditions do not
// hold, a setting has no effect, so that one which is seldom open seldom matters.
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
	means, err := marginalsOf(&o.search.Space)
	if err != nil {
		return nil, err
	}
	const forests = 10
	shares := make([][]float64, len(settings))
	for f := range forests {
		m, err := trees.Forest{Trees: 64, Columns: (len(settings) + 1) / 2, MinLeaf: 2, Seed: uint64(f), Threads: 1}.FitValues(ctx, table, y)
		if err != nil {
			return nil, fmt.Errorf("search: importance: %w", err)
		}
		if err := means.add(ctx, m, shares); err != nil {
			return nil, fmt.Errorf("search: importance: %w", err)
		}
	}
	out := make([]Importance, len(settings))
	for i := range settings {
		mean, std := stat.PopMeanStdDev(shares[i], nil)
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
	sorted := slices.Clone(y)
	slices.Sort(sorted)
	median, quarter := quantile(sorted, 0.5), quantile(sorted, 0.25)
	if median == quarter {
		return y
	}
	out := make([]float64, len(y))
	for i, v := range y {
		out[i] = min(v, median+5*(median-quarter))
	}
	return out
}

// marginals are the points at which the effects of settings are averaged.
type marginals struct {
	all   trees.Table
	moved [][]trees.Table // by setting and value: the points with that value, where the setting is open
}

func marginalsOf(space *Space) (*marginals, error) {
	const points, values = 512, 32
	at := make([]Point, points)
	r := source(0, "importance", 0)
	for k := range at {
		at[k] = make(Point, len(space.Settings))
		for i := range at[k] {
			if at[k][i] = r.Float64(); i < len(directions) {
				at[k][i] = float64(sobol(uint32(k), i)) / (1 << 32)
			}
		}
	}
	table := func(moved, n, v int) (t trees.Table, err error) {
		rows := make([][]float64, points)
		for k := range rows {
			p := slices.Clone(at[k])
			if moved >= 0 {
				p[moved] = (float64(v) + 0.5) / float64(n)
			}
			if err := space.close(p); err != nil {
				return t, err
			}
			rows[k] = asRow(p)
		}
		return trees.FromRows(rows)
	}
	m := &marginals{moved: make([][]trees.Table, len(space.Settings))}
	var err error
	if m.all, err = table(-1, 0, 0); err != nil {
		return nil, err
	}
	for i := range space.Settings {
		n := values
		if c := cells(space.Settings[i].Domain); c > 0 {
			n = c
		}
		for v := range n {
			t, err := table(i, n, v)
			if err != nil {
				return nil, err
			}
			m.moved[i] = append(m.moved[i], t)
		}
	}
	return m, nil
}

// add adds to shares what a forest says of each setting.
func (m *marginals) add(ctx context.Context, forest *trees.Model, shares [][]float64) error {
	all, err := forest.Values(ctx, m.all)
	if err != nil {
		return err
	}
	whole := stat.PopVariance(all, nil)
	for i, tables := range m.moved {
		means := make([]float64, len(tables))
		for v, t := range tables {
			p, err := forest.Values(ctx, t)
			if err != nil {
				return err
			}
			means[v] = stat.Mean(p, nil)
		}
		share := 0.0
		if whole > 0 {
			share = stat.PopVariance(means, nil) / whole
		}
		shares[i] = append(shares[i], share)
	}
	return nil
}
