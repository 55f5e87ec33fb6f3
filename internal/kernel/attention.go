package kernel

import (
	"math"
	"unsafe"
)

// Attention is the geometry of scaled dot-product attention (Vaswani et al. 2017): of head h,
// with queries q, keys k and values v, softmax(Scale·q·kᵀ + bias)·v. Heads lie side by side: q
// is (Batch, Queries, Heads·Dim), k (Batch, Keys, KVHeads·Dim), v (Batch, Keys, KVHeads·VDim)
// and the result (Batch, Queries, Heads·VDim). Each head of keys and values serves
// Heads/KVHeads heads of queries, one after the other (Ainslie et al. 2023).
//
// The scores are computed in blocks with a running maximum and sum (Milakov & Gimelshein 2018;
// Dao et al. 2022), so memory is linear in Queries and Keys.
type Attention struct {
	Batch, Queries, Keys int
	Heads, KVHeads       int
	Dim, VDim            int
	Scale                float64 // positive
	Causal               bool    // query i sees keys up to i + Keys − Queries
	BiasBatch, BiasHeads int     // 1, or Batch and Heads
	Rate                 float64 // of dropped probabilities
}

// AttentionOperands are the operands of a pass. All after V may be nil.
type AttentionOperands[T Float] struct {
	Q, K, V []T
	Bias    []T    // (BiasBatch, BiasHeads, Queries, Keys)
	Mask    []T    // (Batch, Keys): keys with 0 are not seen
	Lengths []int  // of the keys of each batch row: those past it are neither seen nor read
	Stream  uint64 // of dropout
}

// AttentionGrads are the gradients of a backward pass, shaped as their operands.
type AttentionGrads[T Float] struct{ Q, K, V []T }

// Blocks of scores fit L1 beside the operands of their products. They begin at multiples of
// these sizes, whoever computes them, so bits do not depend on the number of workers. Rows of
// scores are padded to whole pairs of registers.
const (
	mostQueries = 64 // of a block
	keyBlock    = 128
	scorePad    = 32
)

// FLOP returns the floating-point operations of the products of a forward pass, counting keys
// that causality hides.
func (a *Attention) FLOP() int {
	return 2 * a.Batch * a.Heads * a.Queries * a.Keys * (a.Dim + a.VDim)
}

// BackwardFLOP is FLOP of a backward pass, which has five products.
func (a *Attention) BackwardFLOP() int {
	return 2 * a.Batch * a.Heads * a.Queries * a.Keys * (3*a.Dim + 2*a.VDim)
}

// share is the number of query heads that one head of keys serves.
func (a *Attention) share() int { return a.Heads / a.KVHeads }

// queryBlock is the number of queries of a block. Of few queries that see only keys before
// them, smaller blocks leave out more products.
func (a *Attention) queryBlock() int {
	if a.Causal && a.Queries <= 256 {
		return mostQueries / 2
	}
	return mostQueries
}

// queryBlocks and keyBlocks are the numbers of blocks.
func (a *Attention) queryBlocks() int { return (a.Queries + a.queryBlock() - 1) / a.queryBlock() }
func (a *Attention) keyBlocks() int   { return (a.Keys + keyBlock - 1) / keyBlock }

// The offsets of a batch row's head: of the queries from i on, and of results; of the keys and
// values from j on.
func (a *Attention) atQ(n, h, i int) int { return ((n*a.Queries+i)*a.Heads + h) * a.Dim }
func (a *Attention) atO(n, h, i int) int { return ((n*a.Queries+i)*a.Heads + h) * a.VDim }
func (a *Attention) atK(n, g, j int) int { return ((n*a.Keys+j)*a.KVHeads + g) * a.Dim }
func (a *Attention) atV(n, g, j int) int { return ((n*a.Keys+j)*a.KVHeads + g) * a.VDim }

// sees returns how many keys query i sees of the given number.
func (a *Attention) sees(i, keys int) int {
	if !a.Causal {
		return keys
	}
	return max(0, min(keys, i+a.Keys-a.Queries+1))
}

// AttentionForward computes the result y, and lse (Batch, Heads, Queries) unless it is nil:
// the logarithm of the sum of the exponentials of the scores of each query, +∞ of a query that
// sees no key, whose result is 0.
func AttentionForward[T Float](a *Attention, in *AttentionOperands[T], y, lse []T) {
	t := take[T, attention[T]](&attentionPool)
	t.kind, t.Attention, t.in, t.y, t.lse = attendForward, *a, *in, y, lse
	t.items = a.share() * a.queryBlocks()
	units := a.Batch * a.KVHeads
	pieces := 1
	if workers := helpers() + 1; workers > 1 {
		pieces = (partsOfShare*workers + units - 1) / units
	}
	t.each, t.pieces = evenly(t.items, pieces)
	t.do(units*t.pieces, a.FLOP())
}

