package crossval

import (
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// compareRows compares two candidates on the test rows of a single split.
func (r *Result) compareRows(c *Comparison) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("crossval: %w", err)
	}
	first, second := &r.RunsOf(c.Reference)[0].Prediction, &r.RunsOf(c.Other)[0].Prediction
	rows := r.Splits[0].Test
	rules, err := r.Data.Rules()
	if err != nil {
		return fmt.Errorf("crossval: %w", err)
	}
	switch {
	case rules.Choice && c.Metric == data.Accuracy.Name:
		c.Why = "one split: the test rows that one model alone has right"
		a, b := make([]bool, len(rows)), make([]bool, len(rows))
		for i, row := range rows {
			a[i], b[i] = first.Labels[i] == r.Data.Labels[row], second.Labels[i] == r.Data.Labels[row]
		}
		c.Test, err = stats.McNemar(a, b, stats.McNemarMidP, 0)
	case rules.Choice && c.Metric == data.ROCAUC.Name && len(r.Data.Classes) == 2 && first.Proba != nil && second.Proba != nil:
		c.Why = "one split: the ranks of its test rows"
		positive, a, b := make([]bool, len(rows)), make([]float64, len(rows)), make([]float64, len(rows))
		for i, row := range rows {
			positive[i], a[i], b[i] = r.Data.Labels[row] == 1, first.Proba[2*i+1], second.Proba[2*i+1]
		}
		var both stats.AUCs
		both, err = stats.DeLong(positive, a, b, 0)
		c.Test = both.Difference
	default:
		c.Why = "one split: its test rows, drawn again and again"
		err = r.compareBootstrap(c, rules, first, second)
	}
	return err
}

// compareBootstrap sets the interval of the difference of a metric, over the test rows of a
// single split.
func (r *Result) compareBootstrap(c *Comparison, rules *data.Rules, first, second *data.Prediction) error {
	if rules.Grouped {
		return errors.New("crossval: one split of groups: there is no test of its rows")
	}
	var metric data.Metric
	if err := metric.UnmarshalText([]byte(c.Metric)); err != nil {
		return fmt.Errorf("crossval: one split: %w, so that its rows cannot be scored again", err)
	}
	truth := r.truth(r.Splits[0].Test)
	difference := func(rows []int) float64 {
		part, err := truth.Rows(rows)
		if err != nil {
			return math.NaN()
		}
		a, err := metric.Score(part, pick(rules, first, rows))
		if err != nil {
			return math.NaN()
		}
		b, err := metric.Score(part, pick(rules, second, rows))
		if err != nil {
			return math.NaN()
		}
		return a - b
	}
	n := len(r.Splits[0].Test)
	var err error
	if c.Test, err = stats.Bootstrap(n, difference, stats.BootstrapOptions{Seed: r.Seed}); err != nil {
		return err
	}
	wide := c.Test
	if c.Tests > 1 {
		// Of the same draws, which are to reach far enough into the tail.
		o := stats.BootstrapOptions{Seed: r.Seed, Confidence: 1 - Level/float64(c.Tests), Resamples: max(2000, 40*2*c.Tests)}
		if wide, err = stats.Bootstrap(n, difference, o); err != nil {
			return err
		}
	}
	c.Excludes = err == nil && !wide.Constant && (wide.Low > 0 || wide.High < 0)
	return err
}

// truth returns the true answers of some rows, without inputs.
func (r *Result) truth(rows []int) *data.Set {
	set := &data.Set{Name: r.Data.Name, Target: r.Data.Target, Classes: r.Data.Classes, As: r.Data.Task, TargetColumns: r.Data.Columns}
	columns := max(1, len(r.Data.Columns))
	shape := []int{len(rows), columns}
	if columns == 1 {
		shape = shape[:1]
	}
	if r.Data.Classes != nil {
		v := make([]int, 0, len(rows)*columns)
		for _, row := range rows {
			v = append(v, r.Data.Labels[row*columns:(row+1)*columns]...)
		}
		set.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))}
		return set
	}
	v := make([]float64, 0, len(rows)*columns)
	for _, row := range rows {
		v = append(v, r.Data.Values[row*columns:(row+1)*columns]...)
	}
	set.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))}
	return set
}

// pick returns the predictions of some rows.
func pick(rules *data.Rules, p *data.Prediction, rows []int) *data.Prediction {
	out := &data.Prediction{}
	for _, row := range rows {
		one := rules.Row(p, row)
		out.Labels, out.Proba, out.Values = append(out.Labels, one.Labels...), append(out.Proba, one.Proba...), append(out.Values, one.Values...)
	}
	return out
}
