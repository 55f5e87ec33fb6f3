package train

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ragged"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// column holds the values of one input, target or weight of a set, in the program's type.
// Its shape is that of a row or, with offsets, of a step.
type column struct {
	name  string
	shape graph.Shape
	f32   []float32
	f64   []float64
	ints  []int

	offsets []int // row boundaries of sequences; nil: all rows have the same shape
	ignore  bool  // pad with −1: targets that do not count
}

// width is the number of values per row.
func (c *column) width() int {
	n := 1
	for _, d := range c.shape {
		n *= d
	}
	return n
}

// fill reads a tensor whose first axis is the rows. Floats are converted to dt, with column
// k of each row mapped through change[k] unless that is nil; ints stay ints. Values that
// need no conversion are shared with the tensor unless own is set. Existing memory is
// reused.
func (c *column) fill(name string, t *tensor.Dense, dt graph.Dtype, change []func(float64) float64, own bool) error {
	c.offsets = nil
	c.name, c.shape = name, t.Shape()[1:].Clone()
	if t.RequiresIterator() {
		m, ok := t.Materialize().(*tensor.Dense)
		if !ok {
			return fmt.Errorf("%s: a view that cannot be read", name)
		}
		t = m
	}
	switch d := t.Data().(type) {
	case []int:
		if own {
			d = append(c.ints[:0], d...)
		}
		c.ints = d
	case []float32:
		switch {
		case dt == graph.Float32 && change == nil && !own:
			c.f32 = d
		case dt == graph.Float32:
			c.f32 = convert(c.f32, d, change)
		default:
			c.f64 = convert(c.f64, d, change)
		}
	case []float64:
		switch {
		case dt == graph.Float64 && change == nil && !own:
			c.f64 = d
		case dt == graph.Float64:
			c.f64 = convert(c.f64, d, change)
		default:
			c.f32 = convert(c.f32, d, change)
		}
	default:
		return fmt.Errorf("%s: values of type %v", name, t.Dtype())
	}
	return nil
}

// convert writes values into dst, or into new memory if dst has a different size. change has
// one function per column; nil leaves all columns unchanged.
func convert[To, From float32 | float64](dst []To, from []From, change []func(float64) float64) []To {
	if len(dst) != len(from) {
		dst = make([]To, len(from))
	}
	if change == nil {
		for i, v := range from {
			dst[i] = To(v)
		}
		return dst
	}
	for i, v := range from {
		dst[i] = To(change[i%len(change)](float64(v)))
	}
	return dst
}

// inRange finds the first target value that overflowed to infinity in float32.
func (c *column) inRange(target *tensor.Dense) error {
	for i, v := range c.f32 {
		if !math.IsInf(float64(v), 0) {
			continue
		}
		given := any(v)
		if d, ok := target.Data().([]float64); ok && i < len(d) {
			given = d[i]
		}
		return &data.RowError{Row: i / c.width(), Err: fmt.Errorf("%s: row %d, value %d: %v is beyond what float32 holds (3.4e38); scale the targets, or build the model with Type: graph.Float64", c.name, i/c.width(), i%c.width(), given)}
	}
	return nil
}

// declare adds an input to a graph, sized for a batch of the column's rows. Sequences are
// padded to the given number of steps.
func (c *column) declare(b *graph.Builder, batch, steps int) *graph.Node {
	shape := []int{batch}
	if c.offsets != nil {
		shape = append(shape, steps)
	}
	shape = append(shape, c.shape...)
	if c.ints != nil {
		return b.InputInt(c.name, shape...)
	}
	return b.Input(c.name, shape...)
}

// source copies rows of a column into a program's input.
type source struct {
	*column
	to32   []float32
	to64   []float64
	toInts []int
}

func (s *source) load(rows []int, steps int) {
	w := s.width()
	switch {
	case s.offsets == nil:
	case s.ignore && s.toInts != nil:
		ragged.Fill(s.toInts, s.ints, s.offsets, rows, steps, -1)
		return
	case s.toInts != nil:
		ragged.Pad(s.toInts, s.ints, s.offsets, rows, steps, w, true)
		return
	case s.to32 != nil:
		ragged.Pad(s.to32, s.f32, s.offsets, rows, steps, w, false)
		return
	default:
		ragged.Pad(s.to64, s.f64, s.offsets, rows, steps, w, false)
		return
	}
	switch {
	case s.toInts != nil:
		copyRows(s.toInts, s.ints, rows, w)
	case s.to32 != nil:
		kernel.Gather(s.to32, s.f32, rows, w)
	default:
		kernel.Gather(s.to64, s.f64, rows, w)
	}
}

func copyRows(dst, src, rows []int, w int) {
	if w == 1 {
		for i, r := range rows {
			dst[i] = src[r]
		}
		return
	}
	for i, r := range rows {
		copy(dst[i*w:(i+1)*w], src[r*w:(r+1)*w])
	}
}

// table is a set converted to the program's types.
type table struct {
	rows    int // in the source; a window of a stream holds fewer
	inputs  []*column
	targets []*column
	weights *column
	w       []float64 // weights of all rows, or nil
	own     bool      // copy the values, because the caller's will change
}

func newTable(m *models.Model, s *data.Set) (*table, error) {
	t := &table{}
	return t, t.fill(m, s)
}

