package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
)

// trainer updates a model's parameters batch by batch.
type trainer struct {
	tally
	*feed
	config   Config
	programs map[size]*bound
	last     *bound
	opt      *optim.Run
	augment  *augmentation // nil: none
	sum      *accumulator  // nil: every batch is a step
	average  *average      // nil: none
	weighed  float64       // the weight of the latest batch
}

func newTrainer(m *models.Model, f *feed, c Config) (*trainer, error) {
	n := f.answers.Len()
	t := &trainer{tally: newTally(m, f.answers, c), feed: f, config: c, programs: map[size]*bound{}, augment: newAugmentation(c)}
	p, err := t.program(size{min(c.BatchSize, n), f.longest()})
	if err != nil {
		return nil, err
	}
	// A faulty last batch is reported now, not after an epoch.
	if rest := n % data.WindowRows % c.BatchSize; rest > 0 && rest < n && !c.DropLast {
		if _, err := t.program(size{rest, f.longest()}); err != nil {
			return nil, fmt.Errorf("%w (the last of %d rows in batches of %d: choose another BatchSize)", err, n, c.BatchSize)
		}
	}
	if len(p.params) == 0 {
		return nil, errors.New("train: the loss depends on no trained parameter")
	}
	t.sum = newAccumulator(c.Accumulate, p.params)
	t.average = newAverage(c.Average, m.Params().All())
	grads := p.grads
	if t.sum != nil {
		grads = t.sum.grads
	}
	t.opt, err = optim.StartRows(c.Optimizer, c.Clip, c.Groups, p.params, grads, p.rows)
	t.last = p
	return t, err
}

// total returns what is differentiated: the loss plus the penalties.
func (p *bound) total() *graph.Node {
	if p.penalty == nil {
		return p.loss
	}
	return p.b.Add(p.loss, p.penalty)
}

// program returns the training program of a batch size.
func (t *trainer) program(of size) (*bound, error) {
	if p := t.programs[of]; p != nil {
		return p, nil
	}
	g, err := t.table.build(t.m, t.config.Objective, graph.Train, of.rows, of.steps)
	if err != nil {
		return nil, err
	}
	p := &bound{batchGraph: g, penalty: g.b.Penalty()}
	total := p.total()
	params, nodes := t.trained(g.b, total)
	grads := g.b.Gradients(total, nodes...)
	if err := g.b.Err(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	grads, rows := t.byRows(g.b, params, grads)
	extra := slices.Clone(grads)
	for _, n := range rows {
		if n != nil {
			extra = append(extra, n)
		}
	}
	if p.penalty != nil {
		extra = append(extra, p.penalty)
	}
	c, err := g.compile(extra...)
	if err != nil {
		return nil, err
	}
	c.penalty, c.params = p.penalty, params
	for i, n := range grads {
		c.grads, c.rows = append(c.grads, c.run.Value(n)), append(c.rows, nil)
		if rows[i] != nil {
			c.rows[i] = c.run.Value(rows[i])
		}
	}
	if t.config.Accumulate > 1 {
		for _, g := range c.grads {
			f32, f64 := floatsOf(g)
			c.g32, c.g64 = append(c.g32, f32), append(c.g64, f64)
		}
	}
	t.programs[of] = c
	return c, nil
}

// byRows replaces the gradients of sparse parameters by their rows where the optimizer can
// update single rows, and returns the nodes of the row numbers. Accumulated gradients stay
// dense.
func (t *trainer) byRows(b *graph.Builder, params []*graph.Param, grads []*graph.Node) (values, rows []*graph.Node) {
	values, rows = slices.Clone(grads), make([]*graph.Node, len(grads))
	for i, p := range params {
		if t.config.Accumulate > 1 || !p.Sparse || !optim.Sparse(t.config.Optimizer, t.config.Groups, p.Path) {
			continue
		}
		if r, v := b.RowGradient(grads[i]); r != nil {
			rows[i], values[i] = r, v
		}
	}
	return values, rows
}

// trained returns the parameters that the optimizer updates, and their nodes.
func (t *trainer) trained(b *graph.Builder, total *graph.Node) (params []*graph.Param, nodes []*graph.Node) {
	all, of := b.Trained(total)
	for i, p := range all {
		if !optim.Frozen(t.config.Groups, p.Path) {
			params, nodes = append(params, p), append(nodes, of[i])
		}
	}
	return params, nodes
}

// step computes the next batch, and updates the parameters if it is the last of a step.
func (t *trainer) step(ctx context.Context, now factors, last bool) error {
	rows, local, err := t.next(ctx)
	if err != nil {
		return err
	}
	t.weighed = t.table.weight(rows)
	p, err := t.program(size{len(rows), t.steps(rows)})
	if err != nil {
		return err
	}
	if p != t.last && t.sum == nil {
		if err := t.opt.GradsRows(p.grads, p.rows); err != nil {
			return err
		}
	}
	t.last = p
	p.load(local)
	noise := t.opt.Steps() // the number of the batch, which seeds its randomness
	if t.sum != nil {
		noise = noise*t.sum.of + t.sum.batches
	}
	if err := t.augment.apply(p, rows, noise); err != nil {
		return err
	}
	p.run.SetStep(noise)
	p.run.SetNoise(now.noise)
	if err := p.run.Run(ctx); err != nil {
		return err
	}
	weight := t.weighed
	t.add(p, rows, weight)
	if t.sum != nil {
		t.sum.add(p, weight)
		if t.sum.batches < t.sum.of && !last {
			return nil
		}
		if weight = t.sum.weight; weight > 0 {
			t.sum.mean()
		}
		t.sum.reset()
	}
	if weight == 0 { // nothing to learn from: no step
		return nil
	}
	if err := t.opt.Step(now.rate, now.decay); err != nil {
		var nf *optim.NotFiniteError
		if errors.As(err, &nf) {
			return fmt.Errorf("%w: %w", ErrDiverged, err)
		}
		return err
	}
	t.average.update(t.opt.Steps())
	return nil
}
