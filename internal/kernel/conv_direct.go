package kernel

import "unsafe"

// Without dilation, product tiles read the image directly, with no im2col: the row of A
// for an output pixel is KH segments of KW·C contiguous elements, and the next pixel's row
// starts StrideW·C elements later. The image is copied only to add zero padding, or to
// separate the channels of groups.

// blockPixels bounds the elements of an image block.
const blockPixels = 1 << 15

// direct is a convolution pass in progress: forward, or the kernel gradient.
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
	parts   int // image parts with separate kernel gradients, summed at the end
	split   int // shares of the panels of a part
	partial []T
}

var directPool workspaces

func getDirect[T Float](c *Conv) *direct[T] {
	d := take[T, direct[T]](&directPool)
	d.c, d.oh, d.ow = *c, c.OutH(), c.OutW()
	return d
}

func (d *direct[T]) put() {
	d.x, d.y, d.w, d.bias = nil, nil, nil, nil
	give[T](&directPool, d)
}

// chop divides the images into blocks of output rows.
func (d *direct[T]) chop(rows int) {
	d.rows = min(d.oh, max(1, rows))
	d.blocks = (d.oh + d.rows - 1) / d.rows
}

// paddedW is the width of the images with their borders.
func (d *direct[T]) paddedW() int { return d.c.W + d.c.Left + d.c.Right }

// directForward computes y. With flip, w holds the kernels of the forward convolution whose
// input gradient is computed.
func directForward[T Float](c *Conv, x, w []T, flip bool, bias []T, relu bool, y []T) {
	d := getDirect[T](c)
	d.x, d.y, d.bias, d.relu = x, y, bias, relu
	d.packKernels(w, flip)
	d.chop(blockPixels/(d.paddedW()*d.in()*c.StrideH) - c.KH)
	shareOut(&d.job, d, c.N*d.blocks, c.FLOP())
	d.put()
}

// directWeights computes the kernel gradient dw.
func directWeights[T Float](c *Conv, x, dy, dw []T) {
	d := getDirect[T](c)
	d.x, d.y, d.w = x, dy, dw
	d.chop(blockK / d.ow)
	weights := len(dw)
	d.parts = max(1, min(c.N, imageParts, partedWeights/weights))
	d.split = min(c.Groups*d.panelsOf(), (helpers()+d.parts)/d.parts)
	if d.parts > 1 {
		d.w = grown(&d.partial, d.parts*weights)
	}
	shareOut(&d.job, d, d.parts*d.split, c.FLOP())
	if d.parts > 1 {
		sumRows(dw, d.w, d.parts)
	}
	d.put()
}

// Kernel gradients are computed separately for up to imageParts parts of the images, if
// together they have at most partedWeights elements.
const (
	imageParts    = 8
	partedWeights = 1 << 19
)

func (d *direct[T]) part(i int) {
	if d.w != nil {
		d.weights(i)
	} else {
		d.forward(i)
	}
}

// in and out are the channels of a group, and taps the elements of a kernel.
func (d *direct[T]) in() int   { return d.c.C / d.c.Groups }
func (d *direct[T]) out() int  { return d.c.O / d.c.Groups }
func (d *direct[T]) taps() int { return d.c.KH * d.c.KW * d.in() }

// packKernels copies the kernels of each group into panels, the last one padded
// with zeros.
func (d *direct[T]) packKernels(w []T, flip bool) {
	c := &d.c
	nr := width[T]()
	k, in, out := d.taps(), d.in(), d.out()
	n := roundUp(out, nr)
	all := grown(&d.panels, c.Groups*k*n)
	for g := range c.Groups {
		to := all[g*k*n : (g+1)*k*n]
		if n > out {
			clear(to[(n-nr)*k:])
		}
		for j := 0; j < out; j += nr {
			cols := min(nr, out-j)
			panel := to[j*k : (j+nr)*k]
			for i := range k {
				row := panel[i*nr : i*nr+cols]
				if !flip {
					copy(row, w[i*c.O+g*out+j:])
					continue
				}
				// Row i is of input channel i%in and of the tap that mirrors i/in.
				from := w[((c.KH*c.KW-1-i/in)*out+j)*c.C+g*in+i%in:]
				for q := range row {
					row[q] = from[q*c.C]
				}
			}
		}
	}
}

