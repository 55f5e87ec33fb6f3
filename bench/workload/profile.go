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
	params, nodes := b.Trained(loss)
	grads := b.Gradients(loss, nodes...)
	p, err := graph.Compile(b, append([]*graph.Node{loss}, grads...)...)
	if err != nil {
		return nil, err
	}
	if err := w.fill(p, set); err != nil {
		return nil, err
	}
	prof, err := p.Profile(ctx, runs)
	if err != nil {
		return nil, err
	}
	prof.Title = w.Name + ", a training step of " + w.Title
	values := make([]gorgonia.Value, len(grads))
	bytes := 0
	for i, g := range grads {
		values[i] = p.Value(g)
		bytes += 2 * params[i].Size() * 4 // gradient and weight
	}
	run, err := optim.Start(w.Optimizer, optim.Clip{}, nil, params, values)
	if err != nil {
		return nil, err
	}
	rule, err := w.Optimizer.Rule()
	if err != nil {
		return nil, err
	}
	bytes += len(rule.State) * bytes / 2
	if err := run.Step(1, 1); err != nil { // not counted
		return nil, err
	}
	begin := time.Now()
	for range runs {
		if err := run.Step(1, 1); err != nil {
			return nil, err
		}
	}
	took := time.Since(begin)
	prof.Wall += took
	prof.Ops = append(prof.Ops, profile.Op{Path: "optimizer", Kind: rule.Name, Shape: fmt.Sprintf("(%d)", bytes/4/(2+len(rule.State))), Calls: runs, Time: took, Bytes: bytes})
	return prof, nil
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
