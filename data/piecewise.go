package data

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/internal/rows"
)

// PiecewiseLinear replaces every numeric column by several, one per interval between
// quantiles of the training rows. Each gives the position of the value relative to its
// interval: with edges b₀ < b₁ < … < b_T, part t is 0 below b_{t−1}, 1 above b_t, and
// linear between. A network thus sees thresholds, as trees do. Gorishniy, Rubachev &
// Babenko (2022), "On Embeddings for Numerical Features in Tabular Deep Learning",
// arXiv:2203.05556, section 3.2.1. The first and the last part continue linearly beyond
// the edges. A column with few distinct values has an edge at each. Constant columns,
// categories and indicators are left unchanged; a missing value is missing in all parts.
type PiecewiseLinear struct {
	Bins   int  // maximum number of intervals per column; 0: 16
	Beside bool // keep the columns and append the parts after all of them
}

// FittedPiecewise is a fitted PiecewiseLinear.
type FittedPiecewise struct {
	Features []Feature
	Edges    [][]float64 // by column, ascending; fewer than 2: the column is left unchanged
	Beside   bool
}

// Fit implements Transform.
func (t PiecewiseLinear) Fit(train Source) (Fitted, error) {
	if t.Bins == 0 {
		t.Bins = 16
	}
	if t.Bins < 1 || t.Bins > 1<<12 {
		return nil, fmt.Errorf("data: piecewise linear: %d bins: want 1 to 4096", t.Bins)
	}
	features, err := columnsOf("piecewise linear", train)
	if err != nil {
		return nil, err
	}
	f := FittedPiecewise{features, make([][]float64, len(features)), t.Beside}
	err = eachColumn("piecewise linear", train, true, Feature.scaled, func(s *summary) error {
		j, c := s.column, s.sorted
		if len(c) == 0 {
			return nil
		}
		edges := make([]float64, t.Bins+1)
		for i := range edges {
			edges[i] = moments.Quantile(c, float64(i)/float64(t.Bins))
		}
		if distinct := slices.Compact(slices.Clone(c)); len(distinct) <= t.Bins {
			edges = distinct
		}
		f.Edges[j] = slices.Compact(edges)
		return nil
	})
	return fitted(f, err)
}

// Apply implements Fitted.
func (f FittedPiecewise) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedPiecewise) name() string    { return "piecewise linear" }
func (f FittedPiecewise) from() []Feature { return f.Features }

func (f FittedPiecewise) to() []Feature {
	var out []Feature
	if f.Beside {
		out = slices.Clone(f.Features)
	}
	for j, c := range f.Features {
		if len(f.Edges[j]) < 2 {
			if !f.Beside {
				out = append(out, c)
			}
			continue
		}
		for i := 1; i < len(f.Edges[j]); i++ {
			out = append(out, Feature{Name: fmt.Sprintf("%s to %.6g", c.Name, f.Edges[j][i]), Indicator: true})
		}
	}
	return out
}

func (f FittedPiecewise) lower() rows.Transform {
	return &rows.Piecewise{Edges: f.Edges, Beside: f.Beside}
}

func (f FittedPiecewise) check() error {
	if len(f.Features) == 0 || len(f.Edges) != len(f.Features) {
		return errors.New("no columns, or edges of other ones")
	}
	for j, edges := range f.Edges {
		for i, b := range edges {
			if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && !(b > edges[i-1]) {
				return fmt.Errorf("column %s: edge %v after %v", f.Features[j].Name, b, edges[max(0, i-1)])
			}
		}
	}
	return nil
}
