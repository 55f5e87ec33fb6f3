// Package models builds networks from layers: sequential ones, and ones with several inputs
// and outputs, branches and shared layers. A Model predicts any number of rows, describes
// itself, and is saved as a single safetensors file. Package train fits it.
package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"gorgonia.org/tensor"
)

// Config holds the settings of a model besides its layers. The zero value works.
type Config struct {
	Name string
	Seed uint64      // for initial values and noise
	Type graph.Dtype // of parameters and arithmetic; zero value: Float32
}

// Info describes what a model's inputs and outputs mean, so that a loaded model can predict
// from raw rows. The zero value is a regression on plain numbers.
type Info struct {
	Task     data.Task      // nil: data.Classify{} if Classes is set, otherwise data.Regress{}
	Classes  []string       // class names of a classification, in index order
	Features []data.Feature // columns of the raw table
	Texts    []string       // columns of texts that the preprocessing takes
	Target   string
	// TargetColumns names the columns of a target with several. nil: one column, named
	// Target, or one unnamed column per output.
	TargetColumns []string
	Preprocess    data.Fitted // applied to raw rows; nil: none
	// Probabilities marks outputs that are already probabilities, as data.Rules.Average
	// returns them, not logits.
	Probabilities bool
	// Scales are the scales of the target columns, for tasks whose data.Rules are Scaled.
	// nil: the network learns the targets unscaled.
	Scales  []TargetScale
	Members int // number of a Bag's members, whose outputs are averaged; 0: 1

	Calibration *Calibration // of the probabilities; nil: none
	// Costs[i][j] is the cost of predicting class j when the true class is i: the predicted
	// label is the one of least expected cost. nil: the task decides, for a classification
	// by the most probable class.
	Costs [][]float64
}

// Model is a network with its parameters. Predict, Evaluate and Save may be called by
// several goroutines at once, but not while the model is being trained.
type Model struct {
	Info Info

	name   string
	net    network
	params *graph.Params
	inputs int
	shapes []graph.Shape // per sample, after each stage; AnySteps marks an axis of sequence steps
	lent   bool          // params belong to another model

	mu         sync.Mutex
	predictors []*Predictor // most recently used first
	// row is the memory that one row takes in bytes, without the weights; sequences count as
	// usualSteps long. 0: not known yet.
	row int

	rowsOnce sync.Mutex
	rows     *RowPredictor // for PredictMap and PredictStruct
}

// Predict splits its rows into chunks whose activations between two layers fit into
// predictBytes, with chunk sizes within these bounds.
const (
	predictBytes = 16 << 20
	fewestRows   = 64
	mostRows     = 1024
)

// AnySteps marks, in shapes, the axis of a sequence's steps.
const AnySteps = -1

// usualSteps is the sequence length assumed when estimating the memory of a row.
const usualSteps = 64

// maxPredictors is the number of batch sizes whose compiled predictors are kept.
const maxPredictors = 4

// Sequential makes a model with one input and a sequence of layers:
//
//	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 30),
//		layers.Dense{Units: 16, Activation: layers.Relu},
//		layers.Dense{Units: 1})
//
// The error about mismatched shapes names the layer.
func Sequential(c Config, input *Tensor, ls ...layers.Layer) (*Model, error) {
	if input == nil {
		return nil, errNilTensor
	}
	if len(ls) == 0 {
		return nil, errors.New("models: no layers")
	}
	return New(c, []*Tensor{input}, []*Tensor{input.Then(ls...)})
}

// New builds a model of everything between inputs and outputs. Inputs are matched by name
// with those of the training batches; with several outputs, each has one target.
func New(c Config, inputs, outputs []*Tensor) (*Model, error) {
	if len(inputs) == 0 || len(outputs) == 0 {
		return nil, errors.New("models: want at least one input and one output")
	}
	net, err := collect(inputs, outputs)
	if err != nil {
		return nil, err
	}
	if c.Type.Type == nil {
		c.Type = graph.Float32
	}
	return assemble(c.Name, net, graph.NewParams(c.Type, c.Seed))
}

