package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/internal/ops"
)

// batches are those at which Lower looks at a network: prime, so that no other size
// is likely to be one of them, and three, so that a size that follows the batch in
// another way than a·N + b shows.
type batches [3]int

// lowered are the batches that Lower tries, in turn while results have more elements than an
// operation's may: so many images of a network's first layers are too much.
var lowered = []batches{{1009, 1013, 1021}, {101, 103, 107}, {17, 19, 23}}

// Lower writes down what a network computes as one program for all batches, which package
// infer runs without this package. build makes the graph of a batch, in the mode Infer,
// and its outputs; it is called for three batches, and for smaller ones if a result has too many
// elements. Sizes in it may follow the batch N as
// a·N + b with whole numbers.
//
// It is an error if the operations themselves, or the values of constants, depend on the
// batch, if a node of Gorgonia's is among them, or noise. outputs are names, one for each
// output.
func Lower(build func(batch int) (b *Builder, outputs []*Node, err error), outputs ...string) (*infer.Program, error) {
	if build == nil {
		return nil, &Error{Op: "lower", Err: errors.New("the function is nil")}
	}
	var p *infer.Program
	var err error
	for _, at := range lowered {
		if p, err = at.lower(build, outputs); !errors.Is(err, ops.ErrLarge) {
			break
		}
	}
	return p, err
}

// lower is Lower at three batches.
func (n batches) lower(build func(batch int) (b *Builder, outputs []*Node, err error), outputs []string) (*infer.Program, error) {
	const name = "lower"
	var seen [3]*lowering
	for i, batch := range n {
		b, nodes, err := build(batch)
		if err != nil {
			return nil, err
		}
		if b.Mode() != Infer {
			return nil, &Error{Op: name, Err: errors.New("the graph is for training")}
		}
		if len(nodes) != len(outputs) {
			return nil, &Error{Op: name, Err: fmt.Errorf("%d names for %d outputs", len(outputs), len(nodes))}
		}
		ops, err := b.Operations(nodes...)
		if err != nil {
			return nil, err
		}
		if seen[i], err = lowerOperations(b, ops, nodes); err != nil {
			return nil, err
		}
		seen[i].at = n
	}
	p := &infer.Program{Version: infer.ProgramVersion, Float: seen[0].float, Constants: seen[0].constants, Parameters: seen[0].parameters}
	same, err := seen[0].merge(seen[1], seen[2])
	if err != nil {
		return nil, &Error{Op: name, Err: err}
	}
	p.Inputs, p.Steps = same.inputs, same.steps
	for i, at := range seen[0].outputs {
		p.Outputs = append(p.Outputs, infer.Output{Name: outputs[i], Value: at})
	}
	return p, p.Check()
}

// lowering is a program at one batch.
type lowering struct {
	at         batches // all three
	float      infer.Type
	inputs     []infer.Variable
	parameters []infer.Parameter
	constants  []infer.Constant
	steps      []infer.Step
	outputs    []int
}

// lowerOperations numbers operations as a program does.
func lowerOperations(b *Builder, ops []Operation, outputs []*Node) (*lowering, error) {
	l := &lowering{float: opsType(b.Dtype())}
	number, placed := make([]int, len(ops)), 0
	for pass, kinds := range [][]string{{KindInput}, {KindParameter, KindState}, {KindConstant}, nil} {
		for i, o := range ops {
			leaf := len(o.Operands) == 0
			if leaf != (pass < 3) || leaf && !slices.Contains(kinds, o.Kind) {
				continue
			}
			placed++
			number[i] = len(l.inputs) + len(l.parameters) + len(l.constants) + len(l.steps)
			if err := l.add(b, o, number); err != nil {
				return nil, &Error{Path: o.Path, Op: o.Kind, Err: err}
			}
		}
	}
	if placed < len(ops) {
		return nil, &Error{Op: "lower", Err: errors.New("the number of the training step, or the level of noise, is no operation of an inference")}
	}
	for _, n := range outputs {
		l.outputs = append(l.outputs, number[slices.IndexFunc(ops, func(o Operation) bool { return o.Node == n })])
	}
	return l, nil
}

func (l *lowering) add(b *Builder, o Operation, number []int) error {
	switch {
	case o.Foreign:
		return errors.New("an operation of Gorgonia's cannot be lowered")
	case o.Kind == KindInput:
		v := infer.Variable{Name: o.Name, Type: opsType(o.Type)}
		for _, d := range o.Shape {
			v.Shape = append(v.Shape, infer.Size{Fixed: d})
		}
		l.inputs = append(l.inputs, v)
	case o.Kind == KindParameter || o.Kind == KindState:
		l.parameters = append(l.parameters, infer.Parameter{Path: o.Name, Shape: o.Shape})
	case o.Kind == KindConstant:
		l.constants = append(l.constants, infer.Constant{Shape: o.Shape, Values: b.values[o.Node].memory()})
	case !ops.Known(o.Kind):
		return errors.New("it is no operation of an inference")
	default:
		s := infer.Step{Kind: o.Kind, Path: o.Path, Attributes: o.Attributes}
		for _, c := range o.Operands {
			s.Operands = append(s.Operands, number[c])
		}
		l.steps = append(l.steps, s)
	}
	return nil
}

