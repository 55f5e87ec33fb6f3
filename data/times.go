package data

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// ExpandTimes replaces every column of times (Feature.Time) by numbers that a model can
// use: "t", the time in days since 1970, "t year", "t day of year", "t weekday" (0 is
// Monday) and "t hour" (with its fraction). With Cyclic, the last three are supplemented
// by the sine and cosine of their angle on the circle of a year, a week and a day, so that
// December is next to January. Parts that are constant in the training rows are left out.
// Times are in UTC.
type ExpandTimes struct{ Cyclic bool }

// FittedTimes is a fitted ExpandTimes.
type FittedTimes struct {
	Features []Feature
	Parts    [][]string // the parts that replace each column of times; null for other columns
}

// Fit implements Transform.
func (e ExpandTimes) Fit(train Source) (Fitted, error) {
	features, err := columnsOf("times", train)
	if err != nil {
		return nil, err
	}
	f := FittedTimes{features, make([][]string, len(features))}
	// For every column of times: the first value of each part, and whether the part
	// varies.
	first, varies := make([][]float64, len(features)), make([][]bool, len(features))
	for j, c := range features {
		if c.Time != "" {
			first[j], varies[j] = slices.Repeat([]float64{math.NaN()}, len(rows.TimeParts)), make([]bool, len(rows.TimeParts))
		}
	}
	err = scan(train, func(_ int, part *Set) error {
		v, p, err := part.Table()
		if err != nil {
			return err
		}
		for j := range features {
			if first[j] == nil {
				continue
			}
			for k := j; k < len(v); k += p {
				for i := range rows.TimeParts {
					if math.IsNaN(v[k]) || varies[j][i] || rows.TimeParts[i].Cyclic && !e.Cyclic {
						continue
					}
					y, err := rows.TimeParts[i].Of(v[k])
					if err != nil {
						return fmt.Errorf("column %s: %w", features[j].Name, err)
					}
					if math.IsNaN(first[j][i]) {
						first[j][i] = y
					}
					varies[j][i] = y != first[j][i]
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("data: times: %w", err)
	}
	for j := range features {
		if first[j] == nil {
			continue
		}
		for i, part := range rows.TimeParts {
			if varies[j][i] {
				f.Parts[j] = append(f.Parts[j], part.Name)
			}
		}
		if f.Parts[j] == nil { // a constant column is kept
			f.Parts[j] = []string{""}
		}
	}
	return f, nil
}

// Apply implements Fitted.
func (f FittedTimes) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedTimes) name() string    { return "times" }
func (f FittedTimes) from() []Feature { return f.Features }

func (f FittedTimes) to() []Feature {
	var out []Feature
	for j, c := range f.Features {
		if c.Time == "" {
			out = append(out, c)
			continue
		}
		for _, name := range f.Parts[j] {
			full := c.Name
			if name != "" {
				full += " " + name
			}
			out = append(out, Feature{Name: full})
		}
	}
	return out
}

func (f FittedTimes) lower() rows.Transform {
	columns := make([]rows.TimesColumn, len(f.Features))
	for j, c := range f.Features {
		if c.Time != "" {
			columns[j] = rows.TimesColumn{Name: c.Name, Parts: f.Parts[j]}
		}
	}
	return &rows.Times{Columns: columns}
}

func (f FittedTimes) check() error {
	if len(f.Features) == 0 || len(f.Parts) != len(f.Features) {
		return errors.New("no columns, or parts of other ones")
	}
	for j, c := range f.Features {
		if (c.Time != "") != (len(f.Parts[j]) > 0) {
			return fmt.Errorf("column %s: %d parts", c.Name, len(f.Parts[j]))
		}
		if i := slices.IndexFunc(f.Parts[j], func(name string) bool { return !rows.HasTimePart(name) }); i >= 0 {
			return fmt.Errorf("column %s: there is no part %q of a time", c.Name, f.Parts[j][i])
		}
	}
	return nil
}
