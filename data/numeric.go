package data

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/internal/rows"
)

// Impute fills in missing values from the training rows: with the Strategy's value in
// numeric columns, with the most frequent level, the first of equals, in categorical
// columns. A column without any value in the training rows is filled with 0 or its first
// level and listed by [Notes].
type Impute struct {
	Strategy Strategy
	Value    float64 // the value filled in by Constant

	// Indicate appends an indicator column "name missing" for every numeric column with a
	// missing value in the training rows.
	Indicate bool
	// NumericOnly leaves missing values of categorical columns to a OneHot with a column
	// for them.
	NumericOnly bool
}

// Strategy specifies what replaces a missing number.
type Strategy string

// The strategies of Impute.
const (
	Median       Strategy = "" // the default
	Mean         Strategy = "mean"
	MostFrequent Strategy = "most frequent" // the smallest in a tie
	Constant     Strategy = "constant"
)

// FittedImpute is a fitted Impute.
type FittedImpute struct {
	Features []Feature
	Fill     []float64 // one per column
	Keep     []bool    // columns that are left unchanged
	Indicate []bool    // columns with an indicator
	Empty    []string  // columns without a value in the training rows
}

// Fit implements Transform.
func (t Impute) Fit(train Source) (Fitted, error) {
	features, err := columnsOf("impute", train)
	if err != nil {
		return nil, err
	}
	switch t.Strategy {
	case Median, Mean, MostFrequent, Constant:
	default:
		return nil, fmt.Errorf("data: impute: there is no strategy %q", t.Strategy)
	}
	if math.IsNaN(t.Value) || math.IsInf(t.Value, 0) {
		return nil, fmt.Errorf("data: impute: the constant %v is not finite", t.Value)
	}
	p := len(features)
	f := FittedImpute{Features: features, Fill: make([]float64, p), Keep: make([]bool, p), Indicate: make([]bool, p)}
	for j, c := range features {
		f.Keep[j] = c.Levels != nil && t.NumericOnly
	}
	err = eachColumn("impute", train, true, func(c Feature) bool { return c.Levels == nil || !t.NumericOnly }, func(s *summary) error {
		j, c := s.column, s.sorted
		category := features[j].Levels != nil
		f.Indicate[j] = t.Indicate && !category && s.missing() && len(c) > 0
		switch {
		case len(c) == 0 && t.Strategy != Constant:
			f.Empty = append(f.Empty, f.Features[j].Name)
		case category || t.Strategy == MostFrequent:
			f.Fill[j] = max(0, mode(c))
			if !category {
				f.Fill[j] = mode(c)
			}
		case t.Strategy == Mean:
			f.Fill[j], _ = s.sketch.MeanStd()
		case t.Strategy == Constant:
			f.Fill[j] = t.Value
		default:
			f.Fill[j] = moments.Quantile(c, 0.5)
		}
		return nil
	})
	return fitted(f, err)
}

// Apply implements Fitted.
func (f FittedImpute) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedImpute) name() string    { return "impute" }
func (f FittedImpute) from() []Feature { return f.Features }

func (f FittedImpute) to() []Feature {
	out := slices.Clone(f.Features)
	for j, c := range f.Features {
		if f.indicates(j) {
			out = append(out, Feature{Name: c.Name + " missing", Indicator: true})
		}
	}
	return out
}

func (f FittedImpute) indicates(j int) bool { return f.Indicate != nil && f.Indicate[j] }

func (f FittedImpute) lower() rows.Transform {
	return &rows.Impute{Fill: f.Fill, Keep: f.Keep, Indicate: f.Indicate}
}

func (f FittedImpute) check() error {
	n := len(f.Features)
	if len(f.Fill) != n || n == 0 {
		return fmt.Errorf("%d values for %d columns", len(f.Fill), n)
	}
	if f.Keep != nil && len(f.Keep) != n || f.Indicate != nil && len(f.Indicate) != n {
		return fmt.Errorf("%d and %d marks for %d columns", len(f.Keep), len(f.Indicate), n)
	}
	return nil
}

// mode returns the most frequent of sorted values, the smallest in a tie.
func mode(sorted []float64) float64 {
	best, most := 0.0, 0
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		if j-i > most {
			best, most = sorted[i], j-i
		}
		i = j
	}
	return best
}