// merge finds how the sizes of a program follow the batch, from those at three batches.
func (l *lowering) merge(second, third *lowering) (*lowering, error) {
	out := &lowering{}
	for _, o := range []*lowering{second, third} {
		if len(o.steps) != len(l.steps) || len(o.inputs) != len(l.inputs) || !slices.Equal(o.outputs, l.outputs) ||
			!slices.EqualFunc(o.parameters, l.parameters, sameParameter) {
			return nil, errors.New("the operations depend on the batch")
		}
		if !slices.EqualFunc(o.constants, l.constants, sameConstant) {
			return nil, errors.New("a constant depends on the batch")
		}
	}
	for i, v := range l.inputs {
		w, x := second.inputs[i], third.inputs[i]
		if w.Name != v.Name || w.Type != v.Type || len(w.Shape) != len(v.Shape) || len(x.Shape) != len(v.Shape) {
			return nil, errors.New("the inputs depend on the batch")
		}
		v.Shape = slices.Clone(v.Shape)
		for k := range v.Shape {
			s, err := l.at.follow(v.Shape[k].Fixed, w.Shape[k].Fixed, x.Shape[k].Fixed)
			if err != nil {
				return nil, fmt.Errorf("input %q: %w", v.Name, err)
			}
			v.Shape[k] = s
		}
		out.inputs = append(out.inputs, v)
	}
	for i, s := range l.steps {
		t, u := second.steps[i], third.steps[i]
		if t.Kind != s.Kind || !slices.Equal(t.Operands, s.Operands) || !slices.Equal(u.Operands, s.Operands) || len(t.Attributes) != len(s.Attributes) || len(u.Attributes) != len(s.Attributes) {
			return nil, fmt.Errorf("%s: %s: the operation depends on the batch", s.Path, s.Kind)
		}
		s.Attributes = slices.Clone(s.Attributes)
		for k := range s.Attributes {
			a := &s.Attributes[k]
			v, err := l.at.followValue(a.Value, t.Attributes[k].Value, u.Attributes[k].Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: attribute %s: %w", s.Path, s.Kind, a.Name, err)
			}
			a.Value = v
		}
		out.steps = append(out.steps, s)
	}
	return out, nil
}

func sameParameter(a, b infer.Parameter) bool {
	return a.Path == b.Path && slices.Equal(a.Shape, b.Shape)
}

func sameConstant(a, b infer.Constant) bool {
	return slices.Equal(a.Shape, b.Shape) && slices.Equal(a.Values.Float32, b.Values.Float32) &&
		slices.Equal(a.Values.Float64, b.Values.Float64) && slices.Equal(a.Values.Int, b.Values.Int)
}

// followValue merges the values of an attribute at three batches. Integers that follow
// the batch become texts.
func (n batches) followValue(a, b, c any) (any, error) {
	switch x := a.(type) {
	case int:
		y, ok := b.(int)
		z, also := c.(int)
		if !ok || !also {
			break
		}
		s, err := n.follow(x, y, z)
		if s.PerRow == 0 {
			return x, err
		}
		return s.String(), err
	case []int:
		y, ok := b.([]int)
		z, also := c.([]int)
		if !ok || !also || len(y) != len(x) || len(z) != len(x) {
			break
		}
		if slices.Equal(x, y) && slices.Equal(y, z) {
			return x, nil
		}
		out := make([]any, len(x))
		for i := range x {
			v, err := n.followValue(x[i], y[i], z[i])
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	default:
		if text := attr("", a).String(); text == attr("", b).String() && text == attr("", c).String() {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%v, %v and %v at batches of %d, %d and %d", a, b, c, n[0], n[1], n[2])
}

// follow finds a size that follows the batch from its values at the batches of Lower.
func (n batches) follow(x, y, z int) (infer.Size, error) {
	per := (y - x) / (n[1] - n[0])
	s := infer.Size{PerRow: per, Fixed: x - per*n[0]}
	if s.At(n[1]) != y || s.At(n[2]) != z {
		return s, fmt.Errorf("%d, %d and %d at batches of %d, %d and %d: the size does not follow the batch N as a·N + b", x, y, z, n[0], n[1], n[2])
	}
	return s, nil
}
