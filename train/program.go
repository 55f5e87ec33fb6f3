package train

import (
	"fmt"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/gorgonia"
)

// batchGraph is the graph of one batch: outputs, and the mean loss of its rows.
type batchGraph struct {
	b       *graph.Builder
	outputs []*graph.Node
	loss    *graph.Node
	cols    []*column
}

func (t *table) build(m *models.Model, list []losses.Loss, mode graph.Mode, batch int) (*batchGraph, error) {
	b := graph.New(m.Params(), mode)
	g := &batchGraph{b: b, outputs: m.Build(b, batch), cols: append([]*column(nil), t.inputs...)}
	var weights *graph.Node
	if t.weights != nil {
		weights = t.weights.declare(b, batch)
		g.cols = append(g.cols, t.weights)
	}
	for i, want := range t.targets {
		if b.Err() != nil {
			break
		}
		l := losses.Mean(b, rowLoss(b.Scope("loss"), list[i], g.outputs[i], want.declare(b, batch)), weights)
		g.cols = append(g.cols, want)
		if g.loss == nil {
			g.loss = l
		} else {
			g.loss = b.Add(g.loss, l)
		}
	}
	if err := b.Err(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return g, nil
}

// rowLoss builds a loss and checks that it gives one number a row.
func rowLoss(b *graph.Builder, loss losses.Loss, pred, want *graph.Node) (l *graph.Node) {
	defer func() {
		if r := recover(); r != nil { // in a loss of the user's
			l = b.Fail("panic: %v", r)
		}
	}()
	if loss == nil {
		return b.Fail("the loss is nil")
	}
	l = loss.Loss(b, pred, want)
	if b.Err() == nil && (l == nil || len(l.Shape()) != 1 || l.Shape()[0] != pred.Shape()[0]) {
		return b.Fail("the loss gives %v, want one number for each of %d rows", l, pred.Shape()[0])
	}
	return l
}

// bound is a compiled batchGraph with its inputs.
type bound struct {
	*batchGraph
	run     *graph.Program
	sources []source
	penalty *graph.Node
	params  []*graph.Param // that are trained
	grads   []gorgonia.Value
	rows    []gorgonia.Value // of gradients that come as rows
	g32     [][]float32 // their memory, if gradients are accumulated
	g64     [][]float64
}

func (g *batchGraph) compile(extra ...*graph.Node) (*bound, error) {
	nodes := append(append([]*graph.Node{g.loss}, g.outputs...), extra...)
	p, err := graph.Compile(g.b, nodes...)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	out := &bound{batchGraph: g, run: p}
	declared := map[string]bool{}
	for _, name := range p.Inputs() {
		declared[name] = true
	}
	for _, c := range g.cols {
		if !declared[c.name] { // nothing depends on it
			continue
		}
		t, err := p.Input(c.name)
		if err != nil {
			return nil, err
		}
		s := source{column: c}
		switch d := t.Data().(type) {
		case []float32:
			s.to32 = d
		case []float64:
			s.to64 = d
		case []int:
			s.toInts = d
		}
		out.sources = append(out.sources, s)
	}
	return out, nil
}

func (p *bound) load(rows []int) {
	for i := range p.sources {
		p.sources[i].load(rows)
	}
}
