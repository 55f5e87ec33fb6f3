package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// alone reports whether rows computed together have the bits of rows computed one by
// one: what a model predicts for a row does not depend on the rows beside it.
func alone[T Float](t *testing.T, name string, rows, in, out int, x []T, run func(rows int, x, y []T)) {
	t.Helper()
	y, one := make([]T, rows*out), make([]T, out)
	run(rows, x, y)
	for r := range rows {
		run(1, x[r*in:(r+1)*in], one)
		for i, v := range one {
			if together := y[r*out+i]; math.Float64bits(float64(v)) != math.Float64bits(float64(together)) {
				t.Errorf("%s: element %d of row %d is %v alone, %v among %d", name, i, r, v, together, rows)
				return
			}
		}
	}
}

func TestRowsAlone(t *testing.T) {
	t.Run("float32", rowsAlone[float32])
	t.Run("float64", rowsAlone[float64])
}

func rowsAlone[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(22, 23))
	for _, rows := range []int{2, 15, 64, 200} {
		for _, s := range [][2]int{{1, 1}, {7, 300}, {33, 5}, {70, 530}, {1100, 20}} {
			n, k := s[0], s[1]
			x, w, bias := uniform[T](r, rows*k), uniform[T](r, k*n), uniform[T](r, n)
			name := fmt.Sprintf("%dx%dx%d", rows, n, k)
			alone(t, "product "+name, rows, k, n, x, func(m int, x, y []T) { Gemm(false, false, m, n, k, x, w, 0, y) })
			alone(t, "product with transposed "+name, rows, k, n, x, func(m int, x, y []T) { Gemm(false, true, m, n, k, x, w, 0, y) })
			alone(t, "dense layer "+name, rows, k, n, x, func(m int, x, y []T) { GemmBias(m, n, k, x, w, bias, true, y) })
		}
		for _, n := range []int{1, 3, 10, 100, 9000} {
			x := uniform[T](r, rows*n)
			name := fmt.Sprintf(" of %d", n)
			alone(t, "softmax"+name, rows, n, n, x, func(_ int, x, y []T) { Softmax(y, x, n) })
			alone(t, "log-softmax"+name, rows, n, n, x, func(_ int, x, y []T) { LogSoftmax(y, x, n) })
			alone(t, "cross-entropy"+name, rows, n, 1, x, func(m int, x, y []T) { CrossEntropy(y, x, make([]int, m), n, 0.1) })
		}
		for cell := TanhCell; cell <= GRUCell; cell++ {
			k := Recurrent{Cell: cell, N: rows, T: 3, I: 5, H: 19}
			gates := k.Gates() * k.H
			x, w, u, bias, other := uniform[T](r, rows*k.T*k.I), uniform[T](r, k.I*gates), uniform[T](r, k.H*gates), uniform[T](r, gates), uniform[T](r, k.H)
			if cell != GRUCell {
				other = nil
			}
			alone(t, fmt.Sprint("recurrence ", cell), rows, k.T*k.I, k.T*k.Saved()*k.H, x, func(m int, x, y []T) {
				k.N = m
				RecurrentForward(&k, &RecurrentOperands[T]{X: x, W: w, U: u, Bias: bias, Other: other}, y)
			})
		}
	}
	for _, c := range convs(r) {
		name := fmt.Sprintf("%+v", c)
		c.N = 5
		in, out := c.H*c.W*c.C, c.OutH()*c.OutW()*c.O
		x, w, bias := uniform[T](r, c.N*in), uniform[T](r, c.KH*c.KW*c.C/c.Groups*c.O), uniform[T](r, c.O)
		alone(t, name, c.N, in, out, x, func(m int, x, y []T) {
			c := c
			c.N = m
			ConvForward(&c, x, w, bias, true, y)
		})
		dy := uniform[T](r, c.N*out)
		alone(t, name+" gradient", c.N, out, in, dy, func(m int, dy, dx []T) {
			c := c
			c.N = m
			ConvInput(&c, dy, w, dx)
		})
		c.O, c.Groups = c.C, c.C
		c.Top, c.Bottom, c.Left, c.Right = min(c.Top, c.KH-1), min(c.Bottom, c.KH-1), min(c.Left, c.KW-1), min(c.Right, c.KW-1)
		if out = c.OutH() * c.OutW() * c.C; out > 0 {
			alone(t, name+" pooled", c.N, in, out, x, func(m int, x, y []T) {
				c := c
				c.N = m
				AveragePool(&c, x, y)
			})
		}
	}
}
