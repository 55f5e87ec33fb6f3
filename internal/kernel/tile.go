package kernel

import "unsafe"

// The initial value of a tile.
const (
	startZero = iota
	startBias
	startC // C is added last
)

// tile is an argument of the assembly, which relies on its layout. Rows of op(A) are rowA
// bytes apart, its columns stepA, rows of B stepB and those of C rowC. The columns of A and the rows of B come in segments of k;
// before the next one A is moved on by gapA bytes. Where tiles have a mask, the
// columns of their last register count whose bits are set.
type tile struct {
	a, b, c, bias            unsafe.Pointer
	k                        int
	rowA, stepA, stepB, rowC int
	start, relu              int
	segments, gapA           int
	mask                     int
}

// tileTable finds the tile of some rows, of one or two registers' width.
type tileTable [14][2]func(*byte)

// tiler computes tiles. It is pooled, as arguments of calls through a table escape to the
// heap.
type tiler[T Float] struct {
	tile
	run  *tileTable
	edge tile
	part [6 * 64 / 4]T // a tile of AVX2
}

// width is the number of columns of a tile.
func width[T Float]() int { return tileBytes / bytesOf[T]() }

// compute computes one tile of a C whose rows are ldc elements apart. Without
// masks, one that is not of full width goes through a copy, and B is read as if
// it were of full width.
func (t *tiler[T]) compute(c []T, ldc, rows, cols int) {
	nr := width[T]()
	if maskedTiles {
		registers := 2
		if cols <= nr/2 {
			registers = 1
		}
		t.mask = 1<<(cols-(registers-1)*nr/2) - 1
		t.c = unsafe.Pointer(&c[0])
		t.run[rows-1][registers-1]((*byte)(unsafe.Pointer(&t.tile)))
		return
	}
	if cols == nr {
		t.c = unsafe.Pointer(&c[0])
		t.run[rows-1][1]((*byte)(unsafe.Pointer(&t.tile)))
		return
	}
	part := t.part[:]
	switch t.start {
	case startBias: // all rows get it
		bias := unsafe.Slice((*T)(t.bias), cols)
		for r := range rows {
			copy(part[r*nr:], bias)
		}
	case startC:
		for r := range rows {
			copy(part[r*nr:], c[r*ldc:r*ldc+cols])
		}
	}
	t.edge = t.tile
	t.edge.c, t.edge.rowC = unsafe.Pointer(&part[0]), tileBytes
	if t.edge.start != startZero {
		t.edge.start = startC
	}
	t.run[rows-1][1]((*byte)(unsafe.Pointer(&t.edge)))
	for r := range rows {
		copy(c[r*ldc:r*ldc+cols], part[r*nr:])
	}
}
