package kernel

import (
	"sync"
	"unsafe"
)

// The blocks of a product: a panel of B, blockK rows of one tile's width, stays
// in the first-level cache while all rows of A pass by it; blockM rows of A stay
// in the second level while all panels pass by them.
const (
	tileRows  = 6
	tileBytes = 64 // the width of a tile
	blockM    = 16 * tileRows
	blockN    = 1024
	blockK    = 256
)

// What a tile is added to.
const (
	startZero = iota
	startBias
	startC
)

// tile is the argument of the assembly, which knows the order of its fields:
// rows of op(A) are rowA bytes apart, its columns stepA, rows of B stepB and
// those of C rowC.
type tile struct {
	a, b, c, bias            unsafe.Pointer
	k                        int
	rowA, stepA, stepB, rowC int
	start, relu              int
}

// product is a matrix product on its way.
type product[T Float] struct {
	transA, transB bool
	m, n, k        int
	a, b, c        []T
	bias           []T // of startBias
	start          int
	relu           bool
}

// width is the number of columns of a tile.
func width[T Float]() int {
	var v T
	return tileBytes / int(unsafe.Sizeof(v))
}

// buffers are work space for the packed parts of A and B.
type buffers[T Float] struct {
	a [blockM * blockK]T
	b [blockN * blockK]T
}

var (
	buffers32 sync.Pool
	buffers64 sync.Pool
)

func pool[T Float]() *sync.Pool {
	var v T
	if unsafe.Sizeof(v) == 4 {
		return &buffers32
	}
	return &buffers64
}

func (p *product[T]) run() {
	// What is read once or twice is not worth the packing.
	packB := p.transB || p.m > 3*tileRows
	packA := p.transA && p.n > 2*width[T]()
	free := pool[T]()
	w, _ := free.Get().(*buffers[T])
	if w == nil {
		w = new(buffers[T])
	}
	for k0 := 0; k0 < p.k; k0 += blockK {
		for j0 := 0; j0 < p.n; j0 += blockN {
			p.block(w, packA, packB, k0, min(blockK, p.k-k0), j0, min(blockN, p.n-j0))
		}
	}
	free.Put(w)
}

// block adds the products of rows k0 to k0+kb of B, and of its columns j0 to j0+nb.
func (p *product[T]) block(w *buffers[T], packA, packB bool, k0, kb, j0, nb int) {
	nr := width[T]()
	whole := nb
	if !packB {
		whole = nb - nb%nr // a panel that is not full is always packed: the assembly reads full ones
	}
	switch {
	case packB:
		p.packB(w.b[:], k0, kb, j0, nb)
	case whole < nb:
		p.packB(w.b[whole*kb:], k0, kb, j0+whole, nb-whole)
	}
	var z T
	size := int(unsafe.Sizeof(z))
	t := tile{k: kb, rowA: p.k * size, stepA: size, start: p.start, rowC: p.n * size}
	if p.transA {
		t.rowA, t.stepA = size, p.m*size
	}
	if packA {
		t.rowA, t.stepA = size, tileRows*size
	}
	if k0 > 0 {
		t.start = startC
	}
	if p.relu && k0+kb == p.k {
		t.relu = 1
	}
	for i0 := 0; i0 < p.m; i0 += blockM {
		mb := min(blockM, p.m-i0)
		if packA {
			p.packA(w.a[:], k0, kb, i0, mb)
		}
		for j := 0; j < nb; j += nr {
			if packB || j >= whole {
				t.b, t.stepB = unsafe.Pointer(&w.b[j*kb]), tileBytes
			} else {
				t.b, t.stepB = unsafe.Pointer(&p.b[k0*p.n+j0+j]), p.n*size
			}
			for i := 0; i < mb; i += tileRows {
				switch {
				case packA:
					t.a = unsafe.Pointer(&w.a[i*kb])
				case p.transA:
					t.a = unsafe.Pointer(&p.a[k0*p.m+i0+i])
				default:
					t.a = unsafe.Pointer(&p.a[(i0+i)*p.k+k0])
				}
				p.tile(&t, i0+i, min(tileRows, mb-i), j0+j, min(nr, nb-j))
			}
		}
	}
}

// tile computes one tile of C, through a copy if it is not of full width.
func (p *product[T]) tile(t *tile, i, rows, j, cols int) {
	nr := width[T]()
	c := p.c[i*p.n+j:]
	if cols == nr {
		if t.start == startBias {
			t.bias = unsafe.Pointer(&p.bias[j])
		}
		t.c = unsafe.Pointer(&c[0])
		runTile[T](t, rows)
		return
	}
	var part [tileRows * tileBytes / 4]T
	switch t.start {
	case startBias: // all rows get it
		for r := range rows {
			copy(part[r*nr:], p.bias[j:j+cols])
		}
	case startC:
		for r := range rows {
			copy(part[r*nr:], c[r*p.n:r*p.n+cols])
		}
	}
	u := *t
	u.c, u.rowC = unsafe.Pointer(&part), tileBytes
	if u.start != startZero {
		u.start = startC
	}
	runTile[T](&u, rows)
	for r := range rows {
		copy(c[r*p.n:r*p.n+cols], part[r*nr:])
	}
}

// packA copies rows i0 to i0+mb of op(A) for tiles: the rows of a tile side by side.
func (p *product[T]) packA(to []T, k0, kb, i0, mb int) {
	for i := 0; i < mb; i += tileRows {
		rows := min(tileRows, mb-i)
		from := p.a[k0*p.m+i0+i:]
		out := to[i*kb : (i+tileRows)*kb]
		if rows == tileRows {
			for k := range kb {
				*(*[tileRows]T)(out[k*tileRows:]) = *(*[tileRows]T)(from[k*p.m:])
			}
			continue
		}
		for k := range kb {
			copy(out[k*tileRows:k*tileRows+rows], from[k*p.m:])
		}
	}
}

// packB copies columns j0 to j0+nb of op(B) panel by panel, the last one padded
// with zeros.
func (p *product[T]) packB(to []T, k0, kb, j0, nb int) {
	nr := width[T]()
	for j := 0; j < nb; j += nr {
		out := to[j*kb : (j+nr)*kb]
		cols := min(nr, nb-j)
		if cols < nr {
			clear(out)
		}
		if p.transB {
			for c := range cols {
				from := p.b[(j0+j+c)*p.k+k0:][:kb]
				for k, v := range from {
					out[k*nr+c] = v
				}
			}
			continue
		}
		from := p.b[k0*p.n+j0+j:]
		switch {
		case cols == 16:
			for k := range kb {
				*(*[16]T)(out[k*16:]) = *(*[16]T)(from[k*p.n:])
			}
		case cols == 8 && nr == 8:
			for k := range kb {
				*(*[8]T)(out[k*8:]) = *(*[8]T)(from[k*p.n:])
			}
		default:
			for k := range kb {
				copy(out[k*nr:k*nr+cols], from[k*p.n:])
			}
		}
	}
}
