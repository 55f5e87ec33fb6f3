package infer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/seed732fc211/aegis/internal/modelfile"
	"github.com/seed732fc211/aegis/internal/ops"
	"github.com/seed732fc211/aegis/internal/rows"
	"github.com/seed732fc211/aegis/internal/safetensors"
)

// Model is what a model file holds for inference: a program and its parameters. It is
// safe for concurrent use; its sessions are not.
type Model struct {
	program    *Program
	parameters []Memory
	table      *rows.Table // nil: the file has none
	noTable    string      // why
}

var errNotOpened = errors.New("infer: the model is nil or zero: Open reads one")

// ErrNoProgram is the cause of an error about a model file that carries no program, since
// the model could not be lowered when it was saved.
var ErrNoProgram = errors.New("the model file carries no program")

// Open reads a model file that models.Model.Save wrote.
func Open(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("infer: open: %w", err)
	}
	defer f.Close()
	m, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("infer: open %s: %w", path, err)
	}
	return m, nil
}

// Read reads the content of a model file. A file that is cut off or damaged, of a newer
// format, or without a program is an error that says so.
func Read(r io.Reader) (*Model, error) {
	f, summed, err := safetensors.ReadSummed(r, modelfile.Sum)
	if err != nil {
		return nil, err
	}
	version, err := strconv.Atoi(f.Meta[modelfile.Format])
	switch {
	case err != nil:
		return nil, errors.New("this safetensors file holds no Aegis model")
	case version != modelfile.Version:
		return nil, fmt.Errorf("format %d: this version of Aegis reads format %d", version, modelfile.Version)
	case !summed:
		return nil, errors.New("the checksum is missing: the file is damaged")
	case f.Meta[modelfile.Program] == "":
		return nil, fmt.Errorf("%w: %s", ErrNoProgram, f.Meta[modelfile.NoProgram])
	}
	m := &Model{program: &Program{}, noTable: f.Meta[modelfile.NoTable]}
	if err := decode(f.Meta[modelfile.Program], m.program); err != nil {
		return nil, fmt.Errorf("program: %w", err)
	}
	for _, p := range m.program.Parameters {
		t, ok := f.Get(p.Path)
		if !ok {
			return nil, fmt.Errorf("the parameter %s is missing", p.Path)
		}
		if !slices.Equal(t.Shape, p.Shape) {
			return nil, fmt.Errorf("the parameter %s has shape %v in the file, %v in the program", p.Path, t.Shape, p.Shape)
		}
		m.parameters = append(m.parameters, stored(t, m.program.Float))
	}
	if err := m.program.Check(); err != nil {
		return nil, err
	}
	if text := f.Meta[modelfile.Table]; text != "" {
		m.table = &rows.Table{}
		if err := decode(text, m.table); err != nil {
			return nil, fmt.Errorf("preprocessing: %w", err)
		}
		if _, err := m.table.Width(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// mostNested bounds how deep the JSON of a file goes. Every level of transforms within
// transforms is decoded anew, so that the time grows with the square of the depth.
const mostNested = 200

func decode(text string, v any) error {
	if nested(text) > mostNested {
		return fmt.Errorf("its parts stand more than %d deep within one another", mostNested)
	}
	return json.Unmarshal([]byte(text), v)
}

// nested returns how deep brackets stand within one another, those in texts included.
func nested(text string) int {
	depth, deepest := 0, 0
	for _, c := range []byte(text) {
		switch c {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
	}
	return deepest
}

// stored returns the elements of a tensor as the type that a program computes in.
func stored(t safetensors.Tensor, float Type) Memory {
	switch {
	case float == Float32 && t.F32 != nil:
		return Memory{Float32: t.F32}
	case float == Float64 && t.F64 != nil:
		return Memory{Float64: t.F64}
	case float == Float32:
		m := ops.NewMemory(Float32, len(t.F64))
		for i, v := range t.F64 {
			m.Float32[i] = float32(v)
		}
		return m
	default:
		m := ops.NewMemory(Float64, len(t.F32))
		for i, v := range t.F32 {
			m.Float64[i] = float64(v)
		}
		return m
	}
}

// Program returns the program, which is not to be changed.
func (m *Model) Program() *Program {
	if m == nil {
		return nil
	}
	return m.program
}

// Session prepares the model for a number of rows.
func (m *Model) Session(rows int) (*Session, error) {
	if m == nil || m.program == nil {
		return nil, errNotOpened
	}
	return m.program.Session(rows, m.parameters)
}
