package data

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// NormalScores replaces the values of a numeric column by the normal quantiles of their
// ranks: among n training rows, a value of rank r (from 1; ties share their mean rank)
// becomes Φ⁻¹((r − ½)/n). Values between two training values are interpolated linearly,
// values outside get the nearest score. Only the order of values matters, so outliers have
// no influence. Hazen (1914); equals scipy.stats.norm.ppf of rankdata, and is close to
// scikit-learn's QuantileTransformer. Constant columns, categories, indicators and missing
// values are left unchanged.
type NormalScores struct {
	Knots  int  // maximum number of stored values per column, evenly spaced by rank; 0: 1000
	Beside bool // keep the columns and append others with their scores
}

// FittedNormalScores is a fitted NormalScores.
type FittedNormalScores struct {
	Features []Feature
	Values   [][]float64 // by column, ascending; fewer than 2: the column is left unchanged
	Scores   [][]float64 // scores of the values
	Beside   bool
}

// Fit implements Transform.
func (t NormalScores) Fit(train Source) (Fitted, error) {
	if t.Knots == 0 {
		t.Knots = 1000
	}
	if t.Knots < 2 || t.Knots > 1<<16 {
		return nil, fmt.Errorf("data: normal scores: %d knots: want 2 to 65536", t.Knots)
	}
	features, err := columnsOf("normal scores", train)
	if err != nil {
		return nil, err
	}
	f := FittedNormalScores{Features: features, Values: make([][]float64, len(features)), Scores: make([][]float64, len(features)), Beside: t.Beside}
	err = eachColumn("normal scores", train, true, Feature.scaled, func(s *summary) error {
		f.Values[s.column], f.Scores[s.column] = normalScores(s.sorted, t.Knots)
		return nil
	})
	return fitted(f, err)
}

// normalScores returns the distinct values of a sorted list, at most knots of them, with
// their scores; nil if there are fewer than two.
func normalScores(sorted []float64, knots int) (values, scores []float64) {
	n := float64(len(sorted))
	type place struct{ value, rank float64 }
	var all []place
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		all = append(all, place{sorted[i], float64(i+1+j) / 2})
		i = j
	}
	if len(all) < 2 {
		return nil, nil
	}
	next := 0.0 // the rank that the next knot must have
	for i, a := range all {
		if len(all) > knots && i > 0 && i < len(all)-1 && a.rank < next {
			continue
		}
		next = math.Max(next, a.rank) + n/float64(knots-1)
		values = append(values, a.value)
		scores = append(scores, math.Sqrt2*math.Erfinv(2*(a.rank-0.5)/n-1))
	}
	return values, scores
}

// Apply implements Fitted.
func (f FittedNormalScores) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedNormalScores) name() string    { return "normal scores" }
func (f FittedNormalScores) from() []Feature { return f.Features }

func (f FittedNormalScores) to() []Feature {
	out := slices.Clone(f.Features)
	if f.Beside {
		for j, c := range f.Features {
			if len(f.Values[j]) > 1 {
				out = append(out, Feature{Name: c.Name + " score"})
			}
		}
	}
	return out
}

func (f FittedNormalScores) lower() rows.Transform {
	return &rows.NormalScores{Values: f.Values, Scores: f.Scores, Beside: f.Beside}
}

func (f FittedNormalScores) check() error {
	if len(f.Features) == 0 || len(f.Values) != len(f.Features) || len(f.Scores) != len(f.Features) {
		return errors.New("no columns, or values of other ones")
	}
	for j, values := range f.Values {
		if len(f.Scores[j]) != len(values) {
			return fmt.Errorf("column %s: %d scores of %d values", f.Features[j].Name, len(f.Scores[j]), len(values))
		}
		for _, list := range [][]float64{values, f.Scores[j]} {
			for i, b := range list {
				if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && !(b > list[i-1]) {
					return fmt.Errorf("column %s: %v after %v", f.Features[j].Name, b, list[max(0, i-1)])
				}
			}
		}
	}
	return nil
}
