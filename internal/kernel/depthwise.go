package kernel

import (
	"math"
	"sync"
	"unsafe"
)

// A depthwise convolution has no sums over channels, which a matrix product could
// take: the channels of a pixel lie in registers, and its taps are summed there.
// The gradient of the images is such a convolution of the gradient of the result,
// for each remainder of an image's rows and columns by the stride one.

// depthAxis is one axis of such a sum: pixel i of n sees through tap j of k the
// pixel base + i·step + j·tap, if that is in [0, size).
type depthAxis struct {
	n, k            int
	base, step, tap int
	size            int
	weight, across  int // tap j is weight + j·across of the kernels
	place, apart    int // pixel i is place + i·apart of the result
}

// seen returns the taps [from, to) through which pixel i sees something.
func (a *depthAxis) seen(i int) (from, to int) {
	at := a.base + i*a.step
	inside := func(j int) bool { return at+j*a.tap >= 0 && at+j*a.tap < a.size }
	for from < a.k && !inside(from) {
		from++
	}
	for to = from; to < a.k && inside(to); to++ {
	}
	return from, to
}

// forwardAxis is the axis of a convolution.
func forwardAxis(size, out, k, stride, dilation, pad int) depthAxis {
	return depthAxis{n: out, k: k, base: -pad, step: stride, tap: dilation, size: size, across: 1, apart: 1}
}

