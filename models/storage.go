package models

import (
	"fmt"

	"github.com/seed732fc211/aegis/internal/safetensors"
)

// Storage is the number format in which a file holds a model's parameters of two or more
// axes: kernels and embeddings. Vectors such as biases and running statistics, a small share
// of a model, are always stored in full. Load reads every format; a loaded model computes in
// its own type however it was stored.
type Storage uint8

// The storage formats.
//
// StoreFloat16 (IEEE 754 binary16) keeps 11 significant bits, up to 65504; a larger
// value is an error of Model.SaveAs. StoreBFloat16 keeps 8 bits and the range of
// float32. Both round to nearest, ties to even.
//
// StoreInt8 and StoreUint8 keep integers q, one byte each, with a scale s for every index of
// the last axis, which in most layers is the output channel: w ≈ s·q with s = max|w|/127,
// or w ≈ s·(q − z) with s = (max − min)/255, where the range includes 0, and the zero point
// z = −min/s, rounded. The error is at most s/2. In the file, the parameter
// "0.Dense/kernel" is I8 or U8, "0.Dense/kernel.scale" is F32, and
// "0.Dense/kernel.zero_point" is U8; the latter two have the shape of the kernel with all
// axes but the last set to 1.
const (
	StoreFull     Storage = iota // in the model's own type: F32 or F64
	StoreFloat16                 // F16
	StoreBFloat16                // BF16
	StoreInt8                    // I8 with scales
	StoreUint8                   // U8 with scales and zero points
)

var storageTypes = []string{"", safetensors.F16, safetensors.BF16, safetensors.I8, safetensors.U8}

// SaveAs is Save with the parameters stored in fewer bits; see Storage. The model itself is
// not changed.
func (m *Model) SaveAs(path string, s Storage) error { return m.write(path, Extra{}, s) }

// store returns the tensors that a file holds for a parameter.
func (s Storage) store(t safetensors.Tensor) ([]safetensors.Tensor, error) {
	if int(s) >= len(storageTypes) {
		return nil, fmt.Errorf("there is no storage type %d", s)
	}
	switch {
	case s == StoreFull || len(t.Shape) < 2:
		return []safetensors.Tensor{t}, nil
	case s == StoreInt8 || s == StoreUint8:
		return safetensors.Quantize(t, storageTypes[s], len(t.Shape)-1)
	default:
		t.Dtype = storageTypes[s]
		return []safetensors.Tensor{t}, nil
	}
}
