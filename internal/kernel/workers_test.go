package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// passes are kernels of sizes that workers share, each with what it computes.
// Convolutions and recurrences have tests of their own.
func passes[T Float](r *rand.Rand) map[string]func() []T {
	const n = 3*spanSize + 177
	array := func(n int) []T { return uniform[T](r, n) }
	list := map[string]func() []T{}
	add := func(name string, size int, f func(dst []T)) {
		list[name] = func() []T {
			dst := make([]T, size)
			f(dst)
			return dst
		}
	}
	x, y, z, w := array(n), array(n), array(n), array(n)
	for fn := range unaryCount {
		add(fn.String(), n, func(dst []T) { Unary(fn, 1, dst, x) })
		add(fn.String()+" gradient", n, func(dst []T) { UnaryGrad(fn, 1, dst, x, y) })
	}
	dense, _ := NewStrided([]int{n}, []int{1}, []int{1})
	for fn := Add; fn <= Greater; fn++ {
		add(fmt.Sprint("binary ", fn), n, func(dst []T) { Binary(fn, dst, x, y, &dense) })
	}
	add("alpha x + beta", n, func(dst []T) { Axpb(dst, 0.3, x, 0.7) })
	add("axpy", n, func(dst []T) { copy(dst, y); Axpy(0.3, x, dst) })
	add("add", n, func(dst []T) { copy(dst, y); AddTo(dst, x) })
	add("dropout", n, func(dst []T) { Dropout(dst, x, 0.4, 77) })
	add("sum of squares", 1, func(dst []T) { dst[0] = T(SumSquares(x)) })
	add("Adam", 3*n, func(dst []T) {
		m, v := dst[n:2*n], dst[2*n:]
		copy(dst, x)
		copy(m, y)
		for i, e := range z {
			v[i] = e * e
		}
		Adam(&AdamStep[T]{0.9, 0.1, 0.99, 0.01, 1e-8, 0.02, 0.97, 0.3, 1.7}, dst[:n], m, v, w)
	})
	rows := r.Perm(400)
	table := array(400 * 200)
	add("gather", 300*200, func(dst []T) { Gather(dst, table, rows[:300], 200) })
	all, _ := NewStrided([]int{n}, []int{1}, []int{0})
	add("sum", 1, func(dst []T) { Sum(dst, x, &all) })
	for _, s := range [][2]int{{4000, 10}, {900, 64}, {50, 1000}, {3, 20000}} {
		v := array(s[0] * s[1])
		down, _ := NewStrided([]int{s[0], s[1]}, []int{s[1], 1}, []int{0, 1})
		across, _ := NewStrided([]int{s[0], s[1]}, []int{s[1], 1}, []int{1, 0})
		add(fmt.Sprint("sum of rows ", s), s[1], func(dst []T) { Sum(dst, v, &down) })
		add(fmt.Sprint("sum of columns ", s), s[0], func(dst []T) { Sum(dst, v, &across) })
	}
	for _, s := range [][3]int{{128, 256, 784}, {784, 256, 128}, {64, 128, 1500}, {28, 512, 1792}, {300, 10, 500}, {5, 2000, 300}, {1030, 1100, 270}} {
		m, n, k := s[0], s[1], s[2]
		a, b, bias := array(m*k), array(k*n), array(n)
		for trans := range 4 {
			add(fmt.Sprintf("product %v, transposed %02b", s, trans), m*n, func(dst []T) {
				Gemm(trans&1 > 0, trans&2 > 0, m, n, k, a, b, 0, dst)
			})
		}
		add(fmt.Sprintf("product %v with bias", s), m*n, func(dst []T) { GemmBias(m, n, k, a, b, bias, true, dst) })
	}
	for _, s := range [][2]int{{900, 64}, {4000, 19}, {70, 1000}} {
		n := s[1]
		norm := Norm{N: n, Epsilon: 1e-3}
		x, g, gamma, beta, m := array(s[0]*n), array(s[0]*n), array(n), array(n), make([]T, 2*n)
		Moments(n, x, m)
		add(fmt.Sprint("moments ", s), 2*n, func(dst []T) { Moments(n, x, dst) })
		add(fmt.Sprint("batch normalisation ", s), len(x), func(dst []T) { BatchNorm(norm, x, m, gamma, beta, dst) })
		add(fmt.Sprint("its gradient ", s), len(x), func(dst []T) {
			sums := make([]T, 2*n)
			BatchNormSums(norm, x, m, g, sums)
			BatchNormGrad(norm, x, m, gamma, g, sums, dst)
		})
		add(fmt.Sprint("layer normalisation ", s), len(x), func(dst []T) { LayerNorm(norm, x, gamma, beta, dst) })
		add(fmt.Sprint("its gradient by x ", s), len(x), func(dst []T) { LayerNormGrad(norm, x, gamma, g, dst) })
		add(fmt.Sprint("its gradients by scale and shift ", s), 2*n, func(dst []T) { LayerNormSums(norm, x, g, dst) })
	}
	for stride := 1; stride <= 2; stride++ {
		c := Conv{N: 9, H: 21, W: 18, C: 33, KH: 2, KW: 2, O: 33, Groups: 33, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1}
		in, out := c.N*c.H*c.W*c.C, c.N*c.OutH()*c.OutW()*c.C
		x, dy, y := array(in), array(out), make([]T, out)
		MaxPool(&c, x, y)
		add(fmt.Sprint("maximum pooling, stride ", stride), out, func(dst []T) { MaxPool(&c, x, dst) })
		add(fmt.Sprint("average pooling, stride ", stride), out, func(dst []T) { AveragePool(&c, x, dst) })
		add(fmt.Sprint("gradient of maximum pooling, stride ", stride), in, func(dst []T) { MaxPoolGrad(&c, stride == 1, x, y, dy, dst) })
		add(fmt.Sprint("gradient of average pooling, stride ", stride), in, func(dst []T) { AveragePoolGrad(&c, dy, dst) })
	}
	return list
}

// The number of workers changes no bit of any kernel.
func TestWorkers(t *testing.T) {
	t.Run("float32", testWorkers[float32])
	t.Run("float64", testWorkers[float64])
}

func testWorkers[T Float](t *testing.T) {
	defer SetThreads(Threads())
	for name, run := range passes[T](rand.New(rand.NewPCG(13, 14))) {
		SetThreads(1)
		want := run()
		for _, n := range []int{2, 4, 3, 2} {
			SetThreads(n)
			for i, v := range run() {
				if math.Float64bits(float64(v)) != math.Float64bits(float64(want[i])) {
					t.Errorf("%s, %d threads: element %d is %v, was %v", name, n, i, v, want[i])
					break
				}
			}
		}
	}
}
