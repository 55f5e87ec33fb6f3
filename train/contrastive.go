package train

import (
	"math"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"gorgonia.org/tensor"
)

// Contrastive is the objective of two outputs, such as the vectors of questions and of their
// answers, that are to know each other among all rows of a batch. With the logits z = Scale·q·aᵀ of
// every q with every a, the loss of row i is
//
//	½·(log Σⱼ exp z_ij − z_ii) + ½·(log Σⱼ exp z_ji − z_ii),
//
// the sums without the other rows of the same target: InfoNCE (van den Oord et al. 2018,
// arXiv:1807.03748, eq. 4) in both directions (Radford et al. 2021, arXiv:2103.00020, figure 3). An
// answer that occurs twice in a batch is no wrong answer of its other question. The loss of a batch
// depends on its size: that of a guess is the logarithm of its rows.
//
// Shapes: outputs (batch, features) twice, the target Int (batch), the number of the answer.
// Without a target all rows differ.
type Contrastive struct {
	Scale    float64 // the inverse of the temperature; 0: 1, as of vectors that layers.L2Norm has scaled
	OneSided bool    // without the second direction: twice the first half
}

// Terms implements Objective.
func (c Contrastive) Terms(b *graph.Builder, x Batch) []Term {
	return []Term{{Name: "contrastive", Rows: c.rows(b, x)}}
}

func (c Contrastive) rows(b *graph.Builder, x Batch) *graph.Node {
	if len(x.Outputs) != 2 || len(x.Targets) > 1 {
		return b.Fail("%d outputs and %d targets: want two outputs and the number of the answer", len(x.Outputs), len(x.Targets))
	}
	q, a := x.Outputs[0], x.Outputs[1]
	s, t := b.Shape(q), b.Shape(a)
	scale := c.Scale
	if scale == 0 {
		scale = 1
	}
	switch {
	case b.Err() != nil:
		return nil
	case len(s) != 2 || !slices.Equal(s, t):
		return b.Fail("outputs %v and %v: want two of one shape (batch, features)", s, t)
	case !(scale > 0) || math.IsInf(scale, 0):
		return b.Fail("scale %v: want a positive number", c.Scale)
	}
	z := b.MatMulTransposed(q, a, false, true)
	if scale != 1 {
		z = b.Scale(z, scale)
	}
	at := make([]int, s[0])
	for i := range at {
		at[i] = i
	}
	places := b.Tensor("places", tensor.New(tensor.WithShape(s[0]), tensor.WithBacking(at)))
	if len(x.Targets) == 1 {
		z = apart(b, z, places, x.Targets[0])
	}
	forth := b.SoftmaxCrossEntropy(z, places, 0)
	if c.OneSided {
		return forth
	}
	return b.Scale(b.Add(forth, b.SoftmaxCrossEntropy(b.Transpose(z), places, 0)), 0.5)
}

// excluded is the logit of a pair that takes no part: its exponential is 0.
const excluded = -1e9

// apart takes pairs of different rows with the same target out of the logits (batch, batch).
func apart(b *graph.Builder, z, places, target *graph.Node) *graph.Node {
	n, s := b.Dim(z, 0), b.Shape(target)
	switch {
	case b.Err() != nil:
		return nil
	case target.Dtype() != graph.Int || len(s) != 1 || s[0] != n:
		return b.Fail("target %v %v: want int (batch), the number of the answer", target.Dtype(), s)
	}
	// pairs compares what rows and columns have.
	pairs := func(x *graph.Node, f func(x, y *graph.Node) *graph.Node) *graph.Node {
		return f(b.Reshape(x, n, 1), b.Reshape(x, 1, n))
	}
	return b.Where(b.And(pairs(target, b.Equal), pairs(places, b.NotEqual)), b.Const(excluded), z)
}

func init() { builtin.Register(Contrastive{}) }
