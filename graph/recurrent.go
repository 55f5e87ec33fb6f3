package graph

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Cell is the kind of a recurrent network.
type Cell struct{ kind kernel.Cell }

// The cells; x is a step's input, h' the state before. Products with kernels are
// x·W and h'·U, whose columns are gate by gate in the order of the formulas.
var (
	// TanhCell: h = tanh(x·W + h'·U + b). Elman (1990).
	TanhCell = Cell{kernel.TanhCell}
	// ReluCell: h = max(x·W + h'·U + b, 0).
	ReluCell = Cell{kernel.ReluCell}
	// LSTMCell: i, f, o = σ(·), g = tanh(·) of x·W + h'·U + b, in the order i, f, g, o;
	// c = f·c' + i·g, h = o·tanh c. Hochreiter & Schmidhuber (1997), Gers et al. (2000).
	LSTMCell = Cell{kernel.LSTMCell}
	// GRUCell: r, z = σ(x·W + h'·U + b), n = tanh(x·W + b + r·(h'·U + q)), h = (1−z)·n + z·h',
	// with another bias q. Cho et al. (2014), arXiv:1406.1078, in cuDNN's and PyTorch's form.
	GRUCell = Cell{kernel.GRUCell}
)

var cellNames = map[Cell]string{TanhCell: "TanhRNN", ReluCell: "ReluRNN", LSTMCell: "LSTM", GRUCell: "GRU"}

// String returns the cell's name.
func (c Cell) String() string { return cellNames[c] }

// Gates returns the number of gates, the blocks of columns of the kernels.
func (c Cell) Gates() int {
	r := kernel.Recurrent{Cell: c.kind}
	return r.Gates()
}

// Recurrence is a recurrent network with its weights.
//
// Shapes, with G = Cell.Gates(): W (features, G·units), U (units, G·units),
// Bias (G·units), OtherBias (units) of a GRU, H0 and C0 (batch, units), Lengths Int
// (batch).
type Recurrence struct {
	Cell Cell
	W, U *Node

	Bias, OtherBias *Node // nil: none
	H0, C0          *Node // states before the first step; nil: zeros
	Lengths         *Node // of the sequences, 0 to steps; nil: all steps count
	Last            bool  // result is the last state of every sequence, not all states
	Cells           bool  // with Last, of an LSTM: result is the last states h and c, side by side
}

// Recurrent runs a recurrent network over sequences: one operation for all
// steps. Behind the length of a sequence the state stays and results are 0.
//
// Shapes: x (batch, steps, features), result (batch, steps, units), or (batch,
// units) with Last, (batch, 2·units) with Cells. A length outside of [0, steps] is an error of the run.
func (b *Builder) Recurrent(x *Node, r Recurrence) *Node {
	name := r.Cell.String()
	if !b.readyFloat(name, x, r.W, r.U) {
		return nil
	}
	s, w, u := x.Shape(), r.W.Shape(), r.U.Shape()
	if len(s) != 3 {
		return b.fail(name, fmt.Errorf("%s: want (batch, steps, features)", dims(s)))
	}
	k := &kernel.Recurrent{Cell: r.Cell.kind, N: s[0], T: s[1], I: s[2]}
	if len(u) != 2 || u[1] != k.Gates()*u[0] {
		return b.fail(name, fmt.Errorf("recurrent kernels %s: want (units, %d·units)", dims(u), k.Gates()))
	}
	k.H = u[0]
	if r.Cells && (!r.Last || r.Cell != LSTMCell) {
		return b.fail(name, errors.New("cells: they are those of the last step of an LSTM"))
	}
	if len(w) != 2 || w[0] != k.I || w[1] != u[1] {
		return b.fail(name, fmt.Errorf("kernels %s: want (%d,%d)", dims(w), k.I, u[1]))
	}
	p := &recurrent{k: k, attrs: []Attribute{attr("hidden_size", k.H), attr("last", r.Last)}}
	switch {
	case r.Cells:
		p.result = kernel.LastStates
		p.attrs = append(p.attrs, attr("cells", true))
	case r.Last:
		p.result = kernel.LastState
	}
	in := []*Node{x, r.W, r.U}
	for _, o := range []struct {
		what, attribute string
		node            *Node
		shape           Shape
		place           *int
		only            Cell
	}{
		{"bias", "bias", r.Bias, Shape{u[1]}, &p.bias, r.Cell},
		{"other bias", "other_bias", r.OtherBias, Shape{k.H}, &p.other, GRUCell},
		{"initial state", "initial_h", r.H0, Shape{k.N, k.H}, &p.h0, r.Cell},
		{"initial cell state", "initial_c", r.C0, Shape{k.N, k.H}, &p.c0, LSTMCell},
	} {
		if o.node == nil {
			continue
		}
		if !b.readyFloat(name, o.node) {
			return nil
		}
		if o.only != r.Cell {
			return b.fail(name, fmt.Errorf("%s: is for %v only", o.what, o.only))
		}
		if n := o.node.Shape(); len(n) != len(o.shape) || size(n) != size(o.shape) || n[0] != o.shape[0] {
			return b.fail(name, fmt.Errorf("%s %s, want %s", o.what, dims(n), dims(o.shape)))
		}
		*o.place = len(in)
		p.attrs = append(p.attrs, attr(o.attribute, len(in)))
		in = append(in, o.node)
	}
	if n := r.Lengths; n != nil {
		if !b.ready(name, n) {
			return nil
		}
		if l := n.Shape(); n.Dtype() != Int || len(l) != 1 || l[0] != k.N {
			return b.fail(name, fmt.Errorf("lengths %v: want int(%d)", typeOf(n), k.N))
		}
		p.lengths = len(in)
		p.attrs = append(p.attrs, attr("sequence_lens", len(in)))
		in = append(in, n)
	}
	return b.recurrent(p, name, in)
}

