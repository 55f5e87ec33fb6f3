//go:build !noasm

package kernel

import (
	"os"
	"strconv"

	"github.com/seed732fc211/aegis/internal/stamp"
	"golang.org/x/sys/cpu"
)

// The instruction sets with kernels. A machine runs the last one that it supports;
// AEGIS_KERNELS selects an earlier one.
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

// chosen returns the set that AEGIS_KERNELS selects, limited to what the machine supports.
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
	running     = chosen()
	assembly    = running >= avx2
	maskedTiles = running >= avx512 // tiles leave out columns by a mask

	registerBytes = registerBytesOf[running] // the width of a vector register
	tileRows      = tileRowsOf[running]
	tileBytes     = 2 * registerBytes // the width of a tile
)

func init() { stamp.Kernels = running.String() }
