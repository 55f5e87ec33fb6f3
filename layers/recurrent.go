package layers

import (
	"fmt"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/graph"
)

// SimpleRNN is h = act(x·W + h'·U + b) over sequences. Elman (1990).
//
// Shapes: x (batch, steps, features), W "kernel" (features, Units), U "recurrent"
// (Units, Units), b "bias" (Units), y (batch, Units), the last state, or (batch,
// steps, Units) with Sequence.
//
// What LSTM says of Depth, Bidirectional and Join is true of SimpleRNN and GRU, too.
type SimpleRNN struct {
	Units         int
	Depth         int // 0: 1
	Sequence      bool
	Bidirectional bool
	Activation    Activation   // zero value: tanh; the other one there is: Relu
	Kernel        graph.Weight // zero value: Glorot uniform, no penalty
	Recurrent     graph.Weight // zero value: orthogonal
	Bias          graph.Weight // zero value: zeros
	NoBias        bool
}

// Build implements Layer.
func (r SimpleRNN) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return r.Join(b, []*graph.Node{x})
}

// Join implements Joiner.
func (r SimpleRNN) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	cell := graph.TanhCell
	switch r.Activation {
	case Identity, Tanh:
	case Relu:
		cell = graph.ReluCell
	default:
		return b.Fail("activation %v: want tanh or ReLU", r.Activation)
	}
	return recurrent{
		cell: cell, units: r.Units, depth: r.Depth, sequence: r.Sequence, both: r.Bidirectional,
		kernel: r.Kernel, recurrent: r.Recurrent, bias: r.Bias.OrInit(graph.Zeros{}), noBias: r.NoBias,
	}.join(b, xs)
}

// LSTM is a long short-term memory: graph.LSTMCell over sequences. Hochreiter &
// Schmidhuber (1997).
//
// Shapes: x (batch, steps, features), W "kernel" (features, 4·Units), U "recurrent"
// (Units, 4·Units), b "bias" (4·Units), gate by gate i, f, g, o; y (batch, Units),
// the last state, or (batch, steps, Units) with Sequence.
//
// Depth networks stand one on another, each over all states of the one below, in
// scopes "0", "1" and so on. A Bidirectional network has another set of weights for
// the way from the end to the start, scopes "forward" and "backward", and joins
// both: y is twice as wide.
//
// As a Joiner, it accepts the lengths of padded sequences, Int (batch), as an optional
// second input: steps past the length are not read, their states are 0, and the last state is
// that at the length. Then it takes the states h and c before the first step, each
// (batch, Depth·directions·Units): network by network from below, forward first.
//
// It exposes its states after the last step in that order, as "state" (h) and, of an LSTM,
// "cell" (c), both (batch, Depth·directions·Units): what a decoder begins with.
type LSTM struct {
	Units         int
	Depth         int // 0: 1
	Sequence      bool
	Bidirectional bool
	Kernel        graph.Weight // zero value: Glorot uniform, no penalty
	Recurrent     graph.Weight // zero value: orthogonal
	Bias          graph.Weight // zero value: ForgetBias
	NoBias        bool
}

// Build implements Layer.
func (l LSTM) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return l.Join(b, []*graph.Node{x})
}

// Join implements Joiner.
func (l LSTM) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	return recurrent{
		cell: graph.LSTMCell, units: l.Units, depth: l.Depth, sequence: l.Sequence, both: l.Bidirectional,
		kernel: l.Kernel, recurrent: l.Recurrent, bias: l.Bias.OrInit(ForgetBias{}), noBias: l.NoBias,
	}.join(b, xs)
}

// GRU is a gated recurrent unit: graph.GRUCell over sequences. Cho et al. (2014),
// arXiv:1406.1078.
//
// Shapes: x (batch, steps, features), W "kernel" (features, 3·Units), U "recurrent"
// (Units, 3·Units), b "bias" (3·Units), gate by gate r, z, n; q "other_bias" (Units);
// y (batch, Units), the last state, or (batch, steps, Units) with Sequence.
type GRU struct {
	Units         int
	Depth         int // 0: 1
	Sequence      bool
	Bidirectional bool
	Kernel        graph.Weight // zero value: Glorot uniform, no penalty
	Recurrent     graph.Weight // zero value: orthogonal
	Bias          graph.Weight // zero value: zeros
	OtherBias     graph.Weight // zero value: zeros
	NoBias        bool
}

// Build implements Layer.
func (g GRU) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return g.Join(b, []*graph.Node{x})
}

// Join implements Joiner.
func (g GRU) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	return recurrent{
		cell: graph.GRUCell, units: g.Units, depth: g.Depth, sequence: g.Sequence, both: g.Bidirectional,
		kernel: g.Kernel, recurrent: g.Recurrent, bias: g.Bias.OrInit(graph.Zeros{}), other: g.OtherBias.OrInit(graph.Zeros{}), noBias: g.NoBias,
	}.join(b, xs)
}

// ForgetBias starts the bias of an LSTM at 0, and at Value for the forget gates,
// so that it remembers before it has learned. Gers et al. (2000); Jozefowicz et
// al. (2015).
type ForgetBias struct {
	Value float64 // 0: 1
}

