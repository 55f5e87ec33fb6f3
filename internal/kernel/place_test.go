package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A result may take an operand's place where its function says so.
func TestInPlace(t *testing.T) {
	t.Run("float32", inPlace[float32])
	t.Run("float64", inPlace[float64])
}

func inPlace[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(24, 25))
	for _, n := range []int{1, 7, 70, 5*spanSize + 35} {
		x, y := uniform[T](r, n), uniform[T](r, n)
		dense, _ := NewStrided([]int{n}, []int{1}, []int{1})
		check := func(name string, from []T, f func(dst, from []T)) {
			t.Helper()
			want, got := make([]T, n), slices.Clone(from)
			f(want, from)
			f(got, got)
			near(t, fmt.Sprintf("%s of %d in place", name, n), got, want, 0)
		}
		for fn := range unaryCount {
			check(fn.String(), x, func(dst, x []T) { Unary(fn, 0.5, dst, x) })
			check(fn.String()+" gradient, value", x, func(dst, x []T) { UnaryGrad(fn, 0.5, dst, x, y) })
			check(fn.String()+" gradient, gradient", y, func(dst, y []T) { UnaryGrad(fn, 0.5, dst, x, y) })
		}
		for fn := Add; fn <= Greater; fn++ {
			check(fmt.Sprint("binary, first ", fn), x, func(dst, x []T) { Binary(fn, dst, x, y, &dense) })
			check(fmt.Sprint("binary, second ", fn), y, func(dst, y []T) { Binary(fn, dst, x, y, &dense) })
		}
		check("axpb", x, func(dst, x []T) { Axpb(dst, 0.3, x, 0.7) })
		check("dropout", x, func(dst, x []T) { Dropout(dst, x, 0.3, 5) })
		for _, width := range []int{1, 7, n} {
			if n%width == 0 {
				check(fmt.Sprint("softmax ", width), x, func(dst, x []T) { Softmax(dst, x, width) })
				check(fmt.Sprint("log-softmax ", width), x, func(dst, x []T) { LogSoftmax(dst, x, width) })
			}
		}
		check("logistic loss, gradient", y, func(dst, y []T) { LogisticLossGrad(dst, x, x, y, 2) })
	}
}

func TestGather(t *testing.T) {
	r := rand.New(rand.NewPCG(26, 27))
	for _, s := range [][3]int{{0, 5, 3}, {1, 1, 1}, {50, 9, 13}, {3 * longCopy, 1000, 1}, {longCopy, 100, 3}, {5, 3, longCopy}, {4, 0, 0}} {
		n, w := s[0], s[2]
		src, rows := uniform[float32](r, s[1]*w), make([]int, n)
		want := make([]float32, 0, n*w)
		for i := range rows {
			rows[i] = r.IntN(max(1, s[1]))
			want = append(want, src[rows[i]*w:(rows[i]+1)*w]...)
		}
		got := make([]float32, n*w)
		Gather(got, src, rows, w)
		near(t, fmt.Sprint(s), got, want, 0)
	}
}

func BenchmarkGather(b *testing.B) {
	for _, w := range []int{1, 30, 784} {
		rows := rand.New(rand.NewPCG(28, 29)).Perm(1 << 20 / w)
		src, dst := make([]float32, len(rows)*w), make([]float32, len(rows)*w)
		b.Run(fmt.Sprint(w), func(b *testing.B) {
			b.SetBytes(int64(4 * len(dst)))
			for b.Loop() {
				Gather(dst, src, rows, w)
			}
		})
	}
}
