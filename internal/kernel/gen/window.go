package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.windows by their offsets.
const (
	windowX     = 8 * iota // images
	windowY                // results
	windowDY               // gradient of y
	windowDX               // gradient of x
	windowCount            // windows
	windowWidth            // bytes of the channels' whole registers
	windowKH
	windowKW
	windowRow   // bytes from row to row of an image
	windowPixel // from pixel to pixel, of images and results
	windowStep  // from window to window
	windowFloor // a value that a result must not be at or below
)

// windows writes a loop over windows that lie side by side and over the channels
// of each. before is called with the argument, once; then, for each window, begin
// with the place of the result, tap with that of every pixel that the window sees,
// in order, and end with that of the result again. Windows of 2 x 2 have a loop of
// their own, which is unrolled.
func (e element) windows(name string, before func(w record), begin func(result Mem), tap func(pixel Mem), end func(result Mem)) {
	define(name, e)
	w := newRecord("w")
	x, y, count, pixel := w.get(windowX), w.get(windowY), w.get(windowCount), w.get(windowPixel)
	before(w)
	offset, line := GP64(), GP64()
	each := func(prefix string, taps func()) {
		Label(prefix + "window")
		XORQ(offset, offset)
		Label(prefix + "channels")
		result := Mem{Base: y, Index: offset, Scale: 1}
		begin(result)
		LEAQ(Mem{Base: x, Index: offset, Scale: 1}, line)
		taps()
		end(result)
		ADDQ(U8(set.bytes), offset)
		CMPQ(offset, w.field(windowWidth))
		JLT(LabelRef(prefix + "channels"))
		ADDQ(w.field(windowStep), x)
		ADDQ(pixel, y)
		DECQ(count)
		JNE(LabelRef(prefix + "window"))
		VZEROUPPER()
		RET()
	}
	for _, side := range []int{windowKH, windowKW} {
		CMPQ(w.field(side), U8(2))
		JNE(LabelRef("window"))
	}
	row := w.get(windowRow)
	each("square_", func() {
		for range 2 {
			tap(Mem{Base: line})
			tap(Mem{Base: line, Index: pixel, Scale: 1})
			ADDQ(row, line)
		}
	})
	each("", func() {
		at, rows, columns := GP64(), w.get(windowKH), GP64()
		Label("row")
		MOVQ(line, at)
		MOVQ(w.field(windowKW), columns)
		Label("column")
		tap(Mem{Base: at})
		ADDQ(pixel, at)
		DECQ(columns)
		JNE(LabelRef("column"))
		ADDQ(w.field(windowRow), line)
		DECQ(rows)
		JNE(LabelRef("row"))
	})
}

// maxWindows writes the maximum of each window, and the gradient of that: it goes
// to the first pixel that is the maximum, if that is above a floor.
func (e element) maxWindows() {
	low, most := set.reg(), set.reg()
	e.windows("maxWindows", func(record) {
		infinity := GP64()
		if e.size == 4 {
			MOVQ(U32(0xff800000), infinity)
		} else {
			MOVQ(U64(0xfff0000000000000), infinity)
		}
		x := XMM()
		MOVQ(infinity, x)
		e.broadcast(x, low)
	}, func(Mem) {
		e.move(low, most)
	}, func(pixel Mem) {
		value := set.reg()
		e.move(pixel, value)
		e.maximum(value, most)
	}, func(result Mem) {
		e.move(most, result)
	})

	y, g, floor := set.reg(), set.reg(), set.reg()
	free, here := set.reg(), set.reg()
	freeK, hereK := K(), K()
	toX, toDY := GP64(), GP64()
	e.windows("routeWindows", func(w record) { // the gradients are as far away everywhere
		for _, one := range []struct {
			to       reg.Register
			gradient int
			of       int
		}{{toX, windowDX, windowX}, {toDY, windowDY, windowY}} {
			MOVQ(w.field(one.gradient), one.to)
			SUBQ(w.field(one.of), one.to)
		}
		e.broadcast(w.field(windowFloor), floor)
	}, func(result Mem) {
		e.move(result, y)
		at := GP64()
		LEAQ(result, at)
		e.move(Mem{Base: at, Index: toDY, Scale: 1}, g)
		if avx512() {
			e.compare(U8(notLessEqual), floor, y, freeK)
		} else {
			e.compare(U8(notLessEqual), floor, y, free)
		}
	}, func(pixel Mem) {
		from := pixel
		if pixel.Index != nil { // a place has one index
			at := GP64()
			LEAQ(pixel, at)
			from = Mem{Base: at}
		}
		to := Mem{Base: from.Base, Index: toX, Scale: 1}
		if avx512() {
			e.compare(U8(equal), from, y, freeK, hereK)
			e.moveZero(g, hereK, here)
			KANDNW(freeK, hereK, freeK)
		} else {
			e.compare(U8(equal), from, y, here)
			e.and(free, here, here)
			e.andNot(free, here, free)
			e.and(g, here, here)
		}
		e.move(here, to)
	}, func(Mem) {})
}
