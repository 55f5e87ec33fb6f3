package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/profile"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/optim"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Profile measures the operations of a training step: the program of loss and
// gradients on the first batch of a set, and the optimizer's step, which is added
// as an operation of its own. The weights stay where they are for the program's
// runs, and move in the optimizer's.
func (w Workload) Profile(ctx context.Context, set *data.Set, runs int) (*graph.Profile, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	b := graph.New(m.Params(), graph.Train)
	out := m.Build(b, w.Batch, 0)
	if err := b.Err(); err != nil {
		return nil, err
	}
	loss := losses.Mean(b, w.Loss.Loss(b.Scope("loss"), out[0], b.InputInt("y", w.Batch)), nil)
	return profileStep(ctx, b, loss, w.Optimizer, w.Name+", a training step of "+w.Title, runs, func(p *graph.Program) error { return w.fill(p, set) })
}

// profileStep measures the program of a loss and its gradients, whose inputs fill sets, and a step of
// an optimizer.
func profileStep(ctx context.Context, b *graph.Builder, loss *graph.Node, o optim.Optimizer, title string, runs int, fill func(*graph.Program) error) (*graph.Profile, error) {
	params, nodes := b.Trained(loss)
	grads := b.Gradients(loss, nodes...)
	p, err := graph.Compile(b, append([]*graph.Node{loss}, grads...)...)
	if err != nil {
		return nil, err
	}
	if err := fill(p); err != nil {
		return nil, err
	}
	prof, err := p.Profile(ctx, runs)
	if err != nil {
		return nil, err
	}
	prof.Title = title
	step, err := profileOptimizer(o, params, grads, p, runs)
	if err != nil {
		return nil, err
	}
	prof.Wall += step.Time
	prof.Ops = append(prof.Ops, step)
	return prof, nil
}

// profileOptimizer measures the steps of an optimizer.
func profileOptimizer(o optim.Optimizer, params []*graph.Param, grads []*graph.Node, p *graph.Program, runs int) (profile.Op, error) {
	values := make([]gorgonia.Value, len(grads))
	bytes := 0
	for i, g := range grads {
		values[i] = p.Value(g)
		bytes += 2 * params[i].Size() * 4 // gradient and weight
	}
	run, err := optim.Start(o, optim.Clip{}, nil, params, values)
	if err != nil {
		return profile.Op{}, err
	}
	rule, err := o.Rule()
	if err != nil {
		return profile.Op{}, err
	}
	bytes += len(rule.State) * bytes / 2
	if err := run.Step(1, 1); err != nil { // not counted
		return profile.Op{}, err
	}
	begin := time.Now()
	for range runs {
		if err := run.Step(1, 1); err != nil {
			return profile.Op{}, err
		}
	}
	return profile.Op{Path: "optimizer", Kind: rule.Name, Shape: fmt.Sprintf("(%d)", bytes/4/(2+len(rule.State))), Calls: runs, Time: time.Since(begin), Bytes: bytes}, nil
}

// fill puts the first rows of a set into the inputs of a program.
func (w Workload) fill(p *graph.Program, set *data.Set) error {
	x, width, err := floats(set)
	if err != nil {
		return err
	}
	labels, err := set.Labels()
	if err != nil {
		return err
	}
	if len(labels) < w.Batch {
		return fmt.Errorf("workload: %s has fewer than %d rows", set.Name, w.Batch)
	}
	shape := append([]int{w.Batch}, w.Shape...)
	if err := p.SetInput("x", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x[:w.Batch*width]))); err != nil {
		return err
	}
	return p.SetInput("y", tensor.New(tensor.WithShape(w.Batch), tensor.WithBacking(labels[:w.Batch])))
}