// rowsOf returns the input rows that the output rows from r0 to r1 of an image
// see in a group, with their borders: the image itself where it has none.
func (d *direct[T]) rowsOf(s *scratch[T], n, group, r0, r1 int) []T {
	c := &d.c
	image := d.x[n*c.H*c.W*c.C : (n+1)*c.H*c.W*c.C]
	h0 := r0*c.StrideH - c.Top
	h1 := (r1-1)*c.StrideH - c.Top + c.DilationH*(c.KH-1) + 1
	if c.Groups == 1 && c.Left == 0 && c.Right == 0 && h0 >= 0 && h1 <= c.H {
		return image[h0*c.W*c.C : h1*c.W*c.C]
	}
	in := d.in()
	width, left, row := d.paddedW()*in, c.Left*in, c.W*in
	to := grown(&s.columns, (h1-h0)*width)
	for h := h0; h < h1; h++ {
		line := to[(h-h0)*width:][:width]
		if h < 0 || h >= c.H {
			clear(line)
			continue
		}
		clear(line[:left])
		from := image[h*c.W*c.C : (h+1)*c.W*c.C]
		if c.Groups == 1 {
			copy(line[left:], from)
		} else {
			for w := range c.W {
				copy(line[left+w*in:left+(w+1)*in], from[w*c.C+group*in:])
			}
		}
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
	y := d.y[(n*d.oh+r0)*d.ow*c.O:]
	nr := width[T]()
	size := bytesOf[T]()
	k, in, out := d.taps(), d.in(), d.out()
	line := d.paddedW() * in
	t := &s.tile
	t.run = tilesOf[T]()
	t.tile = tile{
		k: c.KW * in, rowA: c.StrideW * in * size, stepA: size, stepB: tileBytes, rowC: c.O * size,
		segments: c.KH, gapA: (c.DilationH*line - c.KW*in) * size,
	}
	if d.bias != nil {
		t.start = startBias
	}
	if d.relu {
		t.relu = 1
	}
	tiles := (d.ow + tileRows - 1) / tileRows // of about the same height
	for g := range c.Groups {
		img := d.rowsOf(s, n, g, r0, r1)
		for j := 0; j < out; j += nr {
			at := g*out + j
			t.b = unsafe.Pointer(&d.panels[g*k*roundUp(out, nr)+j*k])
			if d.bias != nil {
				t.bias = unsafe.Pointer(&d.bias[at])
			}
			for r := range r1 - r0 {
				for q := range tiles {
					p0, p1 := q*d.ow/tiles, (q+1)*d.ow/tiles
					t.a = unsafe.Pointer(&img[r*c.StrideH*line+p0*c.StrideW*in])
					t.compute(y[(r*d.ow+p0)*c.O+at:], c.O, p1-p0, min(nr, out-j))
				}
			}
		}
	}
	s.put()
}

// panelsOf is the number of panels of a group.
func (d *direct[T]) panelsOf() int { return (d.out() + width[T]() - 1) / width[T]() }

// weights computes some panels of the kernels' gradient of a part of the images.
func (d *direct[T]) weights(i int) {
	c := &d.c
	part, share := i/d.split, i%d.split
	nr := width[T]()
	panels := d.panelsOf()
	p0, p1 := share*c.Groups*panels/d.split, (share+1)*c.Groups*panels/d.split
	size := len(d.w) / d.parts
	dw := d.w[part*size : (part+1)*size]
	s := getScratch[T]()
	first := part * c.N / d.parts
	for n := first; n < (part+1)*c.N/d.parts; n++ {
		for r0 := 0; r0 < d.oh; r0 += d.rows {
			for g := p0 / panels; g*panels < p1; g++ {
				j0, j1 := max(0, p0-g*panels)*nr, min((p1-g*panels)*nr, d.out())
				d.addWeights(s, dw, n > first || r0 > 0, n, g, r0, min(r0+d.rows, d.oh), j0, j1)
			}
		}
	}
	s.put()
}

// addWeights computes the contribution of one image block to columns j0 to j1 of a group's
// kernel gradient, and stores it in dw or adds it.
func (d *direct[T]) addWeights(s *scratch[T], dw []T, add bool, n, group, r0, r1, j0, j1 int) {
	c := &d.c
	img := d.rowsOf(s, n, group, r0, r1)
	pixels := (r1 - r0) * d.ow
	in, out := d.in(), d.out()
	dy := d.y[(n*d.oh+r0)*d.ow*c.O+group*out:]
	dw = dw[group*out:]
	nr := width[T]()
	size := bytesOf[T]()
	m := c.KW * in
	// Packing does not pay off for few tiles, but tiles without masks need a last
	// panel of full width.
	var b []T
	pack := c.KH*m > 8*tileRows || !maskedTiles && (j1-j0)%nr > 0
	if pack {
		p := product[T]{ldb: c.O, b: dy}
		b = grown(&s.result, roundUp(j1-j0, nr)*pixels)
		p.packB(b, 0, pixels, j0, j1-j0)
	}
	line := d.paddedW() * in
	t := &s.tile
	t.run = tilesOf[T]()
	t.tile = tile{
		k: d.ow, rowA: size, stepA: c.StrideW * in * size, stepB: tileBytes, rowC: c.O * size,
		segments: r1 - r0, gapA: (c.StrideH*line - d.ow*c.StrideW*in) * size,
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
				t.compute(dw[(kh*m+i)*c.O+j:], c.O, min(tileRows, m-i), min(nr, out-j))
			}
		}
	}
}
