package infer

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/ops"
)

// ProgramVersion is the version of programs that this package writes, and the newest
// that it runs.
const ProgramVersion = 1

// Program is a network as a list of operations, for any batch: what a model file carries
// beside its layers, and all that is needed to run the model. graph.Lower makes one.
//
// Its values are numbered: first the inputs, then the parameters, the constants, and the
// result of each step. Sizes that follow the batch are written "N" or "3N+1".
type Program struct {
	Version    int         `json:"version"`
	Float      Type        `json:"float"` // of parameters and maths
	Inputs     []Variable  `json:"inputs"`
	Parameters []Parameter `json:"parameters,omitempty"`
	Constants  []Constant  `json:"constants,omitempty"`
	Steps      []Step      `json:"steps"`
	Outputs    []Output    `json:"outputs"`
}

// Variable is an input.
type Variable struct {
	Name  string `json:"name"`
	Type  Type   `json:"type"`
	Shape []Size `json:"shape"`
}

// Parameter is a value that stands in the model file under its path.
type Parameter struct {
	Path  string `json:"path"`
	Shape []int  `json:"shape"`
}

// Constant is a value that is known.
type Constant struct {
	Shape  []int
	Values Memory
}

// Step is an operation.
type Step struct {
	Kind       string
	Path       string // of the layer, for errors
	Attributes []Attribute
	Operands   []int // numbers of earlier values
}

// Output is a result.
type Output struct {
	Name  string `json:"name,omitempty"`
	Value int    `json:"value"`
}

// constantJSON holds the elements of a constant in little-endian order; ints take eight
// bytes.
type constantJSON struct {
	Type  Type   `json:"type"`
	Shape []int  `json:"shape"`
	Bytes string `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (c Constant) MarshalJSON() ([]byte, error) {
	j := constantJSON{Shape: append([]int{}, c.Shape...)}
	var b []byte
	switch m := c.Values; {
	case m.Float32 != nil:
		for _, v := range m.Float32 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	case m.Float64 != nil:
		j.Type = Float64
		for _, v := range m.Float64 {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	default:
		j.Type = Int
		for _, v := range m.Int {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	}
	j.Bytes = base64.StdEncoding.EncodeToString(b)
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Constant) UnmarshalJSON(text []byte) error {
	var j constantJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	b, err := base64.StdEncoding.DecodeString(j.Bytes)
	if err == nil {
		err = ops.CheckShape(j.Shape)
	}
	if err != nil {
		return fmt.Errorf("infer: a constant: %w", err)
	}
	n, width := ops.Spec{Shape: j.Shape}.Len(), 8
	if j.Type == Float32 {
		width = 4
	}
	if len(b)%width != 0 || len(b)/width != n {
		return fmt.Errorf("infer: a constant of shape %s has %d bytes", ops.Dims(j.Shape), len(b))
	}
	*c = Constant{Shape: j.Shape, Values: ops.NewMemory(j.Type, n)}
	for i := range n {
		switch j.Type {
		case Float32:
			c.Values.Float32[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		case Float64:
			c.Values.Float64[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		default:
			c.Values.Int[i] = int(int64(binary.LittleEndian.Uint64(b[8*i:])))
		}
	}
	return nil
}

type stepJSON struct {
	Kind       string         `json:"kind"`
	Path       string         `json:"path,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Operands   []int          `json:"operands"`
}

// MarshalJSON implements json.Marshaler.
func (s Step) MarshalJSON() ([]byte, error) {
	j := stepJSON{Kind: s.Kind, Path: s.Path, Operands: s.Operands}
	if len(s.Attributes) > 0 {
		j.Attributes = map[string]any{}
	}
	for _, a := range s.Attributes {
		v := a.Value
		if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			return nil, fmt.Errorf("infer: %s: %s: attribute %s is %v", s.Path, s.Kind, a.Name, f)
		}
		if _, number := v.(json.Number); !number {
			if t, ok := v.(fmt.Stringer); ok {
				v = t.String()
			}
		}
		j.Attributes[a.Name] = v
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Step) UnmarshalJSON(text []byte) error {
	var j struct {
		stepJSON
		Attributes map[string]attributeJSON `json:"attributes"`
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*s = Step{Kind: j.Kind, Path: j.Path, Operands: j.Operands}
	for _, name := range slices.Sorted(maps.Keys(j.Attributes)) {
		s.Attributes = append(s.Attributes, Attribute{Name: name, Value: j.Attributes[name].value})
	}
	return nil
}

// attributeJSON keeps numbers as they are written: the rule of the operation knows which
// are integers.
type attributeJSON struct{ value any }

// UnmarshalJSON implements json.Unmarshaler.
func (a *attributeJSON) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '"', 't', 'f', 'n':
		return json.Unmarshal(text, &a.value)
	case '[':
		var list []attributeJSON
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		values := make([]any, len(list))
		for i, e := range list {
			values[i] = e.value
		}
		a.value = values
		return nil
	case '{':
		return errors.New("infer: an attribute is an object")
	}
	a.value = json.Number(text)
	return nil
}

