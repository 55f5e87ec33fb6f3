//go:build !amd64 || noasm

package kernel

import (
	"runtime"
	"unsafe"
)

const assembly = false

const noAssembly = "kernel: there is no assembly here"

func runTile[T Float](*tile, int)                           { panic(noAssembly) }
func scatter(int, unsafe.Pointer, unsafe.Pointer, int, int) { panic(noAssembly) }
func transpose(unsafe.Pointer, unsafe.Pointer, int, int)    { panic(noAssembly) }

func adamVector[T Float](*AdamStep[T], []T, []T, []T, []T, int) { panic(noAssembly) }
func axpyVector[T Float](T, []T, []T, int)                      { panic(noAssembly) }
func addVector[T Float]([]T, []T, []T, int)                     { panic(noAssembly) }
func mulVector[T Float]([]T, []T, []T, int)                     { panic(noAssembly) }
func runPixels[T Float](pixelOp, *pixels)                       { panic(noAssembly) }
func positiveVector[T Float]([]T, []T, []T, int)                { panic(noAssembly) }
func mapVector(UnaryFn, []float32, []float32, int)              { panic(noAssembly) }
func lstmVector(*cell)                                          { panic(noAssembly) }
func lstmGradVector(*cell)                                      { panic(noAssembly) }
func sumSquaresVector([]float32, int) float64                   { panic(noAssembly) }

func pause(int) { runtime.Gosched() }
