package kernel

// Conv is the geometry of a convolution of images (N, H, W, C) with kernels
// (KH, KW, C/Groups, O): output channel o belongs to group o·Groups/O and sees
// the input channels of that group. A convolution over one axis has H = KH = 1.
type Conv struct {
	N, H, W, C               int
	KH, KW, O                int
	StrideH, StrideW         int
	DilationH, DilationW     int
	Top, Bottom, Left, Right int // zeros around the image
	Groups                   int
}

// OutH returns the height of the result.
func (c *Conv) OutH() int { return outSize(c.H+c.Top+c.Bottom, c.KH, c.StrideH, c.DilationH) }

// OutW returns the width of the result.
func (c *Conv) OutW() int { return outSize(c.W+c.Left+c.Right, c.KW, c.StrideW, c.DilationW) }

func outSize(size, k, stride, dilation int) int {
	if size < dilation*(k-1)+1 {
		return 0
	}
	return (size-dilation*(k-1)-1)/stride + 1
}

// FLOP returns the floating-point operations of a pass by the definition.
func (c *Conv) FLOP() int {
	return 2 * c.N * c.OutH() * c.OutW() * c.O * c.KH * c.KW * (c.C / c.Groups)
}

// pointwise reports whether the convolution is a matrix product of all pixels.
func (c *Conv) pointwise() bool {
	return c.Groups == 1 && c.KH == 1 && c.KW == 1 && c.StrideH == 1 && c.StrideW == 1 && c.OutH() == c.H && c.OutW() == c.W
}

// depthwise reports whether every channel is convolved with kernels of its own.
func (c *Conv) depthwise() bool { return c.Groups > 1 && c.Groups == c.C }

// direct reports whether the assembly can read the operands straight from images.
func (c *Conv) direct() bool {
	return assembly && !c.depthwise() && c.DilationW == 1 && c.KH*c.KW*c.C/c.Groups <= blockN*blockK/16
}

// ConvForward computes y (N, OutH, OutW, O) from the images x, the kernels w and
// the bias, which may be nil. With relu, the result is clipped at 0.
func ConvForward[T Float](c *Conv, x, w, bias []T, relu bool, y []T) {
	switch {
	case c.pointwise() && bias != nil:
		GemmBias(c.N*c.H*c.W, c.O, c.C, x, w, bias, relu, y)
		return
	case c.pointwise():
		Gemm(false, false, c.N*c.H*c.W, c.O, c.C, x, w, 0, y)
	case c.winograd():
		winogradForward(c, x, w, false, bias, relu, y)
		return
	case c.direct():
		directForward(c, x, w, false, bias, relu, y)
		return
	case c.depthwise():
		depthForward(c, x, w, bias, relu, y)
		return
	default:
		convParts(c, convForward, x, w, y)
		if bias != nil {
			AddRows(y, bias)
		}
	}
	if relu {
		Unary(Relu, 0, y, y)
	}
}

// ConvInput computes the input gradient dx from the output gradient dy.
func ConvInput[T Float](c *Conv, dy, w, dx []T) {
	switch flipped := c.flipped(); {
	case c.pointwise():
		Gemm(false, true, c.N*c.H*c.W, c.C, c.O, dy, w, 0, dx)
	case c.StrideH == 1 && c.StrideW == 1 && flipped.padded() && flipped.winograd():
		winogradForward(&flipped, dy, w, true, nil, false, dx)
	case c.direct() && c.StrideH == 1 && c.StrideW == 1 && flipped.padded() && flipped.direct():
		directForward(&flipped, dy, w, true, nil, false, dx)
	case c.depthwise():
		depthInput(c, dy, w, dx)
	default:
		clear(dx)
		convParts(c, convInput, dx, w, dy)
	}
}

