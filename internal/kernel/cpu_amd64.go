//go:build !noasm

package kernel

import (
	"os"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// assembly tells whether this machine runs the kernels in assembly, which need
// AVX2 and FMA. AEGIS_KERNELS=portable turns them off.
var assembly = cpu.X86.HasAVX2 && cpu.X86.HasFMA && os.Getenv("AEGIS_KERNELS") != "portable"

func runTile[T Float](t *tile, rows int) {
	var v T
	p := (*byte)(unsafe.Pointer(t))
	if unsafe.Sizeof(v) == 4 {
		switch rows {
		case 1:
			tile32x1(p)
		case 2:
			tile32x2(p)
		case 3:
			tile32x3(p)
		case 4:
			tile32x4(p)
		case 5:
			tile32x5(p)
		case 6:
			tile32x6(p)
		}
		return
	}
	switch rows {
	case 1:
		tile64x1(p)
	case 2:
		tile64x2(p)
	case 3:
		tile64x3(p)
	case 4:
		tile64x4(p)
	case 5:
		tile64x5(p)
	case 6:
		tile64x6(p)
	}
}

// scatter copies pieces that lie side by side to places step bytes apart.
func scatter(bytes int, to, from unsafe.Pointer, count, step int) {
	switch bytes {
	case 24:
		scatter24((*byte)(to), (*byte)(from), count, step)
	case 48:
		scatter48((*byte)(to), (*byte)(from), count, step)
	case 64:
		scatter64((*byte)(to), (*byte)(from), count, step)
	}
}

// transpose writes 8 rows of 8·count float32, row bytes apart, as columns that
// are 64 bytes apart.
func transpose(to, from unsafe.Pointer, count, row int) {
	transpose8((*byte)(to), (*byte)(from), count, row)
}

// at returns the place of a slice's first element.
func at[T Float](x []T) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(x))) }

func adamVector[T Float](s *AdamStep[T], w, m, v, g []T, count int) {
	c := (*byte)(unsafe.Pointer(s))
	if single[T]() {
		adam32(at(w), at(m), at(v), at(g), c, count)
	} else {
		adam64(at(w), at(m), at(v), at(g), c, count)
	}
}

func axpyVector[T Float](alpha T, x, y []T, count int) {
	a := (*byte)(unsafe.Pointer(&alpha))
	if single[T]() {
		axpy32(at(y), at(x), a, count)
	} else {
		axpy64(at(y), at(x), a, count)
	}
}

func addVector[T Float](dst, a, b []T, count int) {
	if single[T]() {
		add32(at(dst), at(a), at(b), count)
	} else {
		add64(at(dst), at(a), at(b), count)
	}
}

func mulVector[T Float](dst, a, b []T, count int) {
	if single[T]() {
		mul32(at(dst), at(a), at(b), count)
	} else {
		mul64(at(dst), at(a), at(b), count)
	}
}

// runPixels runs an operation of pixels in vector registers.
func runPixels[T Float](op pixelOp, p *pixels) {
	q := (*byte)(unsafe.Pointer(p))
	switch one := single[T](); {
	case op == pixelMax && one:
		maxPixels32(q)
	case op == pixelMax:
		maxPixels64(q)
	case op == pixelAdd && one:
		addPixels32(q)
	case op == pixelAdd:
		addPixels64(q)
	case op == pixelMulAdd && one:
		mulAddPixels32(q)
	case op == pixelMulAdd:
		mulAddPixels64(q)
	case one:
		routePixels32(q)
	default:
		routePixels64(q)
	}
}

func positiveVector[T Float](dst, y, g []T, count int) {
	if single[T]() {
		positive32(at(dst), at(y), at(g), count)
	} else {
		positive64(at(dst), at(y), at(g), count)
	}
}

func sumSquaresVector(x []float32, count int) float64 { return sumSquares32(at(x), count) }

// mapVector sets count registers' width of dst to a function that the assembly
// has for float32.
func mapVector(fn UnaryFn, dst, x []float32, count int) {
	switch fn {
	case Exp:
		exp32(at(dst), at(x), count)
	case Sigmoid:
		sigmoid32(at(dst), at(x), count)
	case Tanh:
		tanh32(at(dst), at(x), count)
	}
}

func lstmVector(c *cell)     { lstmCell32((*byte)(unsafe.Pointer(c))) }
func lstmGradVector(c *cell) { lstmGrad32((*byte)(unsafe.Pointer(c))) }
