package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Padding is the border of zeros around images. The zero value is none.
type Padding struct {
	// Same makes the result ceil(size/stride) large; an odd row or column of zeros
	// is put at the bottom or the right, as TensorFlow does.
	Same bool
	// Causal puts dilation·(size − 1) zeros before the first step of a sequence, so
	// that no result sees a later step. For one axis only.
	Causal bool
	// Explicit borders; with Same or Causal they have to be 0.
	Top, Bottom, Left, Right int
}

// String returns the padding as errors tell it, such as "Same" or "top 1, left 2".
func (p Padding) String() string {
	var parts []string
	add := func(set bool, part string) {
		if set {
			parts = append(parts, part)
		}
	}
	add(p.Same, "Same")
	add(p.Causal, "Causal")
	add(p.Top != 0, fmt.Sprint("top ", p.Top))
	add(p.Bottom != 0, fmt.Sprint("bottom ", p.Bottom))
	add(p.Left != 0, fmt.Sprint("left ", p.Left))
	add(p.Right != 0, fmt.Sprint("right ", p.Right))
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Same is the padding that makes a result of stride 1 as large as the image.
var Same = Padding{Same: true}

// Causal is the padding that lets no result see a later step.
var Causal = Padding{Causal: true}

// Pad is a border of n zeros on all sides.
func Pad(n int) Padding { return Padding{Top: n, Bottom: n, Left: n, Right: n} }

// Window is how a kernel moves over images. Zeros stand for 1.
type Window struct {
	Stride, Dilation [2]int // along height and width
	Padding          Padding
}

func (w Window) normal() Window {
	for i := range 2 {
		if w.Stride[i] == 0 {
			w.Stride[i] = 1
		}
		if w.Dilation[i] == 0 {
			w.Dilation[i] = 1
		}
	}
	return w
}

// geometry is the convolution of images of shape s by kernels of the given size.
func (w Window) geometry(s Shape, size [2]int, out, groups int) (*kernel.Conv, error) {
	w = w.normal()
	p := w.Padding
	c := &kernel.Conv{
		N: s[0], H: s[1], W: s[2], C: s[3], KH: size[0], KW: size[1], O: out,
		StrideH: w.Stride[0], StrideW: w.Stride[1], DilationH: w.Dilation[0], DilationW: w.Dilation[1],
		Top: p.Top, Bottom: p.Bottom, Left: p.Left, Right: p.Right, Groups: groups,
	}
	for i := range 2 {
		if size[i] < 1 || w.Stride[i] < 1 || w.Dilation[i] < 1 {
			return nil, fmt.Errorf("window %v, stride %v, dilation %v: want at least 1 of each", size, w.Stride, w.Dilation)
		}
	}
	switch explicit := p.Top != 0 || p.Bottom != 0 || p.Left != 0 || p.Right != 0; {
	case p.Same && p.Causal, explicit && (p.Same || p.Causal):
		return nil, fmt.Errorf("padding %v: choose one of Same, Causal and explicit borders", p)
	case min(p.Top, p.Bottom, p.Left, p.Right) < 0:
		return nil, fmt.Errorf("padding %v: a border is negative", p)
	case p.Causal && (c.H != 1 || c.KH != 1):
		return nil, errors.New("causal padding is for one axis")
	case p.Causal:
		c.Left = c.DilationW * (c.KW - 1)
	case p.Same:
		c.Top, c.Bottom = sameBorders(c.H, c.KH, c.StrideH, c.DilationH)
		c.Left, c.Right = sameBorders(c.W, c.KW, c.StrideW, c.DilationW)
	}
	if c.OutH() < 1 || c.OutW() < 1 {
		return nil, fmt.Errorf("a window of %v, dilation %v, does not fit into %s with padding %v", size, w.Dilation, dims(s), p)
	}
	return c, nil
}

func sameBorders(size, k, stride, dilation int) (before, after int) {
	out := (size + stride - 1) / stride
	all := max(0, (out-1)*stride+dilation*(k-1)+1-size)
	return all / 2, all - all/2
}

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
		kind: "Conv2D", attrs: append(convAttributes(c), Attribute{"activation", act}), out: typ{b.Dtype(), Shape{c.N, c.OutH(), c.OutW(), c.O}}, diff: diff[:len(in)], flop: c.FLOP(),
		f32: bindConv[float32](c, act), f64: bindConv[float64](c, act),
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
		{"kernel_shape", []int{c.KH, c.KW}}, {"strides", []int{c.StrideH, c.StrideW}},
		{"dilations", []int{c.DilationH, c.DilationW}}, {"pads", []int{c.Top, c.Left, c.Bottom, c.Right}},
	}
}