// FittedScale subtracts Center and divides by Scale, column by column. It is the fitted
// form of Standardize, MinMax and RobustScale. Categorical columns, indicators and missing
// values are left unchanged.
type FittedScale struct {
	Features []Feature
	Center   []float64
	Scale    []float64
	Offset   float64 // added afterwards
}

// Apply implements Fitted.
func (f FittedScale) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedScale) name() string    { return "scale" }
func (f FittedScale) from() []Feature { return f.Features }
func (f FittedScale) to() []Feature   { return f.Features }

func (f FittedScale) lower() rows.Transform {
	return &rows.Scale{Keep: unscaled(f.Features), Center: f.Center, Scale: f.Scale, Offset: f.Offset}
}

// scaled reports whether scaling the column makes sense.
func (f Feature) scaled() bool { return f.Levels == nil && !f.Indicator }

// unscaled reports, for each column, whether scaling leaves it unchanged.
func unscaled(features []Feature) []bool {
	keep := make([]bool, len(features))
	for j, c := range features {
		keep[j] = !c.scaled()
	}
	return keep
}

func (f FittedScale) check() error {
	n := len(f.Features)
	if n == 0 || len(f.Center) != n || len(f.Scale) != n {
		return fmt.Errorf("%d centers and %d scales for %d columns", len(f.Center), len(f.Scale), n)
	}
	for j, v := range f.Scale {
		if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("column %s: scale %v", f.Features[j].Name, v)
		}
	}
	return nil
}

// fitScale fits center and scale of every numeric column; a constant column is divided by
// 1.
func fitScale(train Source, what string, quantiles bool, of func(s *summary) (center, scale float64)) (FittedScale, error) {
	features, err := columnsOf(what, train)
	if err != nil {
		return FittedScale{}, err
	}
	f := FittedScale{Features: features, Center: make([]float64, len(features)), Scale: make([]float64, len(features))}
	for j := range f.Scale {
		f.Scale[j] = 1
	}
	err = eachColumn(what, train, quantiles, Feature.scaled, func(s *summary) error {
		j, c := s.column, s.sorted
		if len(c) == 0 { // no values to fit to
			return nil
		}
		center, scale := of(s)
		if math.IsNaN(center) || math.IsInf(center, 0) || math.IsNaN(scale) || math.IsInf(scale, 0) {
			return fmt.Errorf("data: %s: column %s of %s goes from %g to %g: its spread is beyond the largest float64; is one of the two a marker of missing values?", what, f.Features[j].Name, s.name, c[0], c[len(c)-1])
		}
		f.Center[j] = center
		// A spread within rounding error counts as none.
		if scale > 1e-15*math.Max(math.Abs(c[0]), math.Abs(c[len(c)-1])) {
			f.Scale[j] = scale
		}
		return nil
	})
	return f, err
}

// Standardize gives every numeric column mean 0 and standard deviation 1 in the training
// rows: (x − mean)/std, with n in the denominator of std.
type Standardize struct{}

// Fit implements Transform.
func (Standardize) Fit(train Source) (Fitted, error) {
	return fitted(fitScale(train, "standardize", false, func(s *summary) (float64, float64) { return s.sketch.MeanStd() }))
}

// MinMax maps every numeric column so that the training rows fill [Low, High]; if both are
// 0, the range is [0, 1]. Other rows may lie outside.
type MinMax struct{ Low, High float64 }

// Fit implements Transform.
func (t MinMax) Fit(train Source) (Fitted, error) {
	if t.Low == 0 && t.High == 0 {
		t.High = 1
	}
	if !(t.Low < t.High) {
		return nil, fmt.Errorf("data: min-max: low %v is not below high %v", t.Low, t.High)
	}
	f, err := fitScale(train, "min-max", false, func(s *summary) (float64, float64) {
		c := s.sorted
		return c[0], c[len(c)-1] - c[0]
	})
	for j := range f.Scale {
		if f.Features[j].scaled() {
			f.Scale[j] /= t.High - t.Low
		}
	}
	f.Offset = t.Low
	return fitted(f, err)
}

// RobustScale subtracts the median of every numeric column and divides by its
// interquartile range, so that outliers do not set the scale. If the interquartile range
// is 0, as in a column that is mostly 0, it divides by half the range from minimum to
// maximum.
type RobustScale struct{}

