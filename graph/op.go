package graph

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/chewxy/hm"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// typ is the type of a value: its elements and its shape.
type typ struct {
	dtype Dtype
	shape Shape
}

func typeOf(n *Node) typ { return typ{n.Dtype(), n.Shape()} }

func (t typ) String() string { return fmt.Sprintf("%v%s", t.dtype, dims(t.shape)) }

// hm returns Gorgonia's type, which does not know sizes.
func (t typ) hm() hm.Type {
	if len(t.shape) == 0 {
		return t.dtype
	}
	return gorgonia.TensorType{Dims: len(t.shape), Of: t.dtype}
}

// call is the memory that a kernel is bound to: dense arrays that keep their
// place for the life of a Program. An operand of dtype Int is in ints.
type call[T kernel.Float] struct {
	out     []T
	outInts []int
	in      [][]T
	ints    [][]int
}

// run computes one operation on the memory it was bound to.
type run = func() error

// op is every operation of this package. It is made for operands of known type,
// so its shape rule has been applied before it exists. It is a gorgonia.Op, and
// a gorgonia.SDOp if it has a gradient: any machine of Gorgonia's can run it.
//
// Two ops with the same kind, attrs and operand types are the same operation:
// whatever the bind functions capture has to be in attrs.
//
// What an inference computes is an operation of package ops, which knows its result
// and how to run it; the gradients, losses and noise of a training are bound here.
type op struct {
	kind  string
	attrs []Attribute
	id    string // kind and attrs as a text, set by apply
	in    []typ
	out   typ // set by apply for an operation of package ops

	kernel *ops.Kernel // nil: f32 and f64 bind the op
	path   string      // of the layer, for errors; no part of the op's identity
	salt   int         // distinguishes ops whose nodes collide in Gorgonia's 32-bit hash

	f32 func(*call[float32]) run
	f64 func(*call[float64]) run

	diff []bool // by which operands the op can be differentiated; nil: by none
	grad func(b *Builder, in []*Node, out, g *Node) []*Node

	// reluGrad returns what the gradient of Relu by its value operand 0 makes of this
	// gradient, in one operation; nil if there is none.
	reluGrad func(b *Builder) *Node

	inPlace []int // operands whose memory the result may take over
	alias   bool  // the result is the operand's memory under another shape
	part    bool  // the result is a part of the operands, and the rest is not read: for profiles
	flop    int   // multiplications and additions of the products of a run, for profiles

	random   bool // the result depends on the step and on a seed among attrs
	gradient bool // made by Gradients, and the function itself does not use it
}

var _ gorgonia.SDOp = (*op)(nil)

// Arity implements gorgonia.Op.
func (o *op) Arity() int { return len(o.in) }

// Type implements gorgonia.Op.
func (o *op) Type() hm.Type {
	ts := make([]hm.Type, 0, len(o.in)+1)
	for _, t := range o.in {
		ts = append(ts, t.hm())
	}
	return hm.NewFnType(append(ts, o.out.hm())...)
}

// InferShape implements gorgonia.Op.
func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.out.shape.Clone(), nil }

// ReturnsPtr implements gorgonia.Op.
func (o *op) ReturnsPtr() bool { return false }

// CallsExtern implements gorgonia.Op.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput implements gorgonia.Op.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash implements gorgonia.Op.
func (o *op) WriteHash(h hash.Hash) {
	var room [256]byte
	s := append(room[:0], "aegis "...)
	s = append(s, o.id...)
	for _, t := range o.in {
		s = append(s, ' ')
		s = append(s, t.dtype.Name()...)
		for _, d := range t.shape {
			s = append(s, ',')
			s = strconv.AppendInt(s, int64(d), 10)
		}
	}
	s = append(s, ' ')
	h.Write(strconv.AppendInt(s, int64(o.salt), 10))
}

// Hashcode implements gorgonia.Op.
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String returns the operation with its attributes, such as "Sum axes=[0]".
func (o *op) String() string { return o.id }

// DiffWRT implements gorgonia.SDOp.
func (o *op) DiffWRT(n int) []bool {
	if o.diff == nil {
		return make([]bool, n)
	}
	return o.diff
}

// SymDiff implements gorgonia.SDOp.
func (o *op) SymDiff(in gorgonia.Nodes, out, g *Node) (gorgonia.Nodes, error) {
	if o.grad == nil {
		return nil, &Error{Path: o.path, Op: o.kind, Err: errors.New("has no gradient")}
	}
	b := New(NewParams(out.Dtype(), 0), Infer)
	b.g, b.path, b.backward = out.Graph(), o.path, true
	grads := o.grad(b, in, out, g)
	return grads, b.Err()
}

