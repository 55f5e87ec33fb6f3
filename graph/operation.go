package graph

import (
	"errors"
	"slices"

	"github.com/seed732fc211/aegis/internal/ops"
	"gorgonia.org/tensor"
)

// Attribute is an argument of an operation that is not an operand, such as the axis of
// a Concat: an int, uint64, float64, bool, string, []int or Activation. docs/operations.md
// lists the attributes of every operation.
type Attribute = ops.Attribute

// identity is the kind of an operation and its attributes, in one text.
func identity(kind string, attrs []Attribute) string {
	if len(attrs) == 0 {
		return kind
	}
	s := make([]byte, 0, 96)
	s = append(s, kind...)
	for _, a := range attrs {
		s = append(s, ' ')
		s = a.AppendTo(s)
	}
	return string(s)
}

// The kinds of operations without operands.
const (
	KindInput     = "Input"      // set before a run
	KindParameter = "Parameter"  // a value of Params, trained or frozen
	KindState     = "State"      // a value of Params that Update changes, such as a running mean
	KindConstant  = "Constant"   // known when the graph is built or compiled
	KindStep      = "Step"       // the number of the training step
	KindNoise     = "NoiseLevel" // what Program.SetNoise sets, in units of 2⁻³⁰
)

// Operation is a node of a graph: an operation, or one of the values that it starts
// from. Reading it changes nothing; its slices are copies.
type Operation struct {
	Kind       string      // such as "MatMul", or KindInput
	Name       string      // of a value without operands: the input's name, the path of a parameter or state
	Path       string      // of the layer, such as "encoder/2.Dense"; "": none
	Attributes []Attribute // in the order of docs/operations.md
	Operands   []int       // indices of earlier operations
	Shape      Shape       // of the result
	Type       Dtype       // of the result

	Random   bool // the result depends on the step and the seed
	Gradient bool // only a gradient needs it
	Foreign  bool // an operation of Gorgonia's, added by Apply; Kind is Gorgonia's text

	// FLOP is the multiplications and additions of the products in a run: 2·m·n·k of
	// a matrix product, 0 of everything that is no product.
	FLOP int
	// Bytes is the size of operands and result. What only takes a part out of its
	// operands, such as Slice, reads as much as it writes.
	Bytes int

	Value *tensor.Dense // of a constant, not to be changed, a scalar as one of shape (1); else nil
	Node  *Node         // in the Gorgonia graph: an output's is the one that was asked for
}

// Attribute returns the value of an attribute, nil if the operation has none of that
// name.
func (o Operation) Attribute(name string) any {
	for _, a := range o.Attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// String returns the operation's kind with its attributes, such as "Sum axes=[0]".
func (o Operation) String() string { return identity(o.Kind, o.Attributes) }

// Operations returns what the outputs are computed from, operands before their users.
// It returns the Builder's first mistake if there was one.
func (b *Builder) Operations(outputs ...*Node) ([]Operation, error) {
	if b.failed() {
		return nil, b.Err()
	}
	if len(outputs) == 0 {
		return nil, &Error{Op: "operations", Err: errors.New("no outputs")}
	}
	if !b.ready("operations", outputs...) {
		return nil, b.err
	}
	return b.operations(below(outputs...), nil), nil
}

// Operations returns what a run computes, the updates of states included, operands
// before their users. What depended on constants only is a constant itself. It is nil
// for a nil or zero Program.
func (p *Program) Operations() []Operation {
	if p == nil || p.builder == nil {
		return nil
	}
	nodes := below(p.roots...)
	used := map[*Node]bool{}
	for _, n := range p.roots {
		used[n] = true
	}
	for _, n := range slices.Backward(nodes) {
		if used[n] && p.folded[n] == nil {
			for _, c := range children(n) {
				used[c] = true
			}
		}
	}
	nodes = slices.DeleteFunc(nodes, func(n *Node) bool { return !used[n] })
	return p.builder.operations(nodes, p.folded)
}

// operations describes nodes, which are in order; known holds the values of those that
// were computed when the graph was compiled.
func (b *Builder) operations(nodes []*Node, known map[*Node]*buffer) []Operation {
	out := make([]Operation, len(nodes))
	index := make(map[*Node]int, len(nodes))
	for i, n := range nodes {
		index[n] = i
		in := children(n)
		if v := known[n]; v != nil {
			out[i] = Operation{Kind: KindConstant, Name: opName(n), Path: b.pathOf(n), Value: v.tensor(n.Shape())}
		} else if len(in) == 0 {
			out[i] = b.leafOperation(n)
		} else {
			out[i] = b.operation(n, in, index)
		}
		out[i].Shape, out[i].Type, out[i].Node = n.Shape(), n.Dtype(), n
	}
	return out
}

func (b *Builder) operation(n *Node, in []*Node, index map[*Node]int) Operation {
	o := Operation{Path: b.pathOf(n), Operands: make([]int, len(in)), Bytes: bytesOf(n)}
	part := false
	if p, ok := n.Op().(*op); ok {
		o.Kind, o.Attributes = p.kind, cloneAttributes(p.attrs)
		o.Random, o.Gradient, o.FLOP, part = p.random, p.gradient, p.flop, p.part
	} else {
		o.Kind, o.Foreign, o.Gradient = opName(n), true, b.backs[n]
	}
	for i, c := range in {
		o.Operands[i] = index[c]
		if !part {
			o.Bytes += bytesOf(c)
		}
	}
	if part {
		o.Bytes *= 2
	}
	return o
}

// leafOperation describes a node without operands.
func (b *Builder) leafOperation(n *Node) Operation {
	o := Operation{Name: n.Name()}
	_, state := b.states[o.Name]
	switch value := b.values[n]; {
	case n == b.step:
		o.Kind = KindStep
	case n == b.level:
		o.Kind = KindNoise
	case b.constants[n]:
		o.Kind, o.Value = KindConstant, value.tensor(n.Shape())
	case value != nil:
		if o.Kind = KindParameter; state {
			o.Kind = KindState
		}
		o.Path = parent(o.Name)
	case b.leaves[o.Name] == n:
		o.Kind = KindInput
	default: // Gorgonia's own
		o.Kind, o.Foreign = KindConstant, true
		buf := newBuffer(n.Dtype(), size(n.Shape()))
		if v := n.Value(); v != nil && buf.set(v) == nil {
			o.Value = buf.tensor(n.Shape())
		}
	}
	return o
}

func (b *Builder) pathOf(n *Node) string {
	if o, ok := n.Op().(*op); ok {
		return o.path
	}
	return b.foreign[n]
}

func cloneAttributes(list []Attribute) []Attribute {
	out := slices.Clone(list)
	for i, a := range out {
		if v, ok := a.Value.([]int); ok {
			out[i].Value = slices.Clone(v)
		}
	}
	return out
}

func bytesOf(n *Node) int { return size(n.Shape()) * int(n.Dtype().Size()) }

func attr(name string, value any) Attribute { return Attribute{Name: name, Value: value} }
