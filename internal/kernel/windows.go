package kernel

import (
	"math"
	"unsafe"
)

// Windows of a pooling that lie apart see every pixel once at most: each can be
// done in one go.

// apart reports whether no two windows see the same pixel and none a border.
func (c *Conv) apart() bool {
	return c.DilationH == 1 && c.DilationW == 1 && c.StrideH >= c.KH && c.StrideW >= c.KW && c.Top+c.Bottom+c.Left+c.Right == 0
}

// windows is the argument of the assembly, which knows the order of its fields:
// count windows that lie side by side.
type windows struct {
	x, y, dy, dx     unsafe.Pointer
	count, width     int // width is the bytes of the channels' whole registers
	kh, kw           int
	row, pixel, step int    // bytes from row to row, pixel to pixel and window to window
	floor            uint64 // bits of a value; no gradient goes to maxima at or below it
}

// maxApart computes one image of a maximum pooling.
func (t *poolTask[T]) maxApart(x, y []T) {
	c := &t.c
	whole := t.eachWindows(x, y, nil, nil)
	if whole == c.C {
		return
	}
	t.eachResult(func(at, out int) {
		for ch := whole; ch < c.C; ch++ {
			most := T(math.Inf(-1))
			for kh := range c.KH {
				for kw := range c.KW {
					most = max(most, x[at+(kh*c.W+kw)*c.C+ch])
				}
			}
			y[out+ch] = most
		}
	})
}

// maxGradApart computes the gradient of one image of a maximum pooling.
func (t *poolTask[T]) maxGradApart(x, y, dy, dx []T) {
	c := &t.c
	if c.StrideH > c.KH || c.StrideW > c.KW || c.OutH()*c.KH < c.H || c.OutW()*c.KW < c.W {
		clear(dx) // some pixels are in no window
	}
	whole := t.eachWindows(x, y, dy, dx)
	if whole == c.C {
		return
	}
	t.eachResult(func(at, out int) {
		for ch := whole; ch < c.C; ch++ {
			most, free := y[out+ch], true
			if t.kind == poolMaxReluGrad && most <= 0 {
				free = false
			}
			for kh := range c.KH {
				for kw := range c.KW {
					p := at + (kh*c.W+kw)*c.C + ch
					dx[p] = 0
					if free && x[p] == most {
						dx[p], free = dy[out+ch], false
					}
				}
			}
		}
	})
}

// eachResult calls f with the place of every window's first pixel and of its result.
func (t *poolTask[T]) eachResult(f func(at, out int)) {
	c := &t.c
	ow := c.OutW()
	for r := range c.OutH() {
		for q := range ow {
			f((r*c.StrideH*c.W+q*c.StrideW)*c.C, (r*ow+q)*c.C)
		}
	}
}

// eachWindows does in vector registers as many channels as fill them, and returns
// how many that are: the maxima, or the gradient if there is one.
func (t *poolTask[T]) eachWindows(x, y, dy, dx []T) int {
	c := &t.c
	whole := inRegisters[T](c.C)
	if whole == 0 {
		return 0
	}
	size := bytesOf[T]()
	w := windows{
		count: c.OutW(), width: whole * size, kh: c.KH, kw: c.KW,
		row: c.W * c.C * size, pixel: c.C * size, step: c.StrideW * c.C * size,
	}
	if t.kind != poolMaxReluGrad {
		w.floor = math.MaxUint64 // not a number: nothing is at or below it
	}
	for r := range c.OutH() {
		in, out := r*c.StrideH*c.W*c.C, r*c.OutW()*c.C
		w.x, w.y = unsafe.Pointer(&x[in]), unsafe.Pointer(&y[out])
		if dx == nil {
			maxWindowsVector[T](&w)
			continue
		}
		w.dy, w.dx = unsafe.Pointer(&dy[out]), unsafe.Pointer(&dx[in])
		routeWindowsVector[T](&w)
	}
	return whole
}
