//go:build !noasm

package kernel

import (
	"os"
	"strconv"
	"unsafe"

	"github.com/seed732fc211/aegis/internal/stamp"
	"golang.org/x/sys/cpu"
)

// The instruction sets that there are kernels for. A machine runs the last one
// that it has; AEGIS_KERNELS names an earlier one to run instead.
type instructions int

const (
	portable instructions = iota
	avx2                  // with FMA
	avx512                // F, DQ, BW and VL; with BMI2
)

var instructionNames = [...]string{"portable", "avx2", "avx512"}

func (i instructions) String() string { return instructionNames[i] }

func available() instructions {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return portable
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasBMI2:
		return avx512
	}
	return avx2
}

// chosen returns what AEGIS_KERNELS asks for, as far as the machine has it.
func chosen() instructions {
	name := os.Getenv("AEGIS_KERNELS")
	if name == "" {
		return available()
	}
	for i, n := range instructionNames {
		if n == name {
			return min(instructions(i), available())
		}
	}
	panic("kernel: AEGIS_KERNELS=" + strconv.Quote(name) + ": want portable, avx2 or avx512")
}

var (
	running  = chosen()
	assembly = running >= avx2
	wide     = running >= avx512 // and tiles leave out columns by a mask

	registerBytes = 32 // the width of a vector register
	tileRows      = 6
	tileBytes     = 64 // the width of a tile: two registers
)

func init() {
	stamp.Kernels = running.String()
	if wide {
		registerBytes, tileRows, tileBytes = 64, 14, 128
	}
}

// tileTable finds the tile of some rows, of one or two registers' width.
type tileTable [14][2]func(*byte)

// tilesOf returns the tiles of an element type.
func tilesOf[T Float]() *tileTable {
	switch one := single[T](); {
	case wide && one:
		return &tilesZ32
	case wide:
		return &tilesZ64
	case one:
		return &tilesY32
	}
	return &tilesY64
}

// scatter copies pieces that lie side by side to places step bytes apart.
func scatter(bytes int, to, from unsafe.Pointer, count, step int) {
	t, f := (*byte)(to), (*byte)(from)
	switch bytes {
	case 24:
		scatterY24(t, f, count, step)
	case 48:
		scatterY48(t, f, count, step)
	case 64:
		scatterY64(t, f, count, step)
	case 56:
		scatterZ56(t, f, count, step)
	case 112:
		scatterZ112(t, f, count, step)
	case 128:
		scatterZ128(t, f, count, step)
	}
}

// transpose writes 8 rows of 8·count float32, row bytes apart, as columns that
// are step bytes apart.
func transpose(to, from unsafe.Pointer, count, row, step int) {
	transpose8((*byte)(to), (*byte)(from), count, row, step)
}

// at returns the place of a slice's first element.
func at[T Float](x []T) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(x))) }

func adamVector[T Float](s *AdamStep[T], w, m, v, g []T, count int) {
	c := (*byte)(unsafe.Pointer(s))
	switch one := single[T](); {
	case wide && one:
		adamZ32(at(w), at(m), at(v), at(g), c, count)
	case wide:
		adamZ64(at(w), at(m), at(v), at(g), c, count)
	case one:
		adamY32(at(w), at(m), at(v), at(g), c, count)
	default:
		adamY64(at(w), at(m), at(v), at(g), c, count)
	}
}

func descentVector[T Float](s *DescentStep[T], w, g []T, count int) {
	c := (*byte)(unsafe.Pointer(s))
	switch one := single[T](); {
	case wide && one:
		descentZ32(at(w), at(g), c, count)
	case wide:
		descentZ64(at(w), at(g), c, count)
	case one:
		descentY32(at(w), at(g), c, count)
	default:
		descentY64(at(w), at(g), c, count)
	}
}

func momentumVector[T Float](s *MomentumStep[T], w, v, g []T, count int) {
	c := (*byte)(unsafe.Pointer(s))
	switch one := single[T](); {
	case wide && one:
		momentumZ32(at(w), at(v), at(g), c, count)
	case wide:
		momentumZ64(at(w), at(v), at(g), c, count)
	case one:
		momentumY32(at(w), at(v), at(g), c, count)
	default:
		momentumY64(at(w), at(v), at(g), c, count)
	}
}

