package graph

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/seed732fc211/aegis/internal/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// buffer is the memory of one value: one of the slices is set.
type buffer struct {
	f32 []float32
	f64 []float64
	i   []int
}

func newBuffer(dt Dtype, n int) *buffer {
	switch dt {
	case Float32:
		return &buffer{f32: make([]float32, n)}
	case Float64:
		return &buffer{f64: make([]float64, n)}
	default:
		return &buffer{i: make([]int, n)}
	}
}

// memory is the same memory for package ops.
func (b *buffer) memory() ops.Memory { return ops.Memory{Float32: b.f32, Float64: b.f64, Int: b.i} }

func (b *buffer) len() int { return len(b.f32) + len(b.f64) + len(b.i) }

// part returns a buffer over n elements from an offset on.
func (b *buffer) part(from, n int) *buffer {
	to := from + n
	switch {
	case b.f32 != nil:
		return &buffer{f32: b.f32[from:to:to]}
	case b.f64 != nil:
		return &buffer{f64: b.f64[from:to:to]}
	default:
		return &buffer{i: b.i[from:to:to]}
	}
}

func (b *buffer) fill(v float64) {
	for i := range b.f32 {
		b.f32[i] = float32(v)
	}
	for i := range b.f64 {
		b.f64[i] = v
	}
	for i := range b.i {
		b.i[i] = int(v)
	}
}

// equal reports whether two buffers are of one type and hold the same numbers.
func (b *buffer) equal(o *buffer) bool {
	return slices.Equal(b.f32, o.f32) && slices.Equal(b.f64, o.f64) && slices.Equal(b.i, o.i)
}

// copyFrom copies a buffer of the same type and length.
func (b *buffer) copyFrom(src *buffer) {
	copy(b.f32, src.f32)
	copy(b.f64, src.f64)
	copy(b.i, src.i)
}

// value returns a Gorgonia value of the given shape over the same memory.
func (b *buffer) value(shape Shape) gorgonia.Value {
	if len(shape) == 0 {
		switch {
		case b.f32 != nil:
			return (*gorgonia.F32)(unsafe.Pointer(&b.f32[0]))
		case b.f64 != nil:
			return (*gorgonia.F64)(unsafe.Pointer(&b.f64[0]))
		default:
			return (*gorgonia.I)(unsafe.Pointer(&b.i[0]))
		}
	}
	return b.tensor(shape)
}

// tensor returns a tensor over the same memory; a scalar becomes one of shape (1).
func (b *buffer) tensor(shape Shape) *tensor.Dense {
	if len(shape) == 0 {
		shape = Shape{1}
	}
	var backing any
	switch {
	case b.f32 != nil:
		backing = b.f32
	case b.f64 != nil:
		backing = b.f64
	default:
		backing = b.i
	}
	return tensor.New(tensor.WithShape(shape.Clone()...), tensor.WithBacking(backing))
}

// set copies v, which may be a view, converting between the float types. Ints
// are taken from ints only.
func (b *buffer) set(v gorgonia.Value) error {
	if t, ok := v.(*tensor.Dense); ok && (t.RequiresIterator() || !t.DataOrder().IsContiguous() || t.DataOrder().IsColMajor()) {
		m, ok := t.Materialize().(*tensor.Dense)
		if !ok {
			return fmt.Errorf("a view of %v %v cannot be read", t.Dtype(), t.Shape())
		}
		v = m
	}
	switch d := v.Data().(type) {
	case []float32:
		return b.setFloats32(d)
	case float32:
		return b.setFloats32([]float32{d})
	case []float64:
		return b.setFloats64(d)
	case float64:
		return b.setFloats64([]float64{d})
	case []int:
		return b.setInts(d)
	case int:
		return b.setInts([]int{d})
	}
	return fmt.Errorf("values of type %v are not supported", v.Dtype())
}

func (b *buffer) setFloats32(d []float32) error {
	if b.i != nil {
		return fmt.Errorf("want int, have float32")
	}
	if len(d) != b.len() {
		return fmt.Errorf("want %d values, have %d", b.len(), len(d))
	}
	copy(b.f32, d)
	for i := range b.f64 {
		b.f64[i] = float64(d[i])
	}
	return nil
}

func (b *buffer) setFloats64(d []float64) error {
	if b.i != nil {
		return fmt.Errorf("want int, have float64")
	}
	if len(d) != b.len() {
		return fmt.Errorf("want %d values, have %d", b.len(), len(d))
	}
	copy(b.f64, d)
	for i := range b.f32 {
		b.f32[i] = float32(d[i])
	}
	return nil
}

func (b *buffer) setInts(d []int) error {
	if b.i == nil {
		return fmt.Errorf("want floats, have int")
	}
	if len(d) != b.len() {
		return fmt.Errorf("want %d values, have %d", b.len(), len(d))
	}
	copy(b.i, d)
	return nil
}

// at returns element i as a float64.
func (b *buffer) at(i int) float64 {
	switch {
	case b.f32 != nil:
		return float64(b.f32[i])
	case b.f64 != nil:
		return b.f64[i]
	default:
		return float64(b.i[i])
	}
}

func (b *buffer) setAt(i int, v float64) {
	switch {
	case b.f32 != nil:
		b.f32[i] = float32(v)
	case b.f64 != nil:
		b.f64[i] = v
	default:
		b.i[i] = int(v)
	}
}

// finite returns the index of the first NaN or infinity, −1 if there is none.
func (b *buffer) finite() int {
	for i, v := range b.f32 {
		if d := float64(v); math.IsNaN(d) || math.IsInf(d, 0) {
			return i
		}
	}
	for i, v := range b.f64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return i
		}
	}
	return -1
}
