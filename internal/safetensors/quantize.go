package safetensors

import (
	"fmt"
	"math"
	"slices"
)

// Names of the tensors beside a quantized one, after its own name.
const (
	scaleSuffix = ".scale"
	zeroSuffix  = ".zero_point"
)

// Quantize returns a tensor as integers of a type, I8 or U8, with the tensors that
// stand beside it in a file: name.scale (F32), and of U8 name.zero_point (U8). Their
// values are
//
//	w ≈ scale · (q − zero_point)
//
// without a zero point in I8: scale is max|w| / 127 and q in ±127. In U8, 0 to 255
// cover the values and 0, which is exact. q is rounded to nearest, ties to even, as in
// ONNX's QuantizeLinear.
//
// There is one scale for every index of an axis, or one for all if axis is −1. Its
// shape has as many axes as w's, of size 1 but for that axis.
func Quantize(t Tensor, dtype string, axis int) ([]Tensor, error) {
	if dtype != I8 && dtype != U8 {
		return nil, fmt.Errorf("safetensors: %s is quantized to %q: want I8 or U8", t.Name, dtype)
	}
	if axis < -1 || axis >= len(t.Shape) {
		return nil, fmt.Errorf("safetensors: %s has no axis %d", t.Name, axis)
	}
	n := max(len(t.F32), len(t.F64))
	shape := make([]int, len(t.Shape))
	for i := range shape {
		shape[i] = 1
	}
	channels := 1
	if axis >= 0 {
		channels = t.Shape[axis]
		shape[axis] = channels
	}
	q := Tensor{Name: t.Name, Shape: t.Shape, F32: make([]float32, n), Dtype: dtype}
	scale := Tensor{Name: t.Name + scaleSuffix, Shape: shape, F32: make([]float32, channels)}
	zero := Tensor{Name: t.Name + zeroSuffix, Shape: shape, F32: make([]float32, channels), Dtype: U8}
	index := spread(t.Shape, shape)
	low, high := make([]float64, channels), make([]float64, channels) // with 0
	for i := range n {
		v := t.at(i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("safetensors: %s: value %d is %v: only finite ones can be quantized", t.Name, i, v)
		}
		c := index(i)
		low[c], high[c] = min(low[c], v), max(high[c], v)
	}
	from, to := -127.0, 127.0
	if dtype == U8 {
		from, to = 0, 255
	}
	for c := range channels {
		width := max(-low[c], high[c]) / 127
		if dtype == U8 {
			width = high[c]/255 - low[c]/255
		}
		scale.F32[c] = float32(width)
		switch {
		case max(-low[c], high[c]) > math.MaxFloat32/2: // scale·q could be rounded to an infinity
			return nil, fmt.Errorf("safetensors: %s: values up to %v are too large: want at most half of what float32 holds", t.Name, max(-low[c], high[c]))
		case scale.F32[c] == 0:
			scale.F32[c] = 1
		}
		if dtype == U8 {
			zero.F32[c] = float32(min(math.RoundToEven(-low[c]/float64(scale.F32[c])), 255))
		}
	}
	for i := range n {
		c := index(i)
		v := math.RoundToEven(t.at(i)/float64(scale.F32[c])) + float64(zero.F32[c])
		q.F32[i] = float32(min(max(v, from), to))
	}
	if dtype == I8 {
		return []Tensor{q, scale}, nil
	}
	return []Tensor{q, scale, zero}, nil
}

// spread returns which element of a tensor of a shape with sizes of 1 goes with
// element i of one of the full shape.
func spread(full, part []int) func(i int) int {
	strides := make([]int, len(full))
	n := 1
	for k := len(full) - 1; k >= 0; k-- {
		if part[k] > 1 {
			strides[k] = n
		}
		n *= part[k]
	}
	return func(i int) int {
		at := 0
		for k := len(full) - 1; k >= 0; k-- {
			at += i % full[k] * strides[k]
			i /= full[k]
		}
		return at
	}
}

// dequantize puts values in place of the integers of tensors with a scale beside
// them, and takes scales and zero points out of the file.
func (f *File) dequantize() error {
	used := map[string]bool{}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Dtype != I8 && t.Dtype != U8 {
			continue
		}
		scale, ok := f.Get(t.Name + scaleSuffix)
		if !ok {
			continue
		}
		zero, hasZero := f.Get(t.Name + zeroSuffix)
		if err := t.scaled(scale, zero, hasZero); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		used[scale.Name] = true
		used[t.Name+zeroSuffix] = hasZero
	}
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t Tensor) bool { return used[t.Name] })
	return nil
}

// scaled computes scale·(q − zero), in float32.
func (t *Tensor) scaled(scale, zero Tensor, hasZero bool) error {
	part := scale.Shape
	if len(scale.F32) == 1 { // of a shape such as (), too
		part = make([]int, len(t.Shape))
		for k := range part {
			part[k] = 1
		}
	}
	_, float := floats[scale.Dtype]
	fits := float && scale.F32 != nil && len(part) == len(t.Shape)
	for k := 0; fits && k < len(part); k++ {
		fits = part[k] == 1 || part[k] == t.Shape[k]
	}
	if !fits {
		return fmt.Errorf("a scale of type %s and shape %v for shape %v: want floats, in every axis 1 or as many", scale.Dtype, scale.Shape, t.Shape)
	}
	if hasZero && (zero.Dtype != t.Dtype || len(zero.F32) != len(scale.F32)) {
		return fmt.Errorf("a zero point of type %s and shape %v beside a scale of shape %v", zero.Dtype, zero.Shape, scale.Shape)
	}
	index := spread(t.Shape, part)
	for i, q := range t.F32 {
		c := index(i)
		if hasZero {
			q -= zero.F32[c]
		}
		t.F32[i] = scale.F32[c] * q
	}
	t.Dtype = F32
	return nil
}
