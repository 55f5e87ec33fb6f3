package layers

import "github.com/seed732fc211/aegis/graph"

// Padding is the border of zeros around images. The zero value is none.
type Padding = graph.Padding

// The paddings; see graph.Padding.
var (
	Same   = graph.Same
	Causal = graph.Causal
)

// Pad is a border of n zeros on all sides.
func Pad(n int) Padding { return graph.Pad(n) }

// Conv2D convolves images with Filters kernels, y = act(x ∗ W + b), in the sense of
// cross-correlation. Channels are the last axis.
//
// Shapes: x (batch, height, width, channels), W "kernel" (Size[0], Size[1],
// channels/Groups, Filters), b "bias" (Filters), y (batch, rows, columns, Filters);
// rows and columns as graph.Builder.Conv2D has them.
type Conv2D struct {
	Filters    int
	Size       [2]int
	Stride     [2]int // 0: 1
	Dilation   [2]int // 0: 1
	Padding    Padding
	Groups     int // 0: 1
	Activation Activation
	Kernel     graph.Weight // zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (c Conv2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 4, "(batch, height, width, channels)") {
		return nil
	}
	groups := max(c.Groups, 1)
	channels := b.Dim(x, -1)
	switch {
	case c.Filters < 1:
		return b.Fail("%d filters: want at least 1", c.Filters)
	case c.Size[0] < 1 || c.Size[1] < 1:
		return b.Fail("kernels of %v: want at least 1 pixel", c.Size)
	case c.Groups < 0 || channels%groups != 0 || c.Filters%groups != 0:
		return b.Fail("%d channels and %d filters cannot be divided into %d groups", channels, c.Filters, c.Groups)
	}
	w := b.Param("kernel", graph.Shape{c.Size[0], c.Size[1], channels / groups, c.Filters}, c.Kernel)
	return b.Conv2D(x, w, bias(b, c.Filters, c.Bias, c.NoBias), graph.Window{Stride: c.Stride, Dilation: c.Dilation, Padding: c.Padding}, groups, c.Activation)
}

// hasAxes reports whether x has the wanted number of axes, and records an error if not.
func hasAxes(b *graph.Builder, x *graph.Node, axes int, want string) bool {
	s := b.Shape(x)
	if b.Err() == nil && len(s) != axes {
		b.Fail("input %v: want %s", s, want)
	}
	return b.Err() == nil
}

func bias(b *graph.Builder, n int, w graph.Weight, none bool) *graph.Node {
	if none {
		return nil
	}
	return b.Param("bias", graph.Shape{n}, w.OrInit(graph.Zeros{}))
}

// DepthwiseConv2D convolves every channel with Multiplier kernels of its own: it is
// Conv2D with as many groups as channels. Filter m of channel c is output c·Multiplier + m.
//
// Shapes: x (batch, height, width, channels), W "kernel" (Size[0], Size[1], 1,
// channels·Multiplier), b "bias" (channels·Multiplier), y (batch, rows, columns,
// channels·Multiplier).
type DepthwiseConv2D struct {
	Multiplier int // 0: 1
	Size       [2]int
	Stride     [2]int // 0: 1
	Dilation   [2]int // 0: 1
	Padding    Padding
	Activation Activation
	Kernel     graph.Weight // zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (d DepthwiseConv2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 4, "(batch, height, width, channels)") {
		return nil
	}
	if d.Multiplier < 0 {
		return b.Fail("multiplier %d is negative", d.Multiplier)
	}
	channels := b.Dim(x, -1)
	return Conv2D{
		Filters: channels * max(d.Multiplier, 1), Size: d.Size, Stride: d.Stride, Dilation: d.Dilation, Padding: d.Padding,
		Groups: channels, Activation: d.Activation, Kernel: d.Kernel, Bias: d.Bias, NoBias: d.NoBias,
	}.Build(b, x)
}

// Conv1D convolves sequences with Filters kernels, y = act(x ∗ W + b), in the sense
// of cross-correlation. Of Padding, Left and Right are the borders before and
// after a sequence; Causal lets no result see a later step.
//
// Shapes: x (batch, steps, channels), W "kernel" (Size, channels/Groups, Filters),
// b "bias" (Filters), y (batch, results, Filters).
type Conv1D struct {
	Filters    int
	Size       int
	Stride     int // 0: 1
	Dilation   int // 0: 1
	Padding    Padding
	Groups     int // 0: 1
	Activation Activation
	Kernel     graph.Weight // zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (c Conv1D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 3, "(batch, steps, channels)") {
		return nil
	}
	groups := max(c.Groups, 1)
	s := b.Shape(x)
	channels := s[2]
	switch {
	case c.Filters < 1:
		return b.Fail("%d filters: want at least 1", c.Filters)
	case c.Size < 1:
		return b.Fail("kernels of %d steps: want at least 1", c.Size)
	case c.Groups < 0 || channels%groups != 0 || c.Filters%groups != 0:
		return b.Fail("%d channels and %d filters cannot be divided into %d groups", channels, c.Filters, c.Groups)
	case c.Padding.Top != 0 || c.Padding.Bottom != 0:
		return b.Fail("padding %v: a sequence has borders at Left and Right only", c.Padding)
	}
	w := b.Param("kernel", graph.Shape{c.Size, channels / groups, c.Filters}, c.Kernel)
	w = b.Reshape(w, 1, c.Size, channels/groups, c.Filters)
	x = b.Reshape(x, s[0], 1, s[1], channels)
	y := b.Conv2D(x, w, bias(b, c.Filters, c.Bias, c.NoBias), graph.Window{Stride: [2]int{0, c.Stride}, Dilation: [2]int{0, c.Dilation}, Padding: c.Padding}, groups, c.Activation)
	return b.Reshape(y, s[0], b.Dim(y, 2), c.Filters)
}

// Conv2DTranspose is the transposed convolution: every pixel of x adds a multiple
// of the kernels to the result.
//
// Shapes: x (batch, rows, columns, channels), W "kernel" (Size[0], Size[1], Filters,
// channels), b "bias" (Filters), y (batch, height, width, Filters); height and width
// as graph.Builder.Conv2DTranspose has them.
type Conv2DTranspose struct {
	Filters    int
	Size       [2]int
	Stride     [2]int // 0: 1
	Dilation   [2]int // 0: 1
	Padding    Padding
	Extra      [2]int // rows and columns at the bottom and the right
	Activation Activation
	Kernel     graph.Weight // zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
	NoBias     bool
}

// Build implements Layer.
func (c Conv2DTranspose) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if !hasAxes(b, x, 4, "(batch, height, width, channels)") {
		return nil
	}
	switch {
	case c.Filters < 1:
		return b.Fail("%d filters: want at least 1", c.Filters)
	case c.Size[0] < 1 || c.Size[1] < 1:
		return b.Fail("kernels of %v: want at least 1 pixel", c.Size)
	}
	w := b.Param("kernel", graph.Shape{c.Size[0], c.Size[1], c.Filters, b.Dim(x, -1)}, c.Kernel)
	y := b.Conv2DTranspose(x, w, graph.Window{Stride: c.Stride, Dilation: c.Dilation, Padding: c.Padding}, c.Extra)
	if v := bias(b, c.Filters, c.Bias, c.NoBias); v != nil {
		y = b.Add(y, v)
	}
	return b.Activate(y, c.Activation)
}
