package tabular

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"gorgonia.org/tensor"
)

// FrontScale multiplies every feature by a factor that is learned, 1 at first.
//
// Shapes: x (batch, features), "scale" (features), y as x.
type FrontScale struct{}

// Build implements layers.Layer.
func (FrontScale) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.Mul(x, b.Param("scale", graph.Shape{b.Dim(x, -1)}, graph.Weight{Init: graph.Ones{}}))
}

// NTKDense is a dense layer in the neural tangent parametrisation,
// y = x·W/√in + b with W and b standard normal at first: Jacot, Gabriel & Hongler
// (2018), arXiv:1806.07572.
//
// Shapes: x (batch, in), W "kernel" (in, Units), b "bias" (Units), y (batch, Units).
type NTKDense struct {
	Units int
	Zero  bool // W and b are 0 at first, for a last layer
}

// Build implements layers.Layer.
func (d NTKDense) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if d.Units < 1 {
		return b.Fail("%d units: want at least 1", d.Units)
	}
	in := b.Dim(x, -1)
	if b.Err() != nil {
		return nil
	}
	var first graph.Initializer = graph.Normal{Std: 1}
	if d.Zero {
		first = graph.Zeros{}
	}
	w := b.Param("kernel", graph.Shape{in, d.Units}, graph.Weight{Init: first})
	bias := b.Param("bias", graph.Shape{d.Units}, graph.Weight{Init: first})
	// x is scaled in place of W, which is the larger of the two for a small batch.
	return b.Dense(b.Scale(x, 1/math.Sqrt(float64(in))), w, bias, graph.Identity)
}

// Gated is the activation x + a·(f(x) − x) with a factor a for every feature that
// is learned, 1 at first: arXiv:2407.04491, section 3.
//
// Shapes: x (batch, features), a "gate" (features), y as x.
type Gated struct{ Activation layers.Activation }

// Build implements layers.Layer.
func (g Gated) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	gate := b.Param("gate", graph.Shape{b.Dim(x, -1)}, graph.Weight{Init: graph.Ones{}})
	return b.Add(x, b.Mul(b.Sub(b.Activate(x, g.Activation), x), gate))
}

// RealMLP is the perceptron of Holzmüller, Grinsztajn & Steinwart (2024), "Better
// by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data",
// arXiv:2407.04491: a scale in front, neural tangent layers, and, unless it is
// Simple, periodic embeddings of numbers, embeddings of categories, gated
// activations, dropout, and a start that depends on the training rows. The numbers
// are those of its table A.1 and of its authors' code (pytabkit 1.x, RealMLP-TD and
// RealMLP-TD-S).
type RealMLP struct {
	Hidden     []int             // units of the hidden layers; nil: 256, 256, 256
	Activation layers.Activation // zero value: SELU for a classification, Mish for a regression
	Dropout    float64           // 0: 0.15; negative: none; of Simple always none
	Simple     bool              // RealMLP-TD-S
	Type       graph.Dtype       // the zero value is Float32

	// NoEmbeddings keeps numbers as they are, NoGates uses plain activations: for
	// measuring what each part is worth.
	NoEmbeddings, NoGates bool
}

// Levels of a category from which it is embedded, and the size of the embedding.
const (
	embedAbove = 8
	embedIn    = 8
)

// stack returns the layers of the network.
func (c RealMLP) stack(rows *data.Set) ([]layers.Layer, error) {
	units, err := outputs(rows)
	if err != nil {
		return nil, err
	}
	act := c.Activation
	if act == layers.Identity {
		act = layers.Selu
		if rows.Classes == nil {
			act = layers.Mish
		}
	}
	dropout := c.Dropout
	switch {
	case c.Simple || dropout < 0:
		dropout = 0
	case dropout == 0:
		dropout = 0.15
	}
	hidden := c.Hidden
	if hidden == nil {
		hidden = []int{256, 256, 256}
	}
	numbers, most := Periodic, embedAbove
	if c.Simple || c.NoEmbeddings {
		numbers = Keep
	}
	if c.Simple {
		most = math.MaxInt
	}
	encode, err := encoding(rows, numbers, most, embedIn)
	if err != nil {
		return nil, err
	}
	stack := []layers.Layer{encode, FrontScale{}}
	for _, n := range hidden {
		stack = append(stack, NTKDense{Units: n})
		if c.Simple || c.NoGates {
			stack = append(stack, act)
		} else {
			stack = append(stack, Gated{act})
		}
		if dropout > 0 {
			stack = append(stack, layers.Dropout{Rate: dropout, Scheduled: true})
		}
	}
	return append(stack, NTKDense{Units: units, Zero: c.Simple}), nil
}

