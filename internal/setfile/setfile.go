// Package setfile writes the rows of a set to a stream and reads them again, bit by bit: for
// machines that do not have the file that they came from.
package setfile

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// The format: magic, the length of the head (uint32), the head as JSON, and the values of its
// blocks, 8 bytes each (4 of a float32, 1 of a byte), all little-endian.
const (
	magic    = "aegis-set-1\n"
	mostHead = 64 << 20
)

type head struct {
	Name, Source  string
	Features      []data.Feature
	Target        string
	TargetNumber  data.NumberFormat
	Classes       []string
	TargetColumns []string
	Task          json.RawMessage `json:",omitempty"`
	Inputs        []block
	Sequences     []sequences
	Targets       []block
	Steps         []sequences
	Weights       *block
	Groups        *block
	Texts         []texts `json:",omitempty"`
}

// texts is a column of texts: the sizes of its cells in bytes, and all bytes, then one more, as no block is empty.
type texts struct {
	Name         string
	Sizes, Bytes block
}

type block struct {
	Type  string // float64, float32, int or byte
	Shape []int
}

type sequences struct {
	Name            string
	Values, Offsets block
	Size            int `json:",omitempty"`
}

// Write writes everything in the set that its fingerprint covers, and its name and source.
func Write(w io.Writer, s *data.Set) error {
	if s == nil {
		return data.ErrEmpty
	}
	h := head{Name: s.Name, Source: s.Source, Features: s.Features, Target: s.Target, TargetNumber: s.TargetNumber, Classes: s.Classes, TargetColumns: s.TargetColumns}
	if s.As != nil {
		var err error
		if h.Task, err = data.MarshalTask(s.As); err != nil {
			return err
		}
	}
	var values []any
	add := func(v any, shape ...int) block {
		values = append(values, v)
		switch v.(type) {
		case []float64:
			return block{"float64", shape}
		case []float32:
			return block{"float32", shape}
		case []byte:
			return block{"byte", shape}
		}
		return block{"int", shape}
	}
	tensors := func(list []*tensor.Dense) (out []block, err error) {
		for i, t := range list {
			if t == nil {
				return nil, fmt.Errorf("%s: tensor %d is nil", s.Name, i)
			}
			switch t.Data().(type) {
			case []float64, []float32, []int:
			default:
				return nil, fmt.Errorf("%s: tensor %d: values of type %v", s.Name, i, t.Dtype())
			}
			if t.RequiresIterator() {
				t = t.Clone().(*tensor.Dense)
			}
			out = append(out, add(t.Data(), t.Shape()...))
		}
		return out, nil
	}
	ragged := func(list []data.Sequences) (out []sequences, err error) {
		for _, q := range list {
			v, err := tensors([]*tensor.Dense{q.Values})
			if err != nil {
				return nil, err
			}
			out = append(out, sequences{q.Name, v[0], add(q.Offsets, len(q.Offsets)), q.Size})
		}
		return out, nil
	}
	var err [4]error
	h.Inputs, err[0] = tensors(s.Inputs)
	h.Sequences, err[1] = ragged(s.Sequences)
	h.Targets, err[2] = tensors(s.Targets)
	h.Steps, err[3] = ragged(s.Steps)
	if err := errors.Join(err[:]...); err != nil {
		return err
	}
	if s.Weights != nil {
		b := add(s.Weights, len(s.Weights))
		h.Weights = &b
	}
	if s.Groups != nil {
		b := add(s.Groups, len(s.Groups))
		h.Groups = &b
	}
	for _, c := range s.Texts {
		var sizes []int
		var all []byte
		for _, cell := range c.Cells {
			sizes, all = append(sizes, len(cell)), append(all, cell...)
		}
		all = append(all, 0)
		h.Texts = append(h.Texts, texts{c.Name, add(sizes, len(sizes)), add(all, len(all))})
	}
	text, e := json.Marshal(h)
	if e != nil {
		return e
	}
	if len(text) > mostHead {
		return fmt.Errorf("%s: names of %d MiB", s.Name, len(text)>>20)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(magic)
	binary.Write(out, binary.LittleEndian, uint32(len(text)))
	out.Write(text)
	var b [8]byte
	put := func(x uint64) {
		binary.LittleEndian.PutUint64(b[:], x)
		out.Write(b[:])
	}
	for _, v := range values {
		switch v := v.(type) {
		case []float64:
			for _, x := range v {
				put(math.Float64bits(x))
			}
		case []float32:
			for _, x := range v {
				binary.LittleEndian.PutUint32(b[:4], math.Float32bits(x))
				out.Write(b[:4])
			}
		case []int:
			for _, x := range v {
				put(uint64(x))
			}
		case []byte:
			out.Write(v)
		}
	}
	return out.Flush() // with the first error of all writes
}

// Read reads what Write wrote. Memory grows with what has been read, whatever sizes the head
// claims.
func Read(r io.Reader) (*data.Set, error) {
	s, err := read(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	return s, nil
}

func read(r io.Reader) (*data.Set, error) {
	begin := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, begin); err != nil || string(begin[:len(magic)]) != magic {
		return nil, errors.New("this is not a file of rows")
	}
	size := binary.LittleEndian.Uint32(begin[len(magic):])
	if size > mostHead {
		return nil, fmt.Errorf("a head of %d MiB", size>>20)
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return nil, err
	}
	var h head
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	s := &data.Set{Name: h.Name, Source: h.Source, Features: h.Features, Target: h.Target, TargetNumber: h.TargetNumber, Classes: h.Classes, TargetColumns: h.TargetColumns}
	if h.Task != nil {
		if s.As, err = data.UnmarshalTask(h.Task); err != nil {
			return nil, err
		}
	}
	if s.Inputs, err = readTensors(r, h.Inputs); err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	if s.Sequences, err = readSequences(r, h.Sequences); err != nil {
		return nil, fmt.Errorf("sequences: %w", err)
	}
	if s.Targets, err = readTensors(r, h.Targets); err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	if s.Steps, err = readSequences(r, h.Steps); err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	if h.Weights != nil {
		if s.Weights, err = readAs[float64](r, *h.Weights); err != nil {
			return nil, fmt.Errorf("weights: %w", err)
		}
	}
	if h.Groups != nil {
		if s.Groups, err = readAs[int](r, *h.Groups); err != nil {
			return nil, fmt.Errorf("groups: %w", err)
		}
	}
	for _, c := range h.Texts {
		cells, err := readTexts(r, c)
		if err != nil {
			return nil, fmt.Errorf("texts %s: %w", c.Name, err)
		}
		s.Texts = append(s.Texts, data.TextColumn{Name: c.Name, Cells: cells})
	}
	if _, err := io.ReadFull(r, begin[:1]); err != io.EOF {
		return nil, errors.New("there is more after its end")
	}
	return s, s.Validate()
}

func readTensors(r io.Reader, list []block) ([]*tensor.Dense, error) {
	var out []*tensor.Dense
	for _, b := range list {
		v, err := readBlock(r, b)
		if err != nil {
			return nil, err
		}
		out = append(out, tensor.New(tensor.WithShape(b.Shape...), tensor.WithBacking(v)))
	}
	return out, nil
}

func readSequences(r io.Reader, list []sequences) ([]data.Sequences, error) {
	var out []data.Sequences
	for _, q := range list {
		v, err := readTensors(r, []block{q.Values})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.Name, err)
		}
		offsets, err := readAs[int](r, q.Offsets)
		if err != nil {
			return nil, fmt.Errorf("%s: offsets: %w", q.Name, err)
		}
		out = append(out, data.Sequences{Name: q.Name, Values: v[0], Offsets: offsets, Size: q.Size})
	}
	return out, nil
}

