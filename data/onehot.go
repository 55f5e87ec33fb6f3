package data

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// OneHot replaces every categorical column by indicators: one column of 0 and 1, named
// column=level, for each of its levels. The training rows determine how levels are treated:
//
//   - if a training row has a missing value, there is a column "column missing";
//   - levels that occur in fewer than Least training rows, and all but the Most most
//     frequent, are pooled in one column "column=other" or hashed by name into Buckets
//     columns;
//   - a level that did not occur in training (code −1) goes to "column=other"; if there
//     is no such column, its indicators are all 0.
//
// The zero value has a column for every level.
type OneHot struct {
	DropFirst bool // leave out the first level, which the others imply
	Least     int  // minimum number of training rows for a level to get a column of its own
	Most      int  // maximum number of levels that get one; 0: no limit
	Buckets   int  // number of columns that pooled levels are hashed into; 0: one column "other"

	// Signed encodes a category of two levels in a single column: 1 for the first, −1 for
	// the second, 0 for a missing or unknown level.
	Signed bool
}

// FittedOneHot is a fitted OneHot.
type FittedOneHot struct {
	Features []Feature
	Columns  []OneHotColumn // one per feature; empty for a numeric one
}

// OneHotColumn describes the indicators of a categorical column: first Own indicators of
// single levels, then Pools of pooled levels, then one for missing values.
type OneHotColumn struct {
	Slots   []int // indicator of each level; −1: none
	Own     int
	Pools   int
	Missing bool
	Signed  bool // a single column of 1, −1 and 0 instead
}

func (c OneHotColumn) width() int {
	if c.Signed {
		return 1
	}
	n := c.Own + c.Pools
	if c.Missing {
		n++
	}
	return n
}

// Fit implements Transform.
func (t OneHot) Fit(train Source) (Fitted, error) {
	if t.Least < 0 || t.Most < 0 || t.Buckets < 0 || t.Buckets > maxBuckets {
		return nil, fmt.Errorf("data: one-hot: least %d, most %d, buckets %d: want none negative and at most %d buckets", t.Least, t.Most, t.Buckets, maxBuckets)
	}
	features, err := columnsOf("one-hot", train)
	if err != nil {
		return nil, err
	}
	counts, missing, err := levelCounts("one-hot", train, features)
	if err != nil {
		return nil, err
	}
	f := FittedOneHot{features, make([]OneHotColumn, len(features))}
	for j, c := range features {
		if c.Levels == nil {
			continue
		}
		if t.Signed && len(c.Levels) == 2 {
			f.Columns[j].Signed = true
			continue
		}
		f.Columns[j] = t.column(c.Levels, counts[j])
		f.Columns[j].Missing = missing[j] > 0
	}
	return f, nil
}

// column assigns indicators to the levels of a column.
func (t OneHot) column(levels []string, counts []int) OneHotColumn {
	order := make([]int, len(levels))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	pooled := make([]bool, len(levels))
	for rank, k := range order {
		pooled[k] = counts[k] < t.Least || t.Most > 0 && rank >= t.Most
	}
	c := OneHotColumn{Slots: make([]int, len(levels))}
	for k := range levels {
		c.Slots[k] = -1
		if !pooled[k] && (k > 0 || !t.DropFirst) {
			c.Slots[k] = c.Own
			c.Own++
		}
	}
	if slices.Contains(pooled, true) {
		c.Pools = max(1, t.Buckets)
	}
	for k, l := range levels {
		if pooled[k] {
			c.Slots[k] = c.Own + bucket(l, c.Pools)
		}
	}
	return c
}

const maxBuckets = 1 << 16

func bucket(level string, buckets int) int {
	h := fnv.New64a()
	h.Write([]byte(level))
	return int(h.Sum64() % uint64(buckets))
}

// Apply implements Fitted.
func (f FittedOneHot) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedOneHot) name() string    { return "one-hot" }
func (f FittedOneHot) from() []Feature { return f.Features }

func (f FittedOneHot) to() []Feature {
	var out []Feature
	for j, c := range f.Features {
		if c.Levels == nil {
			out = append(out, c)
			continue
		}
		col := f.Columns[j]
		if col.Signed {
			out = append(out, Feature{Name: c.Name + "=" + c.Levels[0], Indicator: true})
			continue
		}
		names := make([]string, col.width())
		for k, s := range col.Slots {
			if s >= 0 && s < col.Own {
				names[s] = c.Name + "=" + c.Levels[k]
			}
		}
		for b := range col.Pools {
			names[col.Own+b] = c.Name + "=other"
			if col.Pools > 1 {
				names[col.Own+b] = fmt.Sprintf("%s=other %d", c.Name, b+1)
			}
		}
		if col.Missing {
			names[len(names)-1] = c.Name + " missing"
		}
		for _, n := range names {
			out = append(out, Feature{Name: n, Indicator: true, Of: c.Name})
		}
	}
	return out
}

