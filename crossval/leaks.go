package crossval

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/data"
)

// The kinds of leaks that [FindLeaks] looks for.
const (
	LeakDuplicates = "duplicate rows"
	LeakNear       = "near-duplicate rows"
	LeakGroups     = "shared groups"
	LeakFuture     = "future rows"
	LeakColumn     = "column that gives the target away"
	LeakOrder      = "row order"
)

// Leak is a way in which test rows may be known from training rows, so that scores promise
// more than the model holds on new rows.
type Leak struct {
	Kind    string   `json:"kind"`
	Warning bool     `json:"warning"`           // false: a fact worth knowing that accuses nobody
	Count   int      `json:"count,omitempty"`   // of test rows, or of groups
	Rows    []int    `json:"rows,omitempty"`    // some of the rows concerned, from 0
	Columns []string `json:"columns,omitempty"` // the columns concerned
	Text    string   `json:"text"`
}

// caveat is what a reader of scores has to know; "" of a fact that changes nothing.
func (l *Leak) caveat() string {
	if !l.Warning && l.Kind == LeakOrder {
		return ""
	}
	text := strings.ToUpper(l.Kind[:min(1, len(l.Kind))]) + l.Kind[min(1, len(l.Kind)):] + ": " + l.Text + "."
	if len(l.Rows) > 0 {
		var rows []string
		for _, r := range l.Rows {
			rows = append(rows, strconv.Itoa(r+1))
		}
		text += " Rows, counted from 1: " + strings.Join(rows, ", ")
		if l.Count > len(l.Rows) {
			text += ", …"
		}
	}
	if l.Warning {
		return "Possible leak. " + text
	}
	return text
}

// Bounds of FindLeaks, as its documentation has them.
const (
	leakRows        = 50     // fewer prove nothing about order or neighbours
	leakZ           = 5.0    // of a test of serial dependence
	leakExamples    = 10     // rows that are named
	duplicateChance = 1e-4   // probability to find as many in rows that are independent
	nearK           = 20     // the neighbour to compare the nearest with
	nearChance      = 0.0001 // probability to find one in rows that are independent
	nearMost        = 0.1    // of the distance to neighbour nearK
	nearTested      = 2000   // test rows whose neighbours are looked for
	nearWork        = 1e9    // differences of values
	nearColumns     = 200    // more are not looked at
	manyValues      = 0.5    // different values a row, for a column to be continuous
)

// FindLeaks looks for test rows that training rows give away. Validate does so before it
// fits anything, and [Result.Leaks] keeps what was found. Of repeated folds the first
// repeat is looked at.
//
//   - Duplicate rows: test rows whose inputs are those of a training row, to the bit. They
//     are a warning if a column is continuous (more than half of its values are different)
//     and chance makes as many pairs of equal rows, were columns independent, with a
//     probability below 1 in 10,000; rows whose continuous values all are those of 2% of the
//     rows, such as zeros, do not count. Otherwise duplicates are a number and no warning, as
//     tables of few levels repeat rows. A column from which all others follow cannot be told
//     from copies.
//   - Near-duplicate rows: of up to 2,000 test rows, those whose nearest training row is
//     nearer than chance brings it in 1 of 10,000 tables, and at most 0.1 times as far as the
//     20th. Distances are over the continuous columns, divided by their interquartile
//     ranges; the dimension of the data is estimated from the median of the ratios. Tables
//     with fewer than 50 rows, or fewer than 2 or more than 200 such columns, are not
//     searched. Copies whose noise is much smaller than the distances between rows are
//     found, others are not.
//   - Shared groups: a group (Set.Groups) with rows on both sides.
//   - Future rows: training rows later than a test row by a column of times, where targets
//     in the order of that column depend on each other (z > 5).
//   - A column that alone gives the target away, as data.Suspects finds it.
//   - Row order: targets of neighbouring rows are more alike than chance has it (z > 5), and
//     folds are blocks of rows sorted by the target, or put neighbours on both sides. Rows
//     sorted by the target in folds that are shuffled are a fact and no warning.
//
// Serial dependence is tested by the number of runs of classes (Mood, "The distribution
// theory of runs", 1940), and by the rank correlation of neighbours for numbers.
//
// A set without inputs, such as one that is not in memory, is looked at for groups and
// order alone.
func FindLeaks(set *data.Set, splits []Split) ([]Leak, error) {
	if set == nil || set.Len() == 0 {
		return nil, data.ErrEmpty
	}
	f := leakFinder{set: set, n: set.Len()}
	for i, s := range splits {
		if s.Repeat != 0 {
			continue
		}
		if _, err := trainRows(s, f.n); err != nil {
			return nil, fmt.Errorf("crossval: leaks: fold %d: %w", i+1, err)
		}
		f.splits = append(f.splits, Split{Fold: s.Fold, Train: s.Train, Test: s.Test})
	}
	if len(f.splits) == 0 {
		return nil, fmt.Errorf("crossval: leaks: there are no folds")
	}
	f.whole = f.groups()
	f.order()
	if len(set.Inputs) == 1 {
		f.columns()
	}
	return f.found, nil
}

// leakFinder looks through the folds of one repeat.
type leakFinder struct {
	set    *data.Set
	n      int
	splits []Split
	whole  bool // groups are given and no fold divides one
	found  []Leak
}

func (f *leakFinder) add(l Leak) {
	l.Rows = slices.Clone(l.Rows[:min(len(l.Rows), leakExamples)])
	f.found = append(f.found, l)
}

