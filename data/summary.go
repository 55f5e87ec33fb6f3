package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
)

// summary describes one column for fitting a transform.
type summary struct {
	name   string // name of the source
	column int
	sketch *moments.Sketch
	sorted []float64 // present values; a representative sample if there are many
	rows   int       // number of rows of the source, including missing values
}

// missing reports whether any row has no value.
func (c *summary) missing() bool { return c.sketch.Len() < c.rows }

// atOnce is the number of columns summarised in one pass over a file.
const atOnce = 32

// eachColumn calls f with the summary of every wanted column, in order. Without quantiles,
// sorted holds only the extremes if there are many values. Columns in memory are
// summarised one at a time; columns of files or of many rows in groups, with one pass per
// group.
func eachColumn(what string, src Source, quantiles bool, wanted func(f Feature) bool, f func(c *summary) error) error {
	st, err := open(src)
	if err != nil {
		return fmt.Errorf("data: %s: %w", what, err)
	}
	_, p, err := st.Like.Table()
	if err != nil {
		return fmt.Errorf("data: %s: %w", what, err)
	}
	var columns []int
	for j, c := range st.Like.featuresOf(p) {
		if wanted(c) {
			columns = append(columns, j)
		}
	}
	step := atOnce
	if _, ok := src.(*Set); ok && st.Rows < moments.Exact {
		step = 1
	}
	for at := 0; at < len(columns); at += step {
		group := make([]summary, min(step, len(columns)-at))
		scanned := false
		for detail := quantiles; !scanned; detail = true {
			for k := range group {
				group[k] = summary{name: st.Like.Name, column: columns[at+k], sketch: &moments.Sketch{NoQuantiles: !detail}}
			}
			rows, err := addColumns(src, p, group)
			if err != nil {
				return fmt.Errorf("data: %s: %w", what, err)
			}
			for k := range group {
				group[k].rows = rows
			}
			scanned = !slices.ContainsFunc(group, func(c summary) bool { return c.sketch.Incomplete() })
		}
		for k := range group {
			group[k].sorted = group[k].sketch.Sorted()
			if err := f(&group[k]); err != nil {
				return err
			}
			group[k] = summary{}
		}
	}
	return nil
}

// columnsOf returns the columns of a source, which must be a table.
func columnsOf(what string, src Source) ([]Feature, error) {
	st, err := open(src)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", what, err)
	}
	_, p, err := st.Like.Table()
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", what, err)
	}
	return bare(st.Like.featuresOf(p)), nil
}

// levelCounts counts, for every categorical column, the rows with each level and those
// with a missing value.
func levelCounts(what string, src Source, features []Feature) (counts [][]int, missing []int, err error) {
	counts, missing = make([][]int, len(features)), make([]int, len(features))
	for j, c := range features {
		if c.Levels != nil {
			counts[j] = make([]int, len(c.Levels))
		}
	}
	err = scan(src, func(first int, part *Set) error {
		v, p, err := part.Table()
		if err != nil {
			return err
		}
		for j, c := range features {
			if c.Levels == nil {
				continue
			}
			for i := j; i < len(v); i += p {
				level, none, err := code(c, v[i])
				if err != nil {
					row := first + i/p
					return &RowError{row, fmt.Errorf("row %d, %w", row, err)}
				}
				if none {
					missing[j]++
				} else if level >= 0 {
					counts[j][level]++
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", what, err)
	}
	return counts, missing, nil
}

// inMemory reports whether the rows of a source are in memory.
func inMemory(src Source) bool {
	st, err := open(src)
	return err == nil && st.InMemory
}

// addColumns adds the non-missing values of columns to their sketches, in row order, and
// returns the number of rows.
func addColumns(src Source, width int, group []summary) (rows int, err error) {
	const chunk = 1024 // rows that stay in cache while the columns of a group are read
	err = scan(src, func(_ int, part *Set) error {
		v, p, err := part.Table()
		rows += part.Len()
		if err != nil || p != width {
			return fmt.Errorf("%d columns, want %d: %w", p, width, err)
		}
		for len(v) > 0 {
			rows := v[:min(chunk*p, len(v))]
			v = v[len(rows):]
			for k := range group {
				sketch := group[k].sketch
				for i := group[k].column; i < len(rows); i += p {
					if x := rows[i]; !math.IsNaN(x) {
						sketch.Add(x)
					}
				}
			}
		}
		return nil
	})
	return rows, err
}