// recurrent is a recurrence; its optional operands are given by their index, 0 for none.
type recurrent struct {
	k                            *kernel.Recurrent
	result                       kernel.Result
	attrs                        []Attribute
	bias, other, h0, c0, lengths int
}

// attributes returns those of a forward pass; in training, it saves what gradients need.
func (p *recurrent) attributes(training bool) []Attribute {
	return append(p.attrs[:len(p.attrs):len(p.attrs)], attr("training_mode", training))
}

// product returns the FLOPs of multiplying inputs of this width by all gate kernels over
// the given steps.
func (p *recurrent) product(steps, width int) int {
	return 2 * p.k.N * steps * width * p.k.Gates() * p.k.H
}

// forwardSteps is the number of steps that multiply the previous state. The first step
// skips that if the state is zero, except in a GRU, which saves the product.
func (p *recurrent) forwardSteps() int {
	if p.h0 == 0 && p.k.Cell != kernel.GRUCell {
		return p.k.T - 1
	}
	return p.k.T
}

// recurrent adds the fused operation of an inference, or the operations of a training. The
// gradients of the former start by recomputing what a training saves.
func (b *Builder) recurrent(p *recurrent, name string, in []*Node) *Node {
	if b.mode != Infer || p.result == kernel.LastStates {
		return b.recurrentStates(p, name, b.recurrentSaved(p, name, in), in)
	}
	return b.apply(&op{
		kind: name, attrs: p.attributes(false), diff: differentiable(in), flop: p.flop(),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			saved := b.recurrentSaved(p, name, in)
			if saved == nil {
				return nil
			}
			return b.recurrentGrads(p, name, saved, in, g)[1:]
		},
	}, in...)
}

// flop returns the FLOPs of the products of a forward pass.
func (p *recurrent) flop() int { return p.product(p.k.T, p.k.I) + p.product(p.forwardSteps(), p.k.H) }

// differentiable reports which operands have gradients.
func differentiable(in []*Node) []bool {
	diff := make([]bool, len(in))
	for i, n := range in {
		diff[i] = n.Dtype() != Int
	}
	return diff
}

// recurrentSaved adds the operation that computes and saves all steps.
func (b *Builder) recurrentSaved(p *recurrent, name string, in []*Node) *Node {
	return b.apply(&op{kind: name, attrs: p.attributes(true), flop: p.flop()}, in...)
}

// recurrentStates adds the operation that extracts the states from the saved values. It has
// the operands of the recurrence too, so its gradients with respect to them need none with
// respect to the saved values.
func (b *Builder) recurrentStates(p *recurrent, name string, saved *Node, in []*Node) *Node {
	if saved == nil {
		return nil
	}
	return b.apply(&op{
		kind: name + "States", attrs: p.attrs, diff: append([]bool{false}, differentiable(in)...), part: true,
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node { return b.recurrentGrads(p, name, in[0], in[1:], g) },
	}, append([]*Node{saved}, in...)...)
}

// lengthsOf returns the lengths among the operands of a recurrence that starts at the given
// index.
func (p *recurrent) lengthsOf(ints [][]int, first int) []int {
	if p.lengths == 0 {
		return nil
	}
	return ints[first+p.lengths]
}

