package kernel

import (
	"math"
	"unsafe"
)

// A depthwise convolution does not sum over channels, so it is no matrix product: the
// channels of a pixel are kept in registers while its taps are accumulated. The input
// gradient is a depthwise convolution of the output gradient too, one per phase (row and
// column modulo the stride). For several kernels per channel, channels are replicated
// first.

// depthAxis is one axis of this: tap j of k of pixel i of n reads pixel
// base + i·step + j·tap, if that is in [0, size).
type depthAxis struct {
	n, k            int
	base, step, tap int
	size            int
	weight, across  int // tap j is weight + j·across of the kernels
	place, apart    int // pixel i is place + i·apart of the result
}

// seen returns the taps [from, to) of pixel i that are inside the image.
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
// an image. Tap j of output pixel (h + pad − j·dilation)/stride reads pixel
// h, if that is an integer: a phase uses every few taps.
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

// run is consecutive pixels of a row with the same taps inside the image.
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

// depthRow is an argument of the assembly, which relies on its layout. Distances are in
// bytes.
type depthRow struct {
	x, y, w, bias unsafe.Pointer
	count         int // pixels
	width, rest   int // whole registers of channels; double words after them
	kh, kw        int
	rowX, colX    int // from tap to tap
	rowW, colW    int
	stepX, stepY  int // from pixel to pixel
	floor         uint64
}

// depthTap is the assembly's argument for one tap.
type depthTap struct {
	x, y, w       unsafe.Pointer
	rows, columns int
	width, rest   int
	rowX, rowY    int // from row to row
	stepX, stepY  int // from pixel to pixel
}

// phase is the axes of the pixels that use the same taps.
type phase struct {
	rows, cols depthAxis
	runs       []run // of columns
}

// depthwise is a pass in parts: images or blocks of their rows, or groups of images.
type depthwise[T Float] struct {
	job     job
	kind    convKind
	c       Conv    // with the channels of the result
	repeat  int     // kernels of a channel
	phases  []phase // at least one
	blocks  int     // of rows, of an image
	x, w, y []T
	bias    []T
	floor   T // the smallest result
	zeros   []T
	partial []T
}

var depthwisePool workspaces

func getDepthwise[T Float](kind convKind, c *Conv) *depthwise[T] {
	p := take[T, depthwise[T]](&depthwisePool)
	p.kind, p.c, p.repeat = kind, *c, c.O/c.C
	p.c.C, p.c.Groups = c.O, c.O
	p.phases = p.phases[:0]
	return p
}

func (p *depthwise[T]) put() {
	p.x, p.w, p.y, p.bias = nil, nil, nil, nil
	give[T](&depthwisePool, p)
}

// phase adds a phase, in the memory of an earlier one.
func (p *depthwise[T]) phase(rows, cols depthAxis) {
	n := len(p.phases)
	if n < cap(p.phases) {
		p.phases = p.phases[:n+1]
	} else {
		p.phases = append(p.phases, phase{})
	}
	f := &p.phases[n]
	f.rows, f.cols = rows, cols
	f.runs = cols.runs(f.runs)
}

func depthForward[T Float](c *Conv, x, w, bias []T, relu bool, y []T) {
	p := getDepthwise[T](convForward, c)
	p.x, p.w, p.bias, p.y, p.floor = x, w, bias, y, T(math.Inf(-1))
	if relu {
		p.floor = 0
	}
	p.phase(forwardAxis(c.H, c.OutH(), c.KH, c.StrideH, c.DilationH, c.Top), forwardAxis(c.W, c.OutW(), c.KW, c.StrideW, c.DilationW, c.Left))
	p.do()
}

func depthInput[T Float](c *Conv, dy, w, dx []T) {
	p := getDepthwise[T](convInput, c)
	p.x, p.w, p.y, p.floor = dx, w, dy, T(math.Inf(-1))
	for i := range min(c.StrideH, c.H) {
		rows := backwardAxis(c.H, c.OutH(), c.KH, c.StrideH, c.DilationH, c.Top, i)
		for k := range min(c.StrideW, c.W) {
			p.phase(rows, backwardAxis(c.W, c.OutW(), c.KW, c.StrideW, c.DilationW, c.Left, k))
		}
	}
	p.do()
}

