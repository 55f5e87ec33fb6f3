package models

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/regularize"
)

// MLP is a multi-layer perceptron for a table: hidden Dense layers, each followed by
// dropout, then one output unit for a regression or two classes, otherwise one per class.
// Without hidden layers it is a linear or logistic regression.
type MLP struct {
	Hidden     []int             // units of each hidden layer
	Activation layers.Activation // of the hidden layers; zero value: Relu
	Dropout    float64           // rate after each hidden layer
	L1, L2     float64           // penalty factors on all kernels
	Type       graph.Dtype       // zero value: Float32
}

// Build creates the model for the columns and classes of a set.
func (c MLP) Build(rows *data.Set, seed uint64) (*Model, error) {
	if rows.Len() == 0 {
		return nil, data.ErrEmpty
	}
	if len(rows.Inputs) != 1 {
		return nil, fmt.Errorf("models: an MLP takes one input, the set has %d", len(rows.Inputs))
	}
	units, err := outputUnits(rows)
	if err != nil {
		return nil, err
	}
	penalty, err := regularize.Penalty(c.L1, c.L2)
	if err != nil {
		return nil, err
	}
	act := c.Activation
	if act == layers.Identity {
		act = layers.Relu
	}
	shape := rows.Inputs[0].Shape()[1:]
	var stack []layers.Layer
	if len(shape) != 1 {
		stack = append(stack, layers.Flatten{})
	}
	for _, units := range c.Hidden {
		kernel := graph.Weight{Penalty: penalty}
		if act == layers.Relu {
			kernel.Init = graph.HeUniform{}
		}
		stack = append(stack, layers.Dense{Units: units, Activation: act, Kernel: kernel})
		if c.Dropout != 0 {
			stack = append(stack, layers.Dropout{Rate: c.Dropout})
		}
	}
	stack = append(stack, layers.Dense{Units: units, Kernel: graph.Weight{Penalty: penalty}})
	name := "mlp"
	if len(c.Hidden) == 0 {
		name = "linear"
	}
	m, err := Sequential(Config{Name: name, Seed: seed, Type: c.Type}, Input("features", shape...), stack...)
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}
