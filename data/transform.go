package data

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/builtin"
	"gorgonia.org/tensor"
)

// Transform is fitted on training rows and can then be applied to any rows.
type Transform interface {
	Fit(train Source) (Fitted, error)
}

// TransformFunc adapts a function to a Transform. All rows are passed to it in memory.
type TransformFunc func(train *Set) (Fitted, error)

// Fit calls f.
func (f TransformFunc) Fit(train Source) (Fitted, error) {
	if f == nil {
		return nil, errors.New("data: the transform's function is nil")
	}
	rows, err := Collect(train)
	if err != nil {
		return nil, err
	}
	return f(rows)
}

// Fitted is a fitted transform. Apply returns a new set and leaves its argument unchanged;
// it is safe for concurrent use. To store a Fitted in a model file, register its type with
// package describe.
type Fitted interface {
	Apply(s *Set) (*Set, error)
}

// Pipeline fits and applies transforms in sequence.
type Pipeline []Transform

// Fit fits each transform on the training rows as transformed by those before it.
func (p Pipeline) Fit(train Source) (Fitted, error) {
	out := FittedPipeline{}
	if train == nil {
		return nil, ErrEmpty
	}
	for i, t := range p {
		if t == nil {
			return nil, fmt.Errorf("data: transform %d of the pipeline is nil", i)
		}
		f, err := t.Fit(train)
		if err == nil && f == nil {
			err = fmt.Errorf("data: transform %d of the pipeline: Fit returned nothing", i)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
		if i == len(p)-1 {
			break
		}
		if train, err = Applied(train, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FittedPipeline is a fitted Pipeline.
type FittedPipeline []Fitted

// Apply applies the transforms in sequence.
func (p FittedPipeline) Apply(s *Set) (*Set, error) {
	var err error
	if err := p.check(); err != nil {
		return nil, err
	}
	for _, f := range p {
		if s, err = f.Apply(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Notes returns findings from fitting that the user should know, such as columns without a
// value in the training rows.
func Notes(f Fitted) []string {
	var out []string
	switch f := f.(type) {
	case FittedPipeline:
		for _, part := range f {
			out = append(out, Notes(part)...)
		}
	case FittedColumns:
		for _, part := range f.Parts {
			out = append(out, Notes(part.Fitted)...)
		}
	case FittedImpute:
		for _, name := range f.Empty {
			out = append(out, fmt.Sprintf("column %s has no value in the training rows and was taken for constant", name))
		}
	}
	return out
}

// check finds problems that would make Apply fail.
func (p FittedPipeline) check() error {
	for i, f := range p {
		if f == nil {
			return fmt.Errorf("data: transform %d of the pipeline is nil", i)
		}
	}
	return nil
}

func init() {
	builtin.Register(Pipeline{}, Columns{}, Drop{}, Impute{}, Standardize{}, MinMax{}, RobustScale{}, Clip{}, SmoothClip{}, LogTails{},
		PiecewiseLinear{}, NormalScores{}, OneHot{}, Codes{}, ExpandTimes{}, Augmenters{}, Jitter{}, ImageAugment{})
	for _, f := range []rowwise{
		FittedImpute{}, FittedScale{}, FittedClip{}, FittedSmoothClip{}, FittedLogTails{}, FittedPiecewise{}, FittedNormalScores{},
		FittedOneHot{}, FittedCodes{}, FittedTimes{},
	} {
		builtin.Entry(describe.Entry{Example: f, Check: func(v any) error { return v.(rowwise).check() }})
	}
	builtin.Entry(describe.Entry{Example: FittedPipeline{}, Check: func(v any) error { return v.(FittedPipeline).check() }})
	builtin.Entry(describe.Entry{Example: FittedColumns{}, Check: func(v any) error { return v.(FittedColumns).check() }})
}

// withTable returns the set with another table in place of its first input.
func (s *Set) withTable(v []float64, features []Feature) *Set {
	out := *s
	out.Inputs = append([]*tensor.Dense{tensor.New(tensor.WithShape(s.Len(), len(v)/s.Len()), tensor.WithBacking(v))}, s.Inputs[1:]...)
	out.Features = features
	return &out
}

// featuresOf returns the descriptions of the columns, with made-up names if the set has
// none.
func (s *Set) featuresOf(columns int) []Feature {
	if len(s.Features) == columns {
		return s.Features
	}
	f := make([]Feature, columns)
	for j := range f {
		f[j].Name = fmt.Sprint("x", j)
	}
	return f
}

// bare strips descriptions of columns to what transforms need: without number format and
// summary.
func bare(features []Feature) []Feature {
	out := make([]Feature, len(features))
	for j, f := range features {
		out[j] = Feature{Name: f.Name, Levels: f.Levels, Time: f.Time, Indicator: f.Indicator, Of: f.Of}
	}
	return out
}
