package graph

import (
	"runtime/debug"
	"slices"
)

// plan gives every value of a program a place in memory: values whose lives do
// not overlap share one.

// slot is memory that values take turns in.
type slot struct {
	dtype Dtype
	n     int // elements
	users int // operations that have still to read the value in it
	fixed bool
	buf   *buffer
}

type planner struct {
	slots []*slot
	free  []*slot
	of    map[*Node]*slot
}

// take returns a free slot for n elements: the smallest that is large enough,
// else the largest, grown, else a new one.
func (p *planner) take(dt Dtype, n int) *slot {
	best := -1
	for i, s := range p.free {
		if s.dtype != dt {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		b := p.free[best].n
		if s.n >= n && (b < n || s.n < b) || s.n < n && b < n && s.n > b {
			best = i
		}
	}
	if best < 0 {
		s := &slot{dtype: dt, n: n}
		p.slots = append(p.slots, s)
		return s
	}
	s := p.free[best]
	p.free = append(p.free[:best], p.free[best+1:]...)
	s.n = max(s.n, n)
	return s
}

// fix gives a leaf a place of its own, over buf if that is known.
func (p *planner) fix(n *Node, buf *buffer) {
	s := &slot{dtype: n.Dtype(), n: size(n.Shape()), fixed: true, buf: buf}
	p.slots = append(p.slots, s)
	p.of[n] = s
}

// fold computes what depends on constants only, once and for all, and returns the
// values of those nodes.
func (p *planner) fold(b *Builder, nodes []*Node) (folded map[*Node]*buffer, err error) {
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
			bufs[i] = p.of[c].buf.first(size(c.Shape()))
		}
		if o.alias {
			p.of[n], folded[n] = p.of[in[0]], bufs[0]
			continue
		}
		out := newBuffer(n.Dtype(), size(n.Shape()))
		if err := o.bind(out, bufs)(); err != nil {
			return nil, &Error{Path: o.path, Op: o.kind, Err: err}
		}
		p.fix(n, out)
		folded[n] = out
	}
	return folded, nil
}

// layOut walks the nodes in the order in which they run; reads tells how often
// each value is read, results included.
func (p *planner) layOut(nodes []*Node, reads map[*Node]int) {
	for _, n := range nodes {
		if p.of[n] != nil {
			continue // a leaf
		}
		in := children(n)
		o, _ := n.Op().(*op)
		switch {
		case o != nil && o.alias:
			s := p.of[in[0]]
			s.users += reads[n]
			p.of[n] = s
		default:
			s := p.inherit(n, o, in)
			if s == nil {
				s = p.take(n.Dtype(), size(n.Shape()))
			}
			s.users += reads[n]
			p.of[n] = s
		}
		for _, c := range in {
			s := p.of[c]
			s.users--
			if s.users == 0 && !s.fixed && s != p.of[n] {
				p.free = append(p.free, s)
			}
		}
	}
	for _, s := range p.slots {
		if s.buf == nil {
			s.buf = newBuffer(s.dtype, s.n)
		}
	}
}

// inherit returns the slot of an operand that nobody reads after n and that n
// may write over.
func (p *planner) inherit(n *Node, o *op, in []*Node) *slot {
	if o == nil {
		return nil
	}
	for _, i := range o.inPlace {
		s := p.of[in[i]]
		if s.fixed || s.users != 1 || s.dtype != n.Dtype() {
			continue
		}
		if once(in, p.of, s) {
			return s
		}
	}
	return nil
}

// once tells whether a slot holds exactly one of the operands.
func once(in []*Node, of map[*Node]*slot, s *slot) bool {
	n := 0
	for _, c := range in {
		if of[c] == s {
			n++
		}
	}
	return n == 1
}
