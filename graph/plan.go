package graph

import (
	"runtime/debug"
	"slices"

	"github.com/seed732fc211/aegis/internal/ops"
)

// layout is where the values of a program lie: values whose lives do not overlap share
// memory, as package ops plans it.
type layout struct {
	of     map[*Node]*buffer // of leaves and folded values at first, of all when laid out, where they are first
	memory int               // bytes of all
}

// fold computes what depends on constants only, once and for all, and returns the
// values of those nodes.
func (l *layout) fold(b *Builder, nodes []*Node) (folded map[*Node]*buffer, err error) {
	folded = map[*Node]*buffer{}
	var now *op
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Path: now.path, Op: now.kind, Err: &PanicError{Value: r, Stack: debug.Stack()}}
		}
	}()
	for _, n := range nodes {
		o, ok := n.Op().(*op)
		in := children(n)
		if !ok || len(in) == 0 || slices.ContainsFunc(in, func(c *Node) bool { return !b.constants[c] && folded[c] == nil }) {
			continue
		}
		now = o
		bufs := make([]*buffer, len(in))
		for i, c := range in {
			bufs[i] = l.of[c]
		}
		if o.alias {
			first := bufs[0].part(0, size(n.Shape()))
			l.of[n], folded[n] = first, first
			continue
		}
		out := newBuffer(n.Dtype(), size(n.Shape()))
		if err := o.bind(out, bufs)(); err != nil {
			return nil, &Error{Path: o.path, Op: o.kind, Err: err}
		}
		l.of[n], folded[n] = out, out
	}
	return folded, nil
}

// place lays out the tasks in the order in which they run, and returns the memory of each; the values
// that are kept are read after the run.
func (l *layout) place(tasks []task, kept map[*Node]bool) ([]*buffer, error) {
	values := make([]ops.Planned, len(tasks))
	for i, t := range tasks {
		n := t.node
		v := ops.Planned{Type: opsType(n.Dtype()), Len: size(n.Shape()), Fixed: l.of[n] != nil}
		if !v.Fixed {
			v.Operands = t.in
			if o, ok := n.Op().(*op); ok {
				v.Alias, v.InPlace = o.alias, o.inPlace
			}
		}
		if kept[n] {
			v.Kept = 1
		}
		values[i] = v
	}
	slots, of, err := ops.Plan(values)
	if err != nil {
		return nil, err
	}
	buffers := make([]*buffer, len(slots))
	for i, s := range slots {
		if s.Of >= 0 {
			buffers[i] = l.of[tasks[s.Of].node]
		} else {
			buffers[i] = newBuffer(dtypeOf(s.Type), s.Len)
		}
		l.memory += buffers[i].len() * int(dtypeOf(s.Type).Size())
	}
	places := make([]*buffer, len(tasks))
	for i, t := range tasks {
		places[i] = buffers[of[i].Slot].part(of[i].Offset, size(t.node.Shape()))
	}
	for i, t := range tasks {
		if l.of[t.node] == nil {
			l.of[t.node] = places[i]
		}
	}
	return places, nil
}
