package crossval

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/moments"
	"gonum.org/v1/gonum/mathext"
)

// columns looks at what stands in the table.
func (f *leakFinder) columns() {
	x, width, err := f.set.Table()
	if err != nil {
		return // an input that is no table, such as images
	}
	t := leakTable{x: x, width: width, names: make([]string, width)}
	for j := range width {
		if t.names[j] = fmt.Sprintf("column %d", j); j < len(f.set.Features) {
			t.names[j] = f.set.Features[j].Name
		}
		if (j >= len(f.set.Features) || f.set.Features[j].Levels == nil) && t.continuous(f.n, j) {
			t.real = append(t.real, j)
		}
	}
	f.duplicates(t)
	f.near(t)
	for j, c := range f.set.Features {
		if c.Time != "" {
			f.future(t, j)
		}
	}
	for _, w := range data.Suspects(f.set) {
		f.add(Leak{Kind: LeakColumn, Warning: true, Columns: []string{w.Column}, Text: fmt.Sprintf("column %s: %s", w.Column, w.Text)})
	}
}

// leakTable is a table with its continuous columns.
type leakTable struct {
	x     []float64
	width int
	names []string
	real  []int
}

func (t *leakTable) row(r int) []float64 { return t.x[r*t.width : (r+1)*t.width] }

// continuous reports whether more than half of a column's values are different.
func (t *leakTable) continuous(n, j int) bool {
	seen, all := map[float64]struct{}{}, 0
	for i := range n {
		if v := t.x[i*t.width+j]; v == v {
			seen[v] = struct{}{}
			all++
		}
	}
	return all > 1 && float64(len(seen)) > manyValues*float64(all)
}

