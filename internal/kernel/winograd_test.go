package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// square is a convolution with kernels of 3×3.
func square(n, h, w, in, out, top, bottom, left, right int) Conv {
	return Conv{
		N: n, H: h, W: w, C: in, KH: 3, KW: 3, O: out, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1,
		Top: top, Bottom: bottom, Left: left, Right: right, Groups: 1,
	}
}

// Images of all small sizes with borders of all kinds, where transforms are chosen and
// where they are not.
func TestWinogradSizes(t *testing.T) {
	t.Run("float32", func(t *testing.T) { winogradSizes[float32](t, 1e-4) })
	t.Run("float64", func(t *testing.T) { winogradSizes[float64](t, 1e-12) })
}

func winogradSizes[T Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(41, 42))
	seen := 0
	for h := 3; h < 10; h++ {
		for w := 3; w < 10; w++ {
			c := square(1+r.IntN(3), h, w, 16+r.IntN(5), 30+r.IntN(40), r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3))
			if c.winograd() {
				seen++
			}
			x, k, bias := uniform[T](r, c.N*h*w*c.C), uniform[T](r, 9*c.C*c.O), uniform[T](r, c.O)
			dy := uniform[T](r, c.N*c.OutH()*c.OutW()*c.O)
			y, dx := make([]float64, len(dy)), make([]float64, len(x))
			for i := range y {
				y[i] = float64(bias[i%c.O])
			}
			naiveConv(&c, func(i, j, q int) {
				y[q] += float64(x[i]) * float64(k[j])
				dx[i] += float64(dy[q]) * float64(k[j])
			})
			gotY, gotX := uniform[T](r, len(y)), uniform[T](r, len(x))
			ConvForward(&c, x, k, bias, false, gotY)
			closeTo(t, fmt.Sprintf("%+v forward", c), gotY, y, tolerance)
			ConvInput(&c, dy, k, gotX)
			closeTo(t, fmt.Sprintf("%+v input gradient", c), gotX, dx, tolerance)
		}
	}
	if assembly && seen < 20 {
		t.Errorf("transforms were chosen %d times only", seen)
	}
}

// An image has the same result alone as among others, whatever these hold.
func TestWinogradImagesApart(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	c := square(9, 11, 14, 20, 50, 1, 1, 1, 1)
	image, result := c.H*c.W*c.C, c.OutH()*c.OutW()*c.O
	x, k, bias := uniform[float32](r, c.N*image), uniform[float32](r, 9*c.C*c.O), uniform[float32](r, c.O)
	x[4*image+777] = float32(math.NaN())
	all, one := make([]float32, c.N*result), make([]float32, result)
	ConvForward(&c, x, k, bias, true, all)
	for n := range c.N {
		if n == 4 {
			continue
		}
		alone := c
		alone.N = 1
		ConvForward(&alone, x[n*image:(n+1)*image], k, bias, true, one)
		sameBits(t, fmt.Sprint("image ", n), one, all[n*result:(n+1)*result])
	}
}

// The errors are not above those of plain sums of products, a few 1e-7 of a result's size.
func TestWinogradRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(45, 46))
	for _, channels := range []int{16, 64, 200} {
		c := square(1, 12, 12, channels, 32, 1, 1, 1, 1)
		x, k, bias := uniform[float32](r, c.H*c.W*c.C), uniform[float32](r, 9*c.C*c.O), make([]float32, c.O)
		want, plain, y := make([]float64, c.OutH()*c.OutW()*c.O), make([]float32, c.OutH()*c.OutW()*c.O), make([]float32, c.OutH()*c.OutW()*c.O)
		naiveConv(&c, func(i, j, q int) {
			want[q] += float64(x[i]) * float64(k[j])
			plain[q] += x[i] * k[j]
		})
		ConvForward(&c, x, k, bias, false, y)
		got, sums := distance(y, want), distance(plain, want)
		t.Logf("%d channels: %.1e, sums of products %.1e", channels, got, sums)
		if got > 1.1*sums {
			t.Errorf("%d channels: the error is %.1e of the size, that of sums of products %.1e", channels, got, sums)
		}
	}
}

// distance is the root mean square of a difference, as part of that of want.
func distance(got []float32, want []float64) float64 {
	var d, all float64
	for i, w := range want {
		d += (float64(got[i]) - w) * (float64(got[i]) - w)
		all += w * w
	}
	return math.Sqrt(d / all)
}
