package trees_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/trees"
	"pgregory.net/rapid"
)

// small draws a table of few different values, so that ties and repeated rows are
// common.
func small(t *rapid.T, missing bool) (trees.Table, []float64) {
	n, p := rapid.IntRange(2, 24).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "columns")
	g := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	table := trees.Table{Columns: make([]trees.Column, p)}
	for j := range p {
		for range n {
			v := float64(g.IntN(6))
			if missing && g.IntN(5) == 0 {
				v = math.NaN()
			}
			table.Columns[j].Values = append(table.Columns[j].Values, v)
		}
	}
	y := make([]float64, n)
	for i := range y {
		y[i] = float64(g.IntN(5))
	}
	return table, y
}

// side are the rows that a threshold sends left, missing ones as told.
func side(t trees.Table, rows []int, column int, threshold float64, missingLeft bool) (left, right []int) {
	for _, r := range rows {
		if v := t.Columns[column].Values[r]; v <= threshold || v != v && missingLeft {
			left = append(left, r)
		} else {
			right = append(right, r)
		}
	}
	return left, right
}

// bestGain tries every column, every threshold and both sides for missing values.
func bestGain(t trees.Table, rows []int, minLeaf int, impurity func([]int) float64) float64 {
	best := math.Inf(-1)
	for j := range t.Columns {
		for _, r := range append([]int(nil), rows...) {
			for _, missingLeft := range []bool{false, true} {
				left, right := side(t, rows, j, t.Columns[j].Values[r], missingLeft)
				if len(left) < minLeaf || len(right) < minLeaf {
					continue
				}
				best = max(best, impurity(rows)-impurity(left)-impurity(right))
			}
		}
	}
	return best
}

// squares is the sum of squared deviations from the mean.
func squares(y []float64) func([]int) float64 {
	return func(rows []int) float64 {
		mean, sum := 0.0, 0.0
		for _, r := range rows {
			mean += y[r] / float64(len(rows))
		}
		for _, r := range rows {
			sum += (y[r] - mean) * (y[r] - mean)
		}
		return sum
	}
}

// gini is Gini's impurity times the number of rows.
func gini(y []float64) func([]int) float64 {
	return func(rows []int) float64 {
		counts := map[float64]float64{}
		for _, r := range rows {
			counts[y[r]]++
		}
		n := float64(len(rows))
		sum := n
		for _, c := range counts {
			sum -= c * c / n
		}
		return sum
	}
}

// checkSplits follows the training rows through a tree: every split must be as good
// as the best that trying everything finds, and every leaf must have had none.
func checkSplits(t *rapid.T, table trees.Table, tree trees.Tree, minLeaf int, mustSplit bool, impurity func([]int) float64) {
	rowsOf := make([][]int, len(tree.Nodes))
	for i := range table.Len() {
		rowsOf[0] = append(rowsOf[0], i)
	}
	for i, n := range tree.Nodes {
		rows := rowsOf[i]
		if float64(n.Cover) != float64(len(rows)) {
			t.Fatalf("node %d: cover %v for %d rows", i, n.Cover, len(rows))
		}
		best := bestGain(table, rows, minLeaf, impurity)
		if n.Feature < 0 {
			if best > 1e-9 || mustSplit && best > -1e-9 && impurity(rows) > 1e-9 {
				t.Fatalf("node %d is a leaf, and a split gains %v", i, best)
			}
			continue
		}
		left, right := side(table, rows, int(n.Feature), n.Value, n.MissingLeft)
		if have := impurity(rows) - impurity(left) - impurity(right); have < best-1e-9 || len(left) < minLeaf || len(right) < minLeaf {
			t.Fatalf("node %d: its split gains %v with %d and %d rows, the best %v", i, have, len(left), len(right), best)
		}
		rowsOf[n.Left], rowsOf[n.Left+1] = left, right
	}
}

func TestExactSplitsAreTheBest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, y := small(rt, false)
		minLeaf := rapid.IntRange(1, 3).Draw(rt, "min leaf")
		forest := trees.Forest{Trees: 1, NoBootstrap: true, Columns: 9, MinLeaf: minLeaf}
		m, err := forest.FitValues(t.Context(), table, y)
		if err != nil {
			rt.Fatal(err)
		}
		checkSplits(rt, table, m.Ensemble().Trees[0], minLeaf, true, squares(y))
		labels := make([]int, len(y))
		for i, v := range y {
			labels[i] = int(v)
		}
		if slices.Max(labels) == slices.Min(labels) {
			return
		}
		if m, err = forest.FitClasses(t.Context(), table, labels, 5); err != nil {
			rt.Fatal(err)
		}
		checkSplits(rt, table, m.Ensemble().Trees[0], minLeaf, true, gini(y))
	})
}

func TestHistogramSplitsAreTheBest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, y := small(rt, true)
		minLeaf := rapid.IntRange(1, 3).Draw(rt, "min leaf")
		m, err := trees.Boosting{Iterations: 1, MinLeaf: minLeaf, Leaves: 100}.FitValues(t.Context(), table, y)
		if err != nil {
			rt.Fatal(err)
		}
		checkSplits(rt, table, m.Ensemble().Trees[0], minLeaf, false, squares(y))
	})
}

// The first split on categories of equal size is the best of all sets.
func TestSetsAreTheBest(t *testing.T) {
	for seed := range uint64(20) {
		const levels, each = 5, 30
		g := rand.New(rand.NewPCG(seed, 0))
		var values, y []float64
		for c := range levels {
			mean := g.NormFloat64()
			for range each {
				values = append(values, float64(c))
				y = append(y, mean+g.NormFloat64())
			}
		}
		table := trees.Table{Columns: []trees.Column{{Name: "c", Values: values, Levels: levels}}}
		m, err := trees.Boosting{Iterations: 1, Leaves: 2}.FitValues(t.Context(), table, y)
		if err != nil {
			t.Fatal(err)
		}
		impurity := squares(y)
		gain := func(set uint64) float64 {
			var all, left, right []int
			for i, v := range values {
				all = append(all, i)
				if set>>int(v)&1 == 1 {
					left = append(left, i)
				} else {
					right = append(right, i)
				}
			}
			return impurity(all) - impurity(left) - impurity(right)
		}
		best := 0.0
		for set := range uint64(1<<levels - 1) {
			if set != 0 {
				best = max(best, gain(set))
			}
		}
		tree := m.Ensemble().Trees[0]
		if !tree.Nodes[0].Categorical {
			t.Fatalf("seed %d: the root is not split by categories", seed)
		}
		if have := gain(tree.Sets[0]); have < best-1e-6 {
			t.Errorf("seed %d: the set %b gains %v, the best %v", seed, tree.Sets[0], have, best)
		}
	}
}
