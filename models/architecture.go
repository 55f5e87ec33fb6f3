package models

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
)

// Architecture is a network whose size depends on the rows: Build creates the model for
// their columns and classes. MLP is one, as are the networks of models/tabular.
type Architecture interface {
	Build(rows *data.Set, seed uint64) (*Model, error)
}

// ArchitectureFunc adapts a function to Architecture. It cannot be written to JSON.
type ArchitectureFunc func(rows *data.Set, seed uint64) (*Model, error)

// Build calls f.
func (f ArchitectureFunc) Build(rows *data.Set, seed uint64) (*Model, error) {
	if f == nil {
		return nil, errors.New("models: the architecture's function is nil")
	}
	return f(rows, seed)
}

// Chain is the architecture that applies layers in order, then flattens the result and adds
// a Dense layer with the number of units that the set's task needs: one for a regression or
// two classes, otherwise one per class. If the set's input holds indices, so does the
// model's, as layers.Embedding needs.
type Chain struct {
	Layers []layers.Layer
	Output graph.Weight // kernel of the added layer
	Type   graph.Dtype  // zero value: Float32
}

// Build creates the model for the row shape and classes of a set with one input.
func (c Chain) Build(rows *data.Set, seed uint64) (*Model, error) {
	if rows.Len() == 0 {
		return nil, data.ErrEmpty
	}
	if len(rows.Inputs) != 1 {
		return nil, fmt.Errorf("models: a chain takes one input, the set has %d", len(rows.Inputs))
	}
	units, err := outputUnits(rows)
	if err != nil {
		return nil, err
	}
	in := Input("features", rows.Inputs[0].Shape()[1:]...)
	in.int = rows.Inputs[0].Dtype() == graph.Int
	end := in.Then(c.Layers...).Then(layers.Flatten{}, layers.Dense{Units: units, Kernel: c.Output})
	m, err := New(Config{Name: "chain", Seed: seed, Type: c.Type}, []*Tensor{in}, []*Tensor{end})
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}

// outputUnits returns the number of units in the final layer: the fewest that the set's task
// allows.
func outputUnits(rows *data.Set) (int, error) {
	r, err := rows.Rules()
	if err != nil {
		return 0, fmt.Errorf("models: %w", err)
	}
	return r.Units[0], nil
}

func init() { builtin.Register(MLP{}, Chain{}) }
