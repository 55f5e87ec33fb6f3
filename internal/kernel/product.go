package kernel

import "unsafe"

// Cache blocking: a panel of B, blockK rows of one tile's width, stays in L1 while all rows
// of A stream past; blockM rows of A stay in L2 while all panels stream past. Up to wholeK
// rows of B form one block, which avoids rereading C.
const (
	blockM = 96 // of 6 rows, 98 of 14
	blockN = 1024
	blockK = 256
	wholeK = 320
)

// product is a matrix product in progress.
type product[T Float] struct {
	transA, transB bool
	m, n, k        int
	lda, ldb, ldc  int // elements from row to row as stored
	a, b, c        []T
	bias           []T // of startBias
	packed         []T // B as packWhole has it, if that was done before
	start          int
	relu           bool
}

// buffers are work space for the packed parts of A and B, and for a tile.
type buffers[T Float] struct {
	a    [(blockM + 14) * wholeK]T
	b    [blockN * wholeK]T
	tile tiler[T]
}

var buffersPool workspaces

// run computes the product, with helpers if it is large enough.
func (p *product[T]) run() {
	if p.long() {
		p.byGroups()
		return
	}
	if 2*p.m*p.n*p.k < parallelFLOP || helpers() < 1 {
		p.compute()
		return
	}
	s := take[T, splitProduct[T]](&splitPool)
	s.product = *p
	s.pieces(helpers() + 1)
	parallel(&s.job, s, s.count)
	s.product = product[T]{}
	give[T](&splitPool, s)
}

// splitProduct is a product whose rows or columns are computed in pieces.
type splitProduct[T Float] struct {
	product product[T]
	job     job
	rows    bool // are split, not columns
	step    int
	count   int
}

var splitPool workspaces

// pieces divides the longer side into n pieces of whole tiles.
func (s *splitProduct[T]) pieces(n int) {
	p := &s.product
	size, unit := p.n, width[T]()
	if s.rows = p.m > p.n; s.rows {
		size, unit = p.m, tileRows
	}
	tiles := (size + unit - 1) / unit
	s.step = (tiles + n - 1) / n * unit
	s.count = (size + s.step - 1) / s.step
}

func (s *splitProduct[T]) part(i int) {
	p := s.cut(s.product, i)
	p.compute()
}

// cut returns piece i of a product of the size that was divided.
func (s *splitProduct[T]) cut(p product[T], i int) product[T] {
	at := i * s.step
	if s.rows {
		p.m = min(s.step, p.m-at)
		p.c = p.c[at*p.ldc:]
		if p.transA {
			p.a = p.a[at:]
		} else {
			p.a = p.a[at*p.lda:]
		}
	} else {
		p.n = min(s.step, p.n-at)
		p.c = p.c[at:]
		if p.transB {
			p.b = p.b[at*p.ldb:]
		} else {
			p.b = p.b[at:]
		}
		if p.bias != nil {
			p.bias = p.bias[at:]
		}
	}
	return p
}

func (p *product[T]) compute() {
	w := take[T, buffers[T]](&buffersPool)
	p.computeIn(w)
	give[T](&buffersPool, w)
}

// smallB is the size of a B, in bytes, that fits L1 unpacked.
const smallB = 16 << 10

// computeIn computes the product in the caller's goroutine, with w as its work space.
func (p *product[T]) computeIn(w *buffers[T]) {
	// Packing does not pay off for operands that are read once or twice or fit L1. Nor
	// for the 6 rows of an A tile, which fit a cache at any stride, unlike 14 rows.
	packB := p.packed == nil && (p.transB || p.m > 3*tileRows && p.k*p.ldb*bytesOf[T]() > smallB)
	packA := p.transA && p.n > 2*width[T]() || maskedTiles && p.n >= 512
	w.tile.run = tilesOf[T]()
	step := stepK(p.k)
	for k0 := 0; k0 < p.k; k0 += step {
		for j0 := 0; j0 < p.n; j0 += blockN {
			p.block(w, packA, packB, k0, min(step, p.k-k0), j0, min(blockN, p.n-j0))
		}
	}
}

// stepK divides k into blocks of about the same size.
func stepK(k int) int {
	if k <= wholeK {
		return k
	}
	blocks := (k + blockK - 1) / blockK
	return min(blockK, roundUp((k+blocks-1)/blocks, 8))
}

// block adds the products of rows k0 to k0+kb of B, and of its columns j0 to j0+nb.
func (p *product[T]) block(w *buffers[T], packA, packB bool, k0, kb, j0, nb int) {
	nr := width[T]()
	whole := nb
	if !maskedTiles && !packB && p.packed == nil {
		whole = nb - nb%nr // pack a partial panel: tiles without masks read full panels
	}
	switch {
	case packB:
		p.packB(w.b[:], k0, kb, j0, nb)
	case whole < nb:
		p.packB(w.b[whole*kb:], k0, kb, j0+whole, nb-whole)
	}
	size := bytesOf[T]()
	t := &w.tile
	t.tile = tile{k: kb, segments: 1, rowA: p.lda * size, stepA: size, start: p.start, rowC: p.ldc * size}
	if p.transA {
		t.rowA, t.stepA = size, p.lda*size
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
	rows := roundUp(blockM, tileRows)
	for i0 := 0; i0 < p.m; i0 += rows {
		mb := min(rows, p.m-i0)
		if packA {
			p.packA(w.a[:], k0, kb, i0, mb)
		}
		tiles := (mb + tileRows - 1) / tileRows
		for j := 0; j < nb; j += nr {
			if p.packed != nil {
				t.b, t.stepB = unsafe.Pointer(&p.packed[k0*roundUp(p.n, nr)+(j0+j)*kb]), tileBytes
			} else if packB || j >= whole {
				t.b, t.stepB = unsafe.Pointer(&w.b[j*kb]), tileBytes
			} else {
				t.b, t.stepB = unsafe.Pointer(&p.b[k0*p.ldb+j0+j]), p.ldb*size
			}
			for q := range tiles {
				i, next := q*tileRows, min(q*tileRows+tileRows, mb)
				if !packA { // even tile heights keep the FMA units busy
					i, next = q*mb/tiles, (q+1)*mb/tiles
				}
				switch {
				case packA:
					t.a = unsafe.Pointer(&w.a[i*kb])
				case p.transA:
					t.a = unsafe.Pointer(&p.a[k0*p.lda+i0+i])
				default:
					t.a = unsafe.Pointer(&p.a[(i0+i)*p.lda+k0])
				}
				at := (i0+i)*p.ldc + j0 + j
				if t.start == startBias {
					t.bias = unsafe.Pointer(&p.bias[j0+j])
				}
				t.compute(p.c[at:], p.ldc, next-i, min(nr, nb-j))
			}
		}
	}
}
