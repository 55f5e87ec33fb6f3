// Package ops knows the operations of an inference: their rules of types and shapes, what
// computes them on plain slices, and where their values lie in memory. Package graph runs
// on it, and so does package infer, without Gorgonia.
package ops

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Type is the type of a value's elements.
type Type uint8

// The types of elements. Truth values are floats, 0 and 1.
const (
	Float32 Type = iota
	Float64
	Int
)

var typeNames = []string{"float32", "float64", "int"}

// String returns "float32", "float64" or "int".
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// MarshalText writes the type's name.
func (t Type) MarshalText() ([]byte, error) {
	if int(t) >= len(typeNames) {
		return nil, fmt.Errorf("ops: there is no type %d", uint8(t))
	}
	return []byte(typeNames[t]), nil
}

// UnmarshalText reads a type's name.
func (t *Type) UnmarshalText(text []byte) error {
	i := slices.Index(typeNames, string(text))
	if i < 0 {
		return fmt.Errorf("ops: there is no type %q", text)
	}
	*t = Type(i)
	return nil
}

// Spec is the type of a value's elements and its size along each axis; a scalar has no
// axes.
type Spec struct {
	Type  Type
	Shape []int
}

// Len returns the number of elements.
func (s Spec) Len() int { return Elements(s.Shape) }

// String returns the specification as float32(2,3).
func (s Spec) String() string { return s.Type.String() + Dims(s.Shape) }

// Memory is the elements of one value in row-major order: one of the slices is set.
type Memory struct {
	Float32 []float32
	Float64 []float64
	Int     []int
}

// NewMemory returns memory for n elements.
func NewMemory(t Type, n int) Memory {
	switch t {
	case Float32:
		return Memory{Float32: make([]float32, n)}
	case Float64:
		return Memory{Float64: make([]float64, n)}
	default:
		return Memory{Int: make([]int, n)}
	}
}

// Len returns the number of elements.
func (m Memory) Len() int { return len(m.Float32) + len(m.Float64) + len(m.Int) }

// Type returns the type of the elements, Float32 if there are none.
func (m Memory) Type() Type {
	switch {
	case m.Float64 != nil:
		return Float64
	case m.Int != nil:
		return Int
	}
	return Float32
}

// Part returns n elements from an offset on.
func (m Memory) Part(from, n int) Memory {
	to := from + n
	switch {
	case m.Float32 != nil:
		return Memory{Float32: m.Float32[from:to:to]}
	case m.Float64 != nil:
		return Memory{Float64: m.Float64[from:to:to]}
	default:
		return Memory{Int: m.Int[from:to:to]}
	}
}

// Elements is the number of elements of a shape; 1 for a scalar.
func Elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Dims writes a shape as (2,3).
func Dims(shape []int) string {
	text := make([]string, len(shape))
	for i, d := range shape {
		text[i] = strconv.Itoa(d)
	}
	return "(" + strings.Join(text, ",") + ")"
}

// mostElements bounds a value: memory is taken for no more.
const mostElements = 1<<31 - 1

// mostAxes bounds the rank of a value, which an operation such as Gather can double.
const mostAxes = 32

// CheckShape reports a shape that the result of an operation may not have.
func CheckShape(shape []int) error {
	if len(shape) > mostAxes {
		return fmt.Errorf("a shape of %d axes: want at most %d", len(shape), mostAxes)
	}
	return Bounded(shape, mostElements)
}

// ErrLarge is wrapped by the error about a shape of too many elements.
var ErrLarge = errors.New("more elements than memory is taken for")

// Bounded reports a size below 1, or more than most elements.
func Bounded(shape []int, most int) error {
	room := most
	for _, d := range shape {
		if d < 1 {
			return fmt.Errorf("shape %s: every size must be at least 1", Dims(shape))
		}
		if room /= d; room == 0 {
			return fmt.Errorf("shape %s: %w, %d", Dims(shape), ErrLarge, most)
		}
	}
	return nil
}

// rowMajor returns the strides of a dense array.
func rowMajor(shape []int) []int {
	st := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		st[i] = n
		n *= shape[i]
	}
	return st
}

// Broadcast returns the common shape of two operands by NumPy's rule: aligned at the last
// axis, sizes are equal or one of them is 1.
func Broadcast(a, b []int) ([]int, error) {
	n := max(len(a), len(b))
	out := make([]int, n)
	for i := range out {
		x, y := 1, 1
		if j := i - n + len(a); j >= 0 {
			x = a[j]
		}
		if j := i - n + len(b); j >= 0 {
			y = b[j]
		}
		if x != y && x != 1 && y != 1 {
			return nil, fmt.Errorf("%s and %s do not broadcast: axis %d is %d and %d", Dims(a), Dims(b), i, x, y)
		}
		out[i] = max(x, y)
	}
	return out, nil
}

// repeated returns the strides of an operand walked over the shape that it broadcasts to.
func repeated(shape, out []int) []int {
	st, own := make([]int, len(out)), rowMajor(shape)
	for i := range shape {
		if shape[i] != 1 {
			st[len(out)-len(shape)+i] = own[i]
		}
	}
	return st
}

// Around splits a shape at an axis into the products before and after it.
func Around(shape []int, axis int) (outer, inner int) {
	return Elements(shape[:axis]), Elements(shape[axis+1:])
}
