package ops

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/internal/kernel"
)

func init() {
	kinds["Attention"] = attention
	kinds["Rotary"] = rotary
}

// attention is the rule of an attention without dropout: operands q, k and v, then those whose
// places the attributes name.
func attention(o *operation) Kernel {
	q, k, v := o.shape(0, 3), o.shape(1, 3), o.shape(2, 3)
	a := kernel.Attention{Heads: o.int("q_num_heads"), KVHeads: o.int("kv_num_heads"), Scale: o.number("scale"), Causal: o.bool("is_causal")}
	bias, mask, lengths := o.place("bias"), o.place("mask"), o.place("sequence_lens")
	if !o.operands(3, 6) {
		return Kernel{}
	}
	switch {
	case a.Heads < 1 || a.KVHeads < 1 || a.Heads%a.KVHeads != 0:
		o.fail("%d heads of queries, %d of keys", a.Heads, a.KVHeads)
	case q[2]%a.Heads != 0 || k[2]%a.KVHeads != 0 || v[2]%a.KVHeads != 0:
		o.fail("widths %d, %d and %d do not divide into %d and %d heads", q[2], k[2], v[2], a.Heads, a.KVHeads)
	case !(a.Scale > 0 && a.Scale <= math.MaxFloat64):
		o.fail("scale %v", a.Scale)
	}
	if o.err != nil {
		return Kernel{}
	}
	a.Batch, a.Queries, a.Keys = q[0], q[1], k[1]
	a.Dim, a.VDim = q[2]/a.Heads, v[2]/a.KVHeads
	a.BiasBatch, a.BiasHeads = 1, 1
	o.is(1, a.Batch, a.Keys, a.KVHeads*a.Dim)
	o.is(2, a.Batch, a.Keys, a.KVHeads*a.VDim)
	t := o.floats(0, 1, 2)
	used := 3
	if bias > 0 {
		used++
		s := o.shape(bias, 4)
		if a.BiasBatch, a.BiasHeads = s[0], s[1]; a.BiasBatch != 1 && a.BiasBatch != a.Batch || a.BiasHeads != 1 && a.BiasHeads != a.Heads {
			o.fail("bias %v", o.in[bias])
		}
		o.is(bias, a.BiasBatch, a.BiasHeads, a.Queries, a.Keys)
		o.floats(0, bias)
	}
	if mask > 0 {
		used++
		o.is(mask, a.Batch, a.Keys)
		o.floats(0, mask)
	}
	if lengths > 0 {
		used++
		o.is(lengths, a.Batch)
		o.ints(lengths)
	}
	if used != len(o.in) {
		o.fail("%d operands, of which %d are named", len(o.in), used)
	}
	places := [3]int{bias, mask, lengths}
	return Kernel{
		Out: Spec{t, []int{a.Batch, a.Queries, a.Heads * a.VDim}},
		f32: bindAttention[float32](a, places), f64: bindAttention[float64](a, places),
	}
}

// place returns the operand that an attribute names, 0 if there is none.
func (o *operation) place(name string) int {
	if !o.has(name) {
		return 0
	}
	i := o.int(name)
	if i < 3 || i >= len(o.in) {
		o.fail("attribute %s: there is no operand %d for it", name, i)
		return 0
	}
	return i
}

func bindAttention[T kernel.Float](a kernel.Attention, places [3]int) func(*call[T]) run {
	return func(c *call[T]) run {
		in := &kernel.AttentionOperands[T]{Q: c.in[0], K: c.in[1], V: c.in[2]}
		if i := places[0]; i > 0 {
			in.Bias = c.in[i]
		}
		if i := places[1]; i > 0 {
			in.Mask = c.in[i]
		}
		if i := places[2]; i > 0 {
			in.Lengths = c.ints[i]
		}
		out := c.out
		return func() error {
			if err := CheckLengths(in.Lengths, a.Keys); err != nil {
				return err
			}
			kernel.AttentionForward(&a, in, out, nil)
			return nil
		}
	}
}

// mostAngle bounds positions: float64 knows the angle of those within it to 2⁻²⁰.
const mostAngle = 1 << 30

// rotary is the rule of rotary positions: operands x and, if there are any, the first
// positions of rows.
func rotary(o *operation) Kernel {
	s := o.shape(0, 3)
	r := kernel.Rotary{
		Heads: o.int("num_heads"), Dims: o.int("rotary_embedding_dim"), Base: o.number("base"), Interleaved: o.bool("interleaved"),
		First: o.int("position"), Inverse: o.bool("inverse"),
	}
	if !o.operands(1, 2) {
		return Kernel{}
	}
	switch {
	case r.Heads < 1 || s[2]%r.Heads != 0:
		o.fail("%v in %d heads", o.in[0], r.Heads)
	case r.Dims < 2 || r.Dims%2 != 0 || r.Dims > s[2]/r.Heads:
		o.fail("%d of the %d elements of a head: want an even number of them", r.Dims, s[2]/r.Heads)
	case !(r.Base > 1 && r.Base <= math.MaxFloat64):
		o.fail("base %v", r.Base)
	case r.First < -mostAngle || r.First > mostAngle:
		o.fail("position %d", r.First)
	}
	r.Batch, r.Steps, r.Dim = s[0], s[1], s[2]/max(r.Heads, 1)
	t := o.floats(0)
	o.is(1, r.Batch)
	o.ints(1)
	return Kernel{Out: Spec{t, s}, f32: bindRotary[float32](r), f64: bindRotary[float64](r)}
}

func bindRotary[T kernel.Float](r kernel.Rotary) func(*call[T]) run {
	return func(c *call[T]) run {
		x, out := c.in[0], c.out
		var starts []int
		if len(c.ints) == 2 {
			starts = c.ints[1]
		}
		angles := kernel.NewRotaryAngles[T](&r)
		return func() error {
			for i, p := range starts {
				if p < -mostAngle || p > mostAngle {
					return fmt.Errorf("row %d begins at position %d, which is beyond %d", i, p, mostAngle)
				}
			}
			kernel.Rotate(&r, angles, starts, x, out)
			return nil
		}
	}
}
