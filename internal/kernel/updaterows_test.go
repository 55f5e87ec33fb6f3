package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestUpdateRows: rows have the bits that they have in an update of the whole
// parameter, and other rows stay.
func TestUpdateRows(t *testing.T) {
	t.Run("float32", testUpdateRows[float32])
	t.Run("float64", testUpdateRows[float64])
}

func testUpdateRows[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(30, 31))
	const height = 48 // whole registers, whatever the width
	adam := AdamStep[T]{0.9, 0.1, 0.99, 0.01, 1e-3, 0, 1, 0.3, 0, 1.7}
	root := RootStep[T]{Keep: 0.9, Rest: 1, Epsilon: 1e-3, Rate: 0.2}
	for _, width := range []int{1, 3, 5, 8, 15, 16, 17, 33, 64, 100} {
		n := height * width
		begin := [3][]T{uniform[T](r, n), uniform[T](r, n), uniform[T](r, n)}
		for i, v := range begin[2] {
			begin[2][i] = v * v
		}
		rows := []int{0, 3, 4, 17, 30, height - 1}
		g, whole := uniform[T](r, len(rows)*width), make([]T, n)
		for i, row := range rows {
			copy(whole[row*width:(row+1)*width], g[i*width:])
		}
		for name, f := range map[string]func(byRows bool, w, m, v []T){
			"Adam": func(byRows bool, w, m, v []T) {
				if byRows {
					AdamRows(&adam, w, m, v, g, rows, width)
				} else {
					Adam(&adam, w, m, v, whole)
				}
			},
			"root": func(byRows bool, w, _, v []T) {
				if byRows {
					RootRows(&root, w, v, g, rows, width)
				} else {
					Root(&root, w, v, nil, whole)
				}
			},
			"descent": func(byRows bool, w, _, _ []T) {
				if byRows {
					AxpyRows(-0.3, g, w, rows, width)
				} else {
					Axpy(-0.3, whole, w)
				}
			},
		} {
			var got, want [3][]T
			for i, x := range begin {
				got[i], want[i] = slices.Clone(x), slices.Clone(x)
			}
			f(true, got[0], got[1], got[2])
			f(false, want[0], want[1], want[2])
			for i := range want {
				for row := range height {
					if at := row * width; !slices.Contains(rows, row) {
						copy(want[i][at:at+width], begin[i][at:])
					}
				}
				near(t, fmt.Sprintf("%s, rows of %d, array %d", name, width, i), got[i], want[i], 0)
			}
		}
	}
}
