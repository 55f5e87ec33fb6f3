package kernel

// A weight gradient sums over all samples. To keep each worker's samples in its own cache,
// groups of samples are computed in parallel and then summed. The grouping depends on the
// sizes alone, so the result does not depend on the number of workers.

// productGroups is the number of groups of a long product.
const productGroups = 4

// long reports whether a product is such a gradient, with many samples and few weights.
func (p *product[T]) long() bool {
	return p.transA && p.k >= 1024 && p.m*p.n <= 1<<17 && p.start == startZero && !p.relu && p.ldc == p.n && p.packed == nil
}

// groups is a product in groups, each of them in pieces of rows.
type groups[T Float] struct {
	job     job
	product product[T]
	partial []T
	memory  []T // of partial
	pieces  int
}

var groupsPool workspaces

func (p *product[T]) byGroups() {
	g := take[T, groups[T]](&groupsPool)
	g.product = *p
	g.partial = grown(&g.memory, productGroups*p.m*p.n)
	g.pieces = min((helpers()+productGroups)/productGroups, (p.m+tileRows-1)/tileRows)
	shareOut(&g.job, g, productGroups*g.pieces, 2*p.m*p.n*p.k)
	sumRows(p.c[:p.m*p.n], g.partial, productGroups)
	g.product = product[T]{}
	give[T](&groupsPool, g)
}

func (g *groups[T]) part(i int) {
	p := g.product
	group, piece := i/g.pieces, i%g.pieces
	k0, k1 := group*p.k/productGroups, (group+1)*p.k/productGroups
	m0, m1 := piece*p.m/g.pieces, (piece+1)*p.m/g.pieces
	p.a = p.a[k0*p.lda+m0:]
	if p.transB {
		p.b = p.b[k0:]
	} else {
		p.b = p.b[k0*p.ldb:]
	}
	p.c = g.partial[(group*g.product.m+m0)*p.n:]
	p.k, p.m = k1-k0, m1-m0
	p.compute()
}