func readTexts(r io.Reader, c texts) ([]string, error) {
	sizes, err := readAs[int](r, c.Sizes)
	if err != nil {
		return nil, err
	}
	v, err := readBlock(r, c.Bytes)
	if err != nil {
		return nil, err
	}
	all, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("%s in place of bytes", c.Bytes.Type)
	}
	cells := make([]string, len(sizes))
	for i, n := range sizes {
		if n < 0 || n > len(all) {
			return nil, fmt.Errorf("cell %d has %d bytes, %d are left", i, n, len(all))
		}
		cells[i], all = string(all[:n]), all[n:]
	}
	return cells, nil
}

func readAs[T float64 | int](r io.Reader, b block) ([]T, error) {
	v, err := readBlock(r, b)
	if err != nil {
		return nil, err
	}
	out, ok := v.([]T)
	if !ok || len(b.Shape) != 1 {
		return nil, fmt.Errorf("%s %v", b.Type, b.Shape)
	}
	return out, nil
}

func readBlock(r io.Reader, b block) (any, error) {
	n := 1
	for _, d := range b.Shape {
		if d < 1 || n > math.MaxInt/8/d {
			return nil, fmt.Errorf("shape %v", b.Shape)
		}
		n *= d
	}
	if len(b.Shape) == 0 || len(b.Shape) > 16 {
		return nil, fmt.Errorf("shape %v", b.Shape)
	}
	switch b.Type {
	case "float64":
		return readValues(r, n, 8, func(p []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(p)) })
	case "float32":
		return readValues(r, n, 4, func(p []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(p)) })
	case "byte":
		return readValues(r, n, 1, func(p []byte) byte { return p[0] })
	case "int":
		return readValues(r, n, 8, func(p []byte) int { return int(binary.LittleEndian.Uint64(p)) })
	}
	return nil, fmt.Errorf("values of type %q", b.Type)
}

// readValues reads n values, growing as they come.
func readValues[T any](r io.Reader, n, size int, value func([]byte) T) ([]T, error) {
	const step = 1 << 13
	buffer := make([]byte, step*size)
	out := make([]T, 0, min(n, step))
	for len(out) < n {
		part := buffer[:min(n-len(out), step)*size]
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, fmt.Errorf("%d of %d values: %w", len(out), n, err)
		}
		for ; len(part) > 0; part = part[size:] {
			out = append(out, value(part[:size]))
		}
	}
	return out, nil
}
