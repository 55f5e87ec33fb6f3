// Package kernel holds the CPU kernels under graph: matrix products,
// element-wise functions, reductions and copies over plain slices. It knows
// nothing of Gorgonia. Slices are dense and row-major; lengths are not
// checked. No kernel allocates, and no result depends on the number
// of threads.
package kernel

import (
	"math"
	"unsafe"
)

// Float is an element type that kernels work on.
type Float interface{ float32 | float64 }

func single[T Float]() bool {
	var v T
	return unsafe.Sizeof(v) == 4
}

// bytesOf returns the size of an element.
func bytesOf[T Float]() int {
	var v T
	return int(unsafe.Sizeof(v))
}

// first returns the address of a slice's first element; at is the same for assembly
// arguments.
func first[T Float](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

func at[T Float](x []T) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(x))) }

// floatBits returns the bits of a number, for the assembly.
func floatBits[T Float](x T) uint64 {
	if single[T]() {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(float64(x))
}