func convAttributes(c *kernel.Conv) []Attribute {
	return append(windowAttributes(c), Attribute{"group", c.Groups})
}

// outputShape is the size of the images that a transposed window gives: its operands
// do not tell it where a stride leaves rows over.
func outputShape(c *kernel.Conv) Attribute { return Attribute{"output_shape", []int{c.H, c.W}} }

func bindConv[T kernel.Float](c *kernel.Conv, act Activation) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, w := k.out, k.in[0], k.in[1]
		var bias []T
		if len(k.in) == 3 {
			bias = k.in[2]
		}
		relu := act.fn == kernel.Relu
		return func() error {
			kernel.ConvForward(c, x, w, bias, relu, out)
			if !relu && act.fn != kernel.Identity {
				kernel.Unary(act.fn, act.alpha, out, out)
			}
			return nil
		}
	}
}

// convInput is the gradient of a convolution by its images, which is the
// transposed convolution of g.
func (b *Builder) convInput(c *kernel.Conv, g, w *Node) *Node {
	return b.apply(&op{
		kind: "Conv2DTranspose", attrs: append(convAttributes(c), outputShape(c)), out: typ{b.Dtype(), Shape{c.N, c.H, c.W, c.C}}, diff: []bool{true, true}, flop: c.FLOP(),
		f32: bindConvInput[float32](c), f64: bindConvInput[float64](c),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.conv(c, []*Node{g, in[1]}, Identity), b.convWeights(c, g, in[0])}
		},
	}, g, w)
}

func bindConvInput[T kernel.Float](c *kernel.Conv) func(*call[T]) run {
	return func(k *call[T]) run {
		out, g, w := k.out, k.in[0], k.in[1]
		return func() error { kernel.ConvInput(c, g, w, out); return nil }
	}
}

// convWeights is the gradient of a convolution by its kernels.
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

// Conv2DTranspose returns the transposed convolution of x, which is what the
// gradient of Conv2D by its images computes: every pixel of x adds a multiple of
// the kernel to the result.
//
// Shapes: x (batch, rows, columns, channels), w (kernel height, kernel width,
// filters, channels), result (batch, height, width, filters) with height =
// rows·stride where the padding is Same, and else (rows−1)·stride +
// dilation·(size−1) + 1 − padding + extra; extra, below the stride, tells apart
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

// MaxPool2D returns the maximum of every window of every channel; what lies
// outside of the image does not count. The gradient goes to the first largest
// element. A stride of 0 stands for the window's size.
//
// Shapes: x (batch, height, width, channels), result (batch, rows, columns, channels).
func (b *Builder) MaxPool2D(x *Node, size [2]int, window Window) *Node {
	c := b.poolGeometry("MaxPool2D", x, size, window)
	if c == nil {
		return nil
	}
	return b.apply(&op{
		kind: "MaxPool2D", attrs: windowAttributes(c), out: typ{b.Dtype(), Shape{c.N, c.OutH(), c.OutW(), c.C}}, diff: []bool{true},
		f32: bindPool(c, kernel.MaxPool[float32]), f64: bindPool(c, kernel.MaxPool[float64]),
		grad: func(b *Builder, in []*Node, y, g *Node) []*Node {
			return []*Node{b.maxPoolGrad(c, in[0], y, g, false)}
		},
	}, x)
}

// maxPoolGrad returns the gradient by x of a maximum pooling; with relu, x is the
// positive part of something, and the gradient is by that.
func (b *Builder) maxPoolGrad(c *kernel.Conv, x, y, g *Node, relu bool) *Node {
	o := &op{
		kind: "MaxPool2DGrad", attrs: append(windowAttributes(c), Attribute{"relu", relu}), out: typeOf(x),
		f32: bindMaxPoolGrad[float32](c, relu), f64: bindMaxPoolGrad[float64](c, relu),
	}
	if !relu {
		o.reluGrad = func(b *Builder) *Node { return b.maxPoolGrad(c, x, y, g, true) }
	}
	return b.apply(o, x, y, g)
}

