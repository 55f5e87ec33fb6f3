package text

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// Attention returns how much each token of a target text, and its end, attends to those of a source
// text and its end when it is predicted: the mean over the heads of the decoder's last block. Rows
// add up to 1.
func (t *Translation) Attention(ctx context.Context, source, target []int) ([][]float64, error) {
	net, p, err := t.parts()
	if err != nil {
		return nil, err
	}
	if err := t.checkTexts("source", [][]int{source}, 1); err != nil {
		return nil, err
	}
	if err := t.checkTexts("target", [][]int{target}, 0); err != nil {
		return nil, err
	}
	n, m := len(source)+1, len(target)+1
	steps := max(n, m)
	program, weights, err := t.attentionProgram(net, p, steps)
	if err != nil {
		return nil, err
	}
	names := t.Model.InputNames()
	for i, ids := range [][]int{append([]int{t.End}, target...), {m}, source, {n}} {
		if !slices.Contains(program.Inputs(), names[i]) {
			continue
		}
		v, err := inputInts(program, names[i])
		if err != nil {
			return nil, err
		}
		for k := copy(v, ids); k < len(v); k++ {
			v[k] = t.End
		}
	}
	if err := program.Run(ctx); err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	out := make([][]float64, m)
	for i := range out {
		for j := range n {
			out[i] = append(out[i], valueOf(program, weights, i*steps+j))
		}
	}
	return out, nil
}

// attentionProgram compiles the network for one pair, and the weights of its attention (steps, steps).
func (t *Translation) attentionProgram(net pairNet, p pairParts, steps int) (*graph.Program, *graph.Node, error) {
	b := graph.New(t.Model.Params(), graph.Infer)
	t.Model.Build(b, 1, steps)
	q, k, a := net.attention(b, p)
	if b.Err() != nil {
		return nil, nil, b.Err()
	}
	a.Lengths = b.Node(t.Model.InputNames()[3])
	heads := max(1, a.Heads)
	weights := b.Attention(q, k, b.Tensor("identity", identity(b.Dtype(), steps, heads)), a)
	weights = b.Mean(b.Reshape(weights, steps, heads, steps), 1)
	program, err := graph.Compile(b, weights)
	return program, weights, err
}

// identity returns values (1, steps, heads·steps) of which attention makes its own probabilities.
func identity(dtype graph.Dtype, steps, heads int) *tensor.Dense {
	v := tensor.New(tensor.Of(dtype), tensor.WithShape(1, steps, heads*steps))
	for i := range steps {
		for h := range heads {
			at := (i*heads+h)*steps + i
			if dtype == graph.Float64 {
				v.Float64s()[at] = 1
			} else {
				v.Float32s()[at] = 1
			}
		}
	}
	return v
}

// valueOf returns a value of a node.
func valueOf(p *graph.Program, n *graph.Node, i int) float64 {
	if n.Dtype() == graph.Float64 {
		return p.Floats64(n)[i]
	}
	return float64(p.Floats32(n)[i])
}
