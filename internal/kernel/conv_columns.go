package kernel

// A convolution of any geometry becomes matrix products by im2col: each row of a matrix
// holds the receptive field of one output pixel, block by block and group by group.

// columnsSize bounds the elements of a block.
const columnsSize = 1 << 15

// block is a part of that matrix: output pixels of one image, for one group.
type block[T Float] struct {
	c            *Conv
	group        int
	from, pixels int
	k, o         int // sizes of the group's kernels
	columns      []T
}

// eachBlock calls f for every block of one image.
func eachBlock[T Float](c *Conv, s *scratch[T], f func(b *block[T])) {
	b := &s.block
	*b = block[T]{c: c, k: c.KH * c.KW * (c.C / c.Groups), o: c.O / c.Groups}
	all := c.OutH() * c.OutW()
	step := min(all, max(1, columnsSize/b.k))
	for ; b.group < c.Groups; b.group++ {
		for b.from = 0; b.from < all; b.from += step {
			b.pixels = min(step, all-b.from)
			b.columns = grown(&s.columns, b.pixels*b.k)
			f(b)
		}
	}
}

// walk calls f for every run of channels in the columns; pixel is negative for padding.
func (b *block[T]) walk(f func(column, pixel, n int)) {
	c := b.c
	n := c.C / c.Groups
	ow := c.OutW()
	column := 0
	for p := b.from; p < b.from+b.pixels; p++ {
		h0, w0 := p/ow*c.StrideH-c.Top, p%ow*c.StrideW-c.Left
		for kh := range c.KH {
			h := h0 + kh*c.DilationH
			for kw := range c.KW {
				w := w0 + kw*c.DilationW
				pixel := -1
				if h >= 0 && h < c.H && w >= 0 && w < c.W {
					pixel = (h*c.W+w)*c.C + b.group*n
				}
				f(column, pixel, n)
				column += n
			}
		}
	}
}

// gather fills the columns from an image.
func (b *block[T]) gather(x []T) {
	b.walk(func(column, pixel, n int) {
		if pixel < 0 {
			clear(b.columns[column : column+n])
		} else {
			copy(b.columns[column:column+n], x[pixel:])
		}
	})
}

// scatter adds the columns to an image.
func (b *block[T]) scatter(x []T) {
	b.walk(func(column, pixel, n int) {
		if pixel >= 0 {
			AddTo(x[pixel:pixel+n], b.columns[column:])
		}
	})
}

// take returns the columns of this group from rows of a matrix with O columns.
func (b *block[T]) take(memory *[]T, from []T, rows int) []T {
	if b.c.Groups == 1 {
		return from[:rows*b.o]
	}
	to := grown(memory, rows*b.o)
	for i := range rows {
		copy(to[i*b.o:(i+1)*b.o], from[i*b.c.O+b.group*b.o:])
	}
	return to
}

// give writes the result of take back.
func (b *block[T]) give(to, part []T, rows int) {
	if b.c.Groups == 1 {
		return // take returned the matrix itself
	}
	for i := range rows {
		copy(to[i*b.c.O+b.group*b.o:], part[i*b.o:(i+1)*b.o])
	}
}

// forwardByColumns computes one image of y.
func forwardByColumns[T Float](c *Conv, s *scratch[T], x, w, y []T) {
	eachBlock(c, s, func(b *block[T]) {
		b.gather(x)
		y := y[b.from*c.O:]
		r := b.take(&s.result, y, b.pixels)
		Gemm(false, false, b.pixels, b.o, b.k, b.columns, b.take(&s.weights, w, b.k), 0, r)
		b.give(y, r, b.pixels)
	})
}

// inputByColumns adds the gradient of one image to dx.
func inputByColumns[T Float](c *Conv, s *scratch[T], dy, w, dx []T) {
	eachBlock(c, s, func(b *block[T]) {
		r := b.take(&s.result, dy[b.from*c.O:], b.pixels)
		Gemm(false, true, b.pixels, b.k, b.o, r, b.take(&s.weights, w, b.k), 0, b.columns)
		b.scatter(dx)
	})
}

// weightsByColumns computes the kernels' gradient from all images.
func weightsByColumns[T Float](c *Conv, s *scratch[T], x, dy, dw []T) {
	image, result := c.H*c.W*c.C, c.OutH()*c.OutW()*c.O
	clear(dw)
	for n := range c.N {
		eachBlock(c, s, func(b *block[T]) {
			b.gather(x[n*image : (n+1)*image])
			r := b.take(&s.result, dy[n*result+b.from*c.O:], b.pixels)
			sum := b.take(&s.weights, dw, b.k)
			Gemm(true, false, b.k, b.o, b.pixels, b.columns, r, 1, sum)
			b.give(dw, sum, b.k)
		})
	}
}
