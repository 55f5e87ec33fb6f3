package data

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// OneHot replaces every categorical column by indicators: one column of 0 and 1,
// named column=level, for each of its levels. What it does with the levels of a
// column is decided by the training rows:
//
//   - where one of them has no value, there is a column "column missing";
//   - levels that fewer than Least of them have, and those beyond the Most most
//     frequent, are pooled in one column "column=other", or hashed into Buckets
//     columns by their names;
//   - a level that was not there in training (code −1) goes to "column=other"; where
//     that is not there, its indicators are all 0.
//
// The zero value has a column for every level.
type OneHot struct {
	DropFirst bool // leave the first level out, which the others then imply
	Least     int  // training rows that a level needs for a column of its own
	Most      int  // levels of a column that get one; 0: all
	Buckets   int  // columns that pooled levels are hashed into; 0: one column "other"

	// Signed makes one column of a category of two levels: 1 for the first, −1 for
	// the second, 0 for a missing or unknown one.
	Signed bool
}

// FittedOneHot is a OneHot that was fitted.
type FittedOneHot struct {
	Features []Feature
	Columns  []OneHotColumn // one for each feature; of a numeric one empty
}

// OneHotColumn says which indicators a categorical column has: first Own ones of
// single levels, then Pools ones, then one for missing values.
type OneHotColumn struct {
	Slots   []int // the indicator of each level; −1: none
	Own     int
	Pools   int
	Missing bool
	Signed  bool // one column of 1, −1 and 0 instead of all that
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

// column gives the levels of a column their indicators.
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

// Codes turns every categorical column into whole numbers from 0 for an embedding
// or for trees: each level that a training row has gets the next number in the
// order of the levels; then come one number for all others, those that fewer than
// Least training rows have and those that were not there in training, and one for
// missing values. A column of k known levels so has the numbers 0 to k+1. The
// columns count as numeric from then on, and scaling leaves them.
type Codes struct{ Least int } // training rows that a level needs for a number of its own; 0: 1

// FittedCodes is a Codes that was fitted.
type FittedCodes struct {
	Features []Feature
	Numbers  [][]int // of each level; of numeric columns null
	Known    []int   // how many levels have a number of their own
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

// Sizes returns, for every column, how many different numbers it can hold; 0 for
// columns that were numeric before.
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
