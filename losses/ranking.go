package losses

import "github.com/seed732fc211/aegis/graph"

// Ranking is the pairwise logistic loss of scores s within groups: that of row i is the mean
// over the rows j of its group that are less relevant of
//
//	log(1 + exp(s_j − s_i)),
//
// 0 for a row without such. Only the rows of a batch are paired, in memory that grows with the
// square of the batch. RankNet: Burges et al.
// (2005), "Learning to rank using gradient descent", eq. 3.
//
// Shapes: pred (batch) or (batch, 1); want a float (batch, 2), the relevance of each row and
// the number of its group, as data.Rules.Grouped gives it.
type Ranking struct{}

// Loss implements Loss.
func (Ranking) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	s, w := b.Shape(pred), b.Shape(want)
	switch {
	case b.Err() != nil:
		return nil
	case len(s) == 0 || s.TotalSize() != s[0]:
		return b.Fail("prediction %v: want (batch), one score a row", s)
	case len(w) != 2 || w[0] != s[0] || w[1] != 2 || want.Dtype() == graph.Int:
		return b.Fail("target %v for a prediction %v: want floats (batch, 2), relevance and group", w, s)
	}
	n := s[0]
	// pairs returns f of row j, which lies along the last axis, and row i, for each pair.
	pairs := func(x *graph.Node, f func(xj, xi *graph.Node) *graph.Node) *graph.Node {
		return f(b.Reshape(x, 1, n), b.Reshape(x, n, 1))
	}
	relevance, group := b.Slice(want, 1, 0, 1), b.Slice(want, 1, 1, 2)
	above := b.StopGradient(b.And(pairs(group, b.Equal), pairs(relevance, b.Less)))
	loss := b.Sum(b.Mul(above, b.Softplus(pairs(pred, b.Sub))), 1)
	return b.Div(loss, b.Maximum(b.Sum(above, 1), b.Const(1)))
}
