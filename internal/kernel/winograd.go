package kernel

import (
	"math"
	"unsafe"
)

// A convolution with kernels of 3×3 and stride 1 takes fewer products if it is
// computed for squares of 2×2 pixels at once: F(2×2, 3×3) of Winograd, as in Lavin and
// Gray, "Fast Algorithms for Convolutional Neural Networks", 2016. The 4×4 pixels of
// the image that a square sees and the 3×3 of a kernel are transformed to 4×4 elements
// each, whose 16 products, instead of 36, are summed over the channels. The transforms
// are made of sums and halves.
//
// The rounding of a square is that of its largest terms. So a value that is not finite
// makes the whole square so, not only the pixels that see it; and the gradient of the
// kernels is not computed in this way: its small elements would be rounded as its large
// ones are, and Adam divides each by its own size.

// transform is the argument of the assembly, which knows the order of its fields:
// it transforms matrices whose elements are vectors of channels, those of an image from
// 4×4 to 4×4, of a kernel from 3×3 to 4×4, of a result from 4×4 to 2×2 with bias and ReLU.
type transform struct {
	from, to         unsafe.Pointer
	rowFrom, colFrom int // bytes between the elements of a matrix
	rowTo, colTo     int
	count            int // matrices that follow one another
	stepFrom, stepTo int // bytes from one to the next
	width, rest      int // whole registers of channels; double words after them
	bias             unsafe.Pointer
	number           uint64 // the smallest result, or one half
}

// transformed is the number of elements of a transformed matrix.
const transformed = 4 * 4

// winograd is a pass in blocks of rows of squares, counted through all images.
type winograd[T Float] struct {
	job    job
	c      Conv
	x, y   []T
	plain  []T // transformed kernels, element by element
	panels []T // the same as the panels of a B each
	zeros  []T
	bias   []T
	floor  T
	oh, ow int
	ph, pw int // rows and columns of squares of an image
	rows   int // of squares of a block, at most
	blocks int
}

var winogradPool workspaces

func getWinograd[T Float](c *Conv) *winograd[T] {
	p := take[T, winograd[T]](&winogradPool)
	p.c, p.oh, p.ow = *c, c.OutH(), c.OutW()
	p.ph, p.pw = (p.oh+1)/2, (p.ow+1)/2
	p.rows = min(c.N*p.ph, max(1, winogradSquares/p.pw))
	p.blocks = (c.N*p.ph + p.rows - 1) / p.rows
	return p
}

func (p *winograd[T]) put() {
	p.x, p.y, p.bias = nil, nil, nil
	give[T](&winogradPool, p)
}

// winogradSquares are worked on at a time, so that what becomes of them stays in the
// second cache: whole tiles of 6 and of 14.
const winogradSquares = 42

// Fewer channels are not worth the transforms of the images, and more products of
// channels not those of the kernels.
const (
	minWinogradChannels = 16
	minWinogradKernels  = 1 << 9
	maxWinogradKernels  = 1 << 16
)

// winograd reports whether transforms save work: not at the edges of small images.
func (c *Conv) winograd() bool {
	oh, ow := c.OutH(), c.OutW()
	return c.direct() && c.KH == 3 && c.KW == 3 && c.StrideH == 1 && c.StrideW == 1 && c.DilationH == 1 && c.Groups == 1 &&
		min(c.C, c.O) >= minWinogradChannels && c.C*c.O >= minWinogradKernels && c.C*c.O <= maxWinogradKernels && 4*transformed*((oh+1)/2)*((ow+1)/2) <= 3*9*oh*ow
}

// winogradForward computes y; with flip the kernels are those of the convolution
// whose input gradient this one is.
func winogradForward[T Float](c *Conv, x, w []T, flip bool, bias []T, relu bool, y []T) {
	p := getWinograd[T](c)
	p.x, p.y, p.bias, p.floor = x, y, bias, T(math.Inf(-1))
	if relu {
		p.floor = 0
	}
	if bias == nil {
		p.bias = grown(&p.zeros, c.O)
		clear(p.bias)
	}
	p.packKernels(w, flip)
	shareOut(&p.job, p, p.blocks, c.FLOP())
	p.put()
}

// packKernels transforms the kernels and packs each of their elements as a B, from
// input channels to output channels.
func (p *winograd[T]) packKernels(w []T, flip bool) {
	c := &p.c
	size := bytesOf[T]()
	in, out := c.C, c.O
	all := in * out
	s := getScratch[T]()
	t := &s.transform
	*t = transform{
		from: unsafe.Pointer(&w[0]), rowFrom: 3 * all * size, colFrom: all * size, count: 1,
		rowTo: 4 * all * size, colTo: all * size,
		number: floatBits(T(.5)),
	}
	if flip { // the last tap is the first
		t.from, t.rowFrom, t.colFrom = unsafe.Pointer(&w[8*all]), -t.rowFrom, -t.colFrom
	}
	plain := grown(&p.plain, transformed*all)
	t.to = unsafe.Pointer(&plain[0])
	t.width, t.rest = wholeBytes(all * size)
	winogradKernelVector[T](t)
	s.put()
	b := product[T]{transB: flip, ldb: out}
	if flip {
		b.ldb = in
	}
	padded := in * roundUp(out, width[T]())
	p.panels = grown(&p.panels, transformed*padded)
	for i := range transformed {
		b.b = plain[i*all : (i+1)*all]
		b.packB(p.panels[i*padded:(i+1)*padded], 0, in, 0, out)
	}
}