// backwardAxis is the axis of the gradient of pixels phase, phase + stride, … of
// an image. Pixel h is seen through tap j by pixel (h + pad − j·dilation)/stride of
// the result, if that is whole: the taps of a phase are a few apart.
func backwardAxis(size, out, k, stride, dilation, pad, phase int) depthAxis {
	a := depthAxis{n: (size - phase + stride - 1) / stride, step: 1, size: out, place: phase, apart: stride}
	common := gcd(stride, dilation)
	a.across, a.tap = stride/common, -dilation/common
	for a.weight < a.across && (phase+pad-a.weight*dilation)%stride != 0 {
		a.weight++
	}
	if a.weight < a.across && a.weight < k {
		a.k = (k - a.weight + a.across - 1) / a.across
		a.base = (phase + pad - a.weight*dilation) / stride
	}
	return a
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// run are pixels of a row that see through the same taps.
type run struct{ first, n, from, to int }

func (a *depthAxis) runs(list []run) []run {
	list = list[:0]
	for i := range a.n {
		from, to := a.seen(i)
		if n := len(list); n > 0 && list[n-1].from == from && list[n-1].to == to {
			list[n-1].n++
			continue
		}
		list = append(list, run{i, 1, from, to})
	}
	return list
}

// depthRow is the argument of the assembly, which knows the order of its fields:
// all but numbers are in bytes.
type depthRow struct {
	x, y, w, bias unsafe.Pointer
	count         int // pixels
	width, rest   int // whole registers of channels; double words behind them
	kh, kw        int
	rowX, colX    int // from tap to tap
	rowW, colW    int
	stepX, stepY  int // from pixel to pixel
	floor         uint64
}

// depthTap is the argument of the assembly for one tap, likewise.
type depthTap struct {
	x, y, w       unsafe.Pointer
	rows, columns int
	width, rest   int
	rowX, rowY    int // from row to row
	stepX, stepY  int // from pixel to pixel
}

// depthwise is a pass in parts: images or blocks of their rows, or groups of images.
type depthwise[T Float] struct {
	job        job
	c          Conv
	weights    bool
	rows, cols depthAxis
	runs       []run // of columns
	blocks     int   // of rows, of an image
	x, w, y    []T   // y is the result of a convolution, or the gradient of images
	bias       []T
	floor      T // the smallest result
	zeros      []T
	partial    []T
	height     int // of y
	width      int
}

var depthwise32, depthwise64 sync.Pool

func getDepthwise[T Float](c *Conv) *depthwise[T] {
	pool := &depthwise64
	if single[T]() {
		pool = &depthwise32
	}
	p, _ := pool.Get().(*depthwise[T])
	if p == nil {
		p = new(depthwise[T])
	}
	p.c = *c
	return p
}

func (p *depthwise[T]) put() {
	p.x, p.w, p.y, p.bias = nil, nil, nil, nil
	if single[T]() {
		depthwise32.Put(p)
	} else {
		depthwise64.Put(p)
	}
}

func depthForward[T Float](c *Conv, x, w, bias []T, relu bool, y []T) {
	p := getDepthwise[T](c)
	p.x, p.w, p.bias, p.y, p.height, p.width, p.floor = x, w, bias, y, c.OutH(), c.OutW(), T(math.Inf(-1))
	if relu {
		p.floor = 0
	}
	p.rows = forwardAxis(c.H, c.OutH(), c.KH, c.StrideH, c.DilationH, c.Top)
	p.cols = forwardAxis(c.W, c.OutW(), c.KW, c.StrideW, c.DilationW, c.Left)
	p.do()
	p.put()
}

func depthInput[T Float](c *Conv, dy, w, dx []T) {
	p := getDepthwise[T](c)
	p.x, p.w, p.y, p.height, p.width, p.floor = dy, w, dx, c.H, c.W, T(math.Inf(-1))
	for i := range min(c.StrideH, c.H) {
		p.rows = backwardAxis(c.H, c.OutH(), c.KH, c.StrideH, c.DilationH, c.Top, i)
		for k := range min(c.StrideW, c.W) {
			p.cols = backwardAxis(c.W, c.OutW(), c.KW, c.StrideW, c.DilationW, c.Left, k)
			p.do()
		}
	}
	p.put()
}

// do computes the pixels of the axes.
func (p *depthwise[T]) do() {
	if p.bias == nil {
		p.bias = grown(&p.zeros, p.c.C)
		clear(p.bias)
	}
	p.runs = p.cols.runs(p.runs)
	p.weights, p.blocks = false, 1
	if p.c.N < 8 {
		p.blocks = min(8, p.rows.n)
	}
	shareOut(&p.job, p, p.c.N*p.blocks, p.c.FLOP())
}

// depthGroups is the number of groups of images whose sums are added up.
const depthGroups = 4

func depthWeights[T Float](c *Conv, x, dy, dw []T) {
	p := getDepthwise[T](c)
	p.weights, p.x, p.y = true, x, dy
	partial := grown(&p.partial, depthGroups*len(dw))
	clear(partial)
	p.w = partial
	shareOut(&p.job, p, depthGroups, c.FLOP())
	sumRows(dw, partial, depthGroups)
	p.put()
}

func (p *depthwise[T]) part(i int) {
	c := &p.c
	if p.weights {
		w := p.w[i*len(p.w)/depthGroups : (i+1)*len(p.w)/depthGroups]
		for n := i * c.N / depthGroups; n < (i+1)*c.N/depthGroups; n++ {
			p.image(n, w)
		}
		return
	}
	d := p.argument()
	n, block := i/p.blocks, i%p.blocks
	for row := block * p.rows.n / p.blocks; row < (block+1)*p.rows.n/p.blocks; row++ {
		p.row(&d, n, row)
	}
}

// argument returns what all rows have in common.
func (p *depthwise[T]) argument() depthRow {
	rows, cols := &p.rows, &p.cols
	pixel := p.c.C * bytesOf[T]()
	d := depthRow{
		rowX: rows.tap * cols.size * pixel, colX: cols.tap * pixel, stepX: cols.step * pixel, stepY: cols.apart * pixel,
		rowW: rows.across * p.c.KW * pixel, colW: cols.across * pixel, bias: unsafe.Pointer(&p.bias[0]),
	}
	d.width, d.rest = wholeBytes(pixel)
	if d.floor = math.Float64bits(float64(p.floor)); single[T]() {
		d.floor = uint64(math.Float32bits(float32(p.floor)))
	}
	return d
}

// row computes one row of the pixels of image n.
func (p *depthwise[T]) row(d *depthRow, n, i int) {
	rows, cols, c := &p.rows, &p.cols, p.c.C
	from, to := rows.seen(i)
	d.kh = to - from
	x := (n*rows.size+rows.base+i*rows.step+from*rows.tap)*cols.size + cols.base
	y := (n*p.height+rows.place+i*rows.apart)*p.width + cols.place
	w := (rows.weight+from*rows.across)*p.c.KW + cols.weight
	for _, r := range p.runs {
		x, y, w := (x+r.first*cols.step+r.from*cols.tap)*c, (y+r.first*cols.apart)*c, (w+r.from*cols.across)*c
		d.count, d.kw = r.n, r.to-r.from
		if !assembly || d.kh == 0 || d.kw == 0 {
			p.pixels(d, x, y, w)
			continue
		}
		d.x, d.y, d.w = unsafe.Pointer(&p.x[x]), unsafe.Pointer(&p.y[y]), unsafe.Pointer(&p.w[w])
		depthRowVector[T](d)
	}
}

// pixels computes pixels from x, y and the weights w on without assembly, or those
// that see nothing.
func (p *depthwise[T]) pixels(d *depthRow, x, y, w int) {
	rows, cols, c := &p.rows, &p.cols, p.c.C
	for i := range d.count {
		to := p.y[y+i*cols.apart*c:][:c]
		copy(to, p.bias)
		for kh := range d.kh {
			for kw := range d.kw {
				from, weights := p.x[x+(i*cols.step+kh*rows.tap*cols.size+kw*cols.tap)*c:][:c], p.w[w+(kh*rows.across*p.c.KW+kw*cols.across)*c:][:c]
				for ch, v := range from {
					to[ch] += v * weights[ch]
				}
			}
		}
		for ch, v := range to {
			to[ch] = max(v, p.floor)
		}
	}
}

// wholeBytes divides bytes into those of whole registers and double words behind them.
func wholeBytes(bytes int) (whole, rest int) {
	whole = bytes / registerBytes * registerBytes
	return whole, (bytes - whole) / 4
}

// tapBytes is how much of an image the taps are summed over before the next rows
// come: that much of x and of y stays in the first cache.
const tapBytes = 16 << 10

// image adds up the weights' gradient of image n.
func (p *depthwise[T]) image(n int, w []T) {
	c := &p.c
	oh := c.OutH()
	rows := max(1, tapBytes/(c.OutW()*c.C*bytesOf[T]()))
	for row := 0; row < oh; row += rows {
		for tap := range c.KH * c.KW {
			p.tap(n, tap, row, min(row+rows, oh), w[tap*c.C:(tap+1)*c.C])
		}
	}
}

// tap adds up the weights' gradient of one tap from the rows [from, to) of the
// result of image n.
func (p *depthwise[T]) tap(n, tap, from, to int, w []T) {
	c := &p.c
	oh, ow := c.OutH(), c.OutW()
	r0, r1, h := span(tap/c.KW, c.H, oh, c.StrideH, c.DilationH, c.Top)
	c0, c1, v := span(tap%c.KW, c.W, ow, c.StrideW, c.DilationW, c.Left)
	h += max(0, from-r0) * c.StrideH
	r0, r1 = max(r0, from), min(r1, to)
	if r0 >= r1 || c0 == c1 {
		return
	}
	x, y := p.x[((n*c.H+h)*c.W+v)*c.C:], p.y[((n*oh+r0)*ow+c0)*c.C:]
	if assembly {
		size := c.C * bytesOf[T]()
		d := depthTap{
			x: unsafe.Pointer(&x[0]), y: unsafe.Pointer(&y[0]), w: unsafe.Pointer(&w[0]), rows: r1 - r0, columns: c1 - c0,
			rowX: c.StrideH * c.W * size, rowY: ow * size, stepX: c.StrideW * size, stepY: size,
		}
		d.width, d.rest = wholeBytes(size)
		depthTapVector[T](&d)
		return
	}
	for r := range r1 - r0 {
		for q := range c1 - c0 {
			a, b := x[(r*c.StrideH*c.W+q*c.StrideW)*c.C:][:c.C], y[(r*ow+q)*c.C:][:c.C]
			for ch, v := range a {
				w[ch] += v * b[ch]
			}
		}
	}
}
