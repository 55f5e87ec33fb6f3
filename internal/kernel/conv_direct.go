package kernel

import (
	"sync"
	"unsafe"
)

// Where a kernel's row covers pixels that lie side by side, the tiles of a
// product can be computed straight from the image: an output pixel's row of A is
// KH segments of KW·C elements, and the pixel beside it sees the same memory
// StrideW·C further on. Only a border of zeros asks for a copy of the image.

// blockPixels bounds the size of the part of an image, in elements, that is
// worked on at a time.
const blockPixels = 1 << 15

// direct is a pass of a convolution on its way: forward, or for the gradient of
// the kernels.
type direct[T Float] struct {
	job     job
	c       Conv
	x, y, w []T // w is the kernels' gradient
	panels  []T // the kernels in panels of a tile's width
	bias    []T
	relu    bool
	oh, ow  int
	rows    int // output rows of a block
	blocks  int // of an image
	groups  int // of images, whose parts of the kernels' gradient are added up
	split   int // parts of the kernels' gradient of a group
	partial []T
}

var direct32, direct64 sync.Pool

func getDirect[T Float](c *Conv) *direct[T] {
	pool := &direct64
	if single[T]() {
		pool = &direct32
	}
	d, _ := pool.Get().(*direct[T])
	if d == nil {
		d = new(direct[T])
	}
	d.c, d.oh, d.ow = *c, c.OutH(), c.OutW()
	return d
}

func (d *direct[T]) put() {
	d.x, d.y, d.w, d.bias = nil, nil, nil, nil
	if single[T]() {
		direct32.Put(d)
	} else {
		direct64.Put(d)
	}
}

// chop divides the images into blocks of output rows.
func (d *direct[T]) chop(rows int) {
	d.rows = min(d.oh, max(1, rows))
	d.blocks = (d.oh + d.rows - 1) / d.rows
}

// paddedW is the width of the images with their borders.
func (d *direct[T]) paddedW() int { return d.c.W + d.c.Left + d.c.Right }

// directForward computes y; with flip the kernels are those of the convolution
// whose input gradient this one is.
func directForward[T Float](c *Conv, x, w []T, flip bool, bias []T, relu bool, y []T) {
	d := getDirect[T](c)
	d.x, d.y, d.bias, d.relu = x, y, bias, relu
	d.packKernels(w, flip)
	d.chop(blockPixels/(d.paddedW()*c.C*c.StrideH) - c.KH)
	shareOut(&d.job, d, c.N*d.blocks, c.FLOP())
	d.put()
}

// directWeights computes the gradient dw of the kernels.
func directWeights[T Float](c *Conv, x, dy, dw []T) {
	d := getDirect[T](c)
	d.x, d.y, d.w = x, dy, dw
	d.chop(blockK / d.ow)
	weights, panels := len(dw), (c.O+width[T]()-1)/width[T]()
	d.groups = max(1, min(c.N, imageGroups, groupedWeights/weights))
	d.split = min(panels, (helpers()+d.groups)/d.groups)
	if d.groups > 1 {
		d.w = grown(&d.partial, d.groups*weights)
	}
	shareOut(&d.job, d, d.groups*d.split, c.FLOP())
	if d.groups > 1 {
		sumRows(dw, d.w, d.groups)
	}
	d.put()
}

// A kernels' gradient is computed for at most imageGroups groups of images apart,
// as long as these have no more than groupedWeights elements together.
const (
	imageGroups    = 8
	groupedWeights = 1 << 19
)

func (d *direct[T]) part(i int) {
	if d.w != nil {
		d.weights(i)
	} else {
		d.forward(i)
	}
}

// packKernels copies the kernels into panels, the last one padded with zeros.
func (d *direct[T]) packKernels(w []T, flip bool) {
	c := &d.c
	nr := width[T]()
	k := c.KH * c.KW * c.C
	n := roundUp(c.O, nr)
	to := grown(&d.panels, k*n)
	if n > c.O {
		clear(to[(n-nr)*k:])
	}
	for j := 0; j < c.O; j += nr {
		cols := min(nr, c.O-j)
		panel := to[j*k : (j+nr)*k]
		for i := range k {
			row := panel[i*nr : i*nr+cols]
			if !flip {
				copy(row, w[i*c.O+j:])
				continue
			}
			// Row i is of input channel i%C and of the tap that mirrors i/C.
			from := w[((c.KH*c.KW-1-i/c.C)*c.O+j)*c.C+i%c.C:]
			for q := range row {
				row[q] = from[q*c.C]
			}
		}
	}
}

