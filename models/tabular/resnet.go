package tabular

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// ResNet is the residual network for tables of Gorishniy, Rubachev, Khrulkov &
// Babenko (2021), "Revisiting Deep Learning Models for Tabular Data",
// arXiv:2106.11959, section 3.2:
//
//	ResNet(x)      = Prediction(Block(…Block(Linear(x))))
//	Block(x)       = x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x))))))
//	Prediction(x)  = Linear(ReLU(BatchNorm(x)))
//
// The numbers are the defaults of its authors' package rtdl_revisiting_models
// 0.0.2. Categories of more than 8 levels are embedded.
type ResNet struct {
	Blocks   int         // 0: 2
	Units    int         // 0: 192
	Factor   float64     // units within a block, as a multiple of Units; 0: 2
	Dropout  float64     // within a block; 0: 0.15; negative: none
	Residual float64     // dropout behind a block
	Type     graph.Dtype // the zero value is Float32
}

// Build makes the model for the columns and classes of a set.
func (c ResNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	units, err := outputs(rows)
	if err != nil {
		return nil, err
	}
	if c.Blocks == 0 {
		c.Blocks = 2
	}
	if c.Units == 0 {
		c.Units = 192
	}
	if c.Factor == 0 {
		c.Factor = 2
	}
	switch {
	case c.Dropout < 0:
		c.Dropout = 0
	case c.Dropout == 0:
		c.Dropout = 0.15
	}
	inner := c.Factor * float64(c.Units)
	if c.Blocks < 1 || c.Blocks > 1000 || c.Units < 1 || !(inner >= 1 && inner < 1<<24) {
		return nil, fmt.Errorf("tabular: a ResNet of %d blocks, %d units, factor %v", c.Blocks, c.Units, c.Factor)
	}
	encode, err := encoding(rows, Keep, embedAbove, embedIn)
	if err != nil {
		return nil, err
	}
	stack := []layers.Layer{encode, linear(c.Units)}
	for range c.Blocks {
		body := layers.Stack{layers.BatchNorm{}, linear(int(inner)), layers.Relu, layers.Dropout{Rate: c.Dropout}, linear(c.Units), layers.Dropout{Rate: c.Residual}}
		stack = append(stack, layers.Residual{Body: body})
	}
	stack = append(stack, layers.BatchNorm{}, layers.Relu, linear(units))
	m, err := models.Sequential(models.Config{Name: "resnet", Seed: seed, Type: c.Type}, models.Input("features", rows.Inputs[0].Shape()[1]), stack...)
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}

// linear is a dense layer that begins as PyTorch's: kernel and bias uniform in
// ±1/√in.
func linear(units int) layers.Dense {
	return layers.Dense{Units: units, Kernel: graph.Weight{Init: RootUniform{}}, Bias: graph.Weight{Init: graph.Zeros{}}}
}

// RootUniform starts a kernel uniformly in ±1/√in: torch.nn.Linear's default.
type RootUniform struct{}

// Init implements graph.Initializer.
func (RootUniform) Init(s graph.Shape, r *rand.Rand) ([]float64, error) {
	in, _ := graph.Fans(s)
	limit := 1 / math.Sqrt(float64(max(1, in)))
	return graph.Uniform{Low: -limit, High: limit}.Init(s, r)
}

// sameForAll starts the rows of a matrix with the same numbers, uniform in ±limit.
type sameForAll struct{ Limit float64 }

// Init implements graph.Initializer.
func (f sameForAll) Init(s graph.Shape, r *rand.Rand) ([]float64, error) {
	row, err := graph.Uniform{Low: -f.Limit, High: f.Limit}.Init(s[1:], r)
	if err != nil {
		return nil, err
	}
	var out []float64
	for range s[0] {
		out = append(out, row...)
	}
	return out, nil
}

func init() { builtin.Register(RootUniform{}) }
