package trees

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSortFloats(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	draws := map[string]func() float64{
		"normal":    g.NormFloat64,
		"few":       func() float64 { return float64(g.IntN(5) - 2) },
		"zeros":     func() float64 { return math.Copysign(0, g.Float64()-0.5) },
		"seconds":   func() float64 { return 1.7e9 + float64(g.IntN(1e6)) },
		"any size":  func() float64 { return math.Ldexp(g.NormFloat64(), g.IntN(2000)-1000) },
		"subnormal": func() float64 { return math.Copysign(5e-324*float64(g.IntN(100)), g.Float64()-0.5) },
	}
	for name, draw := range draws {
		for _, n := range []int{0, 1, 999, 1000, 5000} {
			v := make([]float64, n)
			for i := range v {
				v[i] = draw()
			}
			want := slices.Clone(v)
			slices.Sort(want)
			sortFloats(v)
			if !slices.Equal(v, want) {
				t.Errorf("%s: %d numbers are not sorted", name, n)
			}
		}
	}
}

func TestSortKeys(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 24, 25, 160, 161, 3000} {
		for _, rankBits := range []int{0, 1, 8, 9, 20} {
			keys := make([]uint64, n)
			for i := range keys {
				keys[i] = g.Uint64N(1<<rankBits)<<32 | uint64(i)
			}
			want := slices.Clone(keys)
			slices.Sort(want)
			sortKeys(keys, make([]uint64, n+3), rankBits)
			if !slices.Equal(keys, want) {
				t.Errorf("%d keys of %d bits are not sorted", n, rankBits)
			}
		}
	}
}
