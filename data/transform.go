package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"gorgonia.org/tensor"
)

// Transform learns from training rows what it needs to change any rows.
type Transform interface {
	Fit(train *Set) (Fitted, error)
}

// TransformFunc makes a function a Transform.
type TransformFunc func(train *Set) (Fitted, error)

// Fit calls f.
func (f TransformFunc) Fit(train *Set) (Fitted, error) {
	if f == nil {
		return nil, errors.New("data: the transform's function is nil")
	}
	return f(train)
}

// Fitted is a transform that was fitted. Apply gives a new set and leaves its
// argument as it is; it may be called by several goroutines.
type Fitted interface {
	Apply(s *Set) (*Set, error)
}

// Pipeline fits and applies transforms one after another.
type Pipeline []Transform

// Fit fits each transform on what the ones before it make of the training rows.
func (p Pipeline) Fit(train *Set) (Fitted, error) {
	out := FittedPipeline{}
	for i, t := range p {
		if t == nil {
			return nil, fmt.Errorf("data: transform %d of the pipeline is nil", i)
		}
		f, err := t.Fit(train)
		if err != nil {
			return nil, err
		}
		if train, err = f.Apply(train); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// FittedPipeline is a Pipeline that was fitted.
type FittedPipeline []Fitted

// Apply applies the transforms one after another.
func (p FittedPipeline) Apply(s *Set) (*Set, error) {
	var err error
	for i, f := range p {
		if f == nil {
			return nil, fmt.Errorf("data: transform %d of the pipeline is nil", i)
		}
		if s, err = f.Apply(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Notes returns what fitting has found that a person should know, such as columns
// without a value in the training rows.
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

// The kinds of fitted transforms that can be stored, by name and by type.
var (
	kindsMu sync.RWMutex
	kinds   = map[string]reflect.Type{}
	names   = map[reflect.Type]string{}
)

// RegisterFitted gives a type of fitted transform a name, so that it can be
// stored in a model file, and read where it is registered too. Its state is what
// encoding/json writes of it. A name that another type has is an error.
func RegisterFitted(kind string, example Fitted) error {
	if example == nil || kind == "" {
		return errors.New("data: register: no name or no example")
	}
	t := reflect.TypeOf(example)
	kindsMu.Lock()
	defer kindsMu.Unlock()
	if old, ok := kinds[kind]; ok && old != t {
		return fmt.Errorf("data: register: the name %q is taken by %v", kind, old)
	}
	kinds[kind], names[t] = t, kind
	return nil
}

func init() {
	for kind, example := range map[string]Fitted{
		"pipeline": FittedPipeline{}, "columns": FittedColumns{}, "impute": FittedImpute{}, "scale": FittedScale{}, "clip": FittedClip{},
		"smoothclip": FittedSmoothClip{}, "logtails": FittedLogTails{}, "piecewise": FittedPiecewise{}, "normalscores": FittedNormalScores{}, "onehot": FittedOneHot{}, "codes": FittedCodes{}, "times": FittedTimes{},
	} {
		if err := RegisterFitted(kind, example); err != nil {
			panic(err) // two kinds of this package have one name
		}
	}
}

type stored struct {
	Kind  string          `json:"kind"`
	State json.RawMessage `json:"state"`
}

// MarshalFitted writes a fitted transform as JSON. A type that is not registered
// is an error.
func MarshalFitted(f Fitted) ([]byte, error) {
	kindsMu.RLock()
	kind, ok := names[reflect.TypeOf(f)]
	kindsMu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("data: the transform %T is not registered, so it cannot be stored", f)
	}
	var state any = f
	var err error
	switch f := f.(type) {
	case FittedPipeline:
		state, err = marshalAll(f)
	case FittedColumns:
		state, err = f.store()
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("data: store %s: %w", kind, err)
	}
	return json.Marshal(stored{kind, text})
}

func marshalAll(list []Fitted) ([]json.RawMessage, error) {
	parts := make([]json.RawMessage, len(list))
	for i, f := range list {
		var err error
		if parts[i], err = MarshalFitted(f); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// UnmarshalFitted reads what MarshalFitted wrote.
func UnmarshalFitted(text []byte) (Fitted, error) { return unmarshalFitted(text, 0) }

func unmarshalFitted(text []byte, depth int) (Fitted, error) {
	if depth > 20 {
		return nil, errors.New("data: transforms nested too deep")
	}
	var s stored
	if err := strict(text, &s); err != nil {
		return nil, fmt.Errorf("data: stored transform: %w", err)
	}
	kindsMu.RLock()
	t, ok := kinds[s.Kind]
	kindsMu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("data: stored transform: the kind %q is not known here", s.Kind)
	}
	switch s.Kind {
	case "pipeline":
		return unmarshalPipeline(s.State, depth)
	case "columns":
		return unmarshalColumns(s.State, depth)
	}
	v := reflect.New(t)
	if err := strict(s.State, v.Interface()); err != nil {
		return nil, fmt.Errorf("data: stored transform %s: %w", s.Kind, err)
	}
	f := v.Elem().Interface().(Fitted)
	if own := rowwiseOf(f); own != nil {
		if err := own.check(); err != nil {
			return nil, fmt.Errorf("data: stored transform %s: %w", s.Kind, err)
		}
	}
	return f, nil
}

func unmarshalPipeline(state []byte, depth int) (Fitted, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(state, &parts); err != nil {
		return nil, fmt.Errorf("data: stored pipeline: %w", err)
	}
	p := FittedPipeline{}
	for _, part := range parts {
		f, err := unmarshalFitted(part, depth+1)
		if err != nil {
			return nil, err
		}
		p = append(p, f)
	}
	return p, nil
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// withTable returns the set with another table in place of its first input.
func (s *Set) withTable(v []float64, features []Feature) *Set {
	out := *s
	out.Inputs = append([]*tensor.Dense{tensor.New(tensor.WithShape(s.Len(), len(v)/s.Len()), tensor.WithBacking(v))}, s.Inputs[1:]...)
	out.Features = features
	return &out
}

// featuresOf returns the columns' descriptions, made up if the set has none.
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

// bare returns what a transform has to know of columns: not how they stood in a
// file and what they were like there.
func bare(features []Feature) []Feature {
	out := make([]Feature, len(features))
	for j, f := range features {
		out[j] = Feature{Name: f.Name, Levels: f.Levels, Time: f.Time, Indicator: f.Indicator, Of: f.Of}
	}
	return out
}

// column returns the values of one column that are not missing.
func column(v []float64, p, j int) []float64 {
	var out []float64
	for i := j; i < len(v); i += p {
		if v[i] == v[i] {
			out = append(out, v[i])
		}
	}
	return out
}
