package kernel

import (
	"fmt"
	"math"
	"testing"
)

// TestAttentionOfLastQueries: with a cache of keys, where the last queries come alone, their results are
// those of all queries at once, up to rounding; a query without keys gives 0.
func TestAttentionOfLastQueries(t *testing.T) {
	t.Run("float32", func(t *testing.T) { attentionOfLastQueries[float32](t, 1e-6) })
	t.Run("float64", func(t *testing.T) { attentionOfLastQueries[float64](t, 1e-14) })
}

func attentionOfLastQueries[T Float](t *testing.T, tolerance float64) {
	const n, dim = 300, 24
	a := Attention{Batch: 1, Queries: n, Keys: n, Heads: 1, KVHeads: 1, Dim: dim, VDim: dim, Scale: 0.2, Causal: true, BiasBatch: 1, BiasHeads: 1}
	in := AttentionOperands[T]{Q: random[T](n*dim, 1), K: random[T](n*dim, 2), V: random[T](n*dim, 3)}
	all, lse := make([]T, n*dim), make([]T, n)
	AttentionForward(&a, &in, all, lse)
	for _, last := range []int{1, 5, 130} {
		some, from := a, (n-last)*dim
		some.Queries = last
		y := make([]T, last*dim)
		AttentionForward(&some, &AttentionOperands[T]{Q: in.Q[from:], K: in.K, V: in.V}, y, nil)
		for i, v := range y {
			if d := math.Abs(float64(v - all[from+i])); !(d <= tolerance) {
				t.Fatalf("last %d queries: element %d is %v, %v among all", last, i, v, all[from+i])
			}
		}
	}
	more := a
	more.Queries, more.Keys = 10, 4 // queries 0 to 5 come before the first key
	y := make([]T, 10*dim)
	AttentionForward(&more, &in, y, lse)
	for i := range 10 {
		sum := 0.0
		for _, v := range y[i*dim : (i+1)*dim] {
			sum += math.Abs(float64(v))
		}
		if none := i < 6; none != (sum == 0) || none != math.IsInf(float64(lse[i]), 1) {
			t.Errorf("query %d: sum of absolute values %v, lse %v", i, sum, lse[i])
		}
	}
}

// TestSoftmaxRows holds the fused functions of rows to their formulas.
func TestSoftmaxRows(t *testing.T) {
	const rows = 3
	for _, n := range []int{32, 64, 96, 128} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			x := random[float32](rows*n, 1)
			for i := n / 2; i < n; i++ { // half of the first row is hidden, and all of the last
				x[i] = float32(math.Inf(-1))
			}
			Fill(x[2*n:], float32(math.Inf(-1)))
			was := append([]float32(nil), x...)
			peaks, sums := []float32{0.5, -1, lowest[float32]()}, []float32{2, 3, 0}
			before, total := append([]float32(nil), peaks...), append([]float32(nil), sums...)
			rescales := make([]float32, rows)
			const scale = 1.5
			softmaxRows(x, rows, scale, peaks, sums, rescales)
			near := func(what string, have float32, want float64) {
				t.Helper()
				if !(math.Abs(float64(have)-want) <= 1e-5*max(1, math.Abs(want))) {
					t.Errorf("%s: %v, want %v", what, have, want)
				}
			}
			for r := range rows {
				most := float64(before[r])
				for _, v := range was[r*n : (r+1)*n] {
					most = max(most, scale*float64(v))
				}
				near("peak", peaks[r], most)
				down := math.Exp(float64(before[r]) - most)
				near("rescale", rescales[r], down)
				sum := float64(total[r]) * down
				for i, v := range was[r*n : (r+1)*n] {
					e := math.Exp(scale*float64(v) - most)
					near("exponential", x[r*n+i], e)
					sum += e
				}
				near("sum", sums[r], sum)
			}
			d := random[float32](rows*n, 2)
			x, g := was, append([]float32(nil), d...)
			x2 := append([]float32(nil), was...)
			lse, deltas := []float32{1, 2, float32(math.Inf(1))}, []float32{0.1, -0.2, 0}
			softmaxGradRows(x, d, rows, scale, 0.5, lse, deltas)
			for i, v := range x2 {
				p := math.Exp(scale*float64(v) - float64(lse[i/n]))
				near("probability", x[i], p)
				near("gradient", d[i], 0.5*p*(float64(g[i])-float64(deltas[i/n])))
			}
		})
	}
}
