package ops

import (
	"github.com/seed732fc211/aegis/internal/kernel"
)

func init() {
	for kind, cell := range map[string]kernel.Cell{
		"TanhRNN": kernel.TanhCell, "ReluRNN": kernel.ReluCell, "LSTM": kernel.LSTMCell, "GRU": kernel.GRUCell,
	} {
		kinds[kind] = func(o *operation) Kernel { return recurrence(o, cell) }
		kinds[kind+"States"] = func(o *operation) Kernel { return recurrentStates(o, cell) }
	}
}

// recurrent is the geometry of a recurrence and the places of its operands; 0 stands for
// none.
type recurrent struct {
	kernel.Recurrent
	result                       kernel.Result
	bias, other, h0, c0, lengths int
}

// recurrent reads a recurrence whose operands begin at the given place.
func (o *operation) recurrent(cell kernel.Cell, first int) *recurrent {
	r := &recurrent{}
	r.Cell, r.H = cell, o.int("hidden_size")
	last := o.bool("last")
	cells := o.has("cells") && o.bool("cells")
	for _, p := range []struct {
		attribute string
		place     *int
		only      kernel.Cell
	}{
		{"bias", &r.bias, cell}, {"other_bias", &r.other, kernel.GRUCell}, {"initial_h", &r.h0, cell},
		{"initial_c", &r.c0, kernel.LSTMCell}, {"sequence_lens", &r.lengths, cell},
	} {
		if !o.has(p.attribute) {
			continue
		}
		if *p.place = o.int(p.attribute); p.only != cell || *p.place < 3 || *p.place >= len(o.in)-first {
			o.fail("attribute %s: there is no operand %d for it", p.attribute, *p.place)
		}
	}
	x := o.shape(first, 3)
	if r.H < 1 || r.H > mostWindow {
		o.fail("%d units", r.H)
	}
	if o.err != nil || !o.operands(first+3, first+8) {
		return r
	}
	switch {
	case cells && (!last || cell != kernel.LSTMCell):
		o.fail("only the last step of an LSTM has cells to show")
	case cells:
		r.result = kernel.LastStates
	case last:
		r.result = kernel.LastState
	}
	r.N, r.T, r.I = x[0], x[1], x[2]
	o.is(first+1, r.I, r.Gates()*r.H)
	o.is(first+2, r.H, r.Gates()*r.H)
	o.floats(first, first+1, first+2)
	used := 3
	for _, p := range []struct {
		place int
		shape []int
	}{
		{r.bias, []int{r.Gates() * r.H}}, {r.other, []int{r.H}}, {r.h0, []int{r.N, r.H}}, {r.c0, []int{r.N, r.H}},
	} {
		if p.place > 0 {
			used++
			o.is(first+p.place, p.shape...)
			o.floats(first, first+p.place)
		}
	}
	if r.lengths > 0 {
		used++
		o.is(first+r.lengths, r.N)
		o.ints(first + r.lengths)
	}
	if used != len(o.in)-first {
		o.fail("%d operands, of which %d are named", len(o.in)-first, used)
	}
	return r
}

func recurrence(o *operation, cell kernel.Cell) Kernel {
	training := o.bool("training_mode")
	r := o.recurrent(cell, 0)
	if o.err != nil {
		return Kernel{}
	}
	k := Kernel{Out: Spec{o.in[0].Type, r.shape()}, f32: bindRecurrence[float32](r, training), f64: bindRecurrence[float64](r, training)}
	switch {
	case training:
		k.Out.Shape = []int{r.N, r.T, r.Saved() * r.H}
	case r.result == kernel.LastStates:
		o.fail("cells are taken from what a training saves")
	}
	return k
}

// shape is that of the states that are the result.
func (r *recurrent) shape() []int {
	switch r.result {
	case kernel.LastState:
		return []int{r.N, r.H}
	case kernel.LastStates:
		return []int{r.N, 2 * r.H}
	}
	return []int{r.N, r.T, r.H}
}

func bindRecurrence[T kernel.Float](r *recurrent, training bool) func(*call[T]) run {
	return func(c *call[T]) run {
		place := func(i int) []T {
			if i == 0 {
				return nil
			}
			return c.in[i]
		}
		in := &kernel.RecurrentOperands[T]{
			X: c.in[0], W: c.in[1], U: c.in[2], Bias: place(r.bias), Other: place(r.other), H0: place(r.h0), C0: place(r.c0),
		}
		if r.lengths > 0 {
			in.Lengths = c.ints[r.lengths]
		}
		out := c.out
		return func() error {
			if err := CheckLengths(in.Lengths, r.T); err != nil {
				return err
			}
			if training {
				kernel.RecurrentForward(&r.Recurrent, in, out)
			} else {
				kernel.RecurrentInfer(&r.Recurrent, in, r.result == kernel.LastState, out)
			}
			return nil
		}
	}
}

// recurrentStates takes the states out of what a training saves, operand 0.
func recurrentStates(o *operation, cell kernel.Cell) Kernel {
	r := o.recurrent(cell, 1)
	if o.err != nil {
		return Kernel{}
	}
	o.is(0, r.N, r.T, r.Saved()*r.H)
	return Kernel{Out: Spec{o.floats(0, 1), r.shape()}, f32: bindStates[float32](r), f64: bindStates[float64](r)}
}

func bindStates[T kernel.Float](r *recurrent) func(*call[T]) run {
	return func(c *call[T]) run {
		saved, out := c.in[0], c.out
		var lengths []int
		if r.lengths > 0 {
			lengths = c.ints[1+r.lengths]
		}
		return func() error {
			if err := CheckLengths(lengths, r.T); err != nil {
				return err
			}
			kernel.RecurrentStates(&r.Recurrent, saved, lengths, r.result, out)
			return nil
		}
	}
}