// Init implements graph.Initializer.
func (f ForgetBias) Init(s graph.Shape, _ *rand.Rand) ([]float64, error) {
	if len(s) != 1 || s[0]%4 != 0 {
		return nil, fmt.Errorf("forget bias: want the shape (4·units) of an LSTM's bias, have %v", s)
	}
	if f.Value == 0 {
		f.Value = 1
	}
	v, err := graph.Zeros{}.Init(s, nil)
	if err != nil {
		return nil, fmt.Errorf("forget bias: %w", err)
	}
	for i := s[0] / 4; i < s[0]/2; i++ {
		v[i] = f.Value
	}
	return v, nil
}

// mostDepth is how many recurrent networks stand one on another at most: the bound
// is on what a file can ask for, far above what can be trained.
const mostDepth = 1024

// recurrent is what the recurrent layers have in common.
type recurrent struct {
	cell                           graph.Cell
	units, depth                   int
	sequence, both                 bool
	kernel, recurrent, bias, other graph.Weight
	noBias                         bool
}

func (r recurrent) join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	if len(xs) == 0 {
		return b.Fail("no sequences to join")
	}
	x := xs[0]
	if !hasAxes(b, x, 3, "(batch, steps, features)") {
		return nil
	}
	switch {
	case r.units < 1:
		return b.Fail("%d units: want at least 1", r.units)
	case r.units > graph.MaxElements:
		return b.Fail("%d units: want at most %d", r.units, graph.MaxElements)
	case r.depth < 0:
		return b.Fail("depth %d is negative", r.depth)
	case r.depth > mostDepth:
		return b.Fail("depth %d: want at most %d", r.depth, mostDepth)
	}
	depth := max(r.depth, 1)
	ways := []string{""}
	if r.both {
		ways = []string{"forward", "backward"}
	}
	var ends [2][]*graph.Node // the last h and c of each network
	lengths, states := r.operands(b, xs[1:], graph.Shape{b.Dim(x, 0), depth * len(ways) * r.units})
	for d := range depth {
		if b.Err() != nil {
			return nil
		}
		at := b
		if depth > 1 {
			at = b.Scope(fmt.Sprint(d))
		}
		var results []*graph.Node
		for i, way := range ways {
			from := (d*len(ways) + i) * r.units
			last := !r.sequence && d == depth-1
			y, h, c := r.way(at, way, x, lengths, states, from, last)
			results, ends[0], ends[1] = append(results, y), append(ends[0], h), append(ends[1], c)
		}
		x = results[0]
		if r.both {
			x = at.Concat(-1, results...)
		}
	}
	side := func(list []*graph.Node) *graph.Node {
		if len(list) == 1 {
			return list[0]
		}
		return b.Concat(1, list...)
	}
	b.Expose("state", side(ends[0]))
	if r.cell == graph.LSTMCell {
		b.Expose("cell", side(ends[1]))
	}
	return x
}

// operands sorts the inputs after the sequences into lengths and initial states.
func (r recurrent) operands(b *graph.Builder, xs []*graph.Node, want graph.Shape) (lengths *graph.Node, states [2]*graph.Node) {
	count, most := 0, 1
	if r.cell == graph.LSTMCell {
		most = 2
	}
	for i, n := range xs {
		switch {
		case b.Err() != nil:
		case n != nil && n.Dtype() == graph.Int:
			if i > 0 {
				b.Fail("value %d: the lengths stand behind the sequences, once", i+1)
			}
			lengths = n
		case count == most:
			b.Fail("value %d: %v has %d initial states", i+1, r.cell, most)
		default:
			if s := b.Shape(n); b.Err() == nil && !(len(s) == 2 && s[0] == want[0] && s[1] == want[1]) {
				b.Fail("initial states %v: want %v", s, want)
			}
			states[count] = n
			count++
		}
	}
	return lengths, states
}

// way adds one network that reads the sequences from their start, or "backward". h and c
// are its states after the last step.
func (r recurrent) way(b *graph.Builder, way string, x, lengths *graph.Node, states [2]*graph.Node, from int, last bool) (y, h, c *graph.Node) {
	if way != "" {
		b = b.Scope(way)
	}
	back := way == "backward"
	if back {
		x = b.ReverseSequence(x, lengths)
	}
	gates := r.cell.Gates() * r.units
	n := graph.Recurrence{Cell: r.cell, Lengths: lengths, Last: last}
	n.W = b.Param("kernel", graph.Shape{b.Dim(x, -1), gates}, r.kernel)
	n.U = b.Param("recurrent", graph.Shape{r.units, gates}, r.recurrent.OrInit(graph.Orthogonal{}))
	if !r.noBias {
		n.Bias = b.Param("bias", graph.Shape{gates}, r.bias)
		if r.cell == graph.GRUCell {
			n.OtherBias = b.Param("other_bias", graph.Shape{r.units}, r.other)
		}
	}
	for i, to := range []**graph.Node{&n.H0, &n.C0} {
		if states[i] != nil {
			*to = b.Slice(states[i], 1, from, from+r.units)
		}
	}
	y = b.Recurrent(x, n)
	end := n
	end.Last = true
	switch {
	case r.cell == graph.LSTMCell:
		end.Cells = true
		both := b.Recurrent(x, end)
		h, c = b.Slice(both, 1, 0, r.units), b.Slice(both, 1, r.units, 2*r.units)
	case last:
		h = y
	default:
		h = b.Recurrent(x, end)
	}
	if back && !last {
		y = b.ReverseSequence(y, lengths)
	}
	return y, h, c
}
