package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
)

// Impute fills in missing values, with what the training rows say: of a numeric
// column the Strategy's value, of a categorical one the most frequent level, the
// first of equals. A column without any value in the training rows is filled with
// 0 or its first level, and named by [Notes].
type Impute struct {
	Strategy Strategy
	Value    float64 // of Constant
}

// Strategy says what takes the place of a missing number.
type Strategy string

// The strategies of Impute.
const (
	Median       Strategy = "" // the default
	Mean         Strategy = "mean"
	MostFrequent Strategy = "most frequent" // the smallest of equals
	Constant     Strategy = "constant"
)

// FittedImpute is an Impute that was fitted.
type FittedImpute struct {
	Features []Feature `json:"features"`
	Fill     []float64 `json:"fill"`            // one for each column
	Empty    []string  `json:"empty,omitempty"` // columns without a value in the training rows
}

// Fit implements Transform.
func (t Impute) Fit(train *Set) (Fitted, error) {
	v, p, err := train.table("impute", nil)
	if err != nil {
		return nil, err
	}
	f := FittedImpute{Features: train.featuresOf(p), Fill: make([]float64, p)}
	for j := range f.Fill {
		c := column(v, p, j)
		slices.Sort(c)
		switch {
		case len(c) == 0 && t.Strategy != Constant:
			f.Empty = append(f.Empty, f.Features[j].Name)
		case f.Features[j].Levels != nil || t.Strategy == MostFrequent:
			f.Fill[j] = mode(c)
		case t.Strategy == Mean:
			f.Fill[j], _ = moments.MeanStd(c)
		case t.Strategy == Constant:
			f.Fill[j] = t.Value
		case t.Strategy == Median:
			f.Fill[j] = quantile(c, 0.5)
		default:
			return nil, fmt.Errorf("data: impute: there is no strategy %q", t.Strategy)
		}
	}
	return f, nil
}

// Apply implements Fitted.
func (f FittedImpute) Apply(s *Set) (*Set, error) {
	v, p, err := s.table("impute", f.Features)
	if err != nil {
		return nil, err
	}
	for i := range v {
		if math.IsNaN(v[i]) {
			v[i] = f.Fill[i%p]
		}
	}
	return s.withTable(v, s.Features), nil
}

func (f FittedImpute) check() error {
	if len(f.Fill) != len(f.Features) || len(f.Fill) == 0 {
		return fmt.Errorf("%d values for %d columns", len(f.Fill), len(f.Features))
	}
	return nil
}

// mode returns the most frequent of sorted values, the smallest of equals.
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

// quantile returns the q-quantile of sorted values, interpolated linearly as
// NumPy does.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	share := at - float64(low)
	if step := sorted[low+1] - sorted[low]; !math.IsInf(step, 0) {
		return sorted[low] + share*step
	}
	return sorted[low]*(1-share) + sorted[low+1]*share
}

// FittedScale subtracts Center and divides by Scale, column by column; it is
// what Standardize, MinMax and RobustScale become.
type FittedScale struct {
	Features []Feature `json:"features"`
	Center   []float64 `json:"center"`
	Scale    []float64 `json:"scale"`
	Offset   float64   `json:"offset,omitempty"` // added afterwards to numeric columns
}

// Apply implements Fitted. Categorical columns and missing values stay as they are.
func (f FittedScale) Apply(s *Set) (*Set, error) {
	v, p, err := s.table("scale", f.Features)
	if err != nil {
		return nil, err
	}
	for i := range v {
		if j := i % p; f.Features[j].Levels == nil {
			v[i] = scaled(v[i], f.Center[j], f.Scale[j]) + f.Offset
		}
	}
	return s.withTable(v, s.Features), nil
}

