package kernel

// packA packs rows i0 to i0+mb of op(A), interleaving the rows of each tile.
func (p *product[T]) packA(to []T, k0, kb, i0, mb int) {
	if !p.transA {
		for i := 0; i < mb; i += tileRows {
			p.packRows(to[i*kb:(i+tileRows)*kb], k0, kb, i0+i, min(tileRows, mb-i))
		}
		return
	}
	size := bytesOf[T]()
	whole := mb / tileRows
	for k := 0; k < kb; k += packedAtOnce {
		count := min(packedAtOnce, kb-k)
		for i := 0; i < whole; i++ {
			scatterRowsVector(to[(i*kb+k)*tileRows:], p.a[(k0+k)*p.lda+i0+i*tileRows:], count, p.lda*size, tileRows*size)
		}
	}
	if rest := mb - whole*tileRows; rest > 0 {
		for k := range kb {
			copy(to[(whole*kb+k)*tileRows:], p.a[(k0+k)*p.lda+i0+whole*tileRows:][:rest])
		}
	}
}

// packedAtOnce is the number of rows of A or B that are packed tile by tile: so many pieces fill
// cache lines one after another, where one row's are a power of two apart and evict each other.
const packedAtOnce = 16

// packRows interleaves rows of A, leaving gaps up to the height of a tile.
func (p *product[T]) packRows(to []T, k0, kb, i, rows int) {
	done := 0
	if rows >= 8 && single[T]() { // the first 8 and the last 8, which may be among the first
		done = kb &^ 7
		for _, r := range [2]int{rows - 8, 0} {
			from := p.a[(i+r)*p.lda+k0:]
			transposeVector(to[r:], from, done/8, p.lda*4, tileRows*4)
		}
	}
	for r := range rows {
		row := p.a[(i+r)*p.lda+k0:][:kb]
		for k := done; k < kb; k++ {
			to[k*tileRows+r] = row[k]
		}
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
	for k := 0; k < kb; k += packedAtOnce {
		count := min(packedAtOnce, kb-k)
		for j := 0; j < whole; j++ {
			scatterTilesVector(to[(j*kb+k)*nr:], p.b[(k0+k)*p.ldb+j0+j*nr:], count, p.ldb*bytesOf[T](), tileBytes)
		}
	}
	if rest := nb - whole*nr; rest > 0 {
		for k := range kb {
			copy(to[(whole*kb+k)*nr:], p.b[(k0+k)*p.ldb+j0+whole*nr:][:rest])
		}
	}
}

// packWhole packs all of B, k×n, for unsplit products.
func packWhole[T Float](to *[]T, transB bool, k, n int, b []T, ldb int) []T {
	p := product[T]{transB: transB, n: n, k: k, ldb: ldb, b: b}
	padded := roundUp(n, width[T]())
	all := grown(to, k*padded)
	step := stepK(k)
	for k0 := 0; k0 < k; k0 += step {
		p.packB(all[k0*padded:], k0, min(step, k-k0), 0, n)
	}
	return all
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// packColumns interleaves rows of a B that is transposed.
func (p *product[T]) packColumns(to []T, k0, kb, j, cols int) {
	c := 0
	if single[T]() {
		k1 := kb &^ 7
		for ; c+8 <= cols; c += 8 {
			from := p.b[(j+c)*p.ldb+k0:]
			transposeVector(to[c:], from, k1/8, p.ldb*4, tileBytes)
			if k1 < kb {
				p.interleave(to, k0, kb, k1, j, c, c+8)
			}
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
