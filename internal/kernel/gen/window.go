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
	windowRelu
)

// windows writes a loop over windows that lie side by side and over the channels
// of each. begin is called with the place of the result, tap with that of every
// pixel that the window sees, in order, and end with that of the result again.
func windows(name string, begin func(result Mem), tap func(pixel Mem), end func(result Mem)) {
	TEXT(name, NOSPLIT, "func(w *byte)")
	Pragma("noescape")
	w := Load(Param("w"), GP64())
	x, y, offset := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: w, Disp: windowX}, x)
	MOVQ(Mem{Base: w, Disp: windowY}, y)
	field := func(at int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: w, Disp: at}, r)
		return r
	}
	count, pixel := field(windowCount), field(windowPixel)
	Label("window")
	XORQ(offset, offset)
	Label("channels")
	begin(Mem{Base: y, Index: offset, Scale: 1})
	line, at, rows, columns := GP64(), GP64(), field(windowKH), GP64()
	LEAQ(Mem{Base: x, Index: offset, Scale: 1}, line)
	Label("row")
	MOVQ(line, at)
	MOVQ(Mem{Base: w, Disp: windowKW}, columns)
	Label("column")
	tap(Mem{Base: at})
	ADDQ(pixel, at)
	DECQ(columns)
	JNE(LabelRef("column"))
	ADDQ(Mem{Base: w, Disp: windowRow}, line)
	DECQ(rows)
	JNE(LabelRef("row"))
	end(Mem{Base: y, Index: offset, Scale: 1})
	ADDQ(U8(set.bytes), offset)
	CMPQ(offset, Mem{Base: w, Disp: windowWidth})
	JLT(LabelRef("channels"))
	ADDQ(Mem{Base: w, Disp: windowStep}, x)
	ADDQ(pixel, y)
	DECQ(count)
	JNE(LabelRef("window"))
	VZEROUPPER()
	RET()
}

// maxWindows writes the maximum of each window, and the gradient of that: it goes
// to the first pixel that is the maximum, with relu only if that is positive.
func (e element) maxWindows() {
	most := set.reg()
	windows(function("maxWindows", e), func(Mem) {
		infinity := GP64()
		if e.size == 4 {
			MOVQ(U32(0xff800000), infinity)
		} else {
			MOVQ(U64(0xfff0000000000000), infinity)
		}
		low := XMM()
		MOVQ(infinity, low)
		e.broadcast(low, most)
	}, func(pixel Mem) {
		value := set.reg()
		e.move(pixel, value)
		e.maximum(value, most)
	}, func(result Mem) {
		e.move(most, result)
	})

	y, g := set.reg(), set.reg()
	free, here, zero := set.reg(), set.reg(), set.reg()
	freeK, hereK := K(), K()
	toX := GP64()
	windows(function("routeWindows", e), func(result Mem) {
		e.move(result, y)
		w, at := Load(Param("w"), GP64()), GP64() // the gradients are as far away everywhere
		LEAQ(result, at)
		ADDQ(Mem{Base: w, Disp: windowDY}, at)
		SUBQ(Mem{Base: w, Disp: windowY}, at)
		e.move(Mem{Base: at}, g)
		MOVQ(Mem{Base: w, Disp: windowDX}, toX)
		SUBQ(Mem{Base: w, Disp: windowX}, toX)
		e.xor(zero, zero, zero)
		if wide() {
			KXNORW(freeK, freeK, freeK)
		} else {
			e.compare(U8(equal), zero, zero, free)
		}
		CMPQ(Mem{Base: w, Disp: windowRelu}, U8(0))
		JE(LabelRef("linear"))
		if wide() {
			e.compare(U8(notLessEqual), zero, y, freeK)
		} else {
			e.compare(U8(notLessEqual), zero, y, free)
		}
		Label("linear")
	}, func(pixel Mem) {
		to := Mem{Base: pixel.Base, Index: toX, Scale: 1}
		if wide() {
			e.compare(U8(equal), pixel, y, freeK, hereK)
			e.moveZero(g, hereK, here)
			KANDNW(freeK, hereK, freeK)
		} else {
			e.compare(U8(equal), pixel, y, here)
			e.and(free, here, here)
			e.andNot(free, here, free)
			e.and(g, here, here)
		}
		e.move(here, to)
	}, func(Mem) {})
}
