package layers_test

import (
	"fmt"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// TestWidths runs layers at the widths around vector registers: of one value, of fewer than
// a register holds, of one less, as many and one more, and of two and a rest.
func TestWidths(t *testing.T) {
	var cases []graphtest.Case
	for _, n := range []int{1, 3, 15, 16, 17, 33} {
		add := func(name string, l layers.Layer, in func(int) []*tensor.Dense, out func(int) graph.Shape, params int) {
			k := graphtest.Case{Name: fmt.Sprint(name, "/", n), Inputs: in, Shape: out, Params: params, Mode: graph.Train, Batches: []int{2, 5}}
			k.Build = func(b *graph.Builder, in []*graph.Node) *graph.Node { return l.Build(b, in[0]) }
			cases = append(cases, k)
		}
		for _, a := range []layers.Activation{
			layers.Relu, layers.Elu, layers.Selu, layers.Sigmoid, layers.Tanh, layers.Softplus, layers.Softsign, layers.Gelu, layers.GeluTanh,
			layers.Silu, layers.Mish, layers.HardSigmoid, layers.HardSwish, layers.Relu6, layers.LeakyRelu(0.1),
		} {
			add(a.String(), a, logits(n), shape(n), 0)
		}
		add("Dense in", layers.Dense{Units: 2, Activation: layers.Tanh}, logits(n), shape(2), 2*n+2)
		add("Dense out", layers.Dense{Units: n, Activation: layers.Relu}, logits(2), shape(n), 3*n)
		add("LayerNorm", layers.LayerNorm{}, logits(n+1), shape(n+1), 2*(n+1))
		add("BatchNorm", layers.BatchNorm{}, logits(n), shape(n), 2*n)
		add("Softmax", layers.Softmax{}, logits(n), shape(n), 0)
		add("Conv1D", layers.Conv1D{Filters: n, Size: 2}, logits(3, 2), shape(2, n), 5*n)
		add("SimpleRNN", layers.SimpleRNN{Units: n}, logits(2, 1), shape(n), n+n*n+n)
		add("LSTM", layers.LSTM{Units: n, Sequence: true}, logits(2, 1), shape(2, n), 4*(n+n*n+n))
		add("GRU", layers.GRU{Units: n}, logits(2, 1), shape(n), 3*(n+n*n+n)+n)
		add("Embedding", layers.Embedding{Size: 3, Dim: n}, func(batch int) []*tensor.Dense { return []*tensor.Dense{graphtest.Ints(1, 3, batch, 2)} }, shape(2, n), 3*n)
	}
	graphtest.Run(t, cases...)
}
