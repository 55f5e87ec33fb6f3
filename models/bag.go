package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// Bag combines several models for the same raw rows into one that averages their
// predictions: probabilities for a classification, values for a regression. Each member
// keeps its own preprocessing, target scale and temperature. The result can be saved and
// loaded like any other model. Members are copied, not changed.
//
// It is an error if the members differ in task, classes, columns, element type or number of
// outputs, have more than one input or output, or have isotonic calibrations.
func Bag(members ...*Model) (*Model, error) {
	if len(members) == 0 {
		return nil, errors.New("models: a bag without members")
	}
	for i, m := range members {
		if err := fitsBag(m, members[0]); err != nil {
			return nil, fmt.Errorf("models: member %d of the bag: %w", i, err)
		}
	}
	first := members[0]
	bag := first.Info
	scaled := 0 // number of columns with a target scale
	for _, m := range members {
		scaled = max(scaled, len(m.Info.Scales))
	}
	bag.Scales = nil
	for k := range scaled {
		s := first.Info.scaleOf(k)
		mean, scale := s.linear()
		bag.Scales = append(bag.Scales, TargetScale{Mean: mean, Scale: scale, Range: s.Range})
	}
	net, preprocess, err := joined(members, bag)
	if err != nil {
		return nil, err
	}
	m, err := assemble(first.name+" bag", net, graph.NewParamsFrom(first.params.Dtype(), first.params.Seed(), valuesOf(members)))
	if err != nil {
		return nil, err
	}
	for _, p := range m.params.All() {
		member, path := memberOf(p.Path)
		p.Trained = members[member].params.Get(path).Trained
	}
	m.Info = bag
	m.Info.Preprocess, m.Info.Calibration = preprocess, nil
	m.Info.Costs = meanCosts(members)
	m.Info.Members = max(1, first.Info.Members) * len(members)
	for k := range m.Info.Scales { // the mean lies between the smallest and the largest bound
		bag := &m.Info.Scales[k]
		for _, member := range members {
			low, high := member.Info.scaleOf(k).Range[0], member.Info.scaleOf(k).Range[1]
			if !(low < high) {
				bag.Range = [2]float64{}
				break
			}
			bag.Range = [2]float64{min(bag.Range[0], low), max(bag.Range[1], high)}
		}
	}
	return m, nil
}

