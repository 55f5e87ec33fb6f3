//go:build !amd64 || noasm

package kernel

import (
	"runtime"
	"unsafe"

	"github.com/seed732fc211/aegis/internal/stamp"
)

type instructions int

const portable instructions = 0

func (instructions) String() string { return "portable" }

func init() { stamp.Kernels = running.String() }

const (
	running       = portable
	assembly      = false
	wide          = false
	registerBytes = 32
	tileRows      = 6
	tileBytes     = 64
)

type (
	tileTable  [14][2]func(*byte)
	mapTable   [unaryCount]func(to, x *byte, n int, alpha float32)
	slopeTable [unaryCount]func(to, x, grad *byte, n int, alpha float32)
)

func at[T Float](x []T) *byte { panic(noAssembly) }

const noAssembly = "kernel: there is no assembly here"

func tilesOf[T Float]() *tileTable                                                { panic(noAssembly) }
func scatter(bytes int, to, from unsafe.Pointer, count, step int)                 { panic(noAssembly) }
func transpose(to, from unsafe.Pointer, count, row, step int)                     { panic(noAssembly) }
func prefetchLines(from *byte, lines int)                                         {}
func adamVector[T Float](s *AdamStep[T], w, m, v, g []T, count int)               { panic(noAssembly) }
func descentVector[T Float](s *DescentStep[T], w, g []T, count int)               { panic(noAssembly) }
func momentumVector[T Float](s *MomentumStep[T], w, v, g []T, count int)          { panic(noAssembly) }
func rootVector[T Float](s *RootStep[T], w, v, velocity, g []T, count int)        { panic(noAssembly) }
func lionVector[T Float](s *LionStep[T], w, m, g []T, count int)                  { panic(noAssembly) }
func axpyVector[T Float](alpha T, x, y []T, count int)                            { panic(noAssembly) }
func addVector[T Float](dst, a, b []T, count int)                                 { panic(noAssembly) }
func mulVector[T Float](dst, a, b []T, count int)                                 { panic(noAssembly) }
func sumRowsVector[T Float](dst, x []T, rows, count int)                          { panic(noAssembly) }
func positiveVector[T Float](dst, y, g []T, count int)                            { panic(noAssembly) }
func peakVector[T Float](to, x []T, count int)                                    { panic(noAssembly) }
func depthRowVector[T Float](d *depthRow)                                         { panic(noAssembly) }
func runTransform[T Float](kind transformKind, t *transform)                      { panic(noAssembly) }
func depthTapVector[T Float](d *depthTap)                                         { panic(noAssembly) }
func maxWindows[T Float](w *windows)                                              { panic(noAssembly) }
func routeWindows[T Float](w *windows)                                            { panic(noAssembly) }
func runPixels[T Float](op pixelOp, p *pixels)                                    { panic(noAssembly) }
func maps() *mapTable                                                             { panic(noAssembly) }
func slopes() *slopeTable                                                         { panic(noAssembly) }
func dropoutVector(dst, x []float32, keep float32, limit, stream uint64)          { panic(noAssembly) }
func sumVector(x []float32, count int) float64                                    { panic(noAssembly) }
func dotVector(x, y []float32, count int) float64                                 { panic(noAssembly) }
func axpbVector[T Float](dst []T, alpha T, x []T, beta T, count int)              { panic(noAssembly) }
func subVector[T Float](dst, a, b []T, count int)                                 { panic(noAssembly) }
func divVector[T Float](dst, a, b []T, count int)                                 { panic(noAssembly) }
func squareRowsVector[T Float](dst, x, mean []T, rows, row, count int)            { panic(noAssembly) }
func dotRowsVector[T Float](dst, x, g, mean []T, rows, row, count int)            { panic(noAssembly) }
func normalizeRowsVector[T Float](dst, x, mean, a, b []T, rows, row, count int)   { panic(noAssembly) }
func blendRowsVector[T Float](dst, x, g, mean, a, b, c []T, rows, row, count int) { panic(noAssembly) }
func lstmVector(c *cell)                                                          { panic(noAssembly) }
func lstmGradVector(c *cell)                                                      { panic(noAssembly) }
func gruVector(c *cell)                                                           { panic(noAssembly) }
func gruGradVector(c *cell)                                                       { panic(noAssembly) }
func sumSquaresVector(x []float32, count int) float64                             { panic(noAssembly) }

func pause(int) { runtime.Gosched() }
