package graph

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Conv2D returns act(x ∗ w + bias), the cross-correlation of images with kernels.
// With groups > 1, input and output channels are divided into as many groups,
// and an output sees the inputs of its own group only; with as many groups as
// channels the convolution is depthwise.
//
//	y[n,r,q,o] = bias[o] + Σ x[n, r·stride + i·dilation − top, q·stride + j·dilation − left, c] · w[i,j,c,o]
//
// Shapes: x (batch, height, width, channels), w (kernel height, kernel width,
// channels/groups, filters), bias (filters) or nil, result (batch, rows, columns,
// filters) with rows = ⌊(height + padding − dilation·(size−1) − 1)/stride⌋ + 1.
//
// Kernels of 3×3 with stride 1 may be applied to squares of 2×2 outputs at once
// (Winograd's transforms: Lavin and Gray 2016). What is not finite in the 4×4
// pixels that a square sees then makes all of the square NaN or infinite.
func (b *Builder) Conv2D(x, w, bias *Node, window Window, groups int, act Activation) *Node {
	if !b.readyFloat("Conv2D", x, w) {
		return nil
	}
	sx, sw := x.Shape(), w.Shape()
	if len(sx) != 4 || len(sw) != 4 {
		return b.fail("Conv2D", fmt.Errorf("%s and kernels %s: want (batch, height, width, channels) and (height, width, channels/groups, filters)", dims(sx), dims(sw)))
	}
	if groups < 1 || sx[3]%groups != 0 || sw[3]%groups != 0 {
		return b.fail("Conv2D", fmt.Errorf("%d channels and %d filters cannot be divided into %d groups", sx[3], sw[3], groups))
	}
	if sx[3]/groups != sw[2] {
		return b.fail("Conv2D", fmt.Errorf("%s and kernels %s: %d channels in %d groups, want kernels of %d channels", dims(sx), dims(sw), sx[3], groups, sx[3]/groups))
	}
	c, err := window.geometry(sx, [2]int{sw[0], sw[1]}, sw[3], groups)
	if err != nil {
		return b.fail("Conv2D", err)
	}
	in := []*Node{x, w}
	if bias != nil {
		if !b.readyFloat("Conv2D", bias) {
			return nil
		}
		if s := bias.Shape(); len(s) != 1 || s[0] != sw[3] {
			return b.fail("Conv2D", fmt.Errorf("bias %s, want (%d)", dims(s), sw[3]))
		}
		in = append(in, bias)
	}
	if !kernel.SlopeOfValue(act.fn) { // its gradient needs the sum itself
		return b.Activate(b.conv(c, in, Identity), act)
	}
	return b.conv(c, in, act)
}

func (b *Builder) conv(c *kernel.Conv, in []*Node, act Activation) *Node {
	diff := []bool{true, true, true}
	return b.apply(&op{
		kind: "Conv2D", attrs: append(convAttributes(c), attr("activation", act)), diff: diff[:len(in)], flop: c.FLOP(),
		grad: func(b *Builder, in []*Node, y, g *Node) []*Node {
			if act.fn != kernel.Identity {
				g = b.unaryGrad(act.fn, y, g, act.alpha)
			}
			grads := []*Node{b.convInput(c, g, in[1]), b.convWeights(c, in[0], g)}
			if len(in) == 3 {
				grads = append(grads, b.Sum(g, 0, 1, 2))
			}
			return grads
		},
	}, in...)
}

// windowAttributes describes how a window moves over images.
func windowAttributes(c *kernel.Conv) []Attribute {
	return []Attribute{
		attr("kernel_shape", []int{c.KH, c.KW}), attr("strides", []int{c.StrideH, c.StrideW}),
		attr("dilations", []int{c.DilationH, c.DilationW}), attr("pads", []int{c.Top, c.Left, c.Bottom, c.Right}),
	}
}