func rootVector[T Float](s *RootStep[T], w, v, velocity, g []T, count int) {
	c := (*byte)(unsafe.Pointer(s))
	if velocity == nil {
		switch one := single[T](); {
		case wide && one:
			rootZ32(at(w), at(v), at(g), c, count)
		case wide:
			rootZ64(at(w), at(v), at(g), c, count)
		case one:
			rootY32(at(w), at(v), at(g), c, count)
		default:
			rootY64(at(w), at(v), at(g), c, count)
		}
		return
	}
	switch one := single[T](); {
	case wide && one:
		rootMomentumZ32(at(w), at(v), at(g), at(velocity), c, count)
	case wide:
		rootMomentumZ64(at(w), at(v), at(g), at(velocity), c, count)
	case one:
		rootMomentumY32(at(w), at(v), at(g), at(velocity), c, count)
	default:
		rootMomentumY64(at(w), at(v), at(g), at(velocity), c, count)
	}
}

func lionVector[T Float](s *LionStep[T], w, m, g []T, count int) {
	c := (*byte)(unsafe.Pointer(s))
	switch one := single[T](); {
	case wide && one:
		lionZ32(at(w), at(m), at(g), c, count)
	case wide:
		lionZ64(at(w), at(m), at(g), c, count)
	case one:
		lionY32(at(w), at(m), at(g), c, count)
	default:
		lionY64(at(w), at(m), at(g), c, count)
	}
}

func axpyVector[T Float](alpha T, x, y []T, count int) {
	a := (*byte)(unsafe.Pointer(&alpha))
	switch one := single[T](); {
	case wide && one:
		axpyZ32(at(y), at(x), a, count)
	case wide:
		axpyZ64(at(y), at(x), a, count)
	case one:
		axpyY32(at(y), at(x), a, count)
	default:
		axpyY64(at(y), at(x), a, count)
	}
}

func addVector[T Float](dst, a, b []T, count int) {
	switch one := single[T](); {
	case wide && one:
		addZ32(at(dst), at(a), at(b), count)
	case wide:
		addZ64(at(dst), at(a), at(b), count)
	case one:
		addY32(at(dst), at(a), at(b), count)
	default:
		addY64(at(dst), at(a), at(b), count)
	}
}

func mulVector[T Float](dst, a, b []T, count int) {
	switch one := single[T](); {
	case wide && one:
		mulZ32(at(dst), at(a), at(b), count)
	case wide:
		mulZ64(at(dst), at(a), at(b), count)
	case one:
		mulY32(at(dst), at(a), at(b), count)
	default:
		mulY64(at(dst), at(a), at(b), count)
	}
}

func sumRowsVector[T Float](dst, x []T, rows, count int) {
	row := len(dst) * bytesOf[T]()
	switch one := single[T](); {
	case wide && one:
		sumRowsZ32(at(dst), at(x), rows, row, count)
	case wide:
		sumRowsZ64(at(dst), at(x), rows, row, count)
	case one:
		sumRowsY32(at(dst), at(x), rows, row, count)
	default:
		sumRowsY64(at(dst), at(x), rows, row, count)
	}
}

func positiveVector[T Float](dst, y, g []T, count int) {
	switch one := single[T](); {
	case wide && one:
		positiveZ32(at(dst), at(y), at(g), count)
	case wide:
		positiveZ64(at(dst), at(y), at(g), count)
	case one:
		positiveY32(at(dst), at(y), at(g), count)
	default:
		positiveY64(at(dst), at(y), at(g), count)
	}
}

// runPixels runs an operation of pixels in vector registers.
func runPixels[T Float](op pixelOp, p *pixels) {
	q := (*byte)(unsafe.Pointer(p))
	if wide {
		runPixelsZ(op, single[T](), q)
	} else {
		runPixelsY(op, single[T](), q)
	}
}

func runPixelsZ(op pixelOp, one bool, q *byte) {
	switch {
	case op == pixelMax && one:
		maxPixelsZ32(q)
	case op == pixelMax:
		maxPixelsZ64(q)
	case op == pixelAdd && one:
		addPixelsZ32(q)
	case op == pixelAdd:
		addPixelsZ64(q)
	case one:
		routePixelsZ32(q)
	default:
		routePixelsZ64(q)
	}
}