// meanCosts returns the mean of the members' costs. It is exact where they agree; where each
// member has chosen its own threshold, it averages the thresholds.
func meanCosts(members []*Model) [][]float64 {
	first := members[0].Info.Costs
	out := make([][]float64, len(first))
	for i := range first {
		out[i] = slices.Clone(first[i])
		for j := range out[i] {
			for k, m := range members[1:] { // a running mean, exact where all agree
				out[i][j] += (m.Info.Costs[i][j] - out[i][j]) / float64(k+2)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func fitsBag(m, first *Model) error {
	switch {
	case m == nil || m.params == nil:
		return errors.New("it is nil")
	case m.inputs != 1 || len(m.net.Outputs) != 1:
		return fmt.Errorf("%d inputs and %d outputs, want one of each", m.inputs, len(m.net.Outputs))
	case !data.SameTask(m.Info.TaskOf(), first.Info.TaskOf()) || !slices.Equal(m.Info.Classes, first.Info.Classes) || !slices.Equal(m.Info.TargetColumns, first.Info.TargetColumns) || m.Info.Probabilities != first.Info.Probabilities || m.Info.Members != first.Info.Members:
		return errors.New("its task, classes or outputs differ from those of the first")
	case m.params.Dtype() != first.params.Dtype():
		return fmt.Errorf("its type is %v, the first member's %v", m.params.Dtype(), first.params.Dtype())
	case len(m.shapes[0]) != 1 || !slices.Equal(m.OutputShapes()[0], first.OutputShapes()[0]) || len(m.OutputShapes()[0]) != 1:
		return fmt.Errorf("its input %v or output %v is not a vector, or differs from the first", m.shapes[0], m.OutputShapes()[0])
	case len(m.Info.Features) != len(first.Info.Features):
		return fmt.Errorf("it needs %d columns, the first member %d", len(m.Info.Features), len(first.Info.Features))
	case !sameShape(m.Info.Costs, first.Info.Costs):
		return errors.New("its costs and those of the first differ in shape")
	case m.Info.Calibration != nil && m.Info.Calibration.Steps != nil:
		return errors.New("its calibration is isotonic, which cannot be joined")
	case m.Info.Calibration != nil && !m.logits():
		return errors.New("its calibration is not of the logits of classes, and cannot be joined")
	case len(m.Info.Scales) > 1 && slices.ContainsFunc(m.Info.Scales, func(s TargetScale) bool { return s.Width != 0 }):
		return errors.New("it has several targets on logarithmic scales, which cannot be joined")
	case len(m.Info.Features) == 0:
		return errors.New("it does not say which columns it was trained on")
	}
	return nil
}

// logits reports whether the outputs are logits of classes, which a temperature can divide.
func (m *Model) logits() bool {
	r, err := m.Rules()
	return err == nil && r.Logits
}

func sameShape(a, b [][]float64) bool {
	return slices.EqualFunc(a, b, func(x, y []float64) bool { return len(x) == len(y) })
}

// scopeOf returns the scope of a member's layers; memberOf splits a path back into its
// parts.
func scopeOf(member int) string { return fmt.Sprintf("member%d/", member) }

func memberOf(path string) (member int, rest string) {
	scope, rest, _ := strings.Cut(path, "/")
	fmt.Sscanf(scope, "member%d", &member)
	return member, rest
}

// valuesOf returns a function that finds the values of a bag's parameters in its members.
func valuesOf(members []*Model) func(path string, shape graph.Shape) (*tensor.Dense, error) {
	return func(path string, shape graph.Shape) (*tensor.Dense, error) {
		member, rest := memberOf(path)
		p := members[member].params.Get(rest)
		if p == nil {
			return nil, fmt.Errorf("member %d has no parameter %s", member, rest)
		}
		return p.Tensor().Clone().(*tensor.Dense), nil
	}
}

// joined combines the members' networks side by side on one input: the concatenation of what
// each member's preprocessing makes of a row.
func joined(members []*Model, bag Info) (network, data.Fitted, error) {
	net := network{Stages: []stage{{Scope: "features", Input: true}}}
	side := data.FittedColumns{Features: members[0].Info.Features}
	var ends []int
	width := 0
	for k, m := range members {
		all := make([]int, len(m.Info.Features))
		for i := range all {
			all[i] = i
		}
		side.Parts = append(side.Parts, data.FittedPart{Columns: all, Fitted: m.Info.Preprocess})
		w := m.shapes[0][0]
		index := make([]int, len(m.net.Stages)) // maps the member's stages to stages of the bag
		index[0] = len(net.Stages)
		net.Stages = append(net.Stages, stage{Scope: scopeOf(k) + "rows", Layer: layers.Slice{From: width, To: width + w}, From: []int{0}})
		width += w
		for i, s := range m.net.Stages[1:] {
			s.Scope = scopeOf(k) + s.Scope
			s.From = slices.Clone(s.From)
			for j := range s.From {
				s.From[j] = index[s.From[j]]
			}
			index[i+1] = len(net.Stages)
			net.Stages = append(net.Stages, s)
		}
		end := index[m.net.Outputs[0]]
		for _, l := range m.adjustment(bag) {
			net.Stages = append(net.Stages, stage{Scope: scopeOf(k) + fmt.Sprintf("adjusted%d", len(net.Stages)), Layer: l, From: []int{end}})
			end = len(net.Stages) - 1
		}
		ends = append(ends, end)
	}
	net.Stages[0].Shape = []int{width}
	net.Stages = append(net.Stages, stage{Scope: "members", Joiner: layers.Concat{}, From: ends})
	net.Outputs = []int{len(net.Stages) - 1}
	return net, side, nil
}

// adjustment returns the layers that convert a member's outputs to the bag's target scales,
// or its logits to temperature 1.
func (m *Model) adjustment(bag Info) []layers.Layer {
	if c := m.Info.Calibration; c != nil && c.Temperature > 0 && !m.Info.Probabilities {
		return []layers.Layer{layers.Affine{Scale: 1 / c.Temperature}}
	}
	switch len(bag.Scales) {
	case 0:
		return nil
	case 1:
		var out []layers.Layer
		s, to := m.Info.scaleOf(0), &bag.Scales[0]
		mean, scale := s.Mean, s.factor()
		if s.Width != 0 {
			out = append(out, layers.Affine{Scale: scale, Shift: mean}, layers.Sinh{})
			mean, scale = s.linear()
		}
		return append(out, layers.Affine{Scale: scale / to.factor(), Shift: (mean - to.Mean) / to.factor()})
	}
	var each layers.Affine
	for k := range bag.Scales {
		s, to := m.Info.scaleOf(k), &bag.Scales[k]
		each.Scales = append(each.Scales, s.factor()/to.factor())
		each.Shifts = append(each.Shifts, (s.Mean-to.Mean)/to.factor())
	}
	return []layers.Layer{each}
}
