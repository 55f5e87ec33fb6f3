package models

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
)

// Tensor stands for a value in a network: an input, or the result of a layer. It holds no
// numbers; New builds a Model from the tensors between inputs and outputs.
type Tensor struct {
	name   string      // of an input
	shape  graph.Shape // sample shape of an input
	int    bool        // an input of indices
	steps  bool        // an input of sequences; shape is that of one step
	length *Tensor     // the lengths of such an input
	layer  layers.Layer
	joiner layers.Joiner
	part   string // name of another value that the layer of from exposes
	from   []*Tensor
	shared *Shared
}

// Input returns an input for samples of the given shape, without the batch axis.
func Input(name string, shape ...int) *Tensor {
	return &Tensor{name: name, shape: shape}
}

// InputInt returns an input for samples of indices, as layers.Embedding takes them.
func InputInt(name string, shape ...int) *Tensor {
	return &Tensor{name: name, shape: shape, int: true}
}

// Sequence returns an input for sequences of different lengths, with features of the given
// shape at every step; without a shape, a step is one number. Layers see (batch, steps,
// ...), padded with zeros to the longest sequence of the batch ([data.PaddedSteps]). Layers
// that look at more than one step must be given the lengths, or padding would change their
// results:
//
//	x := models.Sequence("signal", 3)
//	last := models.Join(layers.LSTM{Units: 16}, x, x.Lengths())
//
// Besides recurrent layers, layers.GlobalAveragePool and GlobalMaxPool, and what attends
// (layers.MultiHeadAttention, TransformerEncoder, AdditiveAttention) take lengths. Layers
// that treat every step separately, such as layers.Dense and layers.Embedding, need none. An
// output without a step axis that depends on sequences but not on their lengths is an error.
// BatchNorm and convolutions do see the padding.
func Sequence(name string, shape ...int) *Tensor {
	t := &Tensor{name: name, shape: shape, steps: true}
	t.length = &Tensor{name: name + ".lengths", int: true}
	return t
}

// SequenceInt returns an input for sequences of indices, such as token ids for
// layers.Embedding. They are padded with the last index of their row.
func SequenceInt(name string) *Tensor {
	t := Sequence(name)
	t.int = true
	return t
}

// Lengths returns the lengths of the sequences of t, Int (batch), which are an input of
// every model of t. It is nil, which New refuses, if t is not a Sequence.
func (t *Tensor) Lengths() *Tensor {
	if t == nil {
		return nil
	}
	return t.length
}

// Then applies layers in order.
func (t *Tensor) Then(ls ...layers.Layer) *Tensor {
	for _, l := range ls {
		t = &Tensor{layer: l, from: []*Tensor{t}}
	}
	return t
}

// Part returns another value that the layer of t exposes besides its result, such as "state"
// and "cell" of an LSTM, or the result of a layer inside it, such as "1.Dense" of a Stack:
// see graph.Builder.Expose.
func (t *Tensor) Part(name string) *Tensor { return &Tensor{part: name, from: []*Tensor{t}} }

// Join applies a layer that takes several inputs.
func Join(j layers.Joiner, ts ...*Tensor) *Tensor { return &Tensor{joiner: j, from: ts} }

// Shared is a layer or a Joiner applied in several places with the same parameters.
type Shared struct {
	layer  layers.Layer
	joiner layers.Joiner
}

// Share wraps a layer so that it can be applied in several places.
func Share(l layers.Layer) *Shared { return &Shared{layer: l} }

// ShareJoiner wraps a Joiner so that it can be applied in several places.
func ShareJoiner(j layers.Joiner) *Shared { return &Shared{joiner: j} }

// On applies the shared layer. A nil Shared gives nil, which New refuses, as it refuses the result
// for a shared Joiner.
func (s *Shared) On(t *Tensor) *Tensor {
	if s == nil {
		return nil
	}
	return &Tensor{layer: s.layer, from: []*Tensor{t}, shared: s}
}

// Join applies the shared Joiner. A nil Shared gives nil, which New refuses, as it refuses the
// result for a shared layer.
func (s *Shared) Join(ts ...*Tensor) *Tensor {
	if s == nil {
		return nil
	}
	return &Tensor{joiner: s.joiner, from: ts, shared: s}
}

// stage is one step of a network, in the order in which it is built, and the form in which a
// model file stores it.
type stage struct {
	Scope string // path of parameters; for an input, its name
	Input bool
	Int   bool
	Shape []int
	// Steps marks an input of sequences; Shape is that of a step, and the lengths are the
	// next input.
	Steps  bool
	Layer  layers.Layer
	Joiner layers.Joiner
	From   []int
	Again  bool   // a shared layer that was applied before
	Part   string // name of a value exposed by the only one of From; there is no layer then
}