// scaled returns (x − center)/scale, also where x − center is beyond the largest
// float64.
func scaled(x, center, scale float64) float64 {
	if d := x - center; !math.IsInf(d, 0) {
		return d / scale
	}
	return (x/2 - center/2) / (scale / 2)
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

// fitScale fits center and scale of every numeric column; a column without
// spread is divided by 1.
func fitScale(train *Set, what string, of func(sorted []float64) (center, scale float64)) (FittedScale, error) {
	v, p, err := train.table(what, nil)
	if err != nil {
		return FittedScale{}, err
	}
	f := FittedScale{Features: train.featuresOf(p), Center: make([]float64, p), Scale: make([]float64, p)}
	for j := range p {
		f.Scale[j] = 1
		if f.Features[j].Levels != nil {
			continue
		}
		c := column(v, p, j)
		if len(c) == 0 { // stays missing, here and in other rows' numbers
			continue
		}
		slices.Sort(c)
		center, scale := of(c)
		if math.IsNaN(center) || math.IsInf(center, 0) || math.IsNaN(scale) || math.IsInf(scale, 0) {
			return f, fmt.Errorf("data: %s: column %s of %s goes from %g to %g: its spread is beyond the largest float64; is one of the two a marker of missing values?", what, f.Features[j].Name, train.Name, c[0], c[len(c)-1])
		}
		f.Center[j] = center
		// A spread that is rounding alone is none.
		if scale > 1e-15*math.Max(math.Abs(c[0]), math.Abs(c[len(c)-1])) {
			f.Scale[j] = scale
		}
	}
	return f, nil
}

// Standardize gives every numeric column mean 0 and standard deviation 1 in the
// training rows: (x − mean)/std, std with n in the denominator.
type Standardize struct{}

// Fit implements Transform.
func (Standardize) Fit(train *Set) (Fitted, error) {
	return fitted(fitScale(train, "standardize", moments.MeanStd))
}

// MinMax maps every numeric column so that the training rows fill [Low, High];
// both 0 stands for [0, 1]. Other rows may lie outside.
type MinMax struct{ Low, High float64 }

// Fit implements Transform.
func (t MinMax) Fit(train *Set) (Fitted, error) {
	if t.Low == 0 && t.High == 0 {
		t.High = 1
	}
	if !(t.Low < t.High) {
		return nil, fmt.Errorf("data: min-max: low %v is not below high %v", t.Low, t.High)
	}
	f, err := fitScale(train, "min-max", func(c []float64) (float64, float64) {
		return c[0], c[len(c)-1] - c[0]
	})
	for j := range f.Scale {
		f.Scale[j] /= t.High - t.Low
	}
	f.Offset = t.Low
	return fitted(f, err)
}

// RobustScale subtracts the median of every numeric column and divides by its
// interquartile range, so that outliers do not set the scale.
type RobustScale struct{}

// Fit implements Transform.
func (RobustScale) Fit(train *Set) (Fitted, error) {
	return fitted(fitScale(train, "robust scale", func(c []float64) (float64, float64) {
		return quantile(c, 0.5), quantile(c, 0.75) - quantile(c, 0.25)
	}))
}

func fitted(f Fitted, err error) (Fitted, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Clip holds every numeric column to the range from its Low to its High quantile
// in the training rows, so that single outliers lose their pull. Both 0 stands
// for 0.005 and 0.995.
type Clip struct{ Low, High float64 }

// FittedClip is a Clip that was fitted.
type FittedClip struct {
	Features []Feature `json:"features"`
	Low      []float64 `json:"low"`
	High     []float64 `json:"high"`
}

// Fit implements Transform.
func (t Clip) Fit(train *Set) (Fitted, error) {
	if t.Low == 0 && t.High == 0 {
		t.Low, t.High = 0.005, 0.995
	}
	if !(t.Low >= 0 && t.Low < t.High && t.High <= 1) {
		return nil, fmt.Errorf("data: clip: quantiles %v and %v are not a range within [0, 1]", t.Low, t.High)
	}
	v, p, err := train.table("clip", nil)
	if err != nil {
		return nil, err
	}
	f := FittedClip{Features: train.featuresOf(p), Low: make([]float64, p), High: make([]float64, p)}
	for j := range p {
		c := column(v, p, j)
		if len(c) == 0 || f.Features[j].Levels != nil {
			f.Low[j], f.High[j] = -math.MaxFloat64, math.MaxFloat64
			continue
		}
		slices.Sort(c)
		f.Low[j], f.High[j] = quantile(c, t.Low), quantile(c, t.High)
	}
	return f, nil
}

// Apply implements Fitted.
func (f FittedClip) Apply(s *Set) (*Set, error) {
	v, p, err := s.table("clip", f.Features)
	if err != nil {
		return nil, err
	}
	for i, x := range v {
		if !math.IsNaN(x) {
			v[i] = min(max(x, f.Low[i%p]), f.High[i%p])
		}
	}
	return s.withTable(v, s.Features), nil
}

func (f FittedClip) check() error {
	if n := len(f.Features); n == 0 || len(f.Low) != n || len(f.High) != n {
		return fmt.Errorf("%d and %d bounds for %d columns", len(f.Low), len(f.High), n)
	}
	return nil
}

// OneHot replaces every categorical column by one column of 0 and 1 for each of
// its levels, named column=level.
type OneHot struct{ DropFirst bool } // leave the first level out, which the others then imply

// FittedOneHot is a OneHot that was fitted.
type FittedOneHot struct {
	Features  []Feature `json:"features"`
	DropFirst bool      `json:"drop_first,omitempty"`
}

// Fit implements Transform.
func (t OneHot) Fit(train *Set) (Fitted, error) {
	_, p, err := train.table("one-hot", nil)
	if err != nil {
		return nil, err
	}
	return FittedOneHot{train.featuresOf(p), t.DropFirst}, nil
}

// Apply implements Fitted. A missing value gives zeros for all levels.
func (f FittedOneHot) Apply(s *Set) (*Set, error) {
	v, p, err := s.table("one-hot", f.Features)
	if err != nil {
		return nil, err
	}
	var features []Feature
	for _, c := range f.Features {
		if c.Levels == nil {
			features = append(features, c)
		}
		for k, l := range c.Levels {
			if k > 0 || !f.DropFirst {
				features = append(features, Feature{Name: c.Name + "=" + l})
			}
		}
	}
	if len(features) == 0 {
		return nil, fmt.Errorf("data: one-hot: %s: no columns are left", s.Name)
	}
	out := make([]float64, 0, s.Len()*len(features))
	for i, x := range v {
		c := f.Features[i%p]
		if c.Levels == nil {
			out = append(out, x)
			continue
		}
		code := -1
		if !math.IsNaN(x) {
			if code = int(x); float64(code) != x || code < 0 || code >= len(c.Levels) {
				return nil, fmt.Errorf("data: one-hot: row %d, column %s: %v is no code of its %d levels", i/p, c.Name, x, len(c.Levels))
			}
		}
		for k := range c.Levels {
			if k > 0 || !f.DropFirst {
				out = append(out, truth(k == code))
			}
		}
	}
	return s.withTable(out, features), nil
}

func (f FittedOneHot) check() error {
	if len(f.Features) == 0 {
		return fmt.Errorf("no columns")
	}
	return nil
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