// Build makes the model for the columns and classes of a set, whose rows decide on
// the first weights unless the network is Simple.
func (c RealMLP) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	stack, err := c.stack(rows)
	if err != nil {
		return nil, err
	}
	name := "realmlp"
	if c.Simple {
		name = "realmlp-s"
	}
	m, err := models.Sequential(models.Config{Name: name, Seed: seed, Type: c.Type}, models.Input("features", rows.Inputs[0].Shape()[1]), stack...)
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	if !c.Simple {
		err = startFromRows(m, stack, rows, seed)
	}
	return m, err
}

// Groups returns the learning rates and the weight decay of the network's
// parameters: six times the rate for the front scale, a tenth for biases,
// embeddings of numbers and gates, no weight decay of biases.
func (c RealMLP) Groups() []optim.Group {
	return []optim.Group{
		{Match: "*.FrontScale/scale", Rate: 6},
		{Match: "bias", Rate: 0.1, NoDecay: true},
		{Match: "gate", Rate: 0.1, Optional: true},
		{Match: "periodic*/**", Rate: 0.1, Optional: true},
	}
}

// startRows is how many training rows decide on the first weights.
const startRows = 4096

// startFromRows gives every NTKDense its first weights, from the front to the
// back: columns of W are scaled so that x·W/√in has the standard deviation 1 over
// the rows, and a unit's bias puts the zero of its activation at a random convex
// combination of what x·W/√in is at five random rows ("he+5" in the authors' code,
// after Steinwart (2019), arXiv:1903.11482).
func startFromRows(m *models.Model, stack []layers.Layer, rows *data.Set, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 0x5e4a))
	sample := rows
	if n := rows.Len(); n > startRows {
		var err error
		if sample, err = rows.Rows(r.Perm(n)[:startRows]); err != nil {
			return err
		}
	}
	for i, l := range stack {
		if _, ok := l.(NTKDense); !ok {
			continue
		}
		x, err := reach(m, stack[:i], sample)
		if err != nil {
			return err
		}
		if err := startLayer(m, fmt.Sprintf("%d.%s", i, layers.Name(l)), x, sample.Len(), r); err != nil {
			return err
		}
	}
	return nil
}

// reach computes what the first layers of a model make of rows, without noise.
func reach(m *models.Model, first []layers.Layer, rows *data.Set) ([]float64, error) {
	b := graph.New(m.Params(), graph.Infer)
	n := rows.Len()
	x := b.Input("features", n, rows.Inputs[0].Shape()[1])
	for i, l := range first {
		x = l.Build(b.Scope(fmt.Sprintf("%d.%s", i, layers.Name(l))), x)
	}
	p, err := graph.Compile(b, x)
	if err != nil {
		return nil, fmt.Errorf("tabular: %w", err)
	}
	if err := p.SetInput("features", rows.Inputs[0]); err != nil {
		return nil, fmt.Errorf("tabular: %w", err)
	}
	if err := p.Run(context.Background()); err != nil {
		return nil, fmt.Errorf("tabular: %w", err)
	}
	var out []float64
	for _, v := range p.Floats32(x) {
		out = append(out, float64(v))
	}
	return append(out, p.Floats64(x)...), nil
}

// startLayer sets kernel and bias of a layer from its inputs x, row by row.
func startLayer(m *models.Model, scope string, x []float64, rows int, r *rand.Rand) error {
	weights, bias := m.Params().Get(scope+"/kernel"), m.Params().Get(scope+"/bias")
	if weights == nil || bias == nil {
		return fmt.Errorf("tabular: %s has no kernel or no bias", scope)
	}
	in, units := weights.Shape()[0], weights.Shape()[1]
	w, first := weights.Values(), make([]float64, units)
	factor := 1 / math.Sqrt(float64(in))
	products := make([]float64, rows*units)
	kernel.Gemm(false, false, rows, units, in, x, w, 0, products)
	z := make([]float64, rows)
	for u := range units {
		for i := range z {
			z[i] = products[i*units+u] * factor
		}
		scale := 1.0
		if _, std := moments.MeanStd(z); std > 1e-12 { // else all rows are alike here
			scale = 1 / std
		}
		for k := range in {
			w[k*units+u] *= scale
		}
		total, sum := 0.0, 0.0
		for range 5 {
			weight := r.ExpFloat64()
			total += weight
			sum += weight * z[r.IntN(rows)] * scale
		}
		first[u] = -sum / total
	}
	if err := weights.Set(tensor.New(tensor.WithShape(in, units), tensor.WithBacking(w))); err != nil {
		return fmt.Errorf("tabular: %w", err)
	}
	return bias.Set(tensor.New(tensor.WithShape(units), tensor.WithBacking(first)))
}
