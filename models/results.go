package models

import (
	"unsafe"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// result holds a tensor and everything around it in one allocation: the list it is returned
// in, its shape and its strides.
type result struct {
	list  [1]*tensor.Dense
	dense tensor.Dense
	dims  [2 * mostAxes]int
}

// mostAxes is the largest number of axes that fits in a result.
const mostAxes = 4

// resultsLike returns tensors for the given number of rows, otherwise of the type and shape
// of a Predictor's outputs. A single output takes two allocations; tensor.New would take
// six.
func resultsLike(outputs []*tensor.Dense, rows int) []*tensor.Dense {
	if len(outputs) == 1 && outputs[0].Dims() <= mostAxes {
		return one(outputs[0], rows)
	}
	list := make([]*tensor.Dense, len(outputs))
	for i, t := range outputs {
		list[i] = tensor.New(tensor.Of(t.Dtype()), tensor.WithShape(append([]int{rows}, t.Shape()[1:]...)...))
	}
	return list
}

func one(like *tensor.Dense, rows int) []*tensor.Dense {
	r := &result{dense: *like}
	n := like.Dims()
	shape, strides := tensor.Shape(r.dims[:n:n]), r.dims[mostAxes:mostAxes+n:mostAxes+n]
	copy(shape, like.Shape())
	copy(strides, like.Strides())
	shape[0] = rows
	size := shape.TotalSize()
	r.dense.Init(shape, strides)
	if like.Dtype() == graph.Float32 {
		r.dense.Raw = bytesOf(make([]float32, size))
	} else {
		r.dense.Raw = bytesOf(make([]float64, size))
	}
	r.list[0] = &r.dense
	return r.list[:]
}

func bytesOf[T float32 | float64](v []T) []byte {
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(t)))
}
