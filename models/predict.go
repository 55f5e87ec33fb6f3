package models

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// PredictRows turns raw rows into a prediction: it applies Info.Preprocess, runs
// the network, and reads the first output as Info says, logits as probabilities
// (sigmoid for one unit, softmax for more), real values in the target's own units.
func (m *Model) PredictRows(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
	if !m.made() {
		return nil, errNotMade
	}
	if rows == nil || rows.Len() == 0 {
		return nil, data.ErrEmpty
	}
	if m.Info.Preprocess != nil {
		var err error
		if rows, err = m.Info.Preprocess.Apply(rows); err != nil {
			return nil, err
		}
	}
	out, err := m.Predict(ctx, rows.Inputs...)
	if err != nil {
		return nil, err
	}
	return m.Info.Read(out[0])
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
	for k, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("models: the output of row %d is %v", k/units, v)
		}
	}
	if i.Members > 1 {
		if units%i.Members != 0 {
			return nil, fmt.Errorf("models: %d outputs of %d members", units, i.Members)
		}
		units /= i.Members
		if values = i.average(values, rows, units); i.Task == data.Classify {
			i.Probabilities = true
		}
	}
	if i.Task == data.Regress {
		return &data.Prediction{Values: i.unscaled(values)}, nil
	}
	return i.classify(values, rows, units)
}

// average returns the mean over the members of values, of a classification that of
// their probabilities.
func (i Info) average(values []float64, rows, units int) []float64 {
	out, p := make([]float64, rows*units), make([]float64, units)
	for k := range rows * i.Members {
		member := values[k*units : (k+1)*units]
		if i.Task == data.Classify && !i.Probabilities {
			if units == 1 {
				p[0] = logistic(member[0])
			} else {
				softmax(p, member)
			}
			member = p
		}
		row := out[k/i.Members*units:]
		for c, v := range member {
			row[c] += v / float64(i.Members)
		}
	}
	return out
}

// unscaled returns values of a regression in the target's units.
func (i Info) unscaled(values []float64) []float64 {
	scale := i.TargetScale
	if scale == 0 {
		scale = 1
	}
	low, high := i.TargetRange[0], i.TargetRange[1]
	for k, v := range values {
		v = v*scale + i.TargetMean
		if low < high {
			v = min(max(v, low), high)
		}
		values[k] = v
	}
	return values
}

func (i Info) classify(values []float64, rows, units int) (*data.Prediction, error) {
	classes := len(i.Classes)
	if classes < 2 {
		return nil, errors.New("models: the model's Info names fewer than two classes")
	}
	if units != classes && !(units == 1 && classes == 2) {
		return nil, fmt.Errorf("models: %d outputs for %d classes", units, classes)
	}
	if err := i.Check(); err != nil {
		return nil, err
	}
	p := &data.Prediction{Labels: make([]int, rows), Proba: make([]float64, rows*classes)}
	for r := range rows {
		row, z := p.Proba[r*classes:(r+1)*classes], values[r*units:(r+1)*units]
		switch {
		case units == 1 && i.Probabilities:
			row[0], row[1] = 1-z[0], z[0]
		case units == 1:
			row[0], row[1] = logistic(-z[0]), logistic(z[0])
		case i.Probabilities:
			copy(row, z)
		default:
			softmax(row, z)
		}
		i.Calibration.apply(row)
		p.Labels[r] = cheapest(row, i.Costs)
	}
	return p, nil
}

// Check reports whether calibration and costs go with the classes.
func (i Info) Check() error {
	err := i.Calibration.check(len(i.Classes))
	if err == nil {
		err = checkCosts(i.Costs, len(i.Classes))
	}
	if err != nil {
		return fmt.Errorf("models: %w", err)
	}
	return nil
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
