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

// PredictRows turns raw rows into a prediction: it applies Info.Preprocess, runs
// the network, and reads the first output as Info says, logits as probabilities
// (sigmoid for one unit, softmax for more), real values in the target's own units.
//
// Rows that are not in memory are read and predicted some at a time. Rows with sequences are
// predicted in the order of their lengths, and told in their own.
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
	if st.InMemory || st.Rows <= data.BlockRows && st.Rows != data.Unknown {
		set, err := data.Collect(rows)
		if err != nil {
			return nil, err
		}
		return m.predictSet(ctx, set)
	}
	all, part := &data.Prediction{}, &data.Set{}
	numbers := make([]int, data.BlockRows)
	for first := 0; st.Rows == data.Unknown || first < st.Rows; first += part.Len() {
		if st.Rows != data.Unknown {
			numbers = numbers[:min(data.BlockRows, st.Rows-first)]
		}
		for i := range numbers {
			numbers[i] = first + i
		}
		err := st.Load(numbers, part)
		if errors.Is(err, io.EOF) && st.Rows == data.Unknown && first > 0 {
			break
		}
		if errors.Is(err, io.EOF) && st.Rows == data.Unknown {
			return nil, data.ErrEmpty
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

// Read turns a network's output (rows, units) into a prediction.
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
	if err := i.checkUnits(units); err != nil {
		return nil, err
	}
	if i.Members > 1 {
		all := units
		units /= i.Members
		p := make([]float64, units)
		for k := range rows {
			i.averageInto(values[k*units:(k+1)*units], p, values[k*all:(k+1)*all])
		}
		values = values[:rows*units]
		i.Probabilities = i.Probabilities || i.Task == data.Classify
	}
	if i.Task == data.Regress {
		for k, v := range values {
			values[k] = i.unscale(v)
		}
		return &data.Prediction{Values: values}, nil
	}
	classes := len(i.Classes)
	said := &data.Prediction{Labels: make([]int, rows), Proba: make([]float64, rows*classes)}
	for k := range rows {
		said.Labels[k] = i.classifyRow(said.Proba[k*classes:(k+1)*classes], values[k*units:(k+1)*units], i.Probabilities)
	}
	return said, nil
}

// finite is an error if one of the values of so many rows is not a finite number.
func finite(values []float64, rows int) error {
	for k, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("models: the output of row %d is %v", k/(len(values)/rows), v)
		}
	}
	return nil
}

// checkUnits reports whether a network's output of so many units goes with the members,
// the classes, calibration and costs.
func (i Info) checkUnits(units int) error {
	if i.Members > 1 {
		if units%i.Members != 0 {
			return fmt.Errorf("models: %d outputs of %d members", units, i.Members)
		}
		units /= i.Members
	}
	if i.Task == data.Regress {
		return nil
	}
	classes := len(i.Classes)
	if classes < 2 {
		return errors.New("models: the model's Info names fewer than two classes")
	}
	if units != classes && !(units == 1 && classes == 2) {
		return fmt.Errorf("models: %d outputs for %d classes", units, classes)
	}
	return i.Check()
}

// averageInto fills dst with the mean over the members of a row's outputs, of a
// classification that of their probabilities. p is memory for one member; dst may be
// the first part of values.
func (i *Info) averageInto(dst, p, values []float64) {
	units := len(dst)
	p = p[:units]
	for k := range i.Members {
		member := values[k*units : (k+1)*units]
		switch {
		case i.Task != data.Classify || i.Probabilities:
			copy(p, member)
		case units == 1:
			p[0] = logistic(member[0])
		default:
			softmax(p, member)
		}
		if k == 0 {
			clear(dst)
		}
		for c, v := range p {
			dst[c] += v / float64(i.Members)
		}
	}
}

// unscale returns the value of a regression in the target's units.
func (i *Info) unscale(v float64) float64 {
	v = v*i.scale() + i.TargetMean
	if i.TargetWidth != 0 {
		v = i.TargetCenter + i.TargetWidth*math.Sinh(v)
	}
	if low, high := i.TargetRange[0], i.TargetRange[1]; low < high {
		v = min(max(v, low), high)
	}
	return v
}

// classifyRow fills proba, of as many values as there are classes, from the outputs
// z of a row, and returns the label.
func (i *Info) classifyRow(proba, z []float64, probabilities bool) int {
	switch {
	case len(z) == 1 && probabilities:
		proba[0], proba[1] = 1-z[0], z[0]
	case len(z) == 1:
		proba[0], proba[1] = logistic(-z[0]), logistic(z[0])
	case probabilities:
		copy(proba, z)
	default:
		softmax(proba, z)
	}
	i.Calibration.apply(proba)
	return cheapest(proba, i.Costs)
}

// Check reports whether calibration and costs go with the classes.
func (i Info) Check() error {
	err := i.Calibration.check(len(i.Classes))
	if err == nil {
		err = checkCosts(i.Costs, len(i.Classes))
	}
	if err == nil && i.TargetWidth != 0 && !(i.TargetWidth > 0 && finite([]float64{i.TargetWidth, i.TargetCenter}, 1) == nil) {
		err = fmt.Errorf("a target around %v in the width %v: want finite numbers, and a width that is not negative", i.TargetCenter, i.TargetWidth)
	}
	if err != nil {
		return fmt.Errorf("models: %w", err)
	}
	return nil
}

// ScaleTarget returns what a network is trained to say for a target of y.
func (i Info) ScaleTarget(y float64) float64 {
	if i.TargetWidth != 0 {
		y = math.Asinh((y - i.TargetCenter) / i.TargetWidth)
	}
	return (y - i.TargetMean) / i.scale()
}

func (i *Info) scale() float64 {
	if i.TargetScale == 0 {
		return 1
	}
	return i.TargetScale
}

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func softmax(dst, z []float64) {
	peak := z[0]
	for _, v := range z {
		peak = math.Max(peak, v)
	}
	sum := 0.0
	for k, v := range z {
		dst[k] = math.Exp(v - peak)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
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
