package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
)

// kernel is one kernel of every instruction set. Package kernel calls it through a
// generated function, name+"Vector", which picks the assembly for the running set and
// the element type. That is a switch rather than a table of functions: a call of
// assembly by its name takes its arguments without an adapter and lets them stay on
// the stack.
type kernel struct {
	name   string
	params string // as Go has them, grouped by type; all but numbers are a *byte to the assembly
	of     string // the array whose whole registers are done; "" if the kernel does all it is given
	result string
	single bool                          // for float32 only
	symbol func(s isa, e element) string // of the assembly; name, mark and element if nil
}

var kernels = []kernel{
	{name: "scatterRows", params: "to, from []T; count, row, step int", symbol: func(s isa, e element) string { return scatterName(s, s.rows*e.size) }},
	{name: "scatterTiles", params: "to, from []T; count, row, step int", symbol: func(s isa, e element) string { return scatterName(s, 2*s.bytes) }},
	{name: "transpose", params: "to, from []T; count, row, step int", single: true, symbol: func(isa, element) string { return "transpose8" }},
	{name: "adam", params: "w, m, v, grad []T; constants *AdamStep[T]", of: "w"},
	{name: "descent", params: "w, grad []T; constants *DescentStep[T]", of: "w"},
	{name: "momentum", params: "w, v, grad []T; constants *MomentumStep[T]", of: "w"},
	{name: "root", params: "w, v, grad []T; constants *RootStep[T]", of: "w"},
	{name: "rootMomentum", params: "w, v, grad, velocity []T; constants *RootStep[T]", of: "w"},
	{name: "lion", params: "w, m, grad []T; constants *LionStep[T]", of: "w"},
	{name: "rank", params: "user, has, not, u, i, j []T; constants *RankStep[T]", of: "user"},
	{name: "axpy", params: "y, x []T; alpha *T", of: "y"},
	{name: "axpb", params: "to, x []T; alpha, beta *T", of: "to"},
	{name: "positive", params: "to, y, grad []T", of: "to"},
	{name: "add", params: "to, a, b []T", of: "to"},
	{name: "sub", params: "to, a, b []T", of: "to"},
	{name: "mul", params: "to, a, b []T", of: "to"},
	{name: "div", params: "to, a, b []T", of: "to"},
	{name: "sumRows", params: "to, x []T; rows, row int", of: "to"},
	{name: "peak", params: "to, x []T", of: "x"},
	{name: "squareRows", params: "k *columns"},
	{name: "dotRows", params: "k *columns"},
	{name: "normalizeRows", params: "k *columns"},
	{name: "blendRows", params: "k *columns"},
	{name: "maxWindows", params: "w *windows"},
	{name: "routeWindows", params: "w *windows"},
	{name: "maxPixels", params: "p *pixels"},
	{name: "addPixels", params: "p *pixels"},
	{name: "routePixels", params: "p *pixels"},
	{name: "depthRow", params: "d *depthRow"},
	{name: "depthTap", params: "d *depthTap"},
	{name: "winogradImage", params: "d *transform"},
	{name: "winogradKernel", params: "d *transform"},
	{name: "winogradResult", params: "d *transform"},
	{name: "sumSquares", params: "x []T", of: "x", result: "float64", single: true},
	{name: "rankLook", params: "toU, toI, toJ, u, i, j []T", of: "toU", result: "float64", single: true},
	{name: "dot", params: "x, y []T", of: "x", result: "float64", single: true},
	{name: "sum", params: "x []T", of: "x", result: "float64", single: true},
	{name: "dropout", params: "to, x []T; n int; keep float32; limit, stream uint64", single: true},
	{name: "lstmCell", params: "c *cell", single: true},
	{name: "lstmGrad", params: "c *cell", single: true},
	{name: "gruCell", params: "c *cell", single: true},
	{name: "gruGrad", params: "c *cell", single: true},
	{name: "softRows", params: "s *softRows", single: true},
	{name: "softGrads", params: "s *softGrads", single: true},
	{name: "turn", params: "r *turning", single: true},
}

// table is a table of functions that differ by a shape or a name.
type table struct {
	name, of string
	single   bool
}

var tables = []table{{"tiles", "tileTable", false}, {"maps", "mapTable", true}, {"slopes", "slopeTable", true}}

// group is parameters of one type.
type group struct {
	names []string
	kind  string
}

func (k kernel) groups() []group {
	var list []group
	for part := range strings.SplitSeq(k.params, "; ") {
		at := strings.LastIndex(part, " ")
		list = append(list, group{strings.Split(part[:at], ", "), part[at+1:]})
	}
	return list
}

// signature is what the assembly is given.
func (k kernel) signature() string {
	var list []string
	for _, g := range k.groups() {
		if g.inMemory() {
			g.kind = "*byte"
		}
		list = append(list, strings.Join(g.names, ", ")+" "+g.kind)
	}
	if k.of != "" {
		list = append(list, "count int")
	}
	return strings.TrimSpace("func(" + strings.Join(list, ", ") + ") " + k.result)
}

func (g group) inMemory() bool { return g.kind[0] == '[' || g.kind[0] == '*' }

// symbolOf names the assembly for a set and an element.
func (k kernel) symbolOf(s isa, e element) string {
	if k.symbol != nil {
		return k.symbol(s, e)
	}
	return k.name + s.mark + e.name
}

