//go:build !amd64 || noasm

package kernel

import (
	"runtime"

	"github.com/seed732fc211/aegis/internal/stamp"
)

type instructions int

const portable instructions = 0

func (instructions) String() string { return "portable" }

func init() { stamp.Kernels = running.String() }

const (
	running       = portable
	assembly      = false
	maskedTiles   = false
	registerBytes = 32
	tileRows      = 6
	tileBytes     = 64
)

// prefetchLines does nothing: a prefetch is a hint.
func prefetchLines(*byte, int) {}

func pause(int) { runtime.Gosched() }
