package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CellReader converts single cells, given as texts or Go values, to their numbers in a
// table. It does what CSV.ReadRows does for a file, for services that receive rows one by
// one. It is safe for concurrent use.
type CellReader struct {
	feature Feature
	code    map[string]int // codes of the levels
	missing missingRule
	numbers []float64  // numbers that mean a missing value
	bools   [2]float64 // codes of false and true
	made    bool
}

// NewCellReader returns a reader for the cells of a column.
func NewCellReader(f Feature) (*CellReader, error) {
	if err := f.Number.check(); err != nil {
		return nil, fmt.Errorf("data: column %s: %w", f.Name, err)
	}
	c := &CellReader{feature: f, missing: missingRule{exact: f.Missing, wide: true}, numbers: numbersOf(f.Missing), bools: [2]float64{0, 1}, made: true}
	if f.Levels == nil {
		return c, nil
	}
	c.code = make(map[string]int, len(f.Levels))
	c.bools = [2]float64{-1, -1}
	for k, l := range f.Levels {
		c.code[l] = k
		for _, pair := range booleans {
			for b, word := range pair {
				if strings.EqualFold(l, word) {
					c.bools[b] = float64(k)
				}
			}
		}
	}
	return c, nil
}

// Feature returns the column.
func (c *CellReader) Feature() Feature {
	if c == nil {
		return Feature{}
	}
	return c.feature
}

var errNoReader = errors.New("data: a cell reader that was not made by NewCellReader")

// Text reads a cell as it is written in a file: a level, a number in the column's
// NumberFormat, or a time in its layout. A missing value is NaN, a level that did not
// occur in training −1.
func (c *CellReader) Text(cell string) (float64, error) {
	if c == nil || !c.made {
		return 0, errNoReader
	}
	cell = strings.TrimSpace(cell)
	if c.code != nil {
		if k, ok := c.code[cell]; ok {
			return float64(k), nil
		}
	}
	switch {
	case c.missing.has(cell):
		return math.NaN(), nil
	case c.code != nil:
		return -1, nil
	case c.feature.Time != "":
		return parseTime(c.feature.Time, cell)
	}
	if c.feature.Number == (NumberFormat{}) {
		if v, ok, err := parsePlain(cell); ok {
			return v, err
		}
	}
	return c.feature.Number.parse(cell)
}

// Number reads a number. NaN and the column's markers of missing values are missing
// values. For a categorical column, the shortest text of the number is its level. For a
// column of times it fails.
func (c *CellReader) Number(v float64) (float64, error) {
	switch {
	case c == nil || !c.made:
		return 0, errNoReader
	case v != v:
		return v, nil
	case math.IsInf(v, 0):
		return 0, fmt.Errorf("%v is not finite", v)
	case c.code != nil:
		var text [32]byte
		return c.level(strconv.AppendFloat(text[:0], v, 'f', -1, 64)), nil
	case c.feature.Time != "":
		return 0, fmt.Errorf("%v is a number, want a time: a time.Time, or a text as %s", v, layoutName(c.feature.Time))
	case slices.Contains(c.numbers, v):
		return math.NaN(), nil
	}
	return v, nil
}

// level returns the code of a text.
func (c *CellReader) level(text []byte) float64 {
	if k, ok := c.code[string(text)]; ok {
		return float64(k)
	}
	if c.missing.has(string(text)) {
		return math.NaN()
	}
	return -1
}

// integer reads an integer; as a level, it is written with all of its digits.
func (c *CellReader) integer(v int64) (float64, error) {
	if c != nil && c.code != nil {
		var text [32]byte
		return c.level(strconv.AppendInt(text[:0], v, 10)), nil
	}
	return c.Number(float64(v))
}

// Time reads a time as if it were written in the file, in the column's layout: if the
// layout has no zone, the local time in t's zone is used.
func (c *CellReader) Time(t time.Time) (float64, error) {
	switch {
	case c == nil || !c.made:
		return 0, errNoReader
	case c.feature.Time == "":
		return 0, errors.New("a time in a column that holds none")
	case t.IsZero():
		return math.NaN(), nil
	}
	layout, suffix := c.feature.Time, ""
	if zone, ok := strings.CutSuffix(layout, " MST"); ok {
		layout, suffix, t = zone, " UTC", t.UTC()
	}
	if t.Nanosecond() != 0 && strings.Contains(layout, "05") {
		layout = strings.Replace(layout, "05", "05.999999999", 1)
	}
	return parseTime(c.feature.Time, t.Format(layout)+suffix)
}

// Bool reads a boolean. For a categorical column it is the level that is a word for it,
// such as "yes" or "TRUE"; for a numeric column it is 0 or 1.
func (c *CellReader) Bool(v bool) (float64, error) {
	switch {
	case c == nil || !c.made:
		return 0, errNoReader
	case c.feature.Time != "":
		return 0, fmt.Errorf("%v, want a time", v)
	case v:
		return c.bools[1], nil
	}
	return c.bools[0], nil
}

// Value reads a Go value: a string or json.Number as Text does, any number, a bool, a
// time.Time, or a pointer to one of these. nil, a nil pointer and a zero time.Time are
// missing values. Any other type is an error.
func (c *CellReader) Value(v any) (float64, error) {
	switch v := v.(type) {
	case nil:
		if c == nil || !c.made {
			return 0, errNoReader
		}
		return math.NaN(), nil
	case string:
		return c.Text(v)
	case float64:
		return c.Number(v)
	case float32:
		return c.single(v)
	case int:
		return c.integer(int64(v))
	case bool:
		return c.Bool(v)
	case time.Time:
		return c.Time(v)
	case json.Number:
		return c.Text(string(v))
	}
	return c.reflected(v)
}

// single reads a float32; as a level, it is written as its shortest text.
func (c *CellReader) single(v float32) (float64, error) {
	if c != nil && c.code != nil && v == v && !math.IsInf(float64(v), 0) {
		var text [64]byte
		return c.level(strconv.AppendFloat(text[:0], float64(v), 'f', -1, 32)), nil
	}
	return c.Number(float64(v))
}
