package graph

import (
	"github.com/seed732fc211/aegis/internal/kernel"
	"gonum.org/v1/gonum/blas"
)

// SetThreads sets how many goroutines compute at most in this process; a number
// below 1 stands for runtime.GOMAXPROCS, as at first, and 1024 is the most. Programs
// that run side by side, such as the folds of a cross-validation, share them.
// Results are the same bits with any number. SetThreads must not be called while
// something computes.
func SetThreads(n int) { kernel.SetThreads(n) }

// Threads returns how many goroutines compute at most.
func Threads() int { return kernel.Threads() }

// UseBLAS makes programs compute the products of float32 matrices by another BLAS,
// such as OpenBLAS through gonum.org/v1/netlib; nil puts Aegis's own products back.
// Convolutions and recurrences keep theirs. What a product's bits depend on is then
// up to that BLAS. UseBLAS must not be called while something computes.
func UseBLAS(b blas.Float32Level3) { kernel.UseBLAS(b) }
