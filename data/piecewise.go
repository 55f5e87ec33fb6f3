package data

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/internal/rows"
)

// PiecewiseLinear replaces every numeric column by several that say how far through
// each interval between quantiles of the training rows a value has come: with edges
// b₀ < b₁ < … < b_T, part t is 0 below b_{t−1}, 1 above b_t, and linear between. So a
// network sees thresholds, as trees do. Gorishniy, Rubachev & Babenko (2022), "On
// Embeddings for Numerical Features in Tabular Deep Learning", arXiv:2203.05556,
// section 3.2.1. The first and the last part go on beyond the edges. A column of few
// different values has an edge for each; a constant one stays as it is. Categories,
// indicators and missing values are left as they are, a missing value in all parts.
type PiecewiseLinear struct {
	Bins   int  // intervals of a column at most; 0: 16
	Beside bool // columns keep their values, and the parts come after all of them
}

// FittedPiecewise is a PiecewiseLinear that was fitted.
type FittedPiecewise struct {
	Features []Feature
	Edges    [][]float64 // of each column, ascending; fewer than 2: it stays as it is
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