// recurrentGrads returns the gradients with respect to the saved values, which is nil, and
// the operands of the recurrence.
func (b *Builder) recurrentGrads(p *recurrent, name string, saved *Node, in []*Node, g *Node) []*Node {
	k := p.k
	basis := append([]*Node{saved, g}, in...)
	d := b.apply(&op{
		kind: name + "Grad", attrs: p.attrs, out: typ{b.Dtype(), Shape{k.N, k.T, k.Grads() * k.H}}, flop: p.product(k.T-1, k.H),
		f32: bindRecurrentGrad[float32](p, false), f64: bindRecurrentGrad[float64](p, false),
	}, basis...)
	of := func(what string, flop int, like *Node, f32 func(c *call[float32]) run, f64 func(c *call[float64]) run, operands ...*Node) *Node {
		return b.apply(&op{kind: name + what, attrs: p.attrs, out: typeOf(like), f32: f32, f64: f64, flop: flop}, operands...)
	}
	grads := make([]*Node, 1+len(in))
	grads[1] = of("InputGrad", p.product(k.T, k.I), in[0], bindPair(k, kernel.RecurrentInputGrad[float32]), bindPair(k, kernel.RecurrentInputGrad[float64]), d, in[1])
	grads[2] = of("KernelGrad", p.product(k.T, k.I), in[1], bindPair(k, kernel.RecurrentKernelGrad[float32]), bindPair(k, kernel.RecurrentKernelGrad[float64]), in[0], d)
	grads[3] = of("RecurrentGrad", p.product(k.T, k.H), in[2], bindPair(k, kernel.RecurrentStateKernelGrad[float32]), bindPair(k, kernel.RecurrentStateKernelGrad[float64]), saved, d)
	if p.bias > 0 {
		grads[1+p.bias] = of("BiasGrad", 0, in[p.bias], bindPool(k, kernel.RecurrentBiasGrad[float32]), bindPool(k, kernel.RecurrentBiasGrad[float64]), d)
	}
	if p.other > 0 {
		grads[1+p.other] = of("OtherGrad", 0, in[p.other], bindPool(k, kernel.RecurrentOtherBiasGrad[float32]), bindPool(k, kernel.RecurrentOtherBiasGrad[float64]), d)
	}
	if p.h0+p.c0 > 0 {
		initial := b.apply(&op{
			kind: name + "InitialGrad", attrs: p.attrs, out: typ{b.Dtype(), Shape{2, k.N, k.H}}, flop: p.product(k.T, k.H),
			f32: bindRecurrentGrad[float32](p, true), f64: bindRecurrentGrad[float64](p, true),
		}, basis...)
		for i, place := range []int{p.h0, p.c0} {
			if place > 0 {
				grads[1+place] = b.Reshape(b.Slice(initial, 0, i, i+1), k.N, k.H)
			}
		}
	}
	return grads
}

// bindRecurrentGrad binds the backward pass; its result is the gradients with respect to
// the gate pre-activations, or the initial states.
func bindRecurrentGrad[T kernel.Float](p *recurrent, initial bool) func(*call[T]) run {
	return func(c *call[T]) run {
		k := p.k
		s, g := c.in[0], c.in[1]
		in := &kernel.RecurrentOperands[T]{U: c.in[4], Lengths: p.lengthsOf(c.ints, 2)}
		if p.c0 > 0 {
			in.C0 = c.in[2+p.c0]
		}
		d, dh, dc := c.out, []T(nil), []T(nil)
		if initial {
			d, dh, dc = make([]T, k.N*k.T*k.Grads()*k.H), c.out[:k.N*k.H], c.out[k.N*k.H:]
		}
		return func() error {
			kernel.RecurrentBackward(k, in, s, g, p.result, d, dh, dc)
			return nil
		}
	}
}

func bindPair[G any, T kernel.Float](c *G, f func(c *G, x, y, out []T)) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, y := k.out, k.in[0], k.in[1]
		return func() error { f(c, x, y, out); return nil }
	}
}

// ReverseSequence turns every sequence around: its first steps up to its length,
// all of them if lengths is nil. Steps past it stay.
//
// Shapes: x (batch, steps, ...), lengths Int (batch) or nil, result as x.
func (b *Builder) ReverseSequence(x, lengths *Node) *Node {
	const name = "ReverseSequence"
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	if len(s) < 2 {
		return b.fail(name, fmt.Errorf("%s: want (batch, steps, ...)", dims(s)))
	}
	in := []*Node{x}
	if lengths != nil {
		if !b.ready(name, lengths) {
			return nil
		}
		if l := lengths.Shape(); lengths.Dtype() != Int || len(l) != 1 || l[0] != s[0] {
			return b.fail(name, fmt.Errorf("lengths %v: want int(%d)", typeOf(lengths), s[0]))
		}
		in = append(in, lengths)
	}
	diff := []bool{true, false}
	return b.apply(&op{
		kind: name, out: typeOf(x), diff: diff[:len(in)],
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			if len(in) == 1 {
				return []*Node{b.ReverseSequence(g, nil)}
			}
			return []*Node{b.ReverseSequence(g, in[1]), nil}
		},
	}, in...)
}
