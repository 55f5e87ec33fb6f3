package graph

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"gorgonia.org/gorgonia"
)

// Apply adds an operation that Gorgonia has and Builder has not:
//
//	y := b.Apply("upsample", func(in ...*graph.Node) (*graph.Node, error) {
//		return gorgonia.Upsample2D(in[0], 2)
//	}, x)
//
// A panic and a nil result become errors, and operations that were found to be
// wrong in gorgonia v0.9.18 are refused, with the reason.
func (b *Builder) Apply(name string, f func(in ...*Node) (*Node, error), in ...*Node) *Node {
	if !b.ready(name, in...) {
		return nil
	}
	before := len(b.g.AllNodes())
	n, err := call1(f, in)
	if err == nil && n == nil {
		err = errors.New("gave a nil node")
	}
	if err == nil && n.Graph() != b.g {
		err = errors.New("gave a node of another graph")
	}
	if err != nil {
		return b.fail(name, err)
	}
	for _, m := range b.g.AllNodes()[before:] {
		if why := refused(m); why != "" {
			return b.fail(name, fmt.Errorf("gorgonia's %s: %s", kindOf(m.Op()), why))
		}
		b.foreign[m] = join(b.path, name)
	}
	return n
}

func call1(f func(in ...*Node) (*Node, error), in []*Node) (n *Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f(in...)
}

// kindOf names the type of a Gorgonia operation.
func kindOf(o gorgonia.Op) string { return strings.TrimPrefix(reflect.TypeOf(o).String(), "*") }

// wrong lists Gorgonia's operations that compute a wrong value or a wrong
// gradient (measured against finite differences in float64), by their type and
// a part of their text.
var wrong = []struct{ kind, text, why string }{
	{"gorgonia.dropoutOp", "", "its gradient is scaled by 1/p, and two of different rates become one node; use Builder.Dropout"},
	{"gorgonia.randomOp", "", "its noise comes from the clock and cannot be repeated; use Builder.Dropout or Random*"},
	{"gorgonia.reshapeOp", "", "the gradient is wrong where its operand has another user; use Builder.Reshape"},
	{"gorgonia.BatchNormOp", "", "its statistics are lost when a second machine is made; use layers.BatchNorm"},
	{"gorgonia.avgPoolOp", "", "the gradient is zero in places"},
	{"gorgonia.globalAveragePoolOp", "", "the gradient panics; use Builder.Mean"},
	{"gorgonia.byIndicesOp", "", "the gradient is wrong along axes other than 0; use Builder.Gather"},
	{"gorgonia.softmaxOp", "", "softmax and log-softmax of one value become one node, and its gradient is wrong for shape (n,1); use Builder.Softmax"},
	{"gorgonia.sparsemaxOp", "", "the gradient is wrong along axis 0"},
	{"gorgonia.atOp", "", "has no gradient; use Builder.Slice"},
	{"gorgonia.elemUnaryOp", "invSqrt", "the gradient is wrong; use Builder.Pow(x, -0.5)"},
	{"gorgonia.elemUnaryOp", "log2", "the gradient is wrong; use Builder.Log"},
	{"gorgonia.linAlgBinOp", "⊗", "the gradient fails; use Builder.Mul with broadcasting"},
	{"gorgonia.GroupNormOp", "", "prints on every backward pass"},
}

func refused(n *Node) string {
	if n.Op() == nil {
		return ""
	}
	kind, text := kindOf(n.Op()), fmt.Sprint(n.Op())
	for _, w := range wrong {
		if kind == w.kind && strings.Contains(text, w.text) && !(w.kind == "gorgonia.byIndicesOp" && strings.Contains(text, "axis=0")) {
			return w.why
		}
	}
	return ""
}

// bindForeign runs an operation of Gorgonia's on values over the program's
// memory and copies its result there.
func bindForeign(o gorgonia.Op, n *Node, out *buffer, in []*Node, bufs []*buffer) run {
	values := make([]gorgonia.Value, len(in))
	for i, c := range in {
		values[i] = bufs[i].value(c.Shape())
	}
	want := n.Shape()
	return func() error {
		v, err := o.Do(values...)
		if err != nil {
			return err
		}
		if size(v.Shape()) != size(want) {
			return fmt.Errorf("gave shape %s, promised %s", dims(v.Shape()), dims(want))
		}
		return out.set(v)
	}
}