// evenly divides n things into the given number of pieces, at most: of how many each, and how
// many there are.
func evenly(n, pieces int) (each, count int) {
	each = (n + pieces - 1) / pieces
	return each, (n + each - 1) / each
}

// attentionKind is a pass over an attention.
type attentionKind uint8

const (
	attendForward attentionKind = iota
	attendBackward
	attendBias
)

// attention is a pass in progress. A unit is a batch row with a head of keys; its items are
// the blocks of queries of one query head, then of the next. A part of a forward pass is a
// piece of the items of a unit; that of a backward pass is a unit, or, if there are too few, a
// piece of the items for the gradients of queries, or of the blocks of keys for those of keys
// and values.
type attention[T Float] struct {
	job job
	Attention
	kind                attentionKind
	in                  AttentionOperands[T]
	y, lse              []T
	dy                  []T // of the result
	d                   AttentionGrads[T]
	dbias               []T
	items, each, pieces int
	eachKeys, keyPieces int // of a backward pass; 0: parts are units
}

var attentionPool workspaces

// do runs the parts and returns t to the pool.
func (t *attention[T]) do(parts, flop int) {
	shareOut(&t.job, t, parts, flop)
	t.in, t.d = AttentionOperands[T]{}, AttentionGrads[T]{}
	t.y, t.lse, t.dy, t.dbias = nil, nil, nil, nil
	give[T](&attentionPool, t)
}

func (t *attention[T]) part(i int) {
	w := take[T, attentionSpace[T]](&attentionSpaces)
	w.buffers = take[T, buffers[T]](&buffersPool)
	switch t.kind {
	case attendForward:
		unit, from := i/t.pieces, i%t.pieces*t.each
		t.forward(w, unit/t.KVHeads, unit%t.KVHeads, from, min(from+t.each, t.items))
	case attendBackward:
		t.backwardPart(w, i)
	case attendBias:
		t.biasPart(w, i)
	}
	give[T](&buffersPool, w.buffers)
	w.buffers = nil
	give[T](&attentionSpaces, w)
}

// attentionSpace is what a part works in.
type attentionSpace[T Float] struct {
	buffers *buffers[T]
	keys    int // of the batch row that are not past its length
	hides   []T // 0 of keys that count, −∞ of the others; nil: all count
	memory  []T // of hides

	scores, kept, grads   [mostQueries * keyBlock]T // probabilities; those that dropout keeps; gradients
	peaks, sums, rescales [mostQueries]T
	deltas                [mostQueries]T // Σ dy·y of each query
	hidden                [keyBlock]T    // −∞

	kT, k, vT, v, q, dy packs[T]
}

var attentionSpaces workspaces

// packs is a packed operand of products: blocks of rows of a matrix, or of its transpose.
type packs[T Float] struct {
	memory      []T
	rows, block int
	size        int // of a packed block; 0: not packed
}

// fill packs rows of b, which are cols wide and ld apart. Transposed ones wider than wholeK
// are not packed: a product divides them.
func (p *packs[T]) fill(transposed bool, rows, block, cols int, b []T, ld int) {
	p.rows, p.block, p.size = rows, block, 0
	if !assembly || rows == 0 || transposed && cols > wholeK {
		return
	}
	p.size = block * roundUp(cols, width[T]())
	if transposed {
		p.size = cols * roundUp(block, width[T]())
	}
	blocks := (rows + block - 1) / block
	all := grown(&p.memory, blocks*p.size)
	for i := range blocks {
		k := product[T]{transB: transposed, n: cols, k: min(block, rows-i*block), ldb: ld, b: b[i*block*ld:]}
		if transposed {
			k.n, k.k = k.k, cols
		}
		k.packB(all[i*p.size:(i+1)*p.size], 0, k.k, 0, k.n)
	}
}

// of returns the packed block that begins at row i, nil if there is none, and its rows.
func (p *packs[T]) of(i int) (packed []T, rows int) {
	if p.size == 0 {
		return nil, 0
	}
	at := i / p.block * p.size
	return p.memory[at : at+p.size], min(p.block, p.rows-i)
}

// byTransposed computes c, whose B is the transpose of the rows of b from i on.
func (w *attentionSpace[T]) byTransposed(c product[T], b *packs[T], i int) {
	c.transB = true
	if !assembly {
		c.inTiles(c.beta())
		return
	}
	c.packed, _ = b.of(i)
	c.computeIn(w.buffers)
}

