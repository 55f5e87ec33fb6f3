// Package regularize holds what keeps a network from fitting noise: penalties
// and constraints on parameters, and layers that disturb activations while a
// model is trained. Label smoothing is an option of the losses, decoupled weight
// decay one of the optimizers, early stopping a callback of package train.
package regularize

import (
	"fmt"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
)

// L1 adds Factor·Σ|w| to the training loss (lasso; Tibshirani 1996).
type L1 struct{ Factor float64 }

// Penalty implements graph.Penalty.
func (p L1) Penalty(b *graph.Builder, w *graph.Node) *graph.Node {
	return ElasticNet{L1: p.Factor}.Penalty(b, w)
}

// L2 adds Factor·Σw² to the training loss (ridge; Hoerl & Kennard 1970). Its
// gradient is 2·Factor·w.
type L2 struct{ Factor float64 }

// Penalty implements graph.Penalty.
func (p L2) Penalty(b *graph.Builder, w *graph.Node) *graph.Node {
	return ElasticNet{L2: p.Factor}.Penalty(b, w)
}

// ElasticNet adds L1·Σ|w| + L2·Σw² to the training loss (Zou & Hastie 2005).
type ElasticNet struct{ L1, L2 float64 }

// Penalty implements graph.Penalty. A negative factor is a mistake.
func (p ElasticNet) Penalty(b *graph.Builder, w *graph.Node) *graph.Node {
	if !(p.L1 >= 0 && p.L2 >= 0) {
		return b.Fail("penalty factors must not be negative: l1 %v, l2 %v", p.L1, p.L2)
	}
	var sum *graph.Node
	if p.L1 > 0 {
		sum = b.Scale(b.Sum(b.Abs(w)), p.L1)
	}
	if p.L2 > 0 {
		square := b.Scale(b.Sum(b.Square(w)), p.L2)
		if sum == nil {
			return square
		}
		return b.Add(sum, square)
	}
	if sum == nil {
		return b.Const(0)
	}
	return sum
}

// Penalty returns the penalty of the given factors, nil if both are 0.
func Penalty(l1, l2 float64) (graph.Penalty, error) {
	switch {
	case !(l1 >= 0) || !(l2 >= 0):
		return nil, fmt.Errorf("regularize: penalty factors must not be negative: l1 %v, l2 %v", l1, l2)
	case l1 == 0 && l2 == 0:
		return nil, nil
	case l1 == 0:
		return L2{l2}, nil
	case l2 == 0:
		return L1{l1}, nil
	}
	return ElasticNet{l1, l2}, nil
}

func init() {
	builtin.Register(L1{}, L2{}, ElasticNet{}, MaxNorm{}, NonNeg{}, UnitNorm{}, Dropout{}, AlphaDropout{}, GaussianDropout{}, GaussianNoise{}, StochasticDepth{}, SpatialDropout{})
}
