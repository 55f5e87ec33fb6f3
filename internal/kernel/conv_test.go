package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// naiveConv calls f for every product of a convolution: indices into x, w and y.
func naiveConv(c *Conv, f func(x, w, y int)) {
	ig, og := c.C/c.Groups, c.O/c.Groups
	for n := range c.N {
		for r := range c.OutH() {
			for q := range c.OutW() {
				for kh := range c.KH {
					for kw := range c.KW {
						h, w := r*c.StrideH+kh*c.DilationH-c.Top, q*c.StrideW+kw*c.DilationW-c.Left
						if h < 0 || h >= c.H || w < 0 || w >= c.W {
							continue
						}
						for o := range c.O {
							for i := range ig {
								f(((n*c.H+h)*c.W+w)*c.C+o/og*ig+i, ((kh*c.KW+kw)*ig+i)*c.O+o, ((n*c.OutH()+r)*c.OutW()+q)*c.O+o)
							}
						}
					}
				}
			}
		}
	}
}

// convs returns the geometries that are tested: the named ones and random ones.
func convs(r *rand.Rand) []Conv {
	list := []Conv{
		{N: 2, H: 28, W: 28, C: 1, KH: 3, KW: 3, O: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 1},
		{N: 3, H: 14, W: 14, C: 32, KH: 3, KW: 3, O: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 1},
		{N: 3, H: 13, W: 9, C: 17, KH: 3, KW: 3, O: 45, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 1},
		{N: 2, H: 12, W: 15, C: 50, KH: 3, KW: 3, O: 20, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1},
		{N: 2, H: 8, W: 7, C: 40, KH: 3, KW: 3, O: 16, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Bottom: 2, Left: 2, Groups: 1},
		{N: 5, H: 7, W: 7, C: 8, KH: 1, KW: 1, O: 17, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1},
		{N: 2, H: 40, W: 30, C: 24, KH: 3, KW: 3, O: 24, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 24},
		{N: 9, H: 11, W: 13, C: 151, KH: 5, KW: 3, O: 151, StrideH: 2, StrideW: 3, DilationH: 3, DilationW: 2, Top: 7, Bottom: 1, Left: 3, Right: 4, Groups: 151},
		{N: 2, H: 9, W: 8, C: 70, KH: 3, KW: 2, O: 70, StrideH: 3, StrideW: 2, DilationH: 1, DilationW: 4, Top: 1, Right: 5, Groups: 70},
		{N: 3, H: 10, W: 9, C: 19, KH: 3, KW: 3, O: 38, StrideH: 2, StrideW: 1, DilationH: 1, DilationW: 2, Top: 1, Bottom: 1, Left: 2, Right: 2, Groups: 19},
		{N: 2, H: 12, W: 12, C: 6, KH: 2, KW: 3, O: 18, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Right: 1, Groups: 6},
		{N: 5, H: 20, W: 21, C: 40, KH: 3, KW: 3, O: 72, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 4},
		{N: 4, H: 1, W: 50, C: 6, KH: 1, KW: 5, O: 7, StrideH: 1, StrideW: 2, DilationH: 1, DilationW: 1, Left: 4, Groups: 1},
	}
	for len(list) < 60 {
		g := 1 + r.IntN(3)
		c := Conv{
			N: 1 + r.IntN(3), H: 1 + r.IntN(12), W: 1 + r.IntN(12), C: g * (1 + r.IntN(6)),
			KH: 1 + r.IntN(4), KW: 1 + r.IntN(4), O: g * (1 + r.IntN(20)),
			StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3), DilationH: 1 + r.IntN(2), DilationW: 1 + r.IntN(2),
			Top: r.IntN(4), Bottom: r.IntN(4), Left: r.IntN(4), Right: r.IntN(4), Groups: g,
		}
		if r.IntN(3) == 0 {
			c.DilationW = 1
		}
		if r.IntN(3) == 0 {
			c.O, c.Groups = c.C, c.C
		}
		if c.OutH() > 0 && c.OutW() > 0 {
			list = append(list, c)
		}
	}
	return list
}