// duplicates looks for test rows that are training rows, too.
func (f *leakFinder) duplicates(t leakTable) {
	seed := maphash.MakeSeed()
	byHash := make(map[uint64][]int, f.n)
	for r := range f.n {
		var h maphash.Hash
		h.SetSeed(seed)
		for _, v := range t.row(r) {
			if v == 0 || v != v {
				v = math.Abs(v) // one zero, and one missing value
			}
			maphash.WriteComparable(&h, math.Float64bits(v))
		}
		byHash[h.Sum64()] = append(byHash[h.Sum64()], r)
	}
	twin := make([]int, f.n) // the first row that is the same
	same := func(a, b int) bool {
		return slices.EqualFunc(t.row(a), t.row(b), func(v, w float64) bool { return v == w || v != v && w != w })
	}
	for _, rows := range byHash {
		for i, r := range rows {
			twin[r] = r
			for _, q := range rows[:i] {
				if same(q, r) {
					twin[r] = twin[q]
					break
				}
			}
		}
	}
	var rows []int
	trained := make([]int, f.n) // the fold that trains on a row of this kind, from 1
	for i, s := range f.splits {
		for _, r := range f.train(s) {
			trained[twin[r]] = i + 1
		}
		for _, r := range s.Test {
			if trained[twin[r]] == i+1 {
				rows = append(rows, r)
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	slices.Sort(rows)
	l := Leak{Kind: LeakDuplicates, Count: len(rows), Rows: rows, Warning: len(t.real) > 0 && t.unlikely(twin)}
	l.Text = fmt.Sprintf("%d of %d test rows have the inputs of a training row", len(rows), f.tested())
	if l.Warning {
		l.Columns = t.of(t.real)
		l.Text += fmt.Sprintf(", which chance does not repeat (%s)", join(l.Columns))
	}
	f.add(l)
}

// unlikely reports whether chance makes as many pairs of equal rows with a probability below
// duplicateChance, if columns do not depend on each other. Of the pairs that agree in a column
// some are copies, which agree in all columns; how many they are follows from how many pairs
// are equal beyond what the others make by chance. Nothing is unlikely that would have a
// probability of 1% if there were no copies.
//
// Rows whose continuous columns all have a value of many rows, such as 0, may be equal by that;
// they are not looked at.
func (t *leakTable) unlikely(twin []int) bool {
	telling := t.telling(len(twin))
	var looked []int
	copies := map[int]float64{}
	for r, first := range twin {
		if telling[r] {
			looked = append(looked, r)
			copies[first]++
		}
	}
	pairs := func(n float64) float64 { return n * (n - 1) / 2 }
	all, equal := pairs(float64(len(looked))), 0.0
	for _, n := range copies {
		equal += pairs(n)
	}
	if equal == 0 {
		return false
	}
	agree := make([]float64, t.width) // pairs
	for j := range agree {
		count := map[float64]float64{}
		missing := 0.0
		for _, r := range looked {
			if v := t.x[r*t.width+j]; v == v {
				count[v]++
			} else {
				missing++
			}
		}
		agree[j] = pairs(missing)
		for _, n := range count {
			agree[j] += pairs(n)
		}
	}
	expected := func(copies float64) float64 {
		n := all
		for _, a := range agree {
			n *= min(1, (a-copies+1)/all)
		}
		return n
	}
	copied := 0.0
	for range 100 {
		copied = min(equal, max(0, equal-expected(copied)))
	}
	atLeast := func(mean float64) float64 { return mathext.GammaIncReg(equal, mean) } // a Poisson variable is equal or more
	return atLeast(expected(0)) < 0.01 && atLeast(expected(copied)) < duplicateChance
}

// telling says which rows have a value in a continuous column that few others have.
func (t *leakTable) telling(n int) []bool {
	const share, fewest = 0.02, 10
	out := make([]bool, n)
	for _, j := range t.real {
		count := map[float64]int{}
		for r := range n {
			count[t.x[r*t.width+j]]++
		}
		for r := range n {
			v := t.x[r*t.width+j]
			out[r] = out[r] || v == v && float64(count[v]) <= max(fewest, share*float64(n))
		}
	}
	return out
}

func (t *leakTable) of(columns []int) []string {
	var out []string
	for _, j := range columns {
		out = append(out, t.names[j])
	}
	return out
}

func (f *leakFinder) tested() int {
	n := 0
	for _, s := range f.splits {
		n += len(s.Test)
	}
	return n
}

// near looks for test rows that hardly differ from a training row.
func (f *leakFinder) near(t leakTable) {
	d := len(t.real)
	if d < 2 || d > nearColumns || f.n < leakRows {
		return
	}
	points := make([]float64, f.n*d)
	for k, j := range t.real {
		scale := t.spread(f.n, j)
		for r := range f.n {
			points[r*d+k] = t.x[r*t.width+j] / scale
		}
	}
	complete := func(r int) bool {
		return !slices.ContainsFunc(points[r*d:(r+1)*d], func(v float64) bool { return v != v || math.IsInf(v, 0) })
	}
	all := f.tested()
	step := max(1, (all+nearTested-1)/nearTested, int(float64(all)*float64(f.n)*float64(d)/nearWork))
	var rows []int
	var ratios []float64
	number := 0
	for _, s := range f.splits {
		var train []int
		for _, r := range f.train(s) {
			if complete(r) {
				train = append(train, r)
			}
		}
		for _, r := range s.Test {
			if number++; number%step != 0 || len(train) < 2*nearK || !complete(r) {
				continue
			}
			if first, last := nearest(points, d, r, train); last > 0 && first > 0 {
				rows, ratios = append(rows, r), append(ratios, math.Sqrt(first/last))
			}
		}
	}
	if len(rows) < leakRows/2 {
		return
	}
	middle := slices.Sorted(slices.Values(ratios))[len(ratios)/2]
	// Of points that are alike around a row, the share of the ball of neighbour nearK that the
	// ball of the nearest takes, ratio to the power of the dimension, is Beta(1, nearK−1).
	dimension := math.Log(1-math.Pow(0.5, 1.0/(nearK-1))) / math.Log(middle)
	bound := math.Min(nearMost, math.Pow(nearChance/((nearK-1)*float64(len(rows))), 1/dimension))
	var close []int
	for i, r := range rows {
		if ratios[i] < bound {
			close = append(close, r)
		}
	}
	if len(close) == 0 {
		return
	}
	slices.Sort(close)
	f.add(Leak{Kind: LeakNear, Warning: true, Count: len(close), Rows: close, Columns: t.of(t.real), Text: fmt.Sprintf(
		"%d of %d test rows looked at hardly differ from a training row (%s): copies with noise, or repeated measurements; keep them in one group", len(close), len(rows), join(t.of(t.real)))})
}

// spread is the interquartile range of a column, its standard deviation where that is 0.
func (t *leakTable) spread(n, j int) float64 {
	var v []float64
	for i := range n {
		if x := t.x[i*t.width+j]; x == x && !math.IsInf(x, 0) {
			v = append(v, x)
		}
	}
	if len(v) == 0 {
		return 1
	}
	slices.Sort(v)
	if iqr := moments.Quantile(v, 0.75) - moments.Quantile(v, 0.25); iqr > 0 {
		return iqr
	}
	if _, std := moments.MeanStd(v); std > 0 {
		return std
	}
	return 1
}

// nearest returns the squared distances of a row to the nearest of others, those at the same
// place aside, and to number nearK.
func nearest(points []float64, d, row int, others []int) (first, last float64) {
	var best [nearK]float64
	for i := range best {
		best[i] = math.Inf(1)
	}
	at := points[row*d : (row+1)*d]
	for _, o := range others {
		sum := 0.0
		for k, v := range points[o*d : (o+1)*d] {
			if sum += (v - at[k]) * (v - at[k]); sum >= best[nearK-1] {
				break
			}
		}
		if sum >= best[nearK-1] || sum == 0 {
			continue
		}
		i := nearK - 1
		for ; i > 0 && best[i-1] > sum; i-- {
			best[i] = best[i-1]
		}
		best[i] = sum
	}
	if math.IsInf(best[nearK-1], 1) {
		return 0, 0
	}
	return best[0], best[nearK-1]
}

// future looks for training rows later than test rows, where the target depends on time.
func (f *leakFinder) future(t leakTable, j int) {
	order, when, err := inTime(f.set, t.names[j])
	if err != nil {
		return // times with gaps put no rows in order
	}
	z, _, ok := f.serial(order)
	if !ok || z < leakZ {
		return
	}
	var rows []int
	for _, s := range f.splits {
		latest := math.Inf(-1)
		for _, r := range f.train(s) {
			latest = math.Max(latest, when[r])
		}
		for _, r := range s.Test {
			if when[r] < latest {
				rows = append(rows, r)
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	slices.Sort(rows)
	f.add(Leak{Kind: LeakFuture, Warning: true, Count: len(rows), Rows: rows, Columns: []string{t.names[j]}, Text: fmt.Sprintf(
		"%d of %d test rows are predicted by models that saw later rows (%s), and the target changes with time (z = %.1f); use TimeSeries", len(rows), f.tested(), t.names[j], z)})
}
