package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// element is a type of matrix elements with its instructions.
type element struct {
	name                                                                       string
	size                                                                       int // bytes
	move, broadcast, fma, add, sub, mul, div, sqrt, max, or, xor, and, compare func(...Op)
	andNot                                                                     func(...Op)
	fmaBroadcast                                                               func(...Op) // AVX-512
	moveZero                                                                   func(mem, k, r Op)
	testMask                                                                   func(...Op)
}

var elements = []element{
	{"32", 4, VMOVUPS, VBROADCASTSS, VFMADD231PS, VADDPS, VSUBPS, VMULPS, VDIVPS, VSQRTPS, VMAXPS, VORPS, VXORPS, VANDPS, VCMPPS, VANDNPS, VFMADD231PS_BCST, VMOVUPS_Z, VPTESTMD},
	{"64", 8, VMOVUPD, VBROADCASTSD, VFMADD231PD, VADDPD, VSUBPD, VMULPD, VDIVPD, VSQRTPD, VMAXPD, VORPD, VXORPD, VANDPD, VCMPPD, VANDNPD, VFMADD231PD_BCST, VMOVUPD_Z, VPTESTMQ},
}

// function names a function of the instruction set.
func function(name string, e element) string { return name + set.mark + e.name }

var single = elements[0]

// pointers loads arguments into registers.
func pointers(names ...string) []reg.GPVirtual {
	out := make([]reg.GPVirtual, len(names))
	for i, n := range names {
		out[i] = Load(Param(n), GP64()).(reg.GPVirtual)
	}
	return out
}

// record is the place of a struct that a function takes, whose fields are known by
// their offsets.
type record struct{ at reg.GPVirtual }

func newRecord(parameter string) record {
	return record{Load(Param(parameter), GP64()).(reg.GPVirtual)}
}

// field is the place of a field, and get loads it.
func (r record) field(offset int) Mem { return Mem{Base: r.at, Disp: offset} }

func (r record) get(offset int) reg.GPVirtual {
	to := GP64()
	MOVQ(r.field(offset), to)
	return to
}

// loop writes a loop over registers' width of arrays: each of them is moved on
// by as much a turn, count times.
func loop(count reg.GPVirtual, arrays []reg.GPVirtual, body func()) {
	TESTQ(count, count)
	JE(LabelRef("end"))
	align()
	Label("loop")
	body()
	for _, a := range arrays {
		ADDQ(U8(set.bytes), a)
	}
	DECQ(count)
	JNE(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}
