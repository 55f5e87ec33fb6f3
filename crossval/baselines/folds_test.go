package baselines

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// TestInnerFolds: the folds by which a strength is chosen have their share of every
// class, and hold groups whole.
func TestInnerFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		labels := rapid.SliceOfN(rapid.IntRange(0, 2), n, n).Draw(t, "labels")
		groups := rapid.SliceOfN(rapid.IntRange(0, 9), n, n).Draw(t, "groups")
		of := map[int]int{}
		for r, f := range foldsOf(n, labels, groups, 1) {
			if g, seen := of[groups[r]]; f < 0 || f >= innerFolds || seen && g != f {
				t.Fatalf("row %d of group %d is in fold %d, its group in %d", r, groups[r], f, g)
			}
			of[groups[r]] = f
		}
		var counts [3][innerFolds]int
		for r, f := range foldsOf(n, labels, nil, 1) {
			counts[labels[r]][f]++
		}
		for c, folds := range counts {
			for _, k := range folds {
				if k < folds[innerFolds-1] || k > folds[0] || folds[0]-folds[innerFolds-1] > 1 {
					t.Fatalf("class %d in the folds: %v", c, folds)
				}
			}
		}
	})
}

// TestLeaveGroupsOut holds the errors of groups that are left out to fits without them,
// by the normal equations; groups of one row are leave-one-out.
func TestLeaveGroupsOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, p := rapid.IntRange(12, 40).Draw(t, "rows"), rapid.IntRange(1, 6).Draw(t, "columns")
		g := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		x, y := make([]float64, n*p), make([]float64, n)
		var weights []float64
		for i := range y {
			for j := range p {
				x[i*p+j] = g.NormFloat64()
				y[i] += x[i*p+j]
			}
			y[i] += 5 + g.NormFloat64()
		}
		if rapid.Bool().Draw(t, "weighted") {
			for range n {
				weights = append(weights, 0.2+g.Float64())
			}
		}
		d := newDesign(x, p, y, weights)
		d.groups = rapid.SliceOfN(rapid.IntRange(0, rapid.SampledFrom([]int{2, 9}).Draw(t, "most")), n, n).Draw(t, "groups")
		d.groups[0], d.groups[1] = 0, 1
		strength := rapid.Float64Range(0.01, 10).Draw(t, "strength")
		lambda, z, _, err := spectrum(d)
		if err != nil {
			t.Fatal(err)
		}
		zy := mat.NewVecDense(len(lambda), nil)
		zy.MulVec(z.T(), mat.NewVecDense(n, d.y))
		want := 0.0
		groups := rowsByGroup(d.groups)
		for _, out := range groups {
			want += without(t, d, out, strength)
		}
		if have := leaveGroupsOut(d, z, lambda, zy, strength, groups); math.Abs(have-want) > 1e-7*want {
			t.Errorf("%v, fits without the groups have %v", have, want)
		}
		var single [][]int
		for r := range n {
			single = append(single, []int{r})
		}
		one := leaveOneOut(d, z, lambda, zy, strength)
		if have := leaveGroupsOut(d, z, lambda, zy, strength, single); math.Abs(have-one) > 1e-7*one {
			t.Errorf("groups of one row: %v, leave-one-out %v", have, one)
		}
	})
}

// without returns the squared error of rows in the ridge regression on the others.
func without(t *rapid.T, d *design, out []int, strength float64) float64 {
	held := map[int]bool{}
	for _, r := range out {
		held[r] = true
	}
	p := d.columns
	row := func(r int) []float64 {
		root := 1.0
		if d.roots != nil {
			root = d.roots[r]
		}
		return append(append([]float64(nil), d.x.RawRowView(r)...), root)
	}
	a, b := mat.NewDense(p+1, p+1, nil), mat.NewVecDense(p+1, nil)
	for k := range p {
		a.Set(k, k, strength)
	}
	for r := range d.rows {
		if held[r] {
			continue
		}
		v := row(r)
		for i := range v {
			b.SetVec(i, b.AtVec(i)+v[i]*d.y[r])
			for j := range v {
				a.Set(i, j, a.At(i, j)+v[i]*v[j])
			}
		}
	}
	var w mat.VecDense
	if err := w.SolveVec(a, b); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, r := range out {
		e := d.y[r]
		for k, v := range row(r) {
			e -= v * w.AtVec(k)
		}
		sum += e * e
	}
	return sum
}
