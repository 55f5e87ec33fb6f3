package layers_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// TestStates holds what recurrent layers expose to the checks of every operation.
func TestStates(t *testing.T) {
	var cases []graphtest.Case
	for name, c := range map[string]struct {
		layer  layers.Joiner
		width  int
		params int
		cell   bool
	}{
		"SimpleRNN":     {layers.SimpleRNN{Units: 2}, 2, 12, false},
		"GRU sequence":  {layers.GRU{Units: 2, Sequence: true}, 2, 3*12 + 2, false},
		"LSTM":          {layers.LSTM{Units: 3}, 6, 4 * (9 + 9 + 3), true},
		"LSTM sequence": {layers.LSTM{Units: 1, Sequence: true}, 2, 4 * (3 + 1 + 1), true},
		"LSTM deep":     {layers.LSTM{Units: 1, Depth: 2, Bidirectional: true, Sequence: true}, 8, 2*4*(3+1+1) + 2*4*(2+1+1), true},
	} {
		for _, lengths := range []bool{false, true} {
			k := graphtest.Case{Name: fmt.Sprint(name, ", lengths ", lengths), Inputs: logits(4, 3), Shape: shape(c.width), Params: c.params}
			if lengths {
				k.Inputs = func(n int) []*tensor.Dense {
					return []*tensor.Dense{graphtest.Logits(1, n, 4, 3), graphtest.Ints(1, 5, n)}
				}
			}
			k.Build = func(b *graph.Builder, in []*graph.Node) *graph.Node {
				c.layer.Join(b, in)
				if !c.cell {
					return b.Node("state")
				}
				return b.Concat(1, b.Node("state"), b.Node("cell"))
			}
			cases = append(cases, k)
		}
	}
	graphtest.Run(t, cases...)
}

// TestStatesGoOn: a sequence that is read in two parts, the second beginning with the
// states after the first, ends as the sequence that is read at once.
func TestStatesGoOn(t *testing.T) {
	for name, l := range map[string]layers.Joiner{
		"SimpleRNN": layers.SimpleRNN{Units: 3, Depth: 2},
		"LSTM":      layers.LSTM{Units: 3, Depth: 2},
		"GRU":       layers.GRU{Units: 3, Depth: 2},
	} {
		for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
			params := graph.NewParams(graph.Float64, 1)
			b := graph.New(params, mode)
			x := b.Input("x", 2, 5, 3)
			at := b.Scope("net")
			whole := l.Join(at, []*graph.Node{x})
			states := func(at *graph.Builder) []*graph.Node {
				list := []*graph.Node{at.Node("state")}
				if name == "LSTM" {
					list = append(list, at.Node("cell"))
				}
				return list
			}
			all := states(at)
			// The same weights under the same names, in a scope of its own each time.
			first := b.Scope("first")
			l.Join(first, []*graph.Node{b.Slice(x, 1, 0, 2)})
			rest := b.Scope("rest")
			y := l.Join(rest, append([]*graph.Node{b.Slice(x, 1, 2, 5)}, states(first)...))
			nodes := append([]*graph.Node{whole, y}, append(all, states(rest)...)...)
			p, err := graph.Compile(b, nodes...)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range params.All() {
				if rest, ok := cutScope(q.Path, "first", "rest"); ok {
					if err := q.Set(params.Get("net/" + rest).Tensor()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := p.SetInput("x", graphtest.Logits(3, 2, 5, 3)); err != nil {
				t.Fatal(err)
			}
			if err := p.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			for i := range len(all) + 1 {
				a, c := i, i+1
				if i > 0 {
					a, c = 1+i, 1+i+len(all)
				}
				got, want := p.Floats64(nodes[c]), p.Floats64(nodes[a])
				for k := range want {
					if math.Abs(got[k]-want[k]) > 1e-12 {
						t.Errorf("%s, mode %v, value %d: in parts %v, at once %v", name, mode, i, got, want)
						break
					}
				}
			}
		}
	}
}

// cutScope removes one of the scopes from a path.
func cutScope(path string, scopes ...string) (string, bool) {
	for _, s := range scopes {
		if len(path) > len(s) && path[:len(s)+1] == s+"/" {
			return path[len(s)+1:], true
		}
	}
	return path, false
}
