// Command gen writes the assembly of package kernel for one instruction set: run
// "go generate" there.
package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set: the width of its registers and what hangs on it.
type isa struct {
	mark  string // of function names
	bytes int    // of a register
	reg   func() reg.VecVirtual
	rows  int // most rows of C in a tile
}

// set is the instruction set that is written for. The rows of a tile times its
// two registers, two registers of B and one of A fit into the 16 of AVX2, and
// into the 32 of AVX-512.
var set isa

var sets = map[string]isa{
	"avx2":   {"Y", 32, YMM, 6},
	"avx512": {"Z", 64, ZMM, 14},
}

// avx512 reports whether the set has masks and 32 registers.
func avx512() bool { return set.bytes == 64 }

func main() {
	name := flag.String("isa", "", "avx2 or avx512")
	tables := flag.String("tables", "", "Go file of the tables of tiles")
	dispatch := flag.String("dispatch", "", "Go file of the functions that pick a kernel of any set")
	other := flag.String("other", "", "Go file of these functions where there is no assembly")
	offsets := flag.String("offsets", "", "Go file of the offsets that the assembly knows")
	flag.Parse()
	set = sets[*name]
	if set.reg == nil {
		fmt.Fprintf(os.Stderr, "gen: there is no instruction set %q\n", *name)
		os.Exit(2)
	}
	ConstraintExpr("!noasm")
	for _, e := range elements {
		for n := 1; n <= set.rows; n++ {
			if avx512() {
				e.tile(n, 1)
			}
			e.tile(n, 2)
		}
	}
	for _, e := range elements {
		scatter(set.rows * e.size)
	}
	scatter(2 * set.bytes)
	for _, e := range elements {
		e.elementwise()
	}
	sums()
	if !avx512() {
		transpose8()
		prefetch()
		pause()
	}
	maps()
	dropout()
	lstm()
	gru()
	softmax()
	softmaxGrads()
	turn()
	writeTables(*tables)
	if *dispatch != "" {
		writeDispatch(*dispatch, *other)
		writeLayouts(*offsets)
	}
	Generate()
}
