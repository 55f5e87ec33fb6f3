package models

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// FoldBatchNorm returns a model for inference in which every BatchNorm directly after a
// convolution or Dense layer without an activation has become part of that layer's weights:
//
//	W′ = W·s, b′ = (b − μ)·s + β, with s = γ/√(σ² + ε)
//
// by running statistics. An activation that follows moves into the layer, too. It predicts
// what m predicts, up to rounding, and in less time. It looks into Stack, Named and
// Residual, and from one layer of the model to the next. A layer whose result, or the result
// of whose parts, is used elsewhere, and a shared one, stay as they are, as does a
// BatchNorm that follows something else.
//
// Paths of other parameters stay the same, since an identity takes the BatchNorm's place. Weights
// are copied, not shared; Info is m's. The returned model no longer has the running
// statistics, so it is not what training should continue from. It is an error if there is
// nothing to fold, or if a folded weight is not finite.
func (m *Model) FoldBatchNorm() (*Model, error) {
	if !m.made() {
		return nil, errNotMade
	}
	f := folding{old: m.params, values: map[string]*tensor.Dense{}}
	net := f.network(m.net)
	if f.err != nil {
		return nil, fmt.Errorf("models: fold: %w", f.err)
	}
	if len(f.values) == 0 {
		return nil, errors.New("models: fold: no BatchNorm follows a convolution or a Dense layer without an activation")
	}
	params := graph.NewParamsFrom(m.params.Dtype(), m.params.Seed(), func(path string, shape graph.Shape) (*tensor.Dense, error) {
		if v := f.values[path]; v != nil {
			return v, nil
		}
		if p := m.params.Get(path); p != nil {
			return p.Tensor(), nil
		}
		return nil, fmt.Errorf("the parameter %s is new", path)
	})
	out, err := assemble(m.name, net, params)
	if err != nil {
		return nil, err
	}
	m.inherit(out)
	out.Info = m.Info.clone()
	return out, nil
}

// clone returns a copy that shares no slices of the caller's.
func (i Info) clone() Info {
	i.Classes, i.Features, i.Texts = slices.Clone(i.Classes), slices.Clone(i.Features), slices.Clone(i.Texts)
	i.TargetColumns, i.Scales, i.Costs = slices.Clone(i.TargetColumns), slices.Clone(i.Scales), slices.Clone(i.Costs)
	for k, row := range i.Costs {
		i.Costs[k] = slices.Clone(row)
	}
	if i.Calibration != nil {
		c := *i.Calibration
		i.Calibration = &c
	}
	return i
}

// folding collects the new weights of a network that is being folded.
type folding struct {
	old    *graph.Params
	values map[string]*tensor.Dense // of folded layers, by path
	err    error
}

// part is a layer in a tree that can be changed.
type part struct {
	path   string
	layer  layers.Layer // of a leaf
	folded bool
	parts  []*part
	join   func(parts []layers.Layer) layers.Layer // nil: a leaf
	apart  bool                                    // the parts do not follow each other: each begins with the operand
}

func newPart(path string, l layers.Layer) *part {
	p := &part{path: path, layer: l}
	switch l := l.(type) {
	case layers.Named:
		p.parts = []*part{newPart(path, l.Layer)}
		p.join = func(parts []layers.Layer) layers.Layer { return layers.Named{Name: l.Name, Layer: parts[0]} }
	case layers.Stack:
		for i, each := range l {
			p.parts = append(p.parts, newPart(path+"/"+scopeName(i, &Tensor{layer: each}), each))
		}
		p.join = func(parts []layers.Layer) layers.Layer { return layers.Stack(parts) }
	case layers.Residual:
		p.apart = true
		p.parts = []*part{newPart(path+"/body", l.Body)}
		if l.Shortcut != nil {
			p.parts = append(p.parts, newPart(path+"/shortcut", l.Shortcut))
		}
		p.join = func(parts []layers.Layer) layers.Layer {
			if l.Body = parts[0]; len(parts) > 1 {
				l.Shortcut = parts[1]
			}
			return l
		}
	}
	return p
}

// rebuilt returns the layer, as changed.
func (p *part) rebuilt() layers.Layer {
	if p.join == nil {
		return p.layer
	}
	parts := make([]layers.Layer, len(p.parts))
	for i, each := range p.parts {
		parts[i] = each.rebuilt()
	}
	return p.join(parts)
}

// network returns the folded network.
func (f *folding) network(net network) network {
	uses := make([]int, len(net.Stages))
	keep := make([]bool, len(net.Stages)) // a stage of which more than its result is used
	shared := map[string]bool{}
	for _, s := range net.Stages {
		for _, from := range s.From {
			uses[from]++
			keep[from] = keep[from] || s.Part != ""
		}
		shared[s.Scope] = shared[s.Scope] || s.Again
	}
	for _, o := range net.Outputs {
		uses[o] += 2 // it must keep its value, whoever else uses it
	}
	out := network{Stages: slices.Clone(net.Stages), Outputs: slices.Clone(net.Outputs)}
	ends := make([]*part, len(net.Stages)) // the linear layer that each stage's result is of, if it is of one
	trees := make([]*part, len(net.Stages))
	for i, s := range net.Stages {
		if s.Layer == nil || s.Input || keep[i] || shared[s.Scope] {
			continue
		}
		var before *part
		if uses[s.From[0]] == 1 {
			before = ends[s.From[0]]
		}
		trees[i] = newPart(s.Scope, s.Layer)
		ends[i] = f.walk(trees[i], before)
	}
	for i, t := range trees {
		if t != nil {
			out.Stages[i].Layer = t.rebuilt()
		}
	}
	return out
}

