package ops

import (
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

func init() {
	kinds["MatMul"] = matMul
	kinds["Dense"] = dense
	kinds["Conv2D"] = conv
	kinds["Conv2DTranspose"] = convTranspose
	kinds["MaxPool2D"] = func(o *operation) Kernel { return pool(o, kernel.MaxPool[float32], kernel.MaxPool[float64]) }
	kinds["AveragePool2D"] = func(o *operation) Kernel { return pool(o, kernel.AveragePool[float32], kernel.AveragePool[float64]) }
	kinds["AdaptiveAveragePool2D"] = func(o *operation) Kernel { return regions(o, kernel.RegionMean[float32], kernel.RegionMean[float64]) }
	kinds["AdaptiveMaxPool2D"] = func(o *operation) Kernel { return regions(o, kernel.RegionMax[float32], kernel.RegionMax[float64]) }
	kinds["Upsample2D"] = upsample
}

func matMul(o *operation) Kernel {
	tx, ty := o.bool("transA"), o.bool("transB")
	if !o.operands(2, 2) {
		return Kernel{}
	}
	t := o.floats(0, 1)
	sx, sy := o.in[0].Shape, o.in[1].Shape
	if len(sx) < 2 || len(sx) != len(sy) {
		o.fail("%v x %v: want two matrices, or two stacks of them", o.in[0], o.in[1])
		return Kernel{}
	}
	r := len(sx) - 2
	m, k := swapIf(sx[r], sx[r+1], tx)
	k2, n := swapIf(sy[r], sy[r+1], ty)
	if k != k2 || !slices.Equal(sx[:r], sy[:r]) {
		o.fail("%v x %v: sizes differ", o.in[0], o.in[1])
	}
	count := Elements(sx[:r])
	return Kernel{
		Out: Spec{t, append(slices.Clone(sx[:r]), m, n)},
		f32: bindMatMul[float32](tx, ty, count, m, n, k), f64: bindMatMul[float64](tx, ty, count, m, n, k),
	}
}

func swapIf(a, b int, swap bool) (int, int) {
	if swap {
		return b, a
	}
	return a, b
}

func bindMatMul[T kernel.Float](tx, ty bool, count, m, n, k int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, y := c.out, c.in[0], c.in[1]
		return func() error { kernel.GemmBatch(tx, ty, count, m, n, k, x, y, out); return nil }
	}
}

func dense(o *operation) Kernel {
	act := o.activation()
	if !o.operands(2, 3) {
		return Kernel{}
	}
	t := o.floats(0, 1, 2)
	sx, sw := o.shape(0, 2), o.shape(1, 2)
	m, k, n := sx[0], sx[1], sw[1]
	o.is(1, k, n)
	o.is(2, n)
	return Kernel{Out: Spec{t, []int{m, n}}, f32: bindDense[float32](act, m, n, k), f64: bindDense[float64](act, m, n, k)}
}

func bindDense[T kernel.Float](act activation, m, n, k int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, w, bias := c.out, c.in[0], c.in[1], optional(c, 2)
		return func() error {
			relu := act.fn == kernel.Relu
			if bias != nil {
				kernel.GemmBias(m, n, k, x, w, bias, relu, out)
			} else {
				kernel.Gemm(false, false, m, n, k, x, w, 0, out)
			}
			if act.fn != kernel.Identity && !(relu && bias != nil) {
				kernel.Unary(act.fn, act.alpha, out, out)
			}
			return nil
		}
	}
}

// mostWindow bounds the sizes, strides and padding of a window, so that its sums do not overflow.
const mostWindow = 1 << 15

