package ops

import (
	"errors"
	"fmt"
)

// Planned is what Plan wants to know of a value.
type Planned struct {
	Type     Type
	Len      int   // elements
	Operands []int // earlier values
	Alias    bool  // it is the memory of its first operand
	InPlace  []int // operands, by their place among Operands, whose memory it may take over
	Fixed    bool  // it has memory of its own: an input, a parameter, a constant
	Kept     int   // how often it is read after the run
}

// Slot is memory that values take turns in.
type Slot struct {
	Type Type
	Len  int // elements
	Of   int // the Fixed value that it belongs to, −1: none
}

// Plan gives every value of a program a place in memory: values whose lives do not
// overlap share one. It returns the slot of each value. The values are in the order in
// which they are computed; an operand that is no earlier value is an error.
func Plan(values []Planned) (slots []Slot, of []int, err error) {
	for i, v := range values {
		if err := v.check(i); err != nil {
			return nil, nil, fmt.Errorf("ops: plan: value %d: %w", i, err)
		}
	}
	p := planner{of: make([]int, len(values))}
	reads := make([]int, len(values))
	for i, v := range values {
		reads[i] += v.Kept
		for _, c := range v.Operands {
			reads[c]++
		}
	}
	for i, v := range values {
		p.place(i, v, reads[i])
	}
	return p.slots, p.of, nil
}

// check reports a mistake in value i.
func (v *Planned) check(i int) error {
	for _, c := range v.Operands {
		if c < 0 || c >= i {
			return fmt.Errorf("operand %d is no earlier value", c)
		}
	}
	for _, k := range v.InPlace {
		if k < 0 || k >= len(v.Operands) {
			return fmt.Errorf("in place of operand %d of %d", k, len(v.Operands))
		}
	}
	if v.Alias && len(v.Operands) == 0 {
		return errors.New("an alias of nothing")
	}
	return nil
}

type planner struct {
	slots []Slot
	users []int // of each slot: operations that have still to read the value in it
	free  []int
	of    []int
}

func (p *planner) place(i int, v Planned, reads int) {
	switch {
	case v.Fixed:
		p.of[i] = p.add(Slot{v.Type, v.Len, i})
		p.users[p.of[i]] = reads
		return
	case v.Alias:
		p.of[i] = p.of[v.Operands[0]]
	default:
		s := p.inherit(v)
		if s < 0 {
			s = p.take(v.Type, v.Len)
		}
		p.of[i] = s
	}
	p.users[p.of[i]] += reads
	for _, c := range v.Operands {
		s := p.of[c]
		p.users[s]--
		if p.users[s] == 0 && p.slots[s].Of < 0 && s != p.of[i] {
			p.free = append(p.free, s)
		}
	}
}

func (p *planner) add(s Slot) int {
	p.slots = append(p.slots, s)
	p.users = append(p.users, 0)
	return len(p.slots) - 1
}

// take returns a free slot for n elements: the smallest that is large enough, else the
// largest, grown, else a new one.
func (p *planner) take(t Type, n int) int {
	best := -1
	for k, i := range p.free {
		s := p.slots[i]
		if s.Type != t {
			continue
		}
		if best < 0 {
			best = k
			continue
		}
		b := p.slots[p.free[best]].Len
		if s.Len >= n && (b < n || s.Len < b) || s.Len < n && b < n && s.Len > b {
			best = k
		}
	}
	if best < 0 {
		return p.add(Slot{t, n, -1})
	}
	i := p.free[best]
	p.free = append(p.free[:best], p.free[best+1:]...)
	p.slots[i].Len = max(p.slots[i].Len, n)
	return i
}

// inherit returns the slot of an operand that nobody reads after v and that v may write
// over, −1 if there is none.
func (p *planner) inherit(v Planned) int {
	for _, k := range v.InPlace {
		s := p.of[v.Operands[k]]
		if p.slots[s].Of >= 0 || p.users[s] != 1 || p.slots[s].Type != v.Type {
			continue
		}
		same := 0
		for _, c := range v.Operands {
			if p.of[c] == s {
				same++
			}
		}
		if same == 1 {
			return s
		}
	}
	return -1
}
