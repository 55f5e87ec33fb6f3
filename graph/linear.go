package graph

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// MatMul returns the matrix product of x (m, k) and y (k, n).
func (b *Builder) MatMul(x, y *Node) *Node { return b.matMul(x, y, false, false) }

// MatMulTransposed returns the matrix product of x and y, each transposed first if asked to.
func (b *Builder) MatMulTransposed(x, y *Node, transX, transY bool) *Node {
	return b.matMul(x, y, transX, transY)
}

// BatchMatMul returns the products of the matrices in the last two axes of x
// (..., m, k) and y (..., k, n), each transposed first if asked to. The leading
// axes are equal.
func (b *Builder) BatchMatMul(x, y *Node, transX, transY bool) *Node {
	return b.matMul(x, y, transX, transY)
}

func (b *Builder) matMul(x, y *Node, tx, ty bool) *Node {
	if !b.readyFloat("MatMul", x, y) {
		return nil
	}
	sx, sy := x.Shape(), y.Shape()
	if len(sx) < 2 || len(sx) != len(sy) {
		return b.fail("MatMul", fmt.Errorf("%s x %s: want two matrices, or two stacks of them with the same axes", dims(sx), dims(sy)))
	}
	r := len(sx) - 2
	m, k := swapIf(sx[r], sx[r+1], tx)
	k2, n := swapIf(sy[r], sy[r+1], ty)
	if k != k2 {
		return b.fail("MatMul", fmt.Errorf("%s x %s: inner dimensions %d and %d differ", dims(sx), dims(sy), k, k2))
	}
	if !slices.Equal(sx[:r], sy[:r]) {
		return b.fail("MatMul", fmt.Errorf("%s x %s: leading dimensions differ", dims(sx), dims(sy)))
	}
	count := size(sx[:r])
	return b.apply(&op{
		kind: "MatMul", attrs: []Attribute{attr("transA", tx), attr("transB", ty)}, diff: []bool{true, true}, flop: 2 * count * m * n * k,
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			x, y := in[0], in[1]
			var gx, gy *Node
			if tx {
				gx = b.matMul(y, g, ty, true)
			} else {
				gx = b.matMul(g, y, false, !ty)
			}
			if ty {
				gy = b.matMul(g, x, true, tx)
			} else {
				gy = b.matMul(x, g, !tx, false)
			}
			return []*Node{gx, gy}
		},
	}, x, y)
}

func swapIf(a, b int, swap bool) (int, int) {
	if swap {
		return b, a
	}
	return a, b
}

// Activation is an element-wise function that Dense applies while its result
// is still in cache. The zero value is Identity.
type Activation struct {
	fn    kernel.UnaryFn
	alpha float64
}

// The activations. Formulas are at the Builder's methods of the same names.
var (
	Identity    = Activation{}
	Relu        = Activation{fn: kernel.Relu}
	Elu         = Activation{fn: kernel.Elu, alpha: 1}
	Selu        = Activation{fn: kernel.Selu}
	Sigmoid     = Activation{fn: kernel.Sigmoid}
	Tanh        = Activation{fn: kernel.Tanh}
	Softplus    = Activation{fn: kernel.Softplus}
	Softsign    = Activation{fn: kernel.Softsign}
	Gelu        = Activation{fn: kernel.Gelu}
	GeluTanh    = Activation{fn: kernel.GeluTanh}
	Silu        = Activation{fn: kernel.Silu}
	Mish        = Activation{fn: kernel.Mish}
	HardSigmoid = Activation{fn: kernel.HardSigmoid}
	HardSwish   = Activation{fn: kernel.HardSwish}
	Relu6       = Activation{fn: kernel.Relu6}
)

// LeakyRelu is the activation of Builder.LeakyRelu.
func LeakyRelu(alpha float64) Activation { return Activation{fn: kernel.LeakyRelu, alpha: alpha} }

// activations are found by name in model files.
var activations = []Activation{
	Identity, Relu, Elu, Selu, Sigmoid, Tanh, Softplus, Softsign, Gelu, GeluTanh, Silu, Mish, HardSigmoid, HardSwish, Relu6, LeakyRelu(0.01),
}

// String returns the activation's name, such as "Relu" or "LeakyRelu(0.01)".
func (a Activation) String() string {
	if a.fn == kernel.LeakyRelu {
		return fmt.Sprintf("LeakyRelu(%v)", a.alpha)
	}
	return a.fn.String()
}

// MarshalText writes the activation's name.
func (a Activation) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Activation) UnmarshalText(text []byte) error {
	for _, known := range activations {
		if known.String() == string(text) {
			*a = known
			return nil
		}
	}
	var alpha float64
	if n, err := fmt.Sscanf(string(text), "LeakyRelu(%g)", &alpha); n == 1 && err == nil {
		*a = LeakyRelu(alpha)
		return nil
	}
	return fmt.Errorf("graph: no activation is called %q", text)
}

// Activate applies an activation.
func (b *Builder) Activate(x *Node, a Activation) *Node {
	switch a.fn {
	case kernel.Identity:
		return x
	case kernel.LeakyRelu:
		return b.LeakyRelu(x, a.alpha)
	}
	return b.unary(a.fn, x, a.alpha)
}

// Dense returns act(x·w + bias) in one operation.
//
// Shapes: x (batch, in), w (in, units), bias (units) or nil, result (batch, units).
func (b *Builder) Dense(x, w, bias *Node, act Activation) *Node {
	if !b.readyFloat("Dense", x, w) {
		return nil
	}
	sx, sw := x.Shape(), w.Shape()
	if len(sx) != 2 || len(sw) != 2 {
		return b.fail("Dense", fmt.Errorf("%s x %s: want two matrices", dims(sx), dims(sw)))
	}
	if sx[1] != sw[0] {
		return b.fail("Dense", fmt.Errorf("%s x %s: inner dimensions %d and %d differ", dims(sx), dims(sw), sx[1], sw[0]))
	}
	in := []*Node{x, w}
	if bias != nil {
		if !b.readyFloat("Dense", bias) {
			return nil
		}
		if s := bias.Shape(); len(s) != 1 || s[0] != sw[1] {
			return b.fail("Dense", fmt.Errorf("bias %s, want (%d)", dims(s), sw[1]))
		}
		in = append(in, bias)
	}
	if !kernel.SlopeOfValue(act.fn) { // its gradient needs x·w + bias itself
		return b.Activate(b.Dense(x, w, bias, Identity), act)
	}
	m, k, n := sx[0], sx[1], sw[1]
	diff := []bool{true, true, true}
	return b.apply(&op{
		kind: "Dense", attrs: []Attribute{attr("activation", act)}, diff: diff[:len(in)], flop: 2 * m * n * k,
		grad: func(b *Builder, in []*Node, y, g *Node) []*Node {
			if act.fn != kernel.Identity {
				g = b.unaryGrad(act.fn, y, g, act.alpha)
			}
			// Operations run in the order in which they are made: with the gradient of the kernel first, the
			// input is no longer in use when the gradient of the input is computed.
			grads := []*Node{nil, b.matMul(in[0], g, true, false)}
			if len(in) == 3 {
				grads = append(grads, b.Sum(g, 0))
			}
			grads[0] = b.matMul(g, in[1], false, true)
			return grads
		},
	}, in...)
}

// Build applies the activation: an Activation is a layer.
func (a Activation) Build(b *Builder, x *Node) *Node { return b.Activate(x, a) }
