package losses

import (
	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/tensor"
)

// Ordinal is the loss of classes in order by conditional training: of K classes the k-th of
// K−1 outputs is the logit of P(y > k | y ≥ k), and the loss of a row of class y the binary
// cross-entropy of the outputs that are about it,
//
//	loss = −log σ(−z_y) − Σ_{k<y} log σ(z_k)   (the first term is missing for y = K−1),
//
// which is −log P(y). Shi, Cao & Raschka (2021), "Deep neural networks for rank-consistent
// ordinal regression based on conditional probabilities", arXiv:2111.08851, eq. 6, where a
// row counts for every output that is about it; the model of the continuation ratio.
//
// Shapes: pred (batch, K−1), want Int (batch). A class that is not in [0, K) is an error of
// the run.
type Ordinal struct{}

// Loss implements Loss.
func (Ordinal) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	s := b.Shape(pred)
	switch {
	case b.Err() != nil:
		return nil
	case len(s) != 2:
		return b.Fail("prediction %v: want (batch, classes − 1)", s)
	case want == nil || want.Dtype() != graph.Int:
		return b.Fail("ordinal targets: want int, the class of each row")
	}
	k := s[1]
	class := b.OneHot(want, k+1)                                      // (batch, K)
	above := b.MatMul(class, b.Tensor("ordinal_above", stairs(k, 1))) // 1 where y > k
	asked := b.MatMul(class, b.Tensor("ordinal_asked", stairs(k, 0))) // 1 where y ≥ k
	return b.Sum(b.Mul(asked, b.SigmoidCrossEntropy(pred, above, 1)), 1)
}

// stairs returns a (k+1, k) matrix that is 1 where row ≥ column + from.
func stairs(k, from int) *tensor.Dense {
	v := make([]float64, (k+1)*k)
	for row := range k + 1 {
		for column := range k {
			if row >= column+from {
				v[row*k+column] = 1
			}
		}
	}
	return tensor.New(tensor.WithShape(k+1, k), tensor.WithBacking(v))
}
