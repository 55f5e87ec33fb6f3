// Package rows holds the transforms of preprocessing as what they make of a row of a
// table: functions of slices of float64, that can be written down as JSON. Package data
// fits them; package infer runs them without it.
//
// A missing value is NaN, a category the index of its level, −1 for a level that was not
// there in training, and a time its seconds since 1970-01-01 UTC.
package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// Transform makes of a row another row.
type Transform interface {
	// Width checks the transform for rows of in values and returns how many it makes.
	Width(in int) (out int, err error)
	// Bind returns what fills dst from src. It may have memory of its own: each
	// goroutine wants one.
	Bind(in int) func(dst, src []float64) error
}

// Most is how many values a row may have.
const Most = 1 << 24

// kinds makes transforms by the names that they have in JSON.
var kinds = map[string]func() Transform{
	"impute":           func() Transform { return new(Impute) },
	"scale":            func() Transform { return new(Scale) },
	"clip":             func() Transform { return new(Clip) },
	"smooth clip":      func() Transform { return new(SmoothClip) },
	"log tails":        func() Transform { return new(LogTails) },
	"piecewise linear": func() Transform { return new(Piecewise) },
	"normal scores":    func() Transform { return new(NormalScores) },
	"one-hot":          func() Transform { return new(OneHot) },
	"codes":            func() Transform { return new(Codes) },
	"times":            func() Transform { return new(Times) },
	"pipeline":         func() Transform { return new(Pipeline) },
	"columns":          func() Transform { return new(Columns) },
}

// Step is a transform that can be written down; nil is none.
type Step struct {
	Transform
	Name string // for errors; "": none
}

type stepJSON struct {
	Kind   string          `json:"kind"`
	Config json.RawMessage `json:"config"`
}

// MarshalJSON implements json.Marshaler.
func (s Step) MarshalJSON() ([]byte, error) {
	if s.Transform == nil {
		return []byte("null"), nil
	}
	for kind, f := range kinds {
		if reflect.TypeOf(f()) != reflect.TypeOf(s.Transform) {
			continue
		}
		config, err := json.Marshal(s.Transform)
		if err != nil {
			return nil, err
		}
		return json.Marshal(stepJSON{kind, config})
	}
	return nil, fmt.Errorf("rows: a %T has no name", s.Transform)
}

// deepest is how many transforms may stand within one another.
const deepest = 32

// UnmarshalJSON implements json.Unmarshaler.
func (s *Step) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var j stepJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	f := kinds[j.Kind]
	if f == nil {
		return fmt.Errorf("rows: there is no transform %.40q", j.Kind)
	}
	s.Transform, s.Name = f(), j.Kind
	return json.Unmarshal(j.Config, s.Transform)
}

// Width is that of the transform; a nil one makes what it is given.
func (s Step) Width(in int) (int, error) { return width(s, in, 0) }

func width(s Step, in, depth int) (out int, err error) {
	switch t := s.Transform.(type) {
	case nil:
		return in, nil
	case *Pipeline:
		if depth == deepest {
			return 0, errDeep
		}
		for _, part := range *t {
			if in, err = width(part, in, depth+1); err != nil {
				return 0, err
			}
		}
		return in, nil
	case *Columns:
		if depth == deepest {
			return 0, errDeep
		}
		return t.width(in, depth+1)
	default:
		out, err = t.Width(in)
		if err == nil && (out < 1 || out > Most) {
			err = fmt.Errorf("%d columns", out)
		}
		return out, err
	}
}

var errDeep = errors.New("transforms stand too deep within one another")

// Bind is that of the transform; a nil one copies.
func (s Step) Bind(in int) func(dst, src []float64) error {
	if s.Transform == nil {
		return func(dst, src []float64) error { copy(dst, src); return nil }
	}
	f := s.Transform.Bind(in)
	if s.Name == "" {
		return f
	}
	return func(dst, src []float64) error {
		if err := f(dst, src); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		return nil
	}
}

// Pipeline is transforms one after another.
type Pipeline []Step

// Width implements Transform.
func (p *Pipeline) Width(in int) (int, error) { return width(Step{Transform: p}, in, 0) }

// Bind implements Transform.
func (p *Pipeline) Bind(in int) func(dst, src []float64) error {
	if len(*p) == 0 {
		return Step{}.Bind(in)
	}
	steps := make([]func(dst, src []float64) error, len(*p))
	buffers := make([][]float64, len(*p))
	for i, s := range *p {
		steps[i] = s.Bind(in)
		in, _ = s.Width(in)
		buffers[i] = make([]float64, in)
	}
	last := len(steps) - 1
	return func(dst, src []float64) error {
		for i, f := range steps {
			to := buffers[i]
			if i == last {
				to = dst
			}
			if err := f(to, src); err != nil {
				return err
			}
			src = to
		}
		return nil
	}
}

// Columns puts side by side what transforms make of some columns each.
type Columns struct{ Parts []Part }

// Part is a transform of some columns.
type Part struct {
	Columns []int // their places, ascending
	Step    Step
}

// Width implements Transform.
func (c *Columns) Width(in int) (int, error) { return c.width(in, 0) }

func (c *Columns) width(in, depth int) (int, error) {
	total := 0
	for k, p := range c.Parts {
		for i, j := range p.Columns {
			if j < 0 || j >= in || i > 0 && j <= p.Columns[i-1] {
				return 0, fmt.Errorf("columns: part %d: column %d of %d is out of range or out of order", k, j, in)
			}
		}
		if len(p.Columns) == 0 {
			return 0, fmt.Errorf("columns: part %d has no columns", k)
		}
		n, err := width(p.Step, len(p.Columns), depth)
		if err != nil {
			return 0, err
		}
		if total += n; total > Most {
			return 0, fmt.Errorf("columns: more than %d", Most)
		}
	}
	if total == 0 {
		return 0, errors.New("columns: no columns are left")
	}
	return total, nil
}

// Bind implements Transform.
func (c *Columns) Bind(int) func(dst, src []float64) error {
	type piece struct {
		columns []int
		in      []float64
		width   int
		f       func(dst, src []float64) error
	}
	pieces := make([]piece, len(c.Parts))
	for k, p := range c.Parts {
		n := len(p.Columns)
		w, _ := p.Step.Width(n)
		pieces[k] = piece{p.Columns, make([]float64, n), w, p.Step.Bind(n)}
	}
	return func(dst, src []float64) error {
		for _, p := range pieces {
			for i, j := range p.columns {
				p.in[i] = src[j]
			}
			if err := p.f(dst[:p.width], p.in); err != nil {
				return err
			}
			dst = dst[p.width:]
		}
		return nil
	}
}

// code returns the level that a value stands for: −1 for one that was not there in
// training. A missing value is no level.
func code(name string, levels int, x float64) (level int, missing bool, err error) {
	if math.IsNaN(x) {
		return -1, true, nil
	}
	level = int(x)
	if float64(level) != x || level < -1 || level >= levels {
		return 0, false, fmt.Errorf("column %s: %v is no code of its %d levels", name, x, levels)
	}
	return level, false, nil
}

// lengths checks that lists have a value for each column.
func lengths(columns int, lists ...int) error {
	for _, n := range lists {
		if n != columns || n == 0 {
			return fmt.Errorf("%d values for %d columns", n, columns)
		}
	}
	return nil
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