func convAttributes(c *kernel.Conv) []Attribute {
	return append(windowAttributes(c), attr("group", c.Groups))
}

// outputShape is the size of the result of a transposed window, which does not follow from
// its operands when the stride leaves rows over.
func outputShape(c *kernel.Conv) Attribute { return attr("output_shape", []int{c.H, c.W}) }

// convInput is the input gradient of a convolution, the transposed convolution of g.
func (b *Builder) convInput(c *kernel.Conv, g, w *Node) *Node {
	return b.apply(&op{
		kind: "Conv2DTranspose", attrs: append(convAttributes(c), outputShape(c)), diff: []bool{true, true}, flop: c.FLOP(),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.conv(c, []*Node{g, in[1]}, Identity), b.convWeights(c, g, in[0])}
		},
	}, g, w)
}

// convWeights is the kernel gradient of a convolution.
func (b *Builder) convWeights(c *kernel.Conv, x, g *Node) *Node {
	return b.apply(&op{
		kind: "Conv2DKernels", attrs: convAttributes(c), out: typ{b.Dtype(), Shape{c.KH, c.KW, c.C / c.Groups, c.O}}, diff: []bool{true, true}, flop: c.FLOP(),
		f32: bindConvWeights[float32](c), f64: bindConvWeights[float64](c),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.convInput(c, in[1], g), b.conv(c, []*Node{in[0], g}, Identity)}
		},
	}, x, g)
}

func bindConvWeights[T kernel.Float](c *kernel.Conv) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, g := k.out, k.in[0], k.in[1]
		return func() error { kernel.ConvWeights(c, x, g, out); return nil }
	}
}

// Conv2DTranspose returns the transposed convolution of x, which is the input gradient of
// Conv2D: every pixel of x adds a multiple of the kernel to the result.
//
// Shapes: x (batch, rows, columns, channels), w (kernel height, kernel width,
// filters, channels), result (batch, height, width, filters) with height =
// rows·stride where the padding is Same, and else (rows−1)·stride +
// dilation·(size−1) + 1 − padding + extra; extra, below the stride, distinguishes
// the heights that Conv2D turns into as many rows.
func (b *Builder) Conv2DTranspose(x, w *Node, window Window, extra [2]int) *Node {
	const name = "Conv2DTranspose"
	if !b.readyFloat(name, x, w) {
		return nil
	}
	sx, sw := x.Shape(), w.Shape()
	if len(sx) != 4 || len(sw) != 4 || sx[3] != sw[3] {
		return b.fail(name, fmt.Errorf("%s and kernels %s: want (batch, height, width, channels) and (height, width, filters, channels)", dims(sx), dims(sw)))
	}
	n := window.normal()
	p := n.Padding
	var large [2]int
	for i, border := range [2]int{p.Top + p.Bottom, p.Left + p.Right} {
		if n.Stride[i] < 1 || n.Dilation[i] < 1 || extra[i] < 0 || extra[i] >= n.Stride[i] && extra[i] > 0 {
			return b.fail(name, fmt.Errorf("stride %v, dilation %v, extra %v: want at least 1, 1, and 0 to stride−1", n.Stride, n.Dilation, extra))
		}
		if large[i] = (sx[1+i]-1)*n.Stride[i] + n.Dilation[i]*(sw[i]-1) + 1 - border + extra[i]; p.Same {
			large[i] = sx[1+i] * n.Stride[i]
		}
	}
	if p.Causal || p.Same && extra != [2]int{} {
		return b.fail(name, errors.New("causal padding, and extra rows with the padding Same, are not for transposed convolutions"))
	}
	image := Shape{sx[0], large[0], large[1], sw[2]}
	if err := checkShape(image); err != nil {
		return b.fail(name, err)
	}
	c, err := window.geometry(image, [2]int{sw[0], sw[1]}, sw[3], 1)
	if err != nil {
		return b.fail(name, err)
	}
	return b.convInput(c, x, w)
}
