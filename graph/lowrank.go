package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// LowRank says how parameters are adapted: every matrix W (in, out) becomes W + Alpha/Rank·A·B with
// A (in, Rank), drawn uniformly with variance 1/in, and B (Rank, out), zeros at first. A and B are
// trained; W, and every other parameter in the scope, is not. Hu et al. (2021), arXiv:2106.09685.
type LowRank struct {
	Rank   int      // 0: 8; at most the smaller side of each matrix
	Alpha  float64  // 0: 2·Rank
	Scopes []string // only matrices within scopes of these names, such as "query" and "value"; nil: all
}

// Adapted returns what build makes with a Builder of the same scope whose parameters are adapted. The
// parameter "kernel" keeps its path, and has "kernel_lora_a" and "kernel_lora_b" beside it. It is a
// mistake if no matrix is adapted, or if the scope is within one that is.
func (b *Builder) Adapted(a LowRank, build func(b *Builder) *Node) *Node {
	if b.failed() {
		return nil
	}
	if a.Rank == 0 {
		a.Rank = 8
	}
	if a.Alpha == 0 {
		a.Alpha = 2 * float64(a.Rank)
	}
	switch {
	case build == nil:
		return b.Fail("low rank: nothing to build")
	case b.adapt != nil:
		return b.Fail("low rank: the scope is adapted already")
	case a.Rank < 0:
		return b.Fail("low rank: a rank of %d: want at least 1", a.Rank)
	case math.IsNaN(a.Alpha) || math.IsInf(a.Alpha, 0):
		return b.Fail("low rank: an alpha of %v", a.Alpha)
	}
	within := *b
	within.frozen, within.adapt = true, &adaption{LowRank: a}
	n := build(&within)
	if !b.failed() && !within.adapt.used {
		return b.Fail("low rank: there is no matrix in scopes %q", a.Scopes)
	}
	return n
}

// adaption is a LowRank at work.
type adaption struct {
	LowRank
	used bool // a matrix was adapted
}

// matches reports whether a parameter of the given shape in a scope is adapted.
func (a *adaption) matches(scope string, shape Shape) bool {
	if a == nil || len(shape) != 2 {
		return false
	}
	return a.Scopes == nil || slices.ContainsFunc(strings.Split(scope, "/"), func(s string) bool { return slices.Contains(a.Scopes, s) })
}

// addLowRank returns what stands for the parameter w.
func (b *Builder) addLowRank(name string, w *Node) *Node {
	in, out := w.Shape()[0], w.Shape()[1]
	a := b.adapt
	a.used = true
	if a.Rank > min(in, out) {
		return b.fail("low rank", fmt.Errorf("a rank of %d for %s (%d, %d): want at most the smaller side", a.Rank, name, in, out))
	}
	free := &Builder{shared: b.shared, path: b.path}
	left := free.Param(name+"_lora_a", Shape{in, a.Rank}, Weight{Init: LeCunUniform{}})
	right := free.Param(name+"_lora_b", Shape{a.Rank, out}, Weight{Init: Zeros{}})
	n := free.Add(w, free.Scale(free.MatMul(left, right), a.Alpha/float64(a.Rank)))
	if n != nil {
		b.adapted[join(b.path, name)] = n
	}
	return n
}

// standIn returns what stands for a parameter: its node, unless it is adapted.
func (b *Builder) standIn(path string, n *Node) *Node {
	if a := b.adapted[path]; a != nil {
		return a
	}
	return n
}
