package kernel

import "unsafe"

// AttentionBackward computes the gradients d from dy, that of the result y, and lse of a
// forward pass. Each unit recomputes its probabilities block by block (Dao et al. 2022,
// algorithm 4): with p the probabilities and ds = p·(dy·vᵀ − Σ dy·y), dv = pᵀ·dy,
// dq = Scale·ds·k and dk = Scale·dsᵀ·q.
func AttentionBackward[T Float](a *Attention, in *AttentionOperands[T], y, lse, dy []T, d *AttentionGrads[T]) {
	t := take[T, attention[T]](&attentionPool)
	t.kind, t.Attention, t.in, t.y, t.lse, t.dy, t.d = attendBackward, *a, *in, y, lse, dy, *d
	t.items = a.share() * a.queryBlocks()
	units, workers := a.Batch*a.KVHeads, helpers()+1
	parts := units
	if t.keyPieces = 0; products*units < unsplit*workers && a.BackwardFLOP() >= parallelFLOP {
		pieces := (partsOfShare/2*workers + units - 1) / units
		t.each, t.pieces = evenly(t.items, pieces)
		t.eachKeys, t.keyPieces = evenly(a.keyBlocks(), pieces)
		parts = units * (t.pieces + t.keyPieces)
	}
	t.do(parts, a.BackwardFLOP())
}

// A unit has 5 products. Where its gradients are computed apart, there are 7: scores and the
// gradients of probabilities are computed twice. Every element is summed in the same order.
const (
	unsplit  = 5
	products = 7
)

func (t *attention[T]) backwardPart(w *attentionSpace[T], i int) {
	each := t.pieces + t.keyPieces
	if t.keyPieces == 0 {
		t.backward(w, i/t.KVHeads, i%t.KVHeads, 0, t.items, 0, t.keyBlocks())
		return
	}
	unit, piece := i/each, i%each
	n, g := unit/t.KVHeads, unit%t.KVHeads
	if piece < t.keyPieces {
		from := piece * t.eachKeys
		t.backward(w, n, g, 0, 0, from, min(from+t.eachKeys, t.keyBlocks()))
		return
	}
	from := (piece - t.keyPieces) * t.each
	t.backward(w, n, g, from, min(from+t.each, t.items), 0, 0)
}

// backward computes, of batch row n and key head g, the gradients of the queries of some items
// and those of some blocks of keys and values.
func (t *attention[T]) backward(w *attentionSpace[T], n, g, item0, item1, block0, block1 int) {
	t.begin(w, n)
	k, v := t.in.K[t.atK(n, g, 0):], t.in.V[t.atV(n, g, 0):]
	ldk, ldv := t.KVHeads*t.Dim, t.KVHeads*t.VDim
	limit := t.sees(t.Queries-1, w.keys)
	w.kT.fill(true, limit, keyBlock, t.Dim, k, ldk)
	w.vT.fill(true, limit, keyBlock, t.VDim, v, ldv)
	w.k.fill(false, limit, keyBlock, t.Dim, k, ldk)
	for j := block0 * keyBlock; j < min(block1*keyBlock, t.Keys); j++ {
		clear(t.d.K[t.atK(n, g, j):][:t.Dim])
		clear(t.d.V[t.atV(n, g, j):][:t.VDim])
	}
	for i := range t.items {
		t.backwardBlock(w, t.item(w, n, g, i), i >= item0 && i < item1, block0*keyBlock, block1*keyBlock)
	}
}

// backwardBlock computes the gradients of a block of queries, if that is asked for, and adds to
// those of the keys and values from key0 to key1.
func (t *attention[T]) backwardBlock(w *attentionSpace[T], q queries, own bool, key0, key1 int) {
	ldq, ldy, ldk, ldv := t.Heads*t.Dim, t.Heads*t.VDim, t.KVHeads*t.Dim, t.KVHeads*t.VDim
	from, to := t.atQ(q.n, q.h, q.first), t.atO(q.n, q.h, q.first)
	x, dq, dy := t.in.Q[from:], t.d.Q[from:], t.dy[to:]
	if own {
		if key0 = 0; q.limit == 0 {
			for r := range q.m {
				clear(dq[r*ldq:][:t.Dim])
			}
		}
	}
	last := q.limit
	if !own {
		last = min(last, key1)
	}
	if key0 >= last {
		return
	}
	t.differences(w, q)
	if key1 > 0 {
		w.q.fill(false, q.m, mostQueries, t.Dim, x, ldq)
		w.dy.fill(false, q.m, mostQueries, t.VDim, dy, ldy)
	}
	for j := key0; j < last; j += keyBlock {
		p, ds := t.blockGrads(w, q, j, T(t.Scale))
		cols, ld := q.columns(j)
		atK, atV := t.atK(q.n, q.g, j), t.atV(q.n, q.g, j)
		if j < key1 {
			w.byRows(product[T]{transA: true, m: cols, n: t.VDim, k: q.m, lda: ld, ldb: ldy, ldc: ldv, a: p, b: dy, c: t.d.V[atV:], start: startC}, &w.dy, 0)
			w.byRows(product[T]{transA: true, m: cols, n: t.Dim, k: q.m, lda: ld, ldb: ldq, ldc: ldk, a: ds, b: x, c: t.d.K[atK:], start: startC}, &w.q, 0)
		}
		if own {
			c := product[T]{m: q.m, n: t.Dim, k: cols, lda: ld, ldb: ldk, ldc: ldq, a: ds, b: t.in.K[atK:], c: dq}
			if j > 0 {
				c.start = startC
			}
			w.byRows(c, &w.k, j)
		}
	}
}

