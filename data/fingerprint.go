package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"

	"gorgonia.org/tensor"
)

// Fingerprint returns a SHA-256 hash, in hex, of everything a model can see: inputs, texts,
// targets, weights, groups, column names and levels, and classes. It does not depend on the
// set's name and source, nor on whether rows are in memory.
func Fingerprint(src Source) (string, error) {
	if src == nil {
		return "", ErrEmpty
	}
	h := sha256.New()
	rows := 0
	err := chunks(src, func(_ int, part *Set) error { // of fixed size, so that files and sets agree
		rows += part.Len()
		return part.hash(h)
	})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(h, "%d rows\n", rows)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hash writes everything that a model can see to h.
func (s *Set) hash(h hash.Hash) error {
	head := struct {
		Features []Feature
		Target   string
		Classes  []string
		Inputs   int
		Targets  int
	}{bare(s.Features), s.Target, s.Classes, len(s.Inputs), len(s.Targets)}
	if err := json.NewEncoder(h).Encode(head); err != nil {
		return fmt.Errorf("data: fingerprint: %w", err)
	}
	if s.As != nil || s.TargetColumns != nil {
		task, err := MarshalTask(s.As)
		if err != nil {
			return fmt.Errorf("data: fingerprint: %s: %w", s.Name, err)
		}
		if err := json.NewEncoder(h).Encode([]any{json.RawMessage(task), s.TargetColumns}); err != nil {
			return fmt.Errorf("data: fingerprint: %w", err)
		}
	}
	for i, t := range append(append([]*tensor.Dense(nil), s.Inputs...), s.Targets...) {
		if t == nil {
			return fmt.Errorf("data: fingerprint: %s: tensor %d is nil", s.Name, i)
		}
		fmt.Fprintf(h, "%v %v\n", t.Dtype(), t.Shape())
		if err := hashValues(h, t.Data()); err != nil {
			return fmt.Errorf("data: fingerprint: %s: tensor %d: %w", s.Name, i, err)
		}
	}
	for _, q := range slices.Concat(s.Sequences, s.Steps) {
		if q.Values == nil {
			return fmt.Errorf("data: fingerprint: %s: sequences %q have no values", s.Name, q.Name)
		}
		fmt.Fprintf(h, "sequences %v %v\n", q.Values.Dtype(), q.Step())
		if q.Size != 0 {
			fmt.Fprintf(h, "ids below %d\n", q.Size)
		}
		if err := hashValues(h, q.Offsets); err != nil {
			return err
		}
		if err := q.hash(h); err != nil {
			return fmt.Errorf("data: fingerprint: %s: sequences %q: %w", s.Name, q.Name, err)
		}
	}
	for _, c := range s.Texts {
		fmt.Fprintf(h, "texts %q %d\n", c.Name, len(c.Cells))
		for _, cell := range c.Cells {
			fmt.Fprintf(h, "%d ", len(cell))
			io.WriteString(h, cell)
		}
	}
	fmt.Fprintf(h, "weights %d groups %d\n", len(s.Weights), len(s.Groups))
	if err := hashValues(h, s.Weights); err != nil {
		return err
	}
	if err := hashValues(h, s.Groups); err != nil {
		return err
	}
	return nil
}

// hash writes the values of all steps.
func (q *Sequences) hash(h hash.Hash) error {
	n := q.Offsets[q.Rows()] * q.width()
	switch d := dense(q.Values).Data().(type) {
	case []float64:
		return hashValues(h, d[:n])
	case []float32:
		return hashValues(h, d[:n])
	case []int:
		return hashValues(h, d[:n])
	}
	return fmt.Errorf("values of type %v", q.Values.Dtype())
}

// hashValues writes numbers to h, 8 bytes each.
func hashValues(h hash.Hash, values any) error {
	var b [8192]byte
	n := 0
	put := func(bits uint64) {
		binary.LittleEndian.PutUint64(b[n:], bits)
		if n += 8; n == len(b) {
			h.Write(b[:])
			n = 0
		}
	}
	switch v := values.(type) {
	case []float64:
		for _, x := range v {
			put(math.Float64bits(x))
		}
	case []float32:
		for _, x := range v {
			put(uint64(math.Float32bits(x)))
		}
	case []int:
		for _, x := range v {
			put(uint64(x))
		}
	default:
		return fmt.Errorf("values of type %T", values)
	}
	h.Write(b[:n])
	return nil
}
