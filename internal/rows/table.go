package rows

import (
	"errors"
	"fmt"
)

// TableVersion is the version of tables that is written, and the newest that is read.
const TableVersion = 1

// Table is the rows that a model takes, and what is made of them before its network sees
// them.
type Table struct {
	Version int      `json:"version"`
	Columns []Column `json:"columns"`
	Step    Step     `json:"transform"`
}

// Column is a column of a table: of numbers, of categories if it has levels, or of times.
type Column struct {
	Name     string   `json:"name"`
	Category bool     `json:"category,omitempty"`
	Levels   []string `json:"levels,omitempty"`
	Time     string   `json:"time,omitempty"` // layout of package time
}

// Width checks the table and returns how many values its rows become.
func (t *Table) Width() (int, error) {
	switch {
	case t.Version < 1:
		return 0, errors.New("the preprocessing has no version")
	case t.Version > TableVersion:
		return 0, fmt.Errorf("the preprocessing is of version %d, newer than %d, which this version of Aegis reads", t.Version, TableVersion)
	case len(t.Columns) == 0:
		return 0, errors.New("the preprocessing has no columns")
	}
	n, err := t.Step.Width(len(t.Columns))
	if err != nil {
		return 0, fmt.Errorf("preprocessing: %w", err)
	}
	return n, nil
}
