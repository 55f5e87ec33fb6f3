package graph

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

// Gradients returns the derivatives of a scalar y by each of wrt, as nodes of
// the same graph: reverse-mode differentiation, each operation through its
// gorgonia.SDOp. A node that y does not depend on is a mistake.
func (b *Builder) Gradients(y *Node, wrt ...*Node) []*Node {
	if !b.readyFloat("Gradients", append([]*Node{y}, wrt...)...) {
		return nil
	}
	if s := y.Shape(); len(s) != 0 {
		b.fail("Gradients", fmt.Errorf("the function has shape %s, want a scalar", dims(s)))
		return nil
	}
	nodes := below(y)
	active := map[*Node]bool{} // the nodes between wrt and y
	for _, x := range wrt {
		active[x] = true
	}
	for _, n := range nodes {
		for i, c := range children(n) {
			if active[c] && diffBy(n, i) {
				active[n] = true
			}
		}
	}
	defer func(was bool) { b.backward = was }(b.backward)
	b.backward = true
	terms := map[*Node][]*Node{y: {b.Const(1)}}
	done := map[*Node]*Node{}
	for _, n := range slices.Backward(nodes) {
		if !active[n] || len(terms[n]) == 0 {
			continue
		}
		g := b.sum(terms[n])
		done[n] = g
		if n.Op() == nil || b.failed() {
			continue
		}
		in := children(n)
		grads, err := b.differentiate(n, in, g)
		if err != nil {
			b.fail("gradient of "+opName(n), err)
			return nil
		}
		for i, c := range in {
			if active[c] && diffBy(n, i) {
				if grads[i] == nil || !slices.Equal(grads[i].Shape(), c.Shape()) {
					b.fail("gradient of "+opName(n), fmt.Errorf("by operand %d: is %v, want shape %s", i, grads[i], dims(c.Shape())))
					return nil
				}
				terms[c] = append(terms[c], grads[i])
			}
		}
	}
	out := make([]*Node, len(wrt))
	for i, x := range wrt {
		if out[i] = done[x]; out[i] == nil && b.err == nil {
			b.fail("Gradients", fmt.Errorf("the function does not depend on %s, or not differentiably", x.Name()))
			return nil
		}
	}
	if b.failed() {
		return nil
	}
	return out
}

// differentiate returns the gradients of n's operands, given n's own.
func (b *Builder) differentiate(n *Node, in []*Node, g *Node) (grads []*Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	switch o := n.Op().(type) {
	case *op:
		grads = o.grad(&Builder{shared: b.shared, path: o.path}, in, n, g)
		err = b.err
	case gorgonia.SDOp:
		before := len(b.g.AllNodes())
		grads, err = o.SymDiff(in, n, g)
		for _, m := range b.g.AllNodes()[before:] {
			b.foreign[m], b.backs[m] = b.foreign[n], true
		}
	default:
		err = errors.New("has no gradient")
	}
	if err == nil && len(grads) != len(in) {
		err = fmt.Errorf("%d gradients for %d operands", len(grads), len(in))
	}
	return grads, err
}

func diffBy(n *Node, i int) bool {
	o, ok := n.Op().(gorgonia.SDOp)
	if !ok {
		return false
	}
	diff := o.DiffWRT(len(children(n)))
	return i < len(diff) && diff[i]
}

func opName(n *Node) string {
	if o, ok := n.Op().(*op); ok {
		return o.kind
	}
	return fmt.Sprint(n.Op())
}

// below returns all nodes that the given ones depend on, themselves included,
// operands before their users. Nodes are numbered in the order in which they
// were made, which is such an order.
func below(roots ...*Node) []*Node {
	seen := map[*Node]bool{}
	var out, stack []*Node
	stack = append(stack, roots...)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		out = append(out, n)
		stack = append(stack, children(n)...)
	}
	slices.SortFunc(out, func(a, b *Node) int { return int(a.ID() - b.ID()) })
	return out
}