// byRows computes c, whose B is the rows of b from i on: panel by panel, since c may have
// fewer rows of B than a panel.
func (w *attentionSpace[T]) byRows(c product[T], b *packs[T], i int) {
	if !assembly {
		c.inTiles(c.beta())
		return
	}
	packed, rows := b.of(i)
	nr := width[T]()
	for j := 0; j < c.n; j += nr {
		panel := c
		panel.n, panel.b, panel.c, panel.packed = min(nr, c.n-j), c.b[j:], c.c[j:], packed[j*rows:]
		panel.computeIn(w.buffers)
	}
}

// begin prepares for batch row n.
func (t *attention[T]) begin(w *attentionSpace[T], n int) {
	if w.hidden[0] == 0 {
		Fill(w.hidden[:], T(math.Inf(-1)))
	}
	w.keys = t.Keys
	if t.in.Lengths != nil {
		w.keys = t.in.Lengths[n]
	}
	w.hides = nil
	if t.in.Mask == nil {
		return
	}
	w.hides = grown(&w.memory, t.Keys)
	for j, v := range t.in.Mask[n*t.Keys:][:t.Keys] {
		w.hides[j] = 0
		if v == 0 {
			w.hides[j] = T(math.Inf(-1))
		}
	}
}

// queries is a block of m queries of head h, the first of which is number first, and the
// number of keys that any of them sees.
type queries struct{ n, g, h, first, m, limit int }

// columns returns the number of keys of the block that begins at j, and the elements of a row
// of their scores.
func (q *queries) columns(j int) (cols, ld int) {
	cols = min(keyBlock, q.limit-j)
	return cols, roundUp(cols, scorePad)
}

// item returns an item of batch row n and key head g.
func (t *attention[T]) item(w *attentionSpace[T], n, g, i int) queries {
	first := i % t.queryBlocks() * t.queryBlock()
	q := queries{n: n, g: g, h: g*t.share() + i/t.queryBlocks(), first: first, m: min(t.queryBlock(), t.Queries-first)}
	q.limit = t.sees(q.first+q.m-1, w.keys)
	return q
}

// forward computes items from to of batch row n and key head g.
func (t *attention[T]) forward(w *attentionSpace[T], n, g, from, to int) {
	t.begin(w, n)
	limit := 0
	for i := from; i < to; i++ {
		limit = max(limit, t.item(w, n, g, i).limit)
	}
	w.kT.fill(true, limit, keyBlock, t.Dim, t.in.K[t.atK(n, g, 0):], t.KVHeads*t.Dim)
	w.v.fill(false, limit, keyBlock, t.VDim, t.in.V[t.atV(n, g, 0):], t.KVHeads*t.VDim)
	for i := from; i < to; i++ {
		t.forwardBlock(w, t.item(w, n, g, i))
	}
}

func (t *attention[T]) forwardBlock(w *attentionSpace[T], q queries) {
	y, ldy := t.y[t.atO(q.n, q.h, q.first):], t.Heads*t.VDim
	for r := range q.m {
		w.peaks[r], w.sums[r] = lowest[T](), 0
	}
	for j := 0; j < q.limit; j += keyBlock {
		cols, ld := q.columns(j)
		s := w.scores[:q.m*ld]
		t.scores(w, q, j, s)
		t.soften(w, q, j, s)
		p := product[T]{m: q.m, n: t.VDim, k: cols, lda: ld, ldb: t.KVHeads * t.VDim, ldc: ldy, a: s, b: t.in.V[t.atV(q.n, q.g, j):], c: y}
		if j > 0 {
			p.start = startC
			for r, f := range w.rescales[:q.m] {
				if row := y[r*ldy:][:t.VDim]; f != 1 {
					axpb(row, f, row, 0)
				}
			}
		}
		w.byRows(p, &w.v, j)
	}
	t.finish(w, q, y, ldy)
}

// scores sets s to q·kᵀ of the keys from j on.
func (t *attention[T]) scores(w *attentionSpace[T], q queries, j int, s []T) {
	cols, ld := q.columns(j)
	w.byTransposed(product[T]{
		m: q.m, n: cols, k: t.Dim, lda: t.Heads * t.Dim, ldb: t.KVHeads * t.Dim, ldc: ld,
		a: t.in.Q[t.atQ(q.n, q.h, q.first):], b: t.in.K[t.atK(q.n, q.g, j):], c: s,
	}, &w.kT, j)
}

