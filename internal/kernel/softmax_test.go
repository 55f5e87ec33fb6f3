package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestRowsAgainstDefinition holds the softmax and the cross-entropies of short and
// of long rows to their definitions.
func TestRowsAgainstDefinition(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testRows[float32](t, 3e-6) })
	t.Run("float64", func(t *testing.T) { testRows[float64](t, 1e-13) })
}

func testRows[T Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, n := range []int{1, 3, 10, 16, 33, 100, 1000, spanSize + 5} {
		rows := 1 + r.IntN(5)
		z, q, g := uniform[T](r, rows*n), uniform[T](r, rows*n), uniform[T](r, rows)
		for i := range z {
			z[i], q[i] = 20*z[i], max(q[i], 0)
		}
		want := make([]int, rows)
		for i := range want {
			want[i] = r.IntN(n)
		}
		const eps = 0.1
		size := rows * n
		soft, logs, softGrad, logGrad := make([]float64, size), make([]float64, size), make([]float64, size), make([]float64, size)
		hard, hardGrad, mixed, mixedGrad := make([]float64, rows), make([]float64, size), make([]float64, rows), make([]float64, size)
		for i := range rows {
			lse, total, ofQ, dot := 0.0, 0.0, 0.0, 0.0
			for k := range n {
				lse += math.Exp(float64(z[i*n+k]))
			}
			lse = math.Log(lse)
			for k := range n {
				at := i*n + k
				soft[at], logs[at] = math.Exp(float64(z[at])-lse), float64(z[at])-lse
				dot += soft[at] * float64(q[at])
				total += float64(q[at])
				ofQ += (1-eps)*float64(q[at]) + eps/float64(n)
			}
			for k := range n {
				at := i*n + k
				one := 0.0
				if k == want[i] {
					one = 1
				}
				target, mix := (1-eps)*one+eps/float64(n), (1-eps)*float64(q[at])+eps/float64(n)
				softGrad[at], logGrad[at] = soft[at]*(float64(q[at])-dot), float64(q[at])-soft[at]*total
				hard[i] -= target * logs[at]
				mixed[i] -= mix * logs[at]
				hardGrad[at], mixedGrad[at] = float64(g[i])*(soft[at]-target), float64(g[i])*(soft[at]*ofQ-mix)
			}
		}
		check := func(what string, want []float64, f func(dst []T)) {
			t.Helper()
			got := make([]T, len(want))
			f(got)
			closeTo(t, fmt.Sprintf("%s of %d rows of %d", what, rows, n), got, want, tolerance)
		}
		y, logY := make([]T, size), make([]T, size)
		Softmax(y, z, n)
		LogSoftmax(logY, z, n)
		check("softmax", soft, func(dst []T) { Softmax(dst, z, n) })
		check("softmax in place", soft, func(dst []T) { copy(dst, z); Softmax(dst, dst, n) })
		check("log-softmax", logs, func(dst []T) { LogSoftmax(dst, z, n) })
		check("log-softmax in place", logs, func(dst []T) { copy(dst, z); LogSoftmax(dst, dst, n) })
		check("softmax's gradient", softGrad, func(dst []T) { SoftmaxGrad(dst, y, q, n) })
		check("softmax's gradient in place of the value", softGrad, func(dst []T) { copy(dst, y); SoftmaxGrad(dst, dst, q, n) })
		check("softmax's gradient in place of the gradient", softGrad, func(dst []T) { copy(dst, q); SoftmaxGrad(dst, y, dst, n) })
		check("log-softmax's gradient", logGrad, func(dst []T) { LogSoftmaxGrad(dst, logY, q, n) })
		check("log-softmax's gradient in place of the value", logGrad, func(dst []T) { copy(dst, logY); LogSoftmaxGrad(dst, dst, q, n) })
		check("log-softmax's gradient in place of the gradient", logGrad, func(dst []T) { copy(dst, q); LogSoftmaxGrad(dst, logY, dst, n) })
		check("cross-entropy", hard, func(dst []T) { CrossEntropy(dst, z, want, n, eps) })
		check("cross-entropy's gradient", hardGrad, func(dst []T) { CrossEntropyGrad(dst, z, want, g, n, eps) })
		check("cross-entropy's gradient in place", hardGrad, func(dst []T) { copy(dst, z); CrossEntropyGrad(dst, dst, want, g, n, eps) })
		check("soft cross-entropy", mixed, func(dst []T) { SoftCrossEntropy(dst, z, q, n, eps) })
		check("soft cross-entropy's gradient", mixedGrad, func(dst []T) { SoftCrossEntropyGrad(dst, z, q, g, n, eps) })
	}
}

// A row that holds what is not a number gives that, wherever it lies; an element of
// −∞ has no share; large elements do not overflow.
func TestRowsOfExtremes(t *testing.T) {
	t.Run("float32", testExtremes[float32])
	t.Run("float64", testExtremes[float64])
}

func testExtremes[T Float](t *testing.T) {
	for _, n := range []int{3, 16, 75} {
		for at := range n {
			x, y := make([]T, n), make([]T, n)
			x[at] = T(math.NaN())
			Softmax(y, x, n)
			for i, v := range y {
				if v == v {
					t.Fatalf("NaN at %d of %d: element %d is %v", at, n, i, v)
				}
			}
			x[at] = T(math.Inf(-1))
			Softmax(y, x, n)
			for i, v := range y {
				share := 1 / float64(n-1)
				if i == at {
					share = 0
				}
				if math.Abs(float64(v)-share) > 1e-6 {
					t.Fatalf("−∞ at %d of %d: element %d is %v, want %v", at, n, i, v, share)
				}
			}
			x[at] = 3e38
			if LogSoftmax(y, x, n); y[at] != 0 {
				t.Fatalf("3e38 at %d of %d: its logarithm is %v", at, n, y[at])
			}
		}
	}
}