func uniform[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.Float64()*2 - 1)
	}
	return x
}

// close compares with the scale of the largest value: sums cancel.
func closeTo[T Float](t *testing.T, name string, got []T, want []float64, tolerance float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance*(1+math.Abs(w))) {
			t.Errorf("%s: element %d is %v, want %v", name, i, got[i], w)
			return
		}
	}
}

func TestConvAgainstDefinition(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testConv[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { testConv[float64](t, 1e-12) })
}

func testConv[T Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range convs(r) {
		name := fmt.Sprintf("%+v", c)
		x, w := uniform[T](r, c.N*c.H*c.W*c.C), uniform[T](r, c.KH*c.KW*c.C/c.Groups*c.O)
		dy, bias := uniform[T](r, c.N*c.OutH()*c.OutW()*c.O), uniform[T](r, c.O)
		y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
		for i := range y {
			y[i] = float64(bias[i%c.O])
		}
		naiveConv(&c, func(i, j, k int) {
			y[k] += float64(x[i]) * float64(w[j])
			dx[i] += float64(dy[k]) * float64(w[j])
			dw[j] += float64(dy[k]) * float64(x[i])
		})
		positive := make([]float64, len(y))
		for i, v := range y {
			positive[i] = max(v, 0)
		}
		gotY, gotX, gotW := uniform[T](r, len(y)), uniform[T](r, len(x)), uniform[T](r, len(w))
		ConvForward(&c, x, w, bias, false, gotY)
		closeTo(t, name+" forward", gotY, y, tolerance)
		ConvForward(&c, x, w, bias, true, gotY)
		closeTo(t, name+" with ReLU", gotY, positive, tolerance)
		ConvInput(&c, dy, w, gotX)
		closeTo(t, name+" input gradient", gotX, dx, tolerance)
		ConvWeights(&c, x, dy, gotW)
		closeTo(t, name+" kernels' gradient", gotW, dw, tolerance)
	}
}

// The number of workers does not change a bit.
func TestConvWorkers(t *testing.T) {
	defer SetThreads(0)
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range append(convs(r)[:10], Conv{N: 1, H: 60, W: 60, C: 16, KH: 3, KW: 3, O: 40, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Groups: 1}) {
		c.N *= 8
		x, w := uniform[float32](r, c.N*c.H*c.W*c.C), uniform[float32](r, c.KH*c.KW*c.C/c.Groups*c.O)
		dy, bias := uniform[float32](r, c.N*c.OutH()*c.OutW()*c.O), uniform[float32](r, c.O)
		var first [3][]float32
		for i, n := range []int{1, 2, 4, 3, 1} {
			SetThreads(n)
			got := [3][]float32{make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))}
			ConvForward(&c, x, w, bias, true, got[0])
			ConvInput(&c, dy, w, got[1])
			ConvWeights(&c, x, dy, got[2])
			if i == 0 {
				first = got
			}
			for j := range got {
				sameBits(t, fmt.Sprintf("%+v, pass %d, %d threads", c, j, n), got[j], first[j])
			}
		}
	}
}

func sameBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("%s: element %d is %v, was %v", name, i, got[i], want[i])
			return
		}
	}
}

func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range []Conv{
		{N: 64, H: 28, W: 28, C: 1, KH: 3, KW: 3, O: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 1},
		{N: 64, H: 14, W: 14, C: 32, KH: 3, KW: 3, O: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 1},
	} {
		x, w := uniform[float32](r, c.N*c.H*c.W*c.C), uniform[float32](r, c.KH*c.KW*c.C*c.O)
		y, bias := uniform[float32](r, c.N*c.OutH()*c.OutW()*c.O), uniform[float32](r, c.O)
		for _, p := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { ConvForward(&c, x, w, bias, true, y) }},
			{"input", func() { ConvInput(&c, y, w, x) }},
			{"weights", func() { ConvWeights(&c, x, y, w) }},
		} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", c.H, c.C, c.O, p.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.run()
				}
				b.ReportMetric(float64(c.FLOP())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
