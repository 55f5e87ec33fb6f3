package tabular

import (
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/regularize"
)

// MLP is the plain perceptron: ReLU layers with dropout, categories of more than
// EmbedAbove levels embedded.
type MLP struct {
	Hidden     []int       // units of the hidden layers; nil: none, which is a linear model
	Dropout    float64     // rate behind every hidden layer
	L1, L2     float64     // penalty factors on all kernels
	EmbedAbove int         // 0: 8; negative: no embeddings
	Dim        int         // of an embedding; 0: 8
	Type       graph.Dtype // the zero value is Float32
}

// Build makes the model for the columns and classes of a set.
func (c MLP) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	units, err := outputs(rows)
	if err != nil {
		return nil, err
	}
	penalty, err := regularize.Penalty(c.L1, c.L2)
	if err != nil {
		return nil, err
	}
	most, dim := c.EmbedAbove, c.Dim
	switch {
	case most < 0:
		most = math.MaxInt
	case most == 0:
		most = embedAbove
	}
	if dim == 0 {
		dim = embedIn
	}
	encode, err := encoding(rows, Keep, most, dim)
	if err != nil {
		return nil, err
	}
	stack := []layers.Layer{encode}
	for _, n := range c.Hidden {
		stack = append(stack, layers.Dense{Units: n, Activation: layers.Relu, Kernel: graph.Weight{Init: graph.HeUniform{}, Penalty: penalty}})
		if c.Dropout != 0 {
			stack = append(stack, layers.Dropout{Rate: c.Dropout})
		}
	}
	stack = append(stack, layers.Dense{Units: units, Kernel: graph.Weight{Penalty: penalty}})
	m, err := models.Sequential(models.Config{Name: "mlp", Seed: seed, Type: c.Type}, models.Input("features", rows.Inputs[0].Shape()[1]), stack...)
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}
