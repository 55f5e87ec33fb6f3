package losses

import (
	"math"

	"github.com/seed732fc211/aegis/graph"
)

// MSE is the mean squared error, the mean over a row's outputs of (pred − want)².
//
// Shapes: pred and want (batch, ...), axes of size 1 aside.
type MSE struct{}

// Loss implements Loss.
func (MSE) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	return perRow(b, b.Square(b.Sub(pred, align(b, pred, want))))
}

// MAE is the mean absolute error, the mean over a row's outputs of |pred − want|.
type MAE struct{}

// Loss implements Loss.
func (MAE) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	return perRow(b, b.Abs(b.Sub(pred, align(b, pred, want))))
}

// Huber is d²/2 for |d| ≤ Delta and Delta·(|d| − Delta/2) beyond, with
// d = pred − want. Huber (1964).
type Huber struct{ Delta float64 } // 0: 1

// Loss implements Loss.
func (h Huber) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	delta := orDefault(h.Delta, 1)
	if !(delta > 0) {
		return b.Fail("Huber delta %v is not positive", delta)
	}
	d := b.Sub(pred, align(b, pred, want))
	c := b.Clip(d, -delta, delta)
	return perRow(b, b.Mul(c, b.Sub(d, b.Scale(c, 0.5))))
}

// LogCosh is log cosh(pred − want), written |d| + softplus(−2|d|) − log 2 so that
// it does not overflow.
type LogCosh struct{}

// Loss implements Loss.
func (LogCosh) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	d := b.Abs(b.Sub(pred, align(b, pred, want)))
	return perRow(b, b.Shift(b.Add(d, b.Softplus(b.Scale(d, -2))), -math.Ln2))
}

// Poisson is the negative log-likelihood of counts, up to a constant: with
// pred = log λ, λ − want·pred; with Rate, where pred is λ itself,
// λ − want·log(λ + 1e-8).
type Poisson struct{ Rate bool }

// Loss implements Loss.
func (p Poisson) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	want = align(b, pred, want)
	if p.Rate {
		return perRow(b, b.Sub(pred, b.Mul(want, b.Log(b.Shift(pred, 1e-8)))))
	}
	return perRow(b, b.Sub(b.Exp(pred), b.Mul(want, pred)))
}

// Cosine is 1 − cos(pred, want), the angle between each row's prediction and
// target. Norms are held above 1e-8.
//
// Shapes: pred and want (batch, n).
type Cosine struct{}

// Loss implements Loss.
func (Cosine) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	want = align(b, pred, want)
	if b.Err() == nil && len(b.Shape(pred)) != 2 {
		return b.Fail("prediction %v: want (batch, n)", b.Shape(pred))
	}
	norm := func(x *graph.Node) *graph.Node {
		return b.Sqrt(b.Maximum(b.Sum(b.Square(x), 1), b.Const(1e-16)))
	}
	cos := b.Div(b.Sum(b.Mul(pred, want), 1), b.Mul(norm(pred), norm(want)))
	return b.Shift(b.Neg(cos), 1)
}