// window reads how a window moves over images of a shape.
func (o *operation) window(image []int, filters, groups int) *kernel.Conv {
	size, stride := o.intList("kernel_shape", 2), o.intList("strides", 2)
	dilation, pads := o.intList("dilations", 2), o.intList("pads", 4)
	c := &kernel.Conv{
		N: image[0], H: image[1], W: image[2], C: image[3], KH: size[0], KW: size[1], O: filters,
		StrideH: stride[0], StrideW: stride[1], DilationH: dilation[0], DilationW: dilation[1],
		Top: pads[0], Left: pads[1], Bottom: pads[2], Right: pads[3], Groups: groups,
	}
	if o.err != nil {
		return c
	}
	for _, list := range [][]int{size, stride, dilation} {
		if slices.Min(list) < 1 || slices.Max(list) > mostWindow {
			o.fail("a window of %v, strides %v, dilations %v", size, stride, dilation)
			return c
		}
	}
	switch {
	case slices.Min(pads) < 0 || slices.Max(pads) > mostWindow:
		o.fail("pads %v", pads)
	case groups < 1 || c.C%groups != 0 || c.O%groups != 0:
		o.fail("%d channels and %d filters in %d groups", c.C, c.O, groups)
	case c.OutH() < 1 || c.OutW() < 1:
		o.fail("a window of %v, dilations %v, does not fit into %s with pads %v", size, dilation, Dims(image), pads)
	}
	return c
}

func conv(o *operation) Kernel {
	act, groups := o.activation(), o.int("group")
	if !o.operands(2, 3) {
		return Kernel{}
	}
	t := o.floats(0, 1, 2)
	sx, sw := o.shape(0, 4), o.shape(1, 4)
	c := o.window(sx, sw[3], groups)
	if o.err != nil {
		return Kernel{}
	}
	o.is(1, c.KH, c.KW, c.C/groups, c.O)
	o.is(2, c.O)
	return Kernel{Out: Spec{t, []int{c.N, c.OutH(), c.OutW(), c.O}}, f32: bindConv[float32](c, act), f64: bindConv[float64](c, act)}
}

func bindConv[T kernel.Float](g *kernel.Conv, act activation) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, w, bias := c.out, c.in[0], c.in[1], optional(c, 2)
		relu := act.fn == kernel.Relu
		return func() error {
			kernel.ConvForward(g, x, w, bias, relu, out)
			if !relu && act.fn != kernel.Identity {
				kernel.Unary(act.fn, act.alpha, out, out)
			}
			return nil
		}
	}
}

func convTranspose(o *operation) Kernel {
	groups, large := o.int("group"), o.intList("output_shape", 2)
	if !o.operands(2, 2) {
		return Kernel{}
	}
	t := o.floats(0, 1)
	sx, sw := o.shape(0, 4), o.shape(1, 4)
	if o.err != nil || groups < 1 || sw[2] > mostElements/groups {
		o.fail("%d groups", groups)
		return Kernel{}
	}
	image := []int{sx[0], large[0], large[1], sw[2] * groups}
	if err := CheckShape(image); err != nil {
		o.fail("%w", err)
		return Kernel{}
	}
	c := o.window(image, sw[3], groups)
	if o.err != nil {
		return Kernel{}
	}
	o.is(0, c.N, c.OutH(), c.OutW(), c.O)
	o.is(1, c.KH, c.KW, c.C/groups, c.O)
	return Kernel{Out: Spec{t, image}, f32: bindConvTranspose[float32](c), f64: bindConvTranspose[float64](c)}
}

func bindConvTranspose[T kernel.Float](g *kernel.Conv) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, w := c.out, c.in[0], c.in[1]
		return func() error { kernel.ConvInput(g, x, w, out); return nil }
	}
}

// bindImages binds a function of images.
func bindImages[G any, T kernel.Float](g *G, f func(g *G, x, y []T)) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.out, c.in[0]
		return func() error { f(g, x, out); return nil }
	}
}

// bindTables is bindImages for a geometry with tables as long as the sides of the result,
// which are made only for an operation that runs: a check of a program takes no memory.
func bindTables[G any, T kernel.Float](g func() *G, f func(g *G, x, y []T)) func(*call[T]) run {
	return func(c *call[T]) run { return bindImages(g(), f)(c) }
}