// rowsOf returns the input rows that the output rows from r0 to r1 of an image
// see, with their borders: the image itself where it has none.
func (d *direct[T]) rowsOf(s *scratch[T], n, r0, r1 int) []T {
	c := &d.c
	image := d.x[n*c.H*c.W*c.C : (n+1)*c.H*c.W*c.C]
	h0 := r0*c.StrideH - c.Top
	h1 := (r1-1)*c.StrideH - c.Top + c.DilationH*(c.KH-1) + 1
	if c.Left == 0 && c.Right == 0 && h0 >= 0 && h1 <= c.H {
		return image[h0*c.W*c.C : h1*c.W*c.C]
	}
	width, left, row := d.paddedW()*c.C, c.Left*c.C, c.W*c.C
	to := grown(&s.columns, (h1-h0)*width)
	for h := h0; h < h1; h++ {
		line := to[(h-h0)*width:][:width]
		if h < 0 || h >= c.H {
			clear(line)
			continue
		}
		clear(line[:left])
		copy(line[left:], image[h*row:(h+1)*row])
		clear(line[left+row:])
	}
	return to
}

// forward computes one block of one image.
func (d *direct[T]) forward(i int) {
	c := &d.c
	s := getScratch[T]()
	n, r0 := i/d.blocks, i%d.blocks*d.rows
	r1 := min(r0+d.rows, d.oh)
	img := d.rowsOf(s, n, r0, r1)
	y := d.y[(n*d.oh+r0)*d.ow*c.O:]
	nr := width[T]()
	size := bytesOf[T]()
	k := c.KH * c.KW * c.C
	line := d.paddedW() * c.C
	t := &s.tile
	t.run = tilesOf[T]()
	t.tile = tile{
		k: c.KW * c.C, rowA: c.StrideW * c.C * size, stepA: size, stepB: tileBytes, rowC: c.O * size,
		segments: c.KH, gapA: (c.DilationH*line - c.KW*c.C) * size,
	}
	if d.bias != nil {
		t.start = startBias
	}
	if d.relu {
		t.relu = 1
	}
	tiles := (d.ow + tileRows - 1) / tileRows // of about the same height
	for j := 0; j < c.O; j += nr {
		t.b = unsafe.Pointer(&d.panels[j*k])
		if d.bias != nil {
			t.bias = unsafe.Pointer(&d.bias[j])
		}
		for r := range r1 - r0 {
			for q := range tiles {
				p0, p1 := q*d.ow/tiles, (q+1)*d.ow/tiles
				t.a = unsafe.Pointer(&img[r*c.StrideH*line+p0*c.StrideW*c.C])
				t.compute(y[(r*d.ow+p0)*c.O+j:], c.O, p1-p0, min(nr, c.O-j))
			}
		}
	}
	s.put()
}

// weights computes some panels of the kernels' gradient of a group of images.
func (d *direct[T]) weights(i int) {
	c := &d.c
	group, share := i/d.split, i%d.split
	nr := width[T]()
	panels := (c.O + nr - 1) / nr
	j0, j1 := share*panels/d.split*nr, min((share+1)*panels/d.split*nr, c.O)
	size := len(d.w) / d.groups
	dw := d.w[group*size : (group+1)*size]
	s := getScratch[T]()
	first := group * c.N / d.groups
	for n := first; n < (group+1)*c.N/d.groups; n++ {
		for r0 := 0; r0 < d.oh; r0 += d.rows {
			d.addWeights(s, dw, n > first || r0 > 0, n, r0, min(r0+d.rows, d.oh), j0, j1)
		}
	}
	s.put()
}

// addWeights sets columns j0 to j1 of the kernels' gradient dw to what one block
// of an image gives, or adds that.
func (d *direct[T]) addWeights(s *scratch[T], dw []T, add bool, n, r0, r1, j0, j1 int) {
	c := &d.c
	img := d.rowsOf(s, n, r0, r1)
	pixels := (r1 - r0) * d.ow
	dy := d.y[(n*d.oh+r0)*d.ow*c.O:]
	nr := width[T]()
	size := bytesOf[T]()
	m := c.KW * c.C
	// What few tiles read is not worth the packing, but tiles without masks read a
	// last panel of full width.
	var b []T
	pack := c.KH*m > 8*tileRows || !wide && (j1-j0)%nr > 0
	if pack {
		p := product[T]{ldb: c.O, b: dy}
		b = grown(&s.result, roundUp(j1-j0, nr)*pixels)
		p.packB(b, 0, pixels, j0, j1-j0)
	}
	line := d.paddedW() * c.C
	t := &s.tile
	t.run = tilesOf[T]()
	t.tile = tile{
		k: d.ow, rowA: size, stepA: c.StrideW * c.C * size, stepB: tileBytes, rowC: c.O * size,
		segments: r1 - r0, gapA: (c.StrideH*line - d.ow*c.StrideW*c.C) * size,
	}
	if add {
		t.start = startC
	}
	for j := j0; j < j1; j += nr {
		if pack {
			t.b = unsafe.Pointer(&b[(j-j0)*pixels])
		} else {
			t.b, t.stepB = unsafe.Pointer(&dy[j]), c.O*size
		}
		for kh := range c.KH {
			for i := 0; i < m; i += tileRows {
				t.a = unsafe.Pointer(&img[kh*c.DilationH*line+i])
				t.compute(dw[(kh*m+i)*c.O+j:], c.O, min(tileRows, m-i), min(nr, c.O-j))
			}
		}
	}
}