// walk folds what it can in p, whose operand is the result of the linear layer before, or of
// something else (nil). It returns the linear layer that p's result is of.
func (f *folding) walk(p, before *part) *part {
	switch {
	case p.apart:
		for _, each := range p.parts {
			f.walk(each, nil) // the operand is used twice
		}
		return nil
	case p.join != nil:
		for _, each := range p.parts {
			before = f.walk(each, before)
		}
		return before
	}
	switch l := p.layer.(type) {
	case layers.BatchNorm:
		if before == nil {
			return nil
		}
		f.fold(before, p, l)
		return before
	case layers.Activation:
		switch {
		case l == layers.Identity:
			return before
		case before != nil && before.folded:
			before.layer, _ = linear(before.layer, func(_ *bool, act *layers.Activation) { *act = l })
			p.layer = layers.Identity
		}
		return nil
	}
	plain := false
	if _, ok := linear(p.layer, func(_ *bool, act *layers.Activation) { plain = *act == layers.Identity }); ok && plain {
		return p
	}
	return nil
}

// linear lets change look at, and change, the bias and the activation of a layer that a
// BatchNorm folds into. ok is false for others.
func linear(l layers.Layer, change func(noBias *bool, act *layers.Activation)) (changed layers.Layer, ok bool) {
	switch l := l.(type) {
	case layers.Dense:
		change(&l.NoBias, &l.Activation)
		return l, true
	case layers.Conv1D:
		change(&l.NoBias, &l.Activation)
		return l, true
	case layers.Conv2D:
		change(&l.NoBias, &l.Activation)
		return l, true
	case layers.DepthwiseConv2D:
		change(&l.NoBias, &l.Activation)
		return l, true
	case layers.Conv2DTranspose:
		change(&l.NoBias, &l.Activation)
		return l, true
	}
	return l, false
}

// fold makes a normalisation part of a linear layer's weights, and leaves an identity.
func (f *folding) fold(into, norm *part, n layers.BatchNorm) {
	kernel, shape := f.get(into.path + "/kernel")
	mean, _ := f.get(norm.path + "/running_mean")
	variance, _ := f.get(norm.path + "/running_variance")
	if f.err != nil {
		return
	}
	eps := n.Epsilon
	if eps == 0 {
		eps = 1e-5 // BatchNorm's own
	}
	factor, bias := make([]float64, len(mean)), make([]float64, len(mean))
	if f.has(into.path + "/bias") {
		bias, _ = f.get(into.path + "/bias")
	}
	for i, v := range variance {
		factor[i] = 1 / math.Sqrt(v+eps)
	}
	if !n.NoAffine {
		gamma, _ := f.get(norm.path + "/scale")
		for i, v := range gamma {
			factor[i] *= v
		}
	}
	for i := range bias {
		bias[i] = (bias[i] - mean[i]) * factor[i]
	}
	if !n.NoAffine {
		beta, _ := f.get(norm.path + "/shift")
		for i, v := range beta {
			bias[i] += v
		}
	}
	each := 1 // how many values in a row have one factor
	if _, transposed := into.layer.(layers.Conv2DTranspose); transposed {
		each = shape[len(shape)-1]
	}
	for i := range kernel {
		kernel[i] *= factor[i/each%len(factor)]
	}
	f.set(into.path+"/kernel", shape, kernel)
	f.set(into.path+"/bias", graph.Shape{len(bias)}, bias)
	into.layer, _ = linear(into.layer, func(noBias *bool, _ *layers.Activation) { *noBias = false })
	into.folded = true
	norm.layer = layers.Identity
}

func (f *folding) has(path string) bool { return f.values[path] != nil || f.old.Get(path) != nil }

// get returns a copy of a parameter's values.
func (f *folding) get(path string) ([]float64, graph.Shape) {
	if t := f.values[path]; t != nil {
		return slices.Clone(t.Float64s()), graph.Shape(t.Shape().Clone())
	}
	p := f.old.Get(path)
	if p == nil && f.err == nil {
		f.err = fmt.Errorf("the parameter %s is missing", path)
	}
	return p.Values(), p.Shape()
}

// set keeps a parameter's new values.
func (f *folding) set(path string, shape graph.Shape, values []float64) {
	largest := math.MaxFloat64
	if f.old.Dtype() == graph.Float32 {
		largest = math.MaxFloat32
	}
	for i, v := range values {
		if !(math.Abs(v) <= largest) && f.err == nil {
			f.err = fmt.Errorf("%s: value %d is %v: want finite numbers of type %v", path, i, v, f.old.Dtype())
		}
	}
	f.values[path] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))
}
