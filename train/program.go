package train

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/gorgonia"
)

// batchGraph is the graph of one batch: its outputs and the mean loss of its rows.
type batchGraph struct {
	b       *graph.Builder
	steps   int // padded length of sequences; 0: no sequences
	outputs []*graph.Node
	loss    *graph.Node
	names   []string      // of the objective's terms, if there are several
	terms   []*graph.Node // their losses
	cols    []*column
}

func (t *table) build(m *models.Model, o Objective, mode graph.Mode, batch, steps int) (*batchGraph, error) {
	b := graph.New(m.Params(), mode)
	g := &batchGraph{b: b, steps: steps, outputs: m.Build(b, batch, steps), cols: append([]*column(nil), t.inputs...)}
	var weights *graph.Node
	if t.weights != nil {
		weights = t.weights.declare(b, batch, steps)
		g.cols = append(g.cols, t.weights)
	}
	if b.Err() == nil {
		x := Batch{Outputs: g.outputs}
		for _, name := range m.InputNames() {
			x.Inputs = append(x.Inputs, b.Node(name))
		}
		for _, want := range t.targets {
			x.Targets = append(x.Targets, want.declare(b, batch, steps))
			g.cols = append(g.cols, want)
		}
		g.loss, g.names, g.terms = minimise(b.Scope("loss"), o, x, weights)
	}
	if err := b.Err(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return g, nil
}

// size is the batch size a program is compiled for: rows, and steps of sequences.
type size struct{ rows, steps int }

// bound is a compiled batchGraph with its inputs.
type bound struct {
	*batchGraph
	run     *graph.Program
	sources []source
	penalty *graph.Node
	params  []*graph.Param // the trained ones
	grads   []gorgonia.Value
	rows    []gorgonia.Value // of gradients in row form
	g32     [][]float32      // their backing memory, if gradients are accumulated
	g64     [][]float64
}

func (g *batchGraph) compile(extra ...*graph.Node) (*bound, error) {
	nodes := slices.Concat([]*graph.Node{g.loss}, g.outputs, g.terms, extra)
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
		p.sources[i].load(rows, p.steps)
	}
}
