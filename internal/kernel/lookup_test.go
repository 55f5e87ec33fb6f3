package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(28, 29))
	for _, s := range []struct{ n, rows, w int }{
		{0, 5, 3}, {1, 1, 1}, {7, 1, 4}, {50, 9, 13}, {40, 1 << 11, 3}, {900, 1<<11 + 1, 5}, {3000, 1 << 24, 16}, {500, 40, 2 * spanSize},
	} {
		index, src := make([]int, s.n), uniform[float32](r, s.n*s.w)
		sums := map[int][]float32{}
		for i := range index {
			index[i] = r.IntN(s.rows)
			row := src[i*s.w : (i+1)*s.w]
			if sums[index[i]] == nil {
				sums[index[i]] = slices.Clone(row)
				continue
			}
			for k, v := range row {
				sums[index[i]][k] += v
			}
		}
		memory := make([]int, 3*s.n)
		rows, ends, order := memory[:s.n], memory[s.n:2*s.n], memory[2*s.n:]
		n := GroupRows(index, rows, ends, order, make([]uint64, 2*s.n))
		if n != len(sums) || !slices.IsSorted(rows[:n]) {
			t.Errorf("%v: %d rows, want %d: %v", s, n, len(sums), rows[:n])
			continue
		}
		got := make([]float32, n*s.w)
		SumGroups(got, src, ends[:n], order, s.w)
		for i, row := range rows[:n] {
			near(t, fmt.Sprint(s, ", row ", row), got[i*s.w:(i+1)*s.w], sums[row], 0)
		}
		for _, row := range rows[n:] {
			if row != -1 {
				t.Errorf("%v: %d after the last row, want -1", s, row)
			}
		}
	}
}