// fill converts the rows of a set in memory.
func (t *table) fill(m *models.Model, s *data.Set) error {
	names := m.InputNames()
	if err := m.CheckSet(s); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	dt := m.Params().Dtype()
	if dt == graph.Float32 {
		if err := s.CheckFloat32(); err != nil {
			return fmt.Errorf("train: %w; scale the column, or build the model with Type: graph.Float64", err)
		}
	}
	input, sequence := 0, 0
	for i := 0; i < len(names); i++ {
		var err error
		if m.IsSequence(i) {
			err = t.fillSequence(names[i:i+2], i, &s.Sequences[sequence], dt)
			sequence++
			i++
		} else {
			err = at(&t.inputs, i).fill(names[i], s.Inputs[input], dt, nil, t.own)
			input++
		}
		if err != nil {
			return fmt.Errorf("train: input %w", err)
		}
	}
	return t.fillAnswers(m, s)
}

// fillAnswers converts the targets and weights of a set.
func (t *table) fillAnswers(m *models.Model, s *data.Set) error {
	dt := m.Params().Dtype()
	t.rows, t.w = s.Len(), s.Weights
	for i, y := range s.Targets {
		if i == 0 && grouped(m) {
			var err error
			if y, err = withGroups(y, s.Groups); err != nil {
				return fmt.Errorf("train: %s: %w", s.Name, err)
			}
		}
		var change []func(float64) float64
		if i == 0 && y.Dtype() != graph.Int {
			change = m.Info.Learned(y.Shape().TotalSize() / y.Shape()[0])
		}
		c := at(&t.targets, i)
		if err := c.fill(fmt.Sprintf("target %d", i), y, dt, change, t.own); err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if err := c.inRange(y); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	for i := range s.Steps {
		q, c := &s.Steps[i], at(&t.targets, len(s.Targets)+i)
		var change []func(float64) float64
		if i == 0 && len(s.Targets) == 0 && q.Values.Dtype() != graph.Int {
			change = m.Info.Learned(1)
		}
		if err := c.fill(fmt.Sprintf("target %d", len(s.Targets)+i), q.Values, dt, change, t.own); err != nil {
			return fmt.Errorf("train: %w", err)
		}
		c.offsets, c.ignore = t.kept(c.offsets, q.Offsets), true
		if err := c.inRange(q.Values); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if s.Weights != nil {
		if t.weights == nil {
			t.weights = &column{}
		}
		if err := t.weights.fill("row weights", tensor.New(tensor.WithShape(len(s.Weights)), tensor.WithBacking(s.Weights)), dt, nil, t.own); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// fillSequence stores sequences as input i, and their lengths as input i+1.
func (t *table) fillSequence(names []string, i int, q *data.Sequences, dt graph.Dtype) error {
	c := at(&t.inputs, i)
	old := c.offsets
	if err := c.fill(names[0], q.Values, dt, nil, t.own); err != nil {
		return err
	}
	c.offsets = t.kept(old, q.Offsets)
	c = at(&t.inputs, i+1)
	c.name, c.shape, c.ints = names[1], graph.Shape{}, c.ints[:0]
	for row := range q.Rows() {
		c.ints = append(c.ints, q.Len(row))
	}
	return nil
}

// kept returns offsets, copied into the table's own memory if the caller's will change.
func (t *table) kept(old, offsets []int) []int {
	if t.own {
		return append(old[:0], offsets...)
	}
	return offsets
}

// grouped reports whether the loss of the model's task needs the group of each row.
func grouped(m *models.Model) bool {
	if m.Info.Task == nil {
		return false
	}
	r, err := m.Info.Rules(outputUnits(m))
	return err == nil && r.Grouped
}

// withGroups returns the target with an extra column, the number of the row's group. Groups
// are numbered from 0 so that float32 can hold the numbers.
func withGroups(y *tensor.Dense, groups []int) (*tensor.Dense, error) {
	values, ok := y.Data().([]float64)
	rows := y.Shape()[0]
	if !ok || len(groups) != rows {
		return nil, fmt.Errorf("a target of %v, %d rows and %d groups: want float64, and a group for every row", y.Dtype(), rows, len(groups))
	}
	width := len(values) / rows
	number := map[int]float64{}
	out := make([]float64, 0, rows*(width+1))
	for i, g := range groups {
		n, known := number[g]
		if !known {
			n = float64(len(number))
			number[g] = n
		}
		out = append(append(out, values[i*width:(i+1)*width]...), n)
	}
	return tensor.New(tensor.WithShape(rows, width+1), tensor.WithBacking(out)), nil
}

// at returns column i of a list, extending the list by one if necessary.
func at(list *[]*column, i int) *column {
	if i == len(*list) {
		*list = append(*list, &column{})
	}
	return (*list)[i]
}

// swap exchanges the values of two tables with the same columns.
func (t *table) swap(other *table) {
	exchange := func(a, b *column) {
		a.f32, a.f64, a.ints, a.offsets, b.f32, b.f64, b.ints, b.offsets = b.f32, b.f64, b.ints, b.offsets, a.f32, a.f64, a.ints, a.offsets
	}
	for i := range t.inputs {
		exchange(t.inputs[i], other.inputs[i])
	}
	for i := range t.targets {
		exchange(t.targets[i], other.targets[i])
	}
	if t.weights != nil {
		exchange(t.weights, other.weights)
	}
}

// weight returns the sum of the rows' weights.
func (t *table) weight(rows []int) float64 {
	if t.w == nil {
		return float64(len(rows))
	}
	sum := 0.0
	for _, r := range rows {
		sum += t.w[r]
	}
	return sum
}