// network is the architecture of a model.
type network struct {
	Stages  []stage
	Outputs []int
}

var errNilTensor = errors.New("models: a nil tensor in the network")

// collect orders the tensors between inputs and outputs.
func collect(inputs, outputs []*Tensor) (network, error) {
	var net network
	index := map[*Tensor]int{}
	for _, in := range inputs {
		if in == nil {
			return net, errNilTensor
		}
		if in.from != nil {
			return net, errors.New("models: an input is the result of a layer")
		}
		if _, twice := index[in]; twice {
			return net, fmt.Errorf("models: input %q is named twice", in.name)
		}
		index[in] = len(net.Stages)
		net.Stages = append(net.Stages, stage{Scope: in.name, Input: true, Int: in.int, Shape: in.shape, Steps: in.steps})
		if in.steps {
			index[in.length] = len(net.Stages)
			net.Stages = append(net.Stages, stage{Scope: in.length.name, Input: true, Int: true})
		}
	}
	first := len(net.Stages) // index of the first stage that is not an input
	scopes := map[*Shared]string{}
	used := map[string]bool{}
	var visit func(t *Tensor) error
	visit = func(t *Tensor) error {
		if t == nil {
			return errNilTensor
		}
		if _, ok := index[t]; ok {
			return nil
		}
		if t.from == nil {
			return fmt.Errorf("models: input %q is used but not among the model's inputs", t.name)
		}
		s := stage{Layer: t.layer, Joiner: t.joiner, Part: t.part}
		for _, f := range t.from {
			if err := visit(f); err != nil {
				return err
			}
			s.From = append(s.From, index[f])
		}
		if t.part != "" {
			from := net.Stages[s.From[0]]
			if from.Input || from.Again || from.Part != "" {
				return fmt.Errorf("models: part %q of %s: want the result of one layer, applied once", t.part, from.Scope)
			}
			s.Scope = from.Scope + "/" + t.part
			index[t] = len(net.Stages)
			net.Stages = append(net.Stages, s)
			return nil
		}
		if t.layer == nil && t.joiner == nil {
			return fmt.Errorf("models: layer %d is nil", len(net.Stages)-first)
		}
		if t.shared != nil && scopes[t.shared] != "" {
			s.Scope, s.Again = scopes[t.shared], true
		} else {
			s.Scope = scopeName(len(net.Stages)-first, t)
			if used[s.Scope] {
				return fmt.Errorf("models: two layers are named %q", s.Scope)
			}
			used[s.Scope] = true
			if t.shared != nil {
				scopes[t.shared] = s.Scope
			}
		}
		index[t] = len(net.Stages)
		net.Stages = append(net.Stages, s)
		return nil
	}
	for _, o := range outputs {
		if err := visit(o); err != nil {
			return net, err
		}
		net.Outputs = append(net.Outputs, index[o])
	}
	return net, nil
}

func scopeName(i int, t *Tensor) string {
	if n, ok := t.layer.(layers.Named); ok && n.Name != "" {
		return n.Name
	}
	if t.layer != nil {
		return fmt.Sprintf("%d.%s", i, layers.Name(t.layer))
	}
	return fmt.Sprintf("%d.%s", i, layers.Name(t.joiner))
}

// build adds the network to a graph and returns the node of every stage.
func (n network) build(b *graph.Builder, inputs []*graph.Node) []*graph.Node {
	nodes := make([]*graph.Node, len(n.Stages))
	for i, s := range n.Stages {
		if b.Err() != nil {
			return nil
		}
		if s.Input {
			nodes[i] = inputs[i]
			continue
		}
		at := b.Scope(s.Scope)
		if s.Again {
			at = at.Again()
		}
		if s.Part != "" {
			nodes[i] = b.Scope(n.Stages[s.From[0]].Scope).Node(s.Part)
			continue
		}
		nodes[i] = at.Expose("", s.build(at, nodes))
		if b.Err() == nil && nodes[i] == nil {
			at.Fail("the layer gave a nil node")
		}
	}
	return nodes
}

func (s stage) build(b *graph.Builder, nodes []*graph.Node) (y *graph.Node) {
	defer func() {
		if r := recover(); r != nil { // from the user's layer
			y = b.Fail("panic: %v", r)
		}
	}()
	xs := make([]*graph.Node, len(s.From))
	for i, f := range s.From {
		xs[i] = nodes[f]
	}
	if s.Joiner != nil {
		return s.Joiner.Join(b, xs)
	}
	return s.Layer.Build(b, xs[0])
}