// define begins the assembly of a kernel of the list and returns its name.
func define(name string, e element, doc ...string) string {
	for _, k := range kernels {
		if k.name == name {
			symbol := k.symbolOf(set, e)
			TEXT(symbol, attr.NOSPLIT, k.signature())
			if len(doc) > 0 {
				doc[0] = symbol + " " + doc[0]
				Doc(doc...)
			}
			Pragma("noescape")
			align()
			return symbol
		}
	}
	panic("gen: no kernel " + name)
}

// head is the head of the generated function.
func (k kernel) head() string {
	var list []string
	for _, g := range k.groups() {
		list = append(list, strings.Join(g.names, ", ")+" "+g.kind)
	}
	result := "bool"
	switch {
	case k.of != "" && k.result != "":
		result = "(value " + k.result + ", done int)"
	case k.of != "":
		result = "int"
	}
	return fmt.Sprintf("func %sVector[T Float](%s) %s {", k.name, strings.Join(list, ", "), result)
}

// none is what the function returns where there is no assembly.
func (k kernel) none() string {
	switch {
	case k.of != "" && k.result != "":
		return "0, 0"
	case k.of != "":
		return "0"
	}
	return "false"
}

func (k kernel) elements() []element {
	if k.single {
		return elements[:1]
	}
	return elements
}

// write writes the function that picks the assembly.
func (k kernel) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n%s\nswitch {\n", k.head())
	var arguments []string
	for _, g := range k.groups() {
		for _, n := range g.names {
			switch g.kind[0] {
			case '[':
				n = "at(" + n + ")"
			case '*':
				n = "(*byte)(unsafe.Pointer(" + n + "))"
			}
			arguments = append(arguments, n)
		}
	}
	list := strings.Join(arguments, ", ")
	for _, s := range order {
		for _, e := range k.elements() {
			symbol := k.symbolOf(sets[s], e)
			fmt.Fprintf(b, "case %s:\n", condition(s, e))
			if k.of == "" {
				fmt.Fprintf(b, "%s(%s)\nreturn true\n", symbol, list)
				continue
			}
			lanes := sets[s].bytes / e.size
			call, give := symbol, ""
			if k.result != "" {
				call, give = "value = "+symbol, "value, "
			}
			fmt.Fprintf(b, "count := len(%s) / %d\nif count > 0 {\n%s(%s, count)\n}\nreturn %scount * %d\n", k.of, lanes, call, list, give, lanes)
		}
	}
	fmt.Fprintf(b, "}\nreturn %s\n}\n", k.none())
}

// order is the order of the instruction sets, the best first.
var order = []string{"avx512", "avx2"}

func condition(set string, e element) string {
	if e.size == 4 {
		return "running == " + set + " && single[T]()"
	}
	return "running == " + set + " && !single[T]()"
}

// writeDispatch writes the functions that pick a kernel and those of builds without
// assembly, which have none.
func writeDispatch(file, other string) {
	const generated = "// Code generated by gen. DO NOT EDIT.\n\n//go:build %s\n\npackage kernel\n\n"
	var with, without bytes.Buffer
	fmt.Fprintf(&with, generated+`import "unsafe"

// The functions below run a kernel of the running instruction set. They return how many
// elements it has done, those of whole registers, or whether there is one.

// registerBytesOf and tileRowsOf are the width of a register and the most rows of a tile.
var (
	registerBytesOf = [...]int{portable: %d`, "!noasm", sets["avx2"].bytes)
	fmt.Fprintf(&without, generated+"// There is no assembly here: the functions below do nothing and say so.\n", "!amd64 || noasm")
	for i := len(order) - 1; i >= 0; i-- {
		fmt.Fprintf(&with, ", %s: %d", order[i], sets[order[i]].bytes)
	}
	fmt.Fprintf(&with, "}\ntileRowsOf = [...]int{portable: %d", sets["avx2"].rows)
	for i := len(order) - 1; i >= 0; i-- {
		fmt.Fprintf(&with, ", %s: %d", order[i], sets[order[i]].rows)
	}
	with.WriteString("}\n)\n")
	for _, t := range tables {
		fmt.Fprintf(&with, "\nfunc %sOf[T Float]() *%s {\nswitch {\n", t.name, t.of)
		for _, s := range order {
			for _, e := range (kernel{single: t.single}).elements() {
				fmt.Fprintf(&with, "case %s:\nreturn &%s%s%s\n", condition(s, e), t.name, sets[s].mark, e.name)
			}
		}
		with.WriteString("}\nreturn nil\n}\n")
		fmt.Fprintf(&without, "\nfunc %sOf[T Float]() *%s { return nil }\n", t.name, t.of)
	}
	for _, k := range kernels {
		k.write(&with)
		fmt.Fprintf(&without, "\n%s return %s }\n", k.head(), k.none())
	}
	writeGo(file, with.Bytes())
	writeGo(other, without.Bytes())
}

// writeGo writes a Go file.
func writeGo(file string, text []byte) {
	source, err := format.Source(text)
	if err == nil {
		err = os.WriteFile(file, source, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// align puts what follows at the start of a cache line. Without it, loops of a few
// instructions take up to 1.6 times as long where the linker puts them across two.
func align() {
	Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []operand.Op{operand.Imm(64)}})
}
