package crossval

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// takeRows returns a set of the given rows, in their order, that shares no
// numbers with s.
func takeRows(s *data.Set, rows []int) (*data.Set, error) {
	out := *s
	out.Inputs = make([]*tensor.Dense, len(s.Inputs))
	out.Targets = make([]*tensor.Dense, len(s.Targets))
	var err error
	for i, x := range s.Inputs {
		if out.Inputs[i], err = takeTensor(x, rows); err != nil {
			return nil, fmt.Errorf("crossval: %s: input %d: %w", s.Name, i, err)
		}
	}
	for i, y := range s.Targets {
		if out.Targets[i], err = takeTensor(y, rows); err != nil {
			return nil, fmt.Errorf("crossval: %s: target %d: %w", s.Name, i, err)
		}
	}
	if s.Weights != nil {
		out.Weights = take(s.Weights, rows, 1)
	}
	if s.Groups != nil {
		out.Groups = take(s.Groups, rows, 1)
	}
	return &out, nil
}

func takeTensor(x *tensor.Dense, rows []int) (*tensor.Dense, error) {
	shape := x.Shape().Clone()
	width := shape.TotalSize() / shape[0]
	shape[0] = len(rows)
	var backing any
	switch v := x.Data().(type) {
	case []float64:
		backing = take(v, rows, width)
	case []float32:
		backing = take(v, rows, width)
	case []int:
		backing = take(v, rows, width)
	default:
		return nil, fmt.Errorf("dtype %v is not supported", x.Dtype())
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing)), nil
}

func take[T any](from []T, rows []int, width int) []T {
	to := make([]T, 0, len(rows)*width)
	for _, r := range rows {
		to = append(to, from[r*width:(r+1)*width]...)
	}
	return to
}

// withoutTargets returns the set as a model may see it when it predicts.
func withoutTargets(s *data.Set) *data.Set {
	out := *s
	out.Targets = nil
	return &out
}
