// Package graph builds checked symbolic graphs on Gorgonia and runs them.
//
// A Builder wraps one gorgonia.ExprGraph. Its methods are the operations of a
// network; the first mistake is kept, with the path of the layer that made it,
// and every later call does nothing, so that maths reads as maths:
//
//	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
//	x := b.Input("x", 32, 10)
//	w := b.Param("kernel", graph.Shape{10, 4}, graph.Weight{})
//	p, err := graph.Compile(b, b.Softmax(b.MatMul(x, w)))
//
// Params keeps the values of parameters by path and outlives graphs. Compile
// plans a graph once and gives a Program, which runs it without allocating.
package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/internal/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a node of a Gorgonia graph: any Gorgonia function can be mixed in
// through Builder.Apply.
type Node = gorgonia.Node

// Shape is the size of a value along each axis; the empty shape is a scalar's.
type Shape = tensor.Shape

// Dtype is the type of a value's elements.
type Dtype = tensor.Dtype

// The element types of a graph. Parameters and maths are Float32 (the default
// everywhere) or Float64; Int holds class labels and indices. Truth values are floats,
// 0 and 1: see Equal.
var (
	Float32 = tensor.Float32
	Float64 = tensor.Float64
	Int     = tensor.Int
)

// Mode is what a graph is built for. It is fixed when the graph is built:
// layers such as dropout build another graph for each.
type Mode uint8

// The modes of a graph.
const (
	Infer Mode = iota // dropout and noise do nothing, batch norm uses its running statistics
	Train
)

// String returns "infer" or "train".
func (m Mode) String() string {
	if m == Train {
		return "train"
	}
	return "infer"
}

// Error is a mistake in a graph or a failure of one of its operations.
type Error struct {
	Path string // path of the layer, such as "encoder/2.Dense"; empty outside all layers
	Op   string // the operation
	Err  error
}

// Error returns "graph: path: op: cause".
func (e *Error) Error() string {
	if e == nil {
		return "graph: no error"
	}
	s := "graph: "
	if e.Path != "" {
		s += e.Path + ": "
	}
	if e.Op != "" {
		s += e.Op + ": "
	}
	if e.Err == nil {
		return strings.TrimSuffix(s, ": ")
	}
	return s + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// size is the number of elements of a shape; 1 for a scalar.
func size(s Shape) int { return ops.Elements(s) }

// dims writes a shape as (2,3).
func dims(s Shape) string { return ops.Dims(s) }

// axis turns an axis, which may count from the end (−1 is the last), into 0..rank−1.
func axis(a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, fmt.Errorf("axis %d of a value with %d axes", a, rank)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}

// axesOf normalises a list of axes; none means all. The result is sorted.
func axesOf(list []int, rank int) ([]int, error) {
	if len(list) == 0 {
		all := make([]int, rank)
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	out := make([]int, 0, len(list))
	for _, a := range list {
		n, err := axis(a, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, n) {
			return nil, fmt.Errorf("axis %d is named twice", a)
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return out, nil
}

// Value is what a node holds: a *tensor.Dense, or a scalar of Gorgonia's.
type Value = gorgonia.Value
