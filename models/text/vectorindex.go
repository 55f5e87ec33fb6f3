package text

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/text"
)

// VectorIndex finds the vectors that have the largest products with a query: all are computed, none
// is left out by a bound. It is safe for use by several goroutines.
type VectorIndex struct {
	dim, n int
	blocks [][]float32 // transposed: (dim, blockVectors), zeros where the last has fewer
}

// blockVectors is the number of vectors whose products are computed at once, so that they and a
// block stay in the cache.
const blockVectors = 1024

// NewVectorIndex returns the index of vectors of the given dimension, row by row, which it copies.
func NewVectorIndex(dim int, vectors []float32) (*VectorIndex, error) {
	if dim < 1 || dim > mostSize || len(vectors) == 0 || len(vectors)%dim != 0 {
		return nil, fmt.Errorf("text: index: %d numbers of vectors of %d: want at least one vector of 1 to %d", len(vectors), dim, mostSize)
	}
	for i, v := range vectors {
		if v-v != 0 {
			return nil, fmt.Errorf("text: index: number %d of vector %d is %v", i%dim, i/dim, v)
		}
	}
	x := &VectorIndex{dim: dim, n: len(vectors) / dim}
	for from := 0; from < x.n; from += blockVectors {
		block := make([]float32, dim*blockVectors)
		for i := range min(blockVectors, x.n-from) {
			for j, v := range vectors[(from+i)*dim : (from+i+1)*dim] {
				block[j*blockVectors+i] = v
			}
		}
		x.blocks = append(x.blocks, block)
	}
	return x, nil
}

// Len returns the number of vectors.
func (x *VectorIndex) Len() int {
	if x == nil {
		return 0
	}
	return x.n
}

// Dim returns the number of numbers of a vector.
func (x *VectorIndex) Dim() int {
	if x == nil {
		return 0
	}
	return x.dim
}

// vectors returns the vectors row by row.
func (x *VectorIndex) vectors() []float32 {
	out := make([]float32, x.n*x.dim)
	for i := range x.n {
		block, at := x.blocks[i/blockVectors], i%blockVectors
		for j := range x.dim {
			out[i*x.dim+j] = block[j*blockVectors+at]
		}
	}
	return out
}

// Search returns, for each query, the k vectors with the largest products in descending order, ties by
// ascending number. queries holds them row by row. A query's result does not depend on those
// beside it.
func (x *VectorIndex) Search(queries []float32, k int) ([][]text.Hit, error) {
	switch {
	case x.Len() == 0:
		return nil, errors.New("text: index: there are no vectors")
	case k < 1:
		return nil, fmt.Errorf("text: index: the best %d vectors: want 1 or more", k)
	case len(queries)%x.dim != 0:
		return nil, fmt.Errorf("text: index: queries of %d numbers for vectors of %d", len(queries), x.dim)
	}
	for i, v := range queries {
		if v-v != 0 {
			return nil, fmt.Errorf("text: index: number %d of query %d is %v", i%x.dim, i/x.dim, v)
		}
	}
	kernel.Enter()
	defer kernel.Leave()
	out := make([][]text.Hit, len(queries)/x.dim)
	const most = 32 // queries at once
	products := make([]float32, min(most, len(out))*blockVectors)
	for from := 0; from < len(out); from += most {
		part := out[from:min(from+most, len(out))]
		x.search(part, queries[from*x.dim:(from+len(part))*x.dim], min(k, x.n), products[:len(part)*blockVectors])
	}
	return out, nil
}

// search finds the best k of some queries.
func (x *VectorIndex) search(out [][]text.Hit, queries []float32, k int, products []float32) {
	best := make([]top, len(out))
	for i := range best {
		best[i] = top{k: k, least: math.Inf(-1)}
	}
	for b, block := range x.blocks {
		kernel.Gemm(false, false, len(out), blockVectors, x.dim, queries, block, 0, products)
		n := min(blockVectors, x.n-b*blockVectors)
		for i := range out {
			t := &best[i]
			for j, v := range products[i*blockVectors:][:n] {
				if float64(v) > t.least {
					t.add(text.Hit{Text: b*blockVectors + j, Score: float64(v)})
				}
			}
		}
	}
	for i := range out {
		out[i] = best[i].sorted()
	}
}

// before is negative if a hit comes before another: its score is greater, or its number smaller.
func before(a, b text.Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Text, b.Text))
}

// top holds the k best of hits that are added by ascending number.
type top struct {
	k     int
	hits  []text.Hit
	least float64 // hits of no greater score are not among the best
}

// add adds a hit. Up to 2k are kept before they are sorted.
func (t *top) add(h text.Hit) {
	if t.hits = append(t.hits, h); len(t.hits) >= 2*t.k {
		t.hits = t.sorted()
		t.least = t.hits[t.k-1].Score
	}
}

// sorted returns the best hits in order.
func (t *top) sorted() []text.Hit {
	slices.SortFunc(t.hits, before)
	return t.hits[:min(t.k, len(t.hits))]
}
