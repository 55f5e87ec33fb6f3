package layers

import (
	"github.com/seed732fc211/aegis/graph"
)

// Dense computes y = act(x·W + b) along the last axis.
//
// Shapes: x (batch, ..., in), W "kernel" (in, Units), b "bias" (Units), y (batch, ..., Units).
type Dense struct {
	Units      int
	Activation Activation   // zero value: identity
	Kernel     graph.Weight // zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (d Dense) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if d.Units < 1 {
		return b.Fail("%d units: want at least 1", d.Units)
	}
	s := b.Shape(x)
	if b.Err() == nil && len(s) < 2 {
		return b.Fail("input %v: want (batch, ..., features)", s)
	}
	w := b.Param("kernel", graph.Shape{b.Dim(x, -1), d.Units}, d.Kernel)
	var bias *graph.Node
	if !d.NoBias {
		bias = b.Param("bias", graph.Shape{d.Units}, d.Bias.OrInit(graph.Zeros{}))
	}
	if len(s) == 2 || b.Err() != nil {
		return b.Dense(x, w, bias, d.Activation)
	}
	rows := b.Reshape(x, -1, s[len(s)-1])
	return b.Reshape(b.Dense(rows, w, bias, d.Activation), append(s[:len(s)-1], d.Units)...)
}

// Flatten joins all axes but the batch.
//
// Shapes: x (batch, ...), y (batch, product of the others).
type Flatten struct{}

// Build implements Layer.
func (Flatten) Build(b *graph.Builder, x *graph.Node) *graph.Node { return b.Flatten(x) }

// Reshape gives every sample another shape; one size may be −1.
//
// Shapes: x (batch, ...), y (batch, Shape...).
type Reshape struct{ Shape []int }

// Build implements Layer.
func (r Reshape) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.Reshape(x, append([]int{b.Dim(x, 0)}, r.Shape...)...)
}

// Softmax turns logits into probabilities along the last axis. A model that is
// trained with a loss from logits does not end in it.
type Softmax struct{}

// Build implements Layer.
func (Softmax) Build(b *graph.Builder, x *graph.Node) *graph.Node { return b.Softmax(x) }

// Embedding looks up a learned vector for every index.
//
// Shapes: x Int (batch, ...), W "embeddings" (Size, Dim), y (batch, ..., Dim).
// An index outside [0, Size) is an error of the run.
//
// Sparse makes the cost of a training step depend on the number of indices in the
// batch instead of Size: the gradient holds only the rows of W that were looked up, and
// the optimizer updates only these. With SGD without momentum and with Adagrad the
// numbers do not change. Adam becomes lazy Adam, as torch.optim.SparseAdam, with other
// numbers; optim.Sparse states the formula. With other optimizers, with weight decay,
// and if W has a penalty or is used by anything but one lookup (a second lookup, tied
// output weights), the gradient is dense and Sparse has no effect. A constraint still
// visits all of W at every step.
type Embedding struct {
	Size, Dim int
	Weight    graph.Weight // zero value: uniform in ±0.05
	Sparse    bool         // update only the rows that were looked up; the same as Weight.Sparse
}

// Build implements Layer.
func (e Embedding) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if e.Size < 1 || e.Dim < 1 {
		return b.Fail("embedding of %d indices in %d dimensions: want at least 1 of each", e.Size, e.Dim)
	}
	weight := e.Weight.OrInit(graph.Uniform{Low: -0.05, High: 0.05})
	weight.Sparse = weight.Sparse || e.Sparse
	return b.Gather(b.Param("embeddings", graph.Shape{e.Size, e.Dim}, weight), x)
}

// TiedOutput turns features into logits with the table of an Embedding that stands before it:
// y = x·Wᵀ + b. The table has one gradient, the sum over both uses. Press & Wolf (2017),
// arXiv:1608.05859.
//
// Shapes: x (batch, ..., Dim), W the "embeddings" (Size, Dim) of the Embedding, b "bias"
// (Size), y (batch, ..., Size).
type TiedOutput struct {
	Embedding string       // path of the Embedding, such as "embed" if it is Named so, or "0.Embedding"
	Bias      graph.Weight // zero value: zeros
	NoBias    bool
}

// Build implements Layer.
func (t TiedOutput) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if t.Embedding == "" {
		return b.Fail("the path of the embedding is missing")
	}
	w := b.ParamOf(t.Embedding + "/embeddings")
	s, table := b.Shape(x), b.Shape(w)
	if b.Err() != nil {
		return nil
	}
	if len(s) < 2 || s[len(s)-1] != table[1] {
		return b.Fail("input %v: want (batch, ..., %d), as the embedding is %v", s, table[1], table)
	}
	y := b.MatMulTransposed(b.Reshape(x, -1, table[1]), w, false, true)
	if !t.NoBias {
		y = b.Add(y, bias(b, table[0], t.Bias, false))
	}
	return b.Reshape(y, append(s[:len(s)-1:len(s)-1], table[0])...)
}