func bindMaxPoolGrad[T kernel.Float](c *kernel.Conv, relu bool) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, y, g := k.out, k.in[0], k.in[1], k.in[2]
		return func() error { kernel.MaxPoolGrad(c, relu, x, y, g, out); return nil }
	}
}

// AveragePool2D returns the mean of every window of every channel; what lies
// outside of the image does not count. A stride of 0 stands for the window's size.
//
// Shapes: x (batch, height, width, channels), result (batch, rows, columns, channels).
func (b *Builder) AveragePool2D(x *Node, size [2]int, window Window) *Node {
	c := b.poolGeometry("AveragePool2D", x, size, window)
	if c == nil {
		return nil
	}
	return b.apply(&op{
		kind: "AveragePool2D", attrs: windowAttributes(c), out: typ{b.Dtype(), Shape{c.N, c.OutH(), c.OutW(), c.C}}, diff: []bool{true},
		f32: bindPool(c, kernel.AveragePool[float32]), f64: bindPool(c, kernel.AveragePool[float64]),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: "AveragePool2DGrad", attrs: append(windowAttributes(c), outputShape(c)), out: typeOf(in[0]),
				f32: bindPool(c, kernel.AveragePoolGrad[float32]), f64: bindPool(c, kernel.AveragePoolGrad[float64]),
			}, g)}
		},
	}, x)
}

func (b *Builder) poolGeometry(name string, x *Node, size [2]int, window Window) *kernel.Conv {
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	if len(s) != 4 {
		b.fail(name, fmt.Errorf("%s: want (batch, height, width, channels)", dims(s)))
		return nil
	}
	for i := range 2 {
		if window.Stride[i] == 0 {
			window.Stride[i] = size[i]
		}
	}
	c, err := window.geometry(s, size, s[3], s[3])
	if err == nil && (max(c.Top, c.Bottom) > c.DilationH*(c.KH-1) || max(c.Left, c.Right) > c.DilationW*(c.KW-1)) {
		err = fmt.Errorf("padding %v: a window of %v would see nothing of the image", window.Padding, size)
	}
	if err != nil {
		b.fail(name, err)
		return nil
	}
	return c
}

func bindPool[G any, T kernel.Float](c *G, f func(c *G, x, y []T)) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x := k.out, k.in[0]
		return func() error { f(c, x, out); return nil }
	}
}

func bindRoute[G any, T kernel.Float](c *G, f func(c *G, x, y, dy, dx []T)) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, y, g := k.out, k.in[0], k.in[1], k.in[2]
		return func() error { f(c, x, y, g, out); return nil }
	}
}

// AdaptiveAveragePool2D returns the means of rows x columns regions that cover
// the image: region i of n along an axis is from ⌊i·size/n⌋ to ⌈(i+1)·size/n⌉, as
// PyTorch has it.
//
// Shapes: x (batch, height, width, channels), result (batch, rows, columns, channels).
func (b *Builder) AdaptiveAveragePool2D(x *Node, rows, columns int) *Node {
	const name = "AdaptiveAveragePool2D"
	z := b.regions(name, x, rows, columns)
	if z == nil {
		return nil
	}
	attrs := []Attribute{{"output_size", []int{rows, columns}}}
	return b.apply(&op{
		kind: name, attrs: attrs, out: typ{b.Dtype(), Shape{z.N, rows, columns, z.C}}, diff: []bool{true},
		f32: bindPool(z, kernel.RegionMean[float32]), f64: bindPool(z, kernel.RegionMean[float64]),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: append(attrs[:1:1], Attribute{"output_shape", []int{z.H, z.W}}), out: typeOf(in[0]),
				f32: bindPool(z, kernel.RegionMeanGrad[float32]), f64: bindPool(z, kernel.RegionMeanGrad[float64]),
			}, g)}
		},
	}, x)
}