// apart returns the distance of the elements of transformed squares that have n
// numbers each: what is transformed at once, an element of each, is spread over the
// sets of a cache, whose places repeat from page to page.
func apart[T Float](n int) int {
	const page, share = 4096, 4096 / transformed
	size := bytesOf[T]()
	return (roundUp(n*size-share, page) + share) / size
}

// images transforms the squares of rows r0 to r1 of them: element i of each is i·gap
// on.
func (p *winograd[T]) images(s *scratch[T], r0, r1 int) (v []T, gap int) {
	c := &p.c
	size := bytesOf[T]()
	gap = apart[T](p.rows * p.pw * c.C)
	v = grown(&s.columns, transformed*gap)
	width := (2*p.pw + 2) * c.C
	t := &s.transform
	*t = transform{
		rowFrom: width * size, colFrom: c.C * size, rowTo: 4 * gap * size, colTo: gap * size,
		count: p.pw, stepFrom: 2 * c.C * size, stepTo: c.C * size,
	}
	t.width, t.rest = wholeBytes(c.C * size)
	image := c.H * c.W * c.C
	for r := r0; r < r1; {
		n, h := r/p.ph, r%p.ph
		rows := min(r1-r, p.ph-h)
		lines := bordered(s, p.x[n*image:(n+1)*image], c.H, c.W*c.C, 2*h-c.Top, 2*rows+2, c.Left*c.C, width)
		for i := range rows {
			t.from, t.to = unsafe.Pointer(&lines[2*i*width]), unsafe.Pointer(&v[(r-r0)*p.pw*c.C])
			winogradImageVector[T](t)
			r++
		}
	}
	return v, gap
}

// bordered returns count rows of an image from row h on, as wide as width: the image
// itself, if that has them, or a copy with zeros around it.
func bordered[T Float](s *scratch[T], image []T, rows, row, h, count, left, width int) []T {
	if row == width && h >= 0 && h+count <= rows {
		return image[h*row : (h+count)*row]
	}
	to := grown(&s.lines, count*width)
	for i := range count {
		line := to[i*width : (i+1)*width]
		if h+i < 0 || h+i >= rows {
			clear(line)
			continue
		}
		clear(line[:left])
		n := copy(line[left:], image[(h+i)*row:(h+i+1)*row])
		clear(line[left+n:])
	}
	return to
}

// part computes a block.
func (p *winograd[T]) part(i int) {
	rows := p.c.N * p.ph
	r0, r1 := i*rows/p.blocks, (i+1)*rows/p.blocks
	s := getScratch[T]()
	v, gap := p.images(s, r0, r1)
	m, gap := p.products(s, v, gap, (r1-r0)*p.pw)
	p.results(s, m, gap, r0, r1)
	s.put()
}

// products multiplies transformed squares with the kernels, element by element: those
// of m are gap apart, like those of v, and its rows have room for full panels.
func (p *winograd[T]) products(s *scratch[T], v []T, gapV, count int) (m []T, gap int) {
	size := bytesOf[T]()
	nr := width[T]()
	in, out := p.c.C, roundUp(p.c.O, nr)
	gap = apart[T](p.rows * p.pw * out)
	m = grown(&s.result, transformed*gap)
	t := &s.tile
	t.run = tilesOf[T]()
	t.tile = tile{k: in, rowA: in * size, stepA: size, stepB: tileBytes, rowC: out * size, segments: 1}
	tiles := (count + tileRows - 1) / tileRows // of about the same height
	for i := range transformed {
		for j := 0; j < out; j += nr {
			t.b = unsafe.Pointer(&p.panels[(i*out+j)*in])
			for q := range tiles {
				q0, q1 := q*count/tiles, (q+1)*count/tiles
				t.a = unsafe.Pointer(&v[i*gapV+q0*in])
				t.compute(m[i*gap+q0*out+j:], out, q1-q0, min(nr, p.c.O-j))
			}
		}
	}
	return m, gap
}

// results transforms the products of rows r0 to r1 of squares to pixels. What the last
// square has more than the image is written in the place of the pixel before, which is
// written after it.
func (p *winograd[T]) results(s *scratch[T], m []T, gap, r0, r1 int) {
	size := bytesOf[T]()
	out := p.c.O
	step := roundUp(out, width[T]()) // from square to square of m
	t := &s.transform
	*t = transform{
		rowFrom: 4 * gap * size, colFrom: gap * size, stepFrom: step * size, stepTo: 2 * out * size,
		bias: unsafe.Pointer(&p.bias[0]), number: floatBits(p.floor),
	}
	t.width, t.rest = wholeBytes(out * size)
	for r := r0; r < r1; r++ {
		n, h := r/p.ph, r%p.ph*2
		t.rowTo = p.ow * out * size
		if h+1 == p.oh {
			t.rowTo = 0
		}
		y := p.y[(n*p.oh+h)*p.ow*out:]
		first, whole := (r-r0)*p.pw, p.ow/2
		if whole > 0 {
			t.count, t.colTo = whole, out*size
			t.from, t.to = unsafe.Pointer(&m[first*step]), unsafe.Pointer(&y[0])
			winogradResultVector[T](t)
		}
		if whole < p.pw {
			t.count, t.colTo = 1, 0
			t.from, t.to = unsafe.Pointer(&m[(first+whole)*step]), unsafe.Pointer(&y[2*whole*out])
			winogradResultVector[T](t)
		}
	}
}
