package main

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/models"
)

// languageScript holds PyTorch's networks of tokens; peer.py runs after it.
//
//go:embed language.py
var languageScript string

// languageWays are the ways in which PyTorch trains on tokens; the first is the one by which the
// environment is chosen.
func languageWays(l workload.Language) []string {
	switch {
	case l.Depth == 0:
		return []string{"bag, foreach", "bag", "lookup and mean, foreach"}
	case l.Heads == 0:
		return []string{"time major, foreach", "plain, foreach", "time major"}
	}
	return []string{"baddbmm, foreach", "modules, foreach", "baddbmm"}
}

// attentionWays are those of attention alone, generationWays those of generation.
var (
	attentionWays  = []string{"baddbmm", "bmm", "F._scaled_dot_product_attention"}
	generationWays = []string{"eager"}
)

// alike is the relative difference of two checks of the same numbers.
const alike = 1e-4

// checked makes candidates leave if their check is not the given one.
func checked(list []candidate, want float64) []candidate {
	for i := range list {
		open := list[i].open
		list[i].open = func(ctx context.Context) (session, error) {
			s, err := open(ctx)
			if err != nil {
				return nil, err
			}
			if r, ok := s.(*remote); !ok || r.check == nil || !(math.Abs(*r.check-want) <= alike*math.Abs(want)) {
				s.Close()
				return nil, fmt.Errorf("its check is %v, Aegis' %v", show(s), want)
			}
			return s, nil
		}
	}
	return list
}

// show returns the check of a session.
func show(s session) any {
	if r, ok := s.(*remote); ok && r.check != nil {
		return *r.check
	}
	return "missing"
}

// weights saves the weights of a model for the children to read.
func (p *pythons) weights(name string, m *models.Model) (string, error) {
	path := filepath.Join(p.folder, name+".safetensors")
	return path, m.Save(path)
}

// torch adds PyTorch in the given ways, with a check.
func (p *pythons) torch(ctx context.Context, a *arena, r *row, variants []string, check float64, request map[string]any) {
	if has, _ := p.has(); !has {
		return
	}
	var ways []way
	for _, v := range variants {
		one := map[string]any{"variant": v}
		for k, value := range request {
			one[k] = value
		}
		ways = append(ways, way{v, one})
	}
	r.contestants = append(r.contestants, contestant{"PyTorch", checked(p.candidates(ctx, a, ways), check)})
}

// languageRow is the row of a training on tokens.
func languageRow(ctx context.Context, a *arena, o *others, l workload.Language) (row, error) {
	set, err := l.Data(0)
	if err != nil {
		return row{}, err
	}
	r := row{key: l.Name, what: "training", unit: "tokens/s", value: func(rate float64) float64 { return rate * float64(l.Steps) }}
	r.contestants = append(r.contestants, aegis(func(ctx context.Context) (session, error) {
		t, err := l.Train(ctx, set)
		if err != nil {
			return nil, err
		}
		return ours{t.Window, t.Close}, nil
	}, "train.Fit"))
	m, err := l.Model()
	if err != nil {
		return r, err
	}
	loss, err := l.FirstLoss(ctx, m)
	if err != nil {
		return r, err
	}
	path, err := o.python.weights(l.Name, m)
	if err != nil {
		return r, err
	}
	o.python.torch(ctx, a, &r, languageWays(l), loss, map[string]any{"kind": "language", "net": l, "weights": path})
	return r, nil
}

// attentionRow is the row of the passes of attention alone.
func attentionRow(ctx context.Context, a *arena, o *others, s workload.AttentionShape) (row, error) {
	r := row{key: "attention", what: s.String() + ", forward and backward", unit: "ms", value: func(rate float64) float64 { return 1e3 / rate }}
	one, err := s.Open(ctx)
	if err != nil {
		return r, err
	}
	r.contestants = append(r.contestants, aegis(func(context.Context) (session, error) { return ours{one.Window, one.Close}, nil }, "graph.Program.Run"))
	o.python.torch(ctx, a, &r, attentionWays, one.Check, map[string]any{"kind": "attention", "shape": []int{s.Batch, s.Heads, s.Steps, s.Dim}, "causal": s.Causal})
	return r, nil
}

// generationRow is the row of texts that are written token by token.
func generationRow(ctx context.Context, a *arena, o *others, g workload.Generation) (row, error) {
	r := row{key: "generation", what: "batch 1", unit: "tokens/s", value: same}
	one, err := g.Open(ctx)
	if err != nil {
		return r, err
	}
	r.contestants = append(r.contestants, aegis(func(context.Context) (session, error) { return ours{one.Window, one.Close}, nil }, "Language.Generator"))
	l, err := g.Trained()
	if err != nil {
		return r, err
	}
	path, err := o.python.weights(g.Name, l.Model)
	if err != nil {
		return r, err
	}
	o.python.torch(ctx, a, &r, generationWays, one.Check, map[string]any{"kind": "generation", "net": g.Language, "weights": path})
	return r, nil
}

// languageRowsFor makes the rows of the named parts that read tokens, or attend.
func languageRowsFor(only []string) (list []func(ctx context.Context, a *arena, o *others) (row, error)) {
	for _, l := range workload.Languages() {
		if slices.Contains(only, l.Name) {
			list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return languageRow(ctx, a, o, l) })
		}
	}
	if slices.Contains(only, "attention") {
		for _, s := range workload.Attentions() {
			list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return attentionRow(ctx, a, o, s) })
		}
	}
	if slices.Contains(only, "generation") {
		for _, g := range workload.Generations() {
			list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return generationRow(ctx, a, o, g) })
		}
	}
	return list
}
