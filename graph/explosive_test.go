package graph_test

import (
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// explosive is an operation of a user's that panics when it runs.
type explosive struct{}

func (explosive) Arity() int { return 1 }
func (explosive) Type() hm.Type {
	m := gorgonia.TensorType{Dims: 2, Of: tensor.Float64}
	return hm.NewFnType(m, m)
}
func (explosive) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{2, 3}, nil
}
func (explosive) Do(...gorgonia.Value) (gorgonia.Value, error) { panic("boom") }
func (explosive) ReturnsPtr() bool                             { return false }
func (explosive) CallsExtern() bool                            { return false }
func (explosive) OverwritesInput() int                         { return -1 }
func (explosive) WriteHash(h hash.Hash)                        { h.Write([]byte("explosive")) }
func (explosive) Hashcode() uint32                             { return 4711 }
func (explosive) String() string                               { return "explosive" }
