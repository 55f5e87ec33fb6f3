package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ragged"
	"gorgonia.org/tensor"
)

// IsSequence reports whether input i holds sequences, whose lengths are the input after it.
func (m *Model) IsSequence(i int) bool {
	return m != nil && i >= 0 && i < m.inputs && m.net.Stages[i].Steps
}

// hasSequences reports whether any input holds sequences.
func (m *Model) hasSequences() bool {
	return m != nil && slices.ContainsFunc(m.net.Stages, func(s stage) bool { return s.Steps })
}

// batch returns the shape of an input for a batch.
func (s stage) batch(rows, steps int) []int {
	shape := []int{rows}
	if s.Steps {
		shape = append(shape, steps)
	}
	return append(shape, s.Shape...)
}

// stepwise reports whether an output has a result for every step.
func (m *Model) stepwise(output int) bool {
	s := m.shapes[m.net.Outputs[output]]
	return len(s) > 0 && s[0] == AnySteps
}

// anySteps finds the axes that count steps by building the model for two numbers of steps,
// and checks that outputs depend on the lengths. m.shapes must be those for steps.
func (m *Model) anySteps(steps, other int) error {
	shapes := slices.Clone(m.shapes)
	m.shapes = nil
	if err := m.shape(graph.Infer, other); err != nil {
		return fmt.Errorf("%w (with sequences of %d steps, after %d)", err, other, steps)
	}
	is := map[int]bool{} // stages whose first axis is the steps
	for i, s := range m.shapes {
		is[i] = len(s) > 0 && len(shapes[i]) > 0 && s[0] == other && shapes[i][0] == steps
		for k := range s {
			if k >= len(shapes[i]) || s[k] != shapes[i][k] {
				s[k] = AnySteps
			}
		}
	}
	for _, o := range m.net.Outputs {
		s := m.shapes[o]
		if is[o] && !slices.Contains(s[1:], AnySteps) {
			continue
		}
		if slices.Contains(s, AnySteps) {
			return fmt.Errorf("models: the output of %s has a shape that depends on the length of sequences, but not one result per step", m.net.Stages[o].Scope)
		}
		needs := m.net.operands(o)
		for i, in := range m.net.Stages[:m.inputs] {
			if in.Steps && needs[i] && !needs[i+1] {
				return fmt.Errorf("models: the output of %s depends on the sequences %q and not on their lengths, so that padding would change it: models.Join(layer, x, x.Lengths())", m.net.Stages[o].Scope, in.Scope)
			}
		}
	}
	return nil
}

// operands marks all stages that the given one depends on.
func (n network) operands(of int) []bool {
	needs := make([]bool, len(n.Stages))
	needs[of] = true
	for i, s := range slices.Backward(n.Stages) {
		if needs[i] {
			for _, f := range s.From {
				needs[f] = true
			}
		}
	}
	return needs
}

// CheckSet returns an error if the inputs of a set do not match those of the model in
// number, shape, or which of them are sequences.
func (m *Model) CheckSet(s *data.Set) error {
	if !m.made() {
		return errNotMade
	}
	if s.Len() == 0 {
		return data.ErrEmpty
	}
	plain, sequences := 0, 0
	for i := 0; i < m.inputs; i++ {
		if m.IsSequence(i) {
			sequences++
			i++
		} else {
			plain++
		}
	}
	names := m.InputNames()
	if len(s.Inputs) != plain || len(s.Sequences) != sequences {
		if sequences == 0 && len(s.Sequences) == 0 {
			return fmt.Errorf("the set has %d inputs, the model %d: %q", len(s.Inputs), plain, names)
		}
		return fmt.Errorf("the set has %d inputs and %d sequences, the model %d and %d: %q", len(s.Inputs), len(s.Sequences), plain, sequences, names)
	}
	input, sequence := 0, 0
	for i := 0; i < m.inputs; i++ {
		want := m.net.Stages[i]
		if !want.Steps {
			x := s.Inputs[input]
			input++
			if x == nil || x.Dims() == 0 || !slices.Equal(x.Shape()[1:], m.shapes[i]) {
				return fmt.Errorf("input %q has rows of shape %v, the model wants %v", names[i], shapeOf(x), m.shapes[i])
			}
			continue
		}
		q := &s.Sequences[sequence]
		sequence++
		i++ // skip the lengths
		switch {
		case q.Values == nil || !slices.Equal(q.Step(), want.Shape):
			return fmt.Errorf("sequences %q have steps of shape %v, the model wants %v for input %q", q.Name, q.Step(), want.Shape, want.Scope)
		case (q.Values.Dtype() == graph.Int) != want.Int:
			return fmt.Errorf("sequences %q hold %v, the model's input %q is of indices: %v", q.Name, q.Values.Dtype(), want.Scope, want.Int)
		}
	}
	return nil
}

func shapeOf(x *tensor.Dense) any {
	if x == nil || x.Dims() == 0 {
		return "none"
	}
	return x.Shape()[1:]
}