// train returns the training rows of a fold.
func (f *leakFinder) train(s Split) []int {
	rows, _ := trainRows(s, f.n) // FindLeaks has checked it
	return rows
}

// groups looks for groups on both sides of a fold.
func (f *leakFinder) groups() (whole bool) {
	groups := f.set.Groups
	if len(groups) != f.n {
		return false
	}
	shared := map[int]bool{}
	var rows []int
	for _, s := range f.splits {
		trained := map[int]bool{}
		for _, r := range f.train(s) {
			trained[groups[r]] = true
		}
		for _, r := range s.Test {
			if trained[groups[r]] {
				shared[groups[r]] = true
				rows = append(rows, r)
			}
		}
	}
	if len(shared) == 0 {
		return true
	}
	slices.Sort(rows)
	f.add(Leak{Kind: LeakGroups, Warning: true, Count: len(shared), Rows: slices.Compact(rows), Text: fmt.Sprintf(
		"%d groups have rows on both sides of a fold: what is known of a group helps its test rows; use a splitter of whole groups, such as GroupKFold", len(shared))})
	return false
}

// order looks for targets that depend on the places of their rows.
func (f *leakFinder) order() {
	rows := blocks(f.n, 1, nil)[0]
	z, sorted, ok := f.serial(rows)
	if !ok || z < leakZ || f.whole || f.forward(rows) {
		return
	}
	inBlocks := true
	for _, s := range f.splits {
		test := slices.Sorted(slices.Values(s.Test))
		inBlocks = inBlocks && test[len(test)-1]-test[0] == len(test)-1
	}
	switch {
	case sorted && inBlocks:
		f.add(Leak{Kind: LeakOrder, Warning: true, Count: f.n, Text: "rows are sorted by the target and folds are blocks of neighbours: each tests what it was not trained on; shuffle"})
	case sorted:
		f.add(Leak{Kind: LeakOrder, Count: f.n, Text: "rows are sorted by the target; folds are not blocks of neighbours, so that this alone gives nothing away"})
	default:
		f.add(Leak{Kind: LeakOrder, Warning: true, Count: f.n, Text: fmt.Sprintf(
			"targets of neighbouring rows are more alike than chance has it (z = %.1f): if neighbours belong together, such as visits of a person or hours of a day, folds have them on both sides; use groups or TimeSeries", z)})
	}
}

// forward reports whether every fold is trained on rows that come before all its test rows
// in the given order.
func (f *leakFinder) forward(order []int) bool {
	place := make([]int, f.n)
	for i, r := range order {
		place[r] = i
	}
	for _, s := range f.splits {
		last, first := -1, f.n
		for _, r := range f.train(s) {
			last = max(last, place[r])
		}
		for _, r := range s.Test {
			first = min(first, place[r])
		}
		if last > first {
			return false
		}
	}
	return true
}

// serial tests whether targets depend on each other in an order of the rows, and reports
// whether they are sorted in it.
func (f *leakFinder) serial(order []int) (z float64, sorted, ok bool) {
	if f.n < leakRows {
		return 0, false, false
	}
	if f.set.Classes != nil {
		labels, err := f.set.Labels()
		if err != nil || len(labels) != f.n {
			return 0, false, false
		}
		y := make([]int, f.n)
		for i, r := range order {
			y[i] = labels[r]
		}
		return runs(y)
	}
	values, columns, err := f.set.TargetTable()
	if err != nil {
		return 0, false, false
	}
	y := make([]float64, f.n)
	for i, r := range order {
		y[i] = values[r*columns]
	}
	return neighbours(y)
}

// runs tests the number of runs of equal classes against that of a random order, by its
// mean and variance in Mood (1940). It reports whether each class is one run.
func runs(y []int) (z float64, sorted, ok bool) {
	n := float64(len(y))
	count := map[int]float64{}
	r := 1.0
	for i, c := range y {
		count[c]++
		if i > 0 && y[i-1] != c {
			r++
		}
	}
	squares, cubes := 0.0, 0.0
	for _, c := range slices.Sorted(maps.Keys(count)) {
		k := count[c]
		squares += k * k
		cubes += k * k * k
	}
	mean := (n*(n+1) - squares) / n
	variance := (squares*(squares+n*(n+1)) - 2*n*cubes - n*n*n) / (n * n * (n - 1))
	if !(variance > 0) {
		return 0, false, false
	}
	return (mean - r) / math.Sqrt(variance), int(r) == len(count), true
}

// neighbours tests the correlation of the ranks of neighbours. It reports whether the
// values are sorted.
func neighbours(y []float64) (z float64, sorted, ok bool) {
	ranks := midranks(y)
	n := len(y)
	mean := float64(n+1) / 2
	up, down, own, next := true, true, 0.0, 0.0
	for i, v := range ranks {
		own += (v - mean) * (v - mean)
		if i > 0 {
			next += (v - mean) * (ranks[i-1] - mean)
			up, down = up && y[i] >= y[i-1], down && y[i] <= y[i-1]
		}
	}
	if own == 0 {
		return 0, false, false
	}
	return (next/own + 1/float64(n-1)) * math.Sqrt(float64(n)), up || down, true
}

// midranks returns the ranks from 1, equal values sharing the mean of theirs.
func midranks(y []float64) []float64 {
	order := blocks(len(y), 1, nil)[0]
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case y[a] < y[b]:
			return -1
		case y[a] > y[b]:
			return 1
		}
		return a - b
	})
	out := make([]float64, len(y))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && y[order[j]] == y[order[i]] {
			j++
		}
		for _, r := range order[i:j] {
			out[r] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}

// join names some of a list.
func join(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
