//go:build !amd64 || noasm

package kernel

import "unsafe"

const assembly = false

const noAssembly = "kernel: there is no assembly here"

func runTile[T Float](*tile, int)                           { panic(noAssembly) }
func scatter(int, unsafe.Pointer, unsafe.Pointer, int, int) { panic(noAssembly) }
func transpose(unsafe.Pointer, unsafe.Pointer, int, int)    { panic(noAssembly) }
