package baselines

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// mostLevels bounds the number of columns that encode one categorical column; beyond it, the
// rarest levels share a column.
const mostLevels = 64

// raw is an unprepared table, with missing values (NaN) and codes of categories.
type raw struct {
	x             []float64 // row by row
	rows, columns int
	features      []data.Feature // one per column; unnamed if the set has none
}

// rawOf returns the table of a set. A column with Levels is categorical; a code that is not
// the index of a level is an error, except for -1, the unknown level.
func rawOf(s *data.Set) (*raw, error) {
	if s != nil && len(s.Sequences) > 0 {
		return nil, fmt.Errorf("baselines: %s: the set has sequences, which a baseline cannot read", s.Name)
	}
	x, columns, err := s.Table()
	if err != nil {
		return nil, err
	}
	if n := len(s.Features); n != 0 && n != columns {
		return nil, fmt.Errorf("baselines: %d features describe a table of %d columns", n, columns)
	}
	t := &raw{x: x, rows: s.Len(), columns: columns, features: make([]data.Feature, columns)}
	copy(t.features, s.Features)
	for i, v := range x {
		j := i % columns
		levels := t.features[j].Levels
		if math.IsInf(v, 0) || levels != nil && v == v && (v != math.Trunc(v) || v < -1 || v >= float64(len(levels))) {
			want := "a finite number"
			if levels != nil {
				want = fmt.Sprintf("a code below %d, or -1", len(levels))
			}
			return nil, &data.RowError{Row: i / columns, Err: fmt.Errorf("baselines: row %d, %s: have %v, want %s", i/columns, t.name(j), v, want)}
		}
	}
	return t, nil
}

func (t *raw) name(j int) string {
	if n := t.features[j].Name; n != "" {
		return n
	}
	return fmt.Sprintf("column %d", j)
}

// column returns a copy of a column.
func (t *raw) column(j int) []float64 {
	out := make([]float64, t.rows)
	for i := range out {
		out[i] = t.x[i*t.columns+j]
	}
	return out
}

// encoder converts a raw table to numbers, as linear models and nearest neighbours need
// them.
//
// A numeric column has missing values replaced by the median, and is centred and scaled to
// standard deviation 1. If it has missing values in training, an indicator column for them
// follows. A categorical column becomes one indicator column per level that occurs in
// training, and one for missing values if they do; any other level is 0 in all of them.
// Columns without variation are left out.
type encoder struct {
	columns []encoded
	width   int
	inputs  int
}

// encoded describes the output columns of one input column.
type encoded struct {
	levels      []int // of a category: the output column of each code, -1 for none; nil for a number
	outputs     int
	mean, scale float64
	fill        float64
	marks       bool // whether the last output column marks missing values
}

// scaling is whether an encoder centres and scales numbers.
type scaling bool

const (
	scaled   scaling = true
	unscaled scaling = false
)

func fitEncoder(t *raw, s scaling) *encoder {
	e := &encoder{inputs: t.columns, columns: make([]encoded, t.columns)}
	for j := range e.columns {
		v := t.column(j)
		if t.features[j].Levels != nil {
			e.columns[j] = fitLevels(v, len(t.features[j].Levels))
		} else {
			e.columns[j] = fitNumber(v)
			if s == unscaled {
				e.columns[j].mean, e.columns[j].scale = 0, 1
			}
		}
		e.width += e.columns[j].outputs
	}
	return e
}

func fitNumber(v []float64) encoded {
	known := slices.DeleteFunc(slices.Clone(v), math.IsNaN)
	c := encoded{}
	if len(known) == 0 {
		return c
	}
	c.fill = median(known)
	c.marks = len(known) < len(v)
	largest := max(math.Abs(known[0]), math.Abs(known[len(known)-1]))
	n := float64(len(v))
	for _, x := range v {
		if math.IsNaN(x) {
			x = c.fill
		}
		c.mean += x / n
	}
	for _, x := range v {
		if math.IsNaN(x) {
			x = c.fill
		}
		c.scale = math.Hypot(c.scale, (x-c.mean)/math.Sqrt(n))
	}
	if c.scale > 1e-13*largest {
		c.outputs = 1
	}
	if c.marks {
		c.outputs++
	}
	return c
}

func fitLevels(v []float64, levels int) encoded {
	c := encoded{levels: make([]int, levels)}
	counts := make([]int, levels)
	missing := 0
	for _, x := range v {
		if x >= 0 {
			counts[int(x)]++
		} else {
			missing++
		}
	}
	var present []int
	for code, n := range counts {
		c.levels[code] = -1
		if n > 0 {
			present = append(present, code)
		}
	}
	slices.SortStableFunc(present, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	for i, code := range present {
		c.levels[code] = min(i, mostLevels-1)
	}
	c.outputs = min(len(present), mostLevels)
	if c.outputs == 1 && missing == 0 {
		c.outputs = 0
	}
	if c.marks = missing > 0 && len(present) > 0; c.marks {
		c.outputs++
	}
	return c
}

// apply returns the encoded rows, row by row.
func (e *encoder) apply(t *raw) ([]float64, error) {
	if t.columns != e.inputs {
		return nil, fmt.Errorf("baselines: fitted on %d columns, have %d to predict from", e.inputs, t.columns)
	}
	out := make([]float64, t.rows*e.width)
	for i := range t.rows {
		row, to := t.x[i*t.columns:(i+1)*t.columns], out[i*e.width:(i+1)*e.width]
		for j := range e.columns {
			c := &e.columns[j]
			c.write(row[j], to[:c.outputs])
			to = to[c.outputs:]
		}
	}
	return out, nil
}

func (c *encoded) write(v float64, to []float64) {
	if len(to) == 0 {
		return
	}
	missing := v != v
	if c.levels != nil {
		missing = missing || v < 0
		if !missing && int(v) < len(c.levels) {
			if at := c.levels[int(v)]; at >= 0 && at < len(to) {
				to[at] = 1
			}
		}
	} else if !c.marks || len(to) > 1 {
		if missing {
			v = c.fill
		}
		to[0] = (v - c.mean) / c.scale
	}
	if c.marks && missing {
		to[len(to)-1] = 1
	}
}

// encoding adapts encoder to data.Transform, for models that take only numbers.
type encoding struct{}

// Fit implements data.Transform.
func (encoding) Fit(src data.Source) (data.Fitted, error) {
	train, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	t, err := rawOf(train)
	if err != nil {
		return nil, err
	}
	return fitEncoder(t, scaled), nil
}

// Apply implements data.Fitted.
func (e *encoder) Apply(s *data.Set) (*data.Set, error) {
	t, err := rawOf(s)
	if err != nil {
		return nil, err
	}
	x, err := e.apply(t)
	if err != nil {
		return nil, err
	}
	width := e.width
	if width == 0 { // nothing varies: give the model one column to find that out from
		width, x = 1, make([]float64, t.rows)
	}
	out := *s
	out.Features = nil
	out.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(t.rows, width), tensor.WithBacking(x))}
	return &out, nil
}
