package moments

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// TestSketch holds quantiles of long columns in hard orders to the documented bound on
// their rank, and moments to those of all values.
func TestSketch(t *testing.T) {
	const n = 3_000_000
	r := rand.New(rand.NewPCG(1, 2))
	bound := math.Log2(float64(n)/bufferSize) / (2 * bufferSize)
	for name, value := range map[string]func(i int) float64{
		"random":    func(int) float64 { return r.NormFloat64() },
		"ascending": func(i int) float64 { return float64(i) },
		"falling":   func(i int) float64 { return -float64(i) },
		"zigzag":    func(i int) float64 { return float64(i%2*2-1) * float64(i) },
		"periodic":  func(i int) float64 { return float64(i % (2 * bufferSize)) },
		"heavy":     func(int) float64 { return math.Pow(r.Float64(), -3) },
		"few":       func(i int) float64 { return float64(i % 7) },
	} {
		t.Run(name, func(t *testing.T) {
			var s Sketch
			all := make([]float64, n)
			for i := range all {
				all[i] = value(i)
				s.Add(all[i])
			}
			mean, std := MeanStd(all)
			if m, d := s.MeanStd(); math.Abs(m-mean) > 1e-9*(math.Abs(mean)+std) || math.Abs(d-std) > 1e-9*std {
				t.Errorf("mean %v, std %v; want %v, %v", m, d, mean, std)
			}
			slices.Sort(all)
			got := s.Sorted()
			if !slices.IsSorted(got) || got[0] != all[0] || got[len(got)-1] != all[n-1] || s.Len() != n {
				t.Fatalf("%d values from %v to %v, want those from %v to %v", len(got), got[0], got[len(got)-1], all[0], all[n-1])
			}
			worst := 0.0
			for _, q := range []float64{0.001, 0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.99, 0.999} {
				v := Quantile(got, q)
				low := sort.SearchFloat64s(all, v)
				high := sort.Search(n, func(i int) bool { return all[i] > v })
				at := q * (n - 1)
				worst = max(worst, (float64(low)-at)/n, (at-float64(high))/n)
			}
			if worst > bound+2./summary {
				t.Errorf("a quantile is off by %v of the ranks, the bound is %v", worst, bound)
			}
		})
	}
}

// TestSketchIsExact: up to Exact values nothing is lost, and one value more is summarised.
func TestSketchIsExact(t *testing.T) {
	var s Sketch
	var all []float64
	for i := range Exact - 1 {
		x := float64(i*7919%Exact) / 3
		s.Add(x)
		all = append(all, x)
	}
	slices.Sort(all)
	if !slices.Equal(s.Sorted(), all) {
		t.Error("values are not kept as they are")
	}
	mean, std := MeanStd(all)
	if m, d := s.MeanStd(); m != mean || d != std {
		t.Errorf("%v, %v; want %v, %v", m, d, mean, std)
	}
	s.Add(1)
	s.Add(2)
	if got := len(s.Sorted()); got != summary {
		t.Errorf("%d values stand for %d", got, s.Len())
	}
	if (&Sketch{}).Sorted() != nil && len((&Sketch{}).Sorted()) != 0 {
		t.Error("an empty sketch has values")
	}
}

// TestWithoutQuantiles: the moments are those of a Sketch with quantiles, bit by bit, or
// the Sketch says that it is incomplete.
func TestWithoutQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 2, 1000, Exact - 1, Exact, Exact + 1, 3 * Exact} {
		for _, scale := range []float64{1, 1e200, 1e-200} {
			full, short := &Sketch{}, &Sketch{NoQuantiles: true}
			for range n {
				x := (5 + r.NormFloat64()) * scale
				full.Add(x)
				short.Add(x)
			}
			if want := n >= Exact && scale != 1; short.Incomplete() != want {
				t.Errorf("%d values of %g: incomplete: %v, want %v", n, scale, !want, want)
			} else if want {
				continue
			}
			mean, std := full.MeanStd()
			if m, s := short.MeanStd(); m != mean || s != std {
				t.Errorf("%d values of %g: %v and %v, want %v and %v", n, scale, m, s, mean, std)
			}
			a, b := short.Sorted(), full.Sorted()
			if a[0] != b[0] || a[len(a)-1] != b[len(b)-1] || short.Len() != n {
				t.Errorf("%d values of %g: from %v to %v, want %v to %v", n, scale, a[0], a[len(a)-1], b[0], b[len(b)-1])
			}
		}
	}
	same := &Sketch{NoQuantiles: true}
	for range 2 * Exact {
		same.Add(1e300)
	}
	if mean, std := same.MeanStd(); same.Incomplete() || mean != 1e300 || std != 0 {
		t.Errorf("equal values: %v, %v", mean, std)
	}
}
