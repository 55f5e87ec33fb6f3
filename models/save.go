package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/modelfile"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"gorgonia.org/tensor"
)

// FormatVersion is the version of model files that this package writes, and the newest that
// it reads.
const FormatVersion = modelfile.Version

// description is the JSON in a model file's metadata.
type description struct {
	Name    string          `json:"name,omitempty"`
	Seed    uint64          `json:"seed"`
	Type    string          `json:"type"`
	Network json.RawMessage `json:"network"`
	Trained []string        `json:"trained"` // paths of the trained parameters
	Info    infoJSON        `json:"info"`
}

type infoJSON struct {
	Task          json.RawMessage `json:"task"`
	Classes       []string        `json:"classes,omitempty"`
	Features      []data.Feature  `json:"features,omitempty"`
	Target        string          `json:"target,omitempty"`
	TargetColumns []string        `json:"target_columns,omitempty"`
	Texts         []string        `json:"texts,omitempty"`
	Preprocess    json.RawMessage `json:"preprocess,omitempty"`
	Probabilities bool            `json:"probabilities,omitempty"`
	Scales        []TargetScale   `json:"scales,omitempty"`
	Members       int             `json:"members,omitempty"`
	Calibration   *Calibration    `json:"calibration,omitempty"`
	Costs         [][]float64     `json:"costs,omitempty"`
}

// ErrVersion is wrapped by the error about a file in a newer format.
var ErrVersion = errors.New("the format is newer than this version of Aegis")

// Extra is additional content of a file besides the model, such as the state of a fit:
// texts, and vectors whose names begin with "optimizer/".
type Extra struct {
	Meta   map[string]string
	Values map[string][]float64
}

// extraPrefix distinguishes the vectors of Extra from parameters.
const extraPrefix = "optimizer/"

// Save writes the model to a file in the safetensors format. Every parameter is stored under
// its path, so that other programs can read the weights; the architecture, preprocessing and
// class names are JSON in the metadata. The file is replaced atomically, so it is never
// incomplete. A layers.Func, or a type that is not registered, cannot be saved.
//
// The metadata also holds the model as a program for package infer, which runs it without
// this package. If the model has no such program, for instance because it uses an operation
// of Gorgonia's, the metadata says why.
func (m *Model) Save(path string) error { return m.SaveWith(path, Extra{}) }

// SaveWith is Save with extra content in the same file.
func (m *Model) SaveWith(path string, x Extra) error { return m.write(path, x, StoreFull) }

func (m *Model) write(path string, x Extra, s Storage) error {
	meta, tensors, err := m.content(x, s)
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error { return safetensors.WriteSummed(w, modelfile.Sum, meta, tensors) })
	}
	if err != nil {
		return fmt.Errorf("models: save: %w", err)
	}
	return nil
}

// Write writes what Save writes to a file; Read reads it.
func (m *Model) Write(w io.Writer) error {
	meta, tensors, err := m.content(Extra{}, StoreFull)
	if err == nil && w == nil {
		err = errors.New("nothing to write to")
	}
	if err == nil {
		err = safetensors.WriteSummed(w, modelfile.Sum, meta, tensors)
	}
	if err != nil {
		return fmt.Errorf("models: write: %w", err)
	}
	return nil
}

// content returns the metadata and the tensors of a model's file.
func (m *Model) content(x Extra, s Storage) (map[string]string, []safetensors.Tensor, error) {
	text, err := m.describe()
	if err != nil {
		return nil, nil, err
	}
	meta := map[string]string{modelfile.Format: strconv.Itoa(FormatVersion), modelfile.Model: text}
	if program, err := m.lowered(); err != nil {
		meta[modelfile.NoProgram] = err.Error()
	} else {
		meta[modelfile.Program] = program
		table, err := m.table()
		if err != nil {
			meta[modelfile.NoTable] = err.Error()
		} else {
			meta[modelfile.Table] = table
		}
	}
	for _, k := range slices.Sorted(maps.Keys(x.Meta)) {
		if _, taken := meta[k]; taken {
			return nil, nil, fmt.Errorf("the key %q is taken", k)
		}
		meta[k] = x.Meta[k]
	}
	var tensors []safetensors.Tensor
	for _, p := range m.params.All() {
		list, err := s.store(safetensors.Tensor{Name: p.Path, Shape: p.Shape(), F32: p.Floats32(), F64: p.Floats64()})
		if err != nil {
			return nil, nil, err
		}
		tensors = append(tensors, list...)
	}
	for _, name := range slices.Sorted(maps.Keys(x.Values)) {
		v := x.Values[name]
		if !strings.HasPrefix(name, extraPrefix) || len(v) == 0 {
			return nil, nil, fmt.Errorf("vector %q of %d values: want a name under %s and at least one value", name, len(v), extraPrefix)
		}
		tensors = append(tensors, safetensors.Tensor{Name: name, Shape: []int{len(v)}, F64: v})
	}
	return meta, tensors, nil
}

