package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// LayerNames returns the names of the model's layers in the order of computation. A name is
// the first element of its parameters' paths, such as "0.Dense", or was set by layers.Named.
// In a Bag, names are "member0/0.Dense" and so on.
func (m *Model) LayerNames() []string {
	var names []string
	for _, s := range m.network().Stages {
		if !s.Input && !s.Again && s.Part == "" {
			names = append(names, s.Scope)
		}
	}
	return names
}

// Until returns a model of m up to the named layers. Each of them is an output, in the given
// order; layers and inputs that none of them depends on are left out. Weights and running
// statistics are copied, not shared. It is the first step of fine-tuning; Then adds new
// layers in place of those cut off.
//
// Info keeps the columns and the preprocessing, unless an input was left out. It loses the
// task, classes, target, calibration, costs and members, which described m's own outputs. A
// name may also be the path of a layer inside another, or of a value that a layer exposes,
// such as "encoder/2.Dense" or "0.LSTM/cell". A layer applied in several places is an error,
// because it has no single output.
func (m *Model) Until(names ...string) (*Model, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if len(names) == 0 {
		return nil, errors.New("models: until: no layer is named")
	}
	net, ends, err := m.net.ends(names)
	if err != nil {
		return nil, fmt.Errorf("models: until: %w; there are %q", err, m.LayerNames())
	}
	part, err := assemble(m.name, net.until(ends), m.weightsFor(m.params.Seed()))
	if err != nil {
		return nil, err
	}
	m.inherit(part)
	if part.inputs < m.inputs {
		part.Info = Info{}
	}
	return part, nil
}

// WithOutputs returns a model over m's own parameters whose outputs are the named layers, or
// values that they expose, named as in Until. It serves to inspect a layer's states or
// attention weights. Parameters are shared: training one model changes both. It cannot be
// saved.
func (m *Model) WithOutputs(names ...string) (*Model, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if len(names) == 0 {
		return nil, errors.New("models: outputs: no layer is named")
	}
	net, ends, err := m.net.ends(names)
	if err != nil {
		return nil, fmt.Errorf("models: outputs: %w; there are %q", err, m.LayerNames())
	}
	out, err := assemble(m.name, net.until(ends), m.params)
	if err != nil {
		return nil, err
	}
	out.lent = true
	out.Info = Info{Features: slices.Clone(m.Info.Features), Texts: slices.Clone(m.Info.Texts), Preprocess: m.Info.Preprocess}
	if out.inputs < m.inputs {
		out.Info = Info{}
	}
	return out, nil
}

// ends returns the network extended by a stage for each of the names, and these stages.
func (n network) ends(names []string) (network, []int, error) {
	n.Stages = slices.Clone(n.Stages)
	var ends []int
	for _, name := range names {
		at, err := n.find(name)
		if err != nil {
			layer, part := n.within(name)
			if part == "" {
				return n, nil, err
			}
			if at, err = n.find(layer); err != nil {
				return n, nil, err
			}
			n.Stages = append(n.Stages, stage{Scope: name, From: []int{at}, Part: part})
			at = len(n.Stages) - 1
		}
		ends = append(ends, at)
	}
	return n, ends, nil
}

// within splits the name of a value inside a layer into the layer's name and the rest.
func (n network) within(name string) (layer, part string) {
	for _, s := range n.Stages {
		if rest, ok := strings.CutPrefix(name, s.Scope+"/"); ok && !s.Input && s.Part == "" && len(s.Scope) > len(layer) {
			layer, part = s.Scope, rest
		}
	}
	return layer, part
}