// assemble creates the parameters of a network and checks it in both modes.
func assemble(name string, net network, params *graph.Params) (*Model, error) {
	m := &Model{name: name, net: net, params: params}
	for _, s := range net.Stages {
		if s.Input {
			m.inputs++
		}
	}
	const steps, other = 8, 10
	for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
		if err := m.shape(mode, steps); err != nil {
			return nil, err
		}
	}
	if m.hasSequences() {
		if err := m.anySteps(steps, other); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// shape builds the model and records the shape of a sample after every stage.
func (m *Model) shape(mode graph.Mode, steps int) error {
	const batch = 2
	b := graph.New(m.params, mode)
	nodes := m.net.build(b, m.declare(b, batch, steps))
	if err := b.Err(); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	m.shapes = m.shapes[:0]
	for i, n := range nodes {
		s := n.Shape()
		if len(s) == 0 || s[0] != batch {
			return fmt.Errorf("models: %s: the result %v has lost the batch axis", m.net.Stages[i].Scope, s)
		}
		m.shapes = append(m.shapes, s[1:])
	}
	return nil
}

// declare adds the inputs for a batch to a graph.
func (m *Model) declare(b *graph.Builder, batch, steps int) []*graph.Node {
	nodes := make([]*graph.Node, m.inputs)
	for i, s := range m.net.Stages[:m.inputs] {
		shape := s.batch(batch, steps)
		if s.Int {
			nodes[i] = b.InputInt(s.Scope, shape...)
		} else {
			nodes[i] = b.Input(s.Scope, shape...)
		}
	}
	return nodes
}

// Build adds the model to a graph over its parameters, with inputs for a batch of rows, and
// returns the outputs. Sequences are padded to the given number of steps; a model without
// sequences ignores it.
func (m *Model) Build(b *graph.Builder, batch, steps int) []*graph.Node {
	if !m.made() {
		b.Fail("%w", errNotMade)
		return nil
	}
	if m.hasSequences() && steps < 1 {
		b.Fail("sequences of %d steps: want at least 1", steps)
		return nil
	}
	nodes := m.net.build(b, m.declare(b, batch, steps))
	if b.Err() != nil {
		return nil
	}
	out := make([]*graph.Node, len(m.net.Outputs))
	for i, o := range m.net.Outputs {
		out[i] = nodes[o]
	}
	return out
}

// made reports whether the model was built by New, Sequential, Load or the like. A nil or
// zero Model is a network without inputs, outputs and parameters, and predicts nothing.
func (m *Model) made() bool { return m != nil && m.params != nil }

var errNotMade = errors.New("models: the model is nil or zero: New, Sequential or Load makes one")

// network returns the layers; a nil or zero model has none.
func (m *Model) network() network {
	if m == nil {
		return network{}
	}
	return m.net
}

// Name returns the model's name.
func (m *Model) Name() string {
	if m == nil {
		return ""
	}
	return m.name
}

// Params returns the parameters, or nil for a nil or zero model.
func (m *Model) Params() *graph.Params {
	if m == nil {
		return nil
	}
	return m.params
}

// InputNames returns the names of the inputs.
func (m *Model) InputNames() []string {
	if m == nil {
		return nil
	}
	names := make([]string, m.inputs)
	for i := range names {
		names[i] = m.net.Stages[i].Scope
	}
	return names
}

// InputShape returns the shape of a sample of input i, or nil if there is no such input. For
// sequences it begins with AnySteps.
func (m *Model) InputShape(i int) graph.Shape {
	if m == nil || i < 0 || i >= m.inputs {
		return nil
	}
	return m.shapes[i].Clone()
}

// OutputShapes returns the shape of each output for one sample. An output with one result
// per step begins with AnySteps.
func (m *Model) OutputShapes() []graph.Shape {
	outputs := m.network().Outputs
	out := make([]graph.Shape, len(outputs))
	for i, o := range outputs {
		out[i] = m.shapes[o].Clone()
	}
	return out
}

// checkInputs returns the number of rows and the number of sequence steps.
func (m *Model) checkInputs(inputs []*tensor.Dense) (rows, steps int, err error) {
	if !m.made() {
		return 0, 0, errNotMade
	}
	if len(inputs) != m.inputs {
		return 0, 0, fmt.Errorf("models: %d inputs, want %d: %q", len(inputs), m.inputs, m.InputNames())
	}
	rows = -1
	for i, t := range inputs {
		s := m.net.Stages[i]
		if t == nil {
			return 0, 0, fmt.Errorf("models: input %q is nil", s.Scope)
		}
		shape := t.Shape()
		if s.Steps && len(shape) > 1 {
			if steps == 0 {
				steps = shape[1]
			}
			if shape[1] != steps {
				return 0, 0, fmt.Errorf("models: input %q has %d steps, earlier inputs have %d: pad all sequences to one length", s.Scope, shape[1], steps)
			}
		}
		at := 1 // where the shape of a sample, or of a step, begins
		if s.Steps {
			at = 2
		}
		if len(shape) != at+len(s.Shape) || !slices.Equal([]int(shape[at:]), s.Shape) {
			return 0, 0, fmt.Errorf("models: input %q has shape %v, want (rows, %v)", s.Scope, shape, m.shapes[i])
		}
		if rows >= 0 && shape[0] != rows {
			return 0, 0, fmt.Errorf("models: input %q has %d rows, the first has %d", s.Scope, shape[0], rows)
		}
		rows = shape[0]
	}
	if rows == 0 {
		return 0, 0, errors.New("models: no rows")
	}
	return rows, steps, nil
}

// Predict returns the outputs for any number of rows, in the model's element type. The first
// axis of each input is the rows. The second axis of sequences is the steps, of any number;
// their lengths, Int (rows), are the next input. The caller owns the results; a single
// output takes two allocations. A Predictor allocates nothing.
func (m *Model) Predict(ctx context.Context, inputs ...*tensor.Dense) ([]*tensor.Dense, error) {
	rows, steps, err := m.checkInputs(inputs)
	if err != nil {
		return nil, err
	}
	var few [4]*tensor.Dense // on the stack
	flat := few[:0]
	for i, t := range inputs {
		p, err := plain(m.net.Stages[i].Scope, t)
		if err != nil {
			return nil, err
		}
		flat = append(flat, p)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	kernel.Enter()
	defer kernel.Leave()
	batch, err := m.batchRows(rows, steps)
	if err != nil {
		return nil, err
	}
	var out []*tensor.Dense
	for at := 0; at < rows; at += batch {
		n := min(batch, rows-at)
		p, err := m.compiled(n, steps)
		if err != nil {
			return nil, err
		}
		for i, t := range flat {
			if err := load(m.net.Stages[i].Scope, p.in[i], t, at, n); err != nil {
				return nil, err
			}
		}
		if err := p.run.Run(ctx); err != nil {
			return nil, err
		}
		if out == nil {
			out = resultsLike(p.out, rows)
		}
		for i, t := range p.out {
			copyRows(out[i], t, at, rows)
		}
	}
	return out, nil
}

// batchRows returns the chunk size for predicting the given number of rows and steps. The
// caller holds m.mu.
func (m *Model) batchRows(rows, steps int) (int, error) {
	if rows <= fewestRows {
		return rows, nil
	}
	if m.row == 0 {
		p, err := m.compiled(fewestRows, usualSteps)
		if err != nil {
			return 0, err
		}
		_, weights := m.params.Count()
		m.row = max(1, (p.run.Memory()-weights*int(m.params.Dtype().Size()))/fewestRows)
	}
	row := m.row
	if m.hasSequences() {
		row = max(1, row*steps/usualSteps)
	}
	return min(rows, max(predictBytes/row, fewestRows), mostRows), nil
}

// copyRows copies part's values into the rows of whole, starting at row at.
func copyRows(whole, part *tensor.Dense, at, rows int) {
	at *= whole.DataSize() / rows
	if whole.Dtype() == graph.Float32 {
		copy(whole.Float32s()[at:], part.Float32s())
	} else {
		copy(whole.Float64s()[at:], part.Float64s())
	}
}

// compiled returns the predictor for a number of rows and steps. The caller holds m.mu.
func (m *Model) compiled(rows, steps int) (*Predictor, error) {
	if !m.hasSequences() {
		steps = 0
	}
	for i, p := range m.predictors {
		if p.rows == rows && p.steps == steps {
			copy(m.predictors[1:i+1], m.predictors[:i])
			m.predictors[0] = p
			return p, nil
		}
	}
	p, err := m.predictor(rows, steps)
	if err != nil {
		return nil, err
	}
	m.predictors = append([]*Predictor{p}, m.predictors...)
	if len(m.predictors) > maxPredictors {
		m.predictors = m.predictors[:maxPredictors]
	}
	return p, nil
}

// Evaluate returns the mean of a loss over a set with the model's inputs and targets,
// weighted by the set's weights. With several outputs, it is the sum of their losses.
func (m *Model) Evaluate(ctx context.Context, s *data.Set, loss losses.Loss) (float64, error) {
	if loss == nil {
		return 0, errors.New("models: no loss")
	}
	if s == nil {
		return 0, data.ErrEmpty
	}
	if len(s.Sequences) > 0 {
		return 0, errors.New("models: evaluate: the set has sequences of different lengths: give them to PredictRows and score what it says")
	}
	outputs, err := m.Predict(ctx, s.Inputs...)
	if err != nil {
		return 0, err
	}
	if len(s.Targets) != len(outputs) {
		return 0, fmt.Errorf("models: %d targets for %d outputs", len(s.Targets), len(outputs))
	}
	b := graph.New(graph.NewParams(m.params.Dtype(), 0), graph.Infer)
	var total *graph.Node
	var weights *graph.Node
	if s.Weights != nil {
		weights = b.Tensor("weights", tensor.New(tensor.WithShape(len(s.Weights)), tensor.WithBacking(s.Weights)))
	}
	for i, out := range outputs {
		want := s.Targets[i]
		if want == nil {
			return 0, fmt.Errorf("models: target %d is nil", i)
		}
		name := fmt.Sprintf("target%d", i)
		var node *graph.Node
		if want.Dtype() == graph.Int {
			node = b.InputInt(name, want.Shape()...)
		} else {
			node = b.Input(name, want.Shape()...)
		}
		l := losses.Mean(b, loss.Loss(b, b.Tensor(fmt.Sprintf("output%d", i), out), node), weights)
		if total == nil {
			total = l
		} else {
			total = b.Add(total, l)
		}
	}
	p, err := graph.Compile(b, total)
	if err != nil {
		return 0, fmt.Errorf("models: %w", err)
	}
	for i, want := range s.Targets {
		if err := p.SetInput(fmt.Sprintf("target%d", i), want); err != nil {
			return 0, fmt.Errorf("models: %w", err)
		}
	}
	if err := p.Run(ctx); err != nil {
		return 0, err
	}
	return p.Float(total), nil
}
