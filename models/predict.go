package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// PredictRows turns raw rows into a prediction: it applies Info.Preprocess, runs the
// network, and interprets the first output according to Info: logits become probabilities
// (sigmoid for one unit, softmax for more), real values are in the target's own units.
//
// Rows that are not in memory are read and predicted data.Stream.Chunk at a time. Rows with
// sequences are predicted in order of length and returned in their original order.
func (m *Model) PredictRows(ctx context.Context, rows data.Source) (*data.Prediction, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if rows == nil {
		return nil, data.ErrEmpty
	}
	st, err := rows.Stream()
	if err != nil {
		return nil, err
	}
	chunk := st.Chunk()
	if st.InMemory || st.Rows <= chunk && st.Rows != data.Unknown {
		set, err := data.Collect(rows)
		if err != nil {
			return nil, err
		}
		return m.predictSet(ctx, set)
	}
	all, part := &data.Prediction{}, &data.Set{}
	numbers := make([]int, chunk)
	for first := 0; st.Rows == data.Unknown || first < st.Rows; first += part.Len() {
		if st.Rows != data.Unknown {
			numbers = numbers[:min(chunk, st.Rows-first)]
		}
		for i := range numbers {
			numbers[i] = first + i
		}
		err := st.Load(numbers, part)
		if errors.Is(err, io.EOF) && st.Rows == data.Unknown {
			if first == 0 {
				return nil, data.ErrEmpty
			}
			break
		}
		if err != nil {
			return nil, err
		}
		p, err := m.predictSet(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("%w (of the rows from %d on)", err, first)
		}
		all.Append(p)
	}
	return all, nil
}

func (m *Model) predictSet(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
	if m.Info.Preprocess != nil {
		var err error
		if rows, err = m.Info.Preprocess.Apply(rows); err != nil {
			return nil, err
		}
	}
	var out []*tensor.Dense
	var err error
	if m.hasSequences() || len(rows.Sequences) > 0 {
		out, err = m.predictSequences(ctx, rows)
	} else {
		out, err = m.Predict(ctx, rows.Inputs...)
	}
	if err != nil {
		return nil, err
	}
	p, err := m.Info.Read(out[0])
	if err == nil && m.stepwise(0) {
		p.Offsets = slices.Clone(rows.Sequences[0].Offsets)
	}
	if err != nil && m.params.Dtype() == graph.Float32 {
		if beyond := rows.CheckFloat32(); beyond != nil {
			return nil, beyond
		}
	}
	return p, err
}

// Read interprets a network's output (rows, units) as a prediction.
func (i Info) Read(out *tensor.Dense) (*data.Prediction, error) {
	if out == nil || out.Dims() == 0 || out.DataSize() == 0 {
		return nil, errors.New("models: an output without rows")
	}
	values := floats(out)
	if len(values) == 0 {
		return nil, fmt.Errorf("models: an output of %v: want floats", out.Dtype())
	}
	rows := out.Shape()[0]
	units := len(values) / rows
	if err := finite(values, rows); err != nil {
		return nil, err
	}
	rules, err := i.Rules(units)
	if err != nil {
		return nil, err
	}
	said, memory := &data.Prediction{}, make([]float64, units)
	said.Labels, said.Proba, said.Values = slices.Grow(said.Labels, rows*rules.Labels), slices.Grow(said.Proba, rows*rules.Proba), slices.Grow(said.Values, rows*rules.Values)
	for k := range rows {
		i.readRow(rules, rules.AddRow(said), values[k*units:(k+1)*units], memory)
	}
	return said, nil
}

// readRow fills in the prediction of a row from the outputs z of all members, which it
// overwrites. memory has the same length as z.
func (i *Info) readRow(rules *data.Rules, row *data.Prediction, z, memory []float64) {
	averaged := i.Probabilities && rules.Average != nil
	if i.Members > 1 {
		units := len(z) / i.Members
		one := memory[:units]
		i.averageInto(rules, one, z)
		z = z[:units]
		copy(z, one)
		averaged = true
	}
	rules.Decode(row, z, averaged)
	if rules.Choice && (i.Calibration != nil || i.Costs != nil) {
		i.Calibration.apply(row.Proba)
		if rules.Decide(row); i.Costs != nil {
			row.Labels[0] = cheapest(row.Proba, i.Costs)
		}
	}
	if rules.Scaled {
		for k, v := range row.Values {
			row.Values[k] = i.scaleOf(k).unscale(v)
		}
	}
}

// finite returns an error that names the first row with a value that is not finite.
func finite(values []float64, rows int) error {
	for k, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("models: the output of row %d is %v", k/(len(values)/rows), v)
		}
	}
	return nil
}

// averageInto fills dst with the mean of a row's outputs over the members, after applying
// the rules' Average, if any, to each. It overwrites z.
func (i *Info) averageInto(rules *data.Rules, dst, z []float64) {
	units := len(dst)
	clear(dst)
	for k := range i.Members {
		member := z[k*units : (k+1)*units]
		if rules.Average != nil && !i.Probabilities {
			rules.Average(member)
		}
		for c, v := range member {
			dst[c] += v / float64(i.Members)
		}
	}
}

// Check returns an error if calibration or costs do not match the classes.
func (i Info) Check() error {
	err := i.Calibration.check(len(i.Classes))
	if err == nil {
		err = checkCosts(i.Costs, len(i.Classes))
	}
	for _, scale := range i.Scales {
		if err == nil {
			err = scale.check()
		}
	}
	if err != nil {
		return fmt.Errorf("models: %w", err)
	}
	return nil
}

func floats(t *tensor.Dense) []float64 {
	switch d := t.Data().(type) {
	case []float64:
		return append([]float64(nil), d...)
	case []float32:
		out := make([]float64, len(d))
		for i, v := range d {
			out[i] = float64(v)
		}
		return out
	}
	return nil
}