func runPixelsY(op pixelOp, one bool, q *byte) {
	switch {
	case op == pixelMax && one:
		maxPixelsY32(q)
	case op == pixelMax:
		maxPixelsY64(q)
	case op == pixelAdd && one:
		addPixelsY32(q)
	case op == pixelAdd:
		addPixelsY64(q)
	case one:
		routePixelsY32(q)
	default:
		routePixelsY64(q)
	}
}

func peakVector[T Float](to, x []T, count int) {
	switch one := single[T](); {
	case wide && one:
		peakZ32(at(to), at(x), count)
	case wide:
		peakZ64(at(to), at(x), count)
	case one:
		peakY32(at(to), at(x), count)
	default:
		peakY64(at(to), at(x), count)
	}
}

func depthRowVector[T Float](d *depthRow) {
	p := (*byte)(unsafe.Pointer(d))
	switch one := single[T](); {
	case wide && one:
		depthRowZ32(p)
	case wide:
		depthRowZ64(p)
	case one:
		depthRowY32(p)
	default:
		depthRowY64(p)
	}
}

// transforms are in the order of transformKind, by instruction set and element.
var transforms = [...][2][2]func(*byte){
	{{winogradImageY32, winogradImageY64}, {winogradImageZ32, winogradImageZ64}},
	{{winogradKernelY32, winogradKernelY64}, {winogradKernelZ32, winogradKernelZ64}},
	{{winogradResultY32, winogradResultY64}, {winogradResultZ32, winogradResultZ64}},
}

func runTransform[T Float](kind transformKind, t *transform) {
	f := &transforms[kind][0]
	if wide {
		f = &transforms[kind][1]
	}
	if single[T]() {
		f[0]((*byte)(unsafe.Pointer(t)))
	} else {
		f[1]((*byte)(unsafe.Pointer(t)))
	}
}

func depthTapVector[T Float](d *depthTap) {
	p := (*byte)(unsafe.Pointer(d))
	switch one := single[T](); {
	case wide && one:
		depthTapZ32(p)
	case wide:
		depthTapZ64(p)
	case one:
		depthTapY32(p)
	default:
		depthTapY64(p)
	}
}

func maxWindows[T Float](w *windows) {
	p := (*byte)(unsafe.Pointer(w))
	switch one := single[T](); {
	case wide && one:
		maxWindowsZ32(p)
	case wide:
		maxWindowsZ64(p)
	case one:
		maxWindowsY32(p)
	default:
		maxWindowsY64(p)
	}
}

func routeWindows[T Float](w *windows) {
	p := (*byte)(unsafe.Pointer(w))
	switch one := single[T](); {
	case wide && one:
		routeWindowsZ32(p)
	case wide:
		routeWindowsZ64(p)
	case one:
		routeWindowsY32(p)
	default:
		routeWindowsY64(p)
	}
}

func sumSquaresVector(x []float32, count int) float64 {
	if wide {
		return sumSquaresZ32(at(x), count)
	}
	return sumSquaresY32(at(x), count)
}

func sumVector(x []float32, count int) float64 {
	if wide {
		return sumZ32(at(x), count)
	}
	return sumY32(at(x), count)
}

func dotVector(x, y []float32, count int) float64 {
	if wide {
		return dotZ32(at(x), at(y), count)
	}
	return dotY32(at(x), at(y), count)
}

func axpbVector[T Float](dst []T, alpha T, x []T, beta T, count int) {
	a, b := (*byte)(unsafe.Pointer(&alpha)), (*byte)(unsafe.Pointer(&beta))
	switch one := single[T](); {
	case wide && one:
		axpbZ32(at(dst), at(x), a, b, count)
	case wide:
		axpbZ64(at(dst), at(x), a, b, count)
	case one:
		axpbY32(at(dst), at(x), a, b, count)
	default:
		axpbY64(at(dst), at(x), a, b, count)
	}
}

func subVector[T Float](dst, a, b []T, count int) {
	switch one := single[T](); {
	case wide && one:
		subZ32(at(dst), at(a), at(b), count)
	case wide:
		subZ64(at(dst), at(a), at(b), count)
	case one:
		subY32(at(dst), at(a), at(b), count)
	default:
		subY64(at(dst), at(a), at(b), count)
	}
}