// AdaptiveMaxPool2D returns the maxima of the regions of AdaptiveAveragePool2D.
func (b *Builder) AdaptiveMaxPool2D(x *Node, rows, columns int) *Node {
	const name = "AdaptiveMaxPool2D"
	z := b.regions(name, x, rows, columns)
	if z == nil {
		return nil
	}
	attrs := []Attribute{{"output_size", []int{rows, columns}}}
	return b.apply(&op{
		kind: name, attrs: attrs, out: typ{b.Dtype(), Shape{z.N, rows, columns, z.C}}, diff: []bool{true},
		f32: bindPool(z, kernel.RegionMax[float32]), f64: bindPool(z, kernel.RegionMax[float64]),
		grad: func(b *Builder, in []*Node, y, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: attrs, out: typeOf(in[0]),
				f32: bindRoute(z, kernel.RegionMaxGrad[float32]), f64: bindRoute(z, kernel.RegionMaxGrad[float64]),
			}, in[0], y, g)}
		},
	}, x)
}

func (b *Builder) regions(name string, x *Node, rows, columns int) *kernel.Regions {
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	switch {
	case len(s) != 4:
		b.fail(name, fmt.Errorf("%s: want (batch, height, width, channels)", dims(s)))
		return nil
	case rows < 1 || columns < 1:
		b.fail(name, fmt.Errorf("%d x %d regions: want at least 1 of each", rows, columns))
		return nil
	}
	if err := checkShape(Shape{s[0], rows, columns, s[3]}); err != nil {
		b.fail(name, err)
		return nil
	}
	cut := func(size, n int) [][2]int {
		out := make([][2]int, n)
		for i := range out {
			out[i] = [2]int{i * size / n, ((i+1)*size + n - 1) / n}
		}
		return out
	}
	return &kernel.Regions{N: s[0], H: s[1], W: s[2], C: s[3], Rows: cut(s[1], rows), Columns: cut(s[2], columns)}
}

// Interpolation is how Upsample2D fills in pixels.
type Interpolation int

const (
	Nearest  Interpolation = iota // every pixel is repeated
	Bilinear                      // centres of pixels are half a pixel from their edges, as PyTorch has it without align_corners
)

// String returns ONNX's name, "nearest" or "linear".
func (i Interpolation) String() string {
	if i == Bilinear {
		return "linear"
	}
	return "nearest"
}

// Upsample2D makes images larger by whole factors along height and width.
//
// Shapes: x (batch, height, width, channels), result (batch, height·by[0], width·by[1], channels).
func (b *Builder) Upsample2D(x *Node, by [2]int, how Interpolation) *Node {
	const name = "Upsample2D"
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	switch {
	case len(s) != 4:
		return b.fail(name, fmt.Errorf("%s: want (batch, height, width, channels)", dims(s)))
	case by[0] < 1 || by[1] < 1:
		return b.fail(name, fmt.Errorf("factors %v: want at least 1", by))
	case how != Nearest && how != Bilinear:
		return b.fail(name, fmt.Errorf("interpolation %d is none", how))
	}
	out := Shape{s[0], s[1] * by[0], s[2] * by[1], s[3]}
	if err := checkShape(Shape{s[0], s[1], by[0], s[2], by[1], s[3]}); err != nil {
		return b.fail(name, fmt.Errorf("factors %v: %w", by, err))
	}
	z := &kernel.Resize{N: s[0], H: s[1], W: s[2], C: s[3], Rows: blends(s[1], by[0], how), Columns: blends(s[2], by[1], how)}
	attrs := []Attribute{{"scales", []int{by[0], by[1]}}, {"mode", how.String()}}
	return b.apply(&op{
		kind: name, attrs: attrs, out: typ{b.Dtype(), out}, diff: []bool{true},
		f32: bindPool(z, kernel.ResizeForward[float32]), f64: bindPool(z, kernel.ResizeForward[float64]),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: attrs, out: typeOf(in[0]),
				f32: bindPool(z, kernel.ResizeGrad[float32]), f64: bindPool(z, kernel.ResizeGrad[float64]),
			}, g)}
		},
	}, x)
}

// blends returns which of size pixels each of size·by pixels is made of.
func blends(size, by int, how Interpolation) []kernel.Blend {
	out := make([]kernel.Blend, size*by)
	for i := range out {
		if how == Nearest {
			out[i] = kernel.Blend{Low: i / by, High: i / by}
			continue
		}
		at := max(0, (float64(i)+0.5)/float64(by)-0.5)
		low := int(at)
		out[i] = kernel.Blend{Low: low, High: min(low+1, size-1), Fraction: at - float64(low)}
	}
	return out
}