// Do implements gorgonia.Op: it allocates its result. A Program binds the
// kernel to planned memory instead.
func (o *op) Do(values ...gorgonia.Value) (gorgonia.Value, error) {
	if len(values) != len(o.in) {
		return nil, fmt.Errorf("graph: %s: %d operands, want %d", o.kind, len(values), len(o.in))
	}
	in := make([]*buffer, len(values))
	for i, v := range values {
		in[i] = newBuffer(o.in[i].dtype, size(o.in[i].shape))
		if err := in[i].set(v); err != nil {
			return nil, &Error{Path: o.path, Op: o.kind, Err: fmt.Errorf("operand %d: %w", i, err)}
		}
	}
	out := newBuffer(o.out.dtype, size(o.out.shape))
	if err := o.bind(out, in)(); err != nil {
		return nil, &Error{Path: o.path, Op: o.kind, Err: err}
	}
	return out.value(o.out.shape), nil
}

// floatType is the type that the op computes in.
func (o *op) floatType() Dtype {
	for _, t := range append([]typ{o.out}, o.in...) {
		if t.dtype != Int {
			return t.dtype
		}
	}
	return Float64
}

// prepare finds what package ops knows of the op.
func (o *op) prepare(float Dtype) error {
	in := make([]ops.Spec, len(o.in))
	for i, t := range o.in {
		in[i] = ops.Spec{Type: opsType(t.dtype), Shape: t.shape}
	}
	k, err := ops.Prepare(opsType(float), o.kind, o.attrs, in...)
	if err != nil {
		return err
	}
	o.kernel, o.alias, o.inPlace = k, k.Alias, k.InPlace
	o.out = typ{dtypeOf(k.Out.Type), k.Out.Shape}
	return nil
}

// opsType returns package ops's name of a type.
func opsType(t Dtype) ops.Type {
	switch t {
	case Float32:
		return ops.Float32
	case Float64:
		return ops.Float64
	default:
		return ops.Int
	}
}

func dtypeOf(t ops.Type) Dtype {
	switch t {
	case ops.Float32:
		return Float32
	case ops.Float64:
		return Float64
	default:
		return Int
	}
}

// bind prepares the op to run on the given memory.
func (o *op) bind(out *buffer, in []*buffer) run {
	if o.kernel != nil {
		list := make([]ops.Memory, len(in))
		for i, b := range in {
			list[i] = b.memory()
		}
		return o.kernel.Bind(out.memory(), list...)
	}
	if o.floatType() == Float32 {
		c := &call[float32]{out: out.f32, outInts: out.i, in: make([][]float32, len(in)), ints: make([][]int, len(in))}
		for i, b := range in {
			c.in[i], c.ints[i] = b.f32, b.i
		}
		return o.f32(c)
	}
	c := &call[float64]{out: out.f64, outInts: out.i, in: make([][]float64, len(in)), ints: make([][]int, len(in))}
	for i, b := range in {
		c.in[i], c.ints[i] = b.f64, b.i
	}
	return o.f64(c)
}

// apply adds an operation to the graph, or finds the same one on the same
// operands. Gorgonia finds it by a 32-bit hash; a collision with a node of
// other operands is detected by comparing them, and resolved by a salt.
func (b *Builder) apply(o *op, in ...*Node) *Node {
	if !b.ready(o.kind, in...) {
		return nil
	}
	o.path, o.gradient = b.path, b.backward
	o.id = identity(o.kind, o.attrs)
	o.in = make([]typ, len(in))
	for i, n := range in {
		o.in[i] = typeOf(n)
	}
	if o.f32 == nil {
		if err := o.prepare(b.Dtype()); err != nil {
			return b.fail(o.kind, err)
		}
	} else if err := checkShape(o.out.shape); err != nil {
		return b.fail(o.kind, err)
	}
	for ; ; o.salt++ {
		n, err := applyOp(o, in)
		if err != nil {
			return b.fail(o.kind, err)
		}
		if p, ok := n.Op().(*op); ok && p.id == o.id && slices.Equal(children(n), in) {
			p.gradient = p.gradient && b.backward
			return n
		}
	}
}

func applyOp(o *op, in []*Node) (n *Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("gorgonia: %v", r)
		}
	}()
	return gorgonia.ApplyOp(o, slices.Clone(in)...)
}

// children returns the operands of a node, in order.
func children(n *Node) []*Node {
	it := n.Graph().From(n.ID())
	if it == nil {
		return nil
	}
	out := make([]*Node, 0, it.Len())
	for it.Next() {
		out = append(out, it.Node().(*Node))
	}
	return out
}