// Then returns a model of m with more layers after its output. Their parameters are drawn
// with the given seed, which also keys the noise of all layers; m's parameters are copied,
// not shared. As in Until, Info keeps only columns and preprocessing: set Task and Classes,
// or the target's scale, for the new output. A model with several outputs is an error.
//
// To train only the new layers, freeze the others in train.Config.Groups:
//
//	optim.Group{Match: "/0.Dense/**", Frozen: true}
//
// That freezes the weights but not the running statistics of a BatchNorm, which still
// normalises by the batch during training and updates them.
func (m *Model) Then(seed uint64, ls ...layers.Layer) (*Model, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if len(ls) == 0 {
		return nil, errors.New("models: then: no layers")
	}
	if len(m.net.Outputs) != 1 {
		return nil, fmt.Errorf("models: then: the model has %d outputs, want one", len(m.net.Outputs))
	}
	net := network{Stages: slices.Clone(m.net.Stages), Outputs: slices.Clone(m.net.Outputs)}
	for i, l := range ls {
		if l == nil {
			return nil, fmt.Errorf("models: then: layer %d is nil", i)
		}
		scope, err := net.free(l, m.inputs)
		if err != nil {
			return nil, err
		}
		net.Stages = append(net.Stages, stage{Scope: scope, Layer: l, From: []int{net.Outputs[0]}})
		net.Outputs[0] = len(net.Stages) - 1
	}
	longer, err := assemble(m.name, net, m.weightsFor(seed))
	if err != nil {
		return nil, err
	}
	m.inherit(longer)
	return longer, nil
}

// find returns the stage of a layer.
func (n network) find(name string) (int, error) {
	at := -1
	for i, s := range n.Stages {
		switch {
		case s.Input || s.Scope != name:
		case at >= 0:
			return 0, fmt.Errorf("layer %q is applied in several places", name)
		default:
			at = i
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("the model has no layer %q", name)
	}
	return at, nil
}

// until returns the part of a network that the given stages depend on.
func (n network) until(ends []int) network {
	need := make([]bool, len(n.Stages))
	for _, e := range ends {
		need[e] = true
	}
	for i, s := range slices.Backward(n.Stages) {
		if need[i] {
			for _, f := range s.From {
				need[f] = true
			}
		}
		if need[i] && s.Steps {
			need[i+1] = true // their lengths
		}
	}
	var out network
	index := make([]int, len(n.Stages))
	seen := map[string]bool{}
	for i, s := range n.Stages {
		if !need[i] {
			continue
		}
		s.From = slices.Clone(s.From)
		for k, f := range s.From {
			s.From[k] = index[f]
		}
		if !s.Input && s.Part == "" {
			s.Again = seen[s.Scope] // its first application may have been left out
			seen[s.Scope] = true
		}
		index[i] = len(out.Stages)
		out.Stages = append(out.Stages, s)
	}
	for _, e := range ends {
		out.Outputs = append(out.Outputs, index[e])
	}
	return out
}

// free returns an unused scope for a layer added after all others.
func (n network) free(l layers.Layer, inputs int) (string, error) {
	taken := func(scope string) bool {
		return slices.ContainsFunc(n.Stages, func(s stage) bool { return !s.Input && s.Scope == scope })
	}
	for i := len(n.Stages) - inputs; ; i++ {
		scope := scopeName(i, &Tensor{layer: l})
		if !taken(scope) {
			return scope, nil
		}
		if named, ok := l.(layers.Named); ok && named.Name != "" {
			return "", fmt.Errorf("models: two layers are named %q", scope)
		}
	}
}

// weightsFor returns a store that copies the parameters of m and draws those that m does not
// have.
func (m *Model) weightsFor(seed uint64) *graph.Params {
	old := m.params
	return graph.NewParamsFrom(old.Dtype(), seed, func(path string, shape graph.Shape) (*tensor.Dense, error) {
		return old.Get(path).Tensor(), nil // a nil tensor if there is no such parameter
	})
}

// inherit copies to a model what it keeps of m's parameters and Info.
func (m *Model) inherit(to *Model) {
	for _, p := range to.params.All() {
		if q := m.params.Get(p.Path); q != nil {
			p.Trained = q.Trained
		}
	}
	to.Info = Info{Features: slices.Clone(m.Info.Features), Texts: slices.Clone(m.Info.Texts), Preprocess: m.Info.Preprocess}
}
