package images

import (
	"errors"
	"fmt"
	"math"
)

// Filter is how pixels are interpolated when a picture is resized. Where it shrinks, the filter is
// widened by the same factor, so that every pixel counts (antialiasing): weights are those of
// PIL's BILINEAR and BICUBIC.
type Filter int

// The filters.
const (
	Bilinear Filter = iota // a triangle, 1 - |x| up to 1
	Bicubic                // Keys's cubic with a = -1/2, up to 2
)

// String returns the filter's name.
func (f Filter) String() string {
	switch f {
	case Bilinear:
		return "bilinear"
	case Bicubic:
		return "bicubic"
	}
	return fmt.Sprintf("Filter(%d)", int(f))
}

func (f Filter) support() float64 {
	if f == Bicubic {
		return 2
	}
	return 1
}

func (f Filter) at(x float64) float64 {
	x = math.Abs(x)
	switch {
	case f == Bilinear:
		return max(0, 1-x)
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// weights are those of the source's pixels, from first on, in one pixel of the result.
type weights struct {
	first int
	w     []float32
}

// weightsOf returns the weights of pixels at to at+n of a side that is scaled from size from to
// size to.
func (f Filter) weightsOf(from, to, at, n int) []weights {
	scale := float64(from) / float64(to)
	wide := max(1, scale)
	reach := f.support() * wide
	out := make([]weights, n)
	for i := range out {
		centre := (float64(at+i) + 0.5) * scale
		first, end := max(0, int(centre-reach+0.5)), min(from, int(centre+reach+0.5))
		w, sum := make([]float64, end-first), 0.0
		for k := range w {
			w[k] = f.at((float64(first+k) - centre + 0.5) / wide)
			sum += w[k]
		}
		out[i] = weights{first, make([]float32, len(w))}
		for k := range w {
			out[i].w[k] = float32(w[k] / sum)
		}
	}
	return out
}

// side is how one side of a picture is scaled from one size to another, and pixels at to at+n kept.
type side struct{ from, to, at, n int }

// flipped is the same of the mirrored side.
func (s side) flipped() side { s.at = s.to - s.at - s.n; return s }

// scale resizes a picture, first rows, then columns, into dst of (y.n, x.n, channels).
func (p pixels) scale(y, x side, f Filter, dst []float32) {
	columns, rows := f.weightsOf(x.from, x.to, x.at, x.n), f.weightsOf(y.from, y.to, y.at, y.n)
	low, high := rows[0].first, 0 // the source's rows that are needed
	for _, r := range rows {
		low, high = min(low, r.first), max(high, r.first+len(r.w))
	}
	width := x.n * p.channels
	line, narrow := make([]float32, p.width*p.channels), make([]float32, (high-low)*width)
	for k := range high - low {
		p.row(low+k, line)
		to := narrow[k*width : (k+1)*width]
		for i, c := range columns {
			for ch := range p.channels {
				sum := float32(0)
				for j, w := range c.w {
					sum += float32(w * line[(c.first+j)*p.channels+ch])
				}
				to[i*p.channels+ch] = sum
			}
		}
	}
	for i, r := range rows {
		to := dst[i*width : (i+1)*width]
		clear(to)
		for k, w := range r.w {
			from := narrow[(r.first-low+k)*width:][:width]
			for j, v := range from {
				to[j] += float32(w * v)
			}
		}
	}
	for i, v := range dst { // a cubic overshoots, and sums are rounded
		dst[i] = max(0, min(1, v))
	}
}

// fit turns a picture upright and brings it to the size of the options.
func (o Options) fit(p pixels, turn int, dst []float32) (h, w int, out []float32, err error) {
	y, x := side{from: p.height, to: p.height, n: p.height}, side{from: p.width, to: p.width, n: p.width}
	if turn > 4 { // y and x are those of the upright picture
		y, x = x, y
	}
	switch {
	case o.Stretch:
		y.to, x.to, y.n, x.n = o.Height, o.Width, o.Height, o.Width
	case o.Height > 0:
		y.to, x.to = o.covering(y.from, x.from)
		if max(y.to, x.to) == mostScaled {
			return 0, 0, nil, fmt.Errorf("%d x %d pixels are too narrow: the longer side would be scaled to %d and more", y.from, x.from, mostScaled)
		}
		y.n, x.n = o.Height, o.Width
		y.at, x.at = centre(y.to, y.n), centre(x.to, x.n)
	}
	h, w = y.n, x.n
	if len(dst) != h*w*p.channels {
		dst = make([]float32, h*w*p.channels)
	}
	if turn == upright {
		p.scale(y, x, o.Filter, dst)
		return h, w, dst, nil
	}
	part := make([]float32, len(dst))
	ys, xs := y, x
	if turn > 4 {
		ys, xs = x, y
	}
	downward, leftward := turned(turn)
	if downward {
		ys = ys.flipped()
	}
	if leftward {
		xs = xs.flipped()
	}
	p.scale(ys, xs, o.Filter, part)
	for i := range h {
		for j := range w {
			from := i*w + j
			a, b := i, j
			if turn > 4 {
				a, b = j, i
			}
			if downward {
				a = ys.n - 1 - a
			}
			if leftward {
				b = xs.n - 1 - b
			}
			at := a*xs.n + b
			copy(dst[from*p.channels:(from+1)*p.channels], part[at*p.channels:])
		}
	}
	return h, w, dst, nil
}

// turned reports whether the rows, and the columns, of a stored picture are in reverse. From 5 on,
// rows and columns are exchanged, too.
func turned(turn int) (rows, columns bool) {
	return turn == 3 || turn == 4 || turn == 6 || turn == 7, turn == 2 || turn == 3 || turn == 7 || turn == 8
}

// mostScaled bounds the longer side before the centre is cut out.
const mostScaled = 1 << 20

// covering returns the size that a picture is scaled to before its centre is cut out. The longer
// side is rounded down, as in torchvision.
func (o Options) covering(h, w int) (int, int) {
	longer := func(side, of, by int) int { return int(min(mostScaled, int64(side)*int64(of)/int64(by))) }
	switch {
	case o.Shorter > 0 && h <= w:
		return o.Shorter, longer(o.Shorter, w, h)
	case o.Shorter > 0:
		return longer(o.Shorter, h, w), o.Shorter
	case int64(o.Height)*int64(w) >= int64(o.Width)*int64(h): // the height decides
		return o.Height, longer(o.Height, w, h)
	}
	return longer(o.Width, h, w), o.Width
}

// centre returns where n pixels in the middle of a side begin: half of the rest, to even.
func centre(of, n int) int { return int(math.RoundToEven(float64(of-n) / 2)) }

// Resize scales a picture to a height and a width, with antialiasing.
func (m *Image) Resize(height, width int, f Filter) (*Image, error) {
	o, err := Options{Height: height, Width: width, Stretch: true, Filter: f}.check()
	if err != nil {
		return nil, err
	}
	return m.fitted(o)
}

// Fit brings a picture to the size of the options. Grey is not applied.
func (m *Image) Fit(o Options) (*Image, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	return m.fitted(o)
}

func (m *Image) fitted(o Options) (*Image, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	p := pixels{m.Height, m.Width, m.Channels, func(y int, dst []float32) { copy(dst, m.Pix[y*m.Width*m.Channels:]) }}
	out := &Image{Channels: m.Channels}
	var err error
	if out.Height, out.Width, out.Pix, err = o.fit(p, upright, nil); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	return out, nil
}

// check reports a picture whose pixels are not as many as its sides say.
func (m *Image) check() error {
	if m == nil {
		return errors.New("images: there is no picture")
	}
	if m.Height < 1 || m.Width < 1 || m.Channels < 1 || m.Height > len(m.Pix) || m.Width > len(m.Pix) || m.Channels > len(m.Pix) ||
		int64(m.Height)*int64(m.Width) > int64(len(m.Pix)) || int64(m.Height)*int64(m.Width)*int64(m.Channels) != int64(len(m.Pix)) {
		return fmt.Errorf("images: a picture of (%d, %d, %d) with %d values", m.Height, m.Width, m.Channels, len(m.Pix))
	}
	return nil
}
