package graph

import (
	"fmt"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Neg returns −x.
func (b *Builder) Neg(x *Node) *Node { return b.unary(kernel.Neg, x, 0) }

// Square returns x².
func (b *Builder) Square(x *Node) *Node { return b.unary(kernel.Square, x, 0) }

// Sqrt returns √x.
func (b *Builder) Sqrt(x *Node) *Node { return b.unary(kernel.Sqrt, x, 0) }

// Reciprocal returns 1/x.
func (b *Builder) Reciprocal(x *Node) *Node { return b.unary(kernel.Reciprocal, x, 0) }

// Exp returns eˣ.
func (b *Builder) Exp(x *Node) *Node { return b.unary(kernel.Exp, x, 0) }

// Log returns the natural logarithm of x.
func (b *Builder) Log(x *Node) *Node { return b.unary(kernel.Log, x, 0) }

// Log1p returns log(1 + x), exact near 0.
func (b *Builder) Log1p(x *Node) *Node { return b.unary(kernel.Log1p, x, 0) }

// Expm1 returns eˣ − 1, exact near 0.
func (b *Builder) Expm1(x *Node) *Node { return b.unary(kernel.Expm1, x, 0) }

// Abs returns |x|; its derivative at 0 is 0.
func (b *Builder) Abs(x *Node) *Node { return b.unary(kernel.Abs, x, 0) }

// Sign returns −1, 0 or 1; its derivative is 0.
func (b *Builder) Sign(x *Node) *Node { return b.unary(kernel.Sign, x, 0) }

// Sin returns the sine of x in radians.
func (b *Builder) Sin(x *Node) *Node { return b.unary(kernel.Sin, x, 0) }

// Cos returns the cosine of x in radians.
func (b *Builder) Cos(x *Node) *Node { return b.unary(kernel.Cos, x, 0) }

// Pow returns x to a fixed power.
func (b *Builder) Pow(x *Node, power float64) *Node { return b.unary(kernel.Power, x, power) }

// Relu returns max(x, 0); its derivative at 0 is 0.
func (b *Builder) Relu(x *Node) *Node { return b.unary(kernel.Relu, x, 0) }

// LeakyRelu returns x where x > 0 and alpha·x elsewhere; alpha is in [0, 1].
func (b *Builder) LeakyRelu(x *Node, alpha float64) *Node {
	if alpha < 0 || alpha > 1 {
		return b.fail("LeakyRelu", fmt.Errorf("alpha %v is not in [0, 1]", alpha))
	}
	return b.unary(kernel.LeakyRelu, x, alpha)
}

// Elu returns x where x > 0 and alpha·(eˣ − 1) elsewhere; alpha is not negative.
// Clevert et al. (2015), arXiv:1511.07289.
func (b *Builder) Elu(x *Node, alpha float64) *Node {
	if !(alpha >= 0) {
		return b.fail("Elu", fmt.Errorf("alpha %v is negative", alpha))
	}
	return b.unary(kernel.Elu, x, alpha)
}

// Selu returns 1.0507·x where x > 0 and 1.0507·1.6733·(eˣ − 1) elsewhere.
// Klambauer et al. (2017), arXiv:1706.02515.
func (b *Builder) Selu(x *Node) *Node { return b.unary(kernel.Selu, x, 0) }

// Sigmoid returns 1 / (1 + e⁻ˣ).
func (b *Builder) Sigmoid(x *Node) *Node { return b.unary(kernel.Sigmoid, x, 0) }

// Tanh returns the hyperbolic tangent of x.
func (b *Builder) Tanh(x *Node) *Node { return b.unary(kernel.Tanh, x, 0) }

// Softplus returns log(1 + eˣ).
func (b *Builder) Softplus(x *Node) *Node { return b.unary(kernel.Softplus, x, 0) }

// Gelu returns x·Φ(x), Φ being the standard normal distribution function.
// Hendrycks & Gimpel (2016), arXiv:1606.08415.
func (b *Builder) Gelu(x *Node) *Node { return b.unary(kernel.Gelu, x, 0) }

// GeluTanh returns Gelu with the paper's tanh approximation of Φ.
func (b *Builder) GeluTanh(x *Node) *Node { return b.unary(kernel.GeluTanh, x, 0) }

// Silu returns x·sigmoid(x), also known as swish.
func (b *Builder) Silu(x *Node) *Node { return b.unary(kernel.Silu, x, 0) }

// Mish returns x·tanh(softplus(x)). Misra (2019), arXiv:1908.08681.
func (b *Builder) Mish(x *Node) *Node { return b.unary(kernel.Mish, x, 0) }

// Softsign returns x / (1 + |x|).
func (b *Builder) Softsign(x *Node) *Node { return b.unary(kernel.Softsign, x, 0) }

// HardSigmoid returns x/6 + 1/2 held to [0, 1], as PyTorch defines it.
func (b *Builder) HardSigmoid(x *Node) *Node { return b.unary(kernel.HardSigmoid, x, 0) }

// HardSwish returns x·HardSigmoid(x). Howard et al. (2019), arXiv:1905.02244, section 5.2.
func (b *Builder) HardSwish(x *Node) *Node { return b.unary(kernel.HardSwish, x, 0) }

// Relu6 returns x held to [0, 6]; its derivative is 0 outside. Krizhevsky (2010), "Convolutional
// Deep Belief Networks on CIFAR-10".
func (b *Builder) Relu6(x *Node) *Node { return b.unary(kernel.Relu6, x, 0) }

// Clip holds x to [low, high]; its derivative is 0 outside.
func (b *Builder) Clip(x *Node, low, high float64) *Node {
	if !(low <= high) {
		return b.fail("Clip", fmt.Errorf("low %v is above high %v", low, high))
	}
	return b.Minimum(b.Maximum(x, b.Const(low)), b.Const(high))
}

func (b *Builder) unary(fn kernel.UnaryFn, x *Node, alpha float64) *Node {
	kind := fn.String()
	if !b.readyFloat(kind, x) {
		return nil
	}
	return b.apply(&op{
		kind: kind, attrs: functionAttributes(fn, alpha), diff: []bool{true},
		grad: func(b *Builder, in []*Node, out, g *Node) []*Node {
			if kernel.SlopeOfValue(fn) {
				return []*Node{b.unaryGrad(fn, out, g, alpha)}
			}
			return []*Node{b.unaryGrad(fn, in[0], g, alpha)}
		},
	}, x)
}

// functionAttributes returns the argument of a function, if it has one.
func functionAttributes(fn kernel.UnaryFn, alpha float64) []Attribute {
	switch fn {
	case kernel.LeakyRelu, kernel.Elu:
		return []Attribute{attr("alpha", alpha)}
	case kernel.Power:
		return []Attribute{attr("exponent", alpha)}
	}
	return nil
}

// unaryGrad returns g·fn′, where v is fn's value or its argument as
// kernel.SlopeOfValue says.
func (b *Builder) unaryGrad(fn kernel.UnaryFn, v, g *Node, alpha float64) *Node {
	kind := fn.String() + "Grad"
	if !b.readyFloat(kind, v, g) {
		return nil
	}
	if o, ok := g.Op().(*op); ok && fn == kernel.Relu && o.reluGrad != nil && children(g)[0] == v {
		return o.reluGrad(b)
	}
	return b.apply(&op{
		kind: kind, attrs: functionAttributes(fn, alpha), out: typeOf(v), inPlace: []int{0, 1},
		f32: bindUnaryGrad[float32](fn, alpha), f64: bindUnaryGrad[float64](fn, alpha),
	}, v, g)
}

func bindUnaryGrad[T kernel.Float](fn kernel.UnaryFn, alpha float64) func(*call[T]) run {
	return func(c *call[T]) run {
		out, v, g := c.out, c.in[0], c.in[1]
		return func() error {
			kernel.UnaryGrad(fn, alpha, out, v, g)
			return nil
		}
	}
}

// StopGradient returns x, and no gradient flows back through it.
func (b *Builder) StopGradient(x *Node) *Node {
	if !b.readyFloat("StopGradient", x) {
		return nil
	}
	return b.apply(&op{kind: "StopGradient"}, x)
}