// hide adds biases to the scores s of keys from j on, sets those that their query does not see
// to −∞, and returns what the scores have still to be scaled by.
func (t *attention[T]) hide(w *attentionSpace[T], q queries, j int, s []T) (scale T) {
	cols, ld := q.columns(j)
	plain := t.in.Bias == nil && w.hides == nil
	for r := range q.m {
		row := s[r*ld:][:ld]
		k := max(0, min(cols, t.sees(q.first+r, w.keys)-j))
		copy(row[k:], w.hidden[:])
		if plain {
			continue
		}
		row = row[:k]
		axpb(row, T(t.Scale), row, 0)
		if t.in.Bias != nil {
			addVV(row, row, t.in.Bias[t.atBias(q.n, q.h, q.first+r)+j:])
		}
		if w.hides != nil {
			addVV(row, row, w.hides[j:])
		}
	}
	if plain {
		return T(t.Scale)
	}
	return 1
}

// atBias is the offset of the biases of a query.
func (t *attention[T]) atBias(n, h, i int) int {
	if t.BiasBatch == 1 {
		n = 0
	}
	if t.BiasHeads == 1 {
		h = 0
	}
	return ((n*t.BiasHeads+h)*t.Queries + i) * t.Keys
}

// soften turns the scores s of keys from j on into exponentials of their differences to the
// running maximum of each row, of which dropout leaves some, and updates the running maxima
// and sums. What was summed before is to be multiplied by rescales.
func (t *attention[T]) soften(w *attentionSpace[T], q queries, j int, s []T) {
	scale := t.hide(w, q, j, s)
	softmaxRows(s, q.m, scale, w.peaks[:], w.sums[:], w.rescales[:])
	if t.Rate > 0 {
		cols, ld := q.columns(j)
		for r := range q.m {
			row := s[r*ld:][:cols]
			t.drop(q, j, r, row, row)
		}
	}
}

// softRows is an argument of the assembly, which relies on its layout.
type softRows struct {
	x, peaks, sums, rescales unsafe.Pointer
	rows, row                int    // row: bytes of one
	scale                    uint64 // bits of a float32
}

// softmaxRows sets rows of scores x to exp(scale·x − peak), peak being the largest of the row and the one
// before, and rescales to exp(before − peak); sums becomes sums·rescales plus that of the row.
// The first peak is the lowest number, so that a row of −∞ gives 0.
func softmaxRows[T Float](x []T, rows int, scale T, peaks, sums, rescales []T) {
	n := len(x) / rows
	if assembly && single[T]() {
		s := softRows{x: first(x), peaks: first(peaks), sums: first(sums), rescales: first(rescales), rows: rows, row: 4 * n, scale: floatBits(scale)}
		softRowsVector[T](&s)
		return
	}
	for r := range rows {
		row, before := x[r*n:][:n], peaks[r]
		peaks[r] = max(before, scale*peak(row))
		rescales[r] = T(math.Exp(float64(before - peaks[r])))
		axpb(row, scale, row, -peaks[r])
	}
	unary(Exp, 0, x, x)
	for r := range rows {
		sums[r] = sums[r]*rescales[r] + T(sum(x[r*n:][:n]))
	}
}

// lowest returns the lowest number of a type.
func lowest[T Float]() T {
	if single[T]() {
		return T(-math.MaxFloat32)
	}
	least := -math.MaxFloat64
	return T(least)
}

// drop sets dst to x of row r with dropout, whose numbers are keyed by batch row, head, query
// and key.
func (t *attention[T]) drop(q queries, j, r int, dst, x []T) {
	n := ((uint64(q.n)*uint64(t.Heads)+uint64(q.h))*uint64(t.Queries)+uint64(q.first+r))*uint64(t.Keys) + uint64(j)
	dropout(dst, x, t.Rate, t.in.Stream+n*golden, 0)
}

// finish divides the rows of y by their sums.
func (t *attention[T]) finish(w *attentionSpace[T], q queries, y []T, ldy int) {
	for r, total := range w.sums[:q.m] {
		if row := y[r*ldy:][:t.VDim]; total == 0 {
			clear(row)
		} else {
			axpb(row, 1/total, row, 0)
		}
	}
	if t.lse == nil {
		return
	}
	lse := t.lse[(q.n*t.Heads+q.h)*t.Queries+q.first:][:q.m]
	unary(Log, 0, lse, w.sums[:q.m])
	addVV(lse, lse, w.peaks[:])
	for r, total := range w.sums[:q.m] {
		if total == 0 {
			lse[r] = T(math.Inf(1))
		}
	}
}
