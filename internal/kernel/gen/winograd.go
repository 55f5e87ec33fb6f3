package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of kernel.transform by their offsets. All but the count are places or
// bytes.
const (
	transformFrom = 8 * iota
	transformTo
	transformRowFrom // of the small matrix, in each register's lanes
	transformColFrom
	transformRowTo
	transformColTo
	transformCount    // matrices that follow one another
	transformStepFrom // from one to the next
	transformStepTo
	transformWidth // of whole registers
	transformRest  // double words behind them
	transformBias
	transformNumber // bits of the smallest result, or of one half
)

// The matrices of F(2×2, 3×3): Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks", 2016, section 4.1.
var (
	winogradB = [][]float64{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}} // transposed
	winogradG = [][]float64{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}}
	winogradA = [][]float64{{1, 1, 1, 0}, {0, 1, -1, -1}} // transposed
)

func (e element) winograd() {
	e.transform("winogradImage", winogradB, false)
	e.transform("winogradKernel", winogradG, false)
	e.transform("winogradResult", winogradA, true)
}

// transform writes to = m · from · transposed m for small matrices whose elements are
// vectors of channels; with result, bias is added and results are at least the number.
//
// The last row and the last column of to are written first: where they are not wanted,
// they have the places of those before.
func (e element) transform(name string, m [][]float64, result bool) {
	define(name, e, "transforms matrices of channels.")
	d := newRecord("d")
	from, to, count := d.get(transformFrom), d.get(transformTo), d.get(transformCount)
	rowFrom, colTo := d.get(transformRowFrom), d.get(transformColTo)
	var threeFrom, threeTo reg.GPVirtual
	if len(m[0]) > 3 {
		threeFrom = triple(rowFrom)
	}
	if len(m) > 3 {
		threeTo = triple(colTo)
	}
	number := set.reg()
	e.broadcast(d.field(transformNumber), number)
	c := combiner{e, number, set.reg()}
	e.xor(c.zero, c.zero, c.zero)
	offset := GP64()

	channels := func(some *mask) {
		line := GP64()
		LEAQ(Mem{Base: to, Index: offset, Scale: 1}, line)
		for range len(m) - 1 {
			ADDQ(d.field(transformRowTo), line)
		}
		var bias vec
		if result {
			at := d.get(transformBias)
			ADDQ(offset, at)
			bias = e.someOf(Mem{Base: at}, some)
		}
		group := len(m) // of rows whose elements are in registers
		if !avx512() && group > 2 {
			group = 2
		}
		for end := len(m); end > 0; end -= group {
			rows := m[max(0, end-group):end]
			columns := make([][]vec, len(rows)) // rows of m · from
			at := GP64()
			LEAQ(Mem{Base: from, Index: offset, Scale: 1}, at)
			for j := range m[0] {
				if j > 0 {
					ADDQ(d.field(transformColFrom), at)
				}
				in := make([]vec, len(m[0]))
				for r := range in {
					if used(rows, r) {
						in[r] = e.someOf(elementOf(at, rowFrom, threeFrom, r), some)
					}
				}
				for i, row := range rows {
					columns[i] = append(columns[i], c.combine(row, in))
				}
			}
			for i := len(rows) - 1; i >= 0; i-- {
				for k := len(m) - 1; k >= 0; k-- {
					v := c.combine(m[k], columns[i])
					if result {
						sum := set.reg()
						e.add(bias, v, sum)
						e.max(sum, number, sum)
						v = sum
					}
					e.storeSome(v, elementOf(line, colTo, threeTo, k), some)
				}
				SUBQ(d.field(transformRowTo), line)
			}
		}
	}
	Label("matrix")
	XORQ(offset, offset)
	left := d.get(transformWidth)
	TESTQ(left, left)
	JE(LabelRef("behind"))
	Label("registers")
	channels(nil)
	ADDQ(U8(set.bytes), offset)
	CMPQ(offset, left)
	JLT(LabelRef("registers"))
	Label("behind")
	rest := d.get(transformRest)
	TESTQ(rest, rest)
	JE(LabelRef("next"))
	behind := newMask(rest)
	channels(&behind)
	Label("next")
	ADDQ(d.field(transformStepFrom), from)
	ADDQ(d.field(transformStepTo), to)
	DECQ(count)
	JNE(LabelRef("matrix"))
	VZEROUPPER()
	RET()
}

func triple(r reg.GPVirtual) reg.GPVirtual {
	three := GP64()
	LEAQ(Mem{Base: r, Index: r, Scale: 2}, three)
	return three
}

// elementOf is the place of element i of those that are step apart; three is as much
// three times.
func elementOf(base, step, three reg.GPVirtual, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: three, Scale: 1}
	}
	return Mem{Base: base, Index: step, Scale: uint8(i)}
}

// used reports whether rows have a factor for element r.
func used(rows [][]float64, r int) bool {
	for _, row := range rows {
		if row[r] != 0 {
			return true
		}
	}
	return false
}

// combiner adds up vectors with the factors 1, -1, 1/2 and -1/2.
type combiner struct {
	e          element
	half, zero vec
}

func (c combiner) combine(factors []float64, in []vec) vec {
	var sum vec
	add := func(size float64, positive bool) {
		for i, f := range factors {
			if f != size && f != -size || f > 0 != positive {
				continue
			}
			switch to := set.reg(); {
			case sum == nil && positive:
				sum = in[i]
			case positive:
				c.e.add(in[i], sum, to)
				sum = to
			case sum == nil:
				c.e.sub(in[i], c.zero, to)
				sum = to
			default:
				c.e.sub(in[i], sum, to)
				sum = to
			}
		}
	}
	add(.5, true)
	add(.5, false)
	if sum != nil {
		to := set.reg()
		c.e.mul(c.half, sum, to)
		sum = to
	}
	add(1, true)
	add(1, false)
	return sum
}