// flipped returns the convolution that maps dy to dx at stride 1.
func (c *Conv) flipped() Conv {
	h, w := c.DilationH*(c.KH-1), c.DilationW*(c.KW-1)
	return Conv{
		N: c.N, H: c.OutH(), W: c.OutW(), C: c.O, KH: c.KH, KW: c.KW, O: c.C,
		StrideH: 1, StrideW: 1, DilationH: c.DilationH, DilationW: c.DilationW,
		Top: h - c.Top, Bottom: h - c.Bottom, Left: w - c.Left, Right: w - c.Right, Groups: c.Groups,
	}
}

func (c *Conv) padded() bool { return c.Top >= 0 && c.Bottom >= 0 && c.Left >= 0 && c.Right >= 0 }

// ConvWeights computes the kernel gradient dw.
func ConvWeights[T Float](c *Conv, x, dy, dw []T) {
	switch {
	case c.pointwise():
		Gemm(true, false, c.C, c.O, c.N*c.H*c.W, x, dy, 0, dw)
	case c.direct():
		directWeights(c, x, dy, dw)
	case c.depthwise():
		depthWeights(c, x, dy, dw)
	default:
		s := getScratch[T]()
		weightsByColumns(c, s, x, dy, dw)
		s.put()
	}
}

// convTask is one pass of a convolution; each part is an image.
type convTask[T Float] struct {
	job     job
	kind    convKind
	c       Conv
	x, w, y []T
}

type convKind int

const (
	convForward convKind = iota
	convInput
	convWeights
)

var convTaskPool workspaces

// convParts runs a pass using pooled memory.
func convParts[T Float](c *Conv, kind convKind, x, w, y []T) {
	t := take[T, convTask[T]](&convTaskPool)
	t.kind, t.c, t.x, t.w, t.y = kind, *c, x, w, y
	shareOut(&t.job, t, c.N, c.FLOP())
	t.x, t.w, t.y = nil, nil, nil
	give[T](&convTaskPool, t)
}

func (t *convTask[T]) part(i int) {
	c := &t.c
	image := c.H * c.W * c.C
	result := c.OutH() * c.OutW() * c.O
	x, y := t.x[i*image:(i+1)*image], t.y[i*result:(i+1)*result]
	s := getScratch[T]()
	if t.kind == convForward {
		forwardByColumns(c, s, x, t.w, y)
	} else {
		inputByColumns(c, s, y, t.w, x)
	}
	s.put()
}

// span returns the outputs [from, to) of an axis that tap k sees inside the
// image, and the input of the first of them.
func span(k, size, out, stride, dilation, pad int) (from, to, at int) {
	offset := k*dilation - pad
	if offset < 0 {
		from = (-offset + stride - 1) / stride
	}
	if last := size - 1 - offset; last >= 0 {
		to = min(out, last/stride+1)
	}
	return from, max(from, to), from*stride + offset
}

// eachRow calls f for each run of n output pixels of a row whose inputs through one tap
// are inside the image, with the offsets of the first output and the first input pixel.
// Input and output have the same number of channels.
func (c *Conv) eachRow(tap int, f func(in, out, n int)) {
	ow := c.OutW()
	r0, r1, h := span(tap/c.KW, c.H, c.OutH(), c.StrideH, c.DilationH, c.Top)
	c0, c1, w := span(tap%c.KW, c.W, ow, c.StrideW, c.DilationW, c.Left)
	if c0 == c1 {
		return
	}
	for r := r0; r < r1; r++ {
		f((h*c.W+w)*c.C, (r*ow+c0)*c.C, c1-c0)
		h += c.StrideH
	}
}

// scratch is per-part workspace that grows on demand.
type scratch[T Float] struct {
	columns []T
	weights []T
	result  []T
	block   block[T]
	tile    tiler[T]

	lines     []T // of an image, with their borders
	transform transform
}

var scratchPool workspaces

func getScratch[T Float]() *scratch[T] {
	s := take[T, scratch[T]](&scratchPool)
	return s
}

func (s *scratch[T]) put() {
	give[T](&scratchPool, s)
}

func grown[T Float](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	return (*s)[:n]
}
