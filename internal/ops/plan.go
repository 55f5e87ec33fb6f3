package ops

import (
	"errors"
	"fmt"
	"slices"
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

// Place is where a value lies.
type Place struct {
	Slot, Offset int // of its first element
}

// aligned is the number of elements that offsets are multiples of: a line of a cache, of the smallest
// elements.
const aligned = 16

// Plan gives every value of a program a place in memory. Every Fixed value is a slot of its own. The
// others share one slot for each Type, in which values overlap only if their lives do not, or if they
// are the same memory by Alias or InPlace. The values are in the order in which they are computed; an
// operand that is no earlier value is an error.
func Plan(values []Planned) (slots []Slot, of []Place, err error) {
	for i, v := range values {
		if err := v.check(i); err != nil {
			return nil, nil, fmt.Errorf("ops: plan: value %d: %w", i, err)
		}
	}
	p := planner{blockOf: make([]int, len(values))}
	p.live(values)
	slots, places := p.pack()
	of = make([]Place, len(values))
	for i, b := range p.blockOf {
		of[i] = places[b]
	}
	return slots, of, nil
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

// block is the memory of a value, and of those that are the same memory.
type block struct {
	Type
	len         int
	fixed       int // the Fixed value, −1: none
	first, last int // the steps between which it is in use
	reads       int // that are still to come
}

type planner struct {
	blocks  []block
	blockOf []int // of each value
}

// live finds the blocks of all values and when they are in use.
func (p *planner) live(values []Planned) {
	reads := make([]int, len(values))
	for i, v := range values {
		reads[i] += v.Kept
		for _, c := range v.Operands {
			reads[c]++
		}
	}
	for i, v := range values {
		b := -1
		switch {
		case v.Fixed:
		case v.Alias:
			b = p.blockOf[v.Operands[0]]
		default:
			b = p.inherit(v)
		}
		if b < 0 {
			b = len(p.blocks)
			p.blocks = append(p.blocks, block{Type: v.Type, fixed: -1, first: i})
			if v.Fixed {
				p.blocks[b].fixed = i
			}
		}
		p.blockOf[i] = b
		at := &p.blocks[b]
		at.len, at.last = max(at.len, v.Len), i
		at.reads += reads[i]
		for _, c := range v.Operands {
			o := &p.blocks[p.blockOf[c]]
			o.reads--
			o.last = i
		}
	}
	for i := range p.blocks {
		if p.blocks[i].reads > 0 {
			p.blocks[i].last = len(values)
		}
	}
}

// inherit returns the block of an operand that nobody reads after v and that v may write over, −1 if
// there is none.
func (p *planner) inherit(v Planned) int {
	for _, k := range v.InPlace {
		b := p.blockOf[v.Operands[k]]
		if p.blocks[b].fixed >= 0 || p.blocks[b].reads != 1 || p.blocks[b].Type != v.Type {
			continue
		}
		same := 0
		for _, c := range v.Operands {
			if p.blockOf[c] == b {
				same++
			}
		}
		if same == 1 {
			return b
		}
	}
	return -1
}

// pack gives every block a place: the largest first, each in the smallest gap that is free for as long
// as it lives (Pisarchyk & Lee 2020, arXiv:2001.03288, greedy by size).
func (p *planner) pack() (slots []Slot, places []Place) {
	places = make([]Place, len(p.blocks))
	var order []int
	for i, b := range p.blocks {
		if b.fixed >= 0 {
			places[i].Slot = len(slots)
			slots = append(slots, Slot{b.Type, b.len, b.fixed})
		} else {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return p.blocks[j].len - p.blocks[i].len })
	arenas := map[Type]*arena{}
	for _, i := range order {
		b := p.blocks[i]
		a := arenas[b.Type]
		if a == nil {
			a = &arena{slot: len(slots)}
			arenas[b.Type] = a
			slots = append(slots, Slot{b.Type, 0, -1})
		}
		places[i] = Place{a.slot, a.place(b)}
		slots[a.slot].Len = max(slots[a.slot].Len, places[i].Offset+b.len)
	}
	return slots, places
}

// arena is the blocks that were given a place in a slot.
type arena struct {
	slot   int
	placed []placed // by offset
}

type placed struct {
	block
	offset int
}

// place gives a block a place.
func (a *arena) place(b block) (offset int) {
	best, at, end := -1, 0, 0
	for _, q := range a.placed {
		if q.last < b.first || b.last < q.first {
			continue
		}
		if gap := q.offset - end; gap >= b.len && (best < 0 || gap < best) {
			best, at = gap, end
		}
		end = max(end, (q.offset+q.len+aligned-1)/aligned*aligned)
	}
	if best < 0 {
		at = end
	}
	i, _ := slices.BinarySearchFunc(a.placed, at, func(q placed, offset int) int { return q.offset - offset })
	a.placed = slices.Insert(a.placed, i, placed{b, at})
	return at
}