// Program returns the model's computation as a program for package infer, for any number of
// rows.
func (m *Model) Program() (*infer.Program, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if m.hasSequences() {
		return nil, errors.New("models: a program has no axis of steps, and the model takes sequences")
	}
	names := make([]string, len(m.net.Outputs))
	for i, o := range m.net.Outputs {
		names[i] = m.net.Stages[o].Scope
	}
	p, err := graph.Lower(func(batch int) (*graph.Builder, []*graph.Node, error) {
		b := graph.New(m.params, graph.Infer)
		out := m.Build(b, batch, 0)
		return b, out, b.Err()
	}, names...)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	return p, nil
}

// lowered returns the JSON of Program.
func (m *Model) lowered() (string, error) {
	p, err := m.Program()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(p)
	return string(text), err
}

// table returns the JSON of the preprocessing of a table's rows. It is an error if the model
// is not for a table, or if its preprocessing does not work row by row.
func (m *Model) table() (string, error) {
	if len(m.Info.Features) == 0 {
		return "", errors.New("the model was not trained on a table")
	}
	t, err := data.NewRowTransform(m.Info.Preprocess, m.Info.Features)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(t)
	return string(text), err
}

// CheckSave returns the error that Save would return for a part of the model that cannot be
// saved.
func (m *Model) CheckSave() error {
	if _, err := m.describe(); err != nil {
		return fmt.Errorf("models: save: %w", err)
	}
	return nil
}

// describe returns the JSON of the model's metadata.
func (m *Model) describe() (string, error) {
	if !m.made() {
		return "", errNotMade
	}
	if m.lent {
		return "", errors.New("WithOutputs made the model, which shares its parameters with the original: save that, or use Until")
	}
	net, err := describe.Marshal(m.net)
	if err != nil {
		return "", err
	}
	d := description{
		Name: m.name, Seed: m.params.Seed(), Type: m.params.Dtype().String(), Network: net,
		Info: infoJSON{
			Classes: m.Info.Classes, Features: m.Info.Features, Texts: m.Info.Texts, Target: m.Info.Target, TargetColumns: m.Info.TargetColumns,
			Probabilities: m.Info.Probabilities, Scales: m.Info.Scales, Members: m.Info.Members,
			Calibration: m.Info.Calibration, Costs: m.Info.Costs,
		},
	}
	if d.Info.Task, err = data.MarshalTask(m.Info.TaskOf()); err != nil {
		return "", err
	}
	if m.Info.Preprocess != nil {
		if d.Info.Preprocess, err = describe.Marshal(&m.Info.Preprocess); err != nil {
			return "", err
		}
	}
	for _, p := range m.params.Trained() {
		d.Trained = append(d.Trained, p.Path)
	}
	text, err := json.Marshal(d)
	return string(text), err
}

// Load reads a file written by Save. The error says whether a file is truncated, damaged, in
// a newer format or of another kind.
func Load(path string) (*Model, error) {
	m, _, err := LoadWith(path)
	return m, err
}

// LoadWith reads a file written by SaveWith.
func LoadWith(path string) (*Model, Extra, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Extra{}, fmt.Errorf("models: load: %w", err)
	}
	defer f.Close()
	m, x, err := Read(f)
	if err != nil {
		return nil, Extra{}, fmt.Errorf("models: load %s: %w", path, err)
	}
	return m, x, nil
}

// Read reads what SaveWith wrote.
func Read(r io.Reader) (*Model, Extra, error) {
	f, summed, err := safetensors.ReadSummed(r, modelfile.Sum)
	if err != nil {
		return nil, Extra{}, err
	}
	if f.Meta[modelfile.Format] == strconv.Itoa(FormatVersion) && !summed {
		return nil, Extra{}, errors.New("the checksum is missing: the file is damaged")
	}
	m, err := restore(f)
	if err != nil {
		return nil, Extra{}, err
	}
	x := Extra{Meta: f.Meta, Values: map[string][]float64{}}
	for _, key := range []string{modelfile.Format, modelfile.Model, modelfile.Program, modelfile.NoProgram, modelfile.Table, modelfile.NoTable} {
		delete(x.Meta, key)
	}
	for _, t := range f.Tensors {
		switch {
		case m.params.Get(t.Name) != nil:
		case strings.HasPrefix(t.Name, extraPrefix) && t.F64 != nil:
			x.Values[t.Name] = t.F64
		default:
			return nil, Extra{}, fmt.Errorf("the file holds %s, which the architecture has no place for", t.Name)
		}
	}
	return m, x, nil
}