// do computes all images, split into blocks if they are few, and returns p to the pool.
func (p *depthwise[T]) do() {
	if p.bias == nil {
		p.bias = grown(&p.zeros, p.c.C)
		clear(p.bias)
	}
	if p.blocks = 1; p.c.N < 8 && p.repeat == 1 {
		p.blocks = min(8, p.phases[0].rows.n)
	}
	shareOut(&p.job, p, p.c.N*p.blocks, p.c.FLOP())
	p.put()
}

// depthGroups is the number of groups of images whose sums are added up.
const depthGroups = 4

func depthWeights[T Float](c *Conv, x, dy, dw []T) {
	p := getDepthwise[T](convWeights, c)
	p.x, p.y = x, dy
	p.w = grown(&p.partial, depthGroups*len(dw))
	clear(p.w)
	shareOut(&p.job, p, depthGroups, c.FLOP())
	sumRows(dw, p.w, depthGroups)
	p.put()
}

func (p *depthwise[T]) part(i int) {
	c := &p.c
	s := getScratch[T]()
	if p.kind == convWeights {
		w := p.w[i*len(p.w)/depthGroups : (i+1)*len(p.w)/depthGroups]
		for n := i * c.N / depthGroups; n < (i+1)*c.N/depthGroups; n++ {
			p.taps(p.image(s, n), p.result(n), w)
		}
		s.put()
		return
	}
	n, block := i/p.blocks, i%p.blocks
	x, y := p.image(s, n), p.result(n)
	from, to := x, y
	if p.kind == convInput {
		from, to = y, x
	}
	for k := range p.phases {
		f := &p.phases[k]
		d := p.argument(f)
		for row := block * f.rows.n / p.blocks; row < (block+1)*f.rows.n/p.blocks; row++ {
			p.row(f, &d, from, to, row)
		}
	}
	if p.kind == convInput && p.repeat > 1 {
		size := len(x) / p.repeat
		sumRepeated(p.x[n*size:(n+1)*size], x, p.repeat)
	}
	s.put()
}

// result returns the result of image n.
func (p *depthwise[T]) result(n int) []T {
	size := p.c.OutH() * p.c.OutW() * p.c.C
	return p.y[n*size : (n+1)*size]
}

// image returns image n with every channel repeated, or room for that.
func (p *depthwise[T]) image(s *scratch[T], n int) []T {
	size := p.c.H * p.c.W * p.c.C
	if p.repeat == 1 {
		return p.x[n*size : (n+1)*size]
	}
	to := grown(&s.columns, size)
	if p.kind != convInput {
		repeat(to, p.x[n*size/p.repeat:(n+1)*size/p.repeat], p.repeat)
	}
	return to
}

// repeat writes every element of x n times.
func repeat[T Float](dst, x []T, n int) {
	if n == 2 {
		dst = dst[:2*len(x)]
		for i, v := range x {
			dst[2*i], dst[2*i+1] = v, v
		}
		return
	}
	for i, v := range x {
		to := dst[i*n : (i+1)*n]
		for k := range to {
			to[k] = v
		}
	}
}

// sumRepeated adds up n elements of x each.
func sumRepeated[T Float](dst, x []T, n int) {
	for i := range dst {
		s := x[i*n]
		for _, v := range x[i*n+1 : (i+1)*n] {
			s += v
		}
		dst[i] = s
	}
}

// argument returns the part of the argument that all rows of a phase share.
func (p *depthwise[T]) argument(f *phase) depthRow {
	rows, cols := &f.rows, &f.cols
	pixel := p.c.C * bytesOf[T]()
	d := depthRow{
		rowX: rows.tap * cols.size * pixel, colX: cols.tap * pixel, stepX: cols.step * pixel, stepY: cols.apart * pixel,
		rowW: rows.across * p.c.KW * pixel, colW: cols.across * pixel, bias: unsafe.Pointer(&p.bias[0]),
	}
	d.width, d.rest = wholeBytes(pixel)
	d.floor = floatBits(p.floor)
	return d
}

