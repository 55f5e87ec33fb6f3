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
	startC // C is added last
)

// tile is the argument of the assembly, which knows the order of its fields:
// rows of op(A) are rowA bytes apart, its columns stepA, rows of B stepB and
// those of C rowC. The columns of A and the rows of B come in segments of k;
// before the next one A is moved on by gapA bytes.
type tile struct {
	a, b, c, bias            unsafe.Pointer
	k                        int
	rowA, stepA, stepB, rowC int
	start, relu              int
	segments, gapA           int
}

// product is a matrix product on its way.
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

// run computes the product, with helpers if it is worth their coming.
func (p *product[T]) run() {
	if 2*p.m*p.n*p.k < parallelFLOP || helpers() < 1 {
		p.compute()
		return
	}
	pool := &split64
	if single[T]() {
		pool = &split32
	}
	s, _ := pool.Get().(*splitProduct[T])
	if s == nil {
		s = new(splitProduct[T])
	}
	s.product = *p
	s.pieces(helpers() + 1)
	parallel(&s.job, s, s.count)
	s.product = product[T]{}
	pool.Put(s)
}

// splitProduct is a product whose rows or columns are computed in pieces.
type splitProduct[T Float] struct {
	product product[T]
	job     job
	rows    bool // are split, not columns
	step    int
	count   int
}

var split32, split64 sync.Pool

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
	p := s.product
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
	p.compute()
}

func (p *product[T]) compute() {
	// What is read once or twice is not worth the packing.
	packB := p.packed == nil && (p.transB || p.m > 3*tileRows)
	packA := p.transA && p.n > 2*width[T]() || p.n >= 512
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
	if !packB && p.packed == nil {
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
	t := tile{k: kb, segments: 1, rowA: p.lda * size, stepA: size, start: p.start, rowC: p.ldc * size}
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
	for i0 := 0; i0 < p.m; i0 += blockM {
		mb := min(blockM, p.m-i0)
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
				if !packA { // tiles of about the same height keep the units busy
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
				computeTile(&t, p.c[at:], p.ldc, next-i, min(nr, nb-j))
			}
		}
	}
}

// computeTile computes one tile of a C whose rows are ldc elements apart,
// through a copy if it is not of full width. A bias is read as far as the tile
// is wide.
func computeTile[T Float](t *tile, c []T, ldc, rows, cols int) {
	nr := width[T]()
	if cols == nr {
		t.c = unsafe.Pointer(&c[0])
		runTile[T](t, rows)
		return
	}
	var part [tileRows * tileBytes / 4]T
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
	u := *t
	u.c, u.rowC = unsafe.Pointer(&part), tileBytes
	if u.start != startZero {
		u.start = startC
	}
	runTile[T](&u, rows)
	for r := range rows {
		copy(c[r*ldc:r*ldc+cols], part[r*nr:])
	}
}

// packA copies rows i0 to i0+mb of op(A) for tiles: the rows of a tile side by side.
func (p *product[T]) packA(to []T, k0, kb, i0, mb int) {
	if !p.transA {
		for i := 0; i < mb; i += tileRows {
			p.packRows(to[i*kb:(i+tileRows)*kb], k0, kb, i0+i, min(tileRows, mb-i))
		}
		return
	}
	var z T
	size := int(unsafe.Sizeof(z))
	whole := mb / tileRows
	for k := range kb {
		from := p.a[(k0+k)*p.lda+i0:][:mb]
		if whole > 0 {
			scatter(tileRows*size, unsafe.Pointer(&to[k*tileRows]), unsafe.Pointer(&from[0]), whole, tileRows*kb*size)
		}
		if rest := from[whole*tileRows:]; len(rest) > 0 {
			copy(to[(whole*kb+k)*tileRows:], rest)
		}
	}
}

// packRows interleaves some rows of A.
func (p *product[T]) packRows(to []T, k0, kb, i, rows int) {
	row := func(r int) []T { return p.a[(i+min(r, rows-1))*p.lda+k0:][:kb] }
	a, b, c, d, e, f := row(0), row(1), row(2), row(3), row(4), row(5)
	for k := range kb {
		*(*[tileRows]T)(to[k*tileRows:]) = [tileRows]T{a[k], b[k], c[k], d[k], e[k], f[k]}
	}
}

// packB copies columns j0 to j0+nb of op(B) panel by panel, the last one padded
// with zeros.
func (p *product[T]) packB(to []T, k0, kb, j0, nb int) {
	nr := width[T]()
	if cols := nb % nr; cols > 0 {
		clear(to[(nb-cols)*kb : (nb-cols+nr)*kb])
	}
	if p.transB {
		for j := 0; j < nb; j += nr {
			p.packColumns(to[j*kb:(j+nr)*kb], k0, kb, j0+j, min(nr, nb-j))
		}
		return
	}
	whole := nb / nr
	for k := range kb {
		from := p.b[(k0+k)*p.ldb+j0:][:nb]
		if whole > 0 {
			scatter(tileBytes, unsafe.Pointer(&to[k*nr]), unsafe.Pointer(&from[0]), whole, tileBytes*kb)
		}
		if rest := from[whole*nr:]; len(rest) > 0 {
			copy(to[(whole*kb+k)*nr:], rest)
		}
	}
}

// packWhole packs a whole B, k×n, for products that are not split.
func packWhole[T Float](to *[]T, transB bool, k, n int, b []T, ldb int) []T {
	p := product[T]{transB: transB, n: n, k: k, ldb: ldb, b: b}
	wide := roundUp(n, width[T]())
	all := grown(to, k*wide)
	for k0 := 0; k0 < k; k0 += blockK {
		p.packB(all[k0*wide:], k0, min(blockK, k-k0), 0, n)
	}
	return all
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// packColumns interleaves some rows of the B that is to be transposed.
func (p *product[T]) packColumns(to []T, k0, kb, j, cols int) {
	nr := width[T]()
	c, k1 := 0, 0
	if nr == 16 {
		k1 = kb &^ 7
		for ; c+8 <= cols; c += 8 {
			from := p.b[(j+c)*p.ldb+k0:]
			transpose(unsafe.Pointer(&to[c]), unsafe.Pointer(&from[0]), k1/8, p.ldb*4)
			p.interleave(to, k0, kb, k1, j, c, c+8)
		}
	}
	p.interleave(to, k0, kb, 0, j, c, cols)
}

// interleave copies rows k1 to kb of columns c to cols of a panel.
func (p *product[T]) interleave(to []T, k0, kb, k1, j, c, cols int) {
	nr := width[T]()
	for ; c < cols; c++ {
		at := k1*nr + c
		for _, v := range p.b[(j+c)*p.ldb+k0:][k1:kb] {
			to[at] = v
			at += nr
		}
	}
}
