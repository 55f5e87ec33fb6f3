package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.depthRow by their offsets. All but numbers of taps and of
// pixels are places or bytes.
const (
	depthX = 8 * iota
	depthY
	depthW
	depthBias
	depthCount // pixels
	depthWidth // of whole registers
	depthRest  // double words behind them
	depthKH
	depthKW
	depthRowX // from tap to tap
	depthColX
	depthRowW
	depthColW
	depthStepX // from pixel to pixel
	depthStepY
	depthFloor // bits of the smallest result
)

// The fields of kernel.depthTap by their offsets, likewise.
const (
	tapX = 8 * iota
	tapY
	tapW
	tapRows
	tapColumns
	tapWidth
	tapRest
	tapRowX // from row to row
	tapRowY
	tapStepX // from pixel to pixel
	tapStepY
)

func zeroed(r reg.GPVirtual) reg.GPVirtual {
	XORQ(r, r)
	return r
}

// depthRow writes a part of a row of a depthwise convolution: the sums of four
// pixels and two registers of channels at a time are in registers, and all channels
// of these pixels follow one another.
func (e element) depthRow() {
	define("depthRow", e, "sets pixels of y to the bias and the sum of the taps' products with x,", "but at least to the floor.")
	d := newRecord("d")
	x, y, count, step := d.get(depthX), d.get(depthY), d.get(depthCount), d.get(depthStepX)
	three := GP64()
	LEAQ(Mem{Base: step, Index: step, Scale: 2}, three)
	floor := set.reg()
	e.broadcast(d.field(depthFloor), floor)
	offset := GP64()

	channels := func(label string, pixels, registers int, m *mask) {
		sums := make([][]vec, pixels)
		from := d.get(depthBias)
		ADDQ(offset, from)
		for k := range registers {
			bias := e.someOf(Mem{Base: from, Disp: k * set.bytes}, m)
			sums[0] = append(sums[0], bias)
			for i := 1; i < pixels; i++ {
				sums[i] = append(sums[i], same(bias))
			}
		}
		line, weights := GP64(), d.get(depthW)
		LEAQ(Mem{Base: x, Index: offset, Scale: 1}, line)
		ADDQ(offset, weights)
		rows := d.get(depthKH)
		Label(label + "_row")
		at, weight, columns := GP64(), GP64(), d.get(depthKW)
		MOVQ(line, at)
		MOVQ(weights, weight)
		Label(label + "_column")
		for k := range registers {
			w := e.someOf(Mem{Base: weight, Disp: k * set.bytes}, m)
			for i, pixel := range []Mem{{Base: at}, {Base: at, Index: step, Scale: 1}, {Base: at, Index: step, Scale: 2}, {Base: at, Index: three, Scale: 1}}[:pixels] {
				pixel.Disp = k * set.bytes
				e.addProduct(pixel, m, w, sums[i][k])
			}
		}
		ADDQ(d.field(depthColX), at)
		ADDQ(d.field(depthColW), weight)
		DECQ(columns)
		JNE(LabelRef(label + "_column"))
		ADDQ(d.field(depthRowX), line)
		ADDQ(d.field(depthRowW), weights)
		DECQ(rows)
		JNE(LabelRef(label + "_row"))
		to := GP64()
		LEAQ(Mem{Base: y, Index: offset, Scale: 1}, to)
		for i := range pixels {
			if i > 0 {
				ADDQ(d.field(depthStepY), to)
			}
			for k, s := range sums[i] {
				e.max(s, floor, s)
				e.storeSome(s, Mem{Base: to, Disp: k * set.bytes}, m)
			}
		}
	}
	block := func(label string, pixels int) {
		zeroed(offset)
		left := d.get(depthWidth)
		for _, registers := range []int{2, 1} {
			label, bytes := label+fmt.Sprint("_by", registers), U32(uint32(registers*set.bytes))
			Label(label)
			CMPQ(left, bytes)
			JLT(LabelRef(label + "_end"))
			channels(label, pixels, registers, nil)
			ADDQ(bytes, offset)
			SUBQ(bytes, left)
			JMP(LabelRef(label))
			Label(label + "_end")
		}
		rest := d.get(depthRest)
		TESTQ(rest, rest)
		JE(LabelRef(label + "_next"))
		m := newMask(rest)
		channels(label+"_masked", pixels, 1, &m)
		Label(label + "_next")
		for range pixels {
			ADDQ(step, x)
			ADDQ(d.field(depthStepY), y)
		}
	}
	SUBQ(U8(4), count)
	JL(LabelRef("few"))
	Label("four")
	block("four", 4)
	SUBQ(U8(4), count)
	JGE(LabelRef("four"))
	Label("few")
	ADDQ(U8(4), count)
	JE(LabelRef("end"))
	Label("one")
	block("one", 1)
	DECQ(count)
	JNE(LabelRef("one"))
	Label("end")
	VZEROUPPER()
	RET()
}

// depthTap writes the gradient of the weights of one tap: the sums of up to four
// registers of channels.
func (e element) depthTap() {
	define("depthTap", e, "adds to w the sum of the products of pixels of x and of y.")
	d := newRecord("d")
	offset, left := zeroed(GP64()), d.get(tapWidth)
	channels := func(label string, registers int, m *mask) {
		var sums [4]vec
		for i := range registers {
			sums[i] = set.reg()
			e.xor(sums[i], sums[i], sums[i])
		}
		lineX, lineY, rows := d.get(tapX), d.get(tapY), d.get(tapRows)
		ADDQ(offset, lineX)
		ADDQ(offset, lineY)
		Label(label + "_row")
		x, y, columns := GP64(), GP64(), d.get(tapColumns)
		MOVQ(lineX, x)
		MOVQ(lineY, y)
		Label(label + "_column")
		for i, s := range sums[:registers] {
			e.addProduct(Mem{Base: x, Disp: i * set.bytes}, m, e.someOf(Mem{Base: y, Disp: i * set.bytes}, m), s)
		}
		ADDQ(d.field(tapStepX), x)
		ADDQ(d.field(tapStepY), y)
		DECQ(columns)
		JNE(LabelRef(label + "_column"))
		ADDQ(d.field(tapRowX), lineX)
		ADDQ(d.field(tapRowY), lineY)
		DECQ(rows)
		JNE(LabelRef(label + "_row"))
		w := d.get(tapW)
		ADDQ(offset, w)
		for i, s := range sums[:registers] {
			at := Mem{Base: w, Disp: i * set.bytes}
			e.add(e.someOf(at, m), s, s)
			e.storeSome(s, at, m)
		}
	}
	for _, registers := range []int{4, 2, 1} {
		label := fmt.Sprint("registers", registers)
		bytes := U32(uint32(registers * set.bytes))
		Label(label)
		CMPQ(left, bytes)
		JLT(LabelRef(label + "_end"))
		channels(label, registers, nil)
		ADDQ(bytes, offset)
		SUBQ(bytes, left)
		JMP(LabelRef(label))
		Label(label + "_end")
	}
	rest := d.get(tapRest)
	TESTQ(rest, rest)
	JE(LabelRef("end"))
	m := newMask(rest)
	channels("masked", 1, &m)
	Label("end")
	VZEROUPPER()
	RET()
}