func (f FittedOneHot) lower() rows.Transform {
	columns := make([]rows.OneHotColumn, len(f.Features))
	for j, c := range f.Features {
		if c.Levels != nil {
			col := f.Columns[j]
			columns[j] = rows.OneHotColumn{
				Category: true, Name: c.Name, Levels: len(c.Levels),
				Slots: col.Slots, Own: col.Own, Pools: col.Pools, Missing: col.Missing, Signed: col.Signed,
			}
		}
	}
	return &rows.OneHot{Columns: columns}
}

func (f FittedOneHot) check() error {
	if len(f.Features) == 0 {
		return errors.New("no columns")
	}
	if len(f.Columns) != len(f.Features) {
		return fmt.Errorf("%d descriptions of %d columns", len(f.Columns), len(f.Features))
	}
	for j, c := range f.Columns {
		levels := len(f.Features[j].Levels)
		if c.Signed && levels == 2 {
			continue
		}
		if c.Signed || len(c.Slots) != levels || c.Own < 0 || c.Own > levels || c.Pools < 0 || c.Pools > maxBuckets {
			return fmt.Errorf("column %s: %d slots, %d own and %d pooled indicators for %d levels", f.Features[j].Name, len(c.Slots), c.Own, c.Pools, levels)
		}
		for _, s := range c.Slots {
			if s < -1 || s >= c.Own+c.Pools {
				return fmt.Errorf("column %s: indicator %d of %d", f.Features[j].Name, s, c.Own+c.Pools)
			}
		}
	}
	return nil
}

// Codes turns every categorical column into whole numbers from 0, for an embedding or for
// trees. Each level that occurs in training gets the next number, in the order of the
// levels. Two more numbers follow: one for all other levels (those in fewer than Least
// training rows and those that did not occur in training) and one for missing values. A
// column with k known levels thus has the numbers 0 to k+1. From then on the columns count
// as numeric, but are not scaled.
type Codes struct{ Least int } // minimum number of training rows for a level to get a number of its own; 0: 1

// FittedCodes is a fitted Codes.
type FittedCodes struct {
	Features []Feature
	Numbers  [][]int // number of each level; null for numeric columns
	Known    []int   // how many levels have numbers of their own
}

// Fit implements Transform.
func (t Codes) Fit(train Source) (Fitted, error) {
	if t.Least < 0 {
		return nil, fmt.Errorf("data: codes: least %d is negative", t.Least)
	}
	features, err := columnsOf("codes", train)
	if err != nil {
		return nil, err
	}
	counts, _, err := levelCounts("codes", train, features)
	if err != nil {
		return nil, err
	}
	f := FittedCodes{features, make([][]int, len(features)), make([]int, len(features))}
	for j, c := range features {
		if c.Levels == nil {
			continue
		}
		numbers := make([]int, len(counts[j]))
		for k, n := range counts[j] {
			numbers[k] = -1
			if n >= max(1, t.Least) {
				numbers[k] = f.Known[j]
				f.Known[j]++
			}
		}
		for k := range numbers {
			if numbers[k] < 0 {
				numbers[k] = f.Known[j]
			}
		}
		f.Numbers[j] = numbers
	}
	return f, nil
}

// Sizes returns the number of distinct codes in every column; 0 for columns that were
// numeric before.
func (f FittedCodes) Sizes() []int {
	sizes := make([]int, len(f.Features))
	for j, c := range f.Features {
		if c.Levels != nil {
			sizes[j] = f.Known[j] + 2
		}
	}
	return sizes
}

// Apply implements Fitted.
func (f FittedCodes) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedCodes) name() string    { return "codes" }
func (f FittedCodes) from() []Feature { return f.Features }

func (f FittedCodes) to() []Feature {
	out := slices.Clone(f.Features)
	for j := range out {
		if out[j].Levels != nil {
			out[j].Levels, out[j].Indicator = nil, true
		}
	}
	return out
}

func (f FittedCodes) lower() rows.Transform {
	columns := make([]rows.CodesColumn, len(f.Features))
	for j, c := range f.Features {
		if c.Levels != nil {
			columns[j] = rows.CodesColumn{Category: true, Name: c.Name, Numbers: f.Numbers[j], Known: f.Known[j]}
		}
	}
	return &rows.Codes{Columns: columns}
}

func (f FittedCodes) check() error {
	n := len(f.Features)
	if n == 0 || len(f.Numbers) != n || len(f.Known) != n {
		return fmt.Errorf("%d and %d descriptions of %d columns", len(f.Numbers), len(f.Known), n)
	}
	for j, c := range f.Features {
		if len(f.Numbers[j]) != len(c.Levels) || f.Known[j] < 0 || f.Known[j] > len(c.Levels) {
			return fmt.Errorf("column %s: %d numbers, %d known, for %d levels", c.Name, len(f.Numbers[j]), f.Known[j], len(c.Levels))
		}
		for _, k := range f.Numbers[j] {
			if k < 0 || k > f.Known[j] {
				return fmt.Errorf("column %s: number %d of %d", c.Name, k, f.Known[j])
			}
		}
	}
	return nil
}