// differences sets deltas to Σ dy·y of each query.
func (t *attention[T]) differences(w *attentionSpace[T], q queries) {
	for r := range q.m {
		at := t.atO(q.n, q.h, q.first+r)
		w.deltas[r] = T(dot(t.dy[at:at+t.VDim], t.y[at:at+t.VDim]))
	}
}

// blockGrads returns the probabilities of the keys from j on that dropout has kept, and the
// gradients with respect to the scores, times factor.
func (t *attention[T]) blockGrads(w *attentionSpace[T], q queries, j int, factor T) (kept, ds []T) {
	cols, ld := q.columns(j)
	p, ds := w.scores[:q.m*ld], w.grads[:q.m*ld]
	t.scores(w, q, j, p)
	w.byTransposed(product[T]{
		m: q.m, n: cols, k: t.VDim, lda: t.Heads * t.VDim, ldb: t.KVHeads * t.VDim, ldc: ld,
		a: t.dy[t.atO(q.n, q.h, q.first):], b: t.in.V[t.atV(q.n, q.g, j):], c: ds,
	}, &w.vT, j)
	scale := t.hide(w, q, j, p)
	kept = p
	if t.Rate > 0 {
		kept = w.kept[:len(p)]
		for r := range q.m {
			t.drop(q, j, r, ds[r*ld:][:cols], ds[r*ld:][:cols])
		}
	}
	softmaxGradRows(p, ds, q.m, scale, factor, t.lse[(q.n*t.Heads+q.h)*t.Queries+q.first:], w.deltas[:])
	if t.Rate > 0 {
		for r := range q.m {
			t.drop(q, j, r, kept[r*ld:][:cols], p[r*ld:][:cols])
		}
	}
	return kept, ds
}

// softGrads is an argument of the assembly, which relies on its layout.
type softGrads struct {
	x, d, lse, deltas unsafe.Pointer
	rows, row         int    // row: bytes of one
	scale, factor     uint64 // bits of a float32
}

// softmaxGradRows sets rows of scores x to their probabilities p = exp(scale·x − lse), and d,
// the gradients with respect to these, to factor·p·(d − deltas).
func softmaxGradRows[T Float](x, d []T, rows int, scale, factor T, lse, deltas []T) {
	n := len(x) / rows
	if assembly && single[T]() {
		s := softGrads{x: first(x), d: first(d), lse: first(lse), deltas: first(deltas), rows: rows, row: 4 * n, scale: floatBits(scale), factor: floatBits(factor)}
		softGradsVector[T](&s)
		return
	}
	for r := range rows {
		row := x[r*n:][:n]
		axpb(row, scale, row, -lse[r])
		axpb(d[r*n:][:n], factor, d[r*n:][:n], -deltas[r]*factor)
	}
	unary(Exp, 0, x, x)
	mulVV(d, d, x)
}

// AttentionBiasGrad computes the gradient with respect to the bias from what AttentionBackward
// is given. What a bias is repeated over is summed in its order.
func AttentionBiasGrad[T Float](a *Attention, in *AttentionOperands[T], y, lse, dy, dbias []T) {
	t := take[T, attention[T]](&attentionPool)
	t.kind, t.Attention, t.in, t.y, t.lse, t.dy, t.dbias = attendBias, *a, *in, y, lse, dy, dbias
	flop := 2 * a.Batch * a.Heads * a.Queries * a.Keys * (a.Dim + a.VDim)
	t.do(a.BiasBatch*a.BiasHeads*a.queryBlocks(), flop)
}

// biasPart computes the gradient of a block of the queries of one bias.
func (t *attention[T]) biasPart(w *attentionSpace[T], i int) {
	bias, block := i/t.queryBlocks(), i%t.queryBlocks()
	n0, n1, h0, h1 := 0, t.Batch, 0, t.Heads
	if t.BiasBatch > 1 {
		n0, n1 = bias/t.BiasHeads, bias/t.BiasHeads+1
	}
	if t.BiasHeads > 1 {
		h0, h1 = bias%t.BiasHeads, bias%t.BiasHeads+1
	}
	first := block * t.queryBlock()
	m := min(t.queryBlock(), t.Queries-first)
	at := t.atBias(n0, h0, first)
	clear(t.dbias[at : at+m*t.Keys])
	for n := n0; n < n1; n++ {
		t.begin(w, n)
		for h := h0; h < h1; h++ {
			t.biasBlock(w, t.item(w, n, h/t.share(), h%t.share()*t.queryBlocks()+block), t.dbias[at:])
		}
	}
}

// biasBlock adds the gradients with respect to the scores of a block of queries to dbias.
func (t *attention[T]) biasBlock(w *attentionSpace[T], q queries, dbias []T) {
	w.kT.fill(true, q.limit, keyBlock, t.Dim, t.in.K[t.atK(q.n, q.g, 0):], t.KVHeads*t.Dim)
	w.vT.fill(true, q.limit, keyBlock, t.VDim, t.in.V[t.atV(q.n, q.g, 0):], t.KVHeads*t.VDim)
	t.differences(w, q)
	for j := 0; j < q.limit; j += keyBlock {
		_, ds := t.blockGrads(w, q, j, 1)
		cols, ld := q.columns(j)
		for r := range q.m {
			to := dbias[r*t.Keys+j:][:cols]
			addVV(to, to, ds[r*ld:])
		}
	}
}
