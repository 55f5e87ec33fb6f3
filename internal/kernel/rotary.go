package kernel

import (
	"math"
	"unsafe"
)

// Rotary is the geometry of rotary positions (Su et al. 2021, arXiv:2104.09864) of x (Batch,
// Steps, Heads·Dim): in each head, pair i of the first Dims elements is turned by the angle
// position·Base^(−2i/Dims). A pair is i and i + Dims/2, or 2i and 2i + 1 if Interleaved.
type Rotary struct {
	Batch, Steps, Heads, Dim int
	Dims                     int // even
	Base                     float64
	Interleaved              bool
	Inverse                  bool // turns back, which is the gradient
	First                    int  // position of the first step, added to those of the rows
}

// RotaryAngles is what rotations by the same geometry have in common.
type RotaryAngles[T Float] struct {
	frequencies []float64
	table       []T // of Steps positions from First on
}

// NewRotaryAngles computes the angles of a geometry.
func NewRotaryAngles[T Float](r *Rotary) *RotaryAngles[T] {
	a := &RotaryAngles[T]{frequencies: make([]float64, r.Dims/2), table: make([]T, r.Steps*r.Dims)}
	for i := range a.frequencies {
		a.frequencies[i] = math.Pow(r.Base, -2*float64(i)/float64(r.Dims))
	}
	for s := range r.Steps {
		rotaryAngles(a.table[s*r.Dims:][:r.Dims], a.frequencies, r.First+s, r.Inverse)
	}
	return a
}

// rotaryAngles sets to to the cosines of the angles of a position, then the sines, which are
// negative if the rotation is to turn back.
func rotaryAngles[T Float](to []T, frequencies []float64, position int, inverse bool) {
	half := len(frequencies)
	for i, f := range frequencies {
		sin, cos := math.Sincos(float64(position) * f)
		if inverse {
			sin = -sin
		}
		to[i], to[half+i] = T(cos), T(sin)
	}
}

// Rotate sets y to x, turned. Starts, of each row, are added to its positions; nil: zeros.
func Rotate[T Float](r *Rotary, a *RotaryAngles[T], starts []int, x, y []T) {
	t := take[T, rotation[T]](&rotationPool)
	t.Rotary, t.a, t.starts, t.x, t.y = *r, a, starts, x, y
	t.each = max(1, spanSize/(r.Heads*r.Dim))
	parts := (r.Batch*r.Steps + t.each - 1) / t.each
	if len(x) < longCopy {
		for i := range parts {
			t.part(i)
		}
	} else {
		parallel(&t.job, t, parts)
	}
	t.a, t.starts, t.x, t.y = nil, nil, nil, nil
	give[T](&rotationPool, t)
}

// rotation is a rotation in progress; a part is some steps.
type rotation[T Float] struct {
	job job
	Rotary
	a      *RotaryAngles[T]
	starts []int
	x, y   []T
	each   int
}

var rotationPool workspaces

func (t *rotation[T]) part(i int) {
	s := getScratch[T]()
	row := t.Heads * t.Dim
	for at := i * t.each; at < min((i+1)*t.each, t.Batch*t.Steps); at++ {
		n, step := at/t.Steps, at%t.Steps
		table := t.a.table[step*t.Dims:][:t.Dims]
		if t.starts != nil {
			table = grown(&s.result, t.Dims)
			rotaryAngles(table, t.a.frequencies, t.First+t.starts[n]+step, t.Inverse)
		}
		t.turn(t.y[at*row:][:row], t.x[at*row:][:row], table)
	}
	s.put()
}

// turn turns the heads of one step.
func (t *rotation[T]) turn(y, x, table []T) {
	half := t.Dims / 2
	cos, sin := table[:half], table[half:]
	if assembly && single[T]() && !t.Interleaved {
		whole := inRegisters[T](half)
		r := turning{x: first(x), y: first(y), cos: first(cos), sin: first(sin), heads: t.Heads, head: 4 * t.Dim, half: 4 * half, end: 4 * whole, rest: half - whole}
		turnVector[T](&r)
	} else {
		for h := 0; h < len(x); h += t.Dim {
			t.turnHead(y[h:h+t.Dim], x[h:h+t.Dim], cos, sin)
		}
	}
	if t.Dims < t.Dim {
		for h := 0; h < len(x); h += t.Dim {
			copy(y[h+t.Dims:h+t.Dim], x[h+t.Dims:h+t.Dim])
		}
	}
}

// turnHead turns one head. The conversions keep compilers from fusing products with sums,
// which would change bits across machines.
func (t *rotation[T]) turnHead(y, x, cos, sin []T) {
	for i, c := range cos {
		a, b := i, i+len(cos)
		if t.Interleaved {
			a, b = 2*i, 2*i+1
		}
		s, u, v := sin[i], x[a], x[b]
		y[a], y[b] = T(u*c)-T(v*s), T(v*c)+T(u*s)
	}
}

// turning is an argument of the assembly, which relies on its layout.
type turning struct {
	x, y, cos, sin unsafe.Pointer
	heads          int
	head, half     int // bytes of a head, and between the elements of a pair
	end, rest      int // bytes of whole registers of pairs; pairs after them
}