func divVector[T Float](dst, a, b []T, count int) {
	switch one := single[T](); {
	case wide && one:
		divZ32(at(dst), at(a), at(b), count)
	case wide:
		divZ64(at(dst), at(a), at(b), count)
	case one:
		divY32(at(dst), at(a), at(b), count)
	default:
		divY64(at(dst), at(a), at(b), count)
	}
}

func squareRowsVector[T Float](dst, x, mean []T, rows, row, count int) {
	switch one := single[T](); {
	case wide && one:
		squareRowsZ32(at(x), at(mean), at(dst), rows, row, count)
	case wide:
		squareRowsZ64(at(x), at(mean), at(dst), rows, row, count)
	case one:
		squareRowsY32(at(x), at(mean), at(dst), rows, row, count)
	default:
		squareRowsY64(at(x), at(mean), at(dst), rows, row, count)
	}
}

func dotRowsVector[T Float](dst, x, g, mean []T, rows, row, count int) {
	switch one := single[T](); {
	case wide && one:
		dotRowsZ32(at(x), at(g), at(mean), at(dst), rows, row, count)
	case wide:
		dotRowsZ64(at(x), at(g), at(mean), at(dst), rows, row, count)
	case one:
		dotRowsY32(at(x), at(g), at(mean), at(dst), rows, row, count)
	default:
		dotRowsY64(at(x), at(g), at(mean), at(dst), rows, row, count)
	}
}

func normalizeRowsVector[T Float](dst, x, mean, a, b []T, rows, row, count int) {
	switch one := single[T](); {
	case wide && one:
		normalizeRowsZ32(at(dst), at(x), at(mean), at(a), at(b), rows, row, count)
	case wide:
		normalizeRowsZ64(at(dst), at(x), at(mean), at(a), at(b), rows, row, count)
	case one:
		normalizeRowsY32(at(dst), at(x), at(mean), at(a), at(b), rows, row, count)
	default:
		normalizeRowsY64(at(dst), at(x), at(mean), at(a), at(b), rows, row, count)
	}
}

func blendRowsVector[T Float](dst, x, g, mean, a, b, c []T, rows, row, count int) {
	switch one := single[T](); {
	case wide && one:
		blendRowsZ32(at(dst), at(x), at(g), at(mean), at(a), at(b), at(c), rows, row, count)
	case wide:
		blendRowsZ64(at(dst), at(x), at(g), at(mean), at(a), at(b), at(c), rows, row, count)
	case one:
		blendRowsY32(at(dst), at(x), at(g), at(mean), at(a), at(b), at(c), rows, row, count)
	default:
		blendRowsY64(at(dst), at(x), at(g), at(mean), at(a), at(b), at(c), rows, row, count)
	}
}

// mapTable finds the functions of float32, slopeTable their gradients.
type (
	mapTable   [unaryCount]func(to, x *byte, n int, alpha float32)
	slopeTable [unaryCount]func(to, x, grad *byte, n int, alpha float32)
)

// maps and slopes return the tables of this machine.
func maps() *mapTable {
	if wide {
		return &mapsZ32
	}
	return &mapsY32
}

func slopes() *slopeTable {
	if wide {
		return &slopesZ32
	}
	return &slopesY32
}

func dropoutVector(dst, x []float32, keep float32, limit, stream uint64) {
	if wide {
		dropoutZ32(at(dst), at(x), len(dst), keep, limit, stream)
	} else {
		dropoutY32(at(dst), at(x), len(dst), keep, limit, stream)
	}
}

func lstmVector(c *cell) {
	if wide {
		lstmCellZ32((*byte)(unsafe.Pointer(c)))
	} else {
		lstmCellY32((*byte)(unsafe.Pointer(c)))
	}
}

func lstmGradVector(c *cell) {
	if wide {
		lstmGradZ32((*byte)(unsafe.Pointer(c)))
	} else {
		lstmGradY32((*byte)(unsafe.Pointer(c)))
	}
}

func gruVector(c *cell) {
	if wide {
		gruCellZ32((*byte)(unsafe.Pointer(c)))
	} else {
		gruCellY32((*byte)(unsafe.Pointer(c)))
	}
}

func gruGradVector(c *cell) {
	if wide {
		gruGradZ32((*byte)(unsafe.Pointer(c)))
	} else {
		gruGradY32((*byte)(unsafe.Pointer(c)))
	}
}