// predictSequences returns the outputs for rows with sequences, which it predicts in order
// of length. An output has one row per row of the set or, if stepwise, one per step.
func (m *Model) predictSequences(ctx context.Context, set *data.Set) ([]*tensor.Dense, error) {
	if err := m.CheckSet(set); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	if err := set.Validate(); err != nil {
		return nil, err
	}
	flat := make([]*tensor.Dense, len(set.Inputs))
	for i, t := range set.Inputs {
		var err error
		if flat[i], err = plain(fmt.Sprint(i), t); err != nil {
			return nil, err
		}
	}
	lengths := set.Lengths()
	order := make([]int, len(lengths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return data.PaddedSteps(lengths[a]) - data.PaddedSteps(lengths[b]) })
	m.mu.Lock()
	defer m.mu.Unlock()
	kernel.Enter()
	defer kernel.Leave()
	out := make([]*tensor.Dense, len(m.net.Outputs))
	for at := 0; at < len(order); {
		steps := data.PaddedSteps(lengths[order[at]])
		end := at
		for end < len(order) && data.PaddedSteps(lengths[order[end]]) == steps {
			end++
		}
		batch, err := m.batchRows(end-at, steps)
		if err != nil {
			return nil, err
		}
		for ; at < end; at += batch {
			rows := order[at:min(at+batch, end)]
			p, err := m.compiled(len(rows), steps)
			if err != nil {
				return nil, err
			}
			if err := m.loadSet(p, set, flat, rows, steps); err != nil {
				return nil, err
			}
			if err := p.run.Run(ctx); err != nil {
				return nil, err
			}
			for i, t := range p.out {
				if out[i] == nil {
					out[i] = m.roomFor(i, t, set)
				}
				m.place(i, out[i], t, set, rows, steps)
			}
		}
		at = end
	}
	return out, nil
}

// roomFor returns a tensor for an output of all rows.
func (m *Model) roomFor(output int, like *tensor.Dense, set *data.Set) *tensor.Dense {
	shape := like.Shape().Clone()
	if m.stepwise(output) {
		q := &set.Sequences[0]
		shape = shape[1:]
		shape[0] = max(1, q.Offsets[q.Rows()])
	} else {
		shape[0] = set.Len()
	}
	return tensor.New(tensor.Of(like.Dtype()), tensor.WithShape(shape...))
}

// place copies an output of some rows to their places in the output of all rows.
func (m *Model) place(output int, all, part *tensor.Dense, set *data.Set, rows []int, steps int) {
	if all.Dtype() == graph.Float32 {
		placed(m.stepwise(output), all.Float32s(), part.Float32s(), set, rows, steps)
	} else {
		placed(m.stepwise(output), all.Float64s(), part.Float64s(), set, rows, steps)
	}
}

func placed[T ragged.Number](stepwise bool, all, part []T, set *data.Set, rows []int, steps int) {
	if stepwise {
		ragged.Gather(all, part, set.Sequences[0].Offsets, rows, steps, len(part)/(len(rows)*steps))
		return
	}
	w := len(part) / len(rows)
	for i, r := range rows {
		copy(all[r*w:(r+1)*w], part[i*w:(i+1)*w])
	}
}

// loadSet copies rows into the inputs of a predictor.
func (m *Model) loadSet(p *Predictor, set *data.Set, flat []*tensor.Dense, rows []int, steps int) error {
	input, sequence := 0, 0
	for i := 0; i < m.inputs; i++ {
		if !m.net.Stages[i].Steps {
			for k, r := range rows {
				if err := loadRow(m.net.Stages[i].Scope, p.in[i], flat[input], k, r); err != nil {
					return err
				}
			}
			input++
			continue
		}
		q := &set.Sequences[sequence]
		sequence++
		if err := pad(p.in[i], q, rows, steps); err != nil {
			return err
		}
		i++
		lengths := p.in[i].Ints()
		for k, r := range rows {
			lengths[k] = q.Len(r)
		}
	}
	return nil
}

// loadRow copies one row of an input.
func loadRow(name string, to, from *tensor.Dense, k, row int) error {
	w := from.DataSize() / from.Shape()[0]
	switch [2]graph.Dtype{to.Dtype(), from.Dtype()} {
	case [2]graph.Dtype{graph.Float32, graph.Float32}:
		copy(to.Float32s()[k*w:(k+1)*w], from.Float32s()[row*w:])
	case [2]graph.Dtype{graph.Float32, graph.Float64}:
		convert(to.Float32s()[k*w:(k+1)*w], from.Float64s()[row*w:])
	case [2]graph.Dtype{graph.Float64, graph.Float64}:
		copy(to.Float64s()[k*w:(k+1)*w], from.Float64s()[row*w:])
	case [2]graph.Dtype{graph.Float64, graph.Float32}:
		convert(to.Float64s()[k*w:(k+1)*w], from.Float32s()[row*w:])
	case [2]graph.Dtype{graph.Int, graph.Int}:
		copy(to.Ints()[k*w:(k+1)*w], from.Ints()[row*w:])
	default:
		return fmt.Errorf("models: input %q holds %v, want %v", name, from.Dtype(), to.Dtype())
	}
	return nil
}

// pad copies rows of sequences into an input, padded to steps.
func pad(to *tensor.Dense, q *data.Sequences, rows []int, steps int) error {
	width := to.DataSize() / (len(rows) * steps)
	from, err := plain(q.Name, q.Values)
	if err != nil {
		return err
	}
	switch [2]graph.Dtype{to.Dtype(), from.Dtype()} {
	case [2]graph.Dtype{graph.Float32, graph.Float32}:
		ragged.Pad(to.Float32s(), from.Float32s(), q.Offsets, rows, steps, width, false)
	case [2]graph.Dtype{graph.Float32, graph.Float64}:
		ragged.Pad(to.Float32s(), from.Float64s(), q.Offsets, rows, steps, width, false)
	case [2]graph.Dtype{graph.Float64, graph.Float64}:
		ragged.Pad(to.Float64s(), from.Float64s(), q.Offsets, rows, steps, width, false)
	case [2]graph.Dtype{graph.Float64, graph.Float32}:
		ragged.Pad(to.Float64s(), from.Float32s(), q.Offsets, rows, steps, width, false)
	case [2]graph.Dtype{graph.Int, graph.Int}:
		ragged.Pad(to.Ints(), from.Ints(), q.Offsets, rows, steps, width, true)
	default:
		return fmt.Errorf("models: sequences %q hold %v, want %v", q.Name, from.Dtype(), to.Dtype())
	}
	return nil
}
