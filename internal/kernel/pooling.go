package kernel

import "math"

// A pooling has the geometry of a depthwise convolution: O = C = Groups.

// MaxPool computes the maximum of every window, ignoring padding.
func MaxPool[T Float](c *Conv, x, y []T) { poolWindows(c, poolMax, x, y, nil, nil) }

// MaxPoolGrad computes the gradient dx of x: dy goes to the first largest element
// of its window. With relu, x is max(z, 0), and dx the gradient with respect to z.
func MaxPoolGrad[T Float](c *Conv, relu bool, x, y, dy, dx []T) {
	if relu {
		poolWindows(c, poolMaxReluGrad, x, y, dy, dx)
	} else {
		poolWindows(c, poolMaxGrad, x, y, dy, dx)
	}
}

// AveragePool computes the mean of every window, ignoring padding.
func AveragePool[T Float](c *Conv, x, y []T) { poolWindows(c, poolAverage, x, y, nil, nil) }

// AveragePoolGrad computes the gradient dx from dy.
func AveragePoolGrad[T Float](c *Conv, dy, dx []T) { poolWindows(c, poolAverageGrad, nil, nil, dy, dx) }

type poolKind int

const (
	poolMax poolKind = iota
	poolMaxGrad
	poolMaxReluGrad
	poolAverage
	poolAverageGrad
)

type poolTask[T Float] struct {
	job          job
	c            Conv
	kind         poolKind
	x, y, dy, dx []T
}

var poolTaskPool workspaces

func poolWindows[T Float](c *Conv, kind poolKind, x, y, dy, dx []T) {
	t := take[T, poolTask[T]](&poolTaskPool)
	t.c, t.kind, t.x, t.y, t.dy, t.dx = *c, kind, x, y, dy, dx
	shareOut(&t.job, t, c.N, 8*c.N*c.OutH()*c.OutW()*c.C*c.KH*c.KW) // memory is the limit, not arithmetic
	t.x, t.y, t.dy, t.dx = nil, nil, nil, nil
	give[T](&poolTaskPool, t)
}

func (t *poolTask[T]) part(n int) {
	c := &t.c
	in, out := c.H*c.W*c.C, c.OutH()*c.OutW()*c.C
	of := func(x []T, size int) []T {
		if x == nil {
			return nil
		}
		return x[n*size : (n+1)*size]
	}
	x, y, dy, dx := of(t.x, in), of(t.y, out), of(t.dy, out), of(t.dx, in)
	s := getScratch[T]()
	switch t.kind {
	case poolMax:
		if c.apart() {
			t.maxApart(x, y)
			break
		}
		Fill(y, T(math.Inf(-1)))
		t.taps(func(in, out, n int) {
			eachPixel(pixelMax, n, c.C, lane[T]{y[out:], c.C}, lane[T]{x[in:], c.StrideW * c.C})
		})
	case poolMaxGrad, poolMaxReluGrad:
		if c.apart() {
			t.maxGradApart(x, y, dy, dx)
			break
		}
		clear(dx)
		taken := grown(&s.columns, out)
		clear(taken)
		t.taps(func(in, out, n int) {
			step := c.StrideW * c.C
			eachPixel(pixelRoute, n, c.C, lane[T]{dx[in:], step}, lane[T]{x[in:], step}, lane[T]{y[out:], c.C}, lane[T]{dy[out:], c.C}, lane[T]{taken[out:], c.C})
		})
		if t.kind == poolMaxReluGrad {
			positiveGrad(dx, x, dx)
		}
	case poolAverage:
		clear(y)
		t.taps(func(in, out, n int) {
			eachPixel(pixelAdd, n, c.C, lane[T]{y[out:], c.C}, lane[T]{x[in:], c.StrideW * c.C})
		})
		t.divide(y, y)
	case poolAverageGrad:
		clear(dx)
		g := grown(&s.columns, out)
		t.divide(g, dy)
		t.taps(func(in, out, n int) {
			eachPixel(pixelAdd, n, c.C, lane[T]{dx[in:], c.StrideW * c.C}, lane[T]{g[out:], c.C})
		})
	}
	s.put()
}

func (t *poolTask[T]) taps(f func(in, out, n int)) {
	for tap := range t.c.KH * t.c.KW {
		t.c.eachRow(tap, f)
	}
}

// divide sets dst to y divided by the number of image pixels in each window.
func (t *poolTask[T]) divide(dst, y []T) {
	c := &t.c
	ow := c.OutW()
	for r := range c.OutH() {
		h := inside(r*c.StrideH-c.Top, c.KH, c.DilationH, c.H)
		for q := range ow {
			scale := 1 / T(max(1, h*inside(q*c.StrideW-c.Left, c.KW, c.DilationW, c.W)))
			at := (r*ow + q) * c.C
			d := dst[at : at+c.C]
			for i, v := range y[at : at+c.C] {
				d[i] = v * scale
			}
		}
	}
}

// inside counts the taps, starting at first, that are in [0, size).
func inside(first, taps, dilation, size int) int {
	n := 0
	for k := range taps {
		if at := first + k*dilation; at >= 0 && at < size {
			n++
		}
	}
	return n
}
