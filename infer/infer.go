// Package infer runs models without Gorgonia, and without what trains them: in a server, a
// browser or a small device. A model file that models.Model.Save wrote carries its network
// as a [Program], a list of operations with a symbolic batch, and this package runs that:
//
//	m, err := infer.Open("model.safetensors")
//	s, err := m.Session(32) // rows at a time
//	copy(s.Input(0).Float32, rows)
//	err = s.Run(ctx)
//	fmt.Println(s.Output(0).Float32)
//
// Results are the bits of models.Model.Predict. [Model.Row] runs single rows of the table
// that a model was trained on, preprocessing included.
package infer

import "github.com/seed732fc211/aegis/internal/ops"

// Type is the type of a value's elements.
type Type = ops.Type

// The types of elements. Truth values are floats, 0 and 1.
const (
	Float32 = ops.Float32
	Float64 = ops.Float64
	Int     = ops.Int
)

// Spec is the type of a value's elements and its size along each axis; a scalar has no
// axes.
type Spec = ops.Spec

// Memory is the elements of one value in row-major order: one of the slices is set.
type Memory = ops.Memory

// Size is a size that may follow the batch N: PerRow·N + Fixed.
type Size = ops.Size

// Attribute is an argument of an operation that is not an operand, such as the axis of a
// Concat. docs/operations.md lists the attributes of every operation.
type Attribute = ops.Attribute