// restore builds the model from a file's content.
func restore(f *safetensors.File) (m *Model, err error) {
	defer func() {
		if r := recover(); r != nil { // from a nonsensical layer configuration
			m, err = nil, fmt.Errorf("the architecture cannot be built: %v", r)
		}
	}()
	version, err := strconv.Atoi(f.Meta[modelfile.Format])
	if err != nil {
		return nil, errors.New("this safetensors file holds no Aegis model")
	}
	if version > FormatVersion {
		return nil, fmt.Errorf("format %d: %w, which reads up to format %d", version, ErrVersion, FormatVersion)
	}
	if version < FormatVersion {
		return nil, fmt.Errorf("format %d is of a version before the first release, and is no longer read", version)
	}
	var d description
	text := json.NewDecoder(strings.NewReader(f.Meta[modelfile.Model]))
	text.DisallowUnknownFields()
	if err := text.Decode(&d); err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	dtype := graph.Float32
	switch d.Type {
	case graph.Float32.String():
	case graph.Float64.String():
		dtype = graph.Float64
	default:
		return nil, fmt.Errorf("description: type %q: want float32 or float64", d.Type)
	}
	var net network
	if err := describe.Unmarshal(d.Network, &net); err != nil {
		return nil, fmt.Errorf("architecture: %w", err)
	}
	if err := net.check(); err != nil {
		return nil, fmt.Errorf("architecture: %w", err)
	}
	if m, err = assemble(d.Name, net, graph.NewParamsFrom(dtype, d.Seed, stored(f))); err != nil {
		return nil, err
	}
	for _, p := range m.params.All() {
		p.Trained = slices.Contains(d.Trained, p.Path)
	}
	m.Info, err = d.Info.read()
	return m, err
}

// check verifies that a loaded architecture has the properties that collect guarantees.
func (n network) check() error {
	if len(n.Stages) == 0 || len(n.Outputs) == 0 {
		return errors.New("no stages or no outputs")
	}
	inputs := true
	for i, s := range n.Stages {
		if s.Input {
			if !inputs {
				return fmt.Errorf("stage %d: an input after a layer", i)
			}
			if s.Steps && (i+1 == len(n.Stages) || !n.Stages[i+1].Input || !n.Stages[i+1].Int || len(n.Stages[i+1].Shape) > 0) {
				return fmt.Errorf("stage %d: sequences without lengths", i)
			}
			for _, d := range s.Shape {
				if d < 1 || d > 1<<24 {
					return fmt.Errorf("stage %d: shape %v", i, s.Shape)
				}
			}
			continue
		}
		inputs = false
		if s.Layer == nil && s.Joiner == nil && s.Part == "" || len(s.From) == 0 {
			return fmt.Errorf("stage %d (%s): no layer or no operand", i, s.Scope)
		}
		for _, from := range s.From {
			if from < 0 || from >= i {
				return fmt.Errorf("stage %d (%s): operand %d", i, s.Scope, from)
			}
		}
	}
	for _, o := range n.Outputs {
		if o < 0 || o >= len(n.Stages) {
			return fmt.Errorf("output %d of %d stages", o, len(n.Stages))
		}
	}
	return nil
}

// stored finds parameters in a file. A mismatched shape is an error before any memory is
// allocated for it.
func stored(f *safetensors.File) func(path string, shape graph.Shape) (*tensor.Dense, error) {
	return func(path string, shape graph.Shape) (*tensor.Dense, error) {
		t, ok := f.Get(path)
		if !ok {
			return nil, fmt.Errorf("the parameter %s is missing", path)
		}
		if !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("the parameter %s has shape %v in the file, %v in the architecture", path, t.Shape, shape)
		}
		var backing any = t.F32
		if t.F32 == nil {
			backing = t.F64
		}
		return tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(backing)), nil
	}
}

func (j infoJSON) read() (Info, error) {
	i := Info{
		Classes: j.Classes, Features: j.Features, Texts: j.Texts, Target: j.Target, TargetColumns: j.TargetColumns,
		Probabilities: j.Probabilities, Scales: j.Scales, Members: j.Members, Calibration: j.Calibration, Costs: j.Costs,
	}
	if err := i.Check(); err != nil {
		return i, fmt.Errorf("description: %w", err)
	}
	var err error
	if i.Task, err = data.UnmarshalTask(j.Task); err != nil {
		return i, fmt.Errorf("description: %w", err)
	}
	if j.Preprocess != nil {
		if err := describe.Unmarshal(j.Preprocess, &i.Preprocess); err != nil {
			return i, fmt.Errorf("preprocessing: %w", err)
		}
	}
	return i, nil
}