// row computes one row of a phase: pixels of to from those of from.
func (p *depthwise[T]) row(f *phase, d *depthRow, from, to []T, i int) {
	rows, cols, c := &f.rows, &f.cols, p.c.C
	first, end := rows.seen(i)
	d.kh = end - first
	width := p.c.OutW() // of to
	if p.kind == convInput {
		width = p.c.W
	}
	x := (rows.base+i*rows.step+first*rows.tap)*cols.size + cols.base
	y := (rows.place+i*rows.apart)*width + cols.place
	w := (rows.weight+first*rows.across)*p.c.KW + cols.weight
	for _, r := range f.runs {
		x, y, w := (x+r.first*cols.step+r.from*cols.tap)*c, (y+r.first*cols.apart)*c, (w+r.from*cols.across)*c
		d.count, d.kw = r.n, r.to-r.from
		if !assembly || d.kh == 0 || d.kw == 0 {
			p.pixels(f, d, from, to, x, y, w)
			continue
		}
		d.x, d.y, d.w = unsafe.Pointer(&from[x]), unsafe.Pointer(&to[y]), unsafe.Pointer(&p.w[w])
		depthRowVector[T](d)
	}
}

// pixels computes pixels without assembly, or where no tap is inside the image; x, y and w
// are offsets into from, to and the weights.
func (p *depthwise[T]) pixels(f *phase, d *depthRow, from, to []T, x, y, w int) {
	rows, cols, c := &f.rows, &f.cols, p.c.C
	for i := range d.count {
		sums := to[y+i*cols.apart*c:][:c]
		copy(sums, p.bias)
		for kh := range d.kh {
			for kw := range d.kw {
				a, b := from[x+(i*cols.step+kh*rows.tap*cols.size+kw*cols.tap)*c:][:c], p.w[w+(kh*rows.across*p.c.KW+kw*cols.across)*c:][:c]
				for ch, v := range a {
					sums[ch] += v * b[ch]
				}
			}
		}
		for ch, v := range sums {
			sums[ch] = max(v, p.floor)
		}
	}
}

// wholeBytes divides bytes into those of whole registers and double words after them.
func wholeBytes(bytes int) (whole, rest int) {
	whole = bytes / registerBytes * registerBytes
	return whole, (bytes - whole) / 4
}

// tapBytes is the size of the image block that all taps are accumulated over before the
// next: that much of x and y stays in the L1 cache.
const tapBytes = 16 << 10

// taps accumulates the weight gradient of an image.
func (p *depthwise[T]) taps(x, y, w []T) {
	c := &p.c
	oh := c.OutH()
	rows := max(1, tapBytes/(c.OutW()*c.C*bytesOf[T]()))
	for row := 0; row < oh; row += rows {
		for tap := range c.KH * c.KW {
			p.tap(x, y, w[tap*c.C:(tap+1)*c.C], tap, row, min(row+rows, oh))
		}
	}
}

// tap accumulates the weight gradient of one tap over the rows [from, to) of the result.
func (p *depthwise[T]) tap(x, y, w []T, tap, from, to int) {
	c := &p.c
	oh, ow := c.OutH(), c.OutW()
	r0, r1, h := span(tap/c.KW, c.H, oh, c.StrideH, c.DilationH, c.Top)
	c0, c1, v := span(tap%c.KW, c.W, ow, c.StrideW, c.DilationW, c.Left)
	h += max(0, from-r0) * c.StrideH
	r0, r1 = max(r0, from), min(r1, to)
	if r0 >= r1 || c0 == c1 {
		return
	}
	x, y = x[(h*c.W+v)*c.C:], y[(r0*ow+c0)*c.C:]
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
