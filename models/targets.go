package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/losses"
)

// TargetScale is the scale on which a network learns a real target: it is trained on
// (y − Mean) / Scale, and predictions are converted back and clipped to Range.
type TargetScale struct {
	Mean  float64 `json:"mean,omitempty"`
	Scale float64 `json:"scale,omitempty"` // 0: 1
	// Width, unless 0, makes the scale logarithmic: asinh((y − Center) / Width) takes the
	// place of y.
	Width  float64 `json:"width,omitempty"`
	Center float64 `json:"center,omitempty"` // see Width
	// Range bounds predictions, in the target's units; equal values: no bounds.
	Range [2]float64 `json:"range,omitzero"`
}

// Learned returns the value that a network is trained to output for a target y.
func (s TargetScale) Learned(y float64) float64 {
	if s.Width != 0 {
		y = math.Asinh((y - s.Center) / s.Width)
	}
	return (y - s.Mean) / s.factor()
}

// unscale converts a network's output back to the target's units.
func (s *TargetScale) unscale(v float64) float64 {
	v = v*s.factor() + s.Mean
	if s.Width != 0 {
		v = s.Center + s.Width*math.Sinh(v)
	}
	if low, high := s.Range[0], s.Range[1]; low < high {
		v = min(max(v, low), high)
	}
	return v
}

func (s *TargetScale) factor() float64 {
	if s.Scale == 0 {
		return 1
	}
	return s.Scale
}

// linear returns the mean and the scale of the targets, on the logarithmic scale if there is
// one.
func (s TargetScale) linear() (mean, scale float64) {
	if s.Width != 0 {
		return s.Center, s.Width
	}
	return s.Mean, s.factor()
}

// set reports whether targets are learned on a scale other than their own.
func (s TargetScale) set() bool { return s.Scale != 0 || s.Width != 0 }

func (s TargetScale) check() error {
	for _, v := range []float64{s.Mean, s.Scale, s.Width, s.Center, s.Range[0], s.Range[1]} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("a target scale of %+v: want finite numbers", s)
		}
	}
	if s.Width < 0 || s.Scale < 0 {
		return fmt.Errorf("a target scale with center %v, width %v and scale %v: want a width and a scale that are not negative", s.Center, s.Width, s.Scale)
	}
	return nil
}

// OfSet copies what a set says about its targets: task, classes and target columns.
func (i *Info) OfSet(rows *data.Set) {
	if i == nil || rows == nil {
		return
	}
	i.Task, i.Classes, i.Target, i.TargetColumns = rows.Task(), rows.Classes, rows.Target, nil
	if about := rows.AboutTargets(); len(about.Columns) > 1 {
		i.TargetColumns = about.Columns
	}
}

// TaskOf returns Task or, if that is nil, the task implied by Classes.
func (i Info) TaskOf() data.Task {
	return (&data.Set{As: i.Task, Classes: i.Classes}).Task()
}

// mostUnits bounds the number of values that an output may have per row.
const mostUnits = 1 << 24

// Rules returns the rules of the model's task for an output of the given number of units,
// counted over all members. It is an error if they do not match.
func (i Info) Rules(units int) (*data.Rules, error) {
	members := max(1, i.Members)
	if units < 1 || units > mostUnits {
		return nil, fmt.Errorf("models: an output of %d units", units)
	}
	if units%members != 0 {
		return nil, fmt.Errorf("models: %d outputs of %d members", units, i.Members)
	}
	units /= members
	of := data.Targets{Columns: i.TargetColumns, Classes: i.Classes}
	if of.Columns == nil {
		of.Columns = []string{i.Target}
	}
	r, err := data.RulesOf(i.TaskOf(), of)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	if i.TargetColumns == nil && i.Classes == nil && !slices.Contains(r.Units, units) && units <= 1<<16 {
		// The columns have no names: there is one per output.
		of.Columns = make([]string, units)
		for k := range of.Columns {
			of.Columns[k] = fmt.Sprintf("target %d", k+1)
		}
		if all, err := data.RulesOf(i.TaskOf(), of); err == nil {
			r = all
		}
	}
	if !slices.Contains(r.Units, units) {
		if i.Classes != nil {
			return nil, fmt.Errorf("models: %d outputs for %d classes", units, len(i.Classes))
		}
		return nil, fmt.Errorf("models: %d outputs to %s: want %d", units, data.TaskName(i.TaskOf()), r.Units[0])
	}
	if n := len(i.Scales); n > 1 && n != r.Values {
		return nil, fmt.Errorf("models: %d target scales for %d values", n, r.Values)
	}
	return r, i.Check()
}

// Rules returns the rules of the model's task for its first output.
func (m *Model) Rules() (*data.Rules, error) {
	if !m.made() {
		return nil, errNotMade
	}
	return m.Info.Rules(m.OutputShapes()[0].TotalSize())
}

// scaleOf returns the scale for a value of a row: its column's own, or the shared one.
func (i *Info) scaleOf(value int) *TargetScale {
	switch len(i.Scales) {
	case 0:
		return &TargetScale{}
	case 1:
		return &i.Scales[0]
	}
	return &i.Scales[value]
}

// Learned returns the functions that turn targets into what the network is trained to
// output, one per target column. nil: it learns the targets unscaled.
func (i Info) Learned(columns int) []func(y float64) float64 {
	if columns < 1 || columns > mostUnits || !slices.ContainsFunc(i.Scales, TargetScale.set) {
		return nil
	}
	out := make([]func(float64) float64, columns)
	for k := range out {
		out[k] = i.scaleOf(min(k, max(0, len(i.Scales)-1))).Learned
	}
	return out
}

// LossOf returns the loss that the rules of a task prescribe for a network of the given
// number of outputs.
func LossOf(rules *data.Rules, units int) (losses.Loss, error) {
	if rules == nil || rules.Loss == nil {
		return nil, errors.New("models: the task has no loss")
	}
	text := []byte(rules.Loss(units))
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		var err error
		if text, err = json.Marshal(map[string]string{"kind": string(text)}); err != nil {
			return nil, fmt.Errorf("models: the loss of the task: %w", err)
		}
	}
	var l losses.Loss
	if err := describe.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("models: the loss of the task: %w", err)
	}
	return l, nil
}
