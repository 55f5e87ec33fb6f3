package kernel

import (
	"slices"
	"testing"
)

// TestRankPair holds a step to its definition in float64, of widths with and without a tail.
func TestRankPair(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testRankPair[float32](t, 1e-6) })
	t.Run("float64", func(t *testing.T) { testRankPair[float64](t, 1e-15) })
}

func testRankPair[T Float](t *testing.T, tolerance float64) {
	const slope, shrink = 0.3, -0.02
	for n := range 70 {
		var v [6][]T
		var want [3][]float64
		for k := range v {
			v[k] = random[T](n, uint64(k+1))
		}
		for k := range want {
			want[k] = make([]float64, n)
			for c := range n {
				u, i, j := float64(v[3][c]), float64(v[4][c]), float64(v[5][c])
				want[k][c] = float64(v[k][c]) + []float64{slope*(i-j) + shrink*u, slope*u + shrink*i, -slope*u + shrink*j}[k]
			}
		}
		var copies [3][]T
		for k := range copies {
			copies[k] = make([]T, n)
		}
		sum := 0.0
		for c := range n {
			sum += float64(v[3][c]) * (float64(v[5][c]) - float64(v[4][c]))
		}
		if got := RankLook(copies[0], copies[1], copies[2], v[3], v[4], v[5]); !(got-sum <= 1e-12 && sum-got <= 1e-12) {
			t.Fatalf("%d numbers: the product is %v, want %v", n, got, sum)
		}
		for k := range copies {
			if !slices.Equal(copies[k], v[3+k]) {
				t.Fatalf("%d numbers: vector %d is copied as %v, want %v", n, k, copies[k], v[3+k])
			}
		}
		RankPair(&RankStep[T]{slope, -slope, shrink}, v[0], v[1], v[2], v[3], v[4], v[5])
		for k := range want {
			for c, x := range want[k] {
				if d := float64(v[k][c]) - x; !(d <= tolerance && -d <= tolerance) {
					t.Fatalf("%d numbers: number %d of vector %d is %v, want %v", n, c, k, v[k][c], x)
				}
			}
		}
	}
}

func TestRankInBounds(t *testing.T) {
	guardedRun(t, func(g *guard) {
		for n := 1; n < 70; n++ {
			var v [6][]float32
			for k := range v {
				v[k] = guarded[float32](g, n)
			}
			RankPair(&RankStep[float32]{0.3, -0.3, -0.01}, v[0], v[1], v[2], v[3], v[4], v[5])
			RankLook(v[0], v[1], v[2], v[3], v[4], v[5])
			PrefetchRow(v[0], 0, n)
			g.close()
		}
	})
}
