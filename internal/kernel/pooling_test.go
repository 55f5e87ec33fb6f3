package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestPoolAgainstDefinition(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testPool[float32](t, 1e-5) })
	t.Run("float64", func(t *testing.T) { testPool[float64](t, 1e-13) })
}

func testPool[T Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(9, 1))
	list := convs(r)
	for _, channels := range []int{1, 8, 16, 33} { // windows that lie apart, that fill the image or do not
		for _, size := range [][4]int{{6, 6, 2, 2}, {7, 9, 2, 3}, {9, 7, 3, 2}, {5, 6, 1, 4}} {
			c := Conv{N: 2, H: size[0], W: size[1], C: channels, KH: size[2], KW: size[3], DilationH: 1, DilationW: 1}
			for step := range 2 {
				c.StrideH, c.StrideW = c.KH+step, c.KW+step
				list = append(list, c)
			}
		}
	}
	for _, c := range list {
		c.O, c.Groups = c.C, c.C
		c.Top, c.Bottom, c.Left, c.Right = min(c.Top, c.KH-1), min(c.Bottom, c.KH-1), min(c.Left, c.KW-1), min(c.Right, c.KW-1)
		if c.OutH() == 0 || c.OutW() == 0 {
			continue
		}
		name := fmt.Sprintf("%+v", c)
		x, dy := uniform[T](r, c.N*c.H*c.W*c.C), uniform[T](r, c.N*c.OutH()*c.OutW()*c.C)
		for i := range x { // ties
			x[i] = T(math.Round(float64(x[i])*8) / 8)
		}
		largest, mean, count, first := make([]float64, len(dy)), make([]float64, len(dy)), make([]float64, len(dy)), make([]int, len(dy))
		for i := range largest {
			largest[i] = math.Inf(-1)
		}
		naiveConv(&c, func(i, _, k int) {
			if v := float64(x[i]); v > largest[k] {
				largest[k], first[k] = v, i
			}
			mean[k] += float64(x[i])
			count[k]++
		})
		dmax, dmean := make([]float64, len(x)), make([]float64, len(x))
		for k := range mean {
			mean[k] /= max(1, count[k])
			if count[k] > 0 {
				dmax[first[k]] += float64(dy[k])
			}
		}
		naiveConv(&c, func(i, _, k int) { dmean[i] += float64(dy[k]) / count[k] })

		y, dx := uniform[T](r, len(dy)), uniform[T](r, len(x))
		AveragePool(&c, x, y)
		closeTo(t, name+" average", y, mean, tolerance)
		AveragePoolGrad(&c, dy, dx)
		closeTo(t, name+" gradient of average", dx, dmean, tolerance)
		MaxPool(&c, x, y)
		for k, n := range count { // a window in the border sees nothing
			if n == 0 {
				largest[k], y[k] = 0, 0
			}
		}
		closeTo(t, name+" maximum", y, largest, 0)
		MaxPoolGrad(&c, false, x, y, dy, dx)
		closeTo(t, name+" gradient of maximum", dx, dmax, tolerance)
		MaxPoolGrad(&c, true, x, y, dy, dx)
		for i, v := range x {
			if v <= 0 {
				dmax[i] = 0
			}
		}
		closeTo(t, name+" gradient of maximum and positive part", dx, dmax, tolerance)
	}
}

func TestMaxPoolOfNaN(t *testing.T) {
	for test := range 8 {
		at, stride := test%4, 1+test/4
		c := Conv{N: 1, H: 2, W: 2, C: 16, KH: 2, KW: 2, O: 16, Groups: 16, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1}
		x, y := make([]float32, 64), make([]float32, 16)
		for i := range x {
			x[i] = float32(i)
		}
		x[at*16+3] = float32(math.NaN())
		MaxPool(&c, x, y)
		for i, v := range y {
			if (v != v) != (i == 3) {
				t.Errorf("with NaN at pixel %d, channel %d is %v", at, i, v)
			}
		}
	}
}

func BenchmarkPool(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	c := Conv{N: 64, H: 28, W: 28, C: 32, KH: 2, KW: 2, O: 32, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Groups: 32}
	x, y := uniform[float32](r, c.N*c.H*c.W*c.C), uniform[float32](r, c.N*c.OutH()*c.OutW()*c.O)
	dx := make([]float32, len(x))
	for name, f := range map[string]func(){
		"max":         func() { MaxPool(&c, x, y) },
		"maxGradient": func() { MaxPoolGrad(&c, false, x, y, y, dx) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
			b.SetBytes(int64(4 * len(x)))
		})
	}
}