// Fit implements Transform.
func (RobustScale) Fit(train Source) (Fitted, error) {
	return fitted(fitScale(train, "robust scale", true, func(s *summary) (float64, float64) {
		c := s.sorted
		scale := moments.Quantile(c, 0.75) - moments.Quantile(c, 0.25)
		if scale == 0 {
			scale = c[len(c)-1]/2 - c[0]/2
		}
		return moments.Quantile(c, 0.5), scale
	}))
}

func fitted(f Fitted, err error) (Fitted, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Clip limits every numeric column to the range from its Low to its High quantile in the
// training rows, to reduce the influence of single outliers. If both are 0, they stand for
// 0.005 and 0.995.
type Clip struct{ Low, High float64 }

// FittedClip is a fitted Clip.
type FittedClip struct {
	Features []Feature
	Low      []float64
	High     []float64
}

// Fit implements Transform.
func (t Clip) Fit(train Source) (Fitted, error) {
	if t.Low == 0 && t.High == 0 {
		t.Low, t.High = 0.005, 0.995
	}
	if !(t.Low >= 0 && t.Low < t.High && t.High <= 1) {
		return nil, fmt.Errorf("data: clip: quantiles %v and %v are not a range within [0, 1]", t.Low, t.High)
	}
	features, err := columnsOf("clip", train)
	if err != nil {
		return nil, err
	}
	f := FittedClip{Features: features, Low: make([]float64, len(features)), High: make([]float64, len(features))}
	for j := range features {
		f.Low[j], f.High[j] = -math.MaxFloat64, math.MaxFloat64
	}
	err = eachColumn("clip", train, true, Feature.scaled, func(s *summary) error {
		if j, c := s.column, s.sorted; len(c) > 0 {
			f.Low[j], f.High[j] = moments.Quantile(c, t.Low), moments.Quantile(c, t.High)
		}
		return nil
	})
	return fitted(f, err)
}

// Apply implements Fitted.
func (f FittedClip) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedClip) name() string    { return "clip" }
func (f FittedClip) from() []Feature { return f.Features }
func (f FittedClip) to() []Feature   { return f.Features }

func (f FittedClip) lower() rows.Transform {
	return &rows.Clip{Low: f.Low, High: f.High}
}

func (f FittedClip) check() error {
	if n := len(f.Features); n == 0 || len(f.Low) != n || len(f.High) != n {
		return fmt.Errorf("%d and %d bounds for %d columns", len(f.Low), len(f.High), n)
	}
	return nil
}

// SmoothClip maps every number x to x/√(1 + (x/Bound)²), which is close to x near 0 and
// stays within ±Bound, so that outliers keep their order but lose their influence. Columns
// should be scaled first, for example by RobustScale. Holzmüller, Grinsztajn & Steinwart
// (2024), arXiv:2407.04491, section 3.
type SmoothClip struct{ Bound float64 } // 0: 3

// FittedSmoothClip is a fitted SmoothClip.
type FittedSmoothClip struct {
	Features []Feature
	Bound    float64
}

// Fit implements Transform.
func (t SmoothClip) Fit(train Source) (Fitted, error) {
	if t.Bound == 0 {
		t.Bound = 3
	}
	features, err := columnsOf("smooth clip", train)
	if err != nil {
		return nil, err
	}
	f := FittedSmoothClip{features, t.Bound}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("data: smooth clip: %w", err)
	}
	return f, nil
}

// Apply implements Fitted.
func (f FittedSmoothClip) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedSmoothClip) name() string    { return "smooth clip" }
func (f FittedSmoothClip) from() []Feature { return f.Features }
func (f FittedSmoothClip) to() []Feature   { return f.Features }

func (f FittedSmoothClip) lower() rows.Transform {
	return &rows.SmoothClip{Keep: unscaled(f.Features), Bound: f.Bound}
}

func (f FittedSmoothClip) check() error {
	if len(f.Features) == 0 {
		return errors.New("no columns")
	}
	if !(f.Bound > 0) || math.IsInf(f.Bound, 0) {
		return fmt.Errorf("bound %v: want a positive number", f.Bound)
	}
	return nil
}