// Check reports a program that cannot be run, because it is of a newer version or
// because of a mistake in it. It looks at a batch of 1; a size that depends on the batch
// in a way that does not fit another is an error of Session.
func (p *Program) Check() error {
	_, err := p.prepare(1)
	return err
}

// Elements returns how many elements all values have together at a batch, 0 of a program
// that Check refuses: a bound of the memory that a session takes.
func (p *Program) Elements(batch int) int {
	r, err := p.prepare(batch)
	if err != nil {
		return 0
	}
	n := 0
	for _, s := range r.specs {
		n += s.Len()
	}
	return n
}

// prepared is a program for a batch.
type prepared struct {
	specs   []Spec        // of all values
	kernels []*ops.Kernel // of the steps
}

// Most of what a program may hold.
const (
	mostValues = 1 << 20
	mostBatch  = 1 << 24
)

// prepare checks a program and prepares its operations for a batch.
func (p *Program) prepare(batch int) (*prepared, error) {
	switch {
	case p == nil || p.Version < 1:
		return nil, errors.New("infer: the program has no version")
	case p.Version > ProgramVersion:
		return nil, fmt.Errorf("infer: the program is of version %d, newer than %d, which this version of Aegis runs", p.Version, ProgramVersion)
	case p.Float != Float32 && p.Float != Float64:
		return nil, fmt.Errorf("infer: maths in %v", p.Float)
	case batch < 1 || batch > mostBatch:
		return nil, fmt.Errorf("infer: a batch of %d rows: want 1 to %d", batch, mostBatch)
	case len(p.Inputs)+len(p.Parameters)+len(p.Constants)+len(p.Steps) > mostValues:
		return nil, fmt.Errorf("infer: the program has more than %d values", mostValues)
	case len(p.Outputs) == 0:
		return nil, errors.New("infer: the program has no outputs")
	}
	r := &prepared{}
	for _, v := range p.Inputs {
		s := Spec{Type: v.Type}
		for _, d := range v.Shape {
			s.Shape = append(s.Shape, d.At(batch))
		}
		if err := ops.CheckShape(s.Shape); err != nil {
			return nil, fmt.Errorf("infer: input %q: %w", v.Name, err)
		}
		r.specs = append(r.specs, s)
	}
	for _, v := range p.Parameters {
		if err := ops.CheckShape(v.Shape); err != nil {
			return nil, fmt.Errorf("infer: parameter %s: %w", v.Path, err)
		}
		r.specs = append(r.specs, Spec{Type: p.Float, Shape: v.Shape})
	}
	for i, c := range p.Constants {
		s := Spec{Type: c.Values.Type(), Shape: c.Shape}
		if err := ops.CheckShape(s.Shape); err != nil || s.Len() != c.Values.Len() {
			return nil, fmt.Errorf("infer: constant %d: %d elements of shape %s", i, c.Values.Len(), ops.Dims(s.Shape))
		}
		r.specs = append(r.specs, s)
	}
	for i, s := range p.Steps {
		in := make([]Spec, len(s.Operands))
		for k, o := range s.Operands {
			if o < 0 || o >= len(r.specs) {
				return nil, fmt.Errorf("infer: step %d (%s): operand %d is no earlier value", i, s.Kind, o)
			}
			in[k] = r.specs[o]
		}
		k, err := ops.PrepareAt(batch, p.Float, s.Kind, s.Attributes, in...)
		if err != nil {
			return nil, p.located(i, err)
		}
		r.specs, r.kernels = append(r.specs, k.Out), append(r.kernels, k)
	}
	for i, o := range p.Outputs {
		if o.Value < 0 || o.Value >= len(r.specs) {
			return nil, fmt.Errorf("infer: output %d is value %d of %d", i, o.Value, len(r.specs))
		}
	}
	return r, nil
}

// located says which step an error is of.
func (p *Program) located(step int, err error) error {
	if path := p.Steps[step].Path; path != "" {
		return fmt.Errorf("infer: step %d, %s: %w", step, path, err)
	}
	return fmt.Errorf("infer: step %d: %w", step, err)
}
