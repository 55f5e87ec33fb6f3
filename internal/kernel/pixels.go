package kernel

import "unsafe"

// pixelOp is an operation on the channels of pixels.
type pixelOp int

const (
	pixelMax   pixelOp = iota // a ← max(a, b); NaN if one of them is
	pixelAdd                  // a ← a + b
	pixelRoute                // a ← a + d where b = c and not e, which becomes true there
)

// pixels is an argument of the assembly, which relies on its layout.
type pixels struct {
	at    [5]unsafe.Pointer
	step  [5]int // bytes from pixel to pixel
	count int
	width int // bytes of the channels
}

// lane is an operand: pixels that are step elements apart.
type lane[T Float] struct {
	x    []T
	step int
}

// eachPixel applies an operation to n pixels of some channels.
func eachPixel[T Float](op pixelOp, n, channels int, lanes ...lane[T]) {
	whole := inRegisters[T](channels)
	if whole > 0 {
		size := bytesOf[T]()
		p := pixels{count: n, width: whole * size}
		for i, l := range lanes {
			_ = l.x[(n-1)*l.step+channels-1]
			p.at[i], p.step[i] = unsafe.Pointer(&l.x[0]), l.step*size
		}
		switch op {
		case pixelMax:
			maxPixelsVector[T](&p)
		case pixelAdd:
			addPixelsVector[T](&p)
		case pixelRoute:
			routePixelsVector[T](&p)
		}
	}
	if whole < channels {
		for i := range n {
			for k, l := range lanes {
				lanes[k].x = l.x[min(i, 1)*l.step:]
			}
			slowPixel(op, whole, channels, lanes)
		}
	}
}

// slowPixel applies an operation to the channels of one pixel, starting at first.
func slowPixel[T Float](op pixelOp, first, channels int, lanes []lane[T]) {
	a, b := lanes[0].x[first:channels], lanes[1].x[first:channels]
	switch op {
	case pixelMax:
		for i, v := range b {
			a[i] = max(a[i], v)
		}
	case pixelAdd:
		for i, v := range b {
			a[i] += v
		}
	case pixelRoute:
		c, d, e := lanes[2].x[first:channels], lanes[3].x[first:channels], lanes[4].x[first:channels]
		for i, v := range b {
			if v == c[i] && e[i] == 0 {
				a[i] += d[i]
				e[i] = 1
			}
		}
	}
}
