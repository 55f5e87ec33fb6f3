package trees

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/internal/check"
)

// Bounds on what a fit accepts, so that sizes are checked before memory is
// allocated.
const (
	maxRows    = 1 << 24
	maxColumns = 1 << 20
	maxLevels  = 1 << 24
	maxClasses = 1 << 14
)

// Column is one column of a [Table].
type Column struct {
	Name   string
	Values []float64 // one for each row; NaN is a missing value
	// Levels is 0 for a column of numbers. For a categorical column it is the
	// number of categories, and the values are codes 0 to Levels-1; -1, as NaN, is
	// a missing or unknown category.
	Levels int
}

// Table is a table held by columns, which all have the same length.
type Table struct {
	Columns []Column
	Weights []float64 // one weight a row, 0 or more, for fitting; nil: all 1
	Groups  []int     // rows of one group are all trained on or all kept for early stopping; nil: none
}

// FromRows returns a table of numeric columns. Every row must have as many values
// as the first. The values are copied.
func FromRows(rows [][]float64) (Table, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return Table{}, errEmpty
	}
	columns := len(rows[0])
	t := Table{Columns: make([]Column, columns)}
	flat := make([]float64, columns*len(rows))
	for j := range t.Columns {
		t.Columns[j].Values = flat[j*len(rows) : (j+1)*len(rows) : (j+1)*len(rows)]
	}
	for i, row := range rows {
		if len(row) != columns {
			return Table{}, fmt.Errorf("trees: row %d has %d values, row 0 has %d", i, len(row), columns)
		}
		for j, v := range row {
			t.Columns[j].Values[i] = v
		}
	}
	return t, nil
}

// FromFlat returns a table of numeric columns from values row by row. The values
// are copied.
func FromFlat(values []float64, columns int) (Table, error) {
	if columns < 1 || len(values) == 0 {
		return Table{}, errEmpty
	}
	if len(values)%columns != 0 {
		return Table{}, fmt.Errorf("trees: %d values are no whole number of rows of %d columns", len(values), columns)
	}
	n := len(values) / columns
	t := Table{Columns: make([]Column, columns)}
	flat := make([]float64, len(values))
	for j := range t.Columns {
		c := flat[j*n : (j+1)*n : (j+1)*n]
		for i := range c {
			c[i] = values[i*columns+j]
		}
		t.Columns[j].Values = c
	}
	return t, nil
}

// Len returns the number of rows.
func (t Table) Len() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return len(t.Columns[0].Values)
}

// name returns how an error refers to column j.
func (t Table) name(j int) string { return columnName(t.Columns[j].Name, j) }

func columnName(name string, j int) string {
	if name == "" {
		return fmt.Sprintf("column %d", j)
	}
	return fmt.Sprintf("column %d (%s)", j, clip(name))
}

// clip shortens a name for an error.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}

// checkLengths checks that the table has rows, and columns of one length.
func (t Table) checkLengths() error {
	n := t.Len()
	if n == 0 {
		return errEmpty
	}
	if n > maxRows || len(t.Columns) > maxColumns {
		return fmt.Errorf("trees: a table of %d rows and %d columns is beyond the bound of %d rows and %d columns", n, len(t.Columns), maxRows, maxColumns)
	}
	for j, c := range t.Columns {
		if len(c.Values) != n {
			return fmt.Errorf("trees: %s has %d values, column 0 has %d", t.name(j), len(c.Values), n)
		}
	}
	return nil
}

// checkTraining checks lengths, values and weights. Infinite values are refused,
// since a threshold beside one is not finite; missing values unless allowed.
func (t Table) checkTraining(missing bool) error {
	if err := t.checkLengths(); err != nil {
		return err
	}
	for j, c := range t.Columns {
		if c.Levels < 0 || c.Levels > maxLevels {
			return fmt.Errorf("trees: %s: %d levels, want 0 to %d", t.name(j), c.Levels, maxLevels)
		}
		for i, v := range c.Values {
			switch {
			case math.IsNaN(v) && missing:
			case math.IsNaN(v) || math.IsInf(v, 0):
				hint := ""
				if math.IsNaN(v) {
					hint = ": fill in missing values first"
				}
				return &CellError{Row: i, Column: j, Name: c.Name, Value: v, hint: hint}
			case c.Levels > 0 && (v != math.Trunc(v) || v < -1 || v >= float64(c.Levels)):
				return &CellError{Row: i, Column: j, Name: c.Name, Value: v, hint: fmt.Sprintf(": want a code below %d, or -1", c.Levels)}
			}
		}
	}
	if t.Groups != nil && len(t.Groups) != t.Len() {
		return fmt.Errorf("trees: %d groups for %d rows", len(t.Groups), t.Len())
	}
	return t.checkWeights()
}

func (t Table) checkWeights() error {
	if t.Weights == nil {
		return nil
	}
	if len(t.Weights) != t.Len() {
		return fmt.Errorf("trees: %d weights for %d rows", len(t.Weights), t.Len())
	}
	sum := 0.0
	for i, w := range t.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("trees: row %d: weight %v, want a finite number of 0 or more", i, w)
		}
		sum += w
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return fmt.Errorf("trees: the weights sum to %v", sum)
	}
	return nil
}

// CellError is a value in a table that cannot be used. Row and Column count from 0.
type CellError struct {
	Row, Column int
	Name        string // of the column
	Value       float64

	hint string
}

// Error names the row, the column and the value.
func (e *CellError) Error() string {
	if e == nil {
		return "trees: no error"
	}
	return fmt.Sprintf("trees: row %d, %s: %v%s", e.Row, columnName(e.Name, e.Column), e.Value, e.hint)
}

func checkLabels(labels []int, classes, rows int) error {
	if len(labels) != rows {
		return fmt.Errorf("trees: %d labels for %d rows", len(labels), rows)
	}
	if classes < 2 || classes > maxClasses {
		return fmt.Errorf("trees: %d classes, want 2 to %d", classes, maxClasses)
	}
	if err := check.Classes(labels, classes); err != nil {
		return fmt.Errorf("trees: %w", err)
	}
	return nil
}

// checkValues checks the targets of a regression. Squares of sums of larger ones
// would overflow.
func checkValues(y []float64, rows int) error {
	if len(y) != rows {
		return fmt.Errorf("trees: %d targets for %d rows", len(y), rows)
	}
	for i, v := range y {
		if !(math.Abs(v) <= 1e100) {
			return fmt.Errorf("trees: row %d: target %v, want a number of size up to 1e100", i, v)
		}
	}
	return nil
}