func pool(o *operation, f32 func(c *kernel.Conv, x, y []float32), f64 func(c *kernel.Conv, x, y []float64)) Kernel {
	if !o.operands(1, 1) {
		return Kernel{}
	}
	t, s := o.floats(0), o.shape(0, 4)
	c := o.window(s, s[3], s[3])
	if o.err == nil && (max(c.Top, c.Bottom) > c.DilationH*(c.KH-1) || max(c.Left, c.Right) > c.DilationW*(c.KW-1)) {
		o.fail("a window would see nothing of the image")
	}
	if o.err != nil {
		return Kernel{}
	}
	return Kernel{Out: Spec{t, []int{c.N, c.OutH(), c.OutW(), c.C}}, f32: bindImages(c, f32), f64: bindImages(c, f64)}
}

func regions(o *operation, f32 func(z *kernel.Regions, x, y []float32), f64 func(z *kernel.Regions, x, y []float64)) Kernel {
	n := o.intList("output_size", 2)
	if !o.operands(1, 1) {
		return Kernel{}
	}
	t, s := o.floats(0), o.shape(0, 4)
	out := []int{s[0], n[0], n[1], s[3]}
	if err := CheckShape(out); err != nil {
		o.fail("%w", err)
	}
	if o.err != nil {
		return Kernel{}
	}
	z := func() *kernel.Regions { return Regions(s, n) }
	return Kernel{Out: Spec{t, out}, f32: bindTables(z, f32), f64: bindTables(z, f64)}
}

// Regions returns the regions of an adaptive pooling of images (N, H, W, C) to the given
// rows and columns.
func Regions(image, to []int) *kernel.Regions {
	cut := func(size, n int) [][2]int {
		list := make([][2]int, n)
		for i := range list {
			list[i] = [2]int{i * size / n, ((i+1)*size + n - 1) / n}
		}
		return list
	}
	return &kernel.Regions{N: image[0], H: image[1], W: image[2], C: image[3], Rows: cut(image[1], to[0]), Columns: cut(image[2], to[1])}
}

func upsample(o *operation) Kernel {
	by, mode := o.intList("scales", 2), o.text("mode")
	if !o.operands(1, 1) {
		return Kernel{}
	}
	t, s := o.floats(0), o.shape(0, 4)
	if mode != "nearest" && mode != "linear" {
		o.fail("there is no mode %q", mode)
	}
	if err := CheckShape([]int{s[0], s[1], by[0], s[2], by[1], s[3]}); err != nil {
		o.fail("%w", err)
	}
	if o.err != nil {
		return Kernel{}
	}
	z := func() *kernel.Resize { return Resize(s, by, mode) }
	out := []int{s[0], s[1] * by[0], s[2] * by[1], s[3]}
	return Kernel{Out: Spec{t, out}, f32: bindTables(z, kernel.ResizeForward[float32]), f64: bindTables(z, kernel.ResizeForward[float64])}
}

// Resize returns what each pixel of images (N, H, W, C) that are made larger by whole
// factors is made of. mode is "nearest" or "linear".
func Resize(image, by []int, mode string) *kernel.Resize {
	blends := func(size, by int) []kernel.Blend {
		out := make([]kernel.Blend, size*by)
		for i := range out {
			if mode == "nearest" {
				out[i] = kernel.Blend{Low: i / by, High: i / by}
				continue
			}
			at := max(0, (float64(i)+0.5)/float64(by)-0.5)
			low := int(at)
			out[i] = kernel.Blend{Low: low, High: min(low+1, size-1), Fraction: at - float64(low)}
		}
		return out
	}
	return &kernel.Resize{N: image[0], H: image[1], W: image[2], C: image[3], Rows: blends(image[1], by[0]), Columns: blends(image[2], by[1])}
}
